/* ChaCha20. Where the compiler has vector types, four blocks are computed side by side, one word of
 * the state to a vector; elsewhere one block, by the same text.
 */
#include "ckks/chacha.h"

#include <string.h>

#include "ckks/bytes.h"

enum { ROUNDS = 20 };

#if defined(__GNUC__) || defined(__clang__)
enum { LANES = 4 };
typedef uint32_t lanes __attribute__((vector_size(16)));
#else
enum { LANES = 1 };
typedef uint32_t lanes;
#endif

static inline lanes rotate(lanes x, int shift)
{
    return x << shift | x >> (32 - shift);
}

static inline void quarter_round(lanes *x, int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void start(uint32_t state[16], const uint8_t key[32], uint64_t counter, uint64_t nonce)
{
    /* "expand 32-byte k" */
    state[0] = 0x61707865;
    state[1] = 0x3320646e;
    state[2] = 0x79622d32;
    state[3] = 0x6b206574;
    for (int i = 0; i < 8; i++)
        state[4 + i] = ckks_load_u32le(key + 4 * i);
    state[12] = (uint32_t)counter;
    state[13] = (uint32_t)(counter >> 32);
    state[14] = (uint32_t)nonce;
    state[15] = (uint32_t)(nonce >> 32);
}

/* word[i][l] = word i of block counter + l, l < LANES */
static void some_blocks(uint32_t word[16][LANES], const uint8_t key[32], uint64_t counter,
                        uint64_t nonce)
{
    uint32_t state[16];
    lanes first[16];
    lanes x[16];

    start(state, key, counter, nonce);
    for (int i = 0; i < 16; i++) {
        for (int l = 0; l < LANES; l++)
            word[i][l] = state[i];
    }
    for (int l = 0; l < LANES; l++) {
        uint64_t here = counter + (uint64_t)l;

        word[12][l] = (uint32_t)here;
        word[13][l] = (uint32_t)(here >> 32);
    }
    memcpy(first, word, sizeof first);
    memcpy(x, first, sizeof x);
    for (int round = 0; round < ROUNDS; round += 2) {
        quarter_round(x, 0, 4, 8, 12);
        quarter_round(x, 1, 5, 9, 13);
        quarter_round(x, 2, 6, 10, 14);
        quarter_round(x, 3, 7, 11, 15);
        quarter_round(x, 0, 5, 10, 15);
        quarter_round(x, 1, 6, 11, 12);
        quarter_round(x, 2, 7, 8, 13);
        quarter_round(x, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        x[i] += first[i];
    memcpy(word, x, sizeof x);
}

void ckks_chacha_block(uint32_t out[16], const uint8_t key[32], uint64_t counter, uint64_t nonce)
{
    uint32_t word[16][LANES];

    some_blocks(word, key, counter, nonce);
    for (int i = 0; i < 16; i++)
        out[i] = word[i][0];
}

void ckks_chacha_blocks(uint8_t *out, size_t block_count, const uint8_t key[32], uint64_t counter,
                        uint64_t nonce)
{
    for (size_t done = 0; done < block_count; done += LANES) {
        size_t here = block_count - done < LANES ? block_count - done : LANES;
        uint32_t word[16][LANES];

        some_blocks(word, key, counter + done, nonce);
        for (size_t l = 0; l < here; l++) {
            for (size_t i = 0; i < 16; i++)
                ckks_store_u32le(out + CKKS_CHACHA_BLOCK_BYTES * (done + l) + 4 * i, word[i][l]);
        }
    }
}
