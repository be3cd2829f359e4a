/* The ciphertexts of one request or of one response, in their order. */
#ifndef UNSEEN_TOOLS_MESSAGE_H
#define UNSEEN_TOOLS_MESSAGE_H

#include <stddef.h>

#include "ckks/ckks.h"

typedef struct message {
    ckks_ciphertext **part;
    size_t count;
} message;

/** Empty ciphertexts, count > 0 of them.
 *
 *  Out:     m   to be released with message_free, also after a failure
 *  Returns: CLI_OK, or CLI_MEMORY after the message was printed
 */
int message_make(message *m, const ckks_context *ctx, size_t count);

/** Release; all zero is fine. */
void message_free(message *m);

/** The ciphertexts for somebody who only reads them. */
const ckks_ciphertext *const *message_parts(const message *m);

/** Bytes of all of them, as written. */
size_t message_wire_bytes(const message *m);

#endif
