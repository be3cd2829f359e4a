/* Small graphs made by hand, random directed acyclic ones, and their stages against the reference.
 */
#ifndef UNSEEN_TESTS_GRAPHS_H
#define UNSEEN_TESTS_GRAPHS_H

#include "nn/ref/ref.h"
#include "nn/stages/lower.h"

#include "tests/networks.h"

/* Largest difference between stages and reference allowed, in parts of the largest value on the
 * way: the reference rounds each of at most 20 nodes to float (2^-24), and at most 4 activations of
 * degree at most 4 make a relative error at most 4 times larger each: 20 * 4^4 * 2^-24 < 4e-4. Sums
 * of random signs stay far below; 1e-4 is asserted. */
#define GRAPHS_TOLERANCE 1e-4

/** A graph with an input x of n values (n,1,1). */
static inline nn_graph *graphs_vector(size_t n)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &(nn_dims){2, {0, n}});
    return g;
}

/** A graph with an image x. */
static inline nn_graph *graphs_image(size_t c, size_t h, size_t w)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){c, h, w});
    return g;
}

static inline void graphs_number(nn_graph *g, const char *name, float v)
{
    nn_graph_initializer(g, name, 0, NULL, &v);
}

/** A node named as what it makes; b may be NULL. */
static inline void graphs_node(nn_graph *g, const char *op, const char *a, const char *b,
                               const char *out)
{
    nn_graph_node(g, op, out, (const char *const[]){a, b}, b != NULL ? 2 : 1, out);
}

/** A constant of random numbers. */
static inline void graphs_weights(nn_graph *g, const char *name, size_t rank, const size_t *dims,
                                  double size, testing_rng *rng)
{
    size_t count = 1;

    for (size_t k = 0; k < rank; k++)
        count *= dims[k];
    float *w = malloc(count * sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < count; i++)
        w[i] = (float)testing_uniform(rng, -size, size);
    nn_graph_initializer(g, name, rank, dims, w);
    free(w);
}

/** A convolution named as what it makes, of square kernels, with a bias. */
static inline void graphs_conv(nn_graph *g, const char *in, const char *out, size_t ins,
                               size_t outs, size_t kernel, int64_t stride, int64_t pad,
                               testing_rng *rng)
{
    char w[40], b[40];

    (void)snprintf(w, sizeof w, "%s.w", out);
    (void)snprintf(b, sizeof b, "%s.b", out);
    graphs_weights(g, w, 4, (const size_t[]){outs, ins, kernel, kernel},
                   1.5 / sqrt((double)(ins * kernel * kernel)), rng);
    graphs_weights(g, b, 1, &outs, 0.3, rng);
    nn_graph_node(g, "Conv", out, (const char *const[]){in, w, b}, 3, out);
    nn_graph_attr_ints(g, "strides", (const int64_t[]){stride, stride}, 2);
    nn_graph_attr_ints(g, "pads", (const int64_t[]){pad, pad, pad, pad}, 4);
}

/** A batch normalisation of c channels; no scale is near 0. */
static inline void graphs_norm(nn_graph *g, const char *in, const char *out, size_t c,
                               testing_rng *rng)
{
    char p[4][40];
    const char *const inputs[5] = {in, p[0], p[1], p[2], p[3]};

    for (int k = 0; k < 4; k++) {
        float v[64];
        assert_true(c <= 64);
        for (size_t i = 0; i < c; i++)
            v[i] = (float)(k == 1 || k == 2 ? testing_uniform(rng, -0.3, 0.3)
                                            : testing_uniform(rng, 0.6, 1.5));
        (void)snprintf(p[k], sizeof p[k], "%s.p%d", out, k);
        nn_graph_initializer(g, p[k], 1, &c, v);
    }
    nn_graph_node(g, "BatchNormalization", out, inputs, 5, out);
}

/** A dense layer. */
static inline void graphs_dense(nn_graph *g, const char *in, const char *out, size_t cols,
                                size_t rows, testing_rng *rng)
{
    char w[40], b[40];

    (void)snprintf(w, sizeof w, "%s.w", out);
    (void)snprintf(b, sizeof b, "%s.b", out);
    graphs_weights(g, w, 2, (const size_t[]){rows, cols}, 1.5 / sqrt((double)cols), rng);
    graphs_weights(g, b, 1, &rows, 0.3, rng);
    nn_graph_node(g, "Gemm", out, (const char *const[]){in, w, b}, 3, out);
    nn_graph_attr_int(g, "transB", 1);
}

/** An average pool of 2 x 2. */
static inline void graphs_pool(nn_graph *g, const char *in, const char *out)
{
    graphs_node(g, "AveragePool", in, NULL, out);
    nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){2, 2}, 2);
    nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 2}, 2);
}

/** S3's degree-4 fit of Swish on [-6, 6], as an exporter writes it; its constants are "a0" to "a4",
 *  which graphs_swish_constants adds. */
static inline void graphs_swish(nn_graph *g, const char *x, const char *out)
{
    char n[6][40];

    for (int k = 0; k < 6; k++)
        (void)snprintf(n[k], sizeof n[k], "%s.%d", out, k);
    graphs_node(g, "Mul", x, x, n[0]);
    graphs_node(g, "Mul", n[0], "a4", n[1]);
    graphs_node(g, "Add", n[1], "a2", n[2]);
    graphs_node(g, "Mul", n[2], n[0], n[3]);
    graphs_node(g, "Mul", x, "a1", n[4]);
    graphs_node(g, "Add", n[3], n[4], n[5]);
    graphs_node(g, "Add", n[5], "a0", out);
}

static inline void graphs_swish_constants(nn_graph *g)
{
    graphs_number(g, "a0", 0.1198f);
    graphs_number(g, "a1", 0.5f);
    graphs_number(g, "a2", 0.1473f);
    graphs_number(g, "a4", -0.002012f);
}

static inline void graphs_lower(nn_stages *s, const nn_graph *g)
{
    char why[NETWORKS_WHY] = "";

    if (nn_lower(s, g, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/** nn_lower refuses the graph with a status, and why holds a text. Frees the graph. */
static inline void graphs_refuse(nn_graph *g, nn_status status, const char *text)
{
    char why[NETWORKS_WHY] = "";
    nn_stages s;

    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    assert_int_equal(nn_lower(&s, g, why, sizeof why), status);
    assert_int_equal(s.count, 0);
    assert_null(s.stage);
    if (strstr(why, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, why);
    assert_int_equal(nn_lower(&s, g, NULL, 0), status);
    nn_graph_free(g);
}

/** Stages against the reference on a random image, within tolerance times the largest value; their
 *  ranges hold. */
static inline void graphs_compare(const nn_graph *g, const nn_stages *s, double tolerance,
                                  testing_rng *rng)
{
    char why[NETWORKS_WHY] = "";
    nn_tensor in, want;
    size_t count = nn_stages_output_count(s);
    double *x, *out = malloc(count * sizeof *out), *peak = calloc(s->count, sizeof *peak), most = 1;

    networks_image(&in, g, rng);
    if (nn_ref_run(g, &in, &want, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
    assert_int_equal(want.count, count);
    x = malloc(in.count * sizeof *x);
    for (size_t i = 0; i < in.count; i++)
        x[i] = (double)in.value[i];
    assert_int_equal(nn_stages_apply(s, out, peak, x), NN_OK);
    for (size_t k = 0; k < s->count; k++) {
        most = fmax(most, peak[k]);
        assert_true(peak[k] <= s->stage[k].range * (1 + 1e-9));
    }
    for (size_t i = 0; i < count; i++)
        testing_assert_near(out[i], want.value[i], tolerance * most);
    free(x);
    free(out);
    free(peak);
    nn_tensor_clear(&in);
    nn_tensor_clear(&want);
}

/** Two networks of stages give the same on random numbers, within tolerance times the largest
 * value.
 */
static inline void graphs_equal(const nn_stages *a, const nn_stages *b, double tolerance,
                                testing_rng *rng)
{
    size_t count = nn_stages_output_count(a), width = nn_stages_width(a, 0);
    double *x = malloc(width * sizeof *x), *u = malloc(count * sizeof *u),
           *v = malloc(count * sizeof *v), *peak = calloc(a->count, sizeof *peak), most = 1;

    assert_int_equal(nn_stages_output_count(b), count);
    for (size_t i = 0; i < width; i++)
        x[i] = testing_uniform(rng, a->input_lo, a->input_hi);
    assert_int_equal(nn_stages_apply(a, u, peak, x), NN_OK);
    assert_int_equal(nn_stages_apply(b, v, NULL, x), NN_OK);
    for (size_t k = 0; k < a->count; k++)
        most = fmax(most, peak[k]);
    for (size_t i = 0; i < count; i++)
        testing_assert_near(v[i], u[i], tolerance * most);
    free(x);
    free(u);
    free(v);
    free(peak);
}

/** What holds for all stages of a network: order, sizes, one bias, no input twice. */
static inline void graphs_check(const nn_stages *s)
{
    assert_true(s->count > 0);
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *t = &s->stage[k];

        assert_true(t->range > 0);
        assert_true(nn_stages_uses(s, k + 1) > 0);
        assert_in_range(t->input_count, 1, NN_INPUTS_MAX);
        for (size_t i = 0; i < t->input_count; i++) {
            assert_true(t->input[i] <= k);
            if (t->kind != NN_STAGE_AFFINE) {
                assert_int_equal(nn_stages_width(s, t->input[i]), nn_shape_count(t->out));
                continue;
            }
            assert_int_equal(t->affine[i].rows, nn_shape_count(t->out));
            assert_int_equal(t->affine[i].cols, nn_stages_width(s, t->input[i]));
            assert_int_equal(t->affine[i].built, t->affine[i].rows);
            for (size_t row = 0; i > 0 && row < t->affine[i].rows; row++)
                assert_true(t->affine[i].bias[row] == 0);
            for (size_t j = 0; j < i; j++)
                assert_true(t->input[j] != t->input[i]);
        }
        assert_int_equal(t->input_count, t->kind == NN_STAGE_POLY      ? 1
                                         : t->kind == NN_STAGE_PRODUCT ? 2
                                                                       : t->input_count);
    }
}

/** A random graph with joins, products, concatenations and moves, over one image x. */
static inline nn_graph *graphs_random(testing_rng *rng)
{
    enum { KEPT = 6 };
    static const char *const ops[3] = {"Add", "Sub", "Mul"};
    size_t c = 2, side = 2 + 2 * testing_below(rng, 2), kept = 1;
    nn_graph *g = graphs_image(c, side, side);
    char value[KEPT][32] = {"x"}, out[32] = "x";

    nn_graph_initializer_ints(g, "from", (const int64_t[]){0, 1}, 2);
    nn_graph_initializer_ints(g, "to", (const int64_t[]){1, 2}, 2);
    for (int n = 0; n < 9; n++) {
        const char *a = value[testing_below(rng, kept)], *b = value[testing_below(rng, kept)];
        char wide[40], back[40];

        (void)snprintf(out, sizeof out, "v%d", n);
        switch (testing_below(rng, 9)) {
        case 0:
        case 1:
            graphs_conv(g, a, out, c, c, 3, 1, 1, rng);
            break;
        case 2:
            graphs_norm(g, a, out, c, rng);
            break;
        case 3: /* 0.4 (u + p)^2 - q, all numbers of absolute value below 1.4 */
            (void)snprintf(wide, sizeof wide, "%s.s", out);
            graphs_weights(g, wide, 3, (const size_t[]){c, 1, 1}, 0.9, rng);
            (void)snprintf(back, sizeof back, "%s.t", out);
            graphs_node(g, "Add", a, wide, back);
            graphs_node(g, "Mul", back, back, out);
            break;
        case 4:
        case 5:
        case 6:
            graphs_node(g, ops[testing_below(rng, 3)], a, b, out);
            break;
        case 7: /* twice as many channels, and back by a convolution or a pair of slices */
            (void)snprintf(wide, sizeof wide, "%s.c", out);
            graphs_node(g, "Concat", a, b, wide);
            nn_graph_attr_int(g, "axis", 1);
            graphs_conv(g, wide, out, 2 * c, c, 1, 1, 0, rng);
            break;
        default:
            graphs_node(g, "Transpose", a, NULL, out);
            nn_graph_attr_ints(g, "perm", (const int64_t[]){0, 1, 3, 2}, 4);
            break;
        }
        memcpy(value[kept < KEPT ? kept : testing_below(rng, KEPT)], out, sizeof out);
        kept += kept < KEPT;
    }
    graphs_node(g, "Flatten", out, NULL, "flat");
    graphs_dense(g, "flat", "y", c * side * side, 3, rng);
    nn_graph_output(g, "y");
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    return g;
}

#endif
