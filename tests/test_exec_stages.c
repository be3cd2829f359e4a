/* Directed acyclic stages on ciphertexts: joins, products, Chebyshev polynomials, several
 * ciphertexts for a tensor. They equal clear slots within the error that the plan foretells. */
#include "tests/stage_plans.h"

/* A plan of stages, encrypted against clear. */
static void compare(nn_stages *stages, const nn_plan_options *o, int threads, testing_rng *rng)
{
    size_t pixels = nn_stages_width(stages, 0), outputs = nn_stages_output_count(stages);
    session s;
    stage_plans_open(&s, stages, o, threads, rng);
    double error = nn_plan_forecast(s.plan)->logit_error;
    double worst = stage_plans_gap(&s, pixels, outputs, rng);
    if (!(worst < sessions_tail * error + 1e-6))
        print_error("off by %g, foretold %g\n", worst, error);
    assert_true(worst < sessions_tail * error + 1e-6);
    session_close(&s);
}

static void test_random_stages(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(2); k++) {
        nn_stages s;
        stage_plans_random(&s, &rng);
        compare(&s, &(nn_plan_options){.ring = 1 + k % 2, .precision_bits = 8.0}, 1, &rng);
    }
}

/* Tensors of two ciphertexts: a matrix of blocks, a square, a residual join, a
 * product. */
static void test_parts(void **state)
{
    (void)state;
    testing_rng rng;
    nn_shape shape = {3, 38, 38}; /* 4332 numbers, 4096 slots */
    nn_stages s = {.input = shape, .input_lo = -1.0, .input_hi = 1.0};
    testing_rng_init(&rng, testing_seed());
    stage_plans_conv(&s, 0, 3, &rng);
    stages_poly(&s, shape, 2, 0.0);
    stages_sum(&s, shape, 2, NULL, 0, NULL);
    stage_plans_dense(&s, 3, 3, &rng);
    compare(&s, &(nn_plan_options){.log_n = 13, .ring = NN_RING_COMPLEX}, 1, &rng);
}

/* Chebyshev polynomials of the degrees that fits have, in an image of few numbers. */
static void test_chebyshev(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 7; degree <= 31; degree = 2 * degree + 1) {
        nn_stages s = {.input = {1, 4, 4}, .input_lo = -1.0, .input_hi = 1.0};
        stage_plans_conv(&s, 0, 1, &rng);
        stage_plans_chebyshev(&s, 1, degree, &rng);
        stage_plans_dense(&s, 2, 3, &rng);
        compare(&s, &(nn_plan_options){.ring = NN_RING_COMPLEX, .precision_bits = 6.0}, 1, &rng);
    }
}

/* Values that come together from different depths: the input after a polynomial, sums with and
 * without matrices, a product of a value with itself and with one of more limbs. */
static void test_joins(void **state)
{
    (void)state;
    testing_rng rng;
    nn_shape shape = {2, 4, 4};
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < 2; k++) {
        nn_stages s = {.input = shape, .input_lo = -1.0, .input_hi = 1.0};
        stage_plans_conv(&s, 0, 2, &rng);
        stage_plans_chebyshev(&s, 1, 3, &rng);
        if (k == 0)
            stages_sum(&s, shape, 2, &s.stage[0].affine[0], 0, NULL);
        else
            stages_sum(&s, shape, 2, &s.stage[0].affine[0], 1, &s.stage[0].affine[0]);
        stages_sum(&s, shape, 3, NULL, 1, NULL);
        stages_product(&s, shape, 4, k == 0 ? 4 : 0);
        stage_plans_dense(&s, 5, 3, &rng);
        compare(&s, &(nn_plan_options){.ring = 1 + (int)k, .precision_bits = 8.0}, 1 + (int)k,
                &rng);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_stages),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_chebyshev),
        cmocka_unit_test(test_joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
