/* The operators that this program takes: their arity, and the shape that each makes.
 *
 *   operator              inputs                       taken with
 *   Add Sub Mul Div       A B                          numpy broadcasting
 *   Pow                   X exponent                   numpy broadcasting
 *   AveragePool MaxPool   X                            1 or 2 spatial dimensions
 *   BatchNormalization    X scale B mean var           inference form
 *   Conv                  X W [B]                      1 or 2 spatial dimensions, groups, dilation
 *   Gemm                  A B [C]
 *   MatMul                A B                          numpy broadcasting
 *   GlobalAveragePool GlobalMaxPool   X
 *   ReduceMean            X [axes]                     constant axes
 *   Relu LeakyRelu Sigmoid Tanh Gelu HardSigmoid HardSwish Swish Erf Exp Log Sqrt Neg Reciprocal
 *   Ceil Floor            X                            elementwise, see nn/graph/scalar.h
 *   Clip                  X [min] [max]                constant bounds
 *   Max Min Sum           A ...                        numpy broadcasting
 *   Concat                A ...
 *   Dropout               X [ratio] [training_mode]    as the identity
 *   Expand Reshape        X shape                      constant shape
 *   Flatten Identity Transpose   X
 *   Gather                X indices                    constant indices
 *   Pad                   X pads [value] [axes]        constant mode, constant pads
 *   Slice                 X starts ends [axes] [steps] constant
 *   Squeeze Unsqueeze     X [axes] / X axes            constant axes
 *   Softmax LogSoftmax ArgMax   X                      the encrypted network ends before them
 *   Cast ConstantOfShape Equal Range ReduceProd Shape Size Where   folded: see nn/onnx/fold.h
 *   Split                 X [sizes]                    one node for each part, folded to Slice
 *
 * This is the form of the newest operator sets; the reader (nn/onnx/onnx_form.h) turns what older
 * ones keep in attributes into constant inputs. Constant nodes become constants of the graph on
 * reading, so they are no operator here. */

#ifndef UNSEEN_NN_GRAPH_OP_H
#define UNSEEN_NN_GRAPH_OP_H

#include "nn/graph/node.h"

/** The operator of an ONNX name, or NN_OP_NONE. */
nn_op nn_op_find(const char *name);

/** Least and largest number of inputs of an operator. */
void nn_op_arity(nn_op op, size_t *least, size_t *most);

/** A way out for an operator that is not taken, or not where it stands: half a sentence, "replace
 *  it by ...". Never NULL. */
const char *nn_op_advice(const char *name);

/** Shape of what a node makes; checks everything about the node's shapes and attributes.
 *
 *  Out:    out  the dimensions; unchanged on failure
 *          why  on failure, one sentence that begins with the node's label
 *  In:     in   node->input_count tensors, NULL for an input that is left out. A tensor without
 *               data (value and number NULL) is one that depends on the network's input: only its
 *               dimensions are looked at
 *  Fails:  NN_ERR_SHAPE, NN_ERR_UNSUPPORTED
 */
NN_MUST_CHECK nn_status nn_op_shape(nn_dims *out, const nn_node *node, const nn_tensor *const *in,
                                    char *why, size_t why_size);

/** An axis attribute as a dimension; it counts from the end when it is negative.
 *
 *  In:     absent  what stands for the attribute when the node has none
 *          rank    of the tensor
 *          end     1: the axis may be rank itself, as Flatten's
 *  Fails:  NN_ERR_SHAPE when it is outside of -rank..rank-1 (or rank)
 */
NN_MUST_CHECK nn_status nn_op_axis(size_t *axis, const nn_node *node, int64_t absent, size_t rank,
                                   int end);

/** Axis attribute of Flatten: the number of leading dimensions, counted from the end when negative.
 *
 *  Fails:  NN_ERR_SHAPE when it is outside of -rank..rank
 */
NN_MUST_CHECK nn_status nn_op_flatten_axis(size_t *axis, const nn_node *node, size_t rank);

/** A set of axes given as a constant tensor: marked[k] is 1 for each of them, 0 for the others.
 *
 *  In:     axes  the tensor, NULL marks none
 *          rank  of what the axes belong to
 *  Fails:  NN_ERR_UNSUPPORTED when the tensor has no data, NN_ERR_SHAPE when it is no list of
 *          different integers in -rank..rank-1
 */
NN_MUST_CHECK nn_status nn_op_axes(int marked[NN_RANK_MAX], const nn_tensor *axes, size_t rank);

/** The axes that ReduceMean and ReduceProd reduce over: marked as nn_op_axes does.
 *
 *  In:     in    as for nn_op_shape
 *  Fails:  as nn_op_axes
 */
NN_MUST_CHECK nn_status nn_op_reduced(int marked[NN_RANK_MAX], const nn_node *node,
                                      const nn_tensor *const *in);

/** What Cast makes: NN_TYPE_FLOAT, NN_TYPE_INT64 (for every integer type and bool), or 0 for a type
 *  that is not taken. */
int nn_op_cast_type(const nn_node *node);

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
