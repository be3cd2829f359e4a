/* One residue: Python's integers, exhaustive on a toy prime, and the borders of every stated range.
 */
#include "ckks/word/modarith.h"
#include "tests/testing.h"
#include "tests/vectors/modarith.inc"

static void known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mod_cases / sizeof mod_cases[0]; i += 7) {
        const uint64_t *c = mod_cases + i; /* q, a, b, ab, floor(a 2^64 / q), a^b, 1/a */
        const ckks_mod m = ckks_mod_init(c[0]);

        assert_true(ckks_mod_mul(c[1], c[2], &m) == c[3]);
        assert_true(ckks_mod_shoup(c[1], &m) == c[4]);
        assert_true(ckks_mod_mul_shoup(c[2], c[1], c[4], c[0]) == c[3]);
        assert_true(ckks_mod_pow_var(c[1], c[2], &m) == c[5]);
        assert_true(ckks_mod_inv(c[1], &m) == c[6]);
    }
}

static void exhaustive_17(void **state)
{
    const ckks_mod m = ckks_mod_init(17);

    (void)state;
    for (uint64_t a = 0; a < 17; a++) {
        const uint64_t a_shoup = ckks_mod_shoup(a, &m);

        assert_true(a_shoup == ckks_u128_div_var(ckks_u128_make(a, 0), 17, &(uint64_t){0}));
        assert_true(ckks_mod_neg(a, 17) == (17 - a) % 17);
        assert_true(a == 0 || ckks_mod_mul(a, ckks_mod_inv(a, &m), &m) == 1);
        for (uint64_t b = 0; b < 17; b++) {
            assert_true(ckks_mod_add(a, b, 17) == (a + b) % 17);
            assert_true(ckks_mod_sub(a, b, 17) == (a + 17 - b) % 17);
            assert_true(ckks_mod_mul(a, b, &m) == a * b % 17);
            assert_true(ckks_mod_mul_shoup(b, a, a_shoup, 17) == a * b % 17);
        }
    }
    for (int64_t x = -1000; x < 1000; x++)
        assert_true(ckks_mod_reduce_i64(x, &m) == (uint64_t)((x % 17 + 17) % 17));
}

static const uint64_t some_q[] = {17,
                                  257,
                                  65537,
                                  (UINT64_C(1) << 30) - 35,
                                  (UINT64_C(1) << 46) - 57,
                                  (UINT64_C(1) << 46) + 15,
                                  CKKS_MAX_PRIME - 1};
enum { SOME_Q = sizeof some_q / sizeof some_q[0] };

/* v up to its bound 2^58.8 q, the quotient taken by long division. */
static void reduce_u128_range(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < SOME_Q; i++) {
        const uint64_t q = some_q[i];
        const ckks_mod m = ckks_mod_init(q);
        const uint64_t top = 4096 * CKKS_MAX_PRIME;

        for (int t = 0; t < testing_iters(20000); t++) {
            uint64_t factor = t == 0 ? top : testing_edge_u64(&rng) % top;
            ckks_u128 v = ckks_u128_mul(factor, q);
            uint64_t more = t % 3 == 0 ? q - 1 : testing_residue(&rng, q);
            uint64_t want;

            v = ckks_u128_add_u64(v, more);
            (void)ckks_u128_div_var(v, q, &want);
            assert_true(want == more);
            assert_true(ckks_mod_reduce_u128(v, &m) == want);
        }
    }
}

static void words_and_lazy_products(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    for (int i = 0; i < SOME_Q; i++) {
        const uint64_t q = some_q[i];
        const ckks_mod m = ckks_mod_init(q);

        for (int t = 0; t < testing_iters(20000); t++) {
            uint64_t x = testing_edge_u64(&rng);
            uint64_t w = testing_residue(&rng, q);
            uint64_t w_shoup = ckks_mod_shoup(w, &m);
            uint64_t small = x >> 12;
            uint64_t want;
            uint64_t r;

            (void)ckks_u128_div_var(ckks_u128_make(w, 0), q, &r);
            assert_true(ckks_mod_reduce_u64(x, &m) == x % q);
            (void)ckks_u128_div_var(ckks_u128_mul(x, w), q, &want);
            r = ckks_mod_mul_shoup_lazy(x, w, w_shoup, q);
            assert_true(r < 2 * q && r % q == want);
            assert_true(ckks_mod_mul_shoup(x, w, w_shoup, q) == want);
            r = ckks_mod_mul_shoup_lazy(small, w, w_shoup, q);
            assert_true(r < q + (UINT64_C(1) << 35));
            assert_true(ckks_mod_reduce_i64((int64_t)(x >> 1), &m) == (x >> 1) % q);
            assert_true(ckks_mod_reduce_i64(-(int64_t)(x >> 1), &m) == (q - (x >> 1) % q) % q);
        }
        assert_true(ckks_mod_reduce_i64(INT64_MIN, &m) == (q - (UINT64_C(1) << 63) % q) % q);
    }
}

static void constants(void **state)
{
    (void)state;
    for (int i = 0; i < SOME_Q; i++) {
        const ckks_mod m = ckks_mod_init(some_q[i]);

        assert_true(m.q >> m.bits == 0 && m.q >> (m.bits - 1) == 1);
        assert_true(m.bits <= CKKS_MAX_PRIME_BITS);
        assert_true(m.barrett > UINT64_C(1) << 62 && m.barrett <= UINT64_C(1) << 63);
        assert_true(m.word == (UINT64_MAX % m.q + 1) % m.q);
        assert_true(m.one == UINT64_MAX / m.q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),     cmocka_unit_test(exhaustive_17),
        cmocka_unit_test(reduce_u128_range), cmocka_unit_test(words_and_lazy_products),
        cmocka_unit_test(constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
