/* Shapes of all values of a graph. */

#ifndef UNSEEN_NN_GRAPH_INFER_H
#define UNSEEN_NN_GRAPH_INFER_H

#include "nn/graph.h"

/** Compute the dimensions of every value.
 *
 *  Out:    dims   one per value of the graph, g->value_count of them
 *          why    on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     batch  what stands for an open batch size, at least 1
 *  Fails:  NN_ERR_SHAPE, NN_ERR_UNSUPPORTED
 */
NN_MUST_CHECK nn_status nn_infer_dims(nn_dims *dims, const nn_graph *g, size_t batch, char *why,
                                      size_t why_size);

#endif
