/* The client's part of a family of kernels against the portable one, bit for bit, and the families
 * that this machine runs.
 */
#ifndef UNSEEN_TESTS_CLIENT_FAMILIES_H
#define UNSEEN_TESTS_CLIENT_FAMILIES_H

#include "tests/testing.h"

#include "ckks/kernel/fft.h"
#include "ckks/kernel/modulus.h"
#include "ckks/random/chacha.h"
#include "ckks/word/prime.h"

/** Family i of those that run here, best first; NULL past the end. */
static inline const ckks_kernel *client_family_here(int i)
{
    const ckks_kernel *kernel = NULL;

    for (int f = 0; (kernel = ckks_kernel_list(f)) != NULL; f++) {
        if (ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, kernel->name) != NULL && i-- == 0)
            break;
    }
    return kernel;
}

/* Every number of blocks around the lanes of the kernels, at any alignment, and not a byte more. */
static inline void client_family_chacha(const ckks_kernel_client *k, testing_rng *rng)
{
    enum { BLOCKS = 35 };
    static uint8_t want[64 * BLOCKS];
    static uint8_t got[64 * BLOCKS + 80];

    for (size_t count = 0; count <= BLOCKS; count++) {
        const uint64_t counter = testing_edge_u64(rng) - count / 2;
        const uint64_t nonce = testing_edge_u64(rng);
        const size_t offset = count % 17;
        uint8_t key[32];

        for (size_t i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)testing_u64(rng);
        memset(got, 0xee, sizeof got);
        ckks_chacha_blocks(want, count, key, counter, nonce);
        k->chacha_blocks(got + offset, count, key, counter, nonce);
        assert_memory_equal(got + offset, want, 64 * count);
        for (size_t i = 0; i < sizeof got; i++) {
            if (i < offset || i >= offset + 64 * count)
                assert_int_equal(got[i], 0xee);
        }
    }
}

/* Words with fractions (r q mod 2^52) at the border between kept and skipped, for the smallest and
 * the largest primes. */
static inline void client_family_uniform(const ckks_kernel_client *k, testing_rng *rng)
{
    enum { WORDS = 512 };
    static const uint64_t starts[] = {18, 98, 1 << 20, UINT64_C(1) << 40, CKKS_MAX_PRIME + 1};
    static uint64_t word[WORDS];
    static uint64_t want[WORDS];
    static uint64_t got[WORDS + 1];

    for (size_t p = 0; p < sizeof starts / sizeof starts[0]; p++) {
        ckks_modulus m;
        uint64_t q = 0;
        uint64_t inverse;
        size_t kept;

        assert_int_equal(ckks_prime_below(&q, starts[p], 16), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL), CKKS_OK);
        inverse = q;
        for (int step = 0; step < 5; step++)
            inverse *= 2 - q * inverse;
        for (size_t i = 0; i < WORDS; i++) {
            const uint64_t low = (UINT64_C(1) << 52) % q - 4 + i % 8;

            word[i] = i % 3 == 0   ? testing_edge_u64(rng)
                      : i % 3 == 1 ? testing_u64(rng)
                                   : low * inverse;
        }
        for (size_t n = 0; n <= WORDS; n += n < 64 ? 8 : 448) {
            kept = ckks_kernel_client_portable.uniform(want, word, n, &m);
            got[n] = 77;
            assert_int_equal(k->uniform(got, word, n, &m), kept);
            assert_memory_equal(got, want, kept * sizeof *got);
            assert_true(got[n] == 77);
        }
        assert_true(kept > 0 && kept < WORDS);
        ckks_modulus_clear(&m);
    }
}

static inline void client_family_small(const ckks_kernel_client *k, testing_rng *rng)
{
    enum { WORDS = 67 };
    static int8_t want[32 * WORDS];
    static int8_t got[32 * WORDS + 1];
    uint64_t word[WORDS];

    for (size_t i = 0; i < WORDS; i++)
        word[i] = i % 2 != 0 ? testing_edge_u64(rng) : testing_u64(rng);
    for (size_t n = 0; n <= WORDS; n++) {
        size_t kept;

        ckks_kernel_client_portable.binomial(want, word, n);
        got[n] = 77;
        k->binomial(got, word, n);
        assert_memory_equal(got, want, n);
        assert_int_equal(got[n], 77);
        kept = ckks_kernel_client_portable.ternary(want, word, n);
        got[32 * n] = 77;
        assert_int_equal(k->ternary(got, word, n), kept);
        assert_memory_equal(got, want, kept);
        assert_int_equal(got[32 * n], 77);
    }
}

static inline void client_family_reals(const ckks_kernel_client *k, testing_rng *rng)
{
    enum { PLACES = 37, DIGITS = 6 };
    static const uint64_t q[DIGITS] = {CKKS_MAX_PRIME - 1, 17,   1073741827, 97,
                                       CKKS_MAX_PRIME - 3, 65537};
    uint64_t digit[DIGITS][PLACES];
    const uint64_t *rows[DIGITS];
    double x[PLACES];
    double real[2][PLACES];
    int64_t rounded[2][PLACES];

    for (size_t i = 0; i < PLACES; i++)
        x[i] = ldexp(testing_uniform(rng, -1, 1), (int)testing_below(rng, 64) - 2);
    for (size_t l = 0; l < DIGITS; l++) {
        rows[l] = digit[l];
        for (size_t i = 0; i < PLACES; i++)
            digit[l][i] = i % 4 == 0 ? q[l] / 2 + i / 4 % 2 : testing_below(rng, q[l]);
    }
    for (size_t n = 0; n <= PLACES; n++) {
        ckks_kernel_client_portable.round(rounded[0], x, 0.7, n);
        k->round(rounded[1], x, 0.7, n);
        assert_memory_equal(rounded[1], rounded[0], n * sizeof(int64_t));
        for (size_t count = 1; count <= DIGITS; count++) {
            ckks_kernel_client_portable.to_real(real[0], rows, q, count, 0.3, n);
            k->to_real(real[1], rows, q, count, 0.3, n);
            assert_memory_equal(real[1], real[0], n * sizeof(double));
        }
    }
}

static inline void client_family_fft(const ckks_kernel *kernel, testing_rng *rng)
{
    enum { SLOTS = 2048 };
    static double want[2][SLOTS];
    static double got[2][SLOTS];
    ckks_fft f;

    assert_int_equal(ckks_fft_init(&f, 12, kernel, NULL), CKKS_OK);
    for (size_t s = 64; s <= SLOTS; s *= 2) {
        for (size_t i = 0; i < s; i++) {
            got[0][i] = want[0][i] = testing_uniform(rng, -1, 1);
            got[1][i] = want[1][i] = testing_uniform(rng, -1, 1);
        }
        ckks_kernel_client_portable.fft_forward(want[0], want[1], f.re, f.im, s);
        ckks_fft_forward(&f, got[0], got[1], s);
        assert_memory_equal(got, want, sizeof got);
        ckks_kernel_client_portable.fft_inverse(want[0], want[1], f.re, f.im, s);
        ckks_fft_inverse(&f, got[0], got[1], s);
        assert_memory_equal(got, want, sizeof got);
    }
    ckks_fft_clear(&f);
}

/** All slots of a family, by its name; skips where it cannot run. */
static inline void client_family_check(const char *name)
{
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);
    testing_rng rng;

    if (kernel == NULL) {
        printf("# %s: not in this build or not for this machine, skipped\n", name);
        skip();
    }
    printf("# %s against portable\n", name);
    testing_rng_init(&rng, testing_seed());
    client_family_chacha(kernel->client, &rng);
    client_family_uniform(kernel->client, &rng);
    client_family_small(kernel->client, &rng);
    client_family_reals(kernel->client, &rng);
    client_family_fft(kernel, &rng);
}

#endif
