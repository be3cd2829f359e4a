/* The reference on examples small enough to compute by hand; larger ones come from ONNX's own node
 * tests (tests/onnx_nodes.sh). */

#include "nn/ref/ref.h"

#include "tests/failing.h"
#include "tests/networks.h"

/* Build a graph of one node over input x and constants, run it, compare. */
typedef struct sample {
    const char *op;
    nn_dims x;
    const float *data;
    size_t constants; /* further inputs */
    nn_dims shape[4];
    const float *constant[4];
    const char *key[3]; /* integer list attributes; one number is an integer */
    int64_t number[3][4];
    size_t numbers[3];
    size_t count; /* of results */
    float want[16];
} sample;

static const float nine[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, kernel[4] = {1, 0, 0, -1}, ten[1] = {10};
static const float six[6] = {1, 2, 3, 4, 5, 6}, pair[2] = {2, 3}, zeros[2] = {0, 0},
                   minus[2] = {-1, 1};
static const float var[2] = {3.99999f, 0.99999f};

static const sample samples[] = {
    {"Conv",
     {4, {1, 1, 3, 3}},
     nine,
     2,
     {{4, {1, 1, 2, 2}}, {1, {1}}},
     {kernel, ten},
     {NULL},
     {{0}},
     {0},
     4,
     {6, 6, 6, 6}},
    {"Conv",
     {4, {1, 1, 3, 3}},
     nine,
     1,
     {{4, {1, 1, 2, 2}}},
     {kernel},
     {"pads", "strides"},
     {{1, 1, 0, 0}, {2, 2}},
     {4, 2},
     4,
     {-1, -3, -7, 1 - 4 - 1}},
    {"AveragePool",
     {4, {1, 1, 3, 3}},
     nine,
     0,
     {{0}},
     {NULL},
     {"kernel_shape"},
     {{2, 2}},
     {2},
     4,
     {3, 4, 6, 7}},
    {"AveragePool",
     {4, {1, 1, 3, 3}},
     nine,
     0,
     {{0}},
     {NULL},
     {"kernel_shape", "pads", "count_include_pad"},
     {{3, 3}, {1, 1, 0, 0}, {1}},
     {2, 4, 1},
     4,
     {12.0f / 9, 21.0f / 9, 27.0f / 9, 45.0f / 9}},
    {"GlobalAveragePool", {4, {1, 2, 1, 3}}, six, 0, {{0}}, {NULL}, {NULL}, {{0}}, {0}, 2, {2, 5}},
    {"BatchNormalization",
     {2, {1, 2}},
     pair,
     4,
     {{1, {2}}, {1, {2}}, {1, {2}}, {1, {2}}},
     {pair, minus, zeros, var},
     {NULL},
     {{0}},
     {0},
     2,
     {2 * 2 / 2.0f - 1, 3 * 3 + 1}},
    {"Gemm",
     {2, {1, 2}},
     pair,
     2,
     {{2, {3, 2}}, {1, {1}}},
     {six, ten},
     {"transB"},
     {{1}},
     {1},
     3,
     {8 + 10, 18 + 10, 28 + 10}},
    {"MatMul", {2, {1, 2}}, pair, 1, {{2, {2, 3}}}, {six}, {NULL}, {{0}}, {0}, 3, {14, 19, 24}},
    {"Add", {2, {1, 2}}, pair, 1, {{2, {2, 1}}}, {minus}, {NULL}, {{0}}, {0}, 4, {1, 2, 3, 4}},
    {"Sub", {2, {1, 2}}, pair, 1, {{0}}, {ten}, {NULL}, {{0}}, {0}, 2, {-8, -7}},
    {"Mul", {2, {1, 2}}, pair, 1, {{1, {2}}}, {pair}, {NULL}, {{0}}, {0}, 2, {4, 9}},
    {"Div", {2, {1, 2}}, pair, 1, {{1, {2}}}, {minus}, {NULL}, {{0}}, {0}, 2, {-2, 3}},
    {"Pow", {2, {1, 2}}, pair, 1, {{1, {2}}}, {pair}, {NULL}, {{0}}, {0}, 2, {4, 27}},
    {"Transpose",
     {3, {1, 2, 3}},
     six,
     0,
     {{0}},
     {NULL},
     {"perm"},
     {{2, 1, 0}},
     {3},
     6,
     {1, 4, 2, 5, 3, 6}},
    {"Flatten", {3, {1, 2, 3}}, six, 0, {{0}}, {NULL}, {NULL}, {{0}}, {0}, 6, {1, 2, 3, 4, 5, 6}},
    {"Identity", {2, {1, 2}}, pair, 0, {{0}}, {NULL}, {NULL}, {{0}}, {0}, 2, {2, 3}},
    {"Dropout", {2, {1, 2}}, pair, 1, {{0}}, {ten}, {NULL}, {{0}}, {0}, 2, {2, 3}},
};

static void test_samples(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof samples / sizeof samples[0]; k++) {
        const sample *e = &samples[k];
        const char *inputs[5] = {"x", "c0", "c1", "c2", "c3"};
        float data[16];
        nn_graph *g = NULL;
        nn_tensor in, out;
        char why[300] = "";

        assert_int_equal(nn_graph_create(&g), NN_OK);
        nn_graph_input_dims(g, "x", &e->x);
        for (size_t c = 0; c < e->constants; c++)
            nn_graph_initializer(g, inputs[c + 1], e->shape[c].rank, e->shape[c].dim,
                                 e->constant[c]);
        nn_graph_node(g, e->op, "n", inputs, e->constants + 1, "y");
        for (size_t a = 0; a < 3 && e->key[a] != NULL; a++) {
            if (e->numbers[a] == 1)
                nn_graph_attr_int(g, e->key[a], e->number[a][0]);
            else
                nn_graph_attr_ints(g, e->key[a], e->number[a], e->numbers[a]);
        }
        nn_graph_output(g, "y");
        memcpy(data, e->data, sizeof(float) * (e->x.rank == 2 ? 2 : e->data == nine ? 9 : 6));
        assert_int_equal(nn_tensor_borrow(&in, &e->x, data), NN_OK);
        if (nn_ref_run(g, &in, &out, why, sizeof why) != NN_OK)
            fail_msg("%s: %s", e->op, why);
        assert_int_equal(out.count, e->count);
        for (size_t i = 0; i < out.count; i++)
            testing_assert_near(out.value[i], e->want[i], 4e-6);
        nn_tensor_clear(&out);
        nn_graph_free(g);
    }
}

static void test_reshape_and_batch(void **unused)
{
    nn_graph *g = NULL;
    nn_tensor in, out;
    const nn_dims batch = {4, {2, 3, 1, 1}}, wrong = {4, {2, 2, 1, 1}}, want = {2, {2, 3}};
    float data[6];

    (void)unused;
    memcpy(data, six, sizeof data);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){3, 1, 1});
    nn_graph_initializer_ints(g, "to", (const int64_t[]){0, -1}, 2);
    nn_graph_node(g, "Reshape", "r", (const char *const[]){"x", "to"}, 2, "y");
    nn_graph_output(g, "y");
    assert_int_equal(nn_tensor_borrow(&in, &batch, data), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &out, NULL, 0), NN_OK);
    assert_true(nn_dims_equal(&out.dims, &want));
    assert_memory_equal(out.value, six, sizeof six);
    nn_tensor_clear(&out);
    char why[200];
    assert_int_equal(nn_tensor_borrow(&in, &wrong, data), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &out, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why, "the input has dimensions (2,2,1,1), the graph wants (2,3,1,1)");
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_ERR_ARG);
    nn_graph_free(g);
}

/* Integers pass through moves and count as numbers elsewhere; a graph without inputs. */
static void test_integers(void **unused)
{
    nn_graph *g = NULL;
    nn_tensor out;
    char why[200] = "";

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_initializer_ints(g, "a", (const int64_t[]){1, 2, 3}, 3);
    nn_graph_initializer_ints(g, "to", (const int64_t[]){3, 1}, 2);
    nn_graph_node(g, "Reshape", "r", (const char *const[]){"a", "to"}, 2, "b");
    nn_graph_node(g, "Transpose", "t", (const char *const[]){"b"}, 1, "c");
    nn_graph_output(g, "c");
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_OK);
    assert_int_equal(out.type, NN_TYPE_INT64);
    assert_true(out.number[2] == 3 && out.dims.dim[1] == 3);
    nn_tensor_clear(&out);
    g->output_count = 0;
    nn_graph_node(g, "Add", "s", (const char *const[]){"c", "c"}, 2, "d");
    nn_graph_output(g, "d");
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_OK);
    assert_int_equal(out.type, NN_TYPE_INT64);
    assert_true(out.number[2] == 6);
    nn_tensor_clear(&out);
    g->output_count = 0;
    nn_graph_node(g, "MatMul", "m", (const char *const[]){"c", "b"}, 2, "e");
    nn_graph_output(g, "e");
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_string_equal(why, "MatMul 'm': input 1 is not float");
    nn_graph_free(g);
}

static void test_refused(void **unused)
{
    nn_graph *g = NULL;
    nn_tensor out;
    char why[200] = "";

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 1, 1});
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_ERR_ARG);
    assert_string_equal(why, "the graph has no output");
    nn_graph_output(g, "x");
    nn_graph_input(g, "x2", (nn_shape){1, 1, 1});
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_ERR_UNSUPPORTED);
    nn_graph_output(g, "nothing");
    assert_int_equal(nn_ref_run(g, NULL, &out, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "nothing"));
    assert_int_equal(out.count, 0);
    nn_graph_free(g);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;
    nn_tensor in, out;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = networks_random(&rng);
    networks_image(&in, g, &rng);
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_ref_run(g, &in, &out, NULL, 0);
        int hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (hit)
            assert_null(out.value);
        nn_tensor_clear(&out);
        if (!hit)
            break;
    }
    nn_tensor_clear(&in);
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_reshape_and_batch),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
