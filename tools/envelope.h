/* The envelope around the keys and messages of the program. (The plan file has a format of its own,
 * in nn/run/client.h, and needs none.)
 *
 * The payload is an object of ckks/ in its own format (ckks/wire/wire.h), which carries its own
 * checksum; of a request or response, one ciphertext after the other, as many as the plan says. The
 * envelope adds what the library cannot know: which model, plan and key pair the object belongs to,
 * and which request a response answers, so that a file meant for somebody else is named as such
 * before anything is computed. It is against accidents; it authenticates nobody.
 *
 * Format, version 2, little-endian:
 *
 *     0   6   "UNSEEN"
 *     6   1   version, 2
 *     7   1   kind: S secret key, E evaluation keys, Q request, R response, I identity
 *     8   8   model id: nn_model_id of the ONNX file
 *     16  8   plan id: the last 8 bytes of the plan file, which are its digest
 *     24  8   key id: FNV-1a (64 bits) of the payload of the evaluation keys
 *     32  8   length of the payload
 *     40  16  of a response: the first bytes of BLAKE2s-256 of the request's file; else zero
 *     56  4   CRC-32 (as in gzip) of bytes 0..55
 *     60  4   zero
 *     64      payload
 *
 * An identity is a key pair of the network (tools/net/identity.h): 32 secret bytes, 32 public
 * ones, of no model, plan or key.
 *
 * Version 1 had no plan id and no digest; nothing of it was ever published.
 */
#ifndef UNSEEN_TOOLS_ENVELOPE_H
#define UNSEEN_TOOLS_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/file.h"
#include "tools/json.h"

enum { ENVELOPE_BYTES = 64, ENVELOPE_DIGEST = 16, ENVELOPE_WHY = 256 };

typedef enum envelope_kind {
    ENVELOPE_ANY = 0,
    ENVELOPE_SECRET_KEY = 'S',
    ENVELOPE_EVAL_KEYS = 'E',
    ENVELOPE_REQUEST = 'Q',
    ENVELOPE_RESPONSE = 'R',
    ENVELOPE_IDENTITY = 'I',
    ENVELOPE_PLAN = 'L' /* has no envelope; the byte stands in its place in a plan file's head */
} envelope_kind;

/* What the files of one job have in common. */
typedef struct envelope_ids {
    uint64_t model, plan, key;
} envelope_ids;

typedef struct envelope {
    envelope_kind kind;
    envelope_ids ids;
    uint8_t request[ENVELOPE_DIGEST]; /* what a response answers */
    const uint8_t *payload;           /* inside the file's bytes */
    size_t payload_size;
} envelope;

/** Fill the first ENVELOPE_BYTES of bytes, after which the payload stands already.
 *
 *  In:      request   what a response answers, by envelope_digest; NULL for the other kinds
 */
void envelope_seal(uint8_t *bytes, envelope_kind kind, const envelope_ids *ids,
                   const uint8_t *request, size_t payload_size);

/** Check the envelope of a file and find its payload.
 *
 *  In:      want   the kind that is expected here
 *           name   what messages call the file
 *  Returns: CLI_OK; CLI_REFUSED for a secret key where none belongs; CLI_DAMAGED; the message was
 *           printed
 */
int envelope_open(envelope *out, const file_bytes *file, envelope_kind want, const char *name);

/** The same without a message, and without a look at what a secret key should not be.
 *
 *  In:      want   may be ENVELOPE_ANY
 *  Out:     why    one sentence, ENVELOPE_WHY bytes
 *  Returns: CLI_OK or CLI_DAMAGED
 */
int envelope_look(envelope *out, const file_bytes *file, envelope_kind want, char *why);

/** The kind that the head of a file claims, 0 when the file does not begin as ours do. */
int envelope_claims(const file_bytes *file);

/** Refuse what is no network or plan where one belongs: files that are compressed, or others of
 *  this program.
 *
 *  In:      want     ENVELOPE_PLAN, or ENVELOPE_ANY for a network
 *  Returns: CLI_OK, or an exit code after the message was printed
 */
int envelope_refuse_other(const file_bytes *file, envelope_kind want, const char *name);

/** Refuse a secret key where something else belongs.
 *
 *  In:      what   what belongs here, "a plan"
 *  Returns: CLI_OK, or CLI_REFUSED after the message was printed
 */
int envelope_refuse_secret(const file_bytes *file, const char *what, const char *name);

/** The key id of evaluation keys in their own format. */
uint64_t envelope_key_id(const uint8_t *payload, size_t size);

/** The digest of a request's file that its response carries. */
void envelope_digest(uint8_t out[ENVELOPE_DIGEST], const file_bytes *request);

/** The name of a kind, as in "a request". */
const char *envelope_kind_name(envelope_kind kind);

/** The ids as members "model", "plan" and "key" of an object that is open, 16 digits each. */
void envelope_ids_json(json *j, const envelope_ids *ids);

#endif
