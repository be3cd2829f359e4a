/* Linear nodes as matrices against the reference, on random shapes, and every refusal. */

#include "nn/stages/affine_op.h"

#include "nn/graph/op.h"
#include "nn/ref/ref.h"

#include "tests/testing.h"

/* A node to be drawn: its inputs, attributes in storage of their own. */
typedef struct draft {
    nn_node node;
    nn_tensor t[5];
    const nn_tensor *in[5];
    nn_attr attr[6];
    int64_t numbers[6][4];
} draft;

static void attr_int(draft *d, const char *key, int64_t number)
{
    static char keys[8][24];
    char *name = keys[d->node.attr_count];

    (void)snprintf(name, sizeof keys[0], "%s", key);
    d->attr[d->node.attr_count++] = (nn_attr){.type = NN_ATTR_INT, .key = name, .number = number};
}

static void attr_ints(draft *d, const char *key, const int64_t *numbers, size_t count)
{
    size_t k = d->node.attr_count;

    attr_int(d, key, 0);
    memcpy(d->numbers[k], numbers, count * sizeof *numbers);
    d->attr[k].type = NN_ATTR_INTS;
    d->attr[k].numbers = d->numbers[k];
    d->attr[k].count = count;
}

static void input(draft *d, testing_rng *rng, double lo, double hi, size_t rank, const size_t *dims)
{
    nn_dims shape = nn_dims_make(rank, dims);
    nn_tensor *t = &d->t[d->node.input_count];

    assert_int_equal(nn_tensor_init(t, NN_TYPE_FLOAT, &shape), NN_OK);
    for (size_t i = 0; i < t->count; i++)
        t->value[i] = (float)testing_uniform(rng, lo, hi);
    d->in[d->node.input_count++] = t;
}

/* Two axes as a constant list of integers. */
static void input_axes(draft *d, int64_t first, int64_t second)
{
    nn_tensor *t = &d->t[d->node.input_count];

    assert_int_equal(nn_tensor_init(t, NN_TYPE_INT64, &(nn_dims){1, {2}}), NN_OK);
    t->number[0] = first;
    t->number[1] = second;
    d->in[d->node.input_count++] = t;
}

static size_t small(testing_rng *rng)
{
    return 1 + testing_below(rng, 4);
}

/* A random node of an operator; returns which input is the one that is not constant. */
static size_t draw(draft *d, nn_op op, testing_rng *rng)
{
    size_t n = small(rng) / 2 + 1, c = small(rng), h = 3 + small(rng), w = 3 + small(rng),
           m = small(rng), k = small(rng), group = small(rng) / 2 + 1;
    int ta = (int)testing_below(rng, 2), tb = (int)testing_below(rng, 2);

    *d = (draft){.node = {.op = op, .name = "n", .attr = d->attr}};
    switch (op) {
    case NN_OP_AVERAGE_POOL:
        input(d, rng, -1, 1, 4, (const size_t[]){n, c, h, w});
        attr_ints(d, "kernel_shape", (const int64_t[]){2, 3}, 2);
        attr_ints(d, "strides", (const int64_t[]){(int64_t)small(rng), (int64_t)small(rng)}, 2);
        attr_ints(d, "pads", (const int64_t[]){1, 0, 0, 2}, 4);
        attr_int(d, "count_include_pad", ta);
        attr_int(d, "ceil_mode", tb);
        return 0;
    case NN_OP_BATCH_NORMALIZATION:
        input(d, rng, -1, 1, 4, (const size_t[]){n, c, h, w});
        for (int p = 0; p < 4; p++)
            input(d, rng, 0.5, 1.5, 1, &c);
        return 0;
    case NN_OP_CONV:
        input(d, rng, -1, 1, 4, (const size_t[]){n, c * group, h, w});
        input(d, rng, -1, 1, 4, (const size_t[]){m * group, c, 2, 3});
        if (ta)
            input(d, rng, -1, 1, 1, (const size_t[]){m * group});
        attr_int(d, "group", (int64_t)group);
        attr_ints(d, "strides", (const int64_t[]){(int64_t)small(rng), (int64_t)small(rng)}, 2);
        attr_ints(d, "pads", (const int64_t[]){0, 1, 2, 1}, 4);
        attr_ints(d, "dilations", (const int64_t[]){1 + tb, 1}, 2);
        return 0;
    case NN_OP_GEMM:
        input(d, rng, -1, 1, 2, ta ? (const size_t[]){k, n} : (const size_t[]){n, k});
        input(d, rng, -1, 1, 2, tb ? (const size_t[]){m, k} : (const size_t[]){k, m});
        if (small(rng) > 1)
            input(d, rng, -1, 1, 2,
                  (const size_t[]){small(rng) > 2 ? n : 1, small(rng) > 2 ? m : 1});
        attr_int(d, "transA", ta);
        attr_int(d, "transB", tb);
        attr_int(d, "alpha", 0);
        attr_int(d, "beta", 0);
        d->attr[2] = (nn_attr){.type = NN_ATTR_FLOAT, .key = "alpha", .real = 1.5f};
        d->attr[3] = (nn_attr){.type = NN_ATTR_FLOAT, .key = "beta", .real = -0.5f};
        return testing_below(rng, 2);
    case NN_OP_MATMUL:
        input(d, rng, -1, 1, 3, (const size_t[]){ta ? 1 : c, n, k});
        input(d, rng, -1, 1, 4, (const size_t[]){2, tb ? 1 : c, k, m});
        return testing_below(rng, 2);
    case NN_OP_REDUCE_MEAN: /* over space, over all, or over channels and columns */
        input(d, rng, -1, 1, 4, (const size_t[]){n, c, h, w});
        attr_int(d, "keepdims", ta);
        if (small(rng) == 1)
            return 0;
        input_axes(d, tb ? 2 : 1, tb ? 3 : -1);
        return 0;
    default:
        input(d, rng, -1, 1, 4, (const size_t[]){n, c, h, w});
        return 0;
    }
}

static void release(draft *d)
{
    for (size_t k = 0; k < d->node.input_count; k++)
        nn_tensor_clear(&d->t[k]);
}

static nn_status build(nn_affine *a, const draft *d, size_t dynamic, char *why, size_t why_size)
{
    nn_tensor shape = d->t[dynamic];
    const nn_tensor *in[5];
    nn_dims out;

    memcpy(in, d->in, sizeof in);
    shape.value = NULL;
    in[dynamic] = &shape;
    nn_status st = nn_op_shape(&out, &d->node, in, why, why_size);
    return st != NN_OK ? st : nn_affine_of_node(a, &d->node, in, dynamic, &out, why, why_size);
}

static void test_against_reference(void **unused)
{
    static const nn_op ops[] = {NN_OP_AVERAGE_POOL, NN_OP_BATCH_NORMALIZATION, NN_OP_CONV,
                                NN_OP_GEMM,         NN_OP_GLOBAL_AVERAGE_POOL, NN_OP_MATMUL,
                                NN_OP_REDUCE_MEAN};
    testing_rng rng;
    char why[300] = "";

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(40) * 7; n-- > 0;) {
        draft d;
        nn_affine a;
        nn_tensor want;
        size_t dynamic = draw(&d, ops[n % 7], &rng);

        if (build(&a, &d, dynamic, why, sizeof why) != NN_OK)
            fail_msg("%s", why);
        assert_int_equal(nn_ref_node(&d.node, d.in, &want, NULL, 0), NN_OK);
        assert_int_equal(a.rows, want.count);
        assert_int_equal(a.cols, d.t[dynamic].count);
        double *x = malloc(a.cols * sizeof *x), *y = malloc(a.rows * sizeof *y);
        for (size_t i = 0; i < a.cols; i++)
            x[i] = (double)d.t[dynamic].value[i];
        nn_affine_apply(&a, y, x);
        /* The reference sums in double and rounds once; |y| < 64 in all these shapes. */
        for (size_t i = 0; i < a.rows; i++)
            testing_assert_near(y[i], want.value[i], 64 * ldexp(1, -24));
        free(x);
        free(y);
        nn_affine_clear(&a);
        nn_tensor_clear(&want);
        release(&d);
    }
}

static void test_refused(void **unused)
{
    testing_rng rng;
    draft d;
    nn_affine a;
    char why[300] = "";

    (void)unused;
    testing_rng_init(&rng, 1);
    draw(&d, NN_OP_CONV, &rng);
    assert_int_equal(build(&a, &d, 1, why, sizeof why), NN_ERR_UNSUPPORTED);
    assert_string_equal(why, "Conv 'n': its input 2 has to be constant");
    d.t[1].value[0] = NAN;
    assert_int_equal(build(&a, &d, 0, why, sizeof why), NN_ERR_RANGE);
    assert_string_equal(why, "Conv 'n': a weight is not a finite number");
    assert_null(a.row_start);
    release(&d);
    draw(&d, NN_OP_ADD, &rng);
    input(&d, &rng, 0, 1, 1, (const size_t[]){1});
    assert_int_equal(build(&a, &d, 0, why, sizeof why), NN_ERR_UNSUPPORTED);
    release(&d);
    d = (draft){.node = {.op = NN_OP_GLOBAL_AVERAGE_POOL, .name = "n", .attr = d.attr}};
    input(&d, &rng, 0, 1, 3, (const size_t[]){1, 1, 1});
    d.t[0].dims.dim[1] = (size_t)1 << 25;
    assert_int_equal(build(&a, &d, 0, why, sizeof why), NN_ERR_SHAPE);
    assert_string_equal(why, "GlobalAveragePool 'n': its matrix is too large");
    release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_reference),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
