/* A client and a server in one process, for the commands that play both: demo and eval. */
#ifndef UNSEEN_TOOLS_SESSION_H
#define UNSEEN_TOOLS_SESSION_H

#include "nn/nn.h"

typedef struct session {
    nn_model *model;
    nn_plan *plan;
    nn_client *client;
    ckks_context *ctx;
    ckks_secret_key *sk;
    ckks_eval_keys *keys;
    nn_program *program;
    double plan_ms, keygen_ms, program_ms;
} session;

/** Read and plan a model, make the keys, encode the weights; shows progress.
 *
 *  Out:     s    to be released with session_close, also after a failure
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int session_open(session *s, const char *model_path, const nn_plan_options *options);

/** Release everything and wipe the secret key; all zero is fine. */
void session_close(session *s);

/** A worker for inference with the session's keys on loan.
 *
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int session_worker(ckks_worker **out, const session *s);

#endif
