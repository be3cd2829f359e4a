/* The loops of a client for any machine, and the proof that a family computes. */
#if defined(__GNUC__) || defined(__clang__)
#define CKKS_FFT_LANES 2
#else
#define CKKS_FFT_LANES 1
#endif
#include "ckks/kernel/kernel_client.h"

#include <math.h>

#include "ckks/base/bytes.h"
#include "ckks/random/chacha.h"

static size_t portable_uniform(uint64_t *out, const uint64_t *word, size_t n, const ckks_modulus *m)
{
    const uint64_t mask = (UINT64_C(1) << 52) - 1;
    const uint64_t least = (UINT64_C(1) << 52) % m->q;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const ckks_u128 p = ckks_u128_mul(word[i] & mask, m->q);

        out[kept] = ckks_u128_shr(p, 52);
        kept += (ckks_u128_lo(p) & mask) >= least;
    }
    return kept;
}

const ckks_kernel_client ckks_kernel_client_portable = {
    .chacha_blocks = ckks_chacha_blocks,
    .uniform = portable_uniform,
    .binomial = client_binomial,
    .ternary = client_ternary,
    .round = client_round,
    .to_real = client_to_real,
    .fft_forward = client_fft_forward,
    .fft_inverse = client_fft_inverse,
};

/* ------------------------------------------------------------------ self-test */

enum { WORDS = 40, BLOCKS = 19, PLACES = 16, SLOTS = 2 * FFT_TILE };

static int test_chacha(const ckks_kernel_client *k)
{
    /* RFC 8439, 2.3.2 */
    static const uint32_t want[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                      0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                      0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                      0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    const uint64_t counter = UINT64_C(0x0900000000000001);
    const uint64_t before =
        UINT64_C(0xfffffff0); /* the blocks cross the lower half of the counter */
    uint8_t key[32];
    uint8_t out[CKKS_CHACHA_BLOCK_BYTES * BLOCKS];
    uint32_t block[16];
    int ok = 1;

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    k->chacha_blocks(out, 1, key, counter, 0x4a000000);
    for (size_t i = 0; i < 16; i++)
        ok &= ckks_load_u32le(out + 4 * i) == want[i];
    k->chacha_blocks(out, BLOCKS, key, before, counter);
    for (size_t b = 0; b < BLOCKS; b++) {
        ckks_chacha_block(block, key, before + b, counter);
        for (size_t i = 0; i < 16; i++)
            ok &= ckks_load_u32le(out + CKKS_CHACHA_BLOCK_BYTES * b + 4 * i) == block[i];
    }
    return ok;
}

/* Words at the edges of the samplers: all ones, none, and fractions that are kept or skipped by
 * one. */
static void fill_words(uint64_t word[WORDS], uint64_t q)
{
    const uint64_t least = (UINT64_C(1) << 52) % q;
    uint64_t inverse = q; /* modulo 2^64: right bits double in number from three on */

    for (int step = 0; step < 5; step++)
        inverse *= 2 - q * inverse;
    for (size_t i = 0; i < WORDS; i++) {
        const uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        const uint64_t edges[5] = {0, UINT64_MAX, least * inverse, (least - 1) * inverse, mixed};

        word[i] = edges[mixed >> 32 & 1 ? i % 5 : 4] ^ mixed >> 52 << 52;
    }
}

static int test_samplers(const ckks_kernel_client *k, const ckks_modulus *m)
{
    const uint64_t mask = (UINT64_C(1) << 52) - 1;
    uint64_t word[WORDS];
    uint64_t residue[WORDS];
    int8_t coin[WORDS];
    int8_t value[32 * WORDS];
    size_t uniform = 0;
    size_t ternary = 0;
    size_t got_uniform;
    size_t got_ternary;
    int ok = 1;

    fill_words(word, m->q);
    got_uniform = k->uniform(residue, word, WORDS, m);
    got_ternary = k->ternary(value, word, WORDS);
    k->binomial(coin, word, WORDS);
    for (size_t i = 0; i < WORDS; i++) {
        const ckks_u128 p = ckks_u128_mul(word[i] & mask, m->q);
        int ones = 0;

        if ((ckks_u128_lo(p) & mask) >= (mask + 1) % m->q)
            ok &= residue[uniform++] == ckks_u128_shr(p, 52);
        for (int pair = 0; pair < 32; pair++) {
            const int two = (int)(word[i] >> 2 * pair & 3);

            if (two != 3)
                ok &= value[ternary++] == two - 1;
        }
        for (int bit = 0; bit < CLIENT_COINS; bit++)
            ones += (int)(word[i] >> bit & 1);
        ok &= coin[i] == ones - CLIENT_COINS / 2;
    }
    return ok & (got_uniform == uniform) & (got_ternary == ternary);
}

/* Ties, and values on both sides of where the rounding is split; then numbers of two digits. */
static int test_reals(const ckks_kernel_client *k, const ckks_modulus *m)
{
    static const double edges[PLACES] = {0.5,           -0.5,
                                         1.5,           -2.5,
                                         0x1p31,        -0x1p31,
                                         0x1p31 + 1,    2147483647.5,
                                         -2147483648.5, 0x1p51 - 0.5,
                                         -0x1p52 - 1,   0x1p53 - 1,
                                         0x1.8p61,      -0x1.fffffffffffffp61,
                                         1e-300,        -0.0};
    const uint64_t q[2] = {m->q, 97};
    uint64_t low[PLACES];
    uint64_t high[PLACES];
    const uint64_t *digit[2] = {low, high};
    int64_t rounded[PLACES];
    double real[PLACES];
    int ok = 1;

    k->round(rounded, edges, 1.0, PLACES);
    for (size_t i = 0; i < PLACES; i++) {
        ok &= rounded[i] == llrint(edges[i]);
        low[i] = i % 3 == 0 ? m->q / 2 + i % 2 : i * UINT64_C(0x9e3779b97f4a7c15) % m->q;
        high[i] = (95 + i % 5) % 97; /* -2 .. 2: sums below 2^49 are exact */
    }
    k->to_real(real, digit, q, 2, 0x1p-3, PLACES);
    for (size_t i = 0; i < PLACES; i++) {
        const int64_t base = (int64_t)m->q;
        const int64_t centred = low[i] > m->q / 2 ? (int64_t)low[i] - base : (int64_t)low[i];

        ok &= real[i] == 0x1p-3 * (double)(centred + ((int64_t)(i % 5) - 2) * base);
    }
    return ok;
}

/* Any tables will do to compare with the portable passes. */
static int test_fft(const ckks_kernel_client *k)
{
    double table[2][SLOTS];
    double got[2][SLOTS];
    double want[2][SLOTS];

    for (size_t i = 0; i < SLOTS; i++) {
        table[0][i] = 1.0 / (double)(i + 1);
        table[1][i] = 1.0 - (double)i / SLOTS;
        got[0][i] = want[0][i] = (double)(i * 7 % 5) - 1.25;
        got[1][i] = want[1][i] = (double)(i * 3 % 7) / 3.0;
    }
    k->fft_forward(got[0], got[1], table[0], table[1], SLOTS);
    k->fft_inverse(got[0], got[1], table[0], table[1], SLOTS);
    client_fft_forward(want[0], want[1], table[0], table[1], SLOTS);
    client_fft_inverse(want[0], want[1], table[0], table[1], SLOTS);
    return memcmp(got, want, sizeof got) == 0;
}

int ckks_kernel_client_selftest(const ckks_modulus *m)
{
    const ckks_kernel_client *k = m->kernel->client;

    return test_chacha(k) & test_samplers(k, m) & test_reals(k, m) & test_fft(k);
}
