/* From the graph to a sequence of stages.
 *
 * Each linear node becomes one affine stage, a tree of Mul, Add, Sub, Div and Pow nodes over one
 * value becomes one polynomial stage of degree 2..8 (or an affine one, when it is linear). Nodes
 * that only rename or regroup values (Identity, Dropout, Flatten, Reshape) become none, nodes that
 * depend on constants only are computed, nodes that the output does not need are left out. Nothing
 * is merged here; nn/rewrite.h does that.
 *
 * Ranges come from the graph's metadata, see nn/graph.h; the range of a value that is a x + b of a
 * stage's output bounds that output as well. */

#ifndef UNSEEN_NN_LOWER_H
#define UNSEEN_NN_LOWER_H

#include "nn/graph.h"
#include "nn/stage.h"

/** Lower a graph.
 *
 *  The graph must have one input (whose first dimension is the batch) and one output, and be
 *  sequential: every node depends on one value, or on polynomials of one value. What breaks that is
 *  listed all at once in why, each with the node's name, its operator and a way out.
 *
 *  Out:    s    the stages, to be cleared with nn_stages_clear; empty on failure
 *          why  on failure, one sentence or the list (why_size bytes, may be NULL with 0)
 *  Fails:  NN_ERR_UNSUPPORTED, NN_ERR_SHAPE, NN_ERR_RANGE (weight or metadata not a finite number),
 *          NN_ERR_MEMORY, NN_ERR_ARG, or the status of the graph
 */
NN_MUST_CHECK nn_status nn_lower(nn_stages *s, const nn_graph *g, char *why, size_t why_size);

#endif
