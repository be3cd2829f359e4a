/* Arithmetic of a graph's values, see nn/stages/lowering.h: what depends on one value of the stages
 * stays a polynomial of it, a sum of several becomes a join, a product of two a product stage. */

#include <math.h>
#include <stdlib.h>

#include "nn/stages/lowering.h"

/* An operand: a constant, or a polynomial of a value of the stages. */
typedef struct term {
    int constant;
    size_t value; /* of the graph; NN_VALUE_NONE where it has been spread */
    size_t base;
    nn_symbol symbol; /* a copy */
} term;

static nn_status take_term(nn_lowering *l, term *t, size_t v, const nn_dims *out)
{
    const nn_known *s = nn_lowering_known(l, v);
    size_t count = 0;

    *t = (term){.value = v, .base = s->base};
    t->constant = s->kind == NN_KNOWN_CONSTANT;
    if (t->constant)
        return nn_symbol_constant(&t->symbol, s->constant, out);
    nn_status st = nn_dims_count(out, &count);
    if (st != NN_OK)
        return st;
    if (s->symbol.count == count) /* nothing is repeated, so the order is that of the output */
        return nn_symbol_copy(&t->symbol, &s->symbol);
    st = nn_lower_spread(l, v, out, &t->base);
    t->value = NN_VALUE_NONE;
    nn_symbol_identity(&t->symbol, count);
    return st;
}

/* Make the term's value one of the stages, and the term the identity of it. */
static nn_status settle_term(nn_lowering *l, term *t)
{
    if (t->constant || t->value == NN_VALUE_NONE)
        return NN_OK;
    nn_status st = nn_lowering_settle(l, t->value);
    if (st == NN_OK) {
        t->base = nn_lowering_known(l, t->value)->base;
        size_t count = t->symbol.count;
        nn_symbol_clear(&t->symbol);
        nn_symbol_identity(&t->symbol, count);
    }
    return st;
}

/* What a node makes is a polynomial of base. The symbol is moved. */
static nn_status define_symbol(nn_lowering *l, const nn_node *node, const nn_dims *out, size_t base,
                               nn_symbol *made)
{
    nn_known *to = &l->known[node->output];

    to->symbol = *made;
    *made = (nn_symbol){.count = 0};
    to->kind = NN_KNOWN_SYMBOL;
    to->dims = *out;
    to->base = base;
    nn_lowering_bound(l, node->output, to->range, to->size);
    return NN_OK;
}

/* The map of a term of degree 1 or less: scale and, where with_bias is 1, the constant. */
static nn_status term_map(nn_affine *map, const term *t, double factor, const double *bias)
{
    double *scale = malloc(t->symbol.count * sizeof *scale);

    *map = (nn_affine){.rows = 0};
    if (scale == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < t->symbol.count; i++)
        scale[i] = factor * nn_symbol_at(&t->symbol, 1, i);
    nn_status st = nn_affine_diagonal(map, t->symbol.count, scale, bias);
    free(scale);
    return st;
}

/* one + factor * two, of different values of the stages. */
static nn_status join(nn_lowering *l, const nn_node *node, const nn_dims *out, term *one,
                      double factor, term *two)
{
    nn_affine map[2] = {{.rows = 0}, {.rows = 0}};
    nn_status st = NN_OK;
    size_t made;

    if (one->symbol.degree > 1)
        st = settle_term(l, one);
    if (st == NN_OK && two->symbol.degree > 1)
        st = settle_term(l, two);
    if (st != NN_OK)
        return st;
    double *bias = malloc(one->symbol.count * sizeof *bias);
    if (bias == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < one->symbol.count; i++)
        bias[i] = nn_symbol_at(&one->symbol, 0, i) + factor * nn_symbol_at(&two->symbol, 0, i);
    st = term_map(&map[0], one, 1.0, bias);
    free(bias);
    if (st == NN_OK)
        st = term_map(&map[1], two, factor, NULL);
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_AFFINE, node->output, out);
    stage.origin = NN_FROM_JOIN;
    if (st == NN_OK)
        st = nn_lowering_join(l, &made, &stage, 2, (const size_t[]){one->base, two->base}, map);
    nn_affine_clear(&map[0]);
    nn_affine_clear(&map[1]);
    if (st == NN_OK)
        nn_lowering_define(l, node->output, made, out);
    return st;
}

static nn_status product(nn_lowering *l, const nn_node *node, const nn_dims *out, term *a, term *b)
{
    nn_symbol square;
    size_t made;

    nn_status st = settle_term(l, a);
    if (st == NN_OK)
        st = settle_term(l, b);
    if (st != NN_OK)
        return st;
    if (a->base == b->base) {
        st = nn_symbol_multiply(&square, &a->symbol, &b->symbol);
        return st == NN_OK ? define_symbol(l, node, out, a->base, &square) : st;
    }
    nn_stage stage = nn_lowering_stage(l, NN_STAGE_PRODUCT, node->output, out);
    stage.input_count = 2;
    stage.input[0] = a->base;
    stage.input[1] = b->base;
    st = nn_lowering_append(l, &stage, &made);
    if (st == NN_OK)
        nn_lowering_define(l, node->output, made, out);
    return st;
}

static nn_status divide(nn_symbol *made, const term *a, const term *b)
{
    nn_symbol inverse;

    nn_status st = nn_symbol_invert(&inverse, &b->symbol);
    if (st == NN_OK)
        st = nn_symbol_multiply(made, &a->symbol, &inverse);
    nn_symbol_clear(&inverse);
    return st;
}

/* The terms are constant or of one value, so that the result is a polynomial of it. */
static nn_status combine(nn_lowering *l, const nn_node *node, const nn_dims *out, term *a, term *b)
{
    nn_symbol made = {.count = 0};
    nn_status st;

    if (node->op == NN_OP_DIV)
        st = b->constant ? divide(&made, a, b) : NN_ERR_UNSUPPORTED;
    else if (node->op == NN_OP_MUL)
        st = nn_symbol_multiply(&made, &a->symbol, &b->symbol);
    else
        st = nn_symbol_add(&made, &a->symbol, node->op == NN_OP_SUB ? -1.0 : 1.0, &b->symbol);
    if (st == NN_OK)
        st = define_symbol(l, node, out, a->constant ? b->base : a->base, &made);
    nn_symbol_clear(&made);
    return st;
}

static nn_status binary(nn_lowering *l, const nn_node *node, const nn_dims *out)
{
    term a = {.constant = 0}, b = {.constant = 0};

    nn_status st = take_term(l, &a, node->input[0], out);
    if (st == NN_OK)
        st = take_term(l, &b, node->input[1], out);
    if (st == NN_OK) {
        int apart = !a.constant && !b.constant && a.base != b.base;
        int high = a.symbol.degree + b.symbol.degree > NN_MONOMIAL_MAX;

        if (node->op == NN_OP_DIV && !b.constant)
            st = NN_ERR_UNSUPPORTED;
        else if (node->op == NN_OP_MUL && (apart || high))
            st = product(l, node, out, &a, &b);
        else if (apart)
            st = join(l, node, out, &a, node->op == NN_OP_SUB ? -1.0 : 1.0, &b);
        else
            st = combine(l, node, out, &a, &b);
    }
    nn_symbol_clear(&a.symbol);
    nn_symbol_clear(&b.symbol);
    return st;
}

/* The exponent of a Pow: a whole number in 0..8 that is the same everywhere; -1 otherwise. */
static int exponent_of(const nn_known *s)
{
    const nn_tensor *t = s->constant;

    if (s->kind != NN_KNOWN_CONSTANT || t->count == 0)
        return -1;
    double e = t->value != NULL ? (double)t->value[0] : (double)t->number[0];
    for (size_t i = 1; i < t->count; i++)
        if ((t->value != NULL ? (double)t->value[i] : (double)t->number[i]) != e)
            return -1;
    return e >= 0 && e <= NN_MONOMIAL_MAX && e == floor(e) ? (int)e : -1;
}

/* x to the power e by repeated multiplication. */
static nn_status raise_symbol(nn_symbol *s, const nn_symbol *x, int e)
{
    nn_symbol one = {.count = x->count, .uniform = {1}}, next;
    nn_status st = nn_symbol_copy(s, &one);

    for (int k = 0; k < e && st == NN_OK; k++) {
        st = nn_symbol_multiply(&next, s, x);
        nn_symbol_clear(s);
        *s = next;
    }
    return st;
}

/* A power of too high a degree is one of a value of the stages. */
static nn_status power(nn_lowering *l, const nn_node *node, const nn_dims *out)
{
    int e = exponent_of(nn_lowering_known(l, node->input[1]));
    nn_symbol made = {.count = 0};
    term x;

    nn_status st = take_term(l, &x, node->input[0], out);
    if (st == NN_OK && x.symbol.degree * e > NN_MONOMIAL_MAX)
        st = settle_term(l, &x);
    if (st == NN_OK)
        st = raise_symbol(&made, &x.symbol, e);
    if (st == NN_OK)
        st = define_symbol(l, node, out, x.base, &made);
    nn_symbol_clear(&made);
    nn_symbol_clear(&x.symbol);
    return st;
}

static nn_status negate(nn_lowering *l, const nn_node *node, const nn_dims *out)
{
    const nn_known *s = nn_lowering_known(l, node->input[0]);
    nn_symbol zero = {.count = s->symbol.count}, made;

    nn_status st = nn_symbol_add(&made, &zero, -1.0, &s->symbol);
    return st == NN_OK ? define_symbol(l, node, out, s->base, &made) : st;
}

static nn_status explain(nn_lowering *l, const nn_node *node, nn_status st)
{
    switch (st) {
    case NN_ERR_UNSUPPORTED:
        return nn_lowering_complain(l, node,
                                    "it divides by a value that depends on the input; only "
                                    "division by constants is taken");
    case NN_ERR_SHAPE:
        return nn_lowering_complain(l, node, "its operands' shapes do not fit");
    case NN_ERR_RANGE:
        return nn_lowering_complain(l, node, "it makes a coefficient that is not finite");
    default:
        return st;
    }
}

nn_status nn_lower_elementwise(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    nn_status st;

    if (node->op == NN_OP_POW && (nn_lowering_known(l, node->input[0])->kind != NN_KNOWN_SYMBOL ||
                                  exponent_of(nn_lowering_known(l, node->input[1])) < 0))
        return nn_lowering_complain(l, node, "only constant whole exponents 0 to 8 are taken");
    if (node->op == NN_OP_POW)
        st = power(l, node, &o->out);
    else if (node->op == NN_OP_NEG)
        st = negate(l, node, &o->out);
    else
        st = binary(l, node, &o->out);
    return st == NN_OK ? st : explain(l, node, st);
}
