/* Convolutions and their gradients. A dense layer is a convolution whose kernel is the whole input
 * and whose output is one place: out_h = out_w = 1, kernel_h = in_h, kernel_w = in_w, stride 1.
 *
 * Tensors are [C][B][P]: channel by image of the batch by place, P = height * width.
 *
 *     y[o][b][oy, ox] = sum over c, ky, kx of w[o][c][ky][kx]
 *                       x[group of o's c-th channel][b][oy stride + ky - pad_top,
 *                                                         ox stride + kx - pad_left]
 *
 * where places outside the image count as 0. Every element of a result is one sum in an order that
 * depends on the shapes alone, so neither the number of threads nor the vector unit changes a bit;
 * only machines without a vector unit that multiplies and adds in one rounding (tile.h) differ.
 */
#ifndef UNSEEN_TRAIN_CONV_H
#define UNSEEN_TRAIN_CONV_H

#include <stddef.h>

#include "train/conv_shape.h"

/** Floats of scratch that each of the three functions below needs, for up to `batch` images. */
size_t train_conv_scratch(const train_conv *c, size_t batch, int threads);

/** The layer: y from w and x.
 *
 *  x (in_c, batch, in_h*in_w), w (out_c, in_c/groups, kernel_h, kernel_w), y (out_c, batch,
 *  out_h*out_w)
 *
 *  Out:     y        overwritten; overlaps no input
 *  Scratch: scratch  train_conv_scratch floats from an allocator, so that they may hold other types
 *  Cost:    2 batch * out_c * out_h*out_w * in_c/groups * kernel_h*kernel_w operations
 */
void train_conv_forward(const train_conv *c, float *y, const float *w, const float *x, size_t batch,
                        int threads, float *scratch);

/** The loss's gradient by x from its gradient by y; shapes as above, dx is overwritten. */
void train_conv_slopes(const train_conv *c, float *dx, const float *w, const float *dy,
                       size_t batch, int threads, float *scratch);

/** The loss's gradient by w from its gradient by y; shapes as above, dw is overwritten. */
void train_conv_weights(const train_conv *c, float *dw, const float *x, const float *dy,
                        size_t batch, int threads, float *scratch);

#endif
