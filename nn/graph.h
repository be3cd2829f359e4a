/* The network as a graph: named values, nodes in execution order, named constants, metadata.
 *
 * A graph is built by calls (training) or by the ONNX reader, and is then only read. Names are ONNX
 * names: the builder refers to values by name, and a value must exist before a node uses it, so the
 * build order is the schedule.
 *
 * Building is sticky: the first call that fails leaves its status and a sentence in the graph, and
 * later calls do nothing and return the same status. So a builder may make all its calls and look
 * once, at the end, at nn_graph_status().
 *
 * Metadata are pairs of strings, stored in an ONNX file as metadata_props. These matter here:
 *   "unseen.range.VALUE"   largest |x| seen of the value named VALUE, a decimal number; a second
 *                          one behind it is the root mean square of what was seen
 *   "unseen.fit.VALUE"     polynomials in place of the activation of VALUE, see nn/fit/fit.h
 *   "unseen.input_range"   "LO HI", the least and greatest input number; "0 1" when absent
 *
 * Example, y = W x + b squared:
 *
 *     nn_graph *g;
 *     nn_status st = nn_graph_create(&g);
 *     if (st != NN_OK)
 *         return st;
 *     nn_graph_input(g, "image", (nn_shape){1, 28, 28});
 *     nn_graph_initializer(g, "w", 2, (const size_t[]){10, 784}, weights);
 *     nn_graph_initializer(g, "b", 1, (const size_t[]){10}, bias);
 *     nn_graph_node(g, "Flatten", "flat", (const char *const[]){"image"}, 1, "x");
 *     nn_graph_node(g, "Gemm", "dense", (const char *const[]){"x", "w", "b"}, 3, "y");
 *     nn_graph_attr_int(g, "transB", 1);
 *     nn_graph_node(g, "Mul", "square", (const char *const[]){"y", "y"}, 2, "z");
 *     nn_graph_output(g, "z");
 *     nn_graph_meta(g, "unseen.range.y", "12.5");
 *     st = nn_graph_status(g);
 */

#ifndef UNSEEN_NN_GRAPH_H
#define UNSEEN_NN_GRAPH_H

#include "nn/shape.h"
#include "nn/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_graph nn_graph;

/** Make an empty graph.
 *
 *  Out:    g  the graph, to be freed with nn_graph_free; NULL on failure
 *  Fails:  NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_graph_create(nn_graph **g);

/** Free a graph and everything in it. Accepts NULL. */
NN_API void nn_graph_free(nn_graph *g);

/** Declare the input, a float tensor (N,C,H,W) with any batch size N.
 *
 *  Fails:  NN_ERR_ARG (name empty or used), NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_input(nn_graph *g, const char *name, nn_shape shape);

/** Declare an input of any rank; a first dimension of 0 stands for any batch size.
 *
 *  Fails:  as nn_graph_input
 */
NN_API nn_status nn_graph_input_dims(nn_graph *g, const char *name, const nn_dims *dims);

/** Add a constant of float numbers; the data are copied.
 *
 *  In:     dims  rank sizes, outermost first
 *          data  their product of numbers, row-major
 *  Fails:  NN_ERR_ARG, NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_initializer(nn_graph *g, const char *name, size_t rank,
                                      const size_t *dims, const float *data);

/** Add a constant vector of integers, as the second input of Reshape wants it.
 *
 *  Fails:  NN_ERR_ARG, NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_initializer_ints(nn_graph *g, const char *name, const int64_t *data,
                                           size_t count);

/** Add a node with one output.
 *
 *  In:     op      ONNX operator of nn/graph/op.h: "Conv", "Gemm", ...
 *          name    the node's name, may be ""
 *          inputs  count names of values that exist; "" leaves out an optional input
 *          output  name of the value it makes, new
 *  Fails:  NN_ERR_UNSUPPORTED (op), NN_ERR_ARG (names, number of inputs), NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_node(nn_graph *g, const char *op, const char *name,
                               const char *const *inputs, size_t count, const char *output);

/** Give the node added last an integer attribute, such as "transB".
 *
 *  Fails:  NN_ERR_ARG (no node, attribute present), NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_attr_int(nn_graph *g, const char *key, int64_t number);

/** Give the node added last a list attribute, such as "strides". Fails as nn_graph_attr_int. */
NN_API nn_status nn_graph_attr_ints(nn_graph *g, const char *key, const int64_t *numbers,
                                    size_t count);

/** Give the node added last a float attribute, such as "epsilon". Fails as nn_graph_attr_int. */
NN_API nn_status nn_graph_attr_float(nn_graph *g, const char *key, float value);

/** Give the node added last a text attribute, such as "auto_pad". Fails as nn_graph_attr_int. */
NN_API nn_status nn_graph_attr_text(nn_graph *g, const char *key, const char *text);

/** Turn an input into a constant of the same dimensions (its batch size may be any): the rest of
 * the graph then sees an initializer.
 *
 *  Fails:  NN_ERR_ARG (no such input), NN_ERR_SHAPE (other dimensions), NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_bind(nn_graph *g, const char *name, const nn_tensor *value);

/** Declare a value to be an output. The lowering wants exactly one.
 *
 *  Fails:  NN_ERR_ARG (no such value, declared twice), NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_output(nn_graph *g, const char *name);

/** Set a metadata string; a key set before is replaced.
 *
 *  Fails:  NN_ERR_ARG (key empty), NN_ERR_MEMORY
 */
NN_API nn_status nn_graph_meta(nn_graph *g, const char *key, const char *value);

/** The metadata string of a key, or NULL; owned by the graph. */
NN_API const char *nn_graph_meta_get(const nn_graph *g, const char *key);

/** Status of the first building call that failed, or NN_OK. */
NN_API NN_MUST_CHECK nn_status nn_graph_status(const nn_graph *g);

/** The sentence that goes with nn_graph_status(); "" when nothing failed. Owned by the graph. */
NN_API const char *nn_graph_error(const nn_graph *g);

#ifdef __cplusplus
}
#endif

#endif
