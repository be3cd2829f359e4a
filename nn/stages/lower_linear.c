/* Matrices and moved numbers as affine stages, see nn/stages/lowering.h. */

#include <stdlib.h>

#include "nn/graph/move.h"
#include "nn/stages/affine_op.h"
#include "nn/stages/lowering.h"

static nn_origin origin_of(nn_op op)
{
    switch (op) {
    case NN_OP_BATCH_NORMALIZATION:
        return NN_FROM_NORM;
    case NN_OP_AVERAGE_POOL:
    case NN_OP_GLOBAL_AVERAGE_POOL:
    case NN_OP_REDUCE_MEAN:
        return NN_FROM_POOL;
    default:
        return NN_FROM_LINEAR;
    }
}

/* A linear node: the stage of its input, then its own. */
nn_status nn_lower_linear(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    size_t made, v = node->input[o->dynamic];

    if (o->dynamics > 1)
        return nn_lowering_complain(l, node,
                                    "more than one of its inputs depends on the network's input; "
                                    "its weights have to be constant");
    nn_status st = nn_lowering_settle(l, v);
    if (st != NN_OK)
        return st;
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, node->output, &o->out);
    stage.origin = origin_of(node->op);
    stage.input[0] = nn_lowering_known(l, v)->base;
    st = nn_lowering_told(l, nn_affine_of_node(&stage.affine[0], node, o->in, o->dynamic, &o->out,
                                               l->why, l->why_size));
    if (st == NN_OK)
        st = nn_lowering_append(l, &stage, &made);
    if (st == NN_OK)
        nn_lowering_define(l, node->output, made, &o->out);
    return st;
}

/* ---- numbers that move ---- */

/* The same numbers in the same order, under another name or shape. */
static void alias(nn_lowering *l, const nn_node *node, const nn_dims *out)
{
    const nn_known *from = nn_lowering_known(l, node->input[0]);
    nn_known *to = &l->known[node->output];

    to->kind = from->kind;
    to->root = l->known[node->input[0]].root;
    to->dims = *out;
    nn_lowering_bound(l, node->output, to->range, to->size);
}

/* One output of the map that takes number `element` of operand k: each operand's map gets the row,
 * that of the operand with the symbol's coefficients, and the first one the constant. */
static nn_status move_row(nn_affine *map, const nn_lowering *l, const nn_node *node, size_t maps,
                          const size_t *operand, size_t input, size_t element, double fill)
{
    const nn_known *s = input != NN_VALUE_NONE ? nn_lowering_known(l, node->input[input]) : NULL;
    int dynamic = s != NULL && s->kind == NN_KNOWN_SYMBOL;
    double bias = fill;
    nn_status st = NN_OK;

    if (dynamic)
        bias = nn_symbol_at(&s->symbol, 0, element);
    else if (s != NULL)
        bias = s->constant->value != NULL ? (double)s->constant->value[element]
                                          : (double)s->constant->number[element];
    for (size_t k = 0; k < maps && st == NN_OK; k++) {
        if (dynamic && operand[k] == input)
            st = nn_affine_push(&map[k], element, nn_symbol_at(&s->symbol, 1, element));
        if (st == NN_OK)
            st = nn_affine_end_row(&map[k], k == 0 ? bias : 0.0);
    }
    return st;
}

/* Fill one map per operand that is not constant. */
static nn_status move_maps(nn_affine *map, const nn_lowering *l, const nn_node *node,
                           const nn_move *m, size_t maps, const size_t *operand)
{
    size_t rows = 0;
    nn_status st = nn_dims_count(&m->out, &rows);

    for (size_t k = 0; k < maps && st == NN_OK; k++)
        st = nn_affine_begin(&map[k], rows,
                             nn_lowering_known(l, node->input[operand[k]])->symbol.count);
    for (size_t i = 0; i < rows && st == NN_OK; i++) {
        size_t input, element;
        if (!nn_move_at(m, i, &input, &element))
            input = NN_VALUE_NONE;
        st = move_row(map, l, node, maps, operand, input, element, m->fill);
    }
    return st;
}

nn_status nn_lower_move(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    size_t operand[NN_NODE_INPUTS_MAX], base[NN_NODE_INPUTS_MAX], maps = 0, made;
    nn_affine map[NN_NODE_INPUTS_MAX] = {{.rows = 0}};
    nn_move m;

    if (nn_move_is_alias(node->op)) {
        alias(l, node, &o->out);
        return NN_OK;
    }
    nn_status st = nn_lowering_told(l, nn_move_init(&m, node, o->in, l->why, l->why_size));
    for (size_t k = 0; k < node->input_count && st == NN_OK; k++) {
        if (node->input[k] == NN_VALUE_NONE || l->known[node->input[k]].kind != NN_KNOWN_SYMBOL)
            continue;
        st = nn_lowering_settle_curved(l, node->input[k]);
        base[maps] = nn_lowering_known(l, node->input[k])->base;
        operand[maps++] = k;
    }
    if (st == NN_OK)
        st = move_maps(map, l, node, &m, maps, operand);
    if (st == NN_OK && maps == 1 && nn_affine_is_identity(&map[0]) &&
        nn_affine_is_linear(&map[0])) {
        nn_lowering_define(l, node->output, base[0], &o->out);
    } else if (st == NN_OK) {
        nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, node->output, &o->out);
        if (node->op == NN_OP_CONCAT)
            stage.origin = NN_FROM_JOIN;
        st = nn_lowering_join(l, &made, &stage, maps, base, map);
        if (st == NN_OK)
            nn_lowering_define(l, node->output, made, &o->out);
    }
    for (size_t k = 0; k < maps; k++)
        nn_affine_clear(&map[k]);
    return st;
}

/* ---- broadcasting ---- */

/* The element of dimensions d that stands at place i of the larger dimensions out. */
static size_t source(const nn_dims *out, const nn_dims *d, size_t i)
{
    size_t from = 0, stride = 1;

    for (size_t k = 1; k <= d->rank; k++) {
        size_t outer = out->dim[out->rank - k];

        if (d->dim[d->rank - k] != 1)
            from += i % outer * stride;
        i /= outer;
        stride *= d->dim[d->rank - k];
    }
    return from;
}

nn_status nn_lower_spread(nn_lowering *l, size_t v, const nn_dims *out, size_t *base)
{
    const nn_dims from = l->known[v].dims;
    nn_dims joined;
    size_t count, *place = NULL;

    nn_status st = nn_lowering_settle(l, v);
    if (st == NN_OK)
        st = nn_dims_broadcast(&joined, &from, out);
    if (st == NN_OK)
        st = nn_dims_equal(&joined, out) ? nn_dims_count(out, &count) : NN_ERR_SHAPE;
    if (st == NN_OK) {
        place = malloc(count * sizeof *place);
        st = place != NULL ? NN_OK : NN_ERR_MEMORY;
    }
    if (st != NN_OK)
        return st;
    for (size_t i = 0; i < count; i++)
        place[i] = source(out, &from, i);
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, v, out);
    stage.input[0] = nn_lowering_known(l, v)->base;
    st = nn_affine_permutation(&stage.affine[0], count, nn_stages_width(l->stages, stage.input[0]),
                               place);
    free(place);
    return st == NN_OK ? nn_lowering_append(l, &stage, base) : st;
}
