/* Where the numbers of a moving operator come from, see nn/graph/move.h. */

#include "nn/graph/move.h"

#include "nn/graph/op.h"
#include "nn/graph/op_rule.h"

int nn_move_is_alias(nn_op op)
{
    switch (op) {
    case NN_OP_DROPOUT:
    case NN_OP_FLATTEN:
    case NN_OP_IDENTITY:
    case NN_OP_RESHAPE:
    case NN_OP_SQUEEZE:
    case NN_OP_UNSQUEEZE:
        return 1;
    default:
        return 0;
    }
}

int nn_move_is(nn_op op)
{
    switch (op) {
    case NN_OP_CONCAT:
    case NN_OP_EXPAND:
    case NN_OP_GATHER:
    case NN_OP_PAD:
    case NN_OP_SLICE:
    case NN_OP_SPLIT:
    case NN_OP_TRANSPOSE:
        return 1;
    default:
        return nn_move_is_alias(op);
    }
}

/* Strides of a row-major tensor. */
static void strides(size_t stride[NN_RANK_MAX], const nn_dims *d)
{
    size_t step = 1;

    for (size_t k = d->rank; k-- > 0;) {
        stride[k] = step;
        step *= d->dim[k];
    }
}

static nn_status init_pad(nn_move *m, const nn_op_request *r)
{
    int64_t before[NN_RANK_MAX], after[NN_RANK_MAX];
    const nn_tensor *fill = nn_op_input(r, 2);
    nn_status st = nn_op_pads(before, after, r);

    for (size_t k = 0; k < m->in.rank && st == NN_OK; k++)
        m->start[k] = -before[k];
    if (fill != NULL)
        m->fill = fill->value != NULL ? (double)fill->value[0] : (double)fill->number[0];
    return st;
}

static void init_expand(nn_move *m)
{
    size_t lead = m->out.rank - m->in.rank, stride[NN_RANK_MAX];

    strides(stride, &m->in);
    for (size_t k = 0; k < m->out.rank; k++) {
        int own = k >= lead && m->in.dim[k - lead] != 1;
        m->stride[k] = own ? stride[k - lead] : 0;
        m->size[k] = m->out.dim[k];
    }
}

static nn_status init_transpose(nn_move *m, const nn_node *node)
{
    size_t perm[NN_RANK_MAX], stride[NN_RANK_MAX];
    nn_status st = nn_op_transpose_perm(perm, node, m->in.rank);

    strides(stride, &m->in);
    for (size_t k = 0; k < m->in.rank && st == NN_OK; k++) {
        m->stride[k] = stride[perm[k]];
        m->size[k] = m->in.dim[perm[k]];
    }
    return st;
}

/* The indices have data, integers that lie inside of the axis. */
static nn_status init_gather(nn_move *m, const nn_op_request *r)
{
    const nn_tensor *index = nn_op_input(r, 1);

    if (nn_op_axis(&m->axis, r->node, 0, m->in.rank, 0) != NN_OK)
        return NN_ERR_SHAPE; /* cannot be: nn_op_shape has accepted it */
    if (index->value == NULL && index->number == NULL)
        return nn_op_refuse(r, NN_ERR_UNSUPPORTED, "its indices depend on data", NULL, "", NULL);
    int64_t size = (int64_t)m->in.dim[m->axis];
    for (size_t k = 0; k < index->count; k++)
        if (index->number == NULL || index->number[k] < -size || index->number[k] >= size)
            return nn_op_refuse(r, NN_ERR_SHAPE, "an index is outside of", &m->in, "", NULL);
    return NN_OK;
}

static nn_status init_split(nn_move *m, const nn_op_request *r)
{
    size_t start = 0, count;
    nn_status st = nn_op_split(&m->axis, &start, &count, r);

    if (st == NN_OK)
        m->start[m->axis] = (int64_t)start;
    return st;
}

nn_status nn_move_init(nn_move *m, const nn_node *node, const nn_tensor *const *in, char *why,
                       size_t why_size)
{
    const nn_op_request r = {node, in, why, why_size};
    size_t count[NN_RANK_MAX];

    *m = (nn_move){.op = node->op, .operand = in, .operands = node->input_count};
    if (!nn_move_is(node->op))
        return nn_op_refuse(&r, NN_ERR_UNSUPPORTED, "it does not only move numbers", NULL, "",
                            NULL);
    nn_status st = nn_op_shape(&m->out, node, in, why, why_size);
    if (st != NN_OK)
        return st;
    m->in = in[0]->dims;
    strides(m->stride, &m->in);
    for (size_t k = 0; k < NN_RANK_MAX; k++) {
        m->step[k] = 1;
        m->size[k] = k < m->in.rank ? m->in.dim[k] : 0;
    }
    switch (node->op) {
    case NN_OP_CONCAT:
        return nn_op_axis(&m->axis, node, 1, m->in.rank, 0);
    case NN_OP_EXPAND:
        init_expand(m);
        return NN_OK;
    case NN_OP_GATHER:
        return init_gather(m, &r);
    case NN_OP_PAD:
        return init_pad(m, &r);
    case NN_OP_SLICE:
        return nn_op_slices(m->start, m->step, count, &r);
    case NN_OP_SPLIT:
        return init_split(m, &r);
    case NN_OP_TRANSPOSE:
        return init_transpose(m, node);
    default:
        return NN_OK;
    }
}

/* Output (outer, axis, inner); the operand that has the position along the axis. */
static void concat_at(const nn_move *m, size_t i, size_t *input, size_t *element)
{
    size_t inner = 1;

    for (size_t k = m->axis + 1; k < m->out.rank; k++)
        inner *= m->out.dim[k];
    size_t position = i / inner % m->out.dim[m->axis], outer = i / inner / m->out.dim[m->axis];
    for (*input = 0; *input < m->operands; ++*input) {
        size_t size = m->operand[*input]->dims.dim[m->axis];
        if (position < size) {
            *element = (outer * size + position) * inner + i % inner;
            return;
        }
        position -= size;
    }
}

/* Output (outer, index, inner) is input (outer, indices[index], inner). */
static void gather_at(const nn_move *m, size_t i, size_t *element)
{
    const nn_tensor *index = m->operand[1];
    size_t inner = 1, size = m->in.dim[m->axis];

    for (size_t k = m->axis + 1; k < m->in.rank; k++)
        inner *= m->in.dim[k];
    int64_t at = index->number[i / inner % index->count];
    size_t position = (size_t)(at < 0 ? at + (int64_t)size : at);
    *element = (i / inner / index->count * size + position) * inner + i % inner;
}

int nn_move_at(const nn_move *m, size_t i, size_t *input, size_t *element)
{
    *input = 0;
    *element = i;
    if (m->op == NN_OP_CONCAT)
        concat_at(m, i, input, element);
    else if (m->op == NN_OP_GATHER)
        gather_at(m, i, element);
    if (m->op == NN_OP_CONCAT || m->op == NN_OP_GATHER || nn_move_is_alias(m->op))
        return 1;
    *element = 0;
    for (size_t k = m->out.rank; k-- > 0;) {
        int64_t at = m->start[k] + (int64_t)(i % m->out.dim[k]) * m->step[k];
        i /= m->out.dim[k];
        if (at < 0 || at >= (int64_t)m->size[k])
            return 0;
        *element += (size_t)at * m->stride[k];
    }
    return 1;
}
