/* From the graph to a sequence of stages, see nn/lower.h.
 *
 * Each value of the graph is a constant, or a polynomial (a symbol) over the output of the stage
 * made last when the value was made: its base. A linear node first makes a stage of its input's
 * polynomial, then one of itself. A value whose base is not the newest output belongs to a second
 * branch. */

#include "nn/lower.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/affine_op.h"
#include "nn/graph_data.h"
#include "nn/number.h"
#include "nn/op.h"
#include "nn/ref.h"
#include "nn/symbol.h"
#include "nn/why.h"

typedef enum state_kind {
    STATE_UNKNOWN, /* not made: not needed, or its node was refused */
    STATE_CONSTANT,
    STATE_SYMBOL
} state_kind;

/* What is known of one value of the graph. */
typedef struct state {
    state_kind kind;
    int needed;                /* the output depends on it */
    nn_tensor owned;           /* STATE_CONSTANT: computed by a node */
    const nn_tensor *constant; /* STATE_CONSTANT: owned, or the graph's */
    nn_dims dims;              /* STATE_SYMBOL, with batch 1 */
    size_t base;               /* STATE_SYMBOL: number of stages that stood before it */
    nn_symbol symbol;          /* STATE_SYMBOL: over the output of stage base - 1, or the input */
    double range;              /* of the value by the metadata, 0 when not known */
    const nn_node *maker;      /* NULL for the input */
} state;

typedef struct lowering {
    const nn_graph *g;
    nn_stages *stages;
    state *state; /* one per value */
    nn_dims last; /* dimensions of the newest stage's output */
    nn_why_list list;
    char *why;
    size_t why_size;
} lowering;

/* ---- metadata ---- */

/* The largest magnitude of a value by the metadata; 0 when they do not say. */
static nn_status read_range(lowering *l, double *range, const char *value)
{
    char key[NN_GRAPH_NAME_MAX + 32];

    *range = 0;
    (void)snprintf(key, sizeof key, "unseen.range.%s", value);
    const char *text = nn_graph_meta_get(l->g, key);
    if (text == NULL)
        return NN_OK;
    if (!nn_number_read(range, &text) || !nn_number_end(text) || *range <= 0)
        return nn_why(l->why, l->why_size, NN_ERR_RANGE,
                      "metadata '%.120s' is not a number above 0", key);
    return NN_OK;
}

static nn_status read_input_range(lowering *l)
{
    nn_stages *s = l->stages;
    const char *text = nn_graph_meta_get(l->g, "unseen.input_range");

    s->input_lo = 0;
    s->input_hi = 1;
    if (text != NULL &&
        (!nn_number_read(&s->input_lo, &text) || !nn_number_read(&s->input_hi, &text) ||
         !nn_number_end(text) || s->input_lo >= s->input_hi))
        return nn_why(l->why, l->why_size, NN_ERR_RANGE,
                      "metadata 'unseen.input_range' is not two ascending numbers");
    return NN_OK;
}

/* ---- stages ---- */

/* (C,H,W) of dimensions with batch 1; what does not look like an image is a vector. */
static nn_shape shape_of(const nn_dims *d)
{
    nn_shape s;
    size_t count = 0;

    if (d->rank >= 2 && d->dim[0] == 1 && nn_shape_of_dims(&s, d) == NN_OK)
        return s;
    if (nn_dims_count(d, &count) != NN_OK)
        count = 0; /* cannot be: it was checked where the dimensions were made */
    return (nn_shape){count, 1, 1};
}

/* Append a stage that computes value v; v is then the newest output itself. Takes over stage. */
static nn_status append(lowering *l, nn_stage *stage, size_t v, const nn_dims *dims)
{
    state *s = &l->state[v];
    const char *name = s->maker == NULL            ? l->g->value[v].name
                       : s->maker->name[0] != '\0' ? s->maker->name
                                                   : s->maker->makes;

    stage->in = shape_of(&l->last);
    stage->out = shape_of(dims);
    stage->range = s->range;
    stage->measured = s->range > 0;
    (void)snprintf(stage->name, sizeof stage->name, "%s", name);
    nn_status st = nn_stages_append(l->stages, stage);
    if (st != NN_OK) {
        nn_stage_clear(stage);
        return nn_why(l->why, l->why_size, st, "out of memory while lowering");
    }
    l->last = *dims;
    nn_symbol_clear(&s->symbol);
    nn_symbol_identity(&s->symbol, nn_shape_count(shape_of(dims)));
    s->kind = STATE_SYMBOL;
    s->base = l->stages->count;
    return NN_OK;
}

static nn_status diagonal_stage(nn_stage *stage, const nn_symbol *s)
{
    double *scale = malloc(2 * s->count * sizeof *scale);

    if (scale == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < s->count; i++) {
        scale[i] = nn_symbol_at(s, 1, i);
        scale[s->count + i] = nn_symbol_at(s, 0, i);
    }
    nn_status st = nn_affine_diagonal(&stage->affine, s->count, scale, scale + s->count);
    free(scale);
    return st;
}

static nn_status poly_stage(nn_stage *stage, const nn_symbol *s)
{
    stage->kind = NN_STAGE_POLY;
    stage->degree = s->degree;
    if (nn_symbol_is_uniform(s)) {
        memcpy(stage->coef, s->uniform, sizeof stage->coef);
        for (int k = s->degree + 1; k <= NN_DEGREE_MAX; k++)
            stage->coef[k] = 0;
        return NN_OK;
    }
    stage->element = malloc((size_t)(s->degree + 1) * s->count * sizeof *stage->element);
    if (stage->element == NULL)
        return NN_ERR_MEMORY;
    for (int k = 0; k <= s->degree; k++)
        for (size_t i = 0; i < s->count; i++)
            stage->element[(size_t)k * s->count + i] = nn_symbol_at(s, k, i);
    return NN_OK;
}

/* Make a stage of a value's polynomial, unless it is the newest output already. */
static nn_status settle(lowering *l, size_t v)
{
    state *s = &l->state[v];
    nn_stage stage = {.kind = NN_STAGE_AFFINE};

    if (nn_symbol_is_identity(&s->symbol))
        return NN_OK;
    nn_status st =
        s->symbol.degree < 2 ? diagonal_stage(&stage, &s->symbol) : poly_stage(&stage, &s->symbol);
    if (st != NN_OK)
        return nn_why(l->why, l->why_size, st,
                      st == NN_ERR_MEMORY ? "out of memory while lowering"
                                          : "value '%.60s' has too many elements",
                      l->g->value[v].name);
    /* The shape of what it takes, even where the value has been flattened since. */
    nn_dims dims = l->last;
    return append(l, &stage, v, &dims);
}

/* ---- nodes ---- */

/* A complaint about a node; its output stays unknown, and so does what depends on it. */
static nn_status complain(lowering *l, const nn_node *node, const char *text)
{
    char label[NN_LABEL_SIZE];

    nn_why_list_add(&l->list, "%s: %s", nn_node_label(label, node), text);
    return NN_OK;
}

/* 1 when a value is a polynomial of the newest output. */
static int is_newest(const lowering *l, const state *s)
{
    return s->base == l->stages->count;
}

static const char *const two_branches = "it joins or follows two branches; only sequential "
                                        "networks are taken, without skip connections";

/* A linear node: the stage of its input, then its own. */
static nn_status lower_linear(lowering *l, const nn_node *node, const nn_tensor *const *in,
                              size_t dynamic, const nn_dims *out)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE};
    size_t v = node->input[dynamic];

    if (!is_newest(l, &l->state[v]))
        return complain(l, node, two_branches);
    nn_status st = settle(l, v);
    if (st == NN_OK)
        st = nn_affine_of_node(&stage.affine, node, in, dynamic, out, l->why, l->why_size);
    if (st != NN_OK)
        return st;
    l->last = l->state[v].dims; /* as the graph groups it */
    l->state[node->output].dims = *out;
    return append(l, &stage, node->output, out);
}

/* The metadata's range of a x + b, where x is the newest output, bounds |x| by (range + |b|) / |a|.
 */
static void bound_base(const lowering *l, const state *s)
{
    double bound = 0;

    if (s->range == 0 || s->symbol.degree != 1 || s->base == 0 || !is_newest(l, s))
        return;
    for (size_t i = 0; i < s->symbol.count; i++)
        bound = fmax(bound, (s->range + fabs(nn_symbol_at(&s->symbol, 0, i))) /
                                fabs(nn_symbol_at(&s->symbol, 1, i)));
    nn_stage *stage = &l->stages->stage[s->base - 1];
    if (isfinite(bound) && (!stage->measured || bound < stage->range)) {
        stage->range = bound;
        stage->measured = 1;
    }
}

/* Identity, Dropout, Flatten, Reshape: the same numbers under another name or shape. */
static nn_status lower_alias(lowering *l, const nn_node *node, const nn_dims *out)
{
    const state *from = &l->state[node->input[0]];
    state *to = &l->state[node->output];

    nn_status st = nn_symbol_copy(&to->symbol, &from->symbol);
    if (st != NN_OK)
        return nn_why(l->why, l->why_size, st, "out of memory while lowering");
    to->kind = STATE_SYMBOL;
    to->dims = *out;
    to->base = from->base;
    if (!nn_symbol_is_identity(&from->symbol))
        to->maker = from->maker; /* the activation that a stage will be named after */
    if (to->range == 0)
        to->range = from->range;
    bound_base(l, to);
    return NN_OK;
}

/* The symbol of an operand: its own, or that of a constant. Clear it. */
static nn_status operand(const lowering *l, nn_symbol *s, size_t v, const nn_dims *out)
{
    const state *from = &l->state[v];

    return from->kind == STATE_CONSTANT ? nn_symbol_constant(s, from->constant, out)
                                        : nn_symbol_copy(s, &from->symbol);
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

static nn_status combine(nn_symbol *s, nn_op op, const nn_symbol *a, const nn_symbol *b)
{
    nn_symbol inverse;
    nn_status st;

    switch (op) {
    case NN_OP_ADD:
        return nn_symbol_add(s, a, 1.0, b);
    case NN_OP_SUB:
        return nn_symbol_add(s, a, -1.0, b);
    case NN_OP_MUL:
        return nn_symbol_multiply(s, a, b);
    default: /* NN_OP_DIV */
        st = nn_symbol_invert(&inverse, b);
        if (st == NN_OK)
            st = nn_symbol_multiply(s, a, &inverse);
        nn_symbol_clear(&inverse);
        return st;
    }
}

/* The exponent of a Pow: a whole number in 0..8 that is the same everywhere; -1 otherwise. */
static int exponent_of(const state *s)
{
    const nn_tensor *t = s->constant;

    if (s->kind != STATE_CONSTANT || t->count == 0)
        return -1;
    double e = t->value != NULL ? (double)t->value[0] : (double)t->number[0];
    for (size_t i = 1; i < t->count; i++)
        if ((t->value != NULL ? (double)t->value[i] : (double)t->number[i]) != e)
            return -1;
    return e >= 0 && e <= NN_DEGREE_MAX && e == floor(e) ? (int)e : -1;
}

/* A product of too high a degree of one value with itself is a stage, and then a power of its
 * output. */
static nn_status settle_factor(lowering *l, const nn_node *node, int power)
{
    const state *x = &l->state[node->input[0]];

    if (x->symbol.degree < 2 || x->symbol.degree * power <= NN_DEGREE_MAX || !is_newest(l, x))
        return NN_OK;
    return settle(l, node->input[0]);
}

static nn_status explain(lowering *l, const nn_node *node, nn_status st)
{
    switch (st) {
    case NN_ERR_UNSUPPORTED:
        return complain(l, node,
                        node->op == NN_OP_DIV
                            ? "it divides by a value that depends on the input; only "
                              "division by constants is taken"
                            : "it makes a polynomial of a degree above 8");
    case NN_ERR_SHAPE:
        return complain(l, node,
                        "it spreads a value over a larger shape (broadcasting); only "
                        "constants may be broadcast");
    case NN_ERR_RANGE:
        return complain(l, node, "it makes a coefficient that is not finite");
    default:
        return nn_why(l->why, l->why_size, st, "out of memory while lowering");
    }
}

static nn_status make_symbol(lowering *l, const nn_node *node, nn_symbol *made, const nn_dims *out)
{
    const state *x = &l->state[node->input[0]], *y = &l->state[node->input[1]];
    nn_symbol a = {.count = 0}, b = {.count = 0};
    nn_status st;

    if ((x->kind == STATE_SYMBOL && !nn_dims_equal(&x->dims, out)) ||
        (y->kind == STATE_SYMBOL && !nn_dims_equal(&y->dims, out)))
        return NN_ERR_SHAPE;
    if (node->op == NN_OP_POW)
        return raise_symbol(made, &x->symbol, exponent_of(y));
    st = operand(l, &a, node->input[0], out);
    if (st == NN_OK)
        st = operand(l, &b, node->input[1], out);
    if (st == NN_OK)
        st = combine(made, node->op, &a, &b);
    nn_symbol_clear(&a);
    nn_symbol_clear(&b);
    return st;
}

/* Add, Sub, Mul, Div, Pow of polynomials of one value and constants. */
static nn_status lower_elementwise(lowering *l, const nn_node *node, const nn_dims *out)
{
    size_t u = node->input[0], v = node->input[1];
    state *x = &l->state[u], *y = &l->state[v], *to = &l->state[node->output];
    nn_status st = NN_OK;

    if (node->op == NN_OP_POW && (x->kind != STATE_SYMBOL || exponent_of(y) < 0))
        return complain(l, node, "only constant whole exponents 0 to 8 are taken");
    if (node->op == NN_OP_POW)
        st = settle_factor(l, node, exponent_of(y));
    else if (node->op == NN_OP_MUL && u == v)
        st = settle_factor(l, node, 2);
    if (st != NN_OK)
        return st;
    if (x->kind == STATE_SYMBOL && y->kind == STATE_SYMBOL && x->base != y->base)
        return complain(l, node, two_branches);
    nn_symbol made = {.count = 0};
    st = make_symbol(l, node, &made, out);
    if (st != NN_OK) {
        nn_symbol_clear(&made);
        return explain(l, node, st);
    }
    to->symbol = made;
    to->kind = STATE_SYMBOL;
    to->dims = *out;
    to->base = x->kind == STATE_SYMBOL ? x->base : y->base;
    bound_base(l, to);
    return NN_OK;
}

/* A node whose inputs are all constant is computed. */
static nn_status fold_constant(lowering *l, const nn_node *node, const nn_tensor *const *in)
{
    state *to = &l->state[node->output];
    nn_status st = nn_ref_node(node, in, &to->owned, l->why, l->why_size);

    if (st != NN_OK)
        return st;
    to->kind = STATE_CONSTANT;
    to->constant = &to->owned;
    return NN_OK;
}

/* Operands as tensors; those that depend on the input have dimensions only. Returns how many these
 * are, the last one in *dynamic, or -1 when an operand is unknown. */
static int gather(const lowering *l, const nn_node *node, const nn_tensor **in, nn_tensor *shapes,
                  size_t *dynamic)
{
    int count = 0;

    for (size_t k = 0; k < node->input_count; k++) {
        if (node->input[k] == NN_VALUE_NONE) {
            in[k] = NULL;
            continue;
        }
        const state *s = &l->state[node->input[k]];
        if (s->kind == STATE_UNKNOWN)
            return -1;
        in[k] = s->constant;
        if (s->kind == STATE_SYMBOL) {
            shapes[k] = (nn_tensor){.type = NN_TYPE_FLOAT, .dims = s->dims};
            in[k] = &shapes[k];
            *dynamic = k;
            count++;
        }
    }
    return count;
}

static nn_status lower_node(lowering *l, const nn_node *node)
{
    const nn_tensor *in[NN_NODE_INPUTS_MAX];
    nn_tensor shapes[NN_NODE_INPUTS_MAX];
    nn_dims out;
    size_t dynamic = 0, count;
    int dynamics = gather(l, node, in, shapes, &dynamic);

    if (dynamics < 0)
        return NN_OK; /* its cause is on the list */
    nn_status st = read_range(l, &l->state[node->output].range, node->makes);
    if (st == NN_OK)
        st = nn_op_shape(&out, node, in, l->why, l->why_size);
    if (st != NN_OK)
        return st;
    l->state[node->output].maker = node;
    if (dynamics == 0)
        return fold_constant(l, node, in);
    if (nn_dims_count(&out, &count) != NN_OK || count == 0)
        return nn_why(l->why, l->why_size, NN_ERR_SHAPE, "node '%.60s' makes an empty value",
                      node->name);
    switch (node->op) {
    case NN_OP_ADD:
    case NN_OP_SUB:
    case NN_OP_MUL:
    case NN_OP_DIV:
    case NN_OP_POW:
        return lower_elementwise(l, node, &out);
    case NN_OP_IDENTITY:
    case NN_OP_DROPOUT:
    case NN_OP_FLATTEN:
    case NN_OP_RESHAPE:
        return lower_alias(l, node, &out);
    default:
        if (dynamics > 1)
            return complain(l, node,
                            "more than one of its inputs depends on the network's input; "
                            "its weights have to be constant");
        return lower_linear(l, node, in, dynamic, &out);
    }
}

/* ---- the whole graph ---- */

/* Mark what the output depends on, from the end to the beginning. */
static void mark_needed(lowering *l)
{
    l->state[l->g->output[0]].needed = 1;
    for (size_t n = l->g->node_count; n-- > 0;) {
        const nn_node *node = &l->g->node[n];
        if (!l->state[node->output].needed)
            continue;
        for (size_t k = 0; k < node->input_count; k++)
            if (node->input[k] != NN_VALUE_NONE)
                l->state[node->input[k]].needed = 1;
    }
}

static nn_status start(lowering *l)
{
    const nn_graph *g = l->g;

    if (g->input_count != 1 || g->output_count != 1)
        return nn_why(l->why, l->why_size, NN_ERR_UNSUPPORTED,
                      "the model has %zu inputs and %zu outputs, one of each is taken",
                      g->input_count, g->output_count);
    for (size_t k = 0; k < g->value_count; k++) {
        if (g->value[k].kind == NN_VALUE_CONSTANT) {
            l->state[k].kind = STATE_CONSTANT;
            l->state[k].constant = &g->value[k].constant;
        }
    }
    state *input = &l->state[g->input[0]];
    input->kind = STATE_SYMBOL;
    input->dims = g->value[g->input[0]].dims;
    if (input->dims.rank > 0)
        input->dims.dim[0] = 1;
    if (nn_shape_of_dims(&l->stages->input, &input->dims) != NN_OK)
        return nn_why(l->why, l->why_size, NN_ERR_SHAPE,
                      "input '%.60s' is no batch of images or vectors: %zu dimensions",
                      g->value[g->input[0]].name, input->dims.rank);
    l->last = input->dims;
    nn_symbol_identity(&input->symbol, nn_shape_count(l->stages->input));
    mark_needed(l);
    return read_input_range(l);
}

/* The output's polynomial becomes the last stage; a network that does nothing gets one all the
 * same. */
static nn_status finish(lowering *l)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE};
    size_t v = l->g->output[0];
    const state *s = &l->state[v];

    if (s->kind != STATE_SYMBOL)
        return nn_why(l->why, l->why_size, NN_ERR_UNSUPPORTED,
                      "the output '%.60s' does not depend on the input", l->g->value[v].name);
    nn_status st = settle(l, v);
    if (st != NN_OK || l->stages->count > 0)
        return st;
    nn_dims dims = s->dims;
    st = nn_affine_diagonal(&stage.affine, s->symbol.count, NULL, NULL);
    if (st != NN_OK)
        return nn_why(l->why, l->why_size, st, "the input is too large");
    return append(l, &stage, v, &dims);
}

static nn_status run(lowering *l)
{
    nn_status st = start(l);

    for (size_t n = 0; n < l->g->node_count && st == NN_OK; n++)
        if (l->state[l->g->node[n].output].needed)
            st = lower_node(l, &l->g->node[n]);
    if (st == NN_OK && l->list.count > 0) {
        nn_why_list_finish(&l->list,
                           l->list.count == 1 ? "one node cannot be taken:"
                                              : "%zu nodes cannot be taken:",
                           l->list.count);
        return NN_ERR_UNSUPPORTED;
    }
    if (st == NN_OK && !is_newest(l, &l->state[l->g->output[0]]) &&
        l->state[l->g->output[0]].kind == STATE_SYMBOL)
        st = nn_why(l->why, l->why_size, NN_ERR_UNSUPPORTED, "the output: %s", two_branches);
    if (st == NN_OK)
        st = finish(l);
    return st == NN_OK ? nn_stages_bound(l->stages, l->why, l->why_size) : st;
}

nn_status nn_lower(nn_stages *s, const nn_graph *g, char *why, size_t why_size)
{
    if (s == NULL || g == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_lower: an argument is missing");
    *s = (nn_stages){.count = 0};
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    lowering l = {.g = g, .stages = s, .why = why, .why_size = why_size};
    l.state = calloc(g->value_count + 1, sizeof *l.state);
    if (l.state == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while lowering");
    nn_why_list_init(&l.list, why, why_size);
    nn_status st = run(&l);
    for (size_t k = 0; k < g->value_count; k++) {
        nn_symbol_clear(&l.state[k].symbol);
        nn_tensor_clear(&l.state[k].owned);
    }
    free(l.state);
    if (st != NN_OK)
        nn_stages_clear(s);
    return st;
}
