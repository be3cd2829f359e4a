/* Convolution in plain float arithmetic, see ref_rule.h: as ref_layer.c would write it,
 *
 *     y[o][spot] = b[o] + sum over terms t = (c, i, j) of w[o][t] * x[c][at spot's (i, j)]
 *
 * but in tiles that stay in the nearest cache. The terms of a sum are added one by one and in
 * order, and a product of two floats is exact in double, so the tiles change no bit of the result.
 * Padding is a zero that is multiplied.
 *
 * Index letters: n image of the batch, g group, o output channel, p output spot, t term. */

#include "nn/ref/ref_rule.h"

#include <string.h>

#include "nn/graph/window.h"

enum {
    OUTS = 64,  /* of a tile; even */
    TERMS = 64, /* of a tile that are gathered at a time; a multiple of UNROLL */
    SPOTS = 32, /* of a tile */
    UNROLL = 4  /* terms that are added in one pass over the sums */
};

/* The output channels of one group on one image. */
typedef struct conv {
    nn_window w;
    size_t spots, terms, outs;
    const float *image, *weight, *bias; /* bias may be NULL */
    float *result;
} conv;

/* sum: 16 KiB, term: 16 KiB. */
typedef struct tile {
    double sum[OUTS][SPOTS];
    double term[TERMS][SPOTS];
    size_t top[SPOTS], left[SPOTS]; /* of a spot's window; negative ones wrap */
    size_t spot, spots;             /* the first, and how many there are */
} tile;

/* Where the windows of the spots lie. What is beyond the last spot sees nothing of the input:
 * kernels with their dilation extend over less than 2^31 positions. */
static void place(tile *s, const conv *v)
{
    for (size_t p = 0; p < SPOTS; p++) {
        size_t spot = s->spot + p;
        int there = p < s->spots;

        s->top[p] = there ? spot / v->w.out[1] * v->w.stride[0] - v->w.before[0] : SIZE_MAX / 2;
        s->left[p] = there ? spot % v->w.out[1] * v->w.stride[1] - v->w.before[1] : SIZE_MAX / 2;
    }
}

/* What the windows see at the terms from first on; zeros where they have no more. */
static void gather(tile *s, const conv *v, size_t first, size_t count)
{
    const size_t rows = v->w.in[0], cols = v->w.in[1], kernel = v->w.kernel[0] * v->w.kernel[1];

    for (size_t t = 0; t < count; t++) {
        const size_t inner = (first + t) % kernel;
        const float *image = v->image + (first + t) / kernel * rows * cols;
        const size_t down = inner / v->w.kernel[1] * v->w.dilation[0];
        const size_t right = inner % v->w.kernel[1] * v->w.dilation[1];

        for (size_t p = 0; p < SPOTS; p++) {
            size_t y = s->top[p] + down, x = s->left[p] + right;
            s->term[t][p] = y < rows && x < cols ? (double)image[y * cols + x] : 0.0;
        }
    }
    for (size_t t = count; t % UNROLL != 0; t++)
        memset(s->term[t], 0, sizeof s->term[t]);
}

/* Add the terms to the sums of two output channels, a and b, with weights u and v. */
static void add_terms(double *restrict a, double *restrict b, const double (*restrict term)[SPOTS],
                      const double *u, const double *v, size_t count)
{
    for (size_t t = 0; t < count; t += UNROLL) {
        const double *r0 = term[t], *r1 = term[t + 1], *r2 = term[t + 2], *r3 = term[t + 3];
        const double u0 = u[t], u1 = u[t + 1], u2 = u[t + 2], u3 = u[t + 3];
        const double v0 = v[t], v1 = v[t + 1], v2 = v[t + 2], v3 = v[t + 3];

        for (size_t p = 0; p < SPOTS; p++) {
            a[p] = a[p] + u0 * r0[p] + u1 * r1[p] + u2 * r2[p] + u3 * r3[p];
            b[p] = b[p] + v0 * r0[p] + v1 * r1[p] + v2 * r2[p] + v3 * r3[p];
        }
    }
}

/* Weights of output channel o at count terms from first on, zeros up to a full pass. */
static void widen(double *weight, const conv *v, size_t o, size_t first, size_t count)
{
    for (size_t t = 0; t < TERMS; t++)
        weight[t] = t < count ? (double)v->weight[o * v->terms + first + t] : 0.0;
}

/* Output channels from first on, at the spots of the tile; OUTS even, so that the partner of a last
 * odd channel has a row. */
static void run_tile(tile *s, const conv *v, size_t first, size_t outs)
{
    double a[TERMS], b[TERMS];

    for (size_t o = 0; o < outs; o++)
        for (size_t p = 0; p < SPOTS; p++)
            s->sum[o][p] = v->bias != NULL ? (double)v->bias[first + o] : 0.0;
    for (size_t t = 0; t < v->terms; t += TERMS) {
        size_t count = v->terms - t < TERMS ? v->terms - t : TERMS;

        gather(s, v, t, count);
        for (size_t o = 0; o < outs; o += 2) {
            widen(a, v, first + o, t, count);
            widen(b, v, first + (o + 1 < outs ? o + 1 : o), t, count);
            add_terms(s->sum[o], s->sum[o + 1], (const double(*)[SPOTS])s->term, a, b, count);
        }
    }
    for (size_t o = 0; o < outs; o++)
        for (size_t p = 0; p < s->spots; p++)
            v->result[(first + o) * v->spots + s->spot + p] = (float)s->sum[o][p];
}

static void run_group(const conv *v)
{
    tile s;

    for (s.spot = 0; s.spot < v->spots; s.spot += SPOTS) {
        s.spots = v->spots - s.spot < SPOTS ? v->spots - s.spot : SPOTS;
        place(&s, v);
        for (size_t o = 0; o < v->outs; o += OUTS)
            run_tile(&s, v, o, v->outs - o < OUTS ? v->outs - o : OUTS);
    }
}

/* x is (N,C,H,W), w is (O,C/G,KH,KW), b is (O), y is (N,O,H',W') */
void nn_ref_conv(const nn_ref_job *j)
{
    const nn_tensor *in = j->in[0], *weight = j->in[1], *bias = nn_ref_optional(j, 2);
    const size_t groups = (size_t)nn_node_int(j->node, "group", 1), ins = weight->dims.dim[1];
    conv v = {.outs = weight->dims.dim[0] / groups};

    if (nn_window_of_node(&v.w, j->node, &in->dims, weight->dims.dim + 2, NULL, 0) != NN_OK)
        return; /* cannot be: nn_op_shape has accepted it */
    v.terms = ins * v.w.kernel[0] * v.w.kernel[1];
    v.spots = v.w.out[0] * v.w.out[1];
    for (size_t ng = 0; ng < in->dims.dim[0] * groups; ng++) {
        size_t o = ng % groups * v.outs; /* the group's first output channel */

        v.image = in->value + ng * ins * v.w.in[0] * v.w.in[1];
        v.weight = weight->value + o * v.terms;
        v.bias = bias != NULL ? bias->value + o : NULL;
        v.result = j->out->value + ng * v.outs * v.spots;
        run_group(&v);
    }
}
