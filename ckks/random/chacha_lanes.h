/* ChaCha20's state and rounds on several blocks side by side, one word of the state to a vector.
 *
 * A file includes this after it has defined CKKS_CHACHA_LANES, how many, and may define
 * CKKS_CHACHA_ROTATE, a better rotation to the left by 16, 12, 8 or 7 bits of every lane of a
 * vector of so many 32-bit words. Without CKKS_CHACHA_LANES all is empty.
 */
#ifndef UNSEEN_CKKS_RANDOM_CHACHA_LANES_H
#define UNSEEN_CKKS_RANDOM_CHACHA_LANES_H

#include <stdint.h>
#include <string.h>

#include "ckks/base/bytes.h"

#ifdef CKKS_CHACHA_LANES

enum { CHACHA_LANES = CKKS_CHACHA_LANES, CHACHA_ROUNDS = 20 };

#if CKKS_CHACHA_LANES > 1
typedef uint32_t chacha_lanes __attribute__((vector_size(4 * CKKS_CHACHA_LANES)));
#else
typedef uint32_t chacha_lanes;
#endif

#ifndef CKKS_CHACHA_ROTATE
static inline chacha_lanes chacha_rotate(chacha_lanes x, int shift)
{
    return x << shift | x >> (32 - shift);
}
#define CKKS_CHACHA_ROTATE chacha_rotate
#endif

static inline void chacha_quarter_round(chacha_lanes *x, int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = CKKS_CHACHA_ROTATE(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = CKKS_CHACHA_ROTATE(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = CKKS_CHACHA_ROTATE(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = CKKS_CHACHA_ROTATE(x[b] ^ x[c], 7);
}

/* word[i], lane l = word i of the state of block counter + l. */
static inline void chacha_start(chacha_lanes word[16], const uint8_t key[32], uint64_t counter,
                                uint64_t nonce)
{
    uint32_t state[16][CHACHA_LANES];

    for (size_t l = 0; l < CHACHA_LANES; l++) {
        const uint64_t here = counter + l;

        /* "expand 32-byte k" */
        state[0][l] = 0x61707865;
        state[1][l] = 0x3320646e;
        state[2][l] = 0x79622d32;
        state[3][l] = 0x6b206574;
        for (size_t i = 0; i < 8; i++)
            state[4 + i][l] = ckks_load_u32le(key + 4 * i);
        state[12][l] = (uint32_t)here;
        state[13][l] = (uint32_t)(here >> 32);
        state[14][l] = (uint32_t)nonce;
        state[15][l] = (uint32_t)(nonce >> 32);
    }
    memcpy(word, state, sizeof state);
}

/* word[i], lane l = word i of block counter + l. */
static inline void chacha_some_blocks(chacha_lanes word[16], const uint8_t key[32],
                                      uint64_t counter, uint64_t nonce)
{
    chacha_lanes first[16];

    chacha_start(first, key, counter, nonce);
    for (int i = 0; i < 16; i++)
        word[i] = first[i];
    for (int round = 0; round < CHACHA_ROUNDS; round += 2) {
        chacha_quarter_round(word, 0, 4, 8, 12);
        chacha_quarter_round(word, 1, 5, 9, 13);
        chacha_quarter_round(word, 2, 6, 10, 14);
        chacha_quarter_round(word, 3, 7, 11, 15);
        chacha_quarter_round(word, 0, 5, 10, 15);
        chacha_quarter_round(word, 1, 6, 11, 12);
        chacha_quarter_round(word, 2, 7, 8, 13);
        chacha_quarter_round(word, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        word[i] += first[i];
}

#endif
#endif
