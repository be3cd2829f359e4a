/* Noise's cipher state: a key and the number of messages sealed or opened with it.
 *
 * Source: [Noise18] 5.1
 */
#ifndef UNSEEN_CHANNEL_NOISE_CIPHER_H
#define UNSEEN_CHANNEL_NOISE_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "channel/crypto/aead.h"

typedef struct channel_cipher {
    uint8_t key[CHANNEL_AEAD_KEY_BYTES];
    uint64_t nonce; /* of the next message; one key never sees 2^64 */
    ckks_stream stream;
} channel_cipher;

/** A cipher at its first message. */
void channel_cipher_init(channel_cipher *c, ckks_stream stream,
                         const uint8_t key[CHANNEL_AEAD_KEY_BYTES]);

/** channel_aead_seal with the next nonce. */
void channel_cipher_seal(channel_cipher *c, uint8_t *out, const uint8_t *extra, size_t extra_n,
                         const uint8_t *in, size_t n);

/** channel_aead_open with the next nonce, which is used up only where the tag is right. */
int channel_cipher_open(channel_cipher *c, uint8_t *out, const uint8_t *extra, size_t extra_n,
                        const uint8_t *in, size_t n);

/** Another key, made from this one, from which this one cannot be found. The nonce goes on.
 *
 *  Source:  [Noise18] 4.2, 11.3
 */
void channel_cipher_rekey(channel_cipher *c);

#endif
