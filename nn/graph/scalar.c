/* The operators of one number, see nn/graph/scalar.h. */

#include "nn/graph/scalar.h"

#include <float.h>
#include <math.h>
#include <string.h>

int nn_scalar_is(nn_op op)
{
    switch (op) {
    case NN_OP_CEIL:
    case NN_OP_CLIP:
    case NN_OP_ERF:
    case NN_OP_EXP:
    case NN_OP_FLOOR:
    case NN_OP_GELU:
    case NN_OP_HARD_SIGMOID:
    case NN_OP_HARD_SWISH:
    case NN_OP_LEAKY_RELU:
    case NN_OP_LOG:
    case NN_OP_NEG:
    case NN_OP_RECIPROCAL:
    case NN_OP_RELU:
    case NN_OP_SIGMOID:
    case NN_OP_SQRT:
    case NN_OP_SWISH:
    case NN_OP_TANH:
        return 1;
    default:
        return 0;
    }
}

/* A bound of Clip; one that is left out leaves what stands in *bound. */
static nn_status read_bound(double *bound, const nn_node *node, const nn_tensor *const *in,
                            size_t k)
{
    const nn_tensor *t = k < node->input_count ? in[k] : NULL;

    if (t == NULL)
        return NN_OK;
    if (t->value == NULL && t->number == NULL)
        return NN_ERR_UNSUPPORTED;
    if (t->count != 1)
        return NN_ERR_SHAPE;
    *bound = t->value != NULL ? (double)t->value[0] : (double)t->number[0];
    return NN_OK;
}

nn_status nn_scalar_init(nn_scalar *f, const nn_node *node, const nn_tensor *const *in)
{
    nn_status st = NN_OK;

    *f = (nn_scalar){.op = node->op};
    if (!nn_scalar_is(node->op))
        return NN_ERR_UNSUPPORTED;
    switch (node->op) {
    case NN_OP_CLIP:
        f->alpha = -(double)FLT_MAX;
        f->beta = (double)FLT_MAX;
        st = read_bound(&f->alpha, node, in, 1);
        if (st == NN_OK)
            st = read_bound(&f->beta, node, in, 2);
        break;
    case NN_OP_GELU:
        f->tanh = strcmp(nn_node_text(node, "approximate", "none"), "tanh") == 0;
        break;
    case NN_OP_HARD_SIGMOID:
        f->alpha = (double)nn_node_float(node, "alpha", 0.2f);
        f->beta = (double)nn_node_float(node, "beta", 0.5f);
        break;
    case NN_OP_LEAKY_RELU:
        f->alpha = (double)nn_node_float(node, "alpha", 0.01f);
        break;
    case NN_OP_SWISH:
        f->alpha = (double)nn_node_float(node, "alpha", 1.0f);
        break;
    default:
        break;
    }
    return st;
}

/* Without overflow for any x. */
static double sigmoid(double x)
{
    double e = exp(-fabs(x));

    return (x >= 0 ? 1.0 : e) / (1.0 + e);
}

static double gelu(const nn_scalar *f, double x)
{
    /* magic: 0.7978845608028654 == sqrt(2/pi), 0.7071067811865476 == sqrt(1/2) */
    if (f->tanh)
        return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    return 0.5 * x * (1.0 + erf(x * 0.7071067811865476));
}

/* The order of fmax and fmin is that of ONNX: where min is above max, the result is max. */
static double clip(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

double nn_scalar_at(const nn_scalar *f, double x)
{
    switch (f->op) {
    case NN_OP_CEIL:
        return ceil(x);
    case NN_OP_CLIP:
        return clip(x, f->alpha, f->beta);
    case NN_OP_ERF:
        return erf(x);
    case NN_OP_EXP:
        return exp(x);
    case NN_OP_FLOOR:
        return floor(x);
    case NN_OP_GELU:
        return gelu(f, x);
    case NN_OP_HARD_SIGMOID:
        return clip(f->alpha * x + f->beta, 0.0, 1.0);
    case NN_OP_HARD_SWISH:
        return x * clip(x / 6.0 + 0.5, 0.0, 1.0);
    case NN_OP_LEAKY_RELU:
        return x >= 0 ? x : f->alpha * x;
    case NN_OP_LOG:
        return log(x);
    case NN_OP_NEG:
        return -x;
    case NN_OP_RECIPROCAL:
        return 1.0 / x;
    case NN_OP_RELU:
        return fmax(x, 0.0);
    case NN_OP_SIGMOID:
        return sigmoid(x);
    case NN_OP_SQRT:
        return sqrt(x);
    case NN_OP_SWISH:
        return x * sigmoid(f->alpha * x);
    case NN_OP_TANH:
        return tanh(x);
    default:
        return x; /* nn_scalar_init has refused it */
    }
}
