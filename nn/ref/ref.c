/* Every operator in plain float arithmetic, see nn/ref/ref.h; the loops stand in nn/ref/ref_layer.c
 * and nn/ref/ref_number.c. */

#include "nn/ref/ref.h"

#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/move.h"
#include "nn/graph/scalar.h"
#include "nn/ref/ref_rule.h"

double nn_ref_at(const nn_tensor *t, size_t i)
{
    return t->value != NULL ? (double)t->value[i] : (double)t->number[i];
}

const nn_tensor *nn_ref_optional(const nn_ref_job *j, size_t k)
{
    return k < j->node->input_count ? j->in[k] : NULL;
}

size_t nn_ref_broadcast(const nn_dims *out, const nn_dims *d, size_t i)
{
    size_t index = 0, stride = 1;

    for (size_t k = out->rank; k-- > 0;) {
        size_t position = i % out->dim[k];
        size_t from_end = out->rank - k;

        i /= out->dim[k];
        if (from_end <= d->rank) {
            size_t size = d->dim[d->rank - from_end];
            if (size != 1)
                index += position * stride;
            stride *= size;
        }
    }
    return index;
}

size_t nn_ref_run_length(const nn_dims *out, const nn_dims *d, size_t *step)
{
    size_t length = 1;

    *step = 1;
    for (size_t from_end = 1; from_end <= out->rank; from_end++) {
        size_t size = out->dim[out->rank - from_end];
        size_t moves = size == 1 || (from_end <= d->rank && d->dim[d->rank - from_end] != 1);

        if (size != 1 && length == 1)
            *step = moves;
        if (size != 1 && *step != moves)
            break;
        length *= size;
    }
    return length;
}

/* The operators of nn/graph/move.h */
static nn_status run_move(const nn_ref_job *j, char *why, size_t why_size)
{
    nn_move m;
    nn_status st = nn_move_init(&m, j->node, j->in, why, why_size);

    for (size_t i = 0; i < j->out->count && st == NN_OK; i++) {
        size_t input, element;
        int inside = nn_move_at(&m, i, &input, &element);

        if (j->out->value != NULL)
            j->out->value[i] = inside ? j->in[input]->value[element] : (float)m.fill;
        else
            j->out->number[i] = inside ? j->in[input]->number[element] : (int64_t)m.fill;
    }
    return st;
}

/* The operators of nn/graph/scalar.h; Neg and the roundings take integers as well */
static nn_status run_scalar(const nn_ref_job *j)
{
    nn_scalar f;
    nn_status st = nn_scalar_init(&f, j->node, j->in);

    for (size_t i = 0; i < j->out->count && st == NN_OK; i++) {
        if (j->out->value != NULL)
            j->out->value[i] = (float)nn_scalar_at(&f, (double)j->in[0]->value[i]);
        else
            j->out->number[i] = (int64_t)(0 - (uint64_t)j->in[0]->number[i]);
    }
    return st;
}

typedef void (*layer_run)(const nn_ref_job *j);
typedef nn_status (*number_run)(const nn_ref_job *j);

/* One of the two; NULL for the operators of nn/graph/move.h and nn/graph/scalar.h. */
static const struct {
    layer_run layer; /* computes floats */
    number_run number;
} runners[NN_OP_COUNT] = {
    [NN_OP_ADD] = {NULL, nn_ref_arithmetic},
    [NN_OP_ARG_MAX] = {nn_ref_arg_max, NULL},
    [NN_OP_AVERAGE_POOL] = {nn_ref_pool, NULL},
    [NN_OP_BATCH_NORMALIZATION] = {nn_ref_batch_normalization, NULL},
    [NN_OP_CAST] = {NULL, nn_ref_cast},
    [NN_OP_CONSTANT_OF_SHAPE] = {NULL, nn_ref_constant_of_shape},
    [NN_OP_CONV] = {nn_ref_conv, NULL},
    [NN_OP_DIV] = {NULL, nn_ref_arithmetic},
    [NN_OP_EQUAL] = {NULL, nn_ref_equal},
    [NN_OP_GEMM] = {nn_ref_gemm, NULL},
    [NN_OP_GLOBAL_AVERAGE_POOL] = {nn_ref_global_pool, NULL},
    [NN_OP_GLOBAL_MAX_POOL] = {nn_ref_global_pool, NULL},
    [NN_OP_LOG_SOFTMAX] = {nn_ref_softmax, NULL},
    [NN_OP_MATMUL] = {nn_ref_matmul, NULL},
    [NN_OP_MAX] = {NULL, nn_ref_arithmetic},
    [NN_OP_MAX_POOL] = {nn_ref_pool, NULL},
    [NN_OP_MIN] = {NULL, nn_ref_arithmetic},
    [NN_OP_MUL] = {NULL, nn_ref_arithmetic},
    [NN_OP_POW] = {NULL, nn_ref_arithmetic},
    [NN_OP_RANGE] = {NULL, nn_ref_range},
    [NN_OP_REDUCE_MEAN] = {nn_ref_reduce, NULL},
    [NN_OP_REDUCE_PROD] = {nn_ref_reduce, NULL},
    [NN_OP_SHAPE] = {NULL, nn_ref_shape},
    [NN_OP_SIZE] = {NULL, nn_ref_shape},
    [NN_OP_SOFTMAX] = {nn_ref_softmax, NULL},
    [NN_OP_SUB] = {NULL, nn_ref_arithmetic},
    [NN_OP_SUM] = {NULL, nn_ref_arithmetic},
    [NN_OP_WHERE] = {NULL, nn_ref_where},
};

/* The type of what a node makes; 0 when its operands are of types that do not go together. */
static int type_of(const nn_node *node, const nn_tensor *const *in)
{
    const nn_attr *value = nn_node_attr(node, "value", NN_ATTR_TENSOR);
    size_t count = node->input_count;
    int whole = 1, same = 1; /* operands 0 to count - 1 */

    switch (node->op) {
    case NN_OP_ARG_MAX:
        return in[0]->type == NN_TYPE_FLOAT ? NN_TYPE_INT64 : 0;
    case NN_OP_EQUAL:
    case NN_OP_SHAPE:
    case NN_OP_SIZE:
        return NN_TYPE_INT64;
    case NN_OP_CAST:
        return nn_op_cast_type(node);
    case NN_OP_CONSTANT_OF_SHAPE:
        return value != NULL ? (int)value->tensor.type : NN_TYPE_FLOAT;
    case NN_OP_NEG:
    case NN_OP_POW:
    case NN_OP_REDUCE_PROD:
        return (int)in[0]->type;
    case NN_OP_WHERE:
        return in[1]->type == in[2]->type ? (int)in[1]->type : 0;
    default:
        break;
    }
    if (node->op != NN_OP_CONCAT && nn_move_is(node->op))
        return (int)in[0]->type;
    for (size_t k = 0; k < count; k++) {
        whole &= in[k] == NULL || in[k]->type == NN_TYPE_INT64;
        same &= in[k] == NULL || in[k]->type == in[0]->type;
    }
    if (node->op == NN_OP_CONCAT || node->op == NN_OP_RANGE)
        return same ? (int)in[0]->type : 0;
    return whole && runners[node->op].number != NULL ? NN_TYPE_INT64 : NN_TYPE_FLOAT;
}

/* Layers and functions need floats to compute with; the others read integers as numbers. */
static nn_status check_types(const nn_node *node, const nn_tensor *const *in, int type, char *why,
                             size_t why_size)
{
    char label[NN_LABEL_SIZE];
    size_t floats = nn_scalar_is(node->op) || node->op == NN_OP_REDUCE_MEAN ? 1
                    : runners[node->op].layer != NULL                       ? node->input_count
                                                                            : 0;
    if (type == NN_TYPE_INT64 && (node->op == NN_OP_NEG || node->op == NN_OP_REDUCE_PROD))
        floats = 0;
    if (node->op == NN_OP_REDUCE_PROD && floats > 1)
        floats = 1;
    if (type == 0)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "%s: the types of its inputs do not go together", nn_node_label(label, node));
    for (size_t k = 0; k < floats; k++)
        if (in[k] != NULL && in[k]->value == NULL)
            return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: input %zu is not float",
                          nn_node_label(label, node), k + 1);
    return NN_OK;
}

static nn_status run(const nn_ref_job *j, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];
    nn_op op = j->node->op;

    if (nn_move_is(op))
        return run_move(j, why, why_size);
    if (runners[op].layer != NULL) {
        runners[op].layer(j);
        return NN_OK;
    }
    nn_status st = nn_scalar_is(op) ? run_scalar(j) : runners[op].number(j);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "%s: %s", nn_node_label(label, j->node),
                      st == NN_ERR_RANGE
                          ? "it divides an integer by zero, or makes one that is too "
                            "large"
                          : "its bounds are no constant numbers");
    return NN_OK;
}

nn_status nn_ref_node(const nn_node *node, const nn_tensor *const *in, nn_tensor *out, char *why,
                      size_t why_size)
{
    char label[NN_LABEL_SIZE];
    nn_dims dims;

    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    nn_status st = nn_op_shape(&dims, node, in, why, why_size);
    if (st != NN_OK)
        return st;
    int type = type_of(node, in);
    st = check_types(node, in, type, why, why_size);
    if (st != NN_OK)
        return st;
    st = nn_tensor_init(out, (nn_type)type, &dims);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "%s: out of memory", nn_node_label(label, node));
    const nn_ref_job j = {node, in, out};
    st = run(&j, why, why_size);
    if (st != NN_OK)
        nn_tensor_clear(out);
    return st;
}

/* The value of every index is a constant of the graph, the input, or what a node has made. */
static const nn_tensor *tensor_of(const nn_graph *g, const nn_tensor *made, const nn_tensor *input,
                                  size_t v)
{
    if (v == NN_VALUE_NONE)
        return NULL;
    switch (g->value[v].kind) {
    case NN_VALUE_CONSTANT:
        return &g->value[v].constant;
    case NN_VALUE_INPUT:
        return input;
    default:
        return &made[v];
    }
}

static nn_status check_input(const nn_graph *g, const nn_tensor *in, char *why, size_t why_size)
{
    char ta[NN_DIMS_TEXT], tb[NN_DIMS_TEXT];

    if (g->input_count > 1)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "the graph has %zu inputs, one is taken",
                      g->input_count);
    if (g->input_count == 0)
        return NN_OK;
    if (in == NULL || in->value == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph needs a float input");
    nn_dims want = g->value[g->input[0]].dims;
    if (want.rank > 0 && want.dim[0] == 0 && in->dims.rank > 0)
        want.dim[0] = in->dims.dim[0];
    if (!nn_dims_equal(&want, &in->dims))
        return nn_why(why, why_size, NN_ERR_SHAPE,
                      "the input has dimensions %s, the graph wants %s",
                      nn_dims_print(ta, sizeof ta, &in->dims), nn_dims_print(tb, sizeof tb, &want));
    return NN_OK;
}

/* All nodes up to the one that makes a value. */
static nn_status run_nodes(const nn_graph *g, size_t value, nn_tensor *made, const nn_tensor *in,
                           char *why, size_t why_size)
{
    for (size_t n = 0; n < g->node_count; n++) {
        const nn_node *node = &g->node[n];
        const nn_tensor *operand[NN_NODE_INPUTS_MAX];

        for (size_t k = 0; k < node->input_count; k++)
            operand[k] = tensor_of(g, made, in, node->input[k]);
        nn_status st = nn_ref_node(node, operand, &made[node->output], why, why_size);
        if (st != NN_OK)
            return st;
        if (node->output == value)
            break;
    }
    return NN_OK;
}

nn_status nn_ref_run_to(const nn_graph *g, size_t value, const nn_tensor *in, nn_tensor *out,
                        char *why, size_t why_size)
{
    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    if (value >= g->value_count)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph has no such value");
    nn_status st = check_input(g, in, why, why_size);
    if (st != NN_OK)
        return st;
    nn_tensor *made = calloc(g->value_count, sizeof *made);
    if (made == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while running the graph");
    st = run_nodes(g, value, made, in, why, why_size);
    if (st == NN_OK)
        st = nn_tensor_copy(out, tensor_of(g, made, in, value));
    for (size_t k = 0; k < g->value_count; k++)
        nn_tensor_clear(&made[k]);
    free(made);
    return st;
}

nn_status nn_ref_run(const nn_graph *g, const nn_tensor *in, nn_tensor *out, char *why,
                     size_t why_size)
{
    *out = (nn_tensor){.type = NN_TYPE_FLOAT};
    if (nn_graph_status(g) == NN_OK && g->output_count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph has no output");
    return nn_ref_run_to(g, g->output_count > 0 ? g->output[0] : 0, in, out, why, why_size);
}
