/* The plan on clear slots equals the float reference, or the stages that it was made of: layouts,
 * diagonals and folds are right. */
#include "nn/run/exec.h"

#include "tests/stage_plans.h"

static void compare(const nn_plan *p, const nn_model *m, testing_rng *rng)
{
    float image[MODELS_INPUTS], plain[MODELS_OUTPUTS], clear[MODELS_OUTPUTS];
    char why[200] = "";
    models_image(rng, image);
    assert_int_equal(nn_model_run(m, plain, image, why, sizeof why), NN_OK);
    assert_int_equal(nn_plan_run_clear(p, clear, image, NULL, why, sizeof why), NN_OK);
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
        assert_int_equal(nn_plan_run_clear(p, clear, image, NULL, NULL, 0), NN_OK);
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
    nn_plan_options o = {.passes_off = NN_PASS_ALL};
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    compare(p, m, &rng);
    nn_plan_free(p);
    nn_model_free(m);
}

/* Every value on the way, as the stages give it. */
typedef struct way {
    const nn_stages *stages;
    double **value; /* [count + 1] */
    double most;    /* the largest deviation, in parts of the largest number */
} way;

static int on_probe(void *user, const nn_view *v)
{
    way *w = user;
    double *got = malloc(v->numbers * sizeof *got), largest = 1.0;
    assert_non_null(got);
    assert_int_equal(nn_view_numbers(v, got, NULL, NULL), NN_OK);
    for (size_t e = 0; e < v->numbers; e++)
        largest = fmax(largest, fabs(w->value[v->step + 1][e]));
    for (size_t e = 0; e < v->numbers; e++)
        w->most = fmax(w->most, fabs(got[e] - w->value[v->step + 1][e]) / largest);
    free(got);
    return 0;
}

/* Clear slots against the stages, value by value. A number is a sum of at most 100 products of
 * doubles, and later ones carry the rounding of earlier ones on. */
static void compare_stages(nn_stages *s, const nn_plan_options *o, size_t parts, testing_rng *rng)
{
    nn_model *m = stage_plans_model(s);
    nn_plan *p = stage_plans_make(s, m, o, rng);
    const nn_stages *stages = p->stages;
    size_t width = nn_stages_width(stages, 0), out = nn_stages_output_count(stages);
    way w = {.stages = stages, .value = calloc(stages->count + 1, sizeof(double *))};
    const nn_watch watch = {.probe = on_probe, .user = &w};
    float *image = malloc(width * sizeof *image), *logits = malloc(out * sizeof *logits);
    assert_true(w.value != NULL && image != NULL && logits != NULL);
    for (size_t v = 0; v <= stages->count; v++) {
        w.value[v] = malloc(nn_stages_width(stages, v) * sizeof **w.value);
        assert_non_null(w.value[v]);
    }
    for (size_t i = 0; i < width; i++) {
        image[i] = (float)testing_uniform(rng, stages->input_lo, stages->input_hi);
        w.value[0][i] = (double)image[i];
    }
    for (size_t k = 0; k < stages->count; k++) {
        const double *in[NN_INPUTS_MAX];
        for (size_t i = 0; i < stages->stage[k].input_count; i++)
            in[i] = w.value[stages->stage[k].input[i]];
        nn_stage_apply(&stages->stage[k], w.value[k + 1], in);
    }
    assert_int_equal(nn_exec_parts(p, 1), parts);
    assert_int_equal(nn_plan_run_clear(p, logits, image, &watch, NULL, 0), NN_OK);
    assert_true(w.most < 1e-12);
    for (size_t e = 0; e < out; e++)
        testing_assert_near(logits[e], w.value[stages->count][e], 1e-5);
    for (size_t v = 0; v <= stages->count; v++)
        free(w.value[v]);
    free(w.value);
    free(image);
    free(logits);
    nn_plan_free(p);
    nn_model_free(m);
}

static void test_random_stages(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(2); k++) {
        nn_plan_options o = {.log_n = 14, .ring = 1 + k % 2, .precision_bits = 8.0};
        nn_stages s;
        stage_plans_random(&s, &rng);
        compare_stages(&s, &o, 1, &rng);
    }
}

/* Tensors of two ciphertexts: an image, a sum, a square, a product. */
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
    stages_product(&s, shape, 3, 1);
    stage_plans_dense(&s, 4, 3, &rng);
    compare_stages(&s, &(nn_plan_options){.log_n = 13, .ring = NN_RING_COMPLEX}, 2, &rng);
}

static void test_refusals(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 3);
    nn_plan *p = models_plan(m);
    float image[MODELS_INPUTS] = {0}, logits[MODELS_OUTPUTS];
    char why[200] = "";
    nn_plan_release_matrix(p, 2, 0);
    assert_int_equal(nn_plan_run_clear(p, logits, image, NULL, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "released"));
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_reference),
        cmocka_unit_test(test_images_equal_reference),
        cmocka_unit_test(test_unmerged_equals_reference),
        cmocka_unit_test(test_random_stages),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
