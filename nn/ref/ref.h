/* The truth: every operator in plain float arithmetic, one naive loop nest per operator, written to
 * be read; the convolution alone goes in tiles, in the same order. Sums are accumulated in double,
 * term by term. Everything faster is tested against this file. */

#ifndef UNSEEN_NN_REF_REF_H
#define UNSEEN_NN_REF_REF_H

#include "nn/graph.h"
#include "nn/graph/op.h"

/** Run a graph on one input.
 *
 *  Out:    out  the graph's (first) output, an owned tensor to be cleared; empty on failure
 *          why  on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     in   float, any batch size; its other dimensions must be those of the graph's input.
 *               NULL for a graph without inputs
 *  Fails:  NN_ERR_SHAPE, NN_ERR_MEMORY, NN_ERR_UNSUPPORTED (an operand that is wanted constant is
 *          not), NN_ERR_RANGE (an integer divided by zero), NN_ERR_ARG, or the status of the graph
 */
NN_MUST_CHECK nn_status nn_ref_run(const nn_graph *g, const nn_tensor *in, nn_tensor *out,
                                   char *why, size_t why_size);

/** Run a graph up to one of its values, say the logits that nn/tail.h finds.
 *
 *  In:     value  index of a value of the graph; all else as nn_ref_run, which runs to the output
 *  Fails:  as nn_ref_run
 */
NN_MUST_CHECK nn_status nn_ref_run_to(const nn_graph *g, size_t value, const nn_tensor *in,
                                      nn_tensor *out, char *why, size_t why_size);

/** Run one node.
 *
 *  Out:    out  an owned tensor to be cleared; empty on failure
 *  In:     in   node->input_count tensors, NULL for an input that is left out
 *  Fails:  NN_ERR_SHAPE, NN_ERR_MEMORY, NN_ERR_UNSUPPORTED, NN_ERR_ARG
 */
NN_MUST_CHECK nn_status nn_ref_node(const nn_node *node, const nn_tensor *const *in, nn_tensor *out,
                                    char *why, size_t why_size);

#endif
