/* The server's side of infer: a network with a client's evaluation keys, and one request after the
 * other run through it. Everything here prints its own message and returns an exit code.
 */
#ifndef UNSEEN_TOOLS_INFERENCE_H
#define UNSEEN_TOOLS_INFERENCE_H

#include "tools/network.h"

typedef struct inference {
    network net;
    network_bench bench; /* only reads until inference_prepare has done its work */
    int ready;
    ckks_eval_keys *keys;
    envelope_ids ids; /* with the keys' */
} inference;

/** Read the model, plan it, read the keys.
 *
 *  Out:     s         to be released with inference_close, also after a failure
 *  In:      request   a file that must be there before anything that takes long, or NULL
 */
int inference_open(inference *s, const char *model_path, const char *keys_path, const char *request,
                   const nn_plan_options *planning);

/** Release everything; all zero is fine. */
void inference_close(inference *s);

/** Take a request's bytes. */
int inference_take(inference *s, const file_bytes *request, const char *name);

/** Encode the weights and make a worker of so many threads: what of it is not done yet. */
int inference_prepare(inference *s, int threads);

/** Run the request that was taken.
 *
 *  Out:     response  its file, to be released with file_free
 *  In:      request   the file of what was taken
 *           watch     NULL for none
 */
int inference_run(inference *s, file_bytes *response, const file_bytes *request,
                  const nn_watch *watch, const char *name);

#endif
