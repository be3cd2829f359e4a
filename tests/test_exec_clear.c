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

/* Images side by side, in either ring: each gets its own logits. */
static void test_images_equal_reference(void **state)
{
    (void)state;
    enum { IMAGES = 8 };
    testing_rng rng;
    float image[IMAGES * MODELS_INPUTS], clear[IMAGES * MODELS_OUTPUTS], plain[MODELS_OUTPUTS];
    testing_rng_init(&rng, testing_seed());
    nn_model *m = models_small(2, 3);
    for (int ring = NN_RING_COMPLEX; ring <= NN_RING_REAL; ring++) {
        nn_plan *p = NULL;
        nn_plan_options o = {.images = IMAGES, .ring = ring};
        assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
        assert_int_equal(nn_plan_images(p), IMAGES);
        for (size_t k = 0; k < IMAGES; k++)
            models_image(&rng, image + k * MODELS_INPUTS);
        assert_int_equal(nn_plan_run_clear(p, clear, image, NULL, 0), NN_OK);
        for (size_t k = 0; k < IMAGES; k++) {
            assert_int_equal(nn_model_run(m, plain, image + k * MODELS_INPUTS, NULL, 0), NN_OK);
            for (int o2 = 0; o2 < MODELS_OUTPUTS; o2++)
                assert_true(fabsf(plain[o2] - clear[k * MODELS_OUTPUTS + (size_t)o2]) < 2e-5f);
        }
        nn_plan_free(p);
    }
    nn_model_free(m);
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
        cmocka_unit_test(test_images_equal_reference),
        cmocka_unit_test(test_unmerged_equals_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
