/* The samplers: known answers of an independent implementation, then their laws by statistics.
 *
 * Bounds of the statistics: for chi^2 with k degrees of freedom the mean is k and the deviation
 * sqrt(2k); for a mean or a variance of n draws the usual formulas. Eight deviations are allowed,
 * which happens by chance less than once in 10^12 runs (for chi^2, once in 10^8).
 */
#include "ckks/kernel/modulus.h"
#include "ckks/ring/sample.h"
#include "ckks/word/prime.h"
#include "tests/client_families.h"
#include "tests/vectors/sample.inc"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { DRAWS = 1 << 16 };

/* n residues by every family that runs here, from the seed and stream of the known answers; those
 * of the portable one are left in out. */
static void uniform_alike(uint64_t *out, uint64_t q, int log_n)
{
    static uint64_t other[(1 << 13) + 1];
    ckks_modulus m;

    assert_int_equal(
        ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, log_n, ckks_kernel_portable(), NULL), CKKS_OK);
    ckks_sample_uniform(out, &m, seed_bytes, 11);
    ckks_modulus_clear(&m);
    for (int f = 0; client_family_here(f) != NULL; f++) {
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, log_n, client_family_here(f), NULL),
            CKKS_OK);
        other[m.n] = 77;
        ckks_sample_uniform(other, &m, seed_bytes, 11);
        assert_true(other[m.n] == 77);
        assert_memory_equal(other, out, m.n * sizeof *out);
        ckks_modulus_clear(&m);
    }
}

static void known_uniform(void **state)
{
    static uint64_t out[1 << 13];

    (void)state;
    for (size_t i = 0; i < COUNT(uniform_primes); i++) {
        uniform_alike(out, uniform_primes[i], 6);
        assert_memory_equal(out, uniform_values + 64 * i, 64 * sizeof *out);
    }
    for (int log_n = 3; log_n <= 13; log_n++) {
        uint64_t q = 0;

        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 1 << 14), CKKS_OK);
        uniform_alike(out, q, log_n);
    }
}

static void known_small(void **state)
{
    (void)state;
    for (int f = 0; client_family_here(f) != NULL; f++) {
        int8_t out[201];
        ckks_rng rng;

        ckks_rng_init(&rng, client_family_here(f), seed_bytes, CKKS_LABEL_SECRET, 0);
        out[200] = 99;
        ckks_sample_ternary(out, 200, &rng);
        assert_memory_equal(out, ternary_values, 200);
        ckks_rng_init(&rng, client_family_here(f), seed_bytes, CKKS_LABEL_ERROR, 1);
        ckks_sample_error(out, 200, &rng);
        assert_memory_equal(out, error_values, 200);
        assert_int_equal(out[200], 99);
    }
}

/* Long draws by every family, value by value: by words of the generator, as the header says. */
static void long_draws_by_words(void **state)
{
    enum { LONG = 5000 };
    static int8_t out[LONG];

    (void)state;
    for (int f = 0; client_family_here(f) != NULL; f++) {
        const ckks_kernel *kernel = client_family_here(f);
        ckks_rng rng;
        ckks_rng words;
        size_t i = 0;

        ckks_rng_init(&rng, kernel, seed_bytes, CKKS_LABEL_SECRET, 0);
        ckks_rng_init(&words, ckks_kernel_portable(), seed_bytes, CKKS_LABEL_SECRET, 0);
        ckks_sample_ternary(out, LONG, &rng);
        while (i < LONG) {
            uint64_t word = ckks_rng_u64(&words);

            for (int pair = 0; pair < 32 && i < LONG; pair++, word >>= 2) {
                if ((word & 3) != 3)
                    assert_int_equal(out[i++], (int)(word & 3) - 1);
            }
        }
        /* What is left of the last word is dropped: the next draw starts at the same word. */
        ckks_sample_error(out, LONG, &rng);
        for (i = 0; i < LONG; i++) {
            uint64_t word = ckks_rng_u64(&words) << 22;
            int ones = 0;

            for (; word != 0; word &= word - 1)
                ones++;
            assert_int_equal(out[i], ones - 21);
        }
        assert_true(ckks_rng_u64(&rng) == ckks_rng_u64(&words));
    }
}

static void known_wide(void **state)
{
    (void)state;
    for (int f = 0; client_family_here(f) != NULL; f++) {
        for (size_t i = 0; i < COUNT(wide_sigmas); i++) {
            int64_t out[16];
            ckks_rng rng;

            ckks_rng_init(&rng, client_family_here(f), seed_bytes, CKKS_LABEL_FLOOD, 4);
            ckks_sample_gaussian_wide(out, 16, wide_sigmas[i], &rng);
            assert_memory_equal(out, wide_values + 16 * i, sizeof out);
        }
    }
}

static double chi_square(const uint32_t *seen, const double *expected, int cells)
{
    double sum = 0;

    for (int c = 0; c < cells; c++)
        sum += (seen[c] - expected[c]) * (seen[c] - expected[c]) / expected[c];
    return sum;
}

static void fresh(ckks_rng *rng, uint32_t label)
{
    testing_rng draw;
    uint8_t seed[CKKS_SEED_BYTES];

    testing_rng_init(&draw, testing_seed() + label);
    for (int i = 0; i < CKKS_SEED_BYTES; i++)
        seed[i] = (uint8_t)testing_u64(&draw);
    ckks_rng_init(rng, client_family_here(0), seed, label, 0);
}

/* 256 equal cells, for a large prime and for one whose residues are nearly the cells. */
static void uniform_is_flat(void **state)
{
    const uint64_t starts[] = {CKKS_MAX_PRIME + 1, 3 << 20, 65538};

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        static uint64_t out[1 << 13];
        double expected[256];
        uint32_t seen[256] = {0};
        uint64_t q = 0;
        ckks_modulus m;

        assert_int_equal(ckks_prime_below(&q, starts[p], 1 << 14), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, 13, ckks_kernel_portable(), NULL), CKKS_OK);
        for (uint64_t c = 0; c < 256; c++) {
            /* Residues r with floor(256 r / q) = c. */
            uint64_t low = (c * q + 255) / 256;
            uint64_t high = ((c + 1) * q + 255) / 256;
            expected[c] = 8.0 * (1 << 13) * (double)(high - low) / (double)q;
        }
        for (uint64_t stream = 0; stream < 8; stream++) {
            uint8_t seed[CKKS_SEED_BYTES] = {(uint8_t)testing_seed(), (uint8_t)p};

            ckks_sample_uniform(out, &m, seed, stream);
            for (size_t i = 0; i < m.n; i++) {
                assert_true(out[i] < q);
                seen[256 * out[i] / q]++;
            }
        }
        testing_assert_near(chi_square(seen, expected, 256), 255, 8 * sqrt(2 * 255));
        ckks_modulus_clear(&m);
    }
}

static void ternary_is_uniform(void **state)
{
    static int8_t out[DRAWS];
    double expected[9];
    uint32_t single[3] = {0};
    uint32_t pairs[9] = {0};
    ckks_rng rng;

    (void)state;
    fresh(&rng, CKKS_LABEL_SECRET);
    ckks_sample_ternary(out, DRAWS, &rng);
    for (size_t i = 0; i < DRAWS; i++) {
        assert_in_range(out[i] + 1, 0, 2);
        single[out[i] + 1]++;
        if (i % 2 != 0)
            pairs[3 * (out[i - 1] + 1) + out[i] + 1]++;
    }
    expected[0] = expected[1] = expected[2] = DRAWS / 3.0;
    testing_assert_near(chi_square(single, expected, 3), 2, 8 * 2);
    for (int c = 0; c < 9; c++)
        expected[c] = DRAWS / 18.0;
    testing_assert_near(chi_square(pairs, expected, 9), 8, 8 * 4);
}

static void error_is_binomial(void **state)
{
    static int8_t out[DRAWS];
    double expected[43];
    double kept[43];
    uint32_t seen[43] = {0};
    uint32_t kept_seen[43];
    double coefficient = 1;
    double squares = 0;
    double sum = 0;
    int cells = 0;
    ckks_rng rng;

    (void)state;
    fresh(&rng, CKKS_LABEL_ERROR);
    ckks_sample_error(out, DRAWS, &rng);
    for (size_t i = 0; i < DRAWS; i++) {
        assert_in_range(out[i] + 21, 0, 42);
        seen[out[i] + 21]++;
        sum += out[i];
        squares += (double)out[i] * out[i];
    }
    for (int c = 0; c <= 42; c++) {
        expected[c] = DRAWS * coefficient * 0x1p-42;
        coefficient = coefficient * (42 - c) / (c + 1);
        if (expected[c] >= 8) {
            kept[cells] = expected[c];
            kept_seen[cells++] = seen[c];
        }
    }
    testing_assert_near(chi_square(kept_seen, kept, cells), cells - 1, 8 * sqrt(2.0 * cells));
    testing_assert_near(sum / DRAWS, 0, 8 * sqrt(10.5 / DRAWS));
    /* The fourth moment of 42 coins: 3 * 10.5^2 - 10.5 / 2. */
    testing_assert_near(squares / DRAWS, 10.5,
                        8 * sqrt((3 * 10.5 * 10.5 - 5.25 - 10.5 * 10.5) / DRAWS));
    testing_assert_near(CKKS_SAMPLE_ERROR_STD * CKKS_SAMPLE_ERROR_STD, 10.5, 1e-14);
}

static void wide_std(void **state)
{
    double last = 0;

    (void)state;
    for (double sigma = 0.1; sigma <= 0x1p50; sigma *= 1.0009765) {
        double std = ckks_sample_wide_std(sigma);

        assert_true(std >= sigma);
        assert_true(std < sigma * (1 + 0x1p-50) + 11);
        assert_true(std >= last);
        last = std;
    }
    assert_true(ckks_sample_wide_std(0x1p50) >= 0x1p50);
}

/* Mean, variance, fourth moment, the tails of the normal law, and all residues modulo a small
 * number. */
static void wide_is_normal(void **state)
{
    static const double sigmas[] = {30, 12345.6, 0x1p31, 0x1p50};
    static int64_t out[DRAWS];

    (void)state;
    for (size_t s = 0; s < 4; s++) {
        const double std = ckks_sample_wide_std(sigmas[s]);
        double moments[5] = {0};
        double expected[8];
        uint32_t beyond[4] = {0};
        uint32_t residues[8] = {0};
        ckks_rng rng;

        fresh(&rng, CKKS_LABEL_FLOOD + 100 * (uint32_t)s);
        ckks_sample_gaussian_wide(out, DRAWS, sigmas[s], &rng);
        for (size_t i = 0; i < DRAWS; i++) {
            double x = (double)out[i] / std;

            for (int k = 1; k <= 4; k++)
                moments[k] += pow(x, k) / DRAWS;
            for (int t = 0; t < 4; t++)
                beyond[t] += fabs(x) > t;
            residues[out[i] & 7]++;
        }
        testing_assert_near(moments[1], 0, 8 / sqrt(DRAWS));
        testing_assert_near(moments[2], 1, 8 * sqrt(2.0 / DRAWS));
        testing_assert_near(moments[3], 0, 8 * sqrt(15.0 / DRAWS));
        testing_assert_near(moments[4], 3, 8 * sqrt(96.0 / DRAWS) + 0.01);
        /* The step of 1 / std moves a tail by at most half a density; the shape, by less than
         * 0.002. */
        for (int t = 1; t < 4; t++) {
            double p = erfc(t / sqrt(2));
            testing_assert_near(beyond[t] / (double)DRAWS, p,
                                8 * sqrt(p / DRAWS) + 0.4 / std + 0.002);
        }
        for (int c = 0; c < 8; c++)
            expected[c] = DRAWS / 8.0;
        testing_assert_near(chi_square(residues, expected, 8), 7, 8 * sqrt(14));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_uniform),     cmocka_unit_test(known_small),
        cmocka_unit_test(known_wide),        cmocka_unit_test(long_draws_by_words),
        cmocka_unit_test(uniform_is_flat),   cmocka_unit_test(ternary_is_uniform),
        cmocka_unit_test(error_is_binomial), cmocka_unit_test(wide_std),
        cmocka_unit_test(wide_is_normal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
