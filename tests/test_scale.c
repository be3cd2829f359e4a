/* Exact scales against integers, and against themselves by two routes. */
#include "tests/testing.h"

#include "ckks/ckks.h"

static void assert_close(ckks_scale a, ckks_scale b, double bound)
{
    double gap = fabs((a.hi - b.hi) + (a.lo - b.lo));

    assert_true(gap <= bound * fabs(b.hi));
}

static void products_of_primes_are_exact(void **state)
{
    (void)state;
    /* 2^40 * (2^46 + 1) / 2^40: all parts fit into 106 bits, so equality is exact. */
    ckks_scale a = ckks_scale_mul_prime(ckks_scale_from(0x1p40), (UINT64_C(1) << 46) + 1);

    assert_true(a.hi + a.lo == 0x1p86 + 0x1p40);
    assert_true(a.hi == 0x1p86 + 0x1p40);
    a = ckks_scale_mul_prime(a, (UINT64_C(1) << 46) + 1);
    /* (2^46 + 1)^2 2^40 = 2^132 + 2^87 + 2^40 */
    assert_true(a.hi == 0x1p132 + 0x1p87);
    assert_true(a.lo == 0x1p40);
    a = ckks_scale_div_prime(a, (UINT64_C(1) << 46) + 1);
    assert_true(a.hi == 0x1p86 + 0x1p40 && a.lo == 0.0);
    assert_true(ckks_scale_log2(ckks_scale_from(0x1p77)) == 77.0);
}

static void division_undoes_multiplication(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(2000); i++) {
        ckks_scale a = {exp2(testing_uniform(&rng, -60, 200)), 0.0};
        ckks_scale b = {exp2(testing_uniform(&rng, -60, 200)), 0.0};
        uint64_t q = testing_u64(&rng) >> 17 | 1;
        a.lo = a.hi * 0x1p-54 * testing_uniform(&rng, -1, 1);
        b.lo = b.hi * 0x1p-54 * testing_uniform(&rng, -1, 1);
        assert_close(ckks_scale_div(ckks_scale_mul(a, b), b), a, 0x1p-99);
        assert_close(ckks_scale_div_prime(ckks_scale_mul_prime(a, q), q), a, 0x1p-99);
        assert_close(ckks_scale_mul(a, b), ckks_scale_mul(b, a), 0x1p-103);
        assert_true(ckks_scale_equal(ckks_scale_div(ckks_scale_mul(a, b), b), a));
        testing_assert_near(ckks_scale_log2(ckks_scale_mul(a, b)),
                            ckks_scale_log2(a) + ckks_scale_log2(b), 0x1p-40);
    }
}

static void long_chains_do_not_drift(void **state)
{
    (void)state;
    /* Forty rescales and multiplications back: what a deep circuit does. */
    ckks_scale a = ckks_scale_from(0x1p46);

    for (uint64_t i = 0; i < 40; i++)
        a = ckks_scale_div_prime(ckks_scale_mul(a, ckks_scale_from(0x1p46)),
                                 (UINT64_C(1) << 46) - 2 * i - 1);
    for (uint64_t i = 40; i-- > 0;)
        a = ckks_scale_div(ckks_scale_mul_prime(a, (UINT64_C(1) << 46) - 2 * i - 1),
                           ckks_scale_from(0x1p46));
    assert_close(a, ckks_scale_from(0x1p46), 160 * 0x1p-102);
}

static void equality_is_sharp(void **state)
{
    (void)state;
    ckks_scale a = ckks_scale_from(0x1p40);
    ckks_scale near = {0x1p40, 0x1p-21}; /* relative 2^-61 */
    ckks_scale far = {0x1p40, 0x1p-19};  /* relative 2^-59 */

    assert_true(ckks_scale_equal(a, a));
    assert_true(ckks_scale_equal(near, a) && ckks_scale_equal(a, near));
    assert_false(ckks_scale_equal(far, a) || ckks_scale_equal(a, far));
    assert_false(ckks_scale_equal(a, ckks_scale_from(nextafter(0x1p40, 0x1p41))));
    assert_false(ckks_scale_equal(a, ckks_scale_from(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_primes_are_exact),
        cmocka_unit_test(division_undoes_multiplication),
        cmocka_unit_test(long_chains_do_not_drift),
        cmocka_unit_test(equality_is_sharp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
