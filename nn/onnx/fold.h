/* A graph as an exporter wrote it, made simple: what is left is arithmetic on data.
 *
 * 1. Every node whose operands are constants is computed, and so are Shape and Size of a value
 *    whose dimensions are known: the chains of Shape, Gather, Slice, Concat and ConstantOfShape
 *    around Pad and Reshape vanish. An open batch size counts as 1; where a Reshape repeats the
 *    first dimension of its input, it is written as 0, so that the graph still takes any batch.
 * 2. Split becomes Slice, Sum becomes Add, Neg a Mul by -1, Max and Min with a constant become
 *    Clip, Cast of data to float becomes Identity.
 * 3. The trees that stand for one activation become one node of nn/graph/scalar.h: x * Sigmoid(x)
 * is Swish, x * HardSigmoid(x) and x * Clip(x + 3, 0, 6) / 6 are HardSwish, and the trees of Erf or
 * Tanh that exporters make of Gelu are Gelu.
 * 4. Nodes and constants that no output needs are removed.
 *
 * What a node cannot do (shapes that do not fit, operands that would have to be constant) is no
 * failure here: the node stays, and running or lowering it says why. */

#ifndef UNSEEN_NN_ONNX_FOLD_H
#define UNSEEN_NN_ONNX_FOLD_H

#include "nn/graph.h"

enum {
    NN_FOLD_ELEMENTS_MAX = 1 << 24, /* of a constant that folding may make */
    NN_FOLD_PRODUCTS_MAX = 1 << 30  /* that folding may compute for one constant */
};

/** Fold a graph in place. nn_onnx_read has done it; again is harmless, and useful after
 *  nn_graph_bind.
 *
 *  Fails:  NN_ERR_MEMORY, or the status of the graph; the graph is then only to be freed
 */
NN_MUST_CHECK nn_status nn_fold(nn_graph *g, char *why, size_t why_size);

#endif
