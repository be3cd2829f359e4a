/* Behind nn/ref/ref.h: one function for each operator or family of operators, on tensors whose
 * shapes nn_op_shape has accepted and whose types are those that nn_ref_type says. */

#ifndef UNSEEN_NN_REF_REF_RULE_H
#define UNSEEN_NN_REF_REF_RULE_H

#include "nn/graph/node.h"

/* One node to run: its inputs (all with data), and its output, made and zero. */
typedef struct nn_ref_job {
    const nn_node *node;
    const nn_tensor *const *in;
    nn_tensor *out;
} nn_ref_job;

/** The element of a tensor as a number; sizes and exponents may be integers. */
double nn_ref_at(const nn_tensor *t, size_t i);

/** Input k of a job, or NULL when it is left out. */
const nn_tensor *nn_ref_optional(const nn_ref_job *j, size_t k);

/** Index into a tensor of dimensions d, broadcast to dimensions out, at flat index i of out. */
size_t nn_ref_broadcast(const nn_dims *out, const nn_dims *d, size_t i);

/** How long nn_ref_broadcast goes on in one way.
 *
 *  Out:    step  what the index into d rises by for each element of a run: 1, or 0 where a run is a
 *                single element of d again and again
 *  Returns the length of a run, a product of the last dimensions of out: runs begin at its
 * multiples
 */
size_t nn_ref_run_length(const nn_dims *out, const nn_dims *d, size_t *step);

/* Layers: nn/ref/ref_conv.c and nn/ref/ref_layer.c. Floats. */
void nn_ref_batch_normalization(const nn_ref_job *j);
void nn_ref_conv(const nn_ref_job *j);
void nn_ref_gemm(const nn_ref_job *j);
void nn_ref_global_pool(const nn_ref_job *j);
void nn_ref_matmul(const nn_ref_job *j);
void nn_ref_pool(const nn_ref_job *j);
void nn_ref_reduce(const nn_ref_job *j);
void nn_ref_softmax(const nn_ref_job *j);
void nn_ref_arg_max(const nn_ref_job *j);

/* Integers, and what is computed of shapes: nn/ref/ref_number.c. NN_ERR_RANGE for a division by
 * zero and for a number that no integer holds. */
nn_status nn_ref_arithmetic(const nn_ref_job *j);
nn_status nn_ref_cast(const nn_ref_job *j);
nn_status nn_ref_constant_of_shape(const nn_ref_job *j);
nn_status nn_ref_equal(const nn_ref_job *j);
nn_status nn_ref_range(const nn_ref_job *j);
nn_status nn_ref_shape(const nn_ref_job *j);
nn_status nn_ref_where(const nn_ref_job *j);

#endif
