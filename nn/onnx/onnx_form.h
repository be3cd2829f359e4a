/* A node of a file on its way into the graph: in the form of the newest operator sets, whatever the
 * file's is.
 *
 * What older sets keep in attributes becomes constant inputs (Clip, Pad, Slice, Split, Squeeze,
 * Unsqueeze, ReduceMean, ReduceProd), attributes that say what is so anyway are dropped, a Split
 * becomes one node for each part and a Sum of many a chain of Add. */

#ifndef UNSEEN_NN_ONNX_ONNX_FORM_H
#define UNSEEN_NN_ONNX_ONNX_FORM_H

#include "nn/graph.h"
#include "nn/graph/graph_data.h"

enum { NN_ONNX_OUTPUTS_MAX = 64 };

/* Everything here is owned; a zero-initialised draft is empty. */
typedef struct nn_onnx_draft {
    char *op, *name, *domain;          /* NULL when the file does not say them */
    char *input[NN_NODE_INPUTS_MAX];   /* "" for one that is left out */
    char *output[NN_ONNX_OUTPUTS_MAX]; /* "" for one that nobody wants */
    size_t inputs, outputs;            /* may be above the sizes of the arrays: then not taken */
    nn_attr attr[NN_GRAPH_ATTRS_MAX];
    size_t attrs;
} nn_onnx_draft;

/** Free what a draft owns. */
void nn_onnx_draft_clear(nn_onnx_draft *d);

/** The draft's name for sentences: its own, or that of what it makes. Never NULL. */
const char *nn_onnx_draft_name(const nn_onnx_draft *d);

/** Add the nodes that a draft stands for, of a known operator and within the arrays' sizes, to the
 *  graph.
 *
 *  In/out: d      what the graph takes over is taken out of it
 *  In:     opset  the version of the operator set that the file is written in
 *  Fails:  as nn_graph_node and nn_graph_attr_int; the graph has the sentence
 */
NN_MUST_CHECK nn_status nn_onnx_form(nn_graph *g, nn_onnx_draft *d, uint64_t opset);

#endif
