/* HMAC and HKDF over BLAKE2s, as Noise uses them.
 *
 * Time: depends on the numbers of bytes alone.  Source: [Noise18] 4.3
 */
#ifndef UNSEEN_CHANNEL_CRYPTO_HKDF_H
#define UNSEEN_CHANNEL_CRYPTO_HKDF_H

#include <stddef.h>
#include <stdint.h>

#include "channel/hash.h"

/** HMAC of n bytes under a key of 32 bytes; out may overlap the inputs. */
void channel_hmac(uint8_t out[CHANNEL_HASH_BYTES], const uint8_t key[CHANNEL_HASH_BYTES],
                  const uint8_t *bytes, size_t n);

/** Two keys from a chaining key and n bytes of new secret; the outputs may be the chaining key. */
void channel_hkdf(uint8_t first[CHANNEL_HASH_BYTES], uint8_t second[CHANNEL_HASH_BYTES],
                  const uint8_t chaining[CHANNEL_HASH_BYTES], const uint8_t *bytes, size_t n);

#endif
