/* The plan on clear slots equals the float reference: layouts, diagonals and folds are right. */
#include "nn/exec.h"

#include "tests/models.h"
#include "tests/testing.h"

static void compare(const nn_plan *p, const nn_model *m, testing_rng *rng)
{
    float image[MODELS_INPUTS], plain[MODELS_OUTPUTS], clear[MODELS_OUTPUTS];
    char why[200] = "";
    models_image(rng, image);
    assert_int_equal(nn_model_run(m, plain, image, why, sizeof why), NN_OK);
    assert_int_equal(nn_plan_run_clear(p, clear, image, why, sizeof why), NN_OK);
    /* A hundred float operations on numbers of a few units. */
    for (int o = 0; o < MODELS_OUTPUTS; o++)
        assert_true(fabsf(plain[o] - clear[o]) < 2e-5f);
}

static void test_equals_reference(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= 4; degree += 2) {
        nn_model *m = models_small(degree, 3);
        nn_plan *p = models_plan(m);
        for (int k = 0; k < testing_iters(3); k++)
            compare(p, m, &rng);
        nn_plan_free(p);
        nn_model_free(m);
    }
}

static void test_unmerged_equals_reference(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_model *m = models_small(2, 3);
    nn_plan *p = NULL;
    nn_plan_options o = {.keep_unmerged = 1};
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    compare(p, m, &rng);
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_reference),
        cmocka_unit_test(test_unmerged_equals_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
