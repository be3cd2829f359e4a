/* Trees that are activations, and pads that a window can take over; see nn/onnx/fuse.h. */

#include "nn/onnx/fuse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph/op_rule.h"
#include "nn/graph/scalar.h"
#include "nn/graph/window.h"

enum {
    VISITS_MAX = 64,    /* nodes of a tree, counted as often as they are used */
    CANDIDATES_MAX = 24 /* values that a tree might be a function of */
};

/* Looking at the trees of a graph. */
typedef struct search {
    nn_graph *g;
    const nn_dims *dims;
    const char *known;
    size_t *maker; /* value -> node + 1, 0 for none */
    size_t base;   /* the value that stands for x */
    int visits;    /* of the evaluation at hand */
    int functions; /* of these: not Add, Sub, Mul, Div or Pow */
} search;

static nn_status make_makers(search *s)
{
    s->maker = calloc(s->g->value_count + 1, sizeof *s->maker);
    if (s->maker == NULL)
        return nn_graph_fail(s->g, NN_ERR_MEMORY, "out of memory while folding");
    for (size_t n = 0; n < s->g->node_count; n++)
        s->maker[s->g->node[n].output] = n + 1;
    return NN_OK;
}

static const nn_node *maker_of(const search *s, size_t value)
{
    return s->maker[value] > 0 ? &s->g->node[s->maker[value] - 1] : NULL;
}

/* The number of a constant. Returns 0 when it has several. */
static int number_of(double *x, const nn_tensor *t)
{
    if (t->count != 1)
        return 0;
    *x = t->value != NULL ? (double)t->value[0] : (double)t->number[0];
    return 1;
}

/* 1 for an operator of two or more operands that a tree may have. */
static int combines(nn_op op)
{
    return op == NN_OP_ADD || op == NN_OP_SUB || op == NN_OP_MUL || op == NN_OP_DIV ||
           op == NN_OP_POW || op == NN_OP_MAX || op == NN_OP_MIN;
}

static double combine(nn_op op, double u, double v)
{
    switch (op) {
    case NN_OP_ADD:
        return u + v;
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
    default: /* NN_OP_MIN */
        return fmin(u, v);
    }
}

static int scalar_of(nn_scalar *f, const search *s, const nn_node *node)
{
    const nn_tensor *in[3] = {NULL, NULL, NULL};
    const nn_tensor data = {.type = NN_TYPE_FLOAT};

    if (!nn_scalar_is(node->op) || node->input_count > 3)
        return 0;
    for (size_t k = 0; k < node->input_count; k++)
        if (node->input[k] != NN_VALUE_NONE)
            in[k] = s->g->value[node->input[k]].kind == NN_VALUE_CONSTANT
                        ? &s->g->value[node->input[k]].constant
                        : &data;
    return nn_scalar_init(f, node, in) == NN_OK;
}

/* The tree of a value at a number x of the base. Returns 0 when it is no function of the base.
 * Bounded: every call is a visit. */
static int evaluate(double *y, search *s, size_t value, double x)
{
    double next;
    nn_scalar f;

    if (value == s->base) {
        *y = x;
        return 1;
    }
    if (value == NN_VALUE_NONE || ++s->visits > VISITS_MAX)
        return 0;
    if (s->g->value[value].kind == NN_VALUE_CONSTANT)
        return number_of(y, &s->g->value[value].constant);
    const nn_node *node = maker_of(s, value);
    if (node == NULL)
        return 0;
    if (node->op == NN_OP_IDENTITY || node->op == NN_OP_DROPOUT)
        return evaluate(y, s, node->input[0], x);
    s->functions += nn_scalar_is(node->op) || node->op == NN_OP_MAX || node->op == NN_OP_MIN;
    if (scalar_of(&f, s, node)) {
        if (!evaluate(&next, s, node->input[0], x))
            return 0;
        *y = nn_scalar_at(&f, next);
        return 1;
    }
    if (!combines(node->op) || !evaluate(y, s, node->input[0], x))
        return 0;
    for (size_t k = 1; k < node->input_count; k++) {
        if (!evaluate(&next, s, node->input[k], x))
            return 0;
        *y = combine(node->op, *y, next);
    }
    return 1;
}

static int tree_at(double *y, search *s, const nn_node *root, double x)
{
    s->visits = s->functions = 0;
    return evaluate(y, s, root->output, x) && isfinite(*y);
}

/* A tree at three points, from which parameters are read off. */
typedef struct probe {
    double low, zero, high; /* at -1, 0 and 1 */
} probe;

/* Returns 0 when the tree is no function of the base, or is arithmetic alone: a polynomial. */
static int take_probe(probe *p, search *s, const nn_node *root)
{
    return tree_at(&p->low, s, root, -1.0) && s->functions > 0 && tree_at(&p->zero, s, root, 0.0) &&
           tree_at(&p->high, s, root, 1.0);
}

/* What a tree is compared with; 0 when the numbers read off the tree rule it out. */
static int propose(nn_scalar *f, nn_op op, const probe *p, search *s, const nn_node *root)
{
    *f = (nn_scalar){.op = op};
    switch (op) {
    case NN_OP_SWISH: /* at 1: 1 / (1 + e^-alpha) */
        f->alpha = log(p->high / (1.0 - p->high));
        return p->high > 0 && p->high < 1;
    case NN_OP_LEAKY_RELU:
        f->alpha = -p->low;
        return f->alpha < 1;
    case NN_OP_HARD_SIGMOID:
        f->alpha = p->high - p->zero;
        f->beta = p->zero;
        return f->alpha > 0;
    case NN_OP_CLIP:
        return tree_at(&f->alpha, s, root, -1e6) && tree_at(&f->beta, s, root, 1e6) &&
               f->alpha < f->beta && fabs(f->alpha) < 1e5 && fabs(f->beta) < 1e5;
    default:
        return 1;
    }
}

static int agrees(const nn_scalar *f, search *s, const nn_node *root)
{
    for (int k = -35; k <= 35; k++) {
        double x = 0.2 * k + 0.013 * (k % 5), y, want = nn_scalar_at(f, x);
        if (!tree_at(&y, s, root, x) || !(fabs(y - want) <= 1e-5 * fmax(1.0, fabs(want))))
            return 0;
    }
    return 1;
}

static nn_status replace(search *s, size_t n, const nn_scalar *f)
{
    nn_graph *g = s->g;
    size_t low = NN_VALUE_NONE, high = NN_VALUE_NONE;

    if (f->op == NN_OP_CLIP) {
        low = nn_graph_scalar(g, (float)f->alpha);
        high = nn_graph_scalar(g, (float)f->beta);
        if (g->status != NN_OK)
            return g->status;
    }
    nn_node *node = &g->node[n];
    for (size_t k = 0; k < node->attr_count; k++)
        nn_attr_clear(&node->attr[k]);
    node->attr_count = 0;
    node->op = f->op;
    node->input[0] = s->base;
    node->input[1] = low;
    node->input[2] = high;
    node->input_count = f->op == NN_OP_CLIP ? 3 : 1;
    const nn_attr alpha = {.type = NN_ATTR_FLOAT, .real = (float)f->alpha},
                  beta = {.type = NN_ATTR_FLOAT, .real = (float)f->beta};
    if (f->op == NN_OP_HARD_SIGMOID || f->op == NN_OP_LEAKY_RELU ||
        (f->op == NN_OP_SWISH && fabs(f->alpha - 1) > 1e-6))
        (void)nn_graph_set(g, node, "alpha", alpha);
    if (f->op == NN_OP_HARD_SIGMOID)
        (void)nn_graph_set(g, node, "beta", beta);
    if (f->op == NN_OP_GELU && f->tanh)
        (void)nn_graph_set_text(g, node, "approximate", "tanh");
    return g->status;
}

/* Try every activation on the tree of node n, as a function of the base. */
static nn_status try_base(int *done, search *s, size_t n)
{
    static const nn_op targets[] = {NN_OP_RELU, NN_OP_SIGMOID,   NN_OP_TANH,  NN_OP_HARD_SWISH,
                                    NN_OP_GELU, NN_OP_GELU,      NN_OP_SWISH, NN_OP_HARD_SIGMOID,
                                    NN_OP_CLIP, NN_OP_LEAKY_RELU};
    nn_scalar f;
    probe p;

    if (!take_probe(&p, s, &s->g->node[n]))
        return NN_OK;
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        if (!propose(&f, targets[t], &p, s, &s->g->node[n]))
            continue;
        f.tanh = t > 0 && targets[t - 1] == NN_OP_GELU; /* the second of the two */
        if (agrees(&f, s, &s->g->node[n])) {
            *done = 1;
            return replace(s, n, &f);
        }
    }
    return NN_OK;
}

/* The values that a tree may be a function of, nearest first, behind the tree's own. */
static void collect(size_t found[CANDIDATES_MAX], size_t *count, const search *s, size_t value)
{
    found[0] = value;
    *count = 1;
    for (size_t at = 0; at < *count; at++) {
        const nn_node *node = maker_of(s, found[at]);
        if (node == NULL || !(combines(node->op) || nn_scalar_is(node->op) ||
                              node->op == NN_OP_IDENTITY || node->op == NN_OP_DROPOUT))
            continue;
        for (size_t k = 0; k < node->input_count && *count < CANDIDATES_MAX; k++) {
            size_t v = node->input[k], seen = 0;
            if (v == NN_VALUE_NONE || s->g->value[v].kind == NN_VALUE_CONSTANT)
                continue;
            while (seen < *count && found[seen] != v)
                seen++;
            if (seen == *count)
                found[(*count)++] = v;
        }
    }
}

static nn_status fuse_tree(search *s, size_t n)
{
    const nn_node *root = &s->g->node[n];
    size_t found[CANDIDATES_MAX], count, out = root->output;
    int done = 0;
    nn_status st = NN_OK;

    if (!(combines(root->op) || root->op == NN_OP_CLIP || root->op == NN_OP_RECIPROCAL) ||
        !s->known[out])
        return NN_OK;
    collect(found, &count, s, out);
    for (size_t k = count; k-- > 1 && !done && st == NN_OK;) { /* the largest tree */
        s->base = found[k];
        /* A function of one operand that is alone in its tree is what it is. */
        if (root->op == NN_OP_CLIP && root->input[0] == s->base)
            continue;
        if (s->known[s->base] && nn_dims_equal(&s->dims[s->base], &s->dims[out]))
            st = try_base(&done, s, n);
    }
    return st;
}

nn_status nn_fuse_activations(nn_graph *g, const nn_dims *dims, const char *known)
{
    search s = {.g = g, .dims = dims, .known = known};
    nn_status st = make_makers(&s);

    for (size_t n = 0; n < g->node_count && st == NN_OK; n++)
        st = fuse_tree(&s, n);
    free(s.maker);
    return st;
}

/* ---- pads ---- */

/* The pads of a Pad node that a window can take over. Returns 0 when it cannot. */
static int spatial_pads(int64_t before[NN_RANK_MAX], int64_t after[NN_RANK_MAX], const search *s,
                        const nn_node *pad)
{
    const nn_tensor *in[4] = {NULL, NULL, NULL, NULL};
    const nn_tensor data = {.type = NN_TYPE_FLOAT, .dims = s->dims[pad->input[0]]};
    double fill = 0;

    if (!s->known[pad->input[0]] || strcmp(nn_node_text(pad, "mode", "constant"), "constant") != 0)
        return 0;
    in[0] = &data;
    for (size_t k = 1; k < pad->input_count; k++) {
        if (pad->input[k] == NN_VALUE_NONE)
            continue;
        if (s->g->value[pad->input[k]].kind != NN_VALUE_CONSTANT)
            return 0;
        in[k] = &s->g->value[pad->input[k]].constant;
    }
    const nn_op_request r = {pad, in, NULL, 0};
    if (nn_op_pads(before, after, &r) != NN_OK ||
        (in[2] != NULL && (!number_of(&fill, in[2]) || fill != 0)) || data.dims.rank < 3)
        return 0;
    for (size_t k = 0; k < data.dims.rank; k++)
        if (before[k] < 0 || after[k] < 0 || (k < 2 && (before[k] != 0 || after[k] != 0)))
            return 0;
    return 1;
}

/* The window's own pads, zeros when it has none. Returns 0 when they are no such list. */
static int own_pads(int64_t pads[2 * NN_RANK_MAX], const nn_node *node, size_t spatial)
{
    const nn_attr *attr = nn_node_attr(node, "pads", NN_ATTR_INTS);

    memset(pads, 0, 2 * NN_RANK_MAX * sizeof *pads);
    if (attr == NULL)
        return 1;
    if (attr->count != 2 * spatial)
        return 0;
    for (size_t k = 0; k < attr->count; k++) {
        if (attr->numbers[k] < 0 || attr->numbers[k] > NN_ELEMENTS_MAX)
            return 0;
        pads[k] = attr->numbers[k];
    }
    return 1;
}

/* Only a window without padding of its own counts all of its positions. */
static int takes_pads(const nn_node *node, const int64_t pads[2 * NN_RANK_MAX])
{
    if (strcmp(nn_node_text(node, "auto_pad", "NOTSET"), "NOTSET") != 0)
        return 0;
    if (node->op == NN_OP_CONV)
        return 1;
    if (node->op != NN_OP_AVERAGE_POOL || nn_node_int(node, "ceil_mode", 0) != 0)
        return 0;
    if (nn_node_int(node, "count_include_pad", 0) != 0)
        return 1;
    for (size_t k = 0; k < 2 * NN_RANK_MAX; k++)
        if (pads[k] != 0)
            return 0;
    return 1;
}

static nn_status merge_pad(search *s, nn_node *node)
{
    int64_t before[NN_RANK_MAX], after[NN_RANK_MAX], pads[2 * NN_RANK_MAX];
    const nn_node *pad = maker_of(s, node->input[0]);

    if ((node->op != NN_OP_CONV && node->op != NN_OP_AVERAGE_POOL) || pad == NULL ||
        pad->op != NN_OP_PAD || !spatial_pads(before, after, s, pad))
        return NN_OK;
    size_t spatial = s->dims[pad->input[0]].rank - 2;
    if (!own_pads(pads, node, spatial) || !takes_pads(node, pads))
        return NN_OK;
    for (size_t k = 0; k < spatial; k++) {
        pads[k] += before[2 + k];
        pads[spatial + k] += after[2 + k];
    }
    for (size_t k = 0; k < 2 * spatial; k++)
        if (pads[k] > NN_WINDOW_SIDE_MAX)
            return NN_OK;
    nn_status st = nn_graph_set_ints(s->g, node, "pads", pads, 2 * spatial);
    if (st == NN_OK && node->op == NN_OP_AVERAGE_POOL)
        st = nn_graph_set(s->g, node, "count_include_pad",
                          (nn_attr){.type = NN_ATTR_INT, .number = 1});
    if (st == NN_OK)
        node->input[0] = pad->input[0];
    return st;
}

nn_status nn_fuse_pads(nn_graph *g, const nn_dims *dims, const char *known)
{
    search s = {.g = g, .dims = dims, .known = known};
    nn_status st = make_makers(&s);

    for (size_t n = 0; n < g->node_count && st == NN_OK; n++)
        st = merge_pad(&s, &g->node[n]);
    free(s.maker);
    return st;
}
