/* BLAKE2s as RFC 7693 has it, without a key. The last block is compressed with its own flag, so a
 * full block waits until it is known whether more bytes follow.
 *
 * Time: depends on the number of bytes alone.  Source: [RFC7693] 3
 */
#include "channel/hash.h"

#include <string.h>

#include "ckks/base/bytes.h"
#include "ckks/ckks.h"

/* The fractions of the square roots of the first eight primes, as in SHA-256. */
static const uint32_t first_h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint8_t order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint32_t rotate_right(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static inline void mix(uint32_t *v, int a, int b, int c, int d, uint32_t x, uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 7);
}

/* One block; s->count already includes it. */
static void compress(channel_hash_state *s, const uint8_t *block, int last)
{
    uint32_t m[16];
    uint32_t v[16];

    for (size_t i = 0; i < 16; i++)
        m[i] = ckks_load_u32le(block + 4 * i);
    memcpy(v, s->h, sizeof s->h);
    memcpy(v + 8, first_h, sizeof first_h);
    v[12] ^= (uint32_t)s->count;
    v[13] ^= (uint32_t)(s->count >> 32);
    if (last)
        v[14] = ~v[14];
    for (int round = 0; round < 10; round++) {
        const uint8_t *o = order[round];

        mix(v, 0, 4, 8, 12, m[o[0]], m[o[1]]);
        mix(v, 1, 5, 9, 13, m[o[2]], m[o[3]]);
        mix(v, 2, 6, 10, 14, m[o[4]], m[o[5]]);
        mix(v, 3, 7, 11, 15, m[o[6]], m[o[7]]);
        mix(v, 0, 5, 10, 15, m[o[8]], m[o[9]]);
        mix(v, 1, 6, 11, 12, m[o[10]], m[o[11]]);
        mix(v, 2, 7, 8, 13, m[o[12]], m[o[13]]);
        mix(v, 3, 4, 9, 14, m[o[14]], m[o[15]]);
    }
    for (int i = 0; i < 8; i++)
        s->h[i] ^= v[i] ^ v[i + 8];
    ckks_wipe(m, sizeof m);
    ckks_wipe(v, sizeof v);
}

void channel_hash_init(channel_hash_state *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->h, first_h, sizeof first_h);
    s->h[0] ^= 0x01010000 ^ CHANNEL_HASH_BYTES; /* no key, one leaf, 32 bytes of digest */
}

void channel_hash_update(channel_hash_state *s, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    while (n > 0) {
        size_t here = CHANNEL_HASH_BLOCK_BYTES - s->used;

        if (here == 0) {
            s->count += CHANNEL_HASH_BLOCK_BYTES;
            compress(s, s->block, 0);
            s->used = 0;
            continue;
        }
        if (here > n)
            here = n;
        memcpy(s->block + s->used, p, here);
        s->used += here;
        p += here;
        n -= here;
    }
}

void channel_hash_final(channel_hash_state *s, uint8_t out[CHANNEL_HASH_BYTES])
{
    memset(s->block + s->used, 0, CHANNEL_HASH_BLOCK_BYTES - s->used);
    s->count += s->used;
    compress(s, s->block, 1);
    for (size_t i = 0; i < 8; i++)
        ckks_store_u32le(out + 4 * i, s->h[i]);
    ckks_wipe(s, sizeof *s);
}

void channel_hash(uint8_t out[CHANNEL_HASH_BYTES], const void *bytes, size_t n)
{
    channel_hash_state s;

    channel_hash_init(&s);
    channel_hash_update(&s, bytes, n);
    channel_hash_final(&s, out);
}
