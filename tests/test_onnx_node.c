/* Nodes and attributes from bytes: every kind of attribute, every form of Constant, damage. */

#include "nn/onnx/onnx_node.h"

#include "nn/graph/graph_data.h"

#include "tests/onnx_bytes.h"

static nn_graph *fresh(void)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 2, 2});
    return g;
}

/* Read a node into a graph; clears the bytes. */
static nn_status read(nn_graph *g, nn_onnx_buffer *n, char *why, size_t why_size)
{
    nn_status st = nn_onnx_node_read(g, (nn_onnx_cursor){n->bytes, n->size}, 13, why, why_size);

    nn_onnx_buffer_clear(n);
    return st;
}

static void put(nn_onnx_buffer *node, nn_onnx_buffer a)
{
    nn_onnx_put_message(node, 5, &a);
}

static void test_attributes(void **unused)
{
    nn_onnx_buffer n = onnx_bytes_node("Gemm", "g", "x", "x", NULL, "y"), a;
    static const uint8_t packed[3] = {1, 2, 3};
    nn_graph *g = fresh();
    char why[300] = "";

    (void)unused;
    a = onnx_bytes_attr("transA", 2);
    nn_onnx_put_varint(&a, 3, (uint64_t)-5);
    put(&n, a);
    a = onnx_bytes_attr("alpha", 1);
    nn_onnx_put_fixed32(&a, 2, 0x3f000000);
    put(&n, a);
    a = onnx_bytes_attr("mode", 3);
    nn_onnx_put_text(&a, 4, "some text");
    put(&n, a);
    a = onnx_bytes_attr("packed", 7);
    nn_onnx_put_bytes(&a, 8, packed, 3);
    put(&n, a);
    a = onnx_bytes_attr("loose", 7);
    nn_onnx_put_varint(&a, 8, 4);
    nn_onnx_put_bytes(&a, 8, packed, 2);
    put(&n, a);
    a = onnx_bytes_attr("untyped", 0); /* as files before IR version 3 */
    nn_onnx_put_varint(&a, 3, 9);
    put(&n, a);
    nn_onnx_put_text(&n, 6, "a comment that is skipped");
    if (read(g, &n, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    const nn_node *node = &g->node[0];
    assert_int_equal(node->attr_count, 6);
    assert_int_equal(nn_node_int(node, "transA", 0), -5);
    testing_assert_near(nn_node_float(node, "alpha", 1), 0.5, 0);
    assert_string_equal(nn_node_text(node, "mode", ""), "some text");
    assert_int_equal(nn_node_attr(node, "packed", NN_ATTR_INTS)->count, 3);
    assert_int_equal(nn_node_attr(node, "loose", NN_ATTR_INTS)->count, 3);
    assert_int_equal(nn_node_attr(node, "loose", NN_ATTR_INTS)->numbers[0], 4);
    assert_int_equal(nn_node_attr(node, "loose", NN_ATTR_INTS)->numbers[2], 2);
    assert_int_equal(nn_node_int(node, "untyped", 0), 9);
    nn_graph_free(g);
}

/* Constant nodes with each attribute that may hold the value. */
static void test_constants(void **unused)
{
    nn_graph *g = fresh();
    nn_onnx_buffer n, a, t = {.bytes = NULL};
    char why[300] = "";

    (void)unused;
    n = onnx_bytes_node("Constant", NULL, NULL, NULL, NULL, "a");
    a = onnx_bytes_attr("value", 4);
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_fixed32(&t, 4, 0x40000000);
    nn_onnx_put_message(&a, 5, &t);
    put(&n, a);
    assert_int_equal(read(g, &n, why, sizeof why), NN_OK);
    testing_assert_near(g->value[nn_graph_find(g, "a")].constant.value[0], 2, 0);

    n = onnx_bytes_node("Constant", NULL, NULL, NULL, NULL, "b");
    a = onnx_bytes_attr("value_float", 1);
    nn_onnx_put_fixed32(&a, 2, 0x3f000000);
    put(&n, a);
    assert_int_equal(read(g, &n, why, sizeof why), NN_OK);
    testing_assert_near(g->value[nn_graph_find(g, "b")].constant.value[0], 0.5, 0);

    n = onnx_bytes_node("Constant", NULL, NULL, NULL, NULL, "c");
    a = onnx_bytes_attr("value_floats", 6);
    nn_onnx_put_fixed32(&a, 7, 0x3f000000);
    nn_onnx_put_fixed32(&a, 7, 0x40000000);
    put(&n, a);
    assert_int_equal(read(g, &n, why, sizeof why), NN_OK);
    assert_int_equal(g->value[nn_graph_find(g, "c")].constant.count, 2);

    n = onnx_bytes_node("Constant", NULL, NULL, NULL, NULL, "d");
    a = onnx_bytes_attr("value_int", 2);
    nn_onnx_put_varint(&a, 3, 7);
    put(&n, a);
    assert_int_equal(read(g, &n, why, sizeof why), NN_OK);
    assert_true(g->value[nn_graph_find(g, "d")].constant.number[0] == 7);

    n = onnx_bytes_node("Constant", NULL, NULL, NULL, NULL, "e");
    a = onnx_bytes_attr("value_ints", 7);
    nn_onnx_put_varint(&a, 8, (uint64_t)-1);
    put(&n, a);
    assert_int_equal(read(g, &n, why, sizeof why), NN_OK);
    assert_true(g->value[nn_graph_find(g, "e")].constant.number[0] == -1);
    nn_graph_free(g);
}

static void refuse(nn_onnx_buffer n, nn_status status, const char *text)
{
    nn_graph *g = fresh();
    char why[300] = "";

    assert_int_equal(read(g, &n, why, sizeof why), status);
    if (strstr(why, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, why);
    nn_graph_free(g);
}

static void test_refused(void **unused)
{
    nn_onnx_buffer n, a, t = {.bytes = NULL};

    (void)unused;
    refuse(onnx_bytes_node(NULL, "n", "x", NULL, NULL, "y"), NN_ERR_FORMAT, "a node is damaged");
    refuse(onnx_bytes_node("Identity", "n", "x", NULL, NULL, NULL), NN_ERR_FORMAT,
           "Identity 'n' is damaged");
    refuse(onnx_bytes_node("Identity", "n", "z", NULL, NULL, "y"), NN_ERR_FORMAT,
           "no value 'z' before it");
    refuse(onnx_bytes_node("Identity", "n", "x", NULL, NULL, "x"), NN_ERR_FORMAT, "two values");
    refuse(onnx_bytes_node("Constant", "n", NULL, NULL, NULL, "y"), NN_ERR_FORMAT,
           "holds no value");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    for (int k = 0; k < 20; k++)
        nn_onnx_put_text(&n, 1, "x");
    refuse(n, NN_ERR_FORMAT, "21 inputs, 1 to 1 are wanted");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    for (int k = 0; k < NN_NODE_INPUTS_MAX; k++)
        nn_onnx_put_text(&n, 1, "x");
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    nn_onnx_put_varint(&n, 5, 3); /* an attribute that is no message */
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    nn_onnx_put_bytes(&n, 5, "", 0); /* an attribute without a name */
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    a = onnx_bytes_attr("ints", 7);
    nn_onnx_put_fixed32(&a, 8, 1); /* the wrong kind of number */
    put(&n, a);
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    put(&n, onnx_bytes_attr("twice", 2));
    put(&n, onnx_bytes_attr("twice", 2));
    refuse(n, NN_ERR_FORMAT, "two attributes");
    n = onnx_bytes_node("Identity", "n", "x", NULL, NULL, "y");
    put(&n, onnx_bytes_attr("text", 3)); /* says text and has none */
    refuse(n, NN_ERR_FORMAT, "damaged");

    n = onnx_bytes_node("Constant", "n", NULL, NULL, NULL, "y");
    put(&n, onnx_bytes_attr("value", 4));
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Constant", "n", NULL, NULL, NULL, "y");
    put(&n, onnx_bytes_attr("value_int", 2));
    put(&n, onnx_bytes_attr("value_float", 1));
    refuse(n, NN_ERR_FORMAT, "damaged");
    n = onnx_bytes_node("Constant", "n", NULL, NULL, NULL, "y");
    a = onnx_bytes_attr("value_float", 1);
    nn_onnx_put_fixed32(&a, 2, 0x7f800000);
    put(&n, a);
    refuse(n, NN_ERR_RANGE, "Constant 'n': number 0 is not finite");
    n = onnx_bytes_node("Constant", "n", NULL, NULL, NULL, "y");
    a = onnx_bytes_attr("value", 4);
    nn_onnx_put_varint(&t, 2, 8);
    nn_onnx_put_message(&a, 5, &t);
    put(&n, a);
    refuse(n, NN_ERR_UNSUPPORTED, "data type 8");
}

/* Checking: what is listed, and what is not. */
static void check(nn_onnx_buffer n, const char *text)
{
    char why[1000];
    nn_why_list list;

    nn_why_list_init(&list, why, sizeof why);
    assert_int_equal(nn_onnx_node_check(&list, (nn_onnx_cursor){n.bytes, n.size}), NN_OK);
    nn_onnx_buffer_clear(&n);
    assert_int_equal(list.count, text == NULL ? 0 : 1);
    assert_string_equal(why, text == NULL ? "" : text);
}

static void test_check(void **unused)
{
    nn_onnx_buffer n = onnx_bytes_node("Gemm", "g", "x", NULL, NULL, "y"), bad = {.bytes = NULL};
    nn_why_list list;
    char why[1000];

    (void)unused;
    put(&n, onnx_bytes_attr("alpha", 1));
    check(n, NULL);
    n = onnx_bytes_node("Elu", "", "x", NULL, NULL, "y");
    check(n, "\n  Elu 'y': replace it by Relu or Swish and train again");
    n = onnx_bytes_node("Gemm", "g", "x", NULL, NULL, "y");
    nn_onnx_put_text(&n, 7, "ai.onnx.ml");
    check(n, "\n  Gemm 'g': it is of the operator set 'ai.onnx.ml'; only standard ONNX operators "
             "are taken");
    n = onnx_bytes_node("Gemm", "g", "x", NULL, NULL, "y");
    nn_onnx_put_text(&n, 7, "ai.onnx");
    check(n, NULL);
    n = onnx_bytes_node("Gemm", "g", "x", NULL, NULL, "y");
    put(&n, onnx_bytes_attr("body", 5));
    check(n, "\n  Gemm 'g': its attribute 'body' is not taken");
    n = onnx_bytes_node("Constant", "c", NULL, NULL, NULL, "y");
    put(&n, onnx_bytes_attr("sparse_value", 11));
    check(n, "\n  Constant 'c': its attribute 'sparse_value' is not taken");
    nn_onnx_put_varint(&bad, 4, 4); /* the operator's name is a number */
    nn_why_list_init(&list, why, sizeof why);
    assert_int_equal(nn_onnx_node_check(&list, (nn_onnx_cursor){bad.bytes, bad.size}),
                     NN_ERR_FORMAT);
    nn_onnx_buffer_clear(&bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
