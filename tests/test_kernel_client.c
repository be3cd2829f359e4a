/* The portable loops of a client against their definitions, one value at a time; that they count in
 * the self-test; and that no family lacks a slot.
 */
#include <math.h>

#include "tests/client_families.h"

enum { N = 200 };

static void uniform_by_definition(void **state)
{
    uint64_t word[N];
    uint64_t got[N];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int t = 0; t < testing_iters(20); t++) {
        ckks_modulus m;
        uint64_t q = 0;
        size_t kept = 0;
        size_t count;

        assert_int_equal(ckks_prime_below(&q, 18 + testing_below(&rng, CKKS_MAX_PRIME - 17), 16),
                         CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL), CKKS_OK);
        for (size_t i = 0; i < N; i++)
            word[i] = testing_edge_u64(&rng);
        count = ckks_kernel_client_portable.uniform(got, word, N, &m);
        for (size_t i = 0; i < N; i++) {
            /* The product in two halves of 26 bits of the word. */
            const uint64_t r = word[i] & ((UINT64_C(1) << 52) - 1);
            const uint64_t high = (r >> 26) * (q >> 24);
            const uint64_t middle = (r >> 26) * (q & 0xffffff);
            const uint64_t lower = (r & 0x3ffffff) * (q >> 24);
            const uint64_t least = (r & 0x3ffffff) * (q & 0xffffff);
            /* high 2^50 + middle 2^26 + lower 2^24 + least */
            const uint64_t mask = (UINT64_C(1) << 50) - 1;
            const uint64_t below = ((middle << 26 & mask) + (lower << 24 & mask) + (least & mask));
            const uint64_t above =
                high + (middle >> 24) + (lower >> 26) + (least >> 50) + (below >> 50);
            const uint64_t fraction = (above & 3) << 50 | (below & mask);

            if (fraction >= (UINT64_C(1) << 52) % q) {
                assert_true(got[kept] == above >> 2);
                kept++;
            }
        }
        assert_int_equal(count, kept);
        ckks_modulus_clear(&m);
    }
}

static void small_values_by_definition(void **state)
{
    static int8_t coin[N];
    static int8_t value[32 * N];
    uint64_t word[N];
    testing_rng rng;
    size_t kept = 0;
    size_t count;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    for (size_t i = 0; i < N; i++)
        word[i] = i % 2 != 0 ? testing_edge_u64(&rng) : testing_u64(&rng);
    word[0] = 0;
    word[1] = UINT64_MAX;
    ckks_kernel_client_portable.binomial(coin, word, N);
    count = ckks_kernel_client_portable.ternary(value, word, N);
    assert_int_equal(coin[0], -21);
    assert_int_equal(coin[1], 21);
    for (size_t i = 0; i < N; i++) {
        int ones = 0;

        for (int bit = 0; bit < 42; bit++)
            ones += (int)(word[i] >> bit & 1);
        assert_int_equal(coin[i], ones - 21);
        for (int pair = 0; pair < 32; pair++) {
            const int two = (int)(word[i] >> 2 * pair & 3);

            if (two != 3)
                assert_int_equal(value[kept++], two - 1);
        }
    }
    assert_int_equal(count, kept);
}

static void rounding_is_llrint(void **state)
{
    static const double edges[] = {0.5,
                                   -0.5,
                                   1.5,
                                   -1.5,
                                   2.5,
                                   0x1p31 - 0.5,
                                   0x1p31 + 0.5,
                                   -0x1p31 - 0.5,
                                   0x1p51,
                                   0x1p51 + 0.5,
                                   -0x1p51 - 0.5,
                                   0x1p52 - 0.5,
                                   0x1p52 + 1,
                                   0x1p53 + 2,
                                   -0x1p60,
                                   0x1.fffffffffffffp61,
                                   1e-310,
                                   -0x1.8p32,
                                   0x1.8p32,
                                   -0.0,
                                   0x1p32 - 0.5,
                                   0x1.000000008p32,
                                   0x1.fffffffffffffp-2,
                                   -0x1p61};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    int64_t got[N];
    double x[N];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 2);
    ckks_kernel_client_portable.round(got, edges, 1.0, EDGES);
    for (size_t i = 0; i < EDGES; i++)
        assert_true(got[i] == llrint(edges[i]));
    for (int t = 0; t < testing_iters(50); t++) {
        const double factor = ldexp(testing_uniform(&rng, 0.5, 1), (int)testing_below(&rng, 62));

        for (size_t i = 0; i < N; i++)
            x[i] = ldexp(testing_uniform(&rng, -1, 1), -(int)testing_below(&rng, 60));
        ckks_kernel_client_portable.round(got, x, factor, N);
        for (size_t i = 0; i < N; i++)
            assert_true(got[i] == llrint(x[i] * factor));
    }
}

/* Horner's sums in the same order, from digits that are centred by a comparison. */
static void digits_by_horner(void **state)
{
    enum { DIGITS = 5 };
    static const uint64_t q[DIGITS] = {17, CKKS_MAX_PRIME - 1, 1073741827, 97, CKKS_MAX_PRIME - 3};
    uint64_t digit[DIGITS][N];
    const uint64_t *rows[DIGITS];
    double got[N];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 3);
    for (size_t l = 0; l < DIGITS; l++) {
        rows[l] = digit[l];
        for (size_t i = 0; i < N; i++)
            digit[l][i] = i % 4 == 0 ? q[l] / 2 + i / 4 % 2 : testing_below(&rng, q[l]);
        digit[l][1] = q[l] - 1;
        digit[l][2] = 0;
    }
    for (size_t count = 1; count <= DIGITS; count++) {
        ckks_kernel_client_portable.to_real(got, rows, q, count, 0.3, N);
        for (size_t i = 0; i < N; i++) {
            volatile double sum = 0; /* so that no compiler fuses */

            for (size_t l = count; l-- > 0;) {
                const int64_t centred = digit[l][i] > q[l] / 2
                                            ? (int64_t)digit[l][i] - (int64_t)q[l]
                                            : (int64_t)digit[l][i];

                sum = sum * (double)q[l];
                sum = sum + (double)centred;
            }
            assert_true(got[i] == sum * 0.3);
        }
    }
}

static void every_family_is_complete(void **state)
{
    const ckks_kernel *kernel = NULL;

    (void)state;
    for (int i = 0; (kernel = ckks_kernel_list(i)) != NULL; i++) {
        const ckks_kernel_client *k = kernel->client;

        assert_non_null(k);
        assert_true(k->chacha_blocks != NULL && k->uniform != NULL && k->binomial != NULL &&
                    k->ternary != NULL && k->round != NULL && k->to_real != NULL &&
                    k->fft_forward != NULL && k->fft_inverse != NULL);
    }
}

/* Broken in one place each. */
static void no_blocks(uint8_t *out, size_t count, const uint8_t key[32], uint64_t counter,
                      uint64_t nonce)
{
    ckks_chacha_blocks(out, count, key, counter, nonce + 1);
}

static size_t one_less(uint64_t *out, const uint64_t *word, size_t n, const ckks_modulus *m)
{
    return ckks_kernel_client_portable.uniform(out, word, n, m) - 1;
}

static void no_coins(int8_t *out, const uint64_t *word, size_t n)
{
    (void)word;
    memset(out, 0, n);
}

static size_t all_kept(int8_t *out, const uint64_t *word, size_t n)
{
    (void)ckks_kernel_client_portable.ternary(out, word, n);
    return 32 * n;
}

static void truncated(int64_t *out, const double *x, double factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)(x[i] * factor);
}

static void first_digit(double *out, const uint64_t *const *digit, const uint64_t *q, size_t count,
                        double factor, size_t n)
{
    (void)count;
    ckks_kernel_client_portable.to_real(out, digit, q, 1, factor, n);
}

static void no_fft(double *re, double *im, const double *wr, const double *wi, size_t slots)
{
    (void)re;
    (void)im;
    (void)wr;
    (void)wi;
    (void)slots;
}

static void selftest_sees_faults(void **state)
{
    const ckks_kernel_client *good = &ckks_kernel_client_portable;
    ckks_kernel family = *ckks_kernel_portable();
    ckks_modulus m;

    (void)state;
    assert_int_equal(ckks_modulus_init(&m, 97, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    for (int i = 0; client_family_here(i) != NULL; i++) {
        m.kernel = client_family_here(i);
        assert_true(ckks_kernel_client_selftest(&m));
    }
    for (int fault = 0; fault < 8; fault++) {
        ckks_kernel_client bad = *good;

        switch (fault) {
        case 0:
            bad.chacha_blocks = no_blocks;
            break;
        case 1:
            bad.uniform = one_less;
            break;
        case 2:
            bad.binomial = no_coins;
            break;
        case 3:
            bad.ternary = all_kept;
            break;
        case 4:
            bad.round = truncated;
            break;
        case 5:
            bad.to_real = first_digit;
            break;
        case 6:
            bad.fft_forward = no_fft;
            break;
        default:
            bad.fft_inverse = no_fft;
            break;
        }
        family.client = &bad;
        m.kernel = &family;
        assert_false(ckks_kernel_client_selftest(&m));
    }
    m.kernel = ckks_kernel_portable();
    ckks_modulus_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_by_definition),    cmocka_unit_test(small_values_by_definition),
        cmocka_unit_test(rounding_is_llrint),       cmocka_unit_test(digits_by_horner),
        cmocka_unit_test(every_family_is_complete), cmocka_unit_test(selftest_sees_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
