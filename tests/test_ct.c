/* Masks and selects against comparison operators, at the edges of words. */
#include "ckks/base/ct.h"
#include "tests/testing.h"

static void masks(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    assert_true(ckks_ct_mask_bit(0) == 0);
    assert_true(ckks_ct_mask_bit(1) == UINT64_MAX);
    for (int i = 0; i < testing_iters(10000); i++) {
        uint64_t a = testing_edge_u64(&rng);
        uint64_t b = i % 4 == 0 ? a : testing_edge_u64(&rng);

        assert_true(ckks_ct_barrier_u64(a) == a);
        assert_true(ckks_ct_mask_nonzero(a) == (a != 0 ? UINT64_MAX : 0));
        assert_true(ckks_ct_mask_less(a, b) == (a < b ? UINT64_MAX : 0));
        assert_true(ckks_ct_select(UINT64_MAX, a, b) == a);
        assert_true(ckks_ct_select(0, a, b) == b);
    }
}

static void equal_bytes(void **state)
{
    uint8_t a[33];
    uint8_t b[33];

    (void)state;
    memset(a, 0xa5, sizeof a);
    memset(b, 0xa5, sizeof b);
    assert_int_equal(ckks_ct_equal(a, b, sizeof a), 1);
    assert_int_equal(ckks_ct_equal(a, b, 0), 1);
    for (size_t i = 0; i < sizeof a; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(b[i] ^ 1 << bit);
            assert_int_equal(ckks_ct_equal(a, b, sizeof a), 0);
            assert_int_equal(ckks_ct_equal(a, b, i), 1);
            b[i] = a[i];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks),
        cmocka_unit_test(equal_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
