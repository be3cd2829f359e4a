/* Forward, a convolution is a pass as it stands. Its input's gradient is one pass for each residue
 * of the input's rows and columns modulo the stride: with iy + pad_top = stride g + f,
 *
 *     dx[iy] = sum over m of dy[g - m] w[f + stride m], m from 0 to M - 1, M = taps of residue f,
 *
 * in which m' = M - 1 - m makes the rows of dy ascend; residues without taps have 0. Dense layers
 * become 1x1 convolutions of one place: what they sum over or produce is a channel for each place
 * of an image.
 */
#include "train/conv.h"

#include <string.h>

#include "train/parallel.h"
#include "train/pass.h"
#include "train/weights.h"

static const train_tile *tile_of(const train_conv *c)
{
    return c->tile != NULL ? c->tile : train_tile_list(0);
}

static int is_dense(const train_conv *c)
{
    return c->groups == 1 && c->out_h == 1 && c->out_w == 1 && c->pad_top == 0 &&
           c->pad_left == 0 && c->kernel_h == c->in_h && c->kernel_w == c->in_w;
}

static train_pass forward_pass(const train_conv *c, size_t batch)
{
    size_t ins = c->in_c / c->groups, taps = c->kernel_h * c->kernel_w;
    train_pass p = {
        .tile = tile_of(c),
        .batch = batch,
        .groups = c->groups,
        .in_c = ins,
        .in_h = c->in_h,
        .in_w = c->in_w,
        .in_split = 1,
        .pad_top = (ptrdiff_t)c->pad_top,
        .pad_left = (ptrdiff_t)c->pad_left,
        .step = c->stride,
        .rows = c->out_c / c->groups,
        .taps_h = c->kernel_h,
        .taps_w = c->kernel_w,
        .group_step = (ptrdiff_t)(c->out_c / c->groups * ins * taps),
        .row_step = (ptrdiff_t)(ins * taps),
        .c_step = (ptrdiff_t)taps,
        .ty_step = (ptrdiff_t)c->kernel_w,
        .tx_step = 1,
        .grid_h = c->out_h,
        .grid_w = c->out_w,
        .out_h = c->out_h,
        .out_w = c->out_w,
        .out_split = 1,
        .out_step = 1,
    };
    if (is_dense(c)) {
        p.in_c = c->in_c * taps;
        p.in_h = p.in_w = p.taps_h = p.taps_w = p.step = 1;
        p.in_split = taps;
        p.c_step = 1;
    }
    return p;
}

/* What the residue fy, fx of a padded row and column contributes; wy, wx are where w begins. */
typedef struct residue {
    size_t first; /* place of the input */
    size_t count;
    size_t taps;
    ptrdiff_t pad;
    size_t start; /* tap of w that comes first */
} residue;

static residue residue_of(size_t f, size_t size, size_t kernel, size_t pad, size_t stride)
{
    residue r = {0, 0, 0, 0, 0};
    size_t g = pad > f ? (pad - f + stride - 1) / stride : 0;
    r.first = stride * g + f - pad;
    r.count = r.first < size ? (size - r.first + stride - 1) / stride : 0;
    r.taps = kernel > f ? (kernel - f + stride - 1) / stride : 0;
    r.pad = (ptrdiff_t)r.taps - 1 - (ptrdiff_t)g;
    r.start = r.taps > 0 ? f + stride * (r.taps - 1) : 0;
    return r;
}

/* The pass of one of the stride^2 pairs of residues; *from is where its weights begin. */
static train_pass slope_pass(const train_conv *c, size_t batch, size_t pair, size_t *from)
{
    size_t ins = c->in_c / c->groups, outs = c->out_c / c->groups;
    size_t taps = c->kernel_h * c->kernel_w;
    residue y = residue_of(pair / c->stride, c->in_h, c->kernel_h, c->pad_top, c->stride);
    residue x = residue_of(pair % c->stride, c->in_w, c->kernel_w, c->pad_left, c->stride);
    train_pass p = {
        .tile = tile_of(c),
        .batch = batch,
        .groups = c->groups,
        .in_c = outs,
        .in_h = c->out_h,
        .in_w = c->out_w,
        .in_split = 1,
        .pad_top = y.pad,
        .pad_left = x.pad,
        .step = 1,
        .rows = ins,
        .taps_h = y.taps,
        .taps_w = x.taps,
        .group_step = (ptrdiff_t)(outs * ins * taps),
        .row_step = (ptrdiff_t)taps,
        .c_step = (ptrdiff_t)(ins * taps),
        .ty_step = -(ptrdiff_t)(c->stride * c->kernel_w),
        .tx_step = -(ptrdiff_t)c->stride,
        .grid_h = y.count,
        .grid_w = x.count,
        .out_h = c->in_h,
        .out_w = c->in_w,
        .out_split = 1,
        .out_y = y.first,
        .out_x = x.first,
        .out_step = c->stride,
    };
    *from = y.start * c->kernel_w + x.start;
    return p;
}

/* Whether there are places to fill, and taps that reach them. */
static int is_needed(const train_pass *p)
{
    return p->grid_h > 0 && p->grid_w > 0 && p->taps_h > 0 && p->taps_w > 0;
}

static train_pass dense_slope_pass(const train_conv *c, size_t batch)
{
    size_t places = c->in_h * c->in_w;
    train_pass p = {
        .tile = tile_of(c),
        .batch = batch,
        .groups = 1,
        .in_c = c->out_c,
        .in_h = 1,
        .in_w = 1,
        .in_split = 1,
        .step = 1,
        .rows = c->in_c * places,
        .taps_h = 1,
        .taps_w = 1,
        .row_step = 1,
        .c_step = (ptrdiff_t)(c->in_c * places),
        .grid_h = 1,
        .grid_w = 1,
        .out_h = 1,
        .out_w = 1,
        .out_split = places,
        .out_step = 1,
    };
    return p;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t train_conv_scratch(const train_conv *c, size_t batch, int threads)
{
    train_pass p = forward_pass(c, batch);
    size_t most = larger(train_pass_scratch(&p, threads),
                         train_weights_scratch(c, tile_of(c), batch, threads));
    size_t from;
    if (is_dense(c)) {
        p = dense_slope_pass(c, batch);
        return larger(most, train_pass_scratch(&p, threads));
    }
    for (size_t pair = 0; pair < c->stride * c->stride; pair++) {
        p = slope_pass(c, batch, pair, &from);
        if (is_needed(&p))
            most = larger(most, train_pass_scratch(&p, threads));
    }
    return most;
}

void train_conv_forward(const train_conv *c, float *y, const float *w, const float *x, size_t batch,
                        int threads, float *scratch)
{
    train_pass p = forward_pass(c, batch);
    train_pass_run(&p, y, w, x, threads, scratch);
}

typedef struct clearing {
    float *to;
    size_t count; /* of a channel */
} clearing;

static void clear_channel(void *arg, size_t channel, int thread)
{
    const clearing *job = arg;
    (void)thread;
    memset(job->to + channel * job->count, 0, job->count * sizeof *job->to);
}

void train_conv_slopes(const train_conv *c, float *dx, const float *w, const float *dy,
                       size_t batch, int threads, float *scratch)
{
    if (is_dense(c)) {
        train_pass p = dense_slope_pass(c, batch);
        train_pass_run(&p, dx, w, dy, threads, scratch);
        return;
    }
    if (c->kernel_h < c->stride || c->kernel_w < c->stride) {
        clearing job = {dx, batch * c->in_h * c->in_w};
        train_parallel_for(threads, c->in_c, clear_channel, &job);
    }
    for (size_t pair = 0; pair < c->stride * c->stride; pair++) {
        size_t from;
        train_pass p = slope_pass(c, batch, pair, &from);
        if (is_needed(&p))
            train_pass_run(&p, dx, w + from, dy, threads, scratch);
    }
}

void train_conv_weights(const train_conv *c, float *dw, const float *x, const float *dy,
                        size_t batch, int threads, float *scratch)
{
    train_weights_run(c, tile_of(c), dw, x, dy, batch, threads, scratch);
}
