/* Dense tensors of float (or int64, for the few ONNX inputs that are lists of sizes), row-major.
 *
 * A tensor owns its data or borrows it; clear releases only what is owned. */

#ifndef UNSEEN_NN_TENSOR_H
#define UNSEEN_NN_TENSOR_H

#include "nn/shape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nn_type { NN_TYPE_FLOAT = 1, NN_TYPE_INT64 = 7 } nn_type; /* ONNX's own numbers */

typedef struct nn_tensor {
    nn_type type;
    nn_dims dims;
    size_t count;    /* elements, the product of dims */
    float *value;    /* count values when type is NN_TYPE_FLOAT, else NULL */
    int64_t *number; /* count numbers when type is NN_TYPE_INT64, else NULL */
    int owned;       /* 1 when clear frees the data */
} nn_tensor;

/** Make a tensor of zeros that owns its data.
 *
 *  Out:    t     becomes the tensor; empty (count 0, no data) on failure
 *  Fails:  NN_ERR_SHAPE (too many elements), NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_tensor_init(nn_tensor *t, nn_type type, const nn_dims *dims);

/** Make a float tensor around data of the caller's, which must outlive it.
 *
 *  Out:    t  becomes the tensor; empty on failure
 *  Fails:  NN_ERR_SHAPE
 */
NN_API NN_MUST_CHECK nn_status nn_tensor_borrow(nn_tensor *t, const nn_dims *dims, float *value);

/** Make an owned copy.
 *
 *  Out:    t  a fresh tensor, not the same object as from; empty on failure
 *  Fails:  NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_tensor_copy(nn_tensor *t, const nn_tensor *from);

/** Free what the tensor owns and make it empty. Accepts an empty tensor and NULL. */
NN_API void nn_tensor_clear(nn_tensor *t);

#ifdef __cplusplus
}
#endif

#endif
