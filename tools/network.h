/* A network on the side that has its weights: read, planned, encoded, and run on ciphertexts. infer
 * and serve are built on it. Everything here prints its own message and returns an exit code.
 */
#ifndef UNSEEN_TOOLS_NETWORK_H
#define UNSEEN_TOOLS_NETWORK_H

#include "nn/nn.h"
#include "tools/load.h"

/* Once encoded it is read by all threads and changed by none. */
typedef struct network {
    const char *name; /* of the model, for messages */
    nn_model *model;
    nn_plan *plan;
    ckks_context *ctx;
    nn_program *program;  /* NULL until network_encode */
    nn_client *client;    /* what its clients get */
    file_bytes plan_file; /* the same as bytes */
    envelope_ids ids;     /* key 0 */
} network;

/** Read and plan a network.
 *
 *  Out:     n      to be released with network_close, also after a failure
 *  In:      path   the model's, kept
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int network_plan(network *n, const char *path, const nn_plan_options *planning);

/** Encode the weights by so many threads; the plan's matrices are released.
 *
 *  In:      watch   NULL for nobody
 *  Returns: as network_plan
 */
int network_encode(network *n, int threads, const nn_watch *watch);

/** Release; all zero is fine. */
void network_close(network *n);

/* What one team of threads computes a network's requests with. */
typedef struct network_bench {
    ckks_worker *worker;
    message request, response;
} network_bench;

/** Make a bench of so many threads: one that can only read, when the weights are not encoded yet.
 *
 *  Out:     b   to be released with network_bench_free; all zero on failure
 *  Returns: as network_plan
 */
int network_bench_make(network_bench *b, const network *n, int threads);

/** Make a bench that could only read, and may hold a request, one of so many threads that computes;
 *  on failure it is as it was.
 *
 *  Returns: as network_plan
 */
int network_bench_equip(network_bench *b, const network *n, int threads);

/** Release; all zero is fine. */
void network_bench_free(network_bench *b);

/** Run the request that lies on the bench.
 *
 *  Out:     response  a file, to be released with file_free
 *  In:      ids       those of the request's key
 *           digest    the request's, as envelope_seal wants it; NULL: the envelope lacks it
 *           watch     NULL for nobody
 *           name      the request's
 *  Returns: as network_plan
 */
int network_run(file_bytes *response, const network *n, network_bench *b,
                const ckks_eval_keys *keys, const envelope_ids *ids, const uint8_t *digest,
                const nn_watch *watch, const char *name);

#endif
