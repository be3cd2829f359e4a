/* Nodes of older operator sets in the form of the newest, see nn/onnx/onnx_form.h. */

#include "nn/onnx/onnx_form.h"

#include <stdlib.h>
#include <string.h>

#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"

void nn_onnx_draft_clear(nn_onnx_draft *d)
{
    free(d->op);
    free(d->name);
    free(d->domain);
    for (size_t k = 0; k < NN_NODE_INPUTS_MAX; k++)
        free(d->input[k]);
    for (size_t k = 0; k < NN_ONNX_OUTPUTS_MAX; k++)
        free(d->output[k]);
    for (size_t k = 0; k < d->attrs; k++)
        nn_attr_clear(&d->attr[k]);
    *d = (nn_onnx_draft){.op = NULL};
}

const char *nn_onnx_draft_name(const nn_onnx_draft *d)
{
    if (d->name != NULL && d->name[0] != '\0')
        return d->name;
    return d->outputs > 0 && d->output[0] != NULL ? d->output[0] : "";
}

static nn_status no_memory(nn_graph *g)
{
    return nn_graph_fail(g, NN_ERR_MEMORY, "out of memory while reading a node");
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static void drop_attr(nn_onnx_draft *d, size_t at)
{
    nn_attr_clear(&d->attr[at]);
    for (size_t k = at + 1; k < d->attrs; k++)
        d->attr[k - 1] = d->attr[k];
    d->attrs--;
}

/* ---- attributes that have become inputs ---- */

static const struct moved {
    nn_op op;
    const char *key;
    nn_attr_type type;
    size_t input;
} moves[] = {
    {NN_OP_CLIP, "min", NN_ATTR_FLOAT, 1},        {NN_OP_CLIP, "max", NN_ATTR_FLOAT, 2},
    {NN_OP_PAD, "pads", NN_ATTR_INTS, 1},         {NN_OP_PAD, "value", NN_ATTR_FLOAT, 2},
    {NN_OP_REDUCE_MEAN, "axes", NN_ATTR_INTS, 1}, {NN_OP_REDUCE_PROD, "axes", NN_ATTR_INTS, 1},
    {NN_OP_SLICE, "starts", NN_ATTR_INTS, 1},     {NN_OP_SLICE, "ends", NN_ATTR_INTS, 2},
    {NN_OP_SLICE, "axes", NN_ATTR_INTS, 3},       {NN_OP_SPLIT, "split", NN_ATTR_INTS, 1},
    {NN_OP_SQUEEZE, "axes", NN_ATTR_INTS, 1},     {NN_OP_UNSQUEEZE, "axes", NN_ATTR_INTS, 1},
};

/* Attributes without a meaning here: those of training, and those that say what is so anyway. */
static const struct idle {
    nn_op op;
    const char *key;
    int any;        /* 1: whatever it says */
    int64_t number; /* else only this */
} idles[] = {
    {NN_OP_BATCH_NORMALIZATION, "momentum", 1, 0},
    {NN_OP_BATCH_NORMALIZATION, "spatial", 0, 1},
    {NN_OP_BATCH_NORMALIZATION, "training_mode", 0, 0},
    {NN_OP_CAST, "saturate", 1, 0},
    {NN_OP_DROPOUT, "ratio", 1, 0},
    {NN_OP_DROPOUT, "seed", 1, 0},
    {NN_OP_MAX_POOL, "storage_order", 1, 0},
    {NN_OP_RESHAPE, "allowzero", 0, 0},
    {NN_OP_SPLIT, "num_outputs", 1, 0},
};

/* Make a constant of an attribute and let it be input k. */
static nn_status make_input(nn_graph *g, nn_onnx_draft *d, const nn_attr *attr, size_t k)
{
    while (d->inputs <= k) {
        d->input[d->inputs] = copy_text("");
        if (d->input[d->inputs] == NULL)
            return no_memory(g);
        d->inputs++;
    }
    if (d->input[k][0] != '\0')
        return nn_graph_fail(g, NN_ERR_ARG, "%.40s '%.60s' has '%.40s' as attribute and as input",
                             d->op, nn_onnx_draft_name(d), attr->key);
    size_t v = attr->type == NN_ATTR_FLOAT ? nn_graph_scalar(g, attr->real)
                                           : nn_graph_list(g, attr->numbers, attr->count);
    if (v == NN_VALUE_NONE)
        return g->status;
    free(d->input[k]);
    d->input[k] = copy_text(g->value[v].name);
    return d->input[k] != NULL ? NN_OK : no_memory(g);
}

/* Returns 1 when the attribute is to be dropped. */
static int is_idle(nn_op op, const nn_attr *attr)
{
    for (size_t k = 0; k < sizeof idles / sizeof idles[0]; k++)
        if (idles[k].op == op && strcmp(idles[k].key, attr->key) == 0)
            return idles[k].any || (attr->type == NN_ATTR_INT && attr->number == idles[k].number);
    return 0;
}

static const struct moved *find_move(nn_op op, const nn_attr *attr)
{
    for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++)
        if (moves[k].op == op && moves[k].type == attr->type &&
            strcmp(moves[k].key, attr->key) == 0)
            return &moves[k];
    return NULL;
}

static nn_status renew(nn_graph *g, nn_onnx_draft *d, nn_op op)
{
    nn_status st = NN_OK;

    for (size_t k = d->attrs; k-- > 0 && st == NN_OK;) {
        const struct moved *move = find_move(op, &d->attr[k]);
        if (move != NULL)
            st = make_input(g, d, &d->attr[k], move->input);
        if (move != NULL || is_idle(op, &d->attr[k]))
            drop_attr(d, k);
    }
    return st;
}

/* ---- into the graph ---- */

static nn_status add_attr(nn_graph *g, const nn_attr *attr)
{
    switch (attr->type) {
    case NN_ATTR_FLOAT:
        return nn_graph_attr_float(g, attr->key, attr->real);
    case NN_ATTR_INT:
        return nn_graph_attr_int(g, attr->key, attr->number);
    case NN_ATTR_TEXT:
        return nn_graph_attr_text(g, attr->key, attr->text);
    case NN_ATTR_INTS:
        return nn_graph_attr_ints(g, attr->key, attr->numbers, attr->count);
    default: /* NN_ATTR_TENSOR */
        return nn_graph_attr_tensor(g, attr->key, &attr->tensor);
    }
}

static nn_status add_node(nn_graph *g, const nn_onnx_draft *d, const char *op,
                          const char *const *inputs, size_t count, const char *output)
{
    nn_status st = nn_graph_node(g, op, d->name != NULL ? d->name : "", inputs, count, output);

    for (size_t k = 0; k < d->attrs && st == NN_OK; k++)
        st = add_attr(g, &d->attr[k]);
    return st;
}

/* One Split for each part that has a name. */
static nn_status add_parts(nn_graph *g, const nn_onnx_draft *d)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k < d->outputs && st == NN_OK; k++) {
        if (d->output[k][0] == '\0')
            continue;
        st = add_node(g, d, d->op, (const char *const *)d->input, d->inputs, d->output[k]);
        if (st == NN_OK)
            st = nn_graph_attr_int(g, NN_OP_PART, (int64_t)k);
        if (st == NN_OK)
            st = nn_graph_attr_int(g, NN_OP_PARTS, (int64_t)d->outputs);
    }
    return st;
}

/* a + b + c + ...: one Add after the other */
static nn_status add_sum(nn_graph *g, const nn_onnx_draft *d)
{
    char made[NN_GRAPH_FRESH_SIZE] = "", next[NN_GRAPH_FRESH_SIZE];
    nn_status st = NN_OK;

    for (size_t k = 1; k < d->inputs && st == NN_OK; k++) {
        const char *const pair[2] = {k == 1 ? d->input[0] : made, d->input[k]};
        nn_graph_fresh(next, g);
        st = add_node(g, d, "Add", pair, 2, k + 1 < d->inputs ? next : d->output[0]);
        memcpy(made, next, sizeof made);
    }
    return st;
}

nn_status nn_onnx_form(nn_graph *g, nn_onnx_draft *d, uint64_t opset)
{
    nn_op op = nn_op_find(d->op);
    nn_status st = renew(g, d, op);

    if (st != NN_OK)
        return st;
    if (op == NN_OP_SPLIT)
        return add_parts(g, d);
    if (op == NN_OP_SUM && d->inputs > 2)
        return add_sum(g, d);
    st = add_node(g, d, d->op, (const char *const *)d->input, d->inputs, d->output[0]);
    if (st != NN_OK || opset >= 13 || (op != NN_OP_SOFTMAX && op != NN_OP_LOG_SOFTMAX))
        return st;
    nn_node *node = &g->node[g->node_count - 1];
    if (nn_node_attr(node, "axis", NN_ATTR_INT) == NULL)
        st = nn_graph_attr_int(g, "axis", 1);
    return st == NN_OK ? nn_graph_attr_int(g, NN_OP_COERCED, 1) : st;
}
