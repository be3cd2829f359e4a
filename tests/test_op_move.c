/* Shapes of the operators that move numbers and compute shapes, and what their attributes say. */

#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"

#include "tests/nodes.h"

#define INTS(count, ...)                                                                           \
    {                                                                                              \
        'i', {1, {count}},                                                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const nodes_expectation table[] = {
    {{.op = "Concat",
      .x = {2, {2, 3}},
      .constant = {{'f', {2, {2, 1}}, {0}}},
      .attr = {{"axis", 1}}},
     {2, {2, 4}},
     NN_OK,
     NULL},
    {{.op = "Concat",
      .x = {2, {2, 3}},
      .constant = {{'f', {2, {1, 3}}, {0}}},
      .attr = {{"axis", -2}}},
     {2, {3, 3}},
     NN_OK,
     NULL},
    {{.op = "Concat",
      .x = {2, {2, 3}},
      .constant = {{'f', {2, {1, 3}}, {0}}},
      .attr = {{"axis", 1}}},
     {0},
     NN_ERR_SHAPE,
     "shapes (2,3) and (1,3)"},
    {{.op = "Concat", .x = {2, {2, 3}}, .attr = {{"axis", 2}}}, {0}, NN_ERR_SHAPE, "axis outside"},
    {{.op = "Expand", .x = {2, {2, 1}}, .constant = {INTS(3, 4, 1, 5)}},
     {3, {4, 2, 5}},
     NN_OK,
     NULL},
    {{.op = "Expand", .x = {2, {2, 3}}, .constant = {INTS(1, 5)}},
     {0},
     NN_ERR_SHAPE,
     "shapes (2,3) and (5)"},
    {{.op = "Expand", .x = {2, {2, 3}}, .constant = {INTS(1, -1)}}, {0}, NN_ERR_SHAPE, "bad size"},
    {{.op = "Expand", .x = {2, {2, 3}}, .constant = {{'f', {1, {1}}, {3}}}},
     {0},
     NN_ERR_SHAPE,
     "no list of integers"},
    {{.op = "Gather", .x = {3, {2, 3, 4}}, .constant = {{'s', {0}, {1}}}, .attr = {{"axis", 1}}},
     {2, {2, 4}},
     NN_OK,
     NULL},
    {{.op = "Gather", .x = {2, {2, 3}}, .constant = {{'i', {2, {2, 2}}, {0}}}},
     {3, {2, 2, 3}},
     NN_OK,
     NULL},
    {{.op = "Gather", .x = {2, {2, 3}}, .constant = {INTS(1, 0)}, .attr = {{"axis", -3}}},
     {0},
     NN_ERR_SHAPE,
     "do not fit"},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, 1, 2, 3)}}, {2, {4, 7}}, NN_OK, NULL},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, -1, 0, -1)}},
     {2, {2, 1}},
     NN_OK,
     NULL},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, -2, 0, -2)}},
     {0},
     NN_ERR_SHAPE,
     "bad pads"},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, -4, 0, 4)}},
     {0},
     NN_ERR_SHAPE,
     "bad pads"},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(2, 0, 1)}},
     {0},
     NN_ERR_SHAPE,
     "a list of pads of shape (2)"},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(2, 1, 2), {'-', {0}, {0}}, INTS(1, -1)}},
     {2, {2, 6}},
     NN_OK,
     NULL},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, 1, 2, 3)}, .text = {"mode", "edge"}},
     {0},
     NN_ERR_UNSUPPORTED,
     "only padding with a constant"},
    {{.op = "Pad", .x = {1, {2}}, .constant = {INTS(2, 1, 1), {'f', {1, {2}}, {0}}}},
     {0},
     NN_ERR_SHAPE,
     "it pads with numbers"},
    {{.op = "Slice", .x = {2, {4, 9}}, .constant = {INTS(1, 1), INTS(1, 100)}},
     {2, {3, 9}},
     NN_OK,
     NULL},
    {{.op = "Slice", .x = {2, {4, 9}}, .constant = {INTS(1, -3), INTS(1, -1), INTS(1, 1)}},
     {2, {4, 2}},
     NN_OK,
     NULL},
    {{.op = "Slice",
      .x = {2, {4, 9}},
      .constant = {INTS(2, 0, 9), INTS(2, 9e18, -9e18), INTS(2, 0, -1), INTS(2, 3, -2)}},
     {2, {2, 5}},
     NN_OK,
     NULL},
    {{.op = "Slice", .x = {1, {4}}, .constant = {INTS(1, 3), INTS(1, 1)}}, {1, {0}}, NN_OK, NULL},
    {{.op = "Slice",
      .x = {1, {4}},
      .constant = {INTS(1, -9e18), INTS(1, 9e18), INTS(1, 0), INTS(1, 9e18)}},
     {1, {1}},
     NN_OK,
     NULL},
    {{.op = "Slice",
      .x = {1, {4}},
      .constant = {INTS(1, 9e18), INTS(1, -9e18), INTS(1, 0), INTS(1, -9.2e18)}},
     {1, {1}},
     NN_OK,
     NULL},
    {{.op = "Slice", .x = {1, {4}}, .constant = {INTS(1, 0), INTS(1, 1), INTS(1, 0), INTS(1, 0)}},
     {0},
     NN_ERR_SHAPE,
     "a step of 0"},
    {{.op = "Slice", .x = {1, {4}}, .constant = {INTS(1, 0), INTS(2, 1, 1)}},
     {0},
     NN_ERR_SHAPE,
     "its lists do not fit"},
    {{.op = "Slice", .x = {2, {4, 4}}, .constant = {INTS(2, 0, 0), INTS(2, 1, 1), INTS(2, 1, -1)}},
     {0},
     NN_ERR_SHAPE,
     "its lists do not fit"},
    {{.op = "Split", .x = {2, {2, 7}}, .attr = {{"axis", 1}, {NN_OP_PART, 0}, {NN_OP_PARTS, 3}}},
     {2, {2, 3}},
     NN_OK,
     NULL},
    {{.op = "Split", .x = {2, {2, 7}}, .attr = {{"axis", 1}, {NN_OP_PART, 2}, {NN_OP_PARTS, 3}}},
     {2, {2, 1}},
     NN_OK,
     NULL},
    {{.op = "Split",
      .x = {2, {2, 7}},
      .constant = {INTS(2, 5, 2)},
      .attr = {{"axis", -1}, {NN_OP_PART, 1}, {NN_OP_PARTS, 2}}},
     {2, {2, 2}},
     NN_OK,
     NULL},
    {{.op = "Split",
      .x = {2, {2, 7}},
      .constant = {INTS(2, 5, 3)},
      .attr = {{"axis", 1}, {NN_OP_PART, 0}, {NN_OP_PARTS, 2}}},
     {0},
     NN_ERR_SHAPE,
     "do not add up"},
    {{.op = "Split", .x = {1, {2}}, .attr = {{NN_OP_PART, 4}, {NN_OP_PARTS, 5}}},
     {0},
     NN_ERR_SHAPE,
     "too many parts"},
    {{.op = "Split", .x = {1, {2}}, .attr = {{NN_OP_PART, 2}, {NN_OP_PARTS, 2}}},
     {0},
     NN_ERR_SHAPE,
     "axis outside"},
    {{.op = "Squeeze", .x = {4, {1, 3, 1, 5}}}, {2, {3, 5}}, NN_OK, NULL},
    {{.op = "Squeeze", .x = {4, {1, 3, 1, 5}}, .constant = {INTS(1, -2)}},
     {3, {1, 3, 5}},
     NN_OK,
     NULL},
    {{.op = "Squeeze", .x = {4, {1, 3, 1, 5}}, .constant = {INTS(1, 1)}},
     {0},
     NN_ERR_SHAPE,
     "an axis that is not 1"},
    {{.op = "Squeeze", .x = {2, {1, 3}}, .constant = {INTS(1, 2)}},
     {0},
     NN_ERR_SHAPE,
     "do not fit"},
    {{.op = "Unsqueeze", .x = {2, {3, 5}}, .constant = {INTS(2, 0, -1)}},
     {4, {1, 3, 5, 1}},
     NN_OK,
     NULL},
    {{.op = "Unsqueeze", .x = {2, {3, 5}}, .constant = {INTS(2, 1, 1)}},
     {0},
     NN_ERR_SHAPE,
     "do not fit"},
    {{.op = "Cast", .x = {1, {3}}, .attr = {{"to", 7}}}, {1, {3}}, NN_OK, NULL},
    {{.op = "Cast", .x = {1, {3}}, .attr = {{"to", 8}}}, {0}, NN_ERR_UNSUPPORTED, "a type"},
    {{.op = "Shape", .x = {3, {2, 3, 4}}}, {1, {3}}, NN_OK, NULL},
    {{.op = "Shape", .x = {3, {2, 3, 4}}, .attr = {{"start", -2}, {"end", 9}}},
     {1, {2}},
     NN_OK,
     NULL},
    {{.op = "Shape", .x = {3, {2, 3, 4}}, .attr = {{"start", 2}, {"end", 1}}},
     {1, {0}},
     NN_OK,
     NULL},
    {{.op = "Size", .x = {3, {2, 3, 4}}}, {0}, NN_OK, NULL},
    {{.op = "ConstantOfShape", .x = {1, {2}}}, {0}, NN_ERR_UNSUPPORTED, "depends on data"},
    {{.op = "Range", .x = {0}, .constant = {{'s', {0}, {9}}, {'s', {0}, {2}}}},
     {0},
     NN_ERR_UNSUPPORTED,
     "depend on data"},
};

static void test_table(void **unused)
{
    (void)unused;
    nodes_check_shapes(table, sizeof table / sizeof table[0]);
}

/* Constants of their own: no network's input takes part. */
static nn_status range(nn_dims *out, double first, double end, double step)
{
    const nn_dims scalar = {.rank = 0};
    float v[3] = {(float)first, (float)end, (float)step};
    nn_tensor t[3];
    const nn_tensor *in[3] = {&t[0], &t[1], &t[2]};
    const nn_node node = {.op = NN_OP_RANGE, .name = "n", .input_count = 3};

    for (int k = 0; k < 3; k++)
        assert_int_equal(nn_tensor_borrow(&t[k], &scalar, &v[k]), NN_OK);
    return nn_op_shape(out, &node, in, NULL, 0);
}

static void test_range(void **unused)
{
    nn_dims out;

    (void)unused;
    assert_int_equal(range(&out, 1, 6, 2), NN_OK);
    assert_int_equal(out.dim[0], 3);
    assert_int_equal(range(&out, 1, 1, 2), NN_OK);
    assert_int_equal(out.dim[0], 0);
    assert_int_equal(range(&out, 1, -6, -2), NN_OK);
    assert_int_equal(out.dim[0], 4);
    assert_int_equal(range(&out, 1, 6, 0), NN_ERR_SHAPE);
    assert_int_equal(range(&out, 1, 1e30, 1), NN_ERR_SHAPE);
    assert_int_equal(range(&out, NAN, 1, 1), NN_ERR_SHAPE);
}

static void test_too_long(void **unused)
{
    const nn_dims long_one = {2, {1, NN_ELEMENTS_MAX}};
    const nn_tensor t = {.type = NN_TYPE_FLOAT, .dims = long_one};
    const nn_tensor *in[NN_NODE_INPUTS_MAX];
    nn_attr axis = {.type = NN_ATTR_INT, .key = (char *)"axis", .number = 1};
    const nn_node node = {.op = NN_OP_CONCAT,
                          .name = "n",
                          .input_count = NN_NODE_INPUTS_MAX,
                          .attr = &axis,
                          .attr_count = 1};
    nn_dims out;
    char why[200] = "";

    (void)unused;
    for (size_t k = 0; k < NN_NODE_INPUTS_MAX; k++)
        in[k] = &t;
    assert_int_equal(nn_op_shape(&out, &node, in, why, sizeof why), NN_ERR_SHAPE);
    assert_non_null(strstr(why, "too many elements"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
