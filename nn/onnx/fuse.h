/* Two simplifications of a graph that keep the function and make fewer, larger nodes. */

#ifndef UNSEEN_NN_ONNX_FUSE_H
#define UNSEEN_NN_ONNX_FUSE_H

#include "nn/graph/graph_data.h"

/** Replace trees of elementwise nodes by the activation that they compute.
 *
 *  A tree of Add, Sub, Mul, Div, Pow, Max, Min and the functions of nn/graph/scalar.h with one
 * number for a constant is a function of one value. It is compared at points of [-7, 7] with Relu,
 * Clip, Sigmoid, Tanh, HardSigmoid, HardSwish, Swish, Gelu (both forms) and LeakyRelu, with their
 *  parameters read off the function; where all agree to 1e-5 of the function's size, the tree's
 *  root becomes that node. The inner nodes stay, for others that use them.
 *
 *  In:     dims   of every value, known[v] 0 where they are not
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_fuse_activations(nn_graph *g, const nn_dims *dims, const char *known);

/** Let a Conv or AveragePool do the padding of a Pad node before it: zeros, spatial axes only.
 *
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_fuse_pads(nn_graph *g, const nn_dims *dims, const char *known);

#endif
