/* Nodes of older operator sets in the form of the newest. */

#include "nn/onnx/onnx_form.h"

#include "nn/graph/infer.h"
#include "nn/graph/op_rule.h"

#include "tests/failing.h"
#include "tests/testing.h"

static nn_graph *fresh(void)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){2, 4, 4});
    return g;
}

static char *text(const char *from)
{
    size_t size = strlen(from) + 1;
    char *copy = malloc(size);

    assert_non_null(copy);
    memcpy(copy, from, size);
    return copy;
}

/* A draft with inputs x and outputs y, y1, ... */
static nn_onnx_draft draft(const char *op, size_t inputs, size_t outputs)
{
    nn_onnx_draft d = {.op = text(op), .inputs = inputs, .outputs = outputs};
    char name[8];

    for (size_t k = 0; k < inputs; k++)
        d.input[k] = text("x");
    for (size_t k = 0; k < outputs; k++) {
        (void)snprintf(name, sizeof name, k == 0 ? "y" : "y%zu", k);
        d.output[k] = text(name);
    }
    return d;
}

static void put_int(nn_onnx_draft *d, const char *key, int64_t number)
{
    d->attr[d->attrs++] = (nn_attr){.type = NN_ATTR_INT, .key = text(key), .number = number};
}

static void put_float(nn_onnx_draft *d, const char *key, float value)
{
    d->attr[d->attrs++] = (nn_attr){.type = NN_ATTR_FLOAT, .key = text(key), .real = value};
}

static void put_ints(nn_onnx_draft *d, const char *key, int64_t a, int64_t b)
{
    nn_attr attr = {.type = NN_ATTR_INTS, .key = text(key), .count = 2};

    attr.numbers = malloc(2 * sizeof *attr.numbers);
    assert_non_null(attr.numbers);
    attr.numbers[0] = a;
    attr.numbers[1] = b;
    d->attr[d->attrs++] = attr;
}

static nn_graph *formed(nn_onnx_draft *d, uint64_t opset)
{
    nn_graph *g = fresh();

    if (nn_onnx_form(g, d, opset) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    nn_onnx_draft_clear(d);
    return g;
}

static const nn_tensor *constant(const nn_graph *g, size_t input)
{
    const nn_node *node = &g->node[g->node_count - 1];

    assert_true(node->input_count > input && node->input[input] != NN_VALUE_NONE);
    return &g->value[node->input[input]].constant;
}

static void test_moved(void **unused)
{
    nn_onnx_draft d = draft("Clip", 1, 1);

    (void)unused;
    put_float(&d, "max", 6);
    nn_graph *g = formed(&d, 7);
    testing_assert_near(constant(g, 2)->value[0], 6, 0);
    assert_true(g->node[0].input[1] == NN_VALUE_NONE);
    assert_int_equal(g->node[0].attr_count, 0);
    nn_graph_free(g);

    d = draft("Slice", 1, 1);
    put_ints(&d, "axes", 2, 3);
    put_ints(&d, "ends", 3, -1);
    put_ints(&d, "starts", 1, 0);
    g = formed(&d, 9);
    assert_int_equal(constant(g, 1)->number[0], 1);
    assert_int_equal(constant(g, 2)->number[1], -1);
    assert_int_equal(constant(g, 3)->number[0], 2);
    nn_graph_free(g);

    d = draft("Unsqueeze", 1, 1);
    put_ints(&d, "axes", 0, 1);
    g = formed(&d, 11);
    assert_int_equal(constant(g, 1)->count, 2);
    nn_graph_free(g);
}

static void test_both(void **unused)
{
    nn_graph *g = fresh();
    nn_onnx_draft d = draft("Unsqueeze", 2, 1);

    (void)unused;
    put_ints(&d, "axes", 0, 1);
    assert_int_equal(nn_onnx_form(g, &d, 11), NN_ERR_ARG);
    assert_non_null(strstr(nn_graph_error(g), "'axes' as attribute and as input"));
    nn_onnx_draft_clear(&d);
    nn_graph_free(g);
}

static void test_idle(void **unused)
{
    nn_onnx_draft d = draft("Dropout", 1, 1);

    (void)unused;
    put_float(&d, "ratio", 0.5f);
    put_int(&d, "seed", 1);
    nn_graph *g = formed(&d, 7);
    assert_int_equal(g->node[0].attr_count, 0);
    nn_graph_free(g);
    d = draft("BatchNormalization", 5, 1);
    put_int(&d, "spatial", 1);
    put_int(&d, "training_mode", 1); /* to be refused by its shape */
    g = formed(&d, 15);
    assert_int_equal(g->node[0].attr_count, 1);
    nn_graph_free(g);
}

static void test_split(void **unused)
{
    nn_onnx_draft d = draft("Split", 1, 3);
    nn_dims dims[8];

    (void)unused;
    put_int(&d, "axis", 3);
    put_int(&d, "num_outputs", 3);
    d.output[1][0] = '\0'; /* nobody wants it */
    nn_graph *g = formed(&d, 18);
    assert_int_equal(g->node_count, 2);
    assert_int_equal(nn_infer_dims(dims, g, 1, NULL, 0), NN_OK);
    assert_int_equal(dims[g->node[0].output].dim[3], 2);
    assert_int_equal(dims[g->node[1].output].dim[3], 0); /* 2 + 2 + 0 */
    nn_graph_free(g);
}

static void test_sum(void **unused)
{
    (void)unused;
    for (size_t inputs = 1; inputs < 5; inputs++) {
        nn_onnx_draft d = draft("Sum", inputs, 1);
        nn_graph *g = formed(&d, 13);
        assert_int_equal(g->node_count, inputs < 3 ? 1 : inputs - 1);
        assert_string_equal(g->node[g->node_count - 1].makes, "y");
        assert_int_equal(g->node[0].op, inputs < 3 ? NN_OP_SUM : NN_OP_ADD);
        nn_graph_free(g);
    }
}

static void test_softmax(void **unused)
{
    (void)unused;
    for (uint64_t opset = 12; opset <= 13; opset++) {
        nn_onnx_draft d = draft("LogSoftmax", 1, 1);
        nn_graph *g = formed(&d, opset);
        assert_int_equal(nn_node_int(&g->node[0], "axis", -9), opset < 13 ? 1 : -9);
        assert_int_equal(nn_node_int(&g->node[0], NN_OP_COERCED, 0), opset < 13);
        nn_graph_free(g);
    }
}

static void test_name(void **unused)
{
    nn_onnx_draft d = draft("Relu", 1, 1);

    (void)unused;
    assert_string_equal(nn_onnx_draft_name(&d), "y");
    d.name = text("");
    assert_string_equal(nn_onnx_draft_name(&d), "y");
    d.name[0] = '\0';
    free(d.name);
    d.name = text("act");
    assert_string_equal(nn_onnx_draft_name(&d), "act");
    nn_onnx_draft_clear(&d);
    assert_string_equal(nn_onnx_draft_name(&d), "");
}

static void test_failing_allocations(void **unused)
{
    (void)unused;
    for (long k = 1;; k++) {
        nn_graph *g = fresh();
        nn_onnx_draft d = draft("Clip", 1, 1);
        put_float(&d, "max", 6);
        put_ints(&d, "list", 1, 2);
        failing_from(k);
        nn_status st = nn_onnx_form(g, &d, 7);
        int hit = failing_stop();
        nn_onnx_draft_clear(&d);
        nn_graph_free(g);
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moved), cmocka_unit_test(test_both),
        cmocka_unit_test(test_idle),  cmocka_unit_test(test_split),
        cmocka_unit_test(test_sum),   cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_name),  cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
