/* NodeProto and AttributeProto of ONNX: into the graph, or onto the list of what cannot be taken.
 */

#ifndef UNSEEN_NN_ONNX_ONNX_NODE_H
#define UNSEEN_NN_ONNX_ONNX_NODE_H

#include "nn/base/why.h"
#include "nn/graph.h"
#include "nn/onnx/onnx_proto.h"

/** Look whether a node can be taken; if not, add a line with its name, operator and a way out.
 *
 *  Fails:  NN_ERR_FORMAT when the bytes are damaged
 */
NN_MUST_CHECK nn_status nn_onnx_node_check(nn_why_list *list, nn_onnx_cursor bytes);

/** Add a node that passed nn_onnx_node_check to the graph; a Constant becomes a constant.
 *
 *  In:     opset  version of the operator set that the file is written in
 *  Out:    why  on failure, one sentence
 *  Fails:  NN_ERR_FORMAT, NN_ERR_UNSUPPORTED, NN_ERR_SHAPE, NN_ERR_RANGE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_onnx_node_read(nn_graph *g, nn_onnx_cursor bytes, uint64_t opset,
                                          char *why, size_t why_size);

#endif
