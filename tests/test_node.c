/* Attributes and labels of nodes. */

#include "nn/graph/node.h"

#include "tests/testing.h"

static void test_attributes(void **unused)
{
    int64_t numbers[2] = {3, 4};
    nn_attr attr[4] = {{.type = NN_ATTR_INT, .key = "group", .number = 2},
                       {.type = NN_ATTR_FLOAT, .key = "alpha", .real = 0.5f},
                       {.type = NN_ATTR_TEXT, .key = "auto_pad", .text = "VALID"},
                       {.type = NN_ATTR_INTS, .key = "pads", .numbers = numbers, .count = 2}};
    const nn_node node = {.op = NN_OP_CONV, .name = "c", .attr = attr, .attr_count = 4};

    (void)unused;
    assert_int_equal(nn_node_int(&node, "group", 1), 2);
    assert_int_equal(nn_node_int(&node, "alpha", 7), 7); /* another type */
    assert_int_equal(nn_node_int(&node, "absent", -1), -1);
    testing_assert_near(nn_node_float(&node, "alpha", 1), 0.5, 0);
    testing_assert_near(nn_node_float(&node, "beta", 1), 1, 0);
    assert_string_equal(nn_node_text(&node, "auto_pad", "NOTSET"), "VALID");
    assert_string_equal(nn_node_text(&node, "group", "NOTSET"), "NOTSET");
    assert_ptr_equal(nn_node_attr(&node, "pads", NN_ATTR_INTS)->numbers, numbers);
    assert_null(nn_node_attr(&node, "pads", NN_ATTR_INT));
}

static void test_labels(void **unused)
{
    char text[NN_LABEL_SIZE], longest[200];
    nn_node node = {.op = NN_OP_CONV, .name = "c1", .makes = "y"};

    (void)unused;
    assert_string_equal(nn_node_label(text, &node), "Conv 'c1'");
    node.name = "";
    assert_string_equal(nn_node_label(text, &node), "Conv making 'y'");
    node.makes = NULL;
    node.name = NULL;
    assert_string_equal(nn_node_label(text, &node), "Conv making ''");
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    node.op = NN_OP_GLOBAL_AVERAGE_POOL;
    node.makes = longest;
    assert_true(strlen(nn_node_label(text, &node)) < NN_LABEL_SIZE);
    for (int op = NN_OP_NONE; op < NN_OP_COUNT; op++)
        assert_true(strlen(nn_node_op_name((nn_op)op)) > 0);
}

static void test_clear(void **unused)
{
    nn_node node = {.op = NN_OP_POW};
    nn_attr *attr = calloc(1, sizeof *attr);

    (void)unused;
    node.name = calloc(1, 2);
    attr->key = calloc(1, 2);
    attr->text = calloc(1, 2);
    attr->numbers = calloc(1, sizeof *attr->numbers);
    node.attr = attr;
    node.attr_count = 1;
    nn_node_clear(&node); /* the leak checker watches */
    assert_null(node.attr);
    assert_int_equal(node.op, NN_OP_NONE);
    nn_node_clear(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
