/* A graph as the bytes of an ONNX file (ir_version 8, opset 13, or the first one that
 * has all of its operators: 14 for HardSwish, 18 for ReduceMean with axes, 20 for Gelu, 24 for
 * Swish), deterministic. */

#ifndef UNSEEN_NN_ONNX_WRITE_H
#define UNSEEN_NN_ONNX_WRITE_H

#include "nn/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Write a graph as an ONNX model.
 *
 *  The same graph always gives the same bytes: no time, no host, no version of a tool.
 *
 *  Out:    bytes  the file, to be released with free(); NULL on failure
 *          size   its length; 0 on failure
 *          why    on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     g      a graph whose nn_graph_status() is NN_OK, with an input and an output
 *  Fails:  NN_ERR_ARG, NN_ERR_MEMORY, NN_ERR_UNSUPPORTED (a softmax of an old operator set over
 *          several axes), or the status of the graph
 */
NN_API NN_MUST_CHECK nn_status nn_onnx_write(const nn_graph *g, uint8_t **bytes, size_t *size,
                                             char *why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
