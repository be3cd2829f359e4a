/* The gradient of a convolution's weights.
 *
 *     dw[o][c][ky][kx] = sum over b, oy, ox of dy[o][b][oy, ox]
 *                        x[group of o's c-th channel][b][oy stride + ky - pad_top, ...]
 *
 * The batch is cut into slices, a slice into blocks of places; both cuts follow from the shapes. A
 * sum over a block runs in increasing order, blocks are added in increasing order, then slices.
 */
#ifndef UNSEEN_TRAIN_WEIGHTS_H
#define UNSEEN_TRAIN_WEIGHTS_H

#include <stddef.h>

#include "train/conv_shape.h"

enum {
    TRAIN_WEIGHTS_DEPTH = 128,   /* places of a block */
    TRAIN_WEIGHTS_PLACES = 1024, /* of a slice at least, and of whole images */
    TRAIN_WEIGHTS_SLICES = 16    /* at most */
};

/** Floats of scratch that train_weights_run needs for up to `batch` images. */
size_t train_weights_scratch(const train_conv *c, const train_tile *tile, size_t batch,
                             int threads);

/** Compute dw; arguments as those of train_conv_weights, scratch from an allocator, so that it may
 *  hold other types. */
void train_weights_run(const train_conv *c, const train_tile *tile, float *dw, const float *x,
                       const float *dy, size_t batch, int threads, float *scratch);

#endif
