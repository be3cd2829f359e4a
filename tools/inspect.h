/* What a file is: facts about it, as text or JSON, after everything that can be checked was
 * checked. Nothing of a secret key is told but its kind, its parameters and its ids.
 */
#ifndef UNSEEN_TOOLS_INSPECT_H
#define UNSEEN_TOOLS_INSPECT_H

#include "nn/nn.h"
#include "tools/envelope.h"
#include "tools/json.h"

/* The plan by which keys and messages are looked at more closely. */
typedef struct inspect_plan {
    nn_client *client; /* NULL for none */
    ckks_context *ctx;
    ckks_worker *w;
    envelope_ids ids;
} inspect_plan;

typedef struct inspect_file {
    const char *path, *name; /* as given, and for messages */
    const file_bytes *bytes;
    json *j; /* an object that is open; NULL for text on stdout */
    const inspect_plan *plan;
} inspect_file;

/** Tell a fact. In text the key's underscores are blanks.
 *
 *  In:      key   of JSON
 */
void inspect_text(const inspect_file *f, const char *key, const char *text);
void inspect_number(const inspect_file *f, const char *key, uint64_t number);
void inspect_real(const inspect_file *f, const char *key, double number);
void inspect_truth(const inspect_file *f, const char *key, int truth);
/** 64 bits in hexadecimal. */
void inspect_id(const inspect_file *f, const char *key, uint64_t id);
/** The digest of the whole file, BLAKE2s-256. */
void inspect_digest(const inspect_file *f);
/** What it is, with the version of its format (0: it has none), and its size. */
void inspect_kind(const inspect_file *f, const char *kind, int version);
/** The parameters, and the security of them and of these keys together. */
void inspect_params(const inspect_file *f, const ckks_params *params, const ckks_key_spec *keys,
                    size_t key_count);

/* Each checks a file of one sort and tells the facts about it.
 * Returns: CLI_OK; CLI_DONE when the file is of another sort; an exit code after the message. */

/** A plan, sealed keys and messages, and bare objects of ckks/. */
int inspect_job(const inspect_file *f);
/** Networks, pictures, unit times, checkpoints. */
int inspect_data(const inspect_file *f);

#endif
