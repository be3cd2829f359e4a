/* Chains that vanish, forms that become others, and what is left alone. */

#include "nn/onnx/fold.h"

#include "nn/graph/graph_data.h"
#include "nn/graph/op_rule.h"
#include "nn/onnx/onnx_form.h"
#include "nn/ref/ref.h"

#include "tests/failing.h"
#include "tests/testing.h"

static nn_graph *start(size_t rank, const size_t *dims)
{
    nn_graph *g = NULL;
    nn_dims d = nn_dims_make(rank, dims);

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &d);
    return g;
}

static void ints(nn_graph *g, const char *name, int64_t a, int64_t b, size_t count)
{
    const int64_t numbers[2] = {a, b};

    nn_graph_initializer_ints(g, name, numbers, count);
}

static void node(nn_graph *g, const char *op, const char *a, const char *b, const char *c,
                 const char *made)
{
    const char *const inputs[3] = {a, b, c};

    nn_graph_node(g, op, made, inputs, b == NULL ? 1 : c == NULL ? 2 : 3, made);
}

static void finish(nn_graph *g, const char *output)
{
    char why[300] = "";

    nn_graph_output(g, output);
    if (nn_fold(g, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* view(x.size(0), -1) as it is traced: Shape, Gather, Unsqueeze, Concat, Reshape. */
static nn_graph *flattened(const char *reshaped)
{
    nn_graph *g = start(4, (const size_t[]){0, 2, 3, 3});

    node(g, "Shape", "x", NULL, NULL, "shape");
    ints(g, "zero", 0, 0, 1);
    ints(g, "open", -1, 0, 1);
    node(g, "Gather", "shape", "zero", NULL, "size");
    node(g, "Squeeze", "size", NULL, NULL, "scalar");
    node(g, "Unsqueeze", "scalar", "zero", NULL, "list");
    node(g, "Concat", "list", "open", NULL, "sizes");
    nn_graph_attr_int(g, "axis", 0);
    node(g, "Relu", "x", NULL, NULL, "r");
    node(g, "Reshape", reshaped, "sizes", NULL, "y");
    nn_graph_output(g, "y");
    return g;
}

static void test_view(void **unused)
{
    nn_graph *g = flattened("r");
    float image[36];
    nn_dims dims = {4, {2, 2, 3, 3}};
    nn_tensor in, out;
    char why[200] = "";

    (void)unused;
    assert_int_equal(nn_fold(g, why, sizeof why), NN_OK);
    assert_int_equal(g->node_count, 2);
    assert_int_equal(g->node[0].op, NN_OP_RELU);
    assert_int_equal(g->node[1].op, NN_OP_RESHAPE);
    assert_int_equal(g->value_count, 4); /* x, r, the list, y */
    const nn_tensor *list = &g->value[g->node[1].input[1]].constant;
    assert_true(list->count == 2 && list->number[0] == 0 && list->number[1] == -1);
    for (size_t k = 0; k < 36; k++)
        image[k] = (float)k;
    assert_int_equal(nn_tensor_borrow(&in, &dims, image), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &out, why, sizeof why), NN_OK); /* two images */
    assert_true(out.dims.rank == 2 && out.dims.dim[0] == 2 && out.dims.dim[1] == 18);
    nn_tensor_clear(&out);
    size_t values = g->value_count;
    assert_int_equal(nn_fold(g, why, sizeof why), NN_OK);
    assert_int_equal(g->value_count, values); /* nothing more to do */
    nn_graph_free(g);
}

/* Zeros that are meant as such stay, and so does a list that says another size. */
static void test_lists_that_stay(void **unused)
{
    static const size_t empty[3] = {2, 3, 4};

    (void)unused;
    for (int k = 0; k < 2; k++) {
        nn_graph *g = start(3, empty);
        const int64_t list[3] = {k == 0 ? 2 : 6, k == 0 ? 0 : -1, 12};
        nn_graph_initializer_ints(g, "list", list, k == 0 ? 3 : 2);
        node(g, "Reshape", "x", "list", NULL, "y");
        if (k == 0)
            nn_graph_attr_int(g, "allowzero", 1);
        finish(g, "y");
        assert_true(g->value[g->node[0].input[1]].constant.number[0] == (k == 0 ? 2 : 6));
        nn_graph_free(g);
    }
    nn_graph *g = start(3, empty);
    nn_graph_initializer_ints(g, "list", (const int64_t[]){2, -1}, 2);
    node(g, "Reshape", "x", "list", NULL, "y");
    nn_graph_attr_int(g, "allowzero", 1); /* without zeros it does not matter */
    finish(g, "y");
    assert_true(g->value[g->node[0].input[1]].constant.number[0] == 0);
    assert_null(nn_node_attr(&g->node[0], "allowzero", NN_ATTR_INT));
    nn_graph_free(g);
}

/* Weights that are transposed, scaled, reshaped before they are used. */
static void test_weights(void **unused)
{
    nn_graph *g = start(2, (const size_t[]){1, 3});
    const float six[6] = {1, 2, 3, 4, 5, 6};

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 3}, six);
    nn_graph_initializer(g, "two", 0, NULL, (const float[]){2});
    node(g, "Transpose", "w", NULL, NULL, "t");
    node(g, "Mul", "t", "two", NULL, "s");
    node(g, "Sqrt", "s", NULL, NULL, "q");
    node(g, "MatMul", "x", "q", NULL, "y");
    finish(g, "y");
    assert_int_equal(g->node_count, 1);
    const nn_tensor *q = &g->value[g->node[0].input[1]].constant;
    assert_true(q->dims.dim[0] == 3 && q->dims.dim[1] == 2);
    testing_assert_near(q->value[1], sqrt(8), 1e-6);
    nn_graph_free(g);
}

static void test_forms(void **unused)
{
    nn_graph *g = start(4, (const size_t[]){0, 4, 3, 3});
    const float three = 3;
    static const nn_op want[] = {NN_OP_SLICE,
                                 NN_OP_MUL,
                                 NN_OP_CLIP,
                                 NN_OP_CLIP,
                                 NN_OP_ADD,
                                 NN_OP_IDENTITY,
                                 NN_OP_GLOBAL_AVERAGE_POOL};

    (void)unused;
    nn_graph_initializer(g, "three", 1, (const size_t[]){1}, &three);
    nn_graph_initializer_ints(g, "axes", (const int64_t[]){-1, 2}, 2);
    node(g, "Split", "x", NULL, NULL, "half");
    nn_graph_attr_int(g, "axis", 1);
    nn_graph_attr_int(g, NN_OP_PART, 1);
    nn_graph_attr_int(g, NN_OP_PARTS, 2);
    node(g, "Neg", "half", NULL, NULL, "minus");
    node(g, "Max", "three", "minus", NULL, "max");
    node(g, "Min", "max", "three", NULL, "min");
    node(g, "Sum", "min", "half", NULL, "sum");
    node(g, "Cast", "sum", NULL, NULL, "cast");
    nn_graph_attr_int(g, "to", 1);
    node(g, "ReduceMean", "cast", "axes", NULL, "y");
    finish(g, "y");
    assert_int_equal(g->node_count, sizeof want / sizeof want[0]);
    for (size_t n = 0; n < g->node_count; n++)
        assert_int_equal(g->node[n].op, want[n]);
    assert_int_equal(g->node[2].input_count, 2);
    assert_true(g->node[3].input[1] == NN_VALUE_NONE);
    float image[36], first = 0;
    nn_dims dims = {4, {1, 4, 3, 3}};
    nn_tensor in, out;
    for (size_t k = 0; k < 36; k++) {
        image[k] = (float)k - 25;
        if (k >= 18 && k < 27) /* channel 2: max(3, -v) cut at 3, plus v */
            first += (3 + image[k]) / 9;
    }
    assert_int_equal(nn_tensor_borrow(&in, &dims, image), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &out, NULL, 0), NN_OK);
    assert_int_equal(out.count, 2);
    testing_assert_near(out.value[0], first, 1e-5);
    nn_tensor_clear(&out);
    nn_graph_free(g);
}

static void test_softmax(void **unused)
{
    (void)unused;
    for (size_t rank = 2; rank <= 3; rank++) {
        nn_graph *g = start(rank, (const size_t[]){1, 4, 3});
        node(g, "Softmax", "x", NULL, NULL, "y");
        nn_graph_attr_int(g, "axis", 1);
        nn_graph_attr_int(g, NN_OP_COERCED, 1);
        finish(g, "y");
        assert_int_equal(nn_node_int(&g->node[0], NN_OP_COERCED, 0), rank == 2 ? 0 : 1);
        nn_graph_free(g);
    }
}

/* What does not fit stays, and running it says why; what is behind it is left alone. */
static void test_misfit(void **unused)
{
    nn_graph *g = start(2, (const size_t[]){1, 3});
    nn_tensor in, out;
    float x[3] = {1, 2, 3};
    nn_dims dims = {2, {1, 3}};
    char why[200] = "";

    (void)unused;
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, x);
    nn_graph_initializer(g, "v", 1, (const size_t[]){3}, x);
    node(g, "Add", "w", "v", NULL, "bad"); /* constants that do not fit */
    node(g, "Add", "x", "bad", NULL, "worse");
    node(g, "Shape", "worse", NULL, NULL, "shape");
    node(g, "Reshape", "x", "shape", NULL, "y");
    finish(g, "y");
    assert_int_equal(g->node_count, 4);
    assert_int_equal(nn_tensor_borrow(&in, &dims, x), NN_OK);
    assert_int_equal(nn_ref_run(g, &in, &out, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why, "Add 'bad': shapes (2) and (3)");
    nn_graph_free(g);
}

/* A few bytes do not become a billion. */
static void test_bombs(void **unused)
{
    nn_graph *g = start(2, (const size_t[]){1, 3});

    (void)unused;
    ints(g, "sizes", 1 << 14, 1 << 14, 2);
    node(g, "ConstantOfShape", "sizes", NULL, NULL, "big");
    ints(g, "half", 1 << 12, 1 << 12, 2);
    node(g, "ConstantOfShape", "half", NULL, NULL, "square");
    node(g, "MatMul", "square", "square", NULL, "slow");
    node(g, "Add", "slow", "x", NULL, "y");
    node(g, "Add", "big", "x", NULL, "z");
    nn_graph_output(g, "z");
    finish(g, "y");
    assert_int_equal(g->value[nn_graph_find(g, "big")].kind, NN_VALUE_NODE);
    assert_int_equal(g->value[nn_graph_find(g, "square")].kind, NN_VALUE_CONSTANT);
    assert_int_equal(g->value[nn_graph_find(g, "slow")].kind, NN_VALUE_NODE);
    nn_graph_free(g);
}

static void test_failed_graph(void **unused)
{
    nn_graph *g = start(2, (const size_t[]){1, 3});
    char why[200] = "";

    (void)unused;
    node(g, "Nothing", "x", NULL, NULL, "y");
    assert_int_equal(nn_fold(g, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "Nothing"));
    nn_graph_free(g);
}

static void test_failing_allocations(void **unused)
{
    (void)unused;
    for (long k = 1;; k++) {
        nn_graph *g = flattened("x");
        failing_from(k);
        nn_status st = nn_fold(g, NULL, 0);
        int hit = failing_stop();
        nn_graph_free(g);
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_lists_that_stay),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_misfit),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_failed_graph),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
