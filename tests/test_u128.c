/* 128-bit words against Python's integers; the same file tests both forms
 * (--with-test-u128=struct). */
#include "ckks/word/u128.h"
#include "tests/testing.h"
#include "tests/vectors/u128.inc"

static void products(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mul_cases / sizeof mul_cases[0]; i += 4) {
        ckks_u128 p = ckks_u128_mul(mul_cases[i], mul_cases[i + 1]);

        assert_true(ckks_u128_hi(p) == mul_cases[i + 2]);
        assert_true(ckks_u128_lo(p) == mul_cases[i + 3]);
        assert_true(ckks_u128_mul_hi(mul_cases[i + 1], mul_cases[i]) == mul_cases[i + 2]);
    }
}

/* Addition with carries, held against 32-bit columns. */
static void sums(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int t = 0; t < testing_iters(10000); t++) {
        uint64_t a[2] = {testing_edge_u64(&rng), testing_edge_u64(&rng)};
        uint64_t b[2] = {testing_edge_u64(&rng), testing_edge_u64(&rng)};
        ckks_u128 s = ckks_u128_add(ckks_u128_make(a[0], a[1]), ckks_u128_make(b[0], b[1]));
        uint64_t carry = 0;
        uint32_t column[4];

        for (int c = 0; c < 4; c++) {
            int word = 1 - c / 2;

            carry += (uint32_t)(a[word] >> 32 * (c % 2));
            carry += (uint32_t)(b[word] >> 32 * (c % 2));
            column[c] = (uint32_t)carry;
            carry >>= 32;
        }
        assert_true(ckks_u128_lo(s) == ((uint64_t)column[1] << 32 | column[0]));
        assert_true(ckks_u128_hi(s) == ((uint64_t)column[3] << 32 | column[2]));
        s = ckks_u128_mac(ckks_u128_make(0, a[0]), a[1], b[1]);
        assert_true(ckks_u128_lo(s) == a[0] + a[1] * b[1]);
        s = ckks_u128_add_u64(ckks_u128_make(7, a[0]), UINT64_MAX);
        assert_true(ckks_u128_hi(s) == 7 + (a[0] != 0));
    }
}

static void shifts(void **state)
{
    (void)state;
    for (int s = 1; s < 64; s++) {
        ckks_u128 x = ckks_u128_make(UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210));
        uint64_t want = UINT64_C(0xfedcba9876543210);

        for (int bit = 0; bit < s; bit++)
            want = want >> 1 | (UINT64_C(0x0123456789abcdef) >> bit & 1) << 63;
        assert_true(ckks_u128_shr(x, s) == want);
    }
}

/* quotient * d + remainder gives the number back, and remainder < d. */
static void quotients(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    for (int t = 0; t < testing_iters(2000); t++) {
        uint64_t d = testing_edge_u64(&rng);
        uint64_t hi;
        uint64_t lo = testing_edge_u64(&rng);
        uint64_t r;
        uint64_t quotient;
        ckks_u128 back;

        if (d == 0)
            continue;
        hi = testing_edge_u64(&rng) % d;
        quotient = ckks_u128_div_var(ckks_u128_make(hi, lo), d, &r);
        back = ckks_u128_add_u64(ckks_u128_mul(quotient, d), r);
        assert_true(r < d);
        assert_true(ckks_u128_hi(back) == hi && ckks_u128_lo(back) == lo);
        /* A quotient of more than one word is returned modulo 2^64, with the same remainder. */
        assert_true(ckks_u128_div_var(ckks_u128_make(hi + d, lo), d, &lo) == quotient ||
                    hi + d < d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(sums),
        cmocka_unit_test(shifts),
        cmocka_unit_test(quotients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
