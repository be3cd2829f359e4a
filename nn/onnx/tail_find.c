/* What stands behind the logits, see tail_find.h. */

#include "nn/onnx/tail_find.h"

#include <stdlib.h>

#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"
#include "nn/graph/move.h"
#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"

static const nn_node *maker_of(const nn_graph *g, size_t value)
{
    for (size_t n = 0; n < g->node_count; n++)
        if (g->node[n].output == value)
            return &g->node[n];
    return NULL;
}

static nn_tail tail_of(const nn_node *node)
{
    switch (node->op) {
    case NN_OP_SOFTMAX:
        return NN_TAIL_SOFTMAX;
    case NN_OP_LOG_SOFTMAX:
        return NN_TAIL_LOG_SOFTMAX;
    case NN_OP_ARG_MAX:
        return nn_node_int(node, "select_last_index", 0) != 0 ? NN_TAIL_ARG_MAX_LAST
                                                              : NN_TAIL_ARG_MAX;
    default:
        return NN_TAIL_NONE;
    }
}

static int is_class(nn_tail tail)
{
    return tail == NN_TAIL_ARG_MAX || tail == NN_TAIL_ARG_MAX_LAST;
}

/* 1 for a node that leaves the numbers as they are. A cast to integers cuts off fractions, which
 * only a class has none of: whole then says that what stands before must make classes. */
static int keeps_numbers(const nn_node *node, int *whole)
{
    if (nn_move_is_alias(node->op))
        return 1;
    if (node->op != NN_OP_CAST || nn_node_int(node, "to", 0) == 9) /* bool */
        return 0;
    *whole |= nn_op_cast_type(node) != NN_TYPE_FLOAT;
    return 1;
}

/* 1 when a node takes all numbers of an image as one list of classes. */
static int takes_image(const nn_node *node, const nn_dims *x)
{
    int64_t absent = is_class(tail_of(node)) ? 0 : -1;
    size_t axis, count = 0, length = 1;

    if (nn_op_axis(&axis, node, absent, x->rank, 0) != NN_OK || nn_dims_count(x, &count) != NN_OK)
        return 0;
    if (nn_node_int(node, NN_OP_COERCED, 0) == 0)
        return x->dim[axis] == count;
    for (size_t k = axis; k < x->rank; k++)
        length *= x->dim[k];
    return length == count;
}

/* The tail behind the value *logits, which becomes what it is taken of. */
static nn_tail find(const nn_graph *g, const nn_dims *dims, size_t *logits)
{
    nn_tail tail = NN_TAIL_NONE;
    int whole = 0;

    for (size_t v = *logits;;) {
        const nn_node *node = maker_of(g, v);
        if (node == NULL)
            return tail;
        nn_tail step = tail_of(node);
        if (step == NN_TAIL_NONE && !keeps_numbers(node, &whole))
            return tail;
        v = node->input[0];
        if (step == NN_TAIL_NONE)
            continue;
        /* Behind another only ArgMax: the class of largest probability has the largest logit. */
        if ((tail != NN_TAIL_NONE && !(is_class(tail) && !is_class(step))) ||
            (whole && !is_class(step)) || !takes_image(node, &dims[v]))
            return tail;
        whole = 0;
        tail = tail == NN_TAIL_NONE ? step : tail;
        *logits = v;
    }
}

nn_tail nn_tail_find(const nn_graph *g, size_t *logits)
{
    nn_dims *dims = malloc((g->value_count + 1) * sizeof *dims);
    nn_tail tail = NN_TAIL_NONE;

    *logits = g->output[0];
    if (dims != NULL && nn_infer_dims(dims, g, 1, NULL, 0) == NN_OK)
        tail = find(g, dims, logits);
    size_t before = *logits;
    if (tail != NN_TAIL_NONE && find(g, dims, &before) != NN_TAIL_NONE) {
        *logits = g->output[0];
        tail = NN_TAIL_NONE;
    }
    free(dims);
    return tail;
}
