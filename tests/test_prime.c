/* Primality, the search for primes, and roots of unity, against an independent implementation. */
#include "ckks/word/modarith.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"
#include "tests/vectors/prime.inc"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void small_numbers(void **state)
{
    size_t next = 0;

    (void)state;
    for (uint64_t n = 0; n < 200; n++) {
        int is = next < COUNT(small_primes) && small_primes[next] == n;

        assert_int_equal(ckks_prime_is(n), is);
        next += (size_t)is;
    }
    assert_int_equal(next, COUNT(small_primes));
}

static void hard_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(composites); i++)
        assert_int_equal(ckks_prime_is(composites[i]), 0);
    for (size_t i = 0; i < COUNT(large_primes); i++)
        assert_int_equal(ckks_prime_is(large_primes[i]), 1);
}

static void the_largest_primes(void **state)
{
    uint64_t p = CKKS_MAX_PRIME + 1;

    (void)state;
    for (size_t i = 0; i < COUNT(top_primes); i++) {
        assert_int_equal(ckks_prime_below(&p, p, UINT64_C(1) << 17), CKKS_OK);
        assert_true(p == top_primes[i]);
    }
}

static void search_ends(void **state)
{
    uint64_t p = 5;

    (void)state;
    assert_int_equal(ckks_prime_below(&p, 17, 16), CKKS_ERR_PARAMS);
    assert_int_equal(ckks_prime_below(&p, 2, 1), CKKS_ERR_PARAMS);
    assert_int_equal(ckks_prime_below(&p, 100, 0), CKKS_ERR_PARAMS);
    assert_int_equal(ckks_prime_below(&p, 1, 16), CKKS_ERR_PARAMS);
    assert_true(p == 5);
    assert_int_equal(ckks_prime_below(&p, 18, 16), CKKS_OK);
    assert_true(p == 17);
    assert_int_equal(ckks_prime_below(&p, 3, 1), CKKS_OK);
    assert_true(p == 2);
}

static void roots(void **state)
{
    const uint64_t *want = top_roots;

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (size_t k = 0; k < COUNT(root_logs); k++)
            assert_true(ckks_prime_root(top_primes[i], root_logs[k]) == *want++);
    }
    /* Modulo 17: 3 has order 16, and it is the smallest such number. */
    assert_true(ckks_prime_root(17, 3) == 3);
    assert_true(ckks_prime_root(17, 4) == 0);
    assert_true(ckks_prime_root(19, 3) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_numbers),
        cmocka_unit_test(hard_numbers),
        cmocka_unit_test(the_largest_primes),
        cmocka_unit_test(search_ends),
        cmocka_unit_test(roots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
