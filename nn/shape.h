/* Sizes: the dimensions of a tensor (any rank up to 8), and the (C,H,W) shape of one image or one
 * feature map inside a network.
 *
 * Every count made here is checked: no product of dimensions overflows, and none exceeds
 * NN_ELEMENTS_MAX, so later code may multiply counts by sizeof(double) freely. */

#ifndef UNSEEN_NN_SHAPE_H
#define UNSEEN_NN_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "nn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NN_RANK_MAX = 8,
    NN_ELEMENTS_MAX = 1 << 28, /* elements of one tensor: 1 GiB of float */
    NN_DIMS_TEXT = 8 * 21 + 3  /* characters that nn_dims_print may need, with the final NUL */
};

/* Dimensions, outermost first. Rank 0 is a scalar with one element. */
typedef struct nn_dims {
    size_t rank;
    size_t dim[NN_RANK_MAX];
} nn_dims;

/* One image or feature map: channels, rows, columns. A vector of n values is (n,1,1). */
typedef struct nn_shape {
    size_t c, h, w;
} nn_shape;

/** Make dimensions from a list.
 *
 *  In:  rank  0..NN_RANK_MAX; larger ranks are cut to NN_RANK_MAX
 *       dim   rank numbers, may be NULL for rank 0
 */
NN_API nn_dims nn_dims_make(size_t rank, const size_t *dim);

/** Number of elements, the product of all dimensions.
 *
 *  Out:    count  the product; 0 when a dimension is 0; unchanged on failure
 *  Fails:  NN_ERR_SHAPE when the rank or the product is above the limits of this file
 */
NN_API NN_MUST_CHECK nn_status nn_dims_count(const nn_dims *d, size_t *count);

/** 1 when both have the same rank and the same dimensions, else 0. */
NN_API int nn_dims_equal(const nn_dims *a, const nn_dims *b);

/** Dimensions of an elementwise operation on a and b by numpy's broadcasting rule.
 *
 *  Dimensions are aligned at the last; each pair is equal or one of the two is 1.
 *
 *  Out:    out  may be the same object as a or b; unchanged on failure
 *  Fails:  NN_ERR_SHAPE when a pair differs and neither is 1
 */
NN_API NN_MUST_CHECK nn_status nn_dims_broadcast(nn_dims *out, const nn_dims *a, const nn_dims *b);

/** Write dimensions as text, "(1,5,13,13)", cut to the buffer and always ended by NUL.
 *
 *  Out:  text  size bytes; NN_DIMS_TEXT are always enough
 *  Returns text, so that the call can stand in an argument list.
 */
NN_API const char *nn_dims_print(char *text, size_t size, const nn_dims *d);

/** Shape of one image of a batch: what is left of the dimensions after the first.
 *
 *  (N) is refused; (N,C) gives (C,1,1); (N,C,W) gives (C,1,W); (N,C,H,W) gives (C,H,W).
 *
 *  Fails:  NN_ERR_SHAPE for other ranks, and when the count is 0 or above NN_ELEMENTS_MAX
 */
NN_API NN_MUST_CHECK nn_status nn_shape_of_dims(nn_shape *out, const nn_dims *d);

/** Number of values in a shape; the shape must come from a checked source. */
NN_API size_t nn_shape_count(nn_shape s);

#ifdef __cplusplus
}
#endif

#endif
