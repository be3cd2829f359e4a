/* The bytes of an ONNX file as a graph. The bytes are hostile: every length is bounded by what is
 * left of its message, nesting is bounded, and element counts are checked products.
 *
 * Taken: default operator set 7 to 99, nodes in execution order, the operators of nn/graph/op.h,
 * dense constants in the file itself (nn/onnx_embed.h brings in those of other files): float,
 * double, half and bfloat16 become float, integers int64; raw or typed, packed or not. Constant
 * nodes become constants of the graph, and constants that are listed among the inputs are no
 * inputs. Nodes of older operator sets get the form of the newest (nn/onnx/onnx_form.h), and the
 * graph is folded (nn/onnx/fold.h): what it then has is arithmetic on data. */

#ifndef UNSEEN_NN_ONNX_READ_H
#define UNSEEN_NN_ONNX_READ_H

#include "nn/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Read an ONNX model.
 *
 *  Everything that cannot be taken is listed at once in why, each with the node's name, its
 *  operator and a way out; a list longer than the buffer ends with "and N more".
 *
 *  Out:    g    the graph, to be freed with nn_graph_free; NULL on failure
 *          why  on failure, one sentence or the list (why_size bytes, may be NULL with 0)
 *  In:     bytes  size bytes, not kept
 *  Fails:  NN_ERR_FORMAT (damaged bytes), NN_ERR_UNSUPPORTED, NN_ERR_SHAPE, NN_ERR_RANGE
 *          (a constant that is not finite), NN_ERR_MEMORY, NN_ERR_ARG
 */
NN_API NN_MUST_CHECK nn_status nn_onnx_read(nn_graph **g, const uint8_t *bytes, size_t size,
                                            char *why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
