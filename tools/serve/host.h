/* A network that a server offers, and the keys that clients send for it. What is made here is read
 * by all threads and changed by none.
 */
#ifndef UNSEEN_TOOLS_SERVE_HOST_H
#define UNSEEN_TOOLS_SERVE_HOST_H

#include "service/server.h"
#include "tools/network.h"

typedef struct host {
    char name[SERVICE_NAME_MOST + 1]; /* the file's, without folder and ending */
    size_t number;                    /* among the server's networks */
    network net;
    service_offer offer;
    size_t key_memory; /* of one client's keys, loaded */
} host;

/** Make a network ready.
 *
 *  Out:     h        to be released with host_close, also after a failure
 *  In:      path     the model's, kept
 *           threads  that encode the weights
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int host_open(host *h, const char *path, const nn_plan_options *planning, int threads);

/** Release; all zero is fine. */
void host_close(host *h);

/** Bytes that a client's keys take at most, while their file is still there beside them. */
size_t host_upload_bytes(const host *h);

/* One client's evaluation keys, loaded. */
typedef struct host_keys {
    ckks_eval_keys *keys;
    envelope_ids ids;
    size_t host;  /* number of the network */
    size_t bytes; /* that they take */
} host_keys;

/** Release; NULL is fine. */
void host_keys_free(void *keys);

/** Load a file of evaluation keys.
 *
 *  Out:     out      NULL on failure
 *  In:      digest   the file's, as the client says
 *  Returns: as host_open
 */
int host_load_keys(host_keys **out, const host *h, network_bench *b, const file_bytes *file,
                   const uint8_t digest[SERVICE_DIGEST]);

/** Answer a request.
 *
 *  Out:     response   to be released with file_free; its envelope lacks the request's digest
 *           begun      cli_seconds() when the computation began
 *  In:      watch      NULL for nobody
 *  Returns: as host_open
 */
int host_infer(file_bytes *response, double *begun, const host *h, network_bench *b,
               const host_keys *keys, const file_bytes *request, const nn_watch *watch);

#endif
