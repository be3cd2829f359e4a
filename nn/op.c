/* The operators: arity and shapes, see nn/op.h. */

#include "nn/op.h"

#include <string.h>

#include "nn/why.h"
#include "nn/window.h"

/* Dimensions of the inputs of one node, and where to complain. */
typedef struct request {
    const nn_node *node;
    const nn_tensor *const *in;
    char *why;
    size_t why_size;
} request;

typedef nn_status (*shape_rule)(nn_dims *out, const request *r);

static const nn_dims *dims_of(const request *r, size_t k)
{
    return k < r->node->input_count && r->in[k] != NULL ? &r->in[k]->dims : NULL;
}

/* "Conv 'c1': <text> (1,5,13,13) <more> (5)"; either pair of dimensions may be NULL. */
static nn_status refuse(const request *r, nn_status st, const char *text, const nn_dims *a,
                        const char *more, const nn_dims *b)
{
    char label[NN_LABEL_SIZE], ta[NN_DIMS_TEXT] = "", tb[NN_DIMS_TEXT] = "";

    return nn_why(r->why, r->why_size, st, "%s: %s%s%s%s%s%s", nn_node_label(label, r->node), text,
                  a != NULL ? " " : "", a != NULL ? nn_dims_print(ta, sizeof ta, a) : "", more,
                  b != NULL ? " " : "", b != NULL ? nn_dims_print(tb, sizeof tb, b) : "");
}

static nn_status shape_same(nn_dims *out, const request *r)
{
    *out = *dims_of(r, 0);
    return NN_OK;
}

static nn_status shape_binary(nn_dims *out, const request *r)
{
    if (nn_dims_broadcast(out, dims_of(r, 0), dims_of(r, 1)) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "shapes", dims_of(r, 0), " and", dims_of(r, 1));
    return NN_OK;
}

static nn_status shape_average_pool(nn_dims *out, const request *r)
{
    nn_window w;
    const nn_dims *x = dims_of(r, 0);
    nn_status st = nn_window_of_node(&w, r->node, x, NULL, r->why, r->why_size);

    if (st != NN_OK)
        return st;
    *out = *x;
    out->dim[x->rank - 1] = w.out[1];
    if (x->rank == 4)
        out->dim[2] = w.out[0];
    return NN_OK;
}

static nn_status shape_global_average_pool(nn_dims *out, const request *r)
{
    const nn_dims *x = dims_of(r, 0);
    size_t count;

    if (x->rank < 3 || nn_dims_count(x, &count) != NN_OK || count == 0)
        return refuse(r, NN_ERR_SHAPE, "no spatial dimensions in", x, "", NULL);
    *out = *x;
    for (size_t k = 2; k < x->rank; k++)
        out->dim[k] = 1;
    return NN_OK;
}

static nn_status shape_batch_normalization(nn_dims *out, const request *r)
{
    const nn_dims *x = dims_of(r, 0);

    if (nn_node_int(r->node, "training_mode", 0) != 0)
        return refuse(r, NN_ERR_UNSUPPORTED,
                      "it is in training mode; export the model in evaluation mode", NULL, "",
                      NULL);
    if (nn_node_int(r->node, "spatial", 1) != 1)
        return refuse(r, NN_ERR_UNSUPPORTED, "spatial=0 is not taken", NULL, "", NULL);
    if (x->rank < 2)
        return refuse(r, NN_ERR_SHAPE, "no channels in", x, "", NULL);
    for (size_t k = 1; k < 5; k++) {
        const nn_dims *d = dims_of(r, k);
        if (d->rank != 1 || d->dim[0] != x->dim[1])
            return refuse(r, NN_ERR_SHAPE, "parameters", d, " for an input", x);
    }
    *out = *x;
    return NN_OK;
}

static nn_status shape_conv(nn_dims *out, const request *r)
{
    nn_window v;
    const nn_dims *x = dims_of(r, 0), *w = dims_of(r, 1), *b = dims_of(r, 2);
    int64_t group = nn_node_int(r->node, "group", 1);

    if (x->rank < 3 || w->rank != x->rank)
        return refuse(r, NN_ERR_SHAPE, "input", x, " and weights", w);
    if (group < 1 || (uint64_t)group > w->dim[0] || w->dim[0] % (size_t)group != 0 ||
        x->dim[1] % (size_t)group != 0 || w->dim[1] != x->dim[1] / (size_t)group || w->dim[1] == 0)
        return refuse(r, NN_ERR_SHAPE, "channels and groups do not fit, input", x, " and weights",
                      w);
    if (b != NULL && (b->rank != 1 || b->dim[0] != w->dim[0]))
        return refuse(r, NN_ERR_SHAPE, "bias", b, " for weights", w);
    nn_status st = nn_window_of_node(&v, r->node, x, w->dim + 2, r->why, r->why_size);
    if (st != NN_OK)
        return st;
    *out = *x;
    out->dim[1] = w->dim[0];
    out->dim[x->rank - 1] = v.out[1];
    if (x->rank == 4)
        out->dim[2] = v.out[0];
    return NN_OK;
}

static nn_status shape_dropout(nn_dims *out, const request *r)
{
    const nn_tensor *training = r->node->input_count > 2 ? r->in[2] : NULL;

    if (training != NULL &&
        (training->number == NULL || training->count != 1 || training->number[0] != 0))
        return refuse(r, NN_ERR_UNSUPPORTED,
                      "it is in training mode; export the model in evaluation mode", NULL, "",
                      NULL);
    return shape_same(out, r);
}

static nn_status shape_flatten(nn_dims *out, const request *r)
{
    const nn_dims *x = dims_of(r, 0);
    size_t axis, left, right;

    if (nn_op_flatten_axis(&axis, r->node, x->rank) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "axis outside of", x, "", NULL);
    nn_dims head = nn_dims_make(axis, x->dim);
    nn_dims tail = nn_dims_make(x->rank - axis, x->dim + axis);
    if (nn_dims_count(&head, &left) != NN_OK || nn_dims_count(&tail, &right) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "too large", x, "", NULL);
    *out = nn_dims_make(2, (const size_t[]){left, right});
    return NN_OK;
}

static nn_status shape_gemm(nn_dims *out, const request *r)
{
    const nn_dims *a = dims_of(r, 0), *b = dims_of(r, 1), *c = dims_of(r, 2);
    nn_dims joined;

    if (a->rank != 2 || b->rank != 2)
        return refuse(r, NN_ERR_SHAPE, "operands", a, " and", b);
    int ta = nn_node_int(r->node, "transA", 0) != 0, tb = nn_node_int(r->node, "transB", 0) != 0;
    if (a->dim[ta ? 0 : 1] != b->dim[tb ? 1 : 0])
        return refuse(r, NN_ERR_SHAPE, "inner dimensions differ,", a, " and", b);
    nn_dims y = nn_dims_make(2, (const size_t[]){a->dim[ta ? 1 : 0], b->dim[tb ? 0 : 1]});
    if (c != NULL && (nn_dims_broadcast(&joined, &y, c) != NN_OK || !nn_dims_equal(&joined, &y)))
        return refuse(r, NN_ERR_SHAPE, "addend", c, " for a product", &y);
    *out = y;
    return NN_OK;
}

static nn_status shape_matmul(nn_dims *out, const request *r)
{
    nn_dims a = *dims_of(r, 0), b = *dims_of(r, 1), y;

    if (nn_op_matmul_dims(&a, &b, &y) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "operands", dims_of(r, 0), " and", dims_of(r, 1));
    if (dims_of(r, 0)->rank > 1)
        y.dim[y.rank++] = a.dim[a.rank - 2];
    if (dims_of(r, 1)->rank > 1)
        y.dim[y.rank++] = b.dim[b.rank - 1];
    *out = y;
    return NN_OK;
}

/* 0 keeps the dimension of the input (unless allowzero), one -1 takes what is left. */
static nn_status shape_reshape(nn_dims *out, const request *r)
{
    const nn_dims *x = dims_of(r, 0);
    const nn_tensor *want = r->in[1];
    int allow_zero = nn_node_int(r->node, "allowzero", 0) != 0;
    size_t count, rest = 1, open = NN_RANK_MAX, made;

    if (want->number == NULL)
        return refuse(r, NN_ERR_UNSUPPORTED,
                      "its shape is computed; export with a fixed input size, or use Flatten", NULL,
                      "", NULL);
    if (want->dims.rank != 1 || want->count > NN_RANK_MAX)
        return refuse(r, NN_ERR_SHAPE, "the list of sizes has the shape", &want->dims, "", NULL);
    nn_dims y = {.rank = want->count};
    for (size_t k = 0; k < y.rank; k++) {
        int64_t n = want->number[k];
        if (n == -1 && open == NN_RANK_MAX) {
            open = k;
            y.dim[k] = 1;
        } else if (n == 0 && !allow_zero && k < x->rank) {
            y.dim[k] = x->dim[k];
        } else if (n >= 0 && n <= NN_ELEMENTS_MAX) {
            y.dim[k] = (size_t)n;
        } else {
            return refuse(r, NN_ERR_SHAPE, "bad size in its list, for input", x, "", NULL);
        }
    }
    if (nn_dims_count(x, &count) != NN_OK || nn_dims_count(&y, &rest) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "too large", x, "", NULL);
    if (open < NN_RANK_MAX && rest > 0 && count % rest == 0)
        y.dim[open] = count / rest;
    if (nn_dims_count(&y, &made) != NN_OK || made != count)
        return refuse(r, NN_ERR_SHAPE, "an input", x, " does not fill", &y);
    *out = y;
    return NN_OK;
}

static nn_status shape_transpose(nn_dims *out, const request *r)
{
    const nn_dims x = *dims_of(r, 0);
    size_t perm[NN_RANK_MAX];

    if (nn_op_transpose_perm(perm, r->node, x.rank) != NN_OK)
        return refuse(r, NN_ERR_SHAPE, "perm is no permutation of the dimensions", &x, "", NULL);
    out->rank = x.rank;
    for (size_t k = 0; k < x.rank; k++)
        out->dim[k] = x.dim[perm[k]];
    return NN_OK;
}

static const struct rule {
    unsigned char least, most; /* inputs */
    shape_rule shape;
} rules[NN_OP_COUNT] = {
    [NN_OP_ADD] = {2, 2, shape_binary},
    [NN_OP_AVERAGE_POOL] = {1, 1, shape_average_pool},
    [NN_OP_BATCH_NORMALIZATION] = {5, 5, shape_batch_normalization},
    [NN_OP_CONV] = {2, 3, shape_conv},
    [NN_OP_DIV] = {2, 2, shape_binary},
    [NN_OP_DROPOUT] = {1, 3, shape_dropout},
    [NN_OP_FLATTEN] = {1, 1, shape_flatten},
    [NN_OP_GEMM] = {2, 3, shape_gemm},
    [NN_OP_GLOBAL_AVERAGE_POOL] = {1, 1, shape_global_average_pool},
    [NN_OP_IDENTITY] = {1, 1, shape_same},
    [NN_OP_MATMUL] = {2, 2, shape_matmul},
    [NN_OP_MUL] = {2, 2, shape_binary},
    [NN_OP_POW] = {2, 2, shape_binary},
    [NN_OP_RESHAPE] = {2, 2, shape_reshape},
    [NN_OP_SUB] = {2, 2, shape_binary},
    [NN_OP_TRANSPOSE] = {1, 1, shape_transpose},
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
        {"Relu", "replace it by a polynomial, e.g. x*x or the degree-4 Swish fit, and train again"},
        {"LeakyRelu", "replace it by a polynomial, e.g. x*x, and train again"},
        {"PRelu", "replace it by a polynomial, e.g. x*x, and train again"},
        {"Elu", "replace it by a polynomial, e.g. x*x, and train again"},
        {"Clip", "replace it by a polynomial, e.g. x*x, and train again"},
        {"Gelu", "replace it by a polynomial fit and train again"},
        {"Erf", "replace the activation that uses it by a polynomial fit and train again"},
        {"Sigmoid", "replace it by a polynomial fit; at the end of the network leave it out"},
        {"Tanh", "replace it by a polynomial fit and train again"},
        {"HardSwish", "replace it by a polynomial fit and train again"},
        {"MaxPool", "replace it by AveragePool or a convolution with stride, and train again"},
        {"GlobalMaxPool", "replace it by GlobalAveragePool and train again"},
        {"Softmax", "leave it out: it does not change which class is largest"},
        {"LogSoftmax", "leave it out: it does not change which class is largest"},
        {"ArgMax", "leave it out: the client takes the largest value after decryption"},
        {"Shape", "export the model with a fixed input size"},
        {"Gather", "export the model with a fixed input size"},
        {"Unsqueeze", "use Flatten or Reshape with constant sizes"},
        {"Squeeze", "use Flatten or Reshape with constant sizes"},
        {"Concat", "only sequential networks are taken"},
        {"ReduceMean", "use GlobalAveragePool"},
        {"Sum", "use Add"},
        {"Neg", "use Mul by a constant -1"},
        {"QuantizeLinear", "export the model before quantisation"},
        {"DequantizeLinear", "export the model before quantisation"},
    };

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strcmp(known[k].name, name) == 0)
            return known[k].advice;
    return "express it with convolutions, dense layers, average pools and polynomials";
}

nn_status nn_op_shape(nn_dims *out, const nn_node *node, const nn_tensor *const *in, char *why,
                      size_t why_size)
{
    char label[NN_LABEL_SIZE];
    const request r = {node, in, why, why_size};
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
        return refuse(&r, NN_ERR_SHAPE, "too many elements in", &made, "", NULL);
    *out = made;
    return NN_OK;
}

nn_status nn_op_flatten_axis(size_t *axis, const nn_node *node, size_t rank)
{
    int64_t a = nn_node_int(node, "axis", 1);

    if (a < -(int64_t)rank || a > (int64_t)rank)
        return NN_ERR_SHAPE;
    *axis = (size_t)(a < 0 ? a + (int64_t)rank : a);
    return NN_OK;
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
