/* Poly1305, the one-time authenticator, for messages of whole blocks: the AEAD pads what is
 * shorter.
 *
 * Time: depends on the number of bytes alone.  Source: [RFC8439] 2.5
 */
#ifndef UNSEEN_CHANNEL_CRYPTO_POLY1305_H
#define UNSEEN_CHANNEL_CRYPTO_POLY1305_H

#include <stddef.h>
#include <stdint.h>

enum { CHANNEL_POLY1305_KEY_BYTES = 32, CHANNEL_POLY1305_BYTES = 16, CHANNEL_POLY1305_LANES = 4 };

typedef struct channel_poly1305 {
    /* Limbs of 44, 44 and 42 bits. power[k] is r^(k+1), then its upper limbs times 20. */
    uint64_t power[CHANNEL_POLY1305_LANES][5];
    uint64_t h[3];
    uint64_t pad[2];
} channel_poly1305;

/** Begin with a key that is used once. */
void channel_poly1305_init(channel_poly1305 *p, const uint8_t key[CHANNEL_POLY1305_KEY_BYTES]);

/** Take n bytes, and zeros up to a whole number of blocks of 16 bytes. */
void channel_poly1305_update(channel_poly1305 *p, const uint8_t *bytes, size_t n);

/** The tag; p is wiped. */
void channel_poly1305_final(channel_poly1305 *p, uint8_t tag[CHANNEL_POLY1305_BYTES]);

#endif
