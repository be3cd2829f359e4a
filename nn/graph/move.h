/* The operators that only move numbers: where each number of what they make comes from.
 *
 * Concat, Dropout, Expand, Flatten, Gather, Identity, Pad, Reshape, Slice, Split, Squeeze,
 * Transpose and Unsqueeze. Every other file asks this one, so that the rules stand in one place. */

#ifndef UNSEEN_NN_GRAPH_MOVE_H
#define UNSEEN_NN_GRAPH_MOVE_H

#include "nn/graph/node.h"

/* How a node moves its input's numbers; made by nn_move_init. */
typedef struct nn_move {
    nn_op op;
    nn_dims out;
    nn_dims in;                 /* of input 0 */
    int64_t start[NN_RANK_MAX]; /* out coordinate c reads the input's coordinate start + c * step */
    int64_t step[NN_RANK_MAX];
    size_t stride[NN_RANK_MAX]; /* of the input, by dimension of out; 0 where it is broadcast */
    size_t size[NN_RANK_MAX];   /* of the input, by dimension of out */
    size_t axis;                /* Concat, Gather */
    const nn_tensor *const *operand;
    size_t operands;
    double fill; /* Pad: what stands outside of the input */
} nn_move;

/** 1 for an operator of this file, else 0. */
int nn_move_is(nn_op op);

/** 1 when an operator keeps all numbers in their order: Dropout, Flatten, Identity, Reshape,
 *  Squeeze, Unsqueeze. */
int nn_move_is_alias(nn_op op);

/** Prepare the map of a node.
 *
 *  Out:    m    refers to the tensors of in, which must outlive it
 *          out  the dimensions of what the node makes, as nn_op_shape says
 *          why  on failure, one sentence that begins with the node's label
 *  In:     in   as for nn_op_shape
 *  Fails:  as nn_op_shape; NN_ERR_UNSUPPORTED for an operator that is none of this file
 */
NN_MUST_CHECK nn_status nn_move_init(nn_move *m, const nn_node *node, const nn_tensor *const *in,
                                     char *why, size_t why_size);

/** Where number i of the output (row-major) comes from.
 *
 *  Out:     input    which input of the node
 *           element  its number in that input, row-major
 *  In:      i        less than the number of elements of m->out
 *  Returns: 1, or 0 when the number is m->fill and comes from no input
 */
int nn_move_at(const nn_move *m, size_t i, size_t *input, size_t *element);

#endif
