/* Computing what is constant and simplifying what is left, see nn/onnx/fold.h. */

#include "nn/onnx/fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"
#include "nn/onnx/fuse.h"
#include "nn/ref/ref.h"

/* What is known of the values of a graph, and the tensors of the node at hand. */
typedef struct folding {
    nn_graph *g;
    nn_dims *dims;
    char *known; /* 1 where dims says the dimensions, with batch 1 */
    nn_tensor shapes[NN_NODE_INPUTS_MAX];
    const nn_tensor *in[NN_NODE_INPUTS_MAX];
} folding;

static void clear(folding *f)
{
    free(f->dims);
    free(f->known);
    f->dims = NULL;
    f->known = NULL;
}

static nn_status no_memory(nn_graph *g)
{
    return nn_graph_fail(g, NN_ERR_MEMORY, "out of memory while folding the graph");
}

/* The arrays with room for the values that the graph has now. */
static nn_status make(folding *f)
{
    const nn_graph *g = f->g;

    f->dims = calloc(g->value_count + 1, sizeof *f->dims);
    f->known = calloc(g->value_count + 1, sizeof *f->known);
    if (f->dims == NULL || f->known == NULL)
        return no_memory(f->g);
    for (size_t v = 0; v < g->value_count; v++) {
        f->dims[v] =
            g->value[v].kind == NN_VALUE_CONSTANT ? g->value[v].constant.dims : g->value[v].dims;
        f->known[v] = g->value[v].kind != NN_VALUE_NODE;
        if (g->value[v].kind == NN_VALUE_INPUT && f->dims[v].rank > 0 && f->dims[v].dim[0] == 0)
            f->dims[v].dim[0] = 1;
    }
    return NN_OK;
}

typedef enum operands {
    OPERANDS_UNKNOWN, /* the dimensions of one are not known */
    OPERANDS_DATA,    /* one depends on the graph's input */
    OPERANDS_CONSTANT
} operands;

/* The tensors that a node takes, those that depend on the input without data. */
static operands gather(folding *f, const nn_node *node)
{
    operands found = OPERANDS_CONSTANT;

    for (size_t k = 0; k < node->input_count; k++) {
        size_t v = node->input[k], count;

        f->in[k] = NULL;
        if (v == NN_VALUE_NONE)
            continue;
        f->in[k] = &f->shapes[k];
        if (f->g->value[v].kind == NN_VALUE_CONSTANT) {
            f->in[k] = &f->g->value[v].constant;
        } else if (f->known[v] && nn_dims_count(&f->dims[v], &count) == NN_OK) {
            f->shapes[k] = (nn_tensor){.type = NN_TYPE_FLOAT, .dims = f->dims[v], .count = count};
            found = OPERANDS_DATA;
        } else {
            return OPERANDS_UNKNOWN;
        }
    }
    return found;
}

/* A bound of what a layer of constants costs to compute, in products; the bytes are hostile. */
static int is_affordable(const folding *f, const nn_node *node, size_t count)
{
    double inner;

    switch (node->op) {
    case NN_OP_CONV:
        inner = (double)f->in[1]->count;
        break;
    case NN_OP_AVERAGE_POOL:
    case NN_OP_GEMM:
    case NN_OP_MATMUL:
    case NN_OP_MAX_POOL:
        inner = 1;
        for (size_t k = 0; k < f->in[0]->dims.rank; k++)
            inner = fmax(inner, (double)f->in[0]->dims.dim[k]);
        inner *= node->op == NN_OP_GEMM || node->op == NN_OP_MATMUL ? 1 : inner;
        break;
    default:
        return count <= NN_FOLD_ELEMENTS_MAX;
    }
    return count <= NN_FOLD_ELEMENTS_MAX && inner * (double)count <= (double)NN_FOLD_PRODUCTS_MAX;
}

/* Compute a node whose operands allow it; its output is then a constant and nobody needs the node.
 * What it cannot compute stays as it is: running the graph says why. */
static nn_status compute(int *done, folding *f, const nn_node *node)
{
    nn_value *v = &f->g->value[node->output];
    nn_dims dims;
    size_t count;

    *done = 0;
    if (nn_op_shape(&dims, node, f->in, NULL, 0) != NN_OK ||
        nn_dims_count(&dims, &count) != NN_OK || !is_affordable(f, node, count))
        return NN_OK;
    nn_status st = nn_ref_node(node, f->in, &v->constant, NULL, 0);
    if (st == NN_ERR_MEMORY)
        return no_memory(f->g);
    if (st != NN_OK)
        return NN_OK;
    v->kind = NN_VALUE_CONSTANT;
    f->dims[node->output] = v->constant.dims;
    f->known[node->output] = 1;
    *done = 1;
    return NN_OK;
}

/* ---- one node at a time ---- */

/* A list of sizes that begins with the size its input begins with says so by 0, whatever the batch
 * then is. A list that means its zeros (allowzero) has to be free of them. */
static nn_status open_reshape(folding *f, nn_node *node)
{
    const nn_tensor *list = f->in[1];
    int64_t sizes[NN_RANK_MAX];

    if (list == NULL || list->number == NULL || list->count == 0 || list->count > NN_RANK_MAX ||
        f->in[0]->dims.rank == 0 || list->number[0] <= 0 ||
        list->number[0] != (int64_t)f->in[0]->dims.dim[0])
        return NN_OK;
    if (nn_node_int(node, "allowzero", 0) != 0)
        for (size_t k = 0; k < list->count; k++)
            if (list->number[k] == 0)
                return NN_OK;
    memcpy(sizes, list->number, list->count * sizeof *sizes);
    sizes[0] = 0;
    size_t v = nn_graph_list(f->g, sizes, list->count);
    if (v == NN_VALUE_NONE)
        return f->g->status;
    nn_graph_unset(node, "allowzero");
    node->input[1] = v;
    return NN_OK;
}

static nn_status split_to_slice(folding *f, nn_node *node)
{
    size_t axis, start, count;
    const nn_op_request r = {node, f->in, NULL, 0};

    if (nn_op_split(&axis, &start, &count, &r) != NN_OK)
        return NN_OK;
    const int64_t from = (int64_t)start, end = (int64_t)(start + count), along = (int64_t)axis;
    size_t starts = nn_graph_list(f->g, &from, 1), ends = nn_graph_list(f->g, &end, 1),
           axes = nn_graph_list(f->g, &along, 1);
    if (f->g->status != NN_OK)
        return f->g->status;
    nn_graph_unset(node, "axis");
    nn_graph_unset(node, "num_outputs");
    nn_graph_unset(node, NN_OP_PART);
    nn_graph_unset(node, NN_OP_PARTS);
    node->op = NN_OP_SLICE;
    node->input[1] = starts;
    node->input[2] = ends;
    node->input[3] = axes;
    node->input_count = 4;
    return NN_OK;
}

/* Max and Min of data and one number. */
static nn_status bound_to_clip(const folding *f, nn_node *node)
{
    if (node->input_count != 2)
        return NN_OK;
    size_t data = f->g->value[node->input[0]].kind == NN_VALUE_CONSTANT ? 1 : 0;
    const nn_tensor *bound = f->in[1 - data];
    if (f->g->value[node->input[1 - data]].kind != NN_VALUE_CONSTANT || bound->count != 1 ||
        bound->dims.rank > f->in[data]->dims.rank)
        return NN_OK;
    size_t x = node->input[data], limit = node->input[1 - data];
    node->input[0] = x;
    node->input[1] = node->op == NN_OP_MAX ? limit : NN_VALUE_NONE;
    node->input[2] = limit;
    node->input_count = node->op == NN_OP_MAX ? 2 : 3;
    node->op = NN_OP_CLIP;
    return NN_OK;
}

static nn_status negate(folding *f, nn_node *node)
{
    size_t v = nn_graph_scalar(f->g, -1.0f);

    if (v == NN_VALUE_NONE)
        return f->g->status;
    node->op = NN_OP_MUL;
    node->input[1] = v;
    node->input_count = 2;
    return NN_OK;
}

/* The mean over all axes behind the channels, which stay as ones. */
static void mean_to_pool(const folding *f, nn_node *node)
{
    int reduced[NN_RANK_MAX];
    size_t rank = f->in[0]->dims.rank;

    if (rank < 3 || nn_node_int(node, "keepdims", 1) == 0 ||
        nn_op_reduced(reduced, node, f->in) != NN_OK)
        return;
    for (size_t k = 0; k < rank; k++)
        if (reduced[k] != (k >= 2))
            return;
    nn_graph_unset(node, "keepdims");
    nn_graph_unset(node, "noop_with_empty_axes");
    node->op = NN_OP_GLOBAL_AVERAGE_POOL;
    node->input_count = 1;
}

/* A softmax of before operator set 13 over its last axis is one of after it. */
static void uncoerce(const folding *f, nn_node *node)
{
    size_t axis;

    if (nn_node_int(node, NN_OP_COERCED, 0) != 0 &&
        nn_op_axis(&axis, node, -1, f->in[0]->dims.rank, 0) == NN_OK &&
        axis + 1 == f->in[0]->dims.rank)
        nn_graph_unset(node, NN_OP_COERCED);
}

static nn_status simplify(folding *f, nn_node *node)
{
    switch (node->op) {
    case NN_OP_CAST:
        if (nn_op_cast_type(node) == NN_TYPE_FLOAT) {
            nn_graph_unset(node, "to");
            node->op = NN_OP_IDENTITY;
        }
        return NN_OK;
    case NN_OP_LOG_SOFTMAX:
    case NN_OP_SOFTMAX:
        uncoerce(f, node);
        return NN_OK;
    case NN_OP_MAX:
    case NN_OP_MIN:
        return node->input_count == 1 ? (node->op = NN_OP_IDENTITY, NN_OK) : bound_to_clip(f, node);
    case NN_OP_NEG:
        return negate(f, node);
    case NN_OP_REDUCE_MEAN:
        mean_to_pool(f, node);
        return NN_OK;
    case NN_OP_RESHAPE:
        return open_reshape(f, node);
    case NN_OP_SPLIT:
        return split_to_slice(f, node);
    case NN_OP_SUM:
        if (node->input_count <= 2)
            node->op = node->input_count == 1 ? NN_OP_IDENTITY : NN_OP_ADD;
        return NN_OK;
    default:
        return NN_OK;
    }
}

static nn_status fold_node(folding *f, size_t n)
{
    nn_node *node = &f->g->node[n];
    operands found = gather(f, node);
    nn_status st = NN_OK;
    int done = 0;

    if (found == OPERANDS_UNKNOWN)
        return NN_OK;
    if (found == OPERANDS_CONSTANT || node->op == NN_OP_SHAPE || node->op == NN_OP_SIZE)
        st = compute(&done, f, node);
    if (st != NN_OK || done)
        return st;
    f->known[node->output] = nn_op_shape(&f->dims[node->output], node, f->in, NULL, 0) == NN_OK;
    return f->known[node->output] && found == OPERANDS_DATA ? simplify(f, node) : NN_OK;
}

/* Take the nodes out whose output has become a constant. */
static void drop_computed(nn_graph *g)
{
    size_t kept = 0;

    for (size_t n = 0; n < g->node_count; n++) {
        if (g->value[g->node[n].output].kind == NN_VALUE_CONSTANT)
            nn_node_clear(&g->node[n]);
        else
            g->node[kept++] = g->node[n];
    }
    g->node_count = kept;
}

static nn_status run(folding *f)
{
    nn_graph *g = f->g;
    nn_status st = make(f);

    /* Values that are added on the way are constants: their dimensions are not asked for. */
    for (size_t n = 0; n < g->node_count && st == NN_OK; n++)
        st = fold_node(f, n);
    if (st != NN_OK)
        return st;
    drop_computed(g);
    st = nn_fuse_activations(g, f->dims, f->known);
    if (st == NN_OK)
        st = nn_fuse_pads(g, f->dims, f->known);
    return st == NN_OK ? nn_graph_sweep(g) : st;
}

nn_status nn_fold(nn_graph *g, char *why, size_t why_size)
{
    if (g->status == NN_OK) {
        folding *f = calloc(1, sizeof *f);
        if (f == NULL) {
            (void)no_memory(g);
        } else {
            f->g = g;
            (void)run(f);
            clear(f);
            free(f);
        }
    }
    return g->status == NN_OK ? NN_OK : nn_why(why, why_size, g->status, "%s", g->error);
}
