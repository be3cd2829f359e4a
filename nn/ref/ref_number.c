/* Arithmetic of numbers and integers, and what exporters compute shapes with; see ref_rule.h. */

#include "nn/ref/ref_rule.h"

#include <math.h>

#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"

/* b to the power e modulo 2^64; a negative power of an integer is 0, but of 1 and -1. */
static int64_t power(int64_t b, int64_t e)
{
    uint64_t y = 1, x = (uint64_t)b;

    if (e < 0)
        return b == 1 ? 1 : b == -1 ? (e % 2 != 0 ? -1 : 1) : 0;
    for (; e > 0; e /= 2, x *= x)
        if (e % 2 != 0)
            y *= x;
    return (int64_t)y;
}

/* Integers wrap modulo 2^64; a division truncates. */
static nn_status integer(int64_t *y, nn_op op, int64_t u, int64_t v)
{
    switch (op) {
    case NN_OP_SUB:
        *y = (int64_t)((uint64_t)u - (uint64_t)v);
        return NN_OK;
    case NN_OP_MUL:
        *y = (int64_t)((uint64_t)u * (uint64_t)v);
        return NN_OK;
    case NN_OP_DIV:
        if (v == 0)
            return NN_ERR_RANGE;
        *y = v == -1 ? (int64_t)(0 - (uint64_t)u) : u / v;
        return NN_OK;
    case NN_OP_POW:
        *y = power(u, v);
        return NN_OK;
    case NN_OP_MAX:
        *y = u > v ? u : v;
        return NN_OK;
    case NN_OP_MIN:
        *y = u < v ? u : v;
        return NN_OK;
    default: /* NN_OP_ADD, NN_OP_SUM */
        *y = (int64_t)((uint64_t)u + (uint64_t)v);
        return NN_OK;
    }
}

static double real(nn_op op, double u, double v)
{
    switch (op) {
    case NN_OP_SUB:
        return u - v;
    case NN_OP_MUL:
        return u * v;
    case NN_OP_DIV:
        return u / v;
    case NN_OP_POW:
        return pow(u, v);
    case NN_OP_MAX:
        return fmax(u, v);
    case NN_OP_MIN:
        return fmin(u, v);
    default: /* NN_OP_ADD, NN_OP_SUM */
        return u + v;
    }
}

/* A number as an integer, cut towards zero. */
static nn_status truncate(int64_t *y, double x)
{
    if (!(fabs(x) < 0x1p63)) /* NaN as well */
        return NN_ERR_RANGE;
    *y = (int64_t)x;
    return NN_OK;
}

/* A run of y = u op v, floats: what nearly all of the time goes into. */
static void float_run(float *y, nn_op op, const float *u, size_t u_step, const float *v,
                      size_t v_step, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)real(op, (double)u[i * u_step], (double)v[i * v_step]);
}

/* Element i of y = a op b op c ..., from element at[k] of operand k */
static nn_status arithmetic_at(const nn_ref_job *j, size_t i, const size_t *at)
{
    nn_op op = j->node->op;
    nn_status st = NN_OK;
    double y = 0;
    int64_t n = 0;

    if (j->out->value != NULL) {
        y = nn_ref_at(j->in[0], at[0]);
        for (size_t k = 1; k < j->node->input_count; k++)
            y = real(op, y, nn_ref_at(j->in[k], at[k]));
        j->out->value[i] = (float)y;
        return NN_OK;
    }
    n = j->in[0]->number[at[0]];
    for (size_t k = 1; k < j->node->input_count && st == NN_OK; k++) {
        const nn_tensor *t = j->in[k];
        if (t->number != NULL)
            st = integer(&n, op, n, t->number[at[k]]);
        else /* a whole number to a power that is not */
            st = truncate(&n, real(op, (double)n, (double)t->value[at[k]]));
    }
    j->out->number[i] = n;
    return st;
}

/* y = a op b op c ..., broadcast */
nn_status nn_ref_arithmetic(const nn_ref_job *j)
{
    const nn_dims *out = &j->out->dims;
    size_t at[NN_NODE_INPUTS_MAX], step[NN_NODE_INPUTS_MAX], run = j->out->count;
    int plain = j->node->input_count == 2 && j->out->value != NULL && j->in[0]->value != NULL &&
                j->in[1]->value != NULL;
    nn_status st = NN_OK;

    for (size_t k = 0; k < j->node->input_count; k++) {
        size_t length = nn_ref_run_length(out, &j->in[k]->dims, &step[k]);
        run = length < run ? length : run;
    }
    for (size_t begin = 0; begin < j->out->count; begin += run) {
        for (size_t k = 0; k < j->node->input_count; k++)
            at[k] = nn_ref_broadcast(out, &j->in[k]->dims, begin);
        if (plain) {
            float_run(j->out->value + begin, j->node->op, j->in[0]->value + at[0], step[0],
                      j->in[1]->value + at[1], step[1], run);
            continue;
        }
        for (size_t i = begin; i < begin + run && st == NN_OK; i++) {
            st = arithmetic_at(j, i, at);
            for (size_t k = 0; k < j->node->input_count; k++)
                at[k] += step[k];
        }
    }
    return st;
}

nn_status nn_ref_equal(const nn_ref_job *j)
{
    for (size_t i = 0; i < j->out->count; i++)
        j->out->number[i] =
            nn_ref_at(j->in[0], nn_ref_broadcast(&j->out->dims, &j->in[0]->dims, i)) ==
            nn_ref_at(j->in[1], nn_ref_broadcast(&j->out->dims, &j->in[1]->dims, i));
    return NN_OK;
}

/* y = c ? a : b, broadcast; a and b are of one type */
nn_status nn_ref_where(const nn_ref_job *j)
{
    for (size_t i = 0; i < j->out->count; i++) {
        size_t at = nn_ref_broadcast(&j->out->dims, &j->in[0]->dims, i);
        const nn_tensor *t = j->in[nn_ref_at(j->in[0], at) != 0 ? 1 : 2];

        at = nn_ref_broadcast(&j->out->dims, &t->dims, i);
        if (j->out->value != NULL)
            j->out->value[i] = (float)nn_ref_at(t, at);
        else
            j->out->number[i] = t->number[at];
    }
    return NN_OK;
}

nn_status nn_ref_cast(const nn_ref_job *j)
{
    int truth = nn_node_int(j->node, "to", 0) == 9; /* bool */
    nn_status st = NN_OK;

    for (size_t i = 0; i < j->out->count && st == NN_OK; i++) {
        if (j->out->value != NULL)
            j->out->value[i] = (float)nn_ref_at(j->in[0], i);
        else if (truth)
            j->out->number[i] = nn_ref_at(j->in[0], i) != 0;
        else if (j->in[0]->number != NULL)
            j->out->number[i] = j->in[0]->number[i];
        else
            st = truncate(&j->out->number[i], (double)j->in[0]->value[i]);
    }
    return st;
}

nn_status nn_ref_constant_of_shape(const nn_ref_job *j)
{
    const nn_attr *value = nn_node_attr(j->node, "value", NN_ATTR_TENSOR);

    for (size_t i = 0; value != NULL && i < j->out->count; i++) {
        if (j->out->value != NULL)
            j->out->value[i] = value->tensor.value[0];
        else
            j->out->number[i] = value->tensor.number[0];
    }
    return NN_OK;
}

nn_status nn_ref_range(const nn_ref_job *j)
{
    for (size_t i = 0; i < j->out->count; i++) {
        if (j->out->value != NULL)
            j->out->value[i] = (float)(nn_ref_at(j->in[0], 0) + (double)i * nn_ref_at(j->in[2], 0));
        else
            j->out->number[i] =
                (int64_t)((uint64_t)j->in[0]->number[0] + i * (uint64_t)j->in[2]->number[0]);
    }
    return NN_OK;
}

/* Shape and Size */
nn_status nn_ref_shape(const nn_ref_job *j)
{
    const nn_dims *d = &j->in[0]->dims;
    size_t first, end;

    if (j->node->op == NN_OP_SIZE) {
        j->out->number[0] = (int64_t)j->in[0]->count;
        return NN_OK;
    }
    nn_op_shape_span(&first, &end, j->node, d->rank);
    for (size_t k = first; k < end; k++)
        j->out->number[k - first] = (int64_t)d->dim[k];
    return NN_OK;
}
