/* The layers of the reference on numbers small enough to compute by hand; the older ones are in
 * tests/test_ref.c, more in ONNX's own node tests (tests/onnx_nodes.sh). */

#include "nn/graph/op_rule.h"
#include "nn/ref/ref_rule.h"

#include "tests/nodes.h"

#define NINE                                                                                       \
    {                                                                                              \
        1, 2, 3, 4, 5, 6, 7, 8, 9                                                                  \
    }

/* magic: 0.0900305732 == 1 / (1 + e + e^2), 0.2447284711 and 0.6652409558 are e and e^2 times it;
 * 0.2689414214 == 1 / (1 + e); -2.4076059644 == -log(1 + e + e^2) */
static const nodes_answer answers[] = {
    {{.op = "MaxPool", .x = {4, {1, 1, 3, 3}}, .list = {{"kernel_shape", 2, {2, 2}}}},
     NINE,
     NN_TYPE_FLOAT,
     4,
     {5, 6, 8, 9}},
    {{.op = "MaxPool",
      .x = {4, {1, 1, 3, 3}},
      .list = {{"kernel_shape", 2, {2, 2}}, {"pads", 4, {1, 1, 0, 0}}}},
     {-1, -2, -3, -4, -5, -6, -7, -8, -9},
     NN_TYPE_FLOAT,
     9,
     {-1, -1, -2, -1, -1, -2, -4, -4, -5}},
    {{.op = "MaxPool",
      .x = {3, {1, 1, 5}},
      .list = {{"kernel_shape", 1, {2}}, {"dilations", 1, {2}}}},
     {5, 1, 2, 3, 4},
     NN_TYPE_FLOAT,
     3,
     {5, 3, 4}},
    {{.op = "AveragePool",
      .x = {3, {1, 1, 5}},
      .list = {{"kernel_shape", 1, {2}}, {"strides", 1, {2}}},
      .attr = {{"ceil_mode", 1}, {"count_include_pad", 1}}},
     {5, 1, 2, 3, 4},
     NN_TYPE_FLOAT,
     3,
     {3, 2.5, 4}},
    {{.op = "GlobalMaxPool", .x = {3, {1, 2, 3}}},
     {-1, -2, -3, 4, 6, 5},
     NN_TYPE_FLOAT,
     2,
     {-1, 6}},
    {{.op = "ReduceMean", .x = {2, {2, 3}}, .constant = {{'i', {1, {1}}, {0}}}},
     {1, 2, 3, 5, 6, 7},
     NN_TYPE_FLOAT,
     3,
     {3, 4, 5}},
    {{.op = "ReduceMean",
      .x = {3, {2, 2, 2}},
      .constant = {{'i', {1, {2}}, {0, -1}}},
      .attr = {{"keepdims", 0}}},
     {1, 2, 3, 4, 5, 6, 7, 8},
     NN_TYPE_FLOAT,
     2,
     {3.5, 5.5}},
    {{.op = "ReduceProd", .x = {2, {2, 3}}, .constant = {{'i', {1, {1}}, {-1}}}},
     {1, 2, 3, 5, 6, -7},
     NN_TYPE_FLOAT,
     2,
     {6, -210}},
    {{.op = "Softmax", .x = {2, {1, 3}}},
     {1000, 1001, 1002},
     NN_TYPE_FLOAT,
     3,
     {0.0900305732, 0.2447284711, 0.6652409558}},
    {{.op = "Softmax", .x = {3, {1, 2, 2}}, .attr = {{"axis", 1}}},
     {0, 7, 1, 8},
     NN_TYPE_FLOAT,
     4,
     {0.2689414214, 0.2689414214, 0.7310585786, 0.7310585786}},
    {{.op = "Softmax", .x = {3, {1, 3, 1}}, .attr = {{"axis", 1}, {NN_OP_COERCED, 1}}},
     {0, 1, 2},
     NN_TYPE_FLOAT,
     3,
     {0.0900305732, 0.2447284711, 0.6652409558}},
    {{.op = "LogSoftmax", .x = {2, {1, 3}}},
     {-5, -4, -3},
     NN_TYPE_FLOAT,
     3,
     {-2.4076059644, -1.4076059644, -0.4076059644}},
    {{.op = "ArgMax", .x = {2, {2, 3}}, .attr = {{"axis", 1}}},
     {1, 5, 5, 3, 2, 1},
     NN_TYPE_INT64,
     2,
     {1, 0}},
    {{.op = "ArgMax", .x = {2, {2, 3}}, .attr = {{"axis", 1}, {"select_last_index", 1}}},
     {1, 5, 5, 3, 2, 1},
     NN_TYPE_INT64,
     2,
     {2, 0}},
    {{.op = "ArgMax", .x = {2, {2, 3}}}, {1, 5, 5, 3, 2, 6}, NN_TYPE_INT64, 3, {1, 0, 1}},
};

static void test_answers(void **unused)
{
    (void)unused;
    nodes_check_answers(answers, sizeof answers / sizeof answers[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
