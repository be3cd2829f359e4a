/* What a schedule is: sums of sizes, rounding errors of both rings, which stage is a square. */
#include "nn/levels/step.h"

#include "tests/testing.h"

static void test_bits(void **state)
{
    (void)state;
    nn_schedule s = {.limbs = 3, .q_bits = {30.0, 40.0, 25.5}, .p_bits = {46.8, 31.0}};
    assert_true(fabs(nn_schedule_bits(&s, 0, 0)) < 1e-12);
    assert_true(fabs(nn_schedule_bits(&s, 2, 0) - 70.0) < 1e-12);
    assert_true(fabs(nn_schedule_bits(&s, 3, 2) - 173.3) < 1e-12);
}

static void test_rounding(void **state)
{
    (void)state;
    /* sqrt(N/18) sqrt(N/2) is N / 6: 10.415 bits at N = 2^13; it grows by 1 a doubling. */
    assert_true(fabs(nn_schedule_rounding_bits(CKKS_RING_COMPLEX, 13) - (13 - log2(6.0))) < 1e-9);
    assert_true(fabs(nn_schedule_rounding_bits(CKKS_RING_COMPLEX, 16) - (16 - log2(6.0))) < 1e-9);
    /* sqrt(N/9) sqrt(2 N) is N sqrt(2) / 3 in the real ring. */
    assert_true(fabs(nn_schedule_rounding_bits(CKKS_RING_REAL, 13) - (13.5 - log2(3.0))) < 1e-9);
    assert_true(fabs(nn_schedule_spread_bits(CKKS_RING_COMPLEX, 13) - 6.0) < 1e-9);
    assert_true(fabs(nn_schedule_spread_bits(CKKS_RING_REAL, 13) - 7.0) < 1e-9);
    assert_true(fabs(nn_schedule_weight_bits(CKKS_RING_COMPLEX, 13, 24) - 7.0) < 1e-9);
    assert_true(fabs(nn_schedule_weight_bits(CKKS_RING_REAL, 13, 6) - 7.0) < 1e-9);
}

static void test_square(void **state)
{
    (void)state;
    nn_stage stage = {.kind = NN_STAGE_POLY, .degree = 2, .coef = {0.0, 0.0, 1.0}};
    assert_int_equal(nn_stage_is_square(&stage), 1);
    stage.coef[1] = 1e-9;
    assert_int_equal(nn_stage_is_square(&stage), 0);
    stage = (nn_stage){.kind = NN_STAGE_POLY, .degree = 3, .coef = {0.0, 0.0, 1.0, 1.0}};
    assert_int_equal(nn_stage_is_square(&stage), 0);
    stage = (nn_stage){
        .kind = NN_STAGE_POLY, .basis = CKKS_BASIS_CHEBYSHEV, .degree = 2, .coef = {0.0, 0.0, 1.0}};
    assert_int_equal(nn_stage_is_square(&stage), 0); /* 2 x^2 - 1 */
    stage = (nn_stage){.kind = NN_STAGE_AFFINE};
    assert_int_equal(nn_stage_is_square(&stage), 0);
}

static void test_clear(void **state)
{
    (void)state;
    nn_schedule s = {.limbs = 2, .step = calloc(2, sizeof(nn_step))};
    nn_schedule_clear(NULL);
    nn_schedule_clear(&s);
    assert_null(s.step);
    assert_int_equal(s.limbs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_square),
        cmocka_unit_test(test_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
