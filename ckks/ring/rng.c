/* Seeds, children and streams; the nonces are laid out in rng.h. */
#include "ckks/ring/rng.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/base/mem.h"
#include "ckks/random/chacha.h"

enum { KIND_CHILD = 1, KIND_GENERATOR = 2 };

static void derive(uint8_t out[CKKS_SEED_BYTES], const uint8_t seed[CKKS_SEED_BYTES],
                   uint64_t counter, uint64_t nonce)
{
    uint32_t block[16];

    ckks_chacha_block(block, seed, counter, nonce);
    for (int i = 0; i < CKKS_SEED_BYTES / 4; i++)
        ckks_store_u32le(out + 4 * i, block[i]);
    ckks_wipe(block, sizeof block);
}

void ckks_seed_derive(uint8_t out[CKKS_SEED_BYTES], const uint8_t seed[CKKS_SEED_BYTES],
                      uint32_t label, uint64_t index)
{
    derive(out, seed, index, (uint64_t)KIND_CHILD << 32 | label);
}

void ckks_rng_init(ckks_rng *rng, const ckks_kernel *kernel, const uint8_t seed[CKKS_SEED_BYTES],
                   uint32_t label, uint64_t stream)
{
    rng->kernel = kernel->client;
    derive(rng->key, seed, 0, (uint64_t)KIND_GENERATOR << 32 | label);
    rng->counter = 0;
    rng->stream = stream;
    rng->used = CKKS_RNG_BUFFER;
}

static void refill(ckks_rng *rng)
{
    const size_t blocks = CKKS_RNG_BUFFER / CKKS_CHACHA_BLOCK_BYTES;

    rng->kernel->chacha_blocks(rng->buffer, blocks, rng->key, rng->counter, rng->stream);
    rng->counter += blocks;
    rng->used = 0;
}

uint64_t ckks_rng_u64(ckks_rng *rng)
{
    uint64_t x;

    if (CKKS_RNG_BUFFER - rng->used < 8) {
        uint8_t bytes[8];

        ckks_rng_bytes(rng, bytes, sizeof bytes);
        return ckks_load_u64le(bytes);
    }
    x = ckks_load_u64le(rng->buffer + rng->used);
    rng->used += 8;
    return x;
}

void ckks_rng_bytes(ckks_rng *rng, void *out, size_t bytes)
{
    uint8_t *p = out;

    while (bytes > 0) {
        size_t take = CKKS_RNG_BUFFER - rng->used;

        if (take == 0 && bytes >= CKKS_RNG_BUFFER) {
            size_t blocks = bytes / CKKS_CHACHA_BLOCK_BYTES;

            rng->kernel->chacha_blocks(p, blocks, rng->key, rng->counter, rng->stream);
            rng->counter += blocks;
            take = blocks * CKKS_CHACHA_BLOCK_BYTES;
        } else {
            if (take == 0) {
                refill(rng);
                take = CKKS_RNG_BUFFER;
            }
            if (take > bytes)
                take = bytes;
            memcpy(p, rng->buffer + rng->used, take);
            rng->used += take;
        }
        p += take;
        bytes -= take;
    }
}

void ckks_rng_words(ckks_rng *rng, uint64_t *out, size_t count)
{
    const uint8_t *bytes = (const uint8_t *)out;

    ckks_rng_bytes(rng, out, 8 * count);
    for (size_t i = 0; i < count; i++)
        out[i] = ckks_load_u64le(bytes + 8 * i);
}

void ckks_rng_clear(ckks_rng *rng)
{
    ckks_wipe(rng, sizeof *rng);
}
