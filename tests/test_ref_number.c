/* Integers and chains of shapes in the reference, on tensors given by hand. */

#include "nn/ref/ref.h"
#include "nn/ref/ref_rule.h"

#include "tests/testing.h"

enum { SIZE = 6 };

/* An operand: integers 'i' or floats 'f', a vector or (rank 0) a scalar. */
typedef struct operand {
    char kind;
    size_t rank, count;
    double number[SIZE];
} operand;

typedef struct example {
    nn_op op;
    operand in[3];
    int64_t to; /* Cast */
    nn_status status;
    nn_type type;
    size_t count;
    double want[SIZE];
} example;

static const example examples[] = {
    {NN_OP_ADD, {{'i', 1, 2, {1, 2}}, {'i', 0, 1, {5}}}, 0, NN_OK, NN_TYPE_INT64, 2, {6, 7}},
    {NN_OP_ADD, {{'i', 1, 2, {1, 2}}, {'f', 0, 1, {0.5}}}, 0, NN_OK, NN_TYPE_FLOAT, 2, {1.5, 2.5}},
    {NN_OP_SUB, {{'i', 1, 2, {1, 2}}, {'i', 0, 1, {5}}}, 0, NN_OK, NN_TYPE_INT64, 2, {-4, -3}},
    {NN_OP_MUL, {{'i', 1, 2, {3, -4}}, {'i', 0, 1, {5}}}, 0, NN_OK, NN_TYPE_INT64, 2, {15, -20}},
    {NN_OP_DIV, {{'i', 1, 2, {7, -7}}, {'i', 0, 1, {2}}}, 0, NN_OK, NN_TYPE_INT64, 2, {3, -3}},
    {NN_OP_DIV, {{'i', 1, 2, {7, -7}}, {'i', 0, 1, {-1}}}, 0, NN_OK, NN_TYPE_INT64, 2, {-7, 7}},
    {NN_OP_DIV, {{'i', 1, 1, {7}}, {'i', 0, 1, {0}}}, 0, NN_ERR_RANGE, NN_TYPE_FLOAT, 0, {0}},
    {NN_OP_POW,
     {{'i', 1, 3, {2, -3, 1}}, {'i', 0, 1, {3}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     3,
     {8, -27, 1}},
    {NN_OP_POW,
     {{'i', 1, 3, {2, -1, 1}}, {'i', 0, 1, {-3}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     3,
     {0, -1, 1}},
    {NN_OP_POW, {{'i', 1, 2, {2, 9}}, {'f', 0, 1, {0.5}}}, 0, NN_OK, NN_TYPE_INT64, 2, {1, 3}},
    {NN_OP_POW, {{'f', 1, 2, {2, 9}}, {'i', 0, 1, {2}}}, 0, NN_OK, NN_TYPE_FLOAT, 2, {4, 81}},
    {NN_OP_MAX,
     {{'i', 1, 2, {3, 9}}, {'i', 0, 1, {5}}, {'i', 0, 1, {4}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     2,
     {5, 9}},
    {NN_OP_MIN, {{'f', 1, 2, {3, 9}}, {'f', 0, 1, {5}}}, 0, NN_OK, NN_TYPE_FLOAT, 2, {3, 5}},
    {NN_OP_MIN, {{'i', 1, 2, {3, 9}}, {'i', 0, 1, {5}}}, 0, NN_OK, NN_TYPE_INT64, 2, {3, 5}},
    {NN_OP_SUM,
     {{'i', 1, 1, {3}}, {'i', 1, 1, {5}}, {'i', 1, 1, {7}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     1,
     {15}},
    {NN_OP_NEG, {{'i', 1, 2, {3, -9}}}, 0, NN_OK, NN_TYPE_INT64, 2, {-3, 9}},
    {NN_OP_SQRT, {{'i', 1, 1, {4}}}, 0, NN_ERR_UNSUPPORTED, NN_TYPE_FLOAT, 0, {0}},
    {NN_OP_EQUAL, {{'i', 1, 2, {3, -1}}, {'i', 0, 1, {-1}}}, 0, NN_OK, NN_TYPE_INT64, 2, {0, 1}},
    {NN_OP_WHERE,
     {{'i', 1, 2, {0, 1}}, {'f', 0, 1, {2}}, {'f', 1, 2, {3, 4}}},
     0,
     NN_OK,
     NN_TYPE_FLOAT,
     2,
     {3, 2}},
    {NN_OP_WHERE,
     {{'i', 1, 2, {0, 1}}, {'i', 0, 1, {2}}, {'i', 1, 2, {3, 4}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     2,
     {3, 2}},
    {NN_OP_WHERE,
     {{'i', 1, 1, {0}}, {'i', 0, 1, {2}}, {'f', 1, 1, {3}}},
     0,
     NN_ERR_UNSUPPORTED,
     NN_TYPE_FLOAT,
     0,
     {0}},
    {NN_OP_CAST, {{'f', 1, 3, {1.9, -1.9, 0}}}, 7, NN_OK, NN_TYPE_INT64, 3, {1, -1, 0}},
    {NN_OP_CAST, {{'f', 1, 3, {1.9, -1.9, 0}}}, 9, NN_OK, NN_TYPE_INT64, 3, {1, 1, 0}},
    {NN_OP_CAST, {{'i', 1, 3, {2, -1, 0}}}, 9, NN_OK, NN_TYPE_INT64, 3, {1, 1, 0}},
    {NN_OP_CAST, {{'i', 1, 2, {2, -1}}}, 1, NN_OK, NN_TYPE_FLOAT, 2, {2, -1}},
    {NN_OP_CAST, {{'i', 1, 2, {2, -1}}}, 6, NN_OK, NN_TYPE_INT64, 2, {2, -1}},
    {NN_OP_CAST, {{'f', 1, 1, {1e19}}}, 7, NN_ERR_RANGE, NN_TYPE_FLOAT, 0, {0}},
    {NN_OP_CONSTANT_OF_SHAPE, {{'i', 1, 1, {3}}}, 0, NN_OK, NN_TYPE_FLOAT, 3, {0, 0, 0}},
    {NN_OP_RANGE,
     {{'i', 0, 1, {7}}, {'i', 0, 1, {1}}, {'i', 0, 1, {-3}}},
     0,
     NN_OK,
     NN_TYPE_INT64,
     2,
     {7, 4}},
    {NN_OP_RANGE,
     {{'f', 0, 1, {0}}, {'f', 0, 1, {1}}, {'f', 0, 1, {0.375}}},
     0,
     NN_OK,
     NN_TYPE_FLOAT,
     3,
     {0, 0.375, 0.75}},
    {NN_OP_RANGE,
     {{'f', 0, 1, {0}}, {'i', 0, 1, {1}}, {'f', 0, 1, {0.375}}},
     0,
     NN_ERR_UNSUPPORTED,
     NN_TYPE_FLOAT,
     0,
     {0}},
    {NN_OP_SHAPE, {{'f', 1, 3, {0}}}, 0, NN_OK, NN_TYPE_INT64, 1, {3}},
    {NN_OP_SIZE, {{'f', 1, 3, {0}}}, 0, NN_OK, NN_TYPE_INT64, 1, {3}},
    {NN_OP_REDUCE_PROD, {{'i', 1, 3, {2, 3, -4}}}, 0, NN_OK, NN_TYPE_INT64, 1, {-24}},
    {NN_OP_CONCAT, {{'i', 1, 1, {2}}, {'i', 1, 2, {3, 4}}}, 0, NN_OK, NN_TYPE_INT64, 3, {2, 3, 4}},
    {NN_OP_CONCAT,
     {{'i', 1, 1, {2}}, {'f', 1, 2, {3, 4}}},
     0,
     NN_ERR_UNSUPPORTED,
     NN_TYPE_FLOAT,
     0,
     {0}},
    {NN_OP_ARG_MAX, {{'i', 1, 2, {2, 3}}}, 0, NN_ERR_UNSUPPORTED, NN_TYPE_FLOAT, 0, {0}},
};

static void make(nn_tensor *t, const operand *o)
{
    const nn_dims dims = {o->rank, {o->count}};

    assert_int_equal(nn_tensor_init(t, o->kind == 'i' ? NN_TYPE_INT64 : NN_TYPE_FLOAT, &dims),
                     NN_OK);
    for (size_t k = 0; k < o->count; k++) {
        if (o->kind == 'i')
            t->number[k] = (int64_t)o->number[k];
        else
            t->value[k] = (float)o->number[k];
    }
}

static void run_example(const example *e)
{
    nn_attr attr[2] = {{.type = NN_ATTR_INT, .key = (char *)"to", .number = e->to},
                       {.type = NN_ATTR_INT, .key = (char *)"axis", .number = 0}};
    nn_node node = {.op = e->op, .name = "n", .attr = attr, .attr_count = 2};
    nn_tensor t[3] = {{.type = NN_TYPE_FLOAT}}, out;
    const nn_tensor *in[3] = {&t[0], &t[1], &t[2]};
    char why[300] = "";

    for (; node.input_count < 3 && e->in[node.input_count].kind != 0; node.input_count++)
        make(&t[node.input_count], &e->in[node.input_count]);
    nn_status st = nn_ref_node(&node, in, &out, why, sizeof why);
    if (st != e->status)
        fail_msg("%s: status %d: %s", nn_node_op_name(e->op), st, why);
    assert_int_equal(out.count, e->count);
    assert_int_equal(out.type, e->type);
    assert_true(st == NN_OK || why[0] != '\0');
    for (size_t k = 0; k < out.count; k++)
        testing_assert_near(out.value != NULL ? (double)out.value[k] : (double)out.number[k],
                            e->want[k], 0);
    nn_tensor_clear(&out);
    for (size_t k = 0; k < node.input_count; k++)
        nn_tensor_clear(&t[k]);
}

static void test_examples(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof examples / sizeof examples[0]; k++)
        run_example(&examples[k]);
}

/* Nothing of what a hostile file may ask of 64 bits is undefined. */
static void test_extremes(void **unused)
{
    const nn_op ops[] = {NN_OP_ADD, NN_OP_SUB, NN_OP_MUL, NN_OP_DIV, NN_OP_POW, NN_OP_MAX};
    const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -2, -1, 1, 2, INT64_MAX};
    const nn_dims scalar = {.rank = 0};

    (void)unused;
    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++) {
        for (size_t i = 0; i < 49; i++) {
            nn_node node = {.op = ops[o], .name = "n", .input_count = 2};
            nn_tensor t[2], out;
            const nn_tensor *in[2] = {&t[0], &t[1]};
            for (int k = 0; k < 2; k++)
                assert_int_equal(nn_tensor_init(&t[k], NN_TYPE_INT64, &scalar), NN_OK);
            t[0].number[0] = numbers[i / 7];
            t[1].number[0] = numbers[i % 7];
            assert_int_equal(nn_ref_node(&node, in, &out, NULL, 0), NN_OK);
            if (ops[o] == NN_OP_MAX)
                assert_true(out.number[0] == numbers[i / 7 > i % 7 ? i / 7 : i % 7]);
            if (ops[o] == NN_OP_ADD && i / 7 + i % 7 == 7)
                assert_true(out.number[0] == 0);
            nn_tensor_clear(&out);
            nn_tensor_clear(&t[0]);
            nn_tensor_clear(&t[1]);
        }
    }
}

static void test_constant_of_shape_value(void **unused)
{
    const nn_dims one = {1, {1}};
    nn_attr value = {.type = NN_ATTR_TENSOR, .key = (char *)"value"};
    nn_node node = {.op = NN_OP_CONSTANT_OF_SHAPE, .name = "n", .input_count = 1};
    nn_tensor sizes, out;
    const nn_tensor *in[1] = {&sizes};

    (void)unused;
    assert_int_equal(nn_tensor_init(&sizes, NN_TYPE_INT64, &one), NN_OK);
    sizes.number[0] = 2;
    assert_int_equal(nn_tensor_init(&value.tensor, NN_TYPE_INT64, &one), NN_OK);
    value.tensor.number[0] = -1;
    node.attr = &value;
    node.attr_count = 1;
    assert_int_equal(nn_ref_node(&node, in, &out, NULL, 0), NN_OK);
    assert_int_equal(out.type, NN_TYPE_INT64);
    assert_true(out.count == 2 && out.number[0] == -1 && out.number[1] == -1);
    nn_tensor_clear(&out);
    nn_tensor_clear(&value.tensor);
    nn_tensor_clear(&sizes);
}

/* Dimensions that broadcast to out: some axes of size 1, some of the first left out. */
static nn_dims operand_dims(const nn_dims *out, testing_rng *rng)
{
    size_t from = testing_below(rng, out->rank + 1);
    nn_dims d = nn_dims_make(out->rank - from, out->dim + from);

    for (size_t k = 0; k < d.rank; k++)
        if (testing_below(rng, 2) == 0)
            d.dim[k] = 1;
    return d;
}

/* What is computed in runs is what is computed one by one. */
static void test_runs(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int turn = 0; turn < 300; turn++) {
        nn_dims out = {.rank = testing_below(&rng, 5)};
        size_t count, step;

        for (size_t k = 0; k < out.rank; k++)
            out.dim[k] = 1 + testing_below(&rng, 4);
        nn_dims d = operand_dims(&out, &rng);
        size_t length = nn_ref_run_length(&out, &d, &step);
        assert_int_equal(nn_dims_count(&out, &count), NN_OK);
        assert_int_equal(count % length, 0);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(nn_ref_broadcast(&out, &d, i),
                             nn_ref_broadcast(&out, &d, i - i % length) + i % length * step);
        if (nn_dims_equal(&out, &d) || d.rank == 0)
            assert_int_equal(length, count);
    }
}

/* Sums of two and of three operands that are broadcast, of floats and of integers. */
static void test_broadcast(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int turn = 0; turn < 200; turn++) {
        const nn_dims full = {3, {2, 3, 4}};
        nn_type type = turn % 2 == 0 ? NN_TYPE_FLOAT : NN_TYPE_INT64;
        nn_node node = {.op = NN_OP_SUM, .name = "n", .input_count = turn % 4 < 2 ? 2 : 3};
        nn_tensor t[3], out;
        const nn_tensor *in[3] = {&t[0], &t[1], &t[2]};

        for (size_t k = 0; k < node.input_count; k++) {
            nn_dims d = k == 1 ? full : operand_dims(&full, &rng);
            assert_int_equal(nn_tensor_init(&t[k], type, &d), NN_OK);
            for (size_t i = 0; i < t[k].count; i++)
                if (type == NN_TYPE_FLOAT)
                    t[k].value[i] = (float)testing_below(&rng, 1000);
                else
                    t[k].number[i] = (int64_t)testing_below(&rng, 1000);
        }
        assert_int_equal(nn_ref_node(&node, in, &out, NULL, 0), NN_OK);
        assert_int_equal(out.count, 24);
        for (size_t i = 0; i < 24; i++) {
            double want = 0;
            for (size_t k = 0; k < node.input_count; k++)
                want += nn_ref_at(&t[k], nn_ref_broadcast(&full, &t[k].dims, i));
            assert_true(nn_ref_at(&out, i) == want);
        }
        nn_tensor_clear(&out);
        for (size_t k = 0; k < node.input_count; k++)
            nn_tensor_clear(&t[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_constant_of_shape_value),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_broadcast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
