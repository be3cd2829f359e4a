/* The operators: arity, advice, and what their attributes say; see nn/graph/op.h. */

#include "nn/graph/op.h"

#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/op_rule.h"

static const struct rule {
    unsigned char least, most; /* inputs */
    nn_op_rule shape;
} rules[NN_OP_COUNT] = {
    [NN_OP_ADD] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_ARG_MAX] = {1, 1, nn_op_shape_arg_max},
    [NN_OP_AVERAGE_POOL] = {1, 1, nn_op_shape_pool},
    [NN_OP_BATCH_NORMALIZATION] = {5, 5, nn_op_shape_batch_normalization},
    [NN_OP_CAST] = {1, 1, nn_op_shape_cast},
    [NN_OP_CEIL] = {1, 1, nn_op_shape_same},
    [NN_OP_CLIP] = {1, 3, nn_op_shape_clip},
    [NN_OP_CONCAT] = {1, NN_NODE_INPUTS_MAX, nn_op_shape_concat},
    [NN_OP_CONSTANT_OF_SHAPE] = {1, 1, nn_op_shape_constant_of_shape},
    [NN_OP_CONV] = {2, 3, nn_op_shape_conv},
    [NN_OP_DIV] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_DROPOUT] = {1, 3, nn_op_shape_dropout},
    [NN_OP_EQUAL] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_ERF] = {1, 1, nn_op_shape_same},
    [NN_OP_EXP] = {1, 1, nn_op_shape_same},
    [NN_OP_EXPAND] = {2, 2, nn_op_shape_expand},
    [NN_OP_FLATTEN] = {1, 1, nn_op_shape_flatten},
    [NN_OP_FLOOR] = {1, 1, nn_op_shape_same},
    [NN_OP_GATHER] = {2, 2, nn_op_shape_gather},
    [NN_OP_GELU] = {1, 1, nn_op_shape_same},
    [NN_OP_GEMM] = {2, 3, nn_op_shape_gemm},
    [NN_OP_GLOBAL_AVERAGE_POOL] = {1, 1, nn_op_shape_global_pool},
    [NN_OP_GLOBAL_MAX_POOL] = {1, 1, nn_op_shape_global_pool},
    [NN_OP_HARD_SIGMOID] = {1, 1, nn_op_shape_same},
    [NN_OP_HARD_SWISH] = {1, 1, nn_op_shape_same},
    [NN_OP_IDENTITY] = {1, 1, nn_op_shape_same},
    [NN_OP_LEAKY_RELU] = {1, 1, nn_op_shape_same},
    [NN_OP_LOG] = {1, 1, nn_op_shape_same},
    [NN_OP_LOG_SOFTMAX] = {1, 1, nn_op_shape_softmax},
    [NN_OP_MATMUL] = {2, 2, nn_op_shape_matmul},
    [NN_OP_MAX] = {1, NN_NODE_INPUTS_MAX, nn_op_shape_broadcast},
    [NN_OP_MAX_POOL] = {1, 1, nn_op_shape_pool},
    [NN_OP_MIN] = {1, NN_NODE_INPUTS_MAX, nn_op_shape_broadcast},
    [NN_OP_MUL] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_NEG] = {1, 1, nn_op_shape_same},
    [NN_OP_PAD] = {2, 4, nn_op_shape_pad},
    [NN_OP_POW] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_RANGE] = {3, 3, nn_op_shape_range},
    [NN_OP_RECIPROCAL] = {1, 1, nn_op_shape_same},
    [NN_OP_REDUCE_MEAN] = {1, 2, nn_op_shape_reduce},
    [NN_OP_REDUCE_PROD] = {1, 2, nn_op_shape_reduce},
    [NN_OP_RELU] = {1, 1, nn_op_shape_same},
    [NN_OP_RESHAPE] = {2, 2, nn_op_shape_reshape},
    [NN_OP_SHAPE] = {1, 1, nn_op_shape_shape},
    [NN_OP_SIGMOID] = {1, 1, nn_op_shape_same},
    [NN_OP_SIZE] = {1, 1, nn_op_shape_size},
    [NN_OP_SLICE] = {3, 5, nn_op_shape_slice},
    [NN_OP_SOFTMAX] = {1, 1, nn_op_shape_softmax},
    [NN_OP_SPLIT] = {1, 2, nn_op_shape_split},
    [NN_OP_SQRT] = {1, 1, nn_op_shape_same},
    [NN_OP_SQUEEZE] = {1, 2, nn_op_shape_squeeze},
    [NN_OP_SUB] = {2, 2, nn_op_shape_broadcast},
    [NN_OP_SUM] = {1, NN_NODE_INPUTS_MAX, nn_op_shape_broadcast},
    [NN_OP_SWISH] = {1, 1, nn_op_shape_same},
    [NN_OP_TANH] = {1, 1, nn_op_shape_same},
    [NN_OP_TRANSPOSE] = {1, 1, nn_op_shape_transpose},
    [NN_OP_UNSQUEEZE] = {2, 2, nn_op_shape_unsqueeze},
    [NN_OP_WHERE] = {3, 3, nn_op_shape_broadcast},
};

nn_op nn_op_find(const char *name)
{
    for (int op = NN_OP_NONE + 1; op < NN_OP_COUNT; op++)
        if (strcmp(nn_node_op_name((nn_op)op), name) == 0)
            return (nn_op)op;
    return NN_OP_NONE;
}

void nn_op_arity(nn_op op, size_t *least, size_t *most)
{
    *least = rules[op].least;
    *most = rules[op].most;
}

const char *nn_op_advice(const char *name)
{
    static const struct {
        const char *name, *advice;
    } known[] = {
        {"Abs", "replace it by a polynomial, e.g. x*x, and train again"},
        {"ArgMax", "it is taken only at the end of the network, where the client computes it"},
        {"Cast", "it turns data into integers; leave it out"},
        {"Celu", "replace it by Relu or Swish and train again"},
        {"ConvTranspose", "use Conv"},
        {"DequantizeLinear", "export the model before quantisation"},
        {"DynamicQuantizeLinear", "export the model before quantisation"},
        {"Elu", "replace it by Relu or Swish and train again"},
        {"Equal", "it compares data; it is taken only in the computation of shapes"},
        {"GRU", "recurrent layers are not taken; use convolutions"},
        {"If", "export the model with a fixed input size, in evaluation mode"},
        {"InstanceNormalization", "use BatchNormalization, which becomes part of a convolution"},
        {"GroupNormalization", "use BatchNormalization, which becomes part of a convolution"},
        {"LayerNormalization", "use BatchNormalization, which becomes part of a convolution"},
        {"LSTM", "recurrent layers are not taken; use convolutions"},
        {"LogSoftmax", "it is taken only at the end of the network, where the client computes it"},
        {"Loop", "export the model with tracing, so that loops are unrolled"},
        {"LpNormalization", "use BatchNormalization, which becomes part of a convolution"},
        {"LRN", "use BatchNormalization, which becomes part of a convolution"},
        {"Max", "it is taken of data and constants only; use Relu or MaxPool"},
        {"Min", "it is taken of data and constants only; use Clip"},
        {"Mish", "replace it by Swish and train again"},
        {"NonZero", "export the model with a fixed input size"},
        {"PRelu", "replace it by LeakyRelu or Relu and train again"},
        {"QLinearConv", "export the model before quantisation"},
        {"QLinearMatMul", "export the model before quantisation"},
        {"QuantizeLinear", "export the model before quantisation"},
        {"RNN", "recurrent layers are not taken; use convolutions"},
        {"Range", "it counts with data; it is taken only in the computation of shapes"},
        {"ReduceMax", "use GlobalMaxPool"},
        {"ReduceProd", "it is taken only in the computation of shapes"},
        {"ReduceSum", "use GlobalAveragePool or ReduceMean"},
        {"Resize", "use a convolution with stride, or train at the smaller size"},
        {"Scan", "export the model with tracing, so that loops are unrolled"},
        {"Selu", "replace it by Relu or Swish and train again"},
        {"Shape", "export the model with a fixed input size"},
        {"Size", "export the model with a fixed input size"},
        {"Softmax", "it is taken only at the end of the network, where the client computes it"},
        {"Softplus", "replace it by Swish and train again"},
        {"Softsign", "replace it by Tanh and train again"},
        {"Upsample", "use a convolution with stride, or train at the smaller size"},
        {"Where", "it chooses between data; it is taken only in the computation of shapes"},
    };

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strcmp(known[k].name, name) == 0)
            return known[k].advice;
    return "express it with convolutions, dense layers, pools and the activations of nn/graph/op.h";
}

const nn_tensor *nn_op_input(const nn_op_request *r, size_t k)
{
    return k < r->node->input_count ? r->in[k] : NULL;
}

const nn_dims *nn_op_dims(const nn_op_request *r, size_t k)
{
    const nn_tensor *t = nn_op_input(r, k);

    return t != NULL ? &t->dims : NULL;
}

nn_status nn_op_refuse(const nn_op_request *r, nn_status st, const char *text, const nn_dims *a,
                       const char *more, const nn_dims *b)
{
    char label[NN_LABEL_SIZE], ta[NN_DIMS_TEXT] = "", tb[NN_DIMS_TEXT] = "";

    return nn_why(r->why, r->why_size, st, "%s: %s%s%s%s%s%s", nn_node_label(label, r->node), text,
                  a != NULL ? " " : "", a != NULL ? nn_dims_print(ta, sizeof ta, a) : "", more,
                  b != NULL ? " " : "", b != NULL ? nn_dims_print(tb, sizeof tb, b) : "");
}

nn_status nn_op_want_list(const nn_op_request *r, size_t k, const char *what)
{
    char label[NN_LABEL_SIZE];
    const nn_tensor *t = nn_op_input(r, k);

    if (t->value == NULL && t->number == NULL)
        return nn_why(r->why, r->why_size, NN_ERR_UNSUPPORTED,
                      "%s: its %s depends on data; export the model with a fixed input size",
                      nn_node_label(label, r->node), what);
    if (t->number == NULL || t->dims.rank > 1)
        return nn_why(r->why, r->why_size, NN_ERR_SHAPE, "%s: its %s is no list of integers",
                      nn_node_label(label, r->node), what);
    return NN_OK;
}

nn_status nn_op_shape(nn_dims *out, const nn_node *node, const nn_tensor *const *in, char *why,
                      size_t why_size)
{
    char label[NN_LABEL_SIZE];
    const nn_op_request r = {node, in, why, why_size};
    const struct rule *rule = &rules[node->op];
    nn_dims made = {.rank = 0};
    size_t count;

    if (rule->shape == NULL || node->input_count < rule->least || node->input_count > rule->most)
        return nn_why(why, why_size, NN_ERR_SHAPE, "%s: %zu inputs, %d to %d are wanted",
                      nn_node_label(label, node), node->input_count, rule->least, rule->most);
    for (size_t k = 0; k < rule->least; k++)
        if (in[k] == NULL)
            return nn_why(why, why_size, NN_ERR_SHAPE, "%s: input %zu is left out",
                          nn_node_label(label, node), k + 1);
    nn_status st = rule->shape(&made, &r);
    if (st != NN_OK)
        return st;
    if (nn_dims_count(&made, &count) != NN_OK)
        return nn_op_refuse(&r, NN_ERR_SHAPE, "too many elements in", &made, "", NULL);
    *out = made;
    return NN_OK;
}

nn_status nn_op_axis(size_t *axis, const nn_node *node, int64_t absent, size_t rank, int end)
{
    int64_t a = nn_node_int(node, "axis", absent), top = (int64_t)rank - (end ? 0 : 1);

    if (a < -(int64_t)rank || a > top)
        return NN_ERR_SHAPE;
    *axis = (size_t)(a < 0 ? a + (int64_t)rank : a);
    return NN_OK;
}

nn_status nn_op_flatten_axis(size_t *axis, const nn_node *node, size_t rank)
{
    return nn_op_axis(axis, node, 1, rank, 1);
}

nn_status nn_op_axes(int marked[NN_RANK_MAX], const nn_tensor *axes, size_t rank)
{
    for (size_t k = 0; k < NN_RANK_MAX; k++)
        marked[k] = 0;
    if (axes == NULL)
        return NN_OK;
    if (axes->value == NULL && axes->number == NULL)
        return NN_ERR_UNSUPPORTED;
    if (axes->number == NULL || axes->dims.rank > 1)
        return NN_ERR_SHAPE;
    for (size_t k = 0; k < axes->count; k++) {
        int64_t a = axes->number[k];
        if (a < -(int64_t)rank || a >= (int64_t)rank)
            return NN_ERR_SHAPE;
        a += a < 0 ? (int64_t)rank : 0;
        if (marked[a])
            return NN_ERR_SHAPE;
        marked[a] = 1;
    }
    return NN_OK;
}

nn_status nn_op_reduced(int marked[NN_RANK_MAX], const nn_node *node, const nn_tensor *const *in)
{
    const nn_tensor *axes = node->input_count > 1 ? in[1] : NULL;
    size_t rank = in[0]->dims.rank;
    nn_status st = nn_op_axes(marked, axes, rank);

    if (st == NN_OK && (axes == NULL || axes->count == 0) &&
        nn_node_int(node, "noop_with_empty_axes", 0) == 0)
        for (size_t k = 0; k < rank; k++)
            marked[k] = 1;
    return st;
}

int nn_op_cast_type(const nn_node *node)
{
    switch (nn_node_int(node, "to", 0)) {
    case 1:  /* float */
    case 10: /* float16 */
    case 11: /* double */
    case 16: /* bfloat16 */
        return NN_TYPE_FLOAT;
    case 2:  /* uint8 */
    case 3:  /* int8 */
    case 4:  /* uint16 */
    case 5:  /* int16 */
    case 6:  /* int32 */
    case 7:  /* int64 */
    case 9:  /* bool */
    case 12: /* uint32 */
        return NN_TYPE_INT64;
    default:
        return 0;
    }
}

nn_status nn_op_transpose_perm(size_t perm[NN_RANK_MAX], const nn_node *node, size_t rank)
{
    const nn_attr *attr = nn_node_attr(node, "perm", NN_ATTR_INTS);
    unsigned int seen = 0;

    if (attr != NULL && attr->count != rank)
        return NN_ERR_SHAPE;
    for (size_t k = 0; k < rank; k++) {
        int64_t from = attr != NULL ? attr->numbers[k] : (int64_t)(rank - 1 - k);
        if (from < 0 || from >= (int64_t)rank || (seen >> from & 1) != 0)
            return NN_ERR_SHAPE;
        seen |= 1u << from;
        perm[k] = (size_t)from;
    }
    return NN_OK;
}

nn_status nn_op_matmul_dims(nn_dims *a, nn_dims *b, nn_dims *batch)
{
    if (a->rank == 0 || b->rank == 0)
        return NN_ERR_SHAPE;
    if (a->rank == 1)
        *a = nn_dims_make(2, (const size_t[]){1, a->dim[0]});
    if (b->rank == 1)
        *b = nn_dims_make(2, (const size_t[]){b->dim[0], 1});
    nn_dims head_a = nn_dims_make(a->rank - 2, a->dim);
    nn_dims head_b = nn_dims_make(b->rank - 2, b->dim);
    if (a->dim[a->rank - 1] != b->dim[b->rank - 2])
        return NN_ERR_SHAPE;
    return nn_dims_broadcast(batch, &head_a, &head_b);
}
