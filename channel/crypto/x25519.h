/* X25519: the Diffie-Hellman function on Curve25519.
 *
 * Time: constant.  Source: [RFC7748] 5
 */
#ifndef UNSEEN_CHANNEL_CRYPTO_X25519_H
#define UNSEEN_CHANNEL_CRYPTO_X25519_H

#include <stdint.h>

enum { CHANNEL_X25519_BYTES = 32 };

/** The product of a secret and a point.
 *
 *  Out:     out    may overlap the inputs
 *  In:      secret any 32 bytes; they are clamped here
 *           u      any 32 bytes: the top bit is ignored, numbers from p on are reduced
 *  Returns: 1, or 0 when out is all zero: u has small order, and no secret is shared. That alone is
 *           marked public.
 */
int channel_x25519(uint8_t out[CHANNEL_X25519_BYTES], const uint8_t secret[CHANNEL_X25519_BYTES],
                   const uint8_t u[CHANNEL_X25519_BYTES]);

/** The public key of a secret, marked public; out may be secret. */
void channel_x25519_public(uint8_t out[CHANNEL_X25519_BYTES],
                           const uint8_t secret[CHANNEL_X25519_BYTES]);

#endif
