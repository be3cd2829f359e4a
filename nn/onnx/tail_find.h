/* Which nodes at a graph's end are the client's (nn/tail.h): the encrypted network ends before
 * them. */

#ifndef UNSEEN_NN_ONNX_TAIL_FIND_H
#define UNSEEN_NN_ONNX_TAIL_FIND_H

#include "nn/graph.h"
#include "nn/tail.h"

/** Find the tail of a graph.
 *
 *  Out:     logits  index of the value that the encrypted network ends with: the first output, or
 *                   what the tail is made of. Alias nodes (nn/graph/move.h) and Cast between the
 *                   operators of the tail belong to it
 *  In:      g       with an output, folded
 *  Returns: what the tail amounts to: ArgMax when there is one, else Softmax or LogSoftmax; none
 *           where they are not taken over all numbers of an image, where another softmax or
 *           ArgMax stands before what they would be cut off from, where shapes do not fit, or
 *           without memory. A graph that ends with the logits has none
 */
nn_tail nn_tail_find(const nn_graph *g, size_t *logits);

#endif
