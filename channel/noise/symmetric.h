/* Noise's symmetric state: what both parties have mixed so far, secrets into a chaining key, all
 * that was sent into a digest.
 *
 * Source: [Noise18] 5.2
 */
#ifndef UNSEEN_CHANNEL_NOISE_SYMMETRIC_H
#define UNSEEN_CHANNEL_NOISE_SYMMETRIC_H

#include <stddef.h>
#include <stdint.h>

#include "channel/hash.h"
#include "channel/noise/cipher.h"

typedef struct channel_symmetric {
    channel_cipher cipher;
    int keyed; /* whether cipher has a key yet */
    uint8_t chaining[CHANNEL_HASH_BYTES];
    uint8_t digest[CHANNEL_HASH_BYTES];
} channel_symmetric;

/** Begin with the digest of a protocol's name. */
void channel_symmetric_init(channel_symmetric *s, ckks_stream stream, const char *name);

/** Mix n public bytes into the digest. */
void channel_symmetric_mix_hash(channel_symmetric *s, const uint8_t *bytes, size_t n);

/** Mix a shared secret into the chaining key; from now on messages are encrypted. */
void channel_symmetric_mix_key(channel_symmetric *s, const uint8_t secret[32]);

/** Seal n bytes, or copy them while there is no key, and mix the result into the digest.
 *
 *  Out:     out   n + CHANNEL_AEAD_TAG_BYTES bytes at most; may be in
 *  Returns: bytes written
 */
size_t channel_symmetric_seal(channel_symmetric *s, uint8_t *out, const uint8_t *in, size_t n);

/** The reverse, for a message of n bytes in all.
 *
 *  Out:     out   as many as were sealed; may be in
 *  Returns: 1, or 0 when the tag is wrong or missing
 */
int channel_symmetric_open(channel_symmetric *s, uint8_t *out, const uint8_t *in, size_t n);

/** What channel_symmetric_seal adds now: 0 or CHANNEL_AEAD_TAG_BYTES. */
size_t channel_symmetric_overhead(const channel_symmetric *s);

/** The two ciphers for what comes after: first is the initiator's to send with. s is wiped but for
 * the digest, which names this session. */
void channel_symmetric_split(channel_symmetric *s, channel_cipher *first, channel_cipher *second);

#endif
