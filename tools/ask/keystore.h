/* The keys of a client for one plan, kept in the state folder by the plan's digest. */
#ifndef UNSEEN_TOOLS_ASK_KEYSTORE_H
#define UNSEEN_TOOLS_ASK_KEYSTORE_H

#include "nn/nn.h"
#include "service/service.h"
#include "tools/load.h"

typedef struct keystore {
    nn_client *client;
    ckks_context *ctx;
    ckks_worker *worker;
    ckks_secret_key *secret;
    envelope_ids ids;
    char eval[4096];                     /* path of the evaluation keys */
    uint8_t eval_digest[SERVICE_DIGEST]; /* of that file */
    uint64_t eval_bytes;
    int fresh; /* they were made now */
} keystore;

/** The digest of the plan that a server offered the last time, when it is kept here still.
 *
 *  Returns: 1, or 0
 */
int keystore_remembered(uint8_t digest[SERVICE_DIGEST], const char *server, const char *model);

/** Open the keys for a plan; where there are none, or new ones are wanted, make them.
 *
 *  Out:     k        to be released with keystore_close, also after a failure
 *  In:      digest   of the plan
 *           plan     the plan file; NULL: the one that is kept
 *           server, model   whom it is of, remembered for keystore_remembered
 *           renew    make new keys in any case
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int keystore_open(keystore *k, const uint8_t digest[SERVICE_DIGEST], const file_bytes *plan,
                  const char *server, const char *model, int renew);

/** Wipe and release; all zero is fine. */
void keystore_close(keystore *k);

#endif
