/* Where moved numbers come from: known answers through the reference, and refusals. */

#include "nn/graph/move.h"

#include "tests/nodes.h"

#define SIX                                                                                        \
    {                                                                                              \
        1, 2, 3, 4, 5, 6                                                                           \
    }
#define INTS(count, ...)                                                                           \
    {                                                                                              \
        'i', {1, {count}},                                                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const nodes_answer answers[] = {
    {{.op = "Concat",
      .x = {2, {2, 3}},
      .constant = {{'f', {2, {2, 1}}, {8, 9}}},
      .attr = {{"axis", 1}}},
     SIX,
     NN_TYPE_FLOAT,
     8,
     {1, 2, 3, 8, 4, 5, 6, 9}},
    {{.op = "Concat",
      .x = {2, {2, 3}},
      .constant = {{'f', {2, {0, 3}}, {0}}, {'f', {2, {1, 3}}, {7, 8, 9}}},
      .attr = {{"axis", 0}}},
     SIX,
     NN_TYPE_FLOAT,
     9,
     {1, 2, 3, 4, 5, 6, 7, 8, 9}},
    {{.op = "Expand", .x = {2, {2, 1}}, .constant = {INTS(3, 2, 1, 3)}},
     {4, 5},
     NN_TYPE_FLOAT,
     12,
     {4, 4, 4, 5, 5, 5, 4, 4, 4, 5, 5, 5}},
    {{.op = "Gather", .x = {2, {2, 3}}, .constant = {INTS(2, -1, 0)}, .attr = {{"axis", 1}}},
     SIX,
     NN_TYPE_FLOAT,
     4,
     {3, 1, 6, 4}},
    {{.op = "Gather", .x = {2, {2, 3}}, .constant = {{'s', {0}, {1}}}},
     SIX,
     NN_TYPE_FLOAT,
     3,
     {4, 5, 6}},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 1, 0, 0, 1), {'f', {0}, {9}}}},
     SIX,
     NN_TYPE_FLOAT,
     12,
     {9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9}},
    {{.op = "Pad", .x = {2, {2, 3}}, .constant = {INTS(4, 0, -1, -1, 1)}},
     SIX,
     NN_TYPE_FLOAT,
     3,
     {2, 3, 0}},
    {{.op = "Slice",
      .x = {2, {2, 3}},
      .constant = {INTS(1, -1), INTS(1, -100), INTS(1, 1), INTS(1, -2)}},
     SIX,
     NN_TYPE_FLOAT,
     4,
     {3, 1, 6, 4}},
    {{.op = "Split",
      .x = {2, {2, 3}},
      .attr = {{"axis", 1}, {"unseen.part", 1}, {"unseen.parts", 2}}},
     SIX,
     NN_TYPE_FLOAT,
     2,
     {3, 6}},
    {{.op = "Transpose", .x = {3, {1, 2, 3}}, .list = {{"perm", 3, {2, 0, 1}}}},
     SIX,
     NN_TYPE_FLOAT,
     6,
     {1, 4, 2, 5, 3, 6}},
    {{.op = "Unsqueeze", .x = {2, {2, 3}}, .constant = {INTS(1, 0)}}, SIX, NN_TYPE_FLOAT, 6, SIX},
    {{.op = "Squeeze", .x = {2, {1, 6}}}, SIX, NN_TYPE_FLOAT, 6, SIX},
    {{.op = "Reshape", .x = {2, {2, 3}}, .constant = {INTS(2, -1, 2)}}, SIX, NN_TYPE_FLOAT, 6, SIX},
};

static void test_answers(void **unused)
{
    (void)unused;
    nodes_check_answers(answers, sizeof answers / sizeof answers[0]);
}

/* Without data there is still a map; with numbers that are not there, or indices outside, not. */
static void test_init(void **unused)
{
    const nn_dims dims = {2, {2, 3}}, two = {1, {2}};
    int64_t numbers[2] = {0, 2};
    const nn_tensor x = {.type = NN_TYPE_FLOAT, .dims = dims};
    nn_tensor list = {.type = NN_TYPE_INT64, .dims = two, .count = 2, .number = numbers};
    const nn_tensor unknown = {.type = NN_TYPE_FLOAT, .dims = two};
    const nn_tensor *in[2] = {&x, &list};
    nn_attr axis = {.type = NN_ATTR_INT, .key = (char *)"axis", .number = 1};
    nn_node node = {
        .op = NN_OP_GATHER, .name = "n", .input_count = 2, .attr = &axis, .attr_count = 1};
    nn_move m;
    size_t input, element;
    char why[200] = "";

    (void)unused;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_OK);
    assert_true(nn_move_at(&m, 3, &input, &element));
    assert_true(input == 0 && element == 5);
    numbers[1] = 3;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_ERR_SHAPE);
    assert_non_null(strstr(why, "an index is outside of (2,3)"));
    numbers[1] = -4;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_ERR_SHAPE);
    in[1] = &unknown;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "indices depend on data"));
    node.op = NN_OP_ADD;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_ERR_UNSUPPORTED);
    node.op = NN_OP_SLICE;
    assert_int_equal(nn_move_init(&m, &node, in, why, sizeof why), NN_ERR_SHAPE);
}

static void test_kinds(void **unused)
{
    (void)unused;
    assert_true(nn_move_is(NN_OP_PAD) && !nn_move_is_alias(NN_OP_PAD));
    assert_true(nn_move_is(NN_OP_SQUEEZE) && nn_move_is_alias(NN_OP_SQUEEZE));
    assert_false(nn_move_is(NN_OP_CONV) || nn_move_is(NN_OP_NONE) || nn_move_is(NN_OP_CAST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
