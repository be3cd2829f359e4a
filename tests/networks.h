/* Networks drawn at random, for the tests of reading, lowering and merging: convolutions of any
 * stride, padding, dilation and groups, batch norm, pools, polynomial activations, dense layers. */
#ifndef UNSEEN_TESTS_NETWORKS_H
#define UNSEEN_TESTS_NETWORKS_H

#include "nn/graph.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"

#include "tests/testing.h"

enum { NETWORKS_WHY = 1000 };

/** A network being drawn: the graph, the name and the dimensions of its newest value. */
typedef struct networks_draft {
    nn_graph *g;
    testing_rng *rng;
    char value[32];
    nn_dims dims;
    int serial; /* makes names unique */
} networks_draft;

/** Add a constant of random numbers in [lo, hi]; its name goes to name, of 32 characters. */
static inline void networks_constant(networks_draft *d, char *name, size_t rank, const size_t *dims,
                                     double lo, double hi)
{
    nn_dims shape = nn_dims_make(rank, dims);
    size_t count = 0;
    assert_int_equal(nn_dims_count(&shape, &count), NN_OK);
    float *data = malloc((count > 0 ? count : 1) * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)testing_uniform(d->rng, lo, hi);
    (void)snprintf(name, 32, "w%d", d->serial++);
    assert_int_equal(nn_graph_initializer(d->g, name, rank, dims, data), NN_OK);
    free(data);
}

/** Add a node; the newest value is what it makes once networks_done() has been called. */
static inline void networks_node(networks_draft *d, const char *op, const char *const *inputs,
                                 size_t count)
{
    char name[32];
    (void)snprintf(name, sizeof name, "n%d", d->serial);
    (void)snprintf(d->value, sizeof d->value, "v%d", d->serial++);
    if (nn_graph_node(d->g, op, name, inputs, count, d->value) != NN_OK)
        fail_msg("%s", nn_graph_error(d->g));
}

/** The node's attributes are complete: find the dimensions of what it makes. */
static inline void networks_done(networks_draft *d)
{
    char why[NETWORKS_WHY] = "";
    nn_dims *dims = malloc(d->g->value_count * sizeof *dims);
    assert_non_null(dims);
    if (nn_infer_dims(dims, d->g, 1, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    d->dims = dims[nn_graph_find(d->g, d->value)];
    free(dims);
}

static inline void networks_convolution(networks_draft *d)
{
    char in[32], w[32], b[32];
    testing_rng *r = d->rng;
    size_t ins = d->dims.dim[1], group = ins % 2 == 0 && testing_below(r, 4) == 0 ? 2 : 1;
    size_t outs = group * (1 + testing_below(r, 3));
    size_t kh = 1 + testing_below(r, 3), kw = 1 + testing_below(r, 3);
    double size = 1.0 / sqrt((double)(ins / group * kh * kw));
    int64_t pads[4], strides[2], dilations[2] = {1, 1};

    memcpy(in, d->value, sizeof in);
    networks_constant(d, w, 4, (const size_t[]){outs, ins / group, kh, kw}, -2 * size, 2 * size);
    networks_constant(d, b, 1, &outs, -0.5, 0.5);
    for (int k = 0; k < 4; k++)
        pads[k] = (int64_t)testing_below(r, 3);
    for (int k = 0; k < 2; k++)
        strides[k] = 1 + (int64_t)testing_below(r, 2);
    if (testing_below(r, 4) == 0 && d->dims.dim[2] > 4 && d->dims.dim[3] > 4)
        dilations[0] = dilations[1] = 2;
    for (int k = 0; k < 2; k++) /* the kernel fits into what is padded */
        while ((int64_t)d->dims.dim[2 + k] + pads[k] + pads[2 + k] <
               ((int64_t)(k == 0 ? kh : kw) - 1) * dilations[k] + 1)
            pads[k]++;
    networks_node(d, "Conv", (const char *const[]){in, w, b}, testing_below(r, 4) == 0 ? 2 : 3);
    nn_graph_attr_int(d->g, "group", (int64_t)group);
    nn_graph_attr_ints(d->g, "strides", strides, 2);
    nn_graph_attr_ints(d->g, "dilations", dilations, 2);
    if (testing_below(r, 4) == 0)
        nn_graph_attr_text(d->g, "auto_pad",
                           testing_below(r, 2) == 0 ? "SAME_UPPER" : "SAME_LOWER");
    else
        nn_graph_attr_ints(d->g, "pads", pads, 4);
    networks_done(d);
}

static inline void networks_batch_norm(networks_draft *d)
{
    char in[32], p[4][32];
    size_t c = d->dims.dim[1];

    memcpy(in, d->value, sizeof in);
    networks_constant(d, p[0], 1, &c, 0.5, 1.5);
    networks_constant(d, p[1], 1, &c, -0.5, 0.5);
    networks_constant(d, p[2], 1, &c, -0.5, 0.5);
    networks_constant(d, p[3], 1, &c, 0.5, 1.5);
    networks_node(d, "BatchNormalization", (const char *const[]){in, p[0], p[1], p[2], p[3]}, 5);
    nn_graph_attr_float(d->g, "epsilon", 0.001f);
    networks_done(d);
}

static inline void networks_pool(networks_draft *d)
{
    char in[32];
    testing_rng *r = d->rng;
    int64_t kernel[2], strides[2], pads[4];

    memcpy(in, d->value, sizeof in);
    for (int k = 0; k < 2; k++) {
        kernel[k] = d->dims.dim[2 + k] > 1 ? 2 : 1;
        strides[k] = 1 + (int64_t)testing_below(r, 2);
        pads[k] = pads[2 + k] = kernel[k] == 2 ? (int64_t)testing_below(r, 2) : 0;
    }
    networks_node(d, "AveragePool", (const char *const[]){in}, 1);
    nn_graph_attr_ints(d->g, "kernel_shape", kernel, 2);
    nn_graph_attr_ints(d->g, "strides", strides, 2);
    nn_graph_attr_ints(d->g, "pads", pads, 4);
    nn_graph_attr_int(d->g, "count_include_pad", (int64_t)testing_below(r, 2));
    nn_graph_attr_int(d->g, "ceil_mode", (int64_t)testing_below(r, 2));
    networks_done(d);
}

static inline void networks_binary(networks_draft *d, const char *op, const char *a, const char *b)
{
    char u[32], v[32];

    (void)snprintf(u, sizeof u, "%s", a);
    (void)snprintf(v, sizeof v, "%s", b);
    networks_node(d, op, (const char *const[]){u, v}, 2);
}

/* a x^2 + b x + c with coefficients per channel or for all, as Mul, Mul, Mul, Add, Add nodes. */
static inline void networks_quadratic(networks_draft *d, int per_channel)
{
    char x[32], a[32], b[32], c[32], square[32], linear[32];
    size_t ones[NN_RANK_MAX] = {1, 1, 1, 1};

    memcpy(x, d->value, sizeof x);
    if (per_channel)
        ones[1] = d->dims.dim[1];
    int negative = testing_below(d->rng, 2) == 0;
    networks_constant(d, a, d->dims.rank, ones, negative ? -0.5 : 0.2, negative ? -0.2 : 0.5);
    networks_constant(d, b, d->dims.rank, ones, -0.5, 0.5);
    networks_constant(d, c, d->dims.rank, ones, -0.3, 0.3);
    networks_binary(d, "Mul", x, x);
    networks_binary(d, "Mul", d->value, a);
    memcpy(square, d->value, sizeof square);
    networks_binary(d, "Mul", b, x);
    memcpy(linear, d->value, sizeof linear);
    networks_binary(d, "Add", square, linear);
    networks_binary(d, testing_below(d->rng, 2) == 0 ? "Add" : "Sub", d->value, c);
    networks_done(d);
}

/* One of the activations that are taken. */
static inline void networks_activation(networks_draft *d)
{
    char x[32], w[32], square[32];
    const float three = 3;

    memcpy(x, d->value, sizeof x);
    switch (testing_below(d->rng, 5)) {
    case 0:
        networks_binary(d, "Mul", x, x);
        break;
    case 1:
        networks_quadratic(d, 0);
        return;
    case 2:
        networks_quadratic(d, 1);
        return;
    case 3: /* x^3 - w x, by Pow */
        (void)snprintf(w, sizeof w, "w%d", d->serial++);
        nn_graph_initializer(d->g, w, 0, NULL, &three);
        networks_binary(d, "Pow", x, w);
        memcpy(square, d->value, sizeof square);
        networks_constant(d, w, 0, NULL, 0.2, 0.8);
        networks_binary(d, "Mul", w, x);
        networks_binary(d, "Sub", square, d->value);
        break;
    default: /* (x^2 - w)^2 / 3 + x */
        networks_binary(d, "Mul", x, x);
        networks_constant(d, w, 0, NULL, 0.2, 0.8);
        networks_binary(d, "Sub", d->value, w);
        networks_binary(d, "Mul", d->value, d->value);
        (void)snprintf(w, sizeof w, "w%d", d->serial++);
        nn_graph_initializer(d->g, w, 0, NULL, &three);
        networks_binary(d, "Div", d->value, w);
        networks_binary(d, "Add", d->value, x);
        break;
    }
    networks_done(d);
}

static inline void networks_flatten(networks_draft *d)
{
    char in[32], shape[32];

    memcpy(in, d->value, sizeof in);
    if (testing_below(d->rng, 3) == 0) {
        networks_node(d, "GlobalAveragePool", (const char *const[]){in}, 1);
        memcpy(in, d->value, sizeof in);
    }
    if (testing_below(d->rng, 2) == 0) {
        networks_node(d, "Flatten", (const char *const[]){in}, 1);
    } else {
        (void)snprintf(shape, sizeof shape, "w%d", d->serial++);
        nn_graph_initializer_ints(d->g, shape, (const int64_t[]){0, -1}, 2);
        networks_node(d, "Reshape", (const char *const[]){in, shape}, 2);
    }
    networks_done(d);
}

static inline void networks_dense(networks_draft *d)
{
    char in[32], w[32], b[32];
    size_t k = d->dims.dim[1], m = 1 + testing_below(d->rng, 6);
    double size = 2.0 / sqrt((double)k);

    memcpy(in, d->value, sizeof in);
    networks_constant(d, b, 1, &m, -0.5, 0.5);
    switch (testing_below(d->rng, 3)) {
    case 0: /* as an export of a linear layer: Gemm with transB */
        networks_constant(d, w, 2, (const size_t[]){m, k}, -size, size);
        networks_node(d, "Gemm", (const char *const[]){in, w, b}, 3);
        nn_graph_attr_int(d->g, "transB", 1);
        nn_graph_attr_float(d->g, "alpha", 0.75f);
        break;
    case 1: /* MatMul by a constant that is transposed first, then Add */
        networks_constant(d, w, 2, (const size_t[]){m, k}, -size, size);
        networks_node(d, "Transpose", (const char *const[]){w}, 1);
        nn_graph_attr_ints(d->g, "perm", (const int64_t[]){1, 0}, 2);
        networks_binary(d, "MatMul", in, d->value);
        networks_binary(d, "Add", d->value, b);
        break;
    default:
        networks_constant(d, w, 2, (const size_t[]){k, m}, -size, size);
        networks_node(d, "Gemm", (const char *const[]){in, w}, 2);
        break;
    }
    networks_done(d);
}

/** A network of one or two convolution blocks and one or two dense layers; free the graph. */
static inline nn_graph *networks_random(testing_rng *rng)
{
    networks_draft d = {.rng = rng};
    nn_shape in = {1 + testing_below(rng, 3), 5 + testing_below(rng, 5), 5 + testing_below(rng, 5)};

    assert_int_equal(nn_graph_create(&d.g), NN_OK);
    (void)snprintf(d.value, sizeof d.value, "image");
    nn_graph_input(d.g, "image", in);
    d.dims = nn_dims_make(4, (const size_t[]){1, in.c, in.h, in.w});
    if (testing_below(rng, 2) == 0) { /* input normalisation per channel */
        char w[32];
        networks_constant(&d, w, 3, (const size_t[]){in.c, 1, 1}, 0.2, 0.6);
        networks_binary(&d, "Sub", d.value, w);
        networks_constant(&d, w, 3, (const size_t[]){in.c, 1, 1}, 0.5, 1.0);
        networks_binary(&d, "Div", d.value, w);
        networks_done(&d);
    }
    for (uint64_t k = 1 + testing_below(rng, 2); k-- > 0;) {
        networks_convolution(&d);
        if (testing_below(rng, 2) == 0)
            networks_batch_norm(&d);
        if (testing_below(rng, 4) != 0)
            networks_activation(&d);
        if (testing_below(rng, 3) == 0)
            networks_pool(&d);
    }
    networks_flatten(&d);
    networks_dense(&d);
    if (testing_below(rng, 2) == 0) {
        if (testing_below(rng, 2) == 0)
            networks_batch_norm(&d);
        networks_activation(&d);
        if (testing_below(rng, 2) == 0)
            networks_dense(&d);
    }
    nn_graph_output(d.g, d.value);
    if (nn_graph_status(d.g) != NN_OK)
        fail_msg("%s", nn_graph_error(d.g));
    return d.g;
}

/** A random image for a graph: numbers in [0, 1]; clear it. */
static inline void networks_image(nn_tensor *t, const nn_graph *g, testing_rng *rng)
{
    nn_dims dims = g->value[g->input[0]].dims;

    dims.dim[0] = 1;
    assert_int_equal(nn_tensor_init(t, NN_TYPE_FLOAT, &dims), NN_OK);
    for (size_t i = 0; i < t->count; i++)
        t->value[i] = (float)testing_uniform(rng, 0, 1);
}

#endif
