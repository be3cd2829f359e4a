/* The functions of one number against values of Python's math, and their parameters. */

#include "nn/graph/scalar.h"

#include "nn/graph.h"
#include "nn/graph/graph_data.h"

#include "tests/testing.h"

static const struct {
    nn_op op;
    double x, want;
} values[] = {
    {NN_OP_CEIL, 1.25, 2},
    {NN_OP_FLOOR, -1.25, -2},
    {NN_OP_ERF, 0.5, 0.52049987781304654},
    {NN_OP_EXP, 1, 2.7182818284590452},
    {NN_OP_GELU, 1, 0.84134474606854293},
    {NN_OP_GELU, -2, -0.045500263896358417},
    {NN_OP_HARD_SIGMOID, 1, 0.7},
    {NN_OP_HARD_SIGMOID, -3, 0},
    {NN_OP_HARD_SWISH, 1, 2.0 / 3},
    {NN_OP_HARD_SWISH, 4, 4},
    {NN_OP_HARD_SWISH, -4, 0},
    {NN_OP_LEAKY_RELU, -2, -0.02},
    {NN_OP_LEAKY_RELU, 2, 2},
    {NN_OP_LOG, 2.7182818284590452, 1},
    {NN_OP_NEG, 3, -3},
    {NN_OP_RECIPROCAL, 4, 0.25},
    {NN_OP_RELU, -1, 0},
    {NN_OP_RELU, 2, 2},
    {NN_OP_SIGMOID, 1, 0.73105857863000488},
    {NN_OP_SIGMOID, -1000, 0},
    {NN_OP_SIGMOID, 1000, 1},
    {NN_OP_SQRT, 9, 3},
    {NN_OP_SWISH, 1, 0.73105857863000488},
    {NN_OP_SWISH, -1000, 0},
    {NN_OP_TANH, 0.5, 0.46211715726000976},
};

static void test_values(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        const nn_node node = {.op = values[k].op, .name = "n", .input_count = 1};
        const nn_tensor x = {.type = NN_TYPE_FLOAT};
        const nn_tensor *in[1] = {&x};
        nn_scalar f;

        assert_true(nn_scalar_is(values[k].op));
        assert_int_equal(nn_scalar_init(&f, &node, in), NN_OK);
        /* The parameters that are left out are floats: 0.2 and 0.01 to 2^-24. */
        testing_assert_near(nn_scalar_at(&f, values[k].x), values[k].want,
                            values[k].op == NN_OP_HARD_SIGMOID || values[k].op == NN_OP_LEAKY_RELU
                                ? 4e-9
                                : 4e-16 * (1 + fabs(values[k].want)));
    }
}

static nn_graph *node_of(const char *op)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 1, 1});
    nn_graph_node(g, op, "n", (const char *const[]){"x"}, 1, "y");
    return g;
}

static double at(nn_graph *g, double x)
{
    const nn_tensor t = {.type = NN_TYPE_FLOAT};
    const nn_tensor *in[1] = {&t};
    nn_scalar f;

    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(nn_scalar_init(&f, &g->node[0], in), NN_OK);
    nn_graph_free(g);
    return nn_scalar_at(&f, x);
}

static void test_parameters(void **unused)
{
    nn_graph *g = node_of("LeakyRelu");

    (void)unused;
    nn_graph_attr_float(g, "alpha", 0.25f);
    testing_assert_near(at(g, -2), -0.5, 0);
    g = node_of("HardSigmoid");
    nn_graph_attr_float(g, "alpha", 0.25f);
    nn_graph_attr_float(g, "beta", 0.125f);
    testing_assert_near(at(g, 2), 0.625, 0);
    g = node_of("Swish");
    nn_graph_attr_float(g, "alpha", 0.5f);
    testing_assert_near(at(g, 2), 2 * 0.73105857863000488, 1e-15);
    g = node_of("Gelu");
    nn_graph_attr_text(g, "approximate", "tanh");
    testing_assert_near(at(g, 1), 0.84119199060827679, 1e-15);
    g = node_of("Gelu");
    nn_graph_attr_text(g, "approximate", "none");
    testing_assert_near(at(g, 1), 0.84134474606854293, 1e-15);
}

static void test_clip(void **unused)
{
    float low = -1, high[2] = {2, 3};
    const nn_dims scalar = {.rank = 0}, two = {1, {2}};
    const nn_tensor x = {.type = NN_TYPE_FLOAT};
    nn_tensor a, b, c;
    const nn_tensor *in[3] = {&x, NULL, NULL};
    nn_node node = {.op = NN_OP_CLIP, .name = "n", .input_count = 1};
    nn_scalar f;

    (void)unused;
    assert_int_equal(nn_tensor_borrow(&a, &scalar, &low), NN_OK);
    assert_int_equal(nn_tensor_borrow(&b, &scalar, high), NN_OK);
    assert_int_equal(nn_tensor_borrow(&c, &two, high), NN_OK);
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_OK);
    testing_assert_near(nn_scalar_at(&f, 1e30), 1e30, 0);
    node.input_count = 3;
    in[2] = &b;
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_OK);
    testing_assert_near(nn_scalar_at(&f, 1e30), 2, 0);
    testing_assert_near(nn_scalar_at(&f, -1e30), -1e30, 0);
    in[1] = &a;
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_OK);
    testing_assert_near(nn_scalar_at(&f, -1e30), -1, 0);
    testing_assert_near(nn_scalar_at(&f, 0.5), 0.5, 0);
    in[1] = &b;
    in[2] = &a; /* min above max */
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_OK);
    testing_assert_near(nn_scalar_at(&f, 7), -1, 0);
    in[1] = &c;
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_ERR_SHAPE);
    in[1] = &x;
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_ERR_UNSUPPORTED);
    node.op = NN_OP_CONV;
    assert_int_equal(nn_scalar_init(&f, &node, in), NN_ERR_UNSUPPORTED);
    assert_false(nn_scalar_is(NN_OP_CONV));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_clip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
