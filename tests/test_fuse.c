/* Trees that exporters write for activations become them, and trees that only look so do not. */

#include "nn/onnx/fuse.h"

#include "nn/graph.h"
#include "nn/graph/scalar.h"
#include "nn/onnx/fold.h"

#include "tests/testing.h"

/* A tree in postfix: "x" pushes the input, a number pushes a constant, a capital word with its
 * number of operands combines: "x x Sigmoid1 Mul2". */
static nn_graph *tree(const char *text)
{
    nn_graph *g = NULL;
    char stack[16][24], word[24];
    size_t depth = 0;
    nn_dims dims = {2, {0, 5}};

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &dims);
    for (int used, serial = 0; sscanf(text, "%23s%n", word, &used) == 1; text += used, serial++) {
        char name[24];
        (void)snprintf(name, sizeof name, "v%d", serial);
        if (strcmp(word, "x") == 0) {
            strcpy(stack[depth++], "x");
        } else if (word[0] >= 'A' && word[0] <= 'Z') {
            size_t count = (size_t)(word[strlen(word) - 1] - '0');
            const char *inputs[4];
            word[strlen(word) - 1] = '\0';
            depth -= count;
            for (size_t k = 0; k < count; k++)
                inputs[k] = stack[depth + k];
            nn_graph_node(g, word, name, inputs, count, name);
            if (strcmp(word, "HardSigmoid") == 0)
                nn_graph_attr_float(g, "alpha", 1.0f / 6);
            strcpy(stack[depth++], name);
        } else {
            const float number = (float)atof(word);
            nn_graph_initializer(g, name, 0, NULL, &number);
            strcpy(stack[depth++], name);
        }
    }
    assert_int_equal(depth, 1);
    nn_graph_output(g, stack[0]);
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    return g;
}

static const struct {
    const char *text;
    nn_op op;
    double alpha, beta;
    int tanh;
} known[] = {
    {"x x Sigmoid1 Mul2", NN_OP_SWISH, 1, 0, 0},
    {"x Sigmoid1 x Mul2", NN_OP_SWISH, 1, 0, 0},
    {"x x 1.702 Mul2 Sigmoid1 Mul2", NN_OP_SWISH, 1.702, 0, 0},
    {"x 1 x Neg1 Exp1 Add2 Div2", NN_OP_SWISH, 1, 0, 0},
    {"1 1 x Neg1 Exp1 Add2 Div2", NN_OP_SIGMOID, 0, 0, 0},
    {"1 x Neg1 Exp1 Add2 Reciprocal1", NN_OP_SIGMOID, 0, 0, 0},
    {"x 2 Mul2 Sigmoid1 2 Mul2 1 Sub2", NN_OP_TANH, 0, 0, 0},
    {"x x HardSigmoid1 Mul2", NN_OP_HARD_SWISH, 0, 0, 0},
    {"x x 3 Add2 0 6 Clip3 Mul2 6 Div2", NN_OP_HARD_SWISH, 0, 0, 0},
    {"x x 3 Add2 0 6 Clip3 6 Div2 Mul2", NN_OP_HARD_SWISH, 0, 0, 0},
    {"x 3 Add2 0 6 Clip3 6 Div2", NN_OP_HARD_SIGMOID, 1.0 / 6, 0.5, 0},
    {"x x 1.41421356 Div2 Erf1 1 Add2 Mul2 0.5 Mul2", NN_OP_GELU, 0, 0, 0},
    {"0.5 x Mul2 1 x 0.70710678 Mul2 Erf1 Add2 Mul2", NN_OP_GELU, 0, 0, 0},
    {"0.5 x Mul2 x x 3 Pow2 0.044715 Mul2 Add2 0.79788456 Mul2 Tanh1 1 Add2 Mul2", NN_OP_GELU, 0, 0,
     1},
    {"x Relu1 6 Min2", NN_OP_CLIP, 0, 6, 0},
    {"x -1 Max2 1 Min2", NN_OP_CLIP, -1, 1, 0},
    {"x Relu1 x Neg1 Relu1 0.1 Mul2 Sub2", NN_OP_LEAKY_RELU, 0.1, 0, 0},
};

static void test_known(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        nn_graph *g = tree(known[k].text);
        nn_scalar f;
        const nn_tensor x = {.type = NN_TYPE_FLOAT};
        const nn_tensor *in[3] = {&x, NULL, NULL};

        assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
        if (g->node_count != 1 || g->node[0].op != known[k].op)
            fail_msg("%s: %zu nodes, the last is %s", known[k].text, g->node_count,
                     nn_node_op_name(g->node[g->node_count - 1].op));
        for (size_t i = 1; i < g->node[0].input_count; i++)
            in[i] = &g->value[g->node[0].input[i]].constant;
        assert_int_equal(nn_scalar_init(&f, &g->node[0], in), NN_OK);
        testing_assert_near(f.alpha, known[k].alpha, 1e-6);
        testing_assert_near(f.beta, known[k].beta, 1e-6);
        assert_int_equal(f.tanh, known[k].tanh);
        nn_graph_free(g);
    }
}

/* The op that is left at the end. */
static const struct {
    const char *text;
    nn_op op;
} other[] = {
    {"x x Mul2", NN_OP_MUL},          /* a polynomial */
    {"x 0.5 Mul2", NN_OP_MUL},        /* a Swish of alpha 0 */
    {"x Sigmoid1 2 Mul2", NN_OP_MUL}, /* twice a Sigmoid */
    {"x x Tanh1 Mul2", NN_OP_MUL},    /* another gate */
    {"x x 3 Add2 0 7 Clip3 Mul2 6 Div2", NN_OP_DIV},
    {"x Exp1 1 Add2", NN_OP_ADD},
    {"x Relu1 x Add2", NN_OP_ADD},
    {"x Sigmoid1", NN_OP_SIGMOID},
    {"x 0 6 Clip3", NN_OP_CLIP},
};

static void test_other(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof other / sizeof other[0]; k++) {
        nn_graph *g = tree(other[k].text);
        size_t nodes = g->node_count;

        assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
        assert_int_equal(g->node_count, nodes);
        if (g->node[nodes - 1].op != other[k].op)
            fail_msg("%s: became %s", other[k].text, nn_node_op_name(g->node[nodes - 1].op));
        nn_graph_free(g);
    }
}

/* A gate per channel is not one number. */
static void test_constants_of_several(void **unused)
{
    nn_graph *g = NULL;
    const float five[5] = {1, 1, 1, 1, 1};
    nn_dims dims = {2, {0, 5}};

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &dims);
    nn_graph_initializer(g, "c", 1, (const size_t[]){5}, five);
    nn_graph_node(g, "Mul", "m", (const char *const[]){"x", "c"}, 2, "m");
    nn_graph_node(g, "Sigmoid", "s", (const char *const[]){"m"}, 1, "s");
    nn_graph_node(g, "Mul", "y", (const char *const[]){"x", "s"}, 2, "y");
    nn_graph_output(g, "y");
    assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
    assert_int_equal(g->node_count, 3);
    nn_graph_free(g);
}

/* ---- pads ---- */

static nn_graph *padded(const char *op, const int64_t pads[8], float fill, int include)
{
    nn_graph *g = NULL;
    static const float kernel[4] = {1, 2, 3, 4};

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 4, 4});
    nn_graph_initializer_ints(g, "pads", pads, 8);
    nn_graph_initializer(g, "fill", 0, NULL, &fill);
    nn_graph_initializer(g, "w", 4, (const size_t[]){1, 1, 2, 2}, kernel);
    nn_graph_node(g, "Pad", "p", (const char *const[]){"x", "pads", "fill"}, 3, "p");
    nn_graph_node(g, op, "y", (const char *const[]){"p", "w"}, strcmp(op, "Conv") == 0 ? 2 : 1,
                  "y");
    nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){2, 2}, 2);
    nn_graph_attr_ints(g, "pads", (const int64_t[]){0, 1, 0, 0}, include < 0 ? 0 : 4);
    if (include < 0)
        g->node[1].attr_count--; /* none of its own */
    if (include > 0)
        nn_graph_attr_int(g, "count_include_pad", 1);
    nn_graph_output(g, "y");
    assert_int_equal(nn_graph_status(g), NN_OK);
    return g;
}

static void test_pads(void **unused)
{
    static const struct {
        const char *op;
        int64_t pads[8];
        float fill;
        int include;
        size_t nodes;
        int64_t want[4];
    } cases[] = {
        {"Conv", {0, 0, 1, 2, 0, 0, 3, 0}, 0, 0, 1, {1, 3, 3, 0}},
        {"AveragePool", {0, 0, 1, 1, 0, 0, 1, 0}, 0, 1, 1, {1, 2, 1, 0}},
        {"AveragePool", {0, 0, 1, 1, 0, 0, 1, 0}, 0, 0, 2, {0, 1, 0, 0}}, /* counts otherwise */
        {"Conv", {0, 0, 1, 2, 0, 0, 3, 0}, 1, 0, 2, {0, 1, 0, 0}},        /* not zero */
        {"Conv", {0, 0, -1, 2, 0, 0, 3, 0}, 0, 0, 2, {0, 1, 0, 0}},       /* cuts */
        {"MaxPool", {0, 0, 1, 1, 0, 0, 1, 0}, 0, 0, 2, {0, 1, 0, 0}},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        nn_graph *g = padded(cases[k].op, cases[k].pads, cases[k].fill, cases[k].include);
        assert_int_equal(nn_fold(g, NULL, 0), NN_OK);
        assert_int_equal(g->node_count, cases[k].nodes);
        const nn_attr *attr = nn_node_attr(&g->node[g->node_count - 1], "pads", NN_ATTR_INTS);
        for (size_t i = 0; i < 4; i++)
            assert_true(attr->numbers[i] == cases[k].want[i]);
        nn_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_other),
        cmocka_unit_test(test_constants_of_several),
        cmocka_unit_test(test_pads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
