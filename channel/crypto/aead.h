/* ChaCha20-Poly1305: encryption that notices every change.
 *
 * The nonce is Noise's: 64 bits, behind 32 bits of zero. A key and a nonce are used once.
 *
 * Time: depends on the numbers of bytes alone, and on whether a tag is right.  Source:
 * [RFC8439] 2.8
 */
#ifndef UNSEEN_CHANNEL_CRYPTO_AEAD_H
#define UNSEEN_CHANNEL_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/kernel/stream.h"

enum { CHANNEL_AEAD_KEY_BYTES = 32, CHANNEL_AEAD_TAG_BYTES = 16 };

/** Encrypt n bytes and append the tag.
 *
 *  Out:     out     n + CHANNEL_AEAD_TAG_BYTES bytes, marked public; may be in, must not overlap it
 *                   otherwise
 *  In:      stream  what ckks_stream_select found
 *           extra   extra_n bytes that are authenticated and not encrypted
 *           n       below 2^38
 */
void channel_aead_seal(uint8_t *out, ckks_stream stream, const uint8_t key[CHANNEL_AEAD_KEY_BYTES],
                       uint64_t nonce, const uint8_t *extra, size_t extra_n, const uint8_t *in,
                       size_t n);

/** Check the tag, then decrypt.
 *
 *  Out:     out     n bytes; may be in; unchanged when the result is 0
 *  In:      in      n + CHANNEL_AEAD_TAG_BYTES bytes
 *  Returns: 1, or 0 when the tag is wrong, which is marked public
 */
int channel_aead_open(uint8_t *out, ckks_stream stream, const uint8_t key[CHANNEL_AEAD_KEY_BYTES],
                      uint64_t nonce, const uint8_t *extra, size_t extra_n, const uint8_t *in,
                      size_t n);

#endif
