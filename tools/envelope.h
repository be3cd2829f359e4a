/* The envelope around the keys and messages of the program. (The plan file has a format of its own,
 * in nn/run/client.h, and needs none.)
 *
 * The payload is an object of ckks/ in its own format (ckks/wire/wire.h), which carries its own
 * checksum; of a request or response, one ciphertext after the other, as many as the plan says. The
 * envelope adds what the library cannot know: which model and which key pair the object belongs to,
 * so that a file meant for somebody else is named as such before anything is computed. It is
 * against accidents; it authenticates nobody.
 *
 * Format, version 1, little-endian:
 *
 *     0   6   "UNSEEN"
 *     6   1   version, 1
 *     7   1   kind: S secret key, E evaluation keys, Q request, R response
 *     8   8   model id: nn_model_id of the ONNX file
 *     16  8   key id: FNV-1a (64 bits) of the payload of the evaluation keys
 *     24  8   length of the payload
 *     32  4   CRC-32 (as in gzip) of bytes 0..31
 *     36  4   zero
 *     40      payload
 */
#ifndef UNSEEN_TOOLS_ENVELOPE_H
#define UNSEEN_TOOLS_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/file.h"

enum { ENVELOPE_BYTES = 40 };

typedef enum envelope_kind {
    ENVELOPE_SECRET_KEY = 'S',
    ENVELOPE_EVAL_KEYS = 'E',
    ENVELOPE_REQUEST = 'Q',
    ENVELOPE_RESPONSE = 'R'
} envelope_kind;

typedef struct envelope {
    envelope_kind kind;
    uint64_t model_id, key_id;
    const uint8_t *payload; /* inside the file's bytes */
    size_t payload_size;
} envelope;

/** Fill the first ENVELOPE_BYTES of bytes, after which the payload stands already. */
void envelope_seal(uint8_t *bytes, envelope_kind kind, uint64_t model_id, uint64_t key_id,
                   size_t payload_size);

/** Check the envelope of a file and find its payload.
 *
 *  In:      want   the kind that is expected here
 *           name   what messages call the file
 *  Returns: CLI_OK; CLI_REFUSED for a secret key where none belongs; CLI_DAMAGED; the message was
 * printed
 */
int envelope_open(envelope *out, const file_bytes *file, envelope_kind want, const char *name);

/** Refuse a secret key where something else belongs.
 *
 *  In:      what   what belongs here, "a plan"
 *  Returns: CLI_OK, or CLI_REFUSED after the message was printed
 */
int envelope_refuse_secret(const file_bytes *file, const char *what, const char *name);

/** The key id of evaluation keys in their own format. */
uint64_t envelope_key_id(const uint8_t *payload, size_t size);

/** The name of a kind, as in "a request". */
const char *envelope_kind_name(envelope_kind kind);

#endif
