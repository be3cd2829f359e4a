/* A secret key and the evaluation keys that belong to it, made and written. */
#ifndef UNSEEN_TOOLS_KEYFILES_H
#define UNSEEN_TOOLS_KEYFILES_H

#include "nn/nn.h"
#include "tools/load.h"

/** Make the keys that a plan asks for and write both files, or neither.
 *
 *  In:      secret_path, eval_path   where to
 *           replace                  whether a secret key that exists is replaced
 *  In/out:  ids                      those of the plan; gets the key's
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int keyfiles_make(const char *secret_path, const char *eval_path, int replace,
                  const nn_client *client, const ckks_context *ctx, envelope_ids *ids);

#endif
