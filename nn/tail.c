/* What stands behind the logits, see nn/tail.h. */

#include "nn/tail.h"

#include <math.h>
#include <stdlib.h>

#include "nn/graph_data.h"
#include "nn/infer.h"
#include "nn/move.h"
#include "nn/op.h"
#include "nn/op_rule.h"

static const nn_node *maker_of(const nn_graph *g, size_t value)
{
    for (size_t n = 0; n < g->node_count; n++)
        if (g->node[n].output == value)
            return &g->node[n];
    return NULL;
}

static nn_tail tail_of(nn_op op)
{
    switch (op) {
    case NN_OP_SOFTMAX:
        return NN_TAIL_SOFTMAX;
    case NN_OP_LOG_SOFTMAX:
        return NN_TAIL_LOG_SOFTMAX;
    case NN_OP_ARG_MAX:
        return NN_TAIL_ARG_MAX;
    default:
        return NN_TAIL_NONE;
    }
}

/* 1 when a node takes all numbers of an image as one list of classes. */
static int takes_image(const nn_node *node, const nn_dims *x)
{
    int64_t absent = node->op == NN_OP_ARG_MAX ? 0 : -1;
    size_t axis, count = 0, length = 1;

    if (nn_op_axis(&axis, node, absent, x->rank, 0) != NN_OK || nn_dims_count(x, &count) != NN_OK)
        return 0;
    if (nn_node_int(node, NN_OP_COERCED, 0) == 0)
        return x->dim[axis] == count;
    for (size_t k = axis; k < x->rank; k++)
        length *= x->dim[k];
    return length == count;
}

static nn_tail find(const nn_graph *g, const nn_dims *dims, size_t *logits)
{
    nn_tail tail = NN_TAIL_NONE;

    for (size_t v = *logits;;) {
        const nn_node *node = maker_of(g, v);
        if (node == NULL)
            return tail;
        nn_tail step = tail_of(node->op);
        if (step == NN_TAIL_NONE && node->op != NN_OP_CAST && !nn_move_is_alias(node->op))
            return tail;
        v = node->input[0];
        if (step == NN_TAIL_NONE)
            continue;
        /* Behind another only ArgMax: the class of largest probability has the largest logit. */
        if ((tail != NN_TAIL_NONE && (tail != NN_TAIL_ARG_MAX || step == NN_TAIL_ARG_MAX)) ||
            !takes_image(node, &dims[v]))
            return tail;
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
    free(dims);
    return tail;
}

size_t nn_tail_apply(float *out, nn_tail tail, const float *logits, size_t count)
{
    double sum = 0;
    size_t best = 0;

    for (size_t k = 1; k < count; k++)
        if (logits[k] > logits[best])
            best = k;
    if (tail == NN_TAIL_ARG_MAX && count > 0) {
        out[0] = (float)best;
        return 1;
    }
    double most = count > 0 ? (double)logits[best] : 0.0;
    for (size_t k = 0; k < count; k++)
        sum += exp((double)logits[k] - most);
    for (size_t k = 0; k < count; k++) {
        double v = (double)logits[k] - most;
        out[k] = tail == NN_TAIL_SOFTMAX       ? (float)(exp(v) / sum)
                 : tail == NN_TAIL_LOG_SOFTMAX ? (float)(v - log(sum))
                                               : logits[k];
    }
    return count;
}
