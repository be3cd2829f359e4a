/* The rules of shapes behind nn_op_shape: nn/graph/op_layer.c has those that compute,
 * nn/graph/op_move.c those that move numbers and those of exporters' chains. */

#ifndef UNSEEN_NN_GRAPH_OP_RULE_H
#define UNSEEN_NN_GRAPH_OP_RULE_H

#include "nn/graph/node.h"

/* Attributes of our own, which no file has, for what the reader remembers of a node. Of Split:
 * which of its parts the node makes, and how many there are. Of Softmax: it is of before operator
 * set 13, over everything from its axis on. */
#define NN_OP_PART "unseen.part"
#define NN_OP_PARTS "unseen.parts"
#define NN_OP_COERCED "unseen.coerced"

/* One node, the tensors it takes, and where to complain. */
typedef struct nn_op_request {
    const nn_node *node;
    const nn_tensor *const *in;
    char *why;
    size_t why_size;
} nn_op_request;

/* A rule: dimensions of what the node makes. All inputs up to the least number are there. */
typedef nn_status (*nn_op_rule)(nn_dims *out, const nn_op_request *r);

/** Tensor k of a request, or NULL when it is left out. */
const nn_tensor *nn_op_input(const nn_op_request *r, size_t k);

/** Its dimensions, or NULL. */
const nn_dims *nn_op_dims(const nn_op_request *r, size_t k);

/** Write "Conv 'c1': text (1,5,13,13)more (5)"; either pair of dimensions may be NULL. Returns st.
 */
nn_status nn_op_refuse(const nn_op_request *r, nn_status st, const char *text, const nn_dims *a,
                       const char *more, const nn_dims *b);

/** Write that a node wants a constant list of integers as input k, and return NN_ERR_UNSUPPORTED,
 *  or NN_ERR_SHAPE when it is a tensor of another kind; NN_OK when it is such a list. */
nn_status nn_op_want_list(const nn_op_request *r, size_t k, const char *what);

/** The pads of Pad by dimension of its input; checked, negative ones cut at most what is there. */
nn_status nn_op_pads(int64_t before[NN_RANK_MAX], int64_t after[NN_RANK_MAX],
                     const nn_op_request *r);

/** The slice of Slice by dimension of its input: coordinate c of the output, below count, reads
 *  start + c * step, which lies inside. */
nn_status nn_op_slices(int64_t start[NN_RANK_MAX], int64_t step[NN_RANK_MAX],
                       size_t count[NN_RANK_MAX], const nn_op_request *r);

/** The part that a Split makes: count positions from start on, along axis. */
nn_status nn_op_split(size_t *axis, size_t *start, size_t *count, const nn_op_request *r);

/** The dimensions that Shape lists: first to end - 1, by its attributes start and end. */
void nn_op_shape_span(size_t *first, size_t *end, const nn_node *node, size_t rank);

/* One for each operator, in the order of nn_op; NULL for NN_OP_NONE. */
nn_status nn_op_shape_same(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_broadcast(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_pool(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_global_pool(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_batch_normalization(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_clip(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_conv(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_dropout(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_gemm(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_matmul(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_reduce(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_softmax(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_arg_max(nn_dims *out, const nn_op_request *r);

nn_status nn_op_shape_concat(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_expand(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_flatten(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_gather(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_pad(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_reshape(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_slice(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_split(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_squeeze(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_transpose(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_unsqueeze(nn_dims *out, const nn_op_request *r);

nn_status nn_op_shape_cast(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_constant_of_shape(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_range(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_shape(nn_dims *out, const nn_op_request *r);
nn_status nn_op_shape_size(nn_dims *out, const nn_op_request *r);

#endif
