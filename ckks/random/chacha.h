/* ChaCha20, the one extendable-output function: a key, a position and a stream number give bytes.
 *
 * The layout is the original one, a 64-bit block counter (words 12, 13) and a 64-bit nonce (words
 * 14, 15). The 96-bit nonce of RFC 8439 is the same function with the nonce's first word in the
 * upper half of the counter.
 *
 * Time: constant.  Source: [RFC8439] 2.3, [Ber08]
 */
#ifndef UNSEEN_CKKS_RANDOM_CHACHA_H
#define UNSEEN_CKKS_RANDOM_CHACHA_H

#include <stddef.h>
#include <stdint.h>

enum { CKKS_CHACHA_KEY_BYTES = 32, CKKS_CHACHA_BLOCK_BYTES = 64 };

/** One block of 16 words. */
void ckks_chacha_block(uint32_t out[16], const uint8_t key[32], uint64_t counter, uint64_t nonce);

/** The key stream from block `counter` on.
 *
 *  Out:     out     block_count * 64 bytes; words little-endian
 */
void ckks_chacha_blocks(uint8_t *out, size_t block_count, const uint8_t key[32], uint64_t counter,
                        uint64_t nonce);

#endif
