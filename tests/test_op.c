/* Shapes of all operators against shapes written by hand, and every refusal. */

#include "nn/graph/op.h"

#include "tests/testing.h"

/* A node of up to five inputs given by their dimensions (rank 9 leaves one out) and up to three
 * attributes. */
typedef struct example {
    nn_op op;
    size_t inputs;
    nn_dims in[5];
    nn_attr attr[3];
    size_t attrs;
} example;

static int64_t perm_201[3] = {2, 0, 1}, perm_bad[3] = {2, 0, 2}, two_two[2] = {2, 2};

static nn_status shape(nn_dims *out, const example *e, int64_t *sizes, char *why, size_t why_size)
{
    nn_tensor t[5];
    const nn_tensor *in[5] = {NULL, NULL, NULL, NULL, NULL};
    nn_attr attr[3];
    nn_node node = {
        .op = e->op, .name = "n", .input_count = e->inputs, .attr = attr, .attr_count = e->attrs};

    memcpy(attr, e->attr, sizeof attr);
    for (size_t k = 0; k < e->inputs; k++) {
        t[k] = (nn_tensor){.type = NN_TYPE_FLOAT, .dims = e->in[k]};
        in[k] = e->in[k].rank > NN_RANK_MAX ? NULL : &t[k];
    }
    if (sizes != NULL) { /* the second input of Reshape, the third of Dropout */
        size_t k = e->inputs - 1;
        t[k].type = NN_TYPE_INT64;
        t[k].number = sizes;
        t[k].count = e->in[k].rank == 0 ? 1 : e->in[k].dim[0];
    }
    return nn_op_shape(out, &node, in, why, why_size);
}

static const struct {
    example e;
    nn_dims want;
} good[] = {
    {{NN_OP_ADD, 2, {{2, {3, 1}}, {3, {2, 1, 4}}}, {{0}}, 0}, {3, {2, 3, 4}}},
    {{NN_OP_POW, 2, {{2, {3, 4}}, {0, {0}}}, {{0}}, 0}, {2, {3, 4}}},
    {{NN_OP_IDENTITY, 1, {{3, {1, 2, 3}}}, {{0}}, 0}, {3, {1, 2, 3}}},
    {{NN_OP_GLOBAL_AVERAGE_POOL, 1, {{4, {2, 3, 5, 7}}}, {{0}}, 0}, {4, {2, 3, 1, 1}}},
    {{NN_OP_AVERAGE_POOL,
      1,
      {{4, {2, 3, 5, 7}}},
      {{.type = NN_ATTR_INTS, .key = "kernel_shape", .numbers = two_two, .count = 2}},
      1},
     {4, {2, 3, 4, 6}}},
    {{NN_OP_BATCH_NORMALIZATION,
      5,
      {{4, {1, 3, 2, 2}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}},
      {{0}},
      0},
     {4, {1, 3, 2, 2}}},
    {{NN_OP_CONV,
      3,
      {{4, {1, 4, 9, 9}}, {4, {6, 2, 3, 3}}, {1, {6}}},
      {{.type = NN_ATTR_INT, .key = "group", .number = 2},
       {.type = NN_ATTR_INTS, .key = "strides", .numbers = two_two, .count = 2}},
      2},
     {4, {1, 6, 4, 4}}},
    {{NN_OP_CONV, 2, {{3, {1, 1, 9}}, {3, {6, 1, 3}}}, {{0}}, 0}, {3, {1, 6, 7}}},
    {{NN_OP_DROPOUT, 2, {{2, {1, 5}}, {0, {0}}}, {{0}}, 0}, {2, {1, 5}}},
    {{NN_OP_FLATTEN, 1, {{4, {2, 3, 4, 5}}}, {{0}}, 0}, {2, {2, 60}}},
    {{NN_OP_FLATTEN,
      1,
      {{4, {2, 3, 4, 5}}},
      {{.type = NN_ATTR_INT, .key = "axis", .number = -1}},
      1},
     {2, {24, 5}}},
    {{NN_OP_FLATTEN, 1, {{2, {2, 3}}}, {{.type = NN_ATTR_INT, .key = "axis", .number = 0}}, 1},
     {2, {1, 6}}},
    {{NN_OP_GEMM,
      3,
      {{2, {5, 3}}, {2, {4, 5}}, {1, {4}}},
      {{.type = NN_ATTR_INT, .key = "transA", .number = 1},
       {.type = NN_ATTR_INT, .key = "transB", .number = 1}},
      2},
     {2, {3, 4}}},
    {{NN_OP_MATMUL, 2, {{1, {3}}, {3, {2, 3, 4}}}, {{0}}, 0}, {2, {2, 4}}},
    {{NN_OP_MATMUL, 2, {{2, {2, 3}}, {1, {3}}}, {{0}}, 0}, {1, {2}}},
    {{NN_OP_MATMUL, 2, {{1, {3}}, {1, {3}}}, {{0}}, 0}, {0, {0}}},
    {{NN_OP_MATMUL, 2, {{4, {5, 1, 2, 3}}, {3, {7, 3, 4}}}, {{0}}, 0}, {4, {5, 7, 2, 4}}},
    {{NN_OP_TRANSPOSE, 1, {{3, {2, 3, 4}}}, {{0}}, 0}, {3, {4, 3, 2}}},
    {{NN_OP_TRANSPOSE,
      1,
      {{3, {2, 3, 4}}},
      {{.type = NN_ATTR_INTS, .key = "perm", .numbers = perm_201, .count = 3}},
      1},
     {3, {4, 2, 3}}},
};

static void test_good(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        nn_dims out = {.rank = 7};
        char why[300] = "";
        if (shape(&out, &good[k].e, NULL, why, sizeof why) != NN_OK)
            fail_msg("%zu: %s", k, why);
        if (!nn_dims_equal(&out, &good[k].want))
            fail_msg("%zu: %s", k, nn_dims_print(why, sizeof why, &out));
    }
}

static const struct {
    example e;
    nn_status status;
    const char *text;
} bad[] = {
    {{NN_OP_ADD, 1, {{1, {3}}}, {{0}}, 0}, NN_ERR_SHAPE, "Add 'n': 1 inputs, 2 to 2 are wanted"},
    {{NN_OP_NONE, 1, {{1, {3}}}, {{0}}, 0}, NN_ERR_SHAPE, "1 inputs"},
    {{NN_OP_ADD, 2, {{1, {3}}, {9, {0}}}, {{0}}, 0}, NN_ERR_SHAPE, "input 2 is left out"},
    {{NN_OP_MUL, 2, {{1, {3}}, {1, {4}}}, {{0}}, 0}, NN_ERR_SHAPE, "shapes (3) and (4)"},
    {{NN_OP_ADD, 2, {{2, {1 << 20, 1}}, {2, {1, 1 << 20}}}, {{0}}, 0}, NN_ERR_SHAPE, "too many"},
    {{NN_OP_GLOBAL_AVERAGE_POOL, 1, {{2, {2, 3}}}, {{0}}, 0}, NN_ERR_SHAPE, "no spatial"},
    {{NN_OP_GLOBAL_AVERAGE_POOL, 1, {{3, {2, 3, 0}}}, {{0}}, 0}, NN_ERR_SHAPE, "no spatial"},
    {{NN_OP_AVERAGE_POOL, 1, {{4, {2, 3, 5, 7}}}, {{0}}, 0}, NN_ERR_SHAPE, "kernel_shape"},
    {{NN_OP_BATCH_NORMALIZATION,
      5,
      {{2, {1, 3}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {4}}},
      {{0}},
      0},
     NN_ERR_SHAPE,
     "parameters (4) for an input (1,3)"},
    {{NN_OP_BATCH_NORMALIZATION, 5, {{1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}}, {{0}}, 0},
     NN_ERR_SHAPE,
     "no channels"},
    {{NN_OP_BATCH_NORMALIZATION,
      5,
      {{2, {1, 3}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}},
      {{.type = NN_ATTR_INT, .key = "training_mode", .number = 1}},
      1},
     NN_ERR_UNSUPPORTED,
     "training mode"},
    {{NN_OP_BATCH_NORMALIZATION,
      5,
      {{2, {1, 3}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}},
      {{.type = NN_ATTR_INT, .key = "spatial", .number = 0}},
      1},
     NN_ERR_UNSUPPORTED,
     "spatial=0"},
    {{NN_OP_CONV, 2, {{4, {1, 4, 9, 9}}, {3, {6, 4, 3}}}, {{0}}, 0}, NN_ERR_SHAPE, "and weights"},
    {{NN_OP_CONV, 2, {{4, {1, 4, 9, 9}}, {4, {6, 3, 3, 3}}}, {{0}}, 0},
     NN_ERR_SHAPE,
     "channels and"},
    {{NN_OP_CONV,
      2,
      {{4, {1, 4, 9, 9}}, {4, {6, 4, 3, 3}}},
      {{.type = NN_ATTR_INT, .key = "group", .number = 0}},
      1},
     NN_ERR_SHAPE,
     "channels and"},
    {{NN_OP_CONV, 2, {{4, {1, 0, 9, 9}}, {4, {6, 0, 3, 3}}}, {{0}}, 0},
     NN_ERR_SHAPE,
     "channels and"},
    {{NN_OP_CONV, 3, {{4, {1, 4, 9, 9}}, {4, {6, 4, 3, 3}}, {1, {5}}}, {{0}}, 0},
     NN_ERR_SHAPE,
     "bias (5)"},
    {{NN_OP_CONV, 2, {{4, {1, 4, 2, 9}}, {4, {6, 4, 3, 3}}}, {{0}}, 0}, NN_ERR_SHAPE, "covers 3"},
    {{NN_OP_FLATTEN, 1, {{2, {2, 3}}}, {{.type = NN_ATTR_INT, .key = "axis", .number = 3}}, 1},
     NN_ERR_SHAPE,
     "axis"},
    {{NN_OP_GEMM, 2, {{1, {3}}, {2, {3, 4}}}, {{0}}, 0}, NN_ERR_SHAPE, "operands (3)"},
    {{NN_OP_GEMM, 2, {{2, {1, 3}}, {2, {4, 3}}}, {{0}}, 0}, NN_ERR_SHAPE, "inner dimensions"},
    {{NN_OP_GEMM, 3, {{2, {1, 3}}, {2, {3, 4}}, {2, {2, 4}}}, {{0}}, 0},
     NN_ERR_SHAPE,
     "addend (2,4)"},
    {{NN_OP_MATMUL, 2, {{0, {0}}, {1, {3}}}, {{0}}, 0}, NN_ERR_SHAPE, "operands ()"},
    {{NN_OP_MATMUL, 2, {{3, {2, 2, 3}}, {3, {3, 3, 4}}}, {{0}}, 0}, NN_ERR_SHAPE, "operands"},
    {{NN_OP_RESHAPE, 2, {{2, {2, 3}}, {1, {2}}}, {{0}}, 0},
     NN_ERR_UNSUPPORTED,
     "its list of sizes depends on data"},
    {{NN_OP_TRANSPOSE,
      1,
      {{3, {2, 3, 4}}},
      {{.type = NN_ATTR_INTS, .key = "perm", .numbers = perm_bad, .count = 3}},
      1},
     NN_ERR_SHAPE,
     "perm"},
    {{NN_OP_TRANSPOSE,
      1,
      {{2, {2, 3}}},
      {{.type = NN_ATTR_INTS, .key = "perm", .numbers = perm_201, .count = 3}},
      1},
     NN_ERR_SHAPE,
     "perm"},
};

static void test_bad(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        nn_dims out = {.rank = 7};
        char why[300] = "";
        if (shape(&out, &bad[k].e, NULL, why, sizeof why) != bad[k].status)
            fail_msg("%zu: another status: %s", k, why);
        if (strstr(why, bad[k].text) == NULL)
            fail_msg("%zu: '%s' is not in '%s'", k, bad[k].text, why);
        assert_int_equal(out.rank, 7);
    }
}

static void reshape_to(const nn_dims *x, int64_t *sizes, size_t count, int allow_zero,
                       const nn_dims *want)
{
    example e = {NN_OP_RESHAPE,
                 2,
                 {*x, {1, {count}}},
                 {{.type = NN_ATTR_INT, .key = "allowzero", .number = allow_zero}},
                 1};
    nn_dims out = {.rank = 7};
    char why[300] = "";
    nn_status st = shape(&out, &e, sizes, why, sizeof why);

    if (want == NULL) {
        assert_int_equal(st, NN_ERR_SHAPE);
        assert_int_equal(out.rank, 7);
    } else {
        if (st != NN_OK)
            fail_msg("%s", why);
        assert_true(nn_dims_equal(&out, want));
    }
}

static void test_reshape(void **unused)
{
    const nn_dims x = {3, {2, 3, 4}}, flat = {1, {24}}, kept = {2, {2, 12}}, none = {2, {0, 5}};
    const nn_dims empty = {2, {0, 3}}, scalar = {0, {0}}, one = {2, {1, 1}};

    (void)unused;
    reshape_to(&x, (int64_t[]){-1}, 1, 0, &flat);
    reshape_to(&x, (int64_t[]){24}, 1, 0, &flat);
    reshape_to(&x, (int64_t[]){0, -1}, 2, 0, &kept);
    reshape_to(&x, (int64_t[]){2, 12}, 2, 0, &kept);
    reshape_to(&empty, (int64_t[]){0, 5}, 2, 1, &none);
    reshape_to(&one, (int64_t[]){0}, 0, 0, &scalar);
    reshape_to(&x, (int64_t[]){5, -1}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){-1, -1}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){-2, 12}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){2, 11}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){INT64_MAX, 2}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){NN_ELEMENTS_MAX, NN_ELEMENTS_MAX}, 2, 0, NULL);
    reshape_to(&x, (int64_t[]){0, 0, 0, 0}, 4, 0, NULL);
    reshape_to(&x, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 24}, 9, 0, NULL);
}

static void test_dropout(void **unused)
{
    const example e = {NN_OP_DROPOUT, 3, {{2, {1, 5}}, {9, {0}}, {0, {0}}}, {{0}}, 0};
    int64_t training = 0;
    nn_dims out;
    char why[300] = "";

    (void)unused;
    assert_int_equal(shape(&out, &e, &training, why, sizeof why), NN_OK);
    training = 1;
    assert_int_equal(shape(&out, &e, &training, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_non_null(strstr(why, "training mode"));
    assert_int_equal(shape(&out, &e, NULL, why, sizeof why), NN_ERR_UNSUPPORTED);
}

static void test_names(void **unused)
{
    size_t least, most;

    (void)unused;
    assert_int_equal(nn_op_find("Conv"), NN_OP_CONV);
    assert_int_equal(nn_op_find("conv"), NN_OP_NONE);
    assert_int_equal(nn_op_find("?"), NN_OP_NONE);
    nn_op_arity(NN_OP_CONV, &least, &most);
    assert_int_equal(least, 2);
    assert_int_equal(most, 3);
    for (int op = NN_OP_NONE + 1; op < NN_OP_COUNT; op++) {
        assert_int_equal(nn_op_find(nn_node_op_name((nn_op)op)), op);
        nn_op_arity((nn_op)op, &least, &most);
        assert_true(least >= 1 && least <= most && most <= NN_NODE_INPUTS_MAX);
    }
    assert_non_null(strstr(nn_op_advice("Elu"), "Relu or Swish"));
    assert_non_null(strstr(nn_op_advice("Quux"), "activations"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_bad),
        cmocka_unit_test(test_reshape), cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
