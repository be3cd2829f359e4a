/* A sliding product: the work behind a layer's result and behind its input's gradient.
 *
 *     y[r][b][gy, gx] = sum over c, ty, tx of w(r, c, ty, tx) x[c][b][gy step + ty - pad_top,
 *                                                                   gx step + tx - pad_left]
 *
 * for every place of a grid, x being 0 outside the image. The sum runs over k = (c, ty, tx) in
 * increasing order, in blocks of TRAIN_PASS_DEPTH that are added up in increasing order too.
 */
#ifndef UNSEEN_TRAIN_PASS_H
#define UNSEEN_TRAIN_PASS_H

#include <stddef.h>

#include "train/tile.h"

enum { TRAIN_PASS_DEPTH = 192 };

/* Counts are positive; the frames of a task (pass.c) hold less than 2^32 floats. */
typedef struct train_pass {
    const train_tile *tile;
    size_t batch, groups;

    /* x: in_c channels per group. With in_split > 1 images have one place each, and channel c lies
     * where place c % in_split of a tensor's channel c / in_split does; out_split likewise. */
    size_t in_c, in_h, in_w, in_split;
    ptrdiff_t pad_top, pad_left; /* negative: the first rows are never read; only if step is 1 */
    size_t step;

    /* w(r, c, ty, tx) of group g is at w[g group_step + r row_step + c c_step + ...]. */
    size_t rows; /* of y, per group */
    size_t taps_h, taps_w;
    ptrdiff_t group_step, row_step, c_step, ty_step, tx_step;

    /* Place (gy, gx) of the grid is (out_y + gy out_step, out_x + gx out_step) of y. */
    size_t grid_h, grid_w;
    size_t out_h, out_w, out_split;
    size_t out_y, out_x, out_step;
} train_pass;

/** Floats of scratch that train_pass_run needs. */
size_t train_pass_scratch(const train_pass *p, int threads);

/** Compute y on the grid; other places of y are left alone.
 *
 *  Out:     y        (groups * rows, batch, out_h*out_w); overlaps no input
 *  Scratch: scratch  train_pass_scratch floats from an allocator, so that they may hold other types
 */
void train_pass_run(const train_pass *p, float *y, const float *w, const float *x, int threads,
                    float *scratch);

#endif
