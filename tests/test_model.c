/* Models: bytes in, the float reference out, metadata, identity, refusals. */
#include "nn/model.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_read_and_run(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_model *m = models_small(2, 1);
    double lo = -1.0, hi = -1.0;
    assert_int_equal(nn_shape_count(nn_model_input(m)), MODELS_INPUTS);
    assert_int_equal(nn_model_outputs(m), MODELS_OUTPUTS);
    nn_model_input_range(m, &lo, &hi);
    assert_true(lo == 0.0 && hi == 1.0);
    assert_string_equal(nn_model_meta(m, "test.name"), "small");
    assert_null(nn_model_meta(m, "absent"));
    for (int k = 0; k < testing_iters(5); k++) {
        float image[MODELS_INPUTS], out[MODELS_OUTPUTS];
        double x[MODELS_INPUTS], y[MODELS_OUTPUTS];
        models_image(&rng, image);
        for (int i = 0; i < MODELS_INPUTS; i++)
            x[i] = (double)image[i];
        assert_int_equal(nn_model_run(m, out, image, NULL, 0), NN_OK);
        /* The graph in float against the merged stages in double: a hundred float operations. */
        assert_int_equal(nn_stages_apply(&m->merged, y, NULL, x), NN_OK);
        for (int o = 0; o < MODELS_OUTPUTS; o++)
            assert_true(fabs((double)out[o] - y[o]) < 1e-5);
    }
    nn_model_free(m);
}

static void test_identity(void **state)
{
    (void)state;
    nn_model *a = models_small(2, 1), *b = models_small(2, 1), *c = models_small(2, 2);
    assert_true(nn_model_id(a) == nn_model_id(b));
    assert_true(nn_model_id(a) != nn_model_id(c));
    nn_model_free(a);
    nn_model_free(b);
    nn_model_free(c);
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_model *m = NULL;
    char why[300] = "";
    models_bytes(&bytes, &size, 2, 1);
    assert_int_equal(nn_model_read(&m, bytes, size / 2, why, sizeof why), NN_ERR_FORMAT);
    assert_null(m);
    assert_true(strlen(why) > 10);
    assert_int_equal(nn_model_read(&m, bytes, 0, why, sizeof why), NN_ERR_FORMAT);
    free(bytes);
    nn_model_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_run),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
