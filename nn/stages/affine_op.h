/* A linear node as an affine map of the one input that is not constant. */

#ifndef UNSEEN_NN_STAGES_AFFINE_OP_H
#define UNSEEN_NN_STAGES_AFFINE_OP_H

#include "nn/graph/node.h"
#include "nn/stages/affine.h"

/** Make the map from the flattened input number `dynamic` to the flattened output.
 *
 *  Operators: AveragePool, BatchNormalization, Conv, Gemm, GlobalAveragePool, MatMul, ReduceMean.
 *
 *  Out:    a    any storage; empty on failure
 *          why  on failure, one sentence that begins with the node's label
 *  In:     in   node->input_count tensors as for nn_op_shape; in[dynamic] has no data, all others
 * have out  what nn_op_shape gave Fails:  NN_ERR_UNSUPPORTED (another operator, or an input that
 * has to be constant), NN_ERR_SHAPE (too large), NN_ERR_RANGE (weights not finite), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_affine_of_node(nn_affine *a, const nn_node *node,
                                          const nn_tensor *const *in, size_t dynamic,
                                          const nn_dims *out, char *why, size_t why_size);

#endif
