/* From the graph to stages.
 *
 * Each linear node becomes one affine stage, a tree of Mul, Add, Sub, Div and Pow nodes over one
 * value one polynomial stage of degree 2..8 (or an affine one, when it is linear), a sum or
 * concatenation of several values an affine stage with several inputs, a product of two values a
 * product stage. Activations that are no polynomials, and max pools, are replaced by the fits that
 * the graph's metadata hold, see nn/fit/fit.h. Nodes that only rename or regroup values (Identity,
 * Dropout, Flatten, Reshape) become none, nodes that depend on constants only are computed, nodes
 * that the output does not need are left out. Nothing is merged here; nn/stages/rewrite.h does
 * that.
 *
 * A Softmax, LogSoftmax or ArgMax at the end is left to the client, see nn/tail.h.
 *
 * Ranges come from the graph's metadata, see nn/graph.h, and from the fits; the range of a value
 * that is a x + b of a stage's output bounds that output as well. */

#ifndef UNSEEN_NN_STAGES_LOWER_H
#define UNSEEN_NN_STAGES_LOWER_H

#include "nn/graph.h"
#include "nn/stages/stage.h"

/** Lower a graph.
 *
 *  The graph must have one input (whose first dimension is the batch) and one output. What cannot
 * be taken is listed all at once in why, each with the node's name, its operator and a way out.
 *
 *  Out:    s    the stages, to be cleared with nn_stages_clear; empty on failure
 *          why  on failure, one sentence or the list (why_size bytes, may be NULL with 0)
 *  Fails:  NN_ERR_UNSUPPORTED (operators; activations without a fit), NN_ERR_SHAPE, NN_ERR_RANGE
 *          (weight or metadata not a finite number), NN_ERR_FORMAT (a fit), NN_ERR_MEMORY,
 * NN_ERR_ARG, or the status of the graph
 */
NN_MUST_CHECK nn_status nn_lower(nn_stages *s, const nn_graph *g, char *why, size_t why_size);

/** The range of the input's numbers by the metadata, [0, 1] when they do not say.
 *  Fails:  NN_ERR_RANGE
 */
NN_MUST_CHECK nn_status nn_lower_input_range(double *lo, double *hi, const nn_graph *g, char *why,
                                             size_t why_size);

#endif
