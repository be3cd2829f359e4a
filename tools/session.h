/* A client and a server in one process, for the commands that play both: demo and eval. */
#ifndef UNSEEN_TOOLS_SESSION_H
#define UNSEEN_TOOLS_SESSION_H

#include "nn/nn.h"
#include "tools/packing.h"

typedef struct session {
    nn_model *model;
    ckks_context *ctx;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    size_t images; /* of a set, see tools/packing.h */
    /* One image in a ciphertext, or several side by side. */
    nn_plan *plan;
    nn_client *client;
    nn_program *program;
    /* Batches. Either these three are there or the three above. */
    nn_batch *batch;
    nn_batch_client *batch_client;
    nn_batch_program *batch_program;
    double plan_ms, keygen_ms, program_ms;
} session;

/** Read and plan a model for one image at a time, make the keys, encode the weights; shows
 *  progress.
 *
 *  Out:     s    to be released with session_close, also after a failure
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int session_open(session *s, const char *model_path, const nn_plan_options *options);

/** The same for a model that is read, with its images packed in one of the ways that were planned.
 *
 *  In/out:  s      empty; takes the model over
 *           list   its chosen plan goes to the session, even when this fails, and gives its
 *                  matrices up to the program; the others are released
 *           name   of the model, for messages
 */
int session_open_packed(session *s, nn_model *model, packing_list *list, const char *name);

/** Release everything and wipe the secret key; all zero is fine. */
void session_close(session *s);

/** A worker for inference with the session's keys on loan, of so many threads.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int session_worker(ckks_worker **out, const session *s, int threads);

#endif
