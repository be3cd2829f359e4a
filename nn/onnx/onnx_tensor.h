/* TensorProto of ONNX and tensors of ours. */

#ifndef UNSEEN_NN_ONNX_ONNX_TENSOR_H
#define UNSEEN_NN_ONNX_ONNX_TENSOR_H

#include "nn/onnx/onnx_proto.h"
#include "nn/tensor.h"

/** Read a TensorProto.
 *
 *  float, double, float16 and bfloat16 become float; bool and integers of up to 64 bits become
 * int64. The number of elements that the dimensions promise must be there exactly, so that what is
 *  allocated is bounded by the bytes.
 *
 *  Out:    t     an owned tensor to be cleared; empty on failure
 *          name  NULL, or gets the tensor's name field (number 0 when it has none)
 *          why   on failure, one sentence
 *  Fails:  NN_ERR_FORMAT, NN_ERR_UNSUPPORTED (other types, external data), NN_ERR_SHAPE (too many
 *          elements), NN_ERR_RANGE (not finite, or too large for float), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_onnx_tensor_read(nn_tensor *t, nn_onnx_field *name, nn_onnx_cursor bytes,
                                            char *why, size_t why_size);

/** Append a TensorProto as field number of a message: raw little-endian data. */
void nn_onnx_tensor_write(nn_onnx_buffer *b, uint32_t number, const char *name, const nn_tensor *t);

#endif
