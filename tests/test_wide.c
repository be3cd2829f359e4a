/* Multi-word numbers against Python's integers. */
#include "ckks/word/modarith.h"
#include "ckks/word/wide.h"
#include "tests/testing.h"
#include "tests/vectors/wide.inc"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void divide_undoes_multiply(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int t = 0; t < testing_iters(200); t++) {
        ckks_wide x;
        ckks_wide y;
        uint64_t w[8];

        ckks_wide_set(&x, testing_u64(&rng) | 1);
        y = x;
        for (int i = 0; i < 8; i++) {
            w[i] = testing_edge_u64(&rng) | 1;
            assert_true(ckks_wide_mul_u64(&x, w[i]) == 0);
        }
        for (int i = 7; i >= 0; i--) {
            assert_true(ckks_wide_mod_u64(&x, w[i]) == 0);
            assert_true(ckks_wide_div_u64(&x, w[i]) == 0);
        }
        assert_int_equal(ckks_wide_compare(&x, &y), 0);
    }
}

static void remainders_and_overflow(void **state)
{
    ckks_wide x;
    ckks_wide y;

    (void)state;
    memset(&x, 0xff, sizeof x);
    y = x;
    /* 2^2304 - 1 modulo 2^64 - 1 is 0, modulo 3 is 0, modulo 2^64 - 59 it is 59^36 - 1. */
    assert_true(ckks_wide_mod_u64(&x, UINT64_MAX) == 0);
    assert_true(ckks_wide_mod_u64(&x, 3) == 0);
    assert_true(ckks_wide_mul_u64(&x, 5) == 4);
    ckks_wide_set(&x, 7);
    assert_int_equal(ckks_wide_compare(&x, &y), -1);
    assert_int_equal(ckks_wide_compare(&y, &x), 1);
    assert_true(ckks_wide_div_u64(&x, 10) == 7);
    ckks_wide_set(&y, 0);
    assert_int_equal(ckks_wide_compare(&x, &y), 0);
    assert_true(ckks_wide_real(&y) == 0.0);
}

static void logarithms(void **state)
{
    uint64_t prime[CKKS_MAX_Q + CKKS_MAX_P];
    ckks_wide x;

    (void)state;
    for (size_t i = 0; i < COUNT(product_counts); i++)
        testing_assert_near(ckks_wide_log2_product(wide_moduli, product_counts[i]), product_logs[i],
                            0x1p-40);
    assert_true(ckks_wide_log2_product(wide_moduli, 0) == 0.0);
    /* The largest product of the library fits, and its logarithm is right. */
    for (int i = 0; i < CKKS_MAX_Q + CKKS_MAX_P; i++)
        prime[i] = CKKS_MAX_PRIME;
    ckks_wide_product(&x, prime, CKKS_MAX_Q + CKKS_MAX_P);
    for (int i = 0; i < CKKS_MAX_Q + CKKS_MAX_P; i++)
        assert_true(ckks_wide_div_u64(&x, CKKS_MAX_PRIME) == 0);
    assert_true(x.word[0] == 1);
    /* log2(floor(2^46.8)) = 46.8 - 2^-47.4 or so */
    testing_assert_near(ckks_wide_log2_product(prime, CKKS_MAX_Q + CKKS_MAX_P), 48 * 46.8,
                        48 * 0x1p-46 + 0x1p-41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divide_undoes_multiply),
        cmocka_unit_test(remainders_and_overflow),
        cmocka_unit_test(logarithms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
