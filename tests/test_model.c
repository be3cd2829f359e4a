/* Models: bytes in, the float reference out, metadata, identity, refusals. */
#include "nn/stages/model.h"

#include "tests/failing.h"
#include "tests/models.h"
#include "tests/testing.h"

static void test_read_and_run(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_model *m = models_small(2, 1);
    nn_stages stages;
    nn_rewrite_report report;
    double lo = -1.0, hi = -1.0;
    assert_int_equal(nn_shape_count(nn_model_input(m)), MODELS_INPUTS);
    assert_int_equal(nn_model_outputs(m), MODELS_OUTPUTS);
    nn_model_input_range(m, &lo, &hi);
    assert_true(lo == 0.0 && hi == 1.0);
    assert_string_equal(nn_model_meta(m, "test.name"), "small");
    assert_null(nn_model_meta(m, "absent"));
    assert_int_equal(nn_model_tail(m), NN_TAIL_NONE);
    assert_int_equal(nn_model_stages(m, NULL, &stages, &report, NULL, 0), NN_OK);
    assert_int_equal(stages.count, 3);
    assert_int_equal(report.after.levels, 3);
    for (int k = 0; k < testing_iters(5); k++) {
        float image[MODELS_INPUTS], out[MODELS_OUTPUTS];
        double x[MODELS_INPUTS], y[MODELS_OUTPUTS];
        models_image(&rng, image);
        for (int i = 0; i < MODELS_INPUTS; i++)
            x[i] = (double)image[i];
        assert_int_equal(nn_model_run(m, out, image, NULL, 0), NN_OK);
        /* The graph in float against the merged stages in double: a hundred float operations. */
        assert_int_equal(nn_stages_apply(&stages, y, NULL, x), NN_OK);
        for (int o = 0; o < MODELS_OUTPUTS; o++)
            assert_true(fabs((double)out[o] - y[o]) < 1e-5);
    }
    nn_stages_clear(&stages);
    nn_model_free(m);
}

/* A dense layer of the shape (outputs, inputs) and what stands behind it, as a model. */
static nn_status tailed_batch(nn_model **m, const char *op, int64_t axis, size_t rank, size_t batch,
                              char *why, size_t why_size)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    nn_graph *g = NULL;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &(nn_dims){rank, {batch, 2, 3}});
    nn_graph_node(g, "Mul", "square", (const char *const[]){"x", "x"}, 2, "logits");
    nn_graph_node(g, op, "tail", (const char *const[]){"logits"}, 1, "y");
    if (axis >= 0)
        nn_graph_attr_int(g, "axis", axis);
    nn_graph_output(g, "y");
    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(nn_onnx_write(g, &bytes, &size, NULL, 0), NN_OK);
    nn_graph_free(g);
    nn_status st = nn_model_read(m, bytes, size, why, why_size);
    free(bytes);
    return st;
}

static nn_status tailed(nn_model **m, const char *op, int64_t axis, size_t rank, char *why,
                        size_t why_size)
{
    return tailed_batch(m, op, axis, rank, 0, why, why_size);
}

/* A file with a batch of five images is a network of one. */
static void test_fixed_batch(void **state)
{
    (void)state;
    nn_model *m = NULL;
    const float x[2] = {3.0f, -5.0f};
    float y[2] = {0};
    char why[300] = "";
    assert_int_equal(tailed_batch(&m, "Softmax", 1, 2, 5, why, sizeof why), NN_OK);
    assert_int_equal(nn_model_tail(m), NN_TAIL_SOFTMAX);
    assert_int_equal(nn_model_outputs(m), 2);
    assert_int_equal(nn_model_run(m, y, x, why, sizeof why), NN_OK);
    assert_true(y[0] == 9.0f && y[1] == 25.0f);
    nn_model_free(m);
}

/* Classes that are no tail are integers, which a model does not give. */
static void test_integers_refused(void **state)
{
    (void)state;
    nn_model *m = NULL;
    const float x[6] = {1, 2, 3, 4, 5, 6};
    float y[6];
    char why[300] = "";
    assert_int_equal(tailed(&m, "ArgMax", 2, 3, why, sizeof why), NN_OK);
    assert_int_equal(nn_model_tail(m), NN_TAIL_NONE);
    assert_int_equal(nn_model_run(m, y, x, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "not float"));
    nn_model_free(m);
}

/* The tail belongs to the client: the model's outputs are the logits, run and stages end there. */
static void test_tail(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        nn_tail tail;
    } tails[] = {
        {"Softmax", NN_TAIL_SOFTMAX},
        {"LogSoftmax", NN_TAIL_LOG_SOFTMAX},
        {"ArgMax", NN_TAIL_ARG_MAX},
    };
    for (int k = 0; k < 3; k++) {
        nn_model *m = NULL;
        nn_stages stages;
        const float x[2] = {3.0f, -5.0f};
        float y[2] = {0};
        char why[300] = "";
        if (tailed(&m, tails[k].op, 1, 2, why, sizeof why) != NN_OK)
            fail_msg("%s", why);
        assert_int_equal(nn_model_tail(m), tails[k].tail);
        assert_int_equal(nn_model_outputs(m), 2);
        assert_int_equal(nn_model_run(m, y, x, NULL, 0), NN_OK);
        assert_true(y[0] == 9.0f && y[1] == 25.0f);
        if (tails[k].tail == NN_TAIL_ARG_MAX) {
            assert_int_equal(nn_tail_apply(y, tails[k].tail, y, 2), 1);
            assert_true(y[0] == 1.0f);
        }
        assert_int_equal(nn_model_stages(m, NULL, &stages, NULL, NULL, 0), NN_OK);
        assert_int_equal(stages.count, 1);
        nn_stages_clear(&stages);
        nn_model_free(m);
    }
}

/* A softmax of many vectors is no tail, and nothing that can be encrypted. */
static void test_tail_refused(void **state)
{
    (void)state;
    nn_model *m = NULL;
    nn_stages stages;
    char why[600] = "";
    assert_int_equal(tailed(&m, "Softmax", 2, 3, why, sizeof why), NN_OK);
    assert_int_equal(nn_model_tail(m), NN_TAIL_NONE);
    assert_int_equal(nn_model_stages(m, NULL, &stages, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
    if (strstr(why, "over all classes of one image") == NULL)
        fail_msg("%s", why);
    nn_model_free(m);
}

/* What cannot run is read all the same, so that polynomials can be fitted to it; its stages say
 * what is missing. */
static void test_unfitted(void **state)
{
    (void)state;
    nn_model *m = NULL;
    nn_stages stages;
    char why[600] = "";
    assert_int_equal(tailed(&m, "Relu", -1, 2, why, sizeof why), NN_OK);
    assert_int_equal(nn_model_stages(m, NULL, &stages, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_int_equal(stages.count, 0);
    assert_non_null(strstr(why, "unseen fit"));
    nn_model_free(m);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    models_bytes(&bytes, &size, 2, 1);
    for (long k = 1;; k++) {
        nn_model *m = NULL;
        nn_stages stages = {.count = 0};
        failing_from(k);
        nn_status st = nn_model_read(&m, bytes, size, NULL, 0);
        if (st == NN_OK)
            st = nn_model_stages(m, NULL, &stages, NULL, NULL, 0);
        int hit = failing_stop();
        if (!hit || st != NN_ERR_MEMORY) /* a tail may not be found without memory; here is none */
            assert_int_equal(st, NN_OK);
        nn_stages_clear(&stages);
        nn_model_free(m);
        if (!hit)
            break;
    }
    free(bytes);
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
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_tail_refused),
        cmocka_unit_test(test_fixed_batch),
        cmocka_unit_test(test_integers_refused),
        cmocka_unit_test(test_unfitted),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
