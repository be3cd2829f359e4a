/* The operators that this program takes: their arity, and the shape that each makes.
 *
 *   operator              inputs                         taken with
 *   Add Sub Mul Div       A B                            numpy broadcasting
 *   Pow                   X exponent                     exponent constant, a whole number
 *   AveragePool           X                              1 or 2 spatial dimensions
 *   BatchNormalization    X scale B mean var             inference form
 *   Conv                  X W [B]                        1 or 2 spatial dimensions, groups,
 * dilation Dropout               X [ratio] [training_mode]      as the identity Flatten X Gemm A B
 * [C] GlobalAveragePool     X Identity              X MatMul                A B numpy broadcasting
 *   Reshape               X shape                        shape constant
 *   Transpose             X
 * Constant nodes become constants of the graph on reading, so they are no operator here. */

#ifndef UNSEEN_NN_OP_H
#define UNSEEN_NN_OP_H

#include "nn/node.h"

/** The operator of an ONNX name, or NN_OP_NONE. */
nn_op nn_op_find(const char *name);

/** Least and largest number of inputs of an operator. */
void nn_op_arity(nn_op op, size_t *least, size_t *most);

/** A way out for an operator that is not taken: half a sentence, "replace it by ...". Never NULL.
 */
const char *nn_op_advice(const char *name);

/** Shape of what a node makes; checks everything about the node's shapes and attributes.
 *
 *  Out:    out  the dimensions; unchanged on failure
 *          why  on failure, one sentence that begins with the node's label
 *  In:     in   node->input_count tensors, NULL for an input that is left out. A tensor without
 * data (value and number NULL) is one that depends on the network's input: only its dimensions are
 * looked at Fails:  NN_ERR_SHAPE, NN_ERR_UNSUPPORTED
 */
NN_MUST_CHECK nn_status nn_op_shape(nn_dims *out, const nn_node *node, const nn_tensor *const *in,
                                    char *why, size_t why_size);

/** Axis attribute of Flatten: the number of leading dimensions, counted from the end when negative.
 *
 *  Fails:  NN_ERR_SHAPE when it is outside of -rank..rank
 */
NN_MUST_CHECK nn_status nn_op_flatten_axis(size_t *axis, const nn_node *node, size_t rank);

/** Permutation of Transpose: out dimension k is in dimension perm[k].
 *
 *  Fails:  NN_ERR_SHAPE when the attribute is no permutation of 0..rank-1
 */
NN_MUST_CHECK nn_status nn_op_transpose_perm(size_t perm[NN_RANK_MAX], const nn_node *node,
                                             size_t rank);

/** Dimensions of the two operands of MatMul with 1-D operands extended, and of the batch.
 *
 *  a is (..., m, k), b is (..., k, n), batch the broadcast of what stands before.
 *
 *  Fails:  NN_ERR_SHAPE
 */
NN_MUST_CHECK nn_status nn_op_matmul_dims(nn_dims *a, nn_dims *b, nn_dims *batch);

#endif
