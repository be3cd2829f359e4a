/* ChaCha20 for any machine. Where the compiler has vector types, four blocks are computed side by
 * side; elsewhere one block, by the same text.
 */
#include "ckks/random/chacha.h"

#if defined(__GNUC__) || defined(__clang__)
#define CKKS_CHACHA_LANES 4
#else
#define CKKS_CHACHA_LANES 1
#endif
#include "ckks/random/chacha_lanes.h"

void ckks_chacha_block(uint32_t out[16], const uint8_t key[32], uint64_t counter, uint64_t nonce)
{
    chacha_lanes lanes[16];
    uint32_t word[16][CHACHA_LANES];

    chacha_some_blocks(lanes, key, counter, nonce);
    memcpy(word, lanes, sizeof word);
    for (int i = 0; i < 16; i++)
        out[i] = word[i][0];
}

void ckks_chacha_blocks(uint8_t *out, size_t block_count, const uint8_t key[32], uint64_t counter,
                        uint64_t nonce)
{
    for (size_t done = 0; done < block_count; done += CHACHA_LANES) {
        size_t here = block_count - done < CHACHA_LANES ? block_count - done : CHACHA_LANES;
        chacha_lanes lanes[16];
        uint32_t word[16][CHACHA_LANES];

        chacha_some_blocks(lanes, key, counter + done, nonce);
        memcpy(word, lanes, sizeof word);
        for (size_t l = 0; l < here; l++) {
            for (size_t i = 0; i < 16; i++)
                ckks_store_u32le(out + CKKS_CHACHA_BLOCK_BYTES * (done + l) + 4 * i, word[i][l]);
        }
    }
}
