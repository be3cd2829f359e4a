/* Geometry of a sliding window (convolution and pooling) over one or two spatial dimensions. */

#ifndef UNSEEN_NN_GRAPH_WINDOW_H
#define UNSEEN_NN_GRAPH_WINDOW_H

#include "nn/graph/node.h"

enum { NN_WINDOW_SIDE_MAX = 1 << 15 }; /* of kernel, stride, dilation and padding */

/* Axis 0 is vertical, axis 1 horizontal. A single spatial dimension is axis 1, with axis 0 of
 * size 1. Output position o sees the input positions o * stride - before + k * dilation, 0 <= k <
 * kernel, that are inside 0..in-1; the others are padding. */
typedef struct nn_window {
    size_t in[2], out[2];
    size_t kernel[2], stride[2], dilation[2];
    size_t before[2], after[2]; /* padding */
} nn_window;

/** Read a window from a node's attributes (kernel_shape, strides, dilations, pads, auto_pad,
 * ceil_mode) and the dimensions of its input.
 *
 *  Out:    w       the geometry; unchanged on failure
 *          why     on failure, one sentence
 *  In:     in      dimensions of the input, (N,C,W) or (N,C,H,W)
 *          kernel  the kernel's spatial dimensions, one per spatial dimension of the input; NULL
 * when only kernel_shape says them Fails:  NN_ERR_SHAPE, NN_ERR_UNSUPPORTED
 */
NN_MUST_CHECK nn_status nn_window_of_node(nn_window *w, const nn_node *node, const nn_dims *in,
                                          const size_t *kernel, char *why, size_t why_size);

/** First kernel index that falls inside the input at an output position. */
size_t nn_window_first(const nn_window *w, int axis, size_t out);

/** One past the last kernel index that falls inside the input at an output position; not below
 *  nn_window_first. */
size_t nn_window_end(const nn_window *w, int axis, size_t out);

/** Input position of a kernel index between first and end. */
size_t nn_window_at(const nn_window *w, int axis, size_t out, size_t k);

/** Kernel positions at an output position that lie on the input or on its padding: all, but for the
 * last window of a pool with ceil_mode, which may hang over. */
size_t nn_window_padded(const nn_window *w, int axis, size_t out);

#endif
