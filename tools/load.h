/* The program's files as objects, and back. Everything here prints its own message and returns an
 * exit code. A path of "-" is standard input or output.
 */
#ifndef UNSEEN_TOOLS_LOAD_H
#define UNSEEN_TOOLS_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "nn/nn.h"
#include "tools/envelope.h"
#include "tools/file.h"
#include "tools/message.h"

/* Room for a sentence of the libraries; the list of unsupported operators can be long. */
enum { WHY_BYTES = 8192 };

/** Read an ONNX model, and the files beside it that hold its constants.
 *
 *  Returns: CLI_OK or an exit code
 */
int load_model(nn_model **out, const char *path);

/** Read a public plan file and make its context; refuses test parameters.
 *
 *  Out:     ids   those of the plan, see load_plan_file
 *  Returns: as load_model
 */
int load_plan(nn_client **client, ckks_context **ctx, envelope_ids *ids, const char *path);

/** A plan as its file.
 *
 *  Out:     file   to be released with file_free; NULL when only the ids are wanted
 *           ids    the model and plan ids that the files of this plan carry; no key yet
 *  Returns: as load_model
 */
int load_plan_file(file_bytes *file, envelope_ids *ids, const nn_client *client);

/** A context for these parameters.  Returns: as load_model */
int load_context(ckks_context **out, const ckks_params *params, const char *name);

/** A worker of a context, of so many threads.
 *
 *  In:      circuit_bytes   extra scratch, for all threads together
 *  Returns: as load_model
 */
int load_worker(ckks_worker **out, const ckks_context *ctx, size_t circuit_bytes, int threads);

/** Read a secret key of this model and plan.
 *
 *  In/out:  ids   gets the key id of the evaluation keys made with it
 */
int load_secret_key(ckks_worker *w, ckks_secret_key **out, envelope_ids *ids, const char *path);

/** Read evaluation keys of this model and plan; refuses a secret key with CLI_REFUSED. The file is
 *  mapped, where it can be, and not copied.
 *
 *  In/out:  ids   gets their key id
 */
int load_eval_keys(ckks_worker *w, ckks_eval_keys **out, envelope_ids *ids, const char *path);

/** The evaluation keys in the bytes of a file; as load_eval_keys. */
int load_unpack_keys(ckks_worker *w, ckks_eval_keys **out, envelope_ids *ids,
                     const file_bytes *file, const char *name);

/** The bytes of a request or response.
 *
 *  Out:     out   to be released with file_free
 */
int load_file(file_bytes *out, const char *path);

/** Read a request or response of this model, plan and key pair.
 *
 *  In/out:  out   as many ciphertexts as it must hold
 */
int load_message(ckks_worker *w, message *out, envelope_kind kind, const envelope_ids *ids,
                 const char *path);

/** The bytes of a request or response, as they are sent: envelope and ciphertexts.
 *
 *  Out:     out      to be released with file_free
 *  In:      request  as envelope_seal wants it
 */
int load_pack(file_bytes *out, const message *m, envelope_kind kind, const envelope_ids *ids,
              const uint8_t *request);

/** The ciphertexts in the bytes of a request or response; as load_message. */
int load_unpack(ckks_worker *w, message *out, const file_bytes *file, envelope_kind kind,
                const envelope_ids *ids, const char *name);

/** Whether the ids of an envelope are those of this job, the key's only when it has one (not 0).
 *
 *  Returns: CLI_OK, or CLI_MISMATCH after the message was printed
 */
int load_check_ids(const envelope *e, const envelope_ids *ids, const char *name);

#endif
