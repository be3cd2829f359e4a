/* Shapes of the operators that compute, beyond those of tests/test_op.c. */

#include "nn/graph/op_rule.h"

#include "tests/nodes.h"

#define IMAGE                                                                                      \
    {                                                                                              \
        4,                                                                                         \
        {                                                                                          \
            1, 3, 5, 7                                                                             \
        }                                                                                          \
    }

static const nodes_expectation table[] = {
    {{.op = "Relu", .x = IMAGE}, IMAGE, NN_OK, NULL},
    {{.op = "Clip", .x = IMAGE, .constant = {{'f', {0}, {0}}, {'f', {1, {1}}, {6}}}},
     IMAGE,
     NN_OK,
     NULL},
    {{.op = "Clip", .x = IMAGE, .constant = {{'-', {0}, {0}}, {'f', {1, {2}}, {6, 7}}}},
     {0},
     NN_ERR_SHAPE,
     "a bound of shape (2)"},
    {{.op = "Sum", .x = IMAGE, .constant = {{'f', {1, {7}}, {0}}, {'f', {3, {3, 1, 1}}, {0}}}},
     IMAGE,
     NN_OK,
     NULL},
    {{.op = "Sum", .x = IMAGE, .constant = {{'f', {1, {7}}, {0}}, {'f', {1, {2}}, {0}}}},
     {0},
     NN_ERR_SHAPE,
     "shapes (1,3,5,7) and (2)"},
    {{.op = "Max", .x = IMAGE, .constant = {{'-', {0}, {0}}, {'f', {1, {7}}, {0}}}},
     {0},
     NN_ERR_SHAPE,
     "an input is left out"},
    {{.op = "MaxPool", .x = IMAGE, .list = {{"kernel_shape", 2, {2, 2}}, {"strides", 2, {2, 2}}}},
     {4, {1, 3, 2, 3}},
     NN_OK,
     NULL},
    {{.op = "MaxPool",
      .x = IMAGE,
      .list = {{"kernel_shape", 2, {2, 2}}, {"strides", 2, {2, 2}}},
      .attr = {{"ceil_mode", 1}}},
     {4, {1, 3, 3, 4}},
     NN_OK,
     NULL},
    {{.op = "GlobalMaxPool", .x = IMAGE}, {4, {1, 3, 1, 1}}, NN_OK, NULL},
    {{.op = "GlobalMaxPool", .x = {2, {1, 3}}}, {0}, NN_ERR_SHAPE, "no spatial dimensions"},
    {{.op = "ReduceMean", .x = IMAGE}, {4, {1, 1, 1, 1}}, NN_OK, NULL},
    {{.op = "ReduceMean", .x = IMAGE, .attr = {{"noop_with_empty_axes", 1}}}, IMAGE, NN_OK, NULL},
    {{.op = "ReduceMean",
      .x = IMAGE,
      .constant = {{'i', {1, {2}}, {-1, 2}}},
      .attr = {{"keepdims", 0}}},
     {2, {1, 3}},
     NN_OK,
     NULL},
    {{.op = "ReduceMean", .x = IMAGE, .constant = {{'i', {1, {1}}, {4}}}},
     {0},
     NN_ERR_SHAPE,
     "its axes do not fit"},
    {{.op = "ReduceMean", .x = IMAGE, .constant = {{'i', {1, {2}}, {1, -3}}}},
     {0},
     NN_ERR_SHAPE,
     "its axes do not fit"},
    {{.op = "Softmax", .x = IMAGE}, IMAGE, NN_OK, NULL},
    {{.op = "Softmax", .x = IMAGE, .attr = {{"axis", 4}}}, {0}, NN_ERR_SHAPE, "axis outside"},
    {{.op = "Softmax", .x = IMAGE, .attr = {{"axis", 4}, {NN_OP_COERCED, 1}}}, IMAGE, NN_OK, NULL},
    {{.op = "ArgMax", .x = IMAGE, .attr = {{"axis", 1}}}, {4, {1, 1, 5, 7}}, NN_OK, NULL},
    {{.op = "ArgMax", .x = IMAGE, .attr = {{"axis", -1}, {"keepdims", 0}}},
     {3, {1, 3, 5}},
     NN_OK,
     NULL},
    {{.op = "ArgMax", .x = IMAGE, .attr = {{"axis", -5}}}, {0}, NN_ERR_SHAPE, "axis outside"},
};

static void test_table(void **unused)
{
    (void)unused;
    nodes_check_shapes(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
