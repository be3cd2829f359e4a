/* Activations and max pools by their fits, see nn/stages/lowering.h and nn/fit/fit.h. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/fit/fit.h"
#include "nn/graph/window.h"
#include "nn/stages/lowering.h"

/* A polynomial is written in powers of t, in [-1, 1], when that saves a level and the sum of its
 * coefficients' magnitudes is at most this many times its largest value: so many times the error of
 * the powers may grow. */
#define POWERS_MAX 64.0

int nn_lower_is_fitted(nn_op op)
{
    switch (op) {
    case NN_OP_CLIP:
    case NN_OP_GELU:
    case NN_OP_GLOBAL_MAX_POOL:
    case NN_OP_HARD_SIGMOID:
    case NN_OP_HARD_SWISH:
    case NN_OP_LEAKY_RELU:
    case NN_OP_MAX_POOL:
    case NN_OP_RELU:
    case NN_OP_SIGMOID:
    case NN_OP_SWISH:
    case NN_OP_TANH:
        return 1;
    default:
        return 0;
    }
}

/* ---- polynomials ---- */

/* Coefficients of powers of t, and whether to use them: degrees 2, 4 and 8 save a level that way
 * where the leading coefficient can be moved out, 1 and 3 lose none. */
static int powers(double *c, const nn_fit_poly *p)
{
    double sum = 0, most = 0;

    if (p->degree > NN_MONOMIAL_MAX || (p->degree > 4 && p->degree < 8))
        return 0;
    nn_approx_from_chebyshev(c, p->coef, p->degree, 1.0);
    for (int k = 0; k <= p->degree; k++)
        sum += fabs(c[k]);
    for (int k = 0; k <= 64; k++)
        most = fmax(most, fabs(nn_fit_chebyshev(p, (k - 32) / 32.0)));
    return p->degree < 2 || sum <= POWERS_MAX * most;
}

/* The polynomial of scale * x + shift, where x is a value of the stages, as a symbol. */
static nn_status make_symbol(nn_symbol *made, const double *c, int degree, size_t count,
                             double scale, double shift)
{
    nn_symbol t = {.count = count, .degree = 1, .uniform = {shift, scale}}, next;
    nn_status st = NN_OK;

    *made = (nn_symbol){.count = count, .uniform = {c[degree]}};
    for (int k = degree; k-- > 0 && st == NN_OK;) { /* Horner's rule */
        const nn_symbol term = {.count = count, .uniform = {c[k]}};
        nn_symbol product;

        st = nn_symbol_multiply(&product, made, &t);
        if (st == NN_OK)
            st = nn_symbol_add(&next, &product, 1.0, &term);
        nn_symbol_clear(&product);
        nn_symbol_clear(made);
        if (st == NN_OK)
            *made = next;
    }
    return st;
}

/* The map of a line. */
static nn_status line_map(nn_affine *map, size_t count, const nn_fit_poly *p)
{
    nn_status st = nn_affine_begin(map, count, count);

    for (size_t i = 0; i < count && st == NN_OK; i++) {
        st = nn_affine_push(map, i, p->coef[1]);
        if (st == NN_OK)
            st = nn_affine_end_row(map, p->coef[0]);
    }
    return st;
}

/* Append p(x) for x in [-1, 1]. value: x, becomes the result. */
static nn_status append_poly(nn_lowering *l, const nn_stage *like, const nn_fit_poly *p,
                             size_t *value)
{
    nn_stage stage = *like;
    double c[NN_DEGREE_MAX + 1] = {0};

    stage.input[0] = *value;
    if (p->degree < 2) {
        stage.kind = NN_STAGE_AFFINE;
        nn_status st = line_map(&stage.affine[0], nn_shape_count(stage.out), p);
        return st == NN_OK ? nn_lowering_append(l, &stage, value) : st;
    }
    stage.kind = NN_STAGE_POLY;
    stage.degree = p->degree;
    if (powers(c, p)) {
        stage.basis = CKKS_BASIS_MONOMIAL;
        memcpy(stage.coef, c, sizeof stage.coef);
        return nn_lowering_append(l, &stage, value);
    }
    stage.basis = CKKS_BASIS_CHEBYSHEV;
    memcpy(stage.coef, p->coef, ((size_t)p->degree + 1) * sizeof *p->coef);
    return nn_lowering_append(l, &stage, value);
}

/* The stage of scale * x + shift, in [-1, 1] by the fit: x is the settled or linear value v. */
static nn_status append_domain(nn_lowering *l, const nn_stage *like, size_t v, const nn_fit *fit,
                               size_t *value)
{
    const nn_known *x = nn_lowering_known(l, v);
    nn_stage stage = *like;
    size_t count = x->symbol.count;
    double *room = malloc(2 * count * sizeof *room), half = (fit->hi - fit->lo) / 2;

    if (room == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        room[i] = nn_symbol_at(&x->symbol, 1, i) / half;
        room[count + i] = (nn_symbol_at(&x->symbol, 0, i) - (fit->lo + fit->hi) / 2) / half;
    }
    stage.kind = NN_STAGE_AFFINE;
    stage.input[0] = x->base;
    stage.range = 1;
    stage.measured = 1;
    nn_status st = nn_affine_diagonal(&stage.affine[0], count, room, room + count);
    stage.traced = v + 1;
    for (size_t i = 0; i < count; i++) {
        room[i] = 1 / half;
        room[count + i] = -(fit->lo + fit->hi) / 2 / half;
    }
    if (st == NN_OK)
        st = nn_stage_trace(&stage, room, room + count);
    free(room);
    if (st != NN_OK) {
        nn_stage_clear(&stage);
        return st;
    }
    return nn_lowering_append(l, &stage, value);
}

/* ---- compositions ---- */

/* x s(t) bend + base x  =  t (hi base + hi bend s(t)),  for t = x / hi: all polynomials but the
 * last one as they are, then the last with its factors, then a product. value: t, becomes the
 * result. */
static nn_status append_sign(nn_lowering *l, const nn_stage *like, const nn_fit *fit, double base,
                             double bend, size_t *value)
{
    size_t t = *value, s = t;
    nn_status st = NN_OK;

    for (int k = 0; k < fit->count && st == NN_OK; k++) {
        nn_fit_poly p = fit->poly[k];
        nn_stage stage = *like;

        if (k + 1 == fit->count) {
            for (int n = 0; n <= p.degree; n++)
                p.coef[n] *= fit->hi * bend;
            p.coef[0] += fit->hi * base;
        } else {
            stage.range = 1;
            stage.measured = 1;
        }
        st = append_poly(l, &stage, &p, &s);
    }
    nn_stage product = *like;
    product.kind = NN_STAGE_PRODUCT;
    product.input_count = 2;
    product.input[0] = t;
    product.input[1] = s;
    return st == NN_OK ? nn_lowering_append(l, &product, value) : st;
}

/* An activation of value v of the graph. */
static nn_status activate(nn_lowering *l, const nn_node *node, const nn_operands *o,
                          const nn_fit *fit)
{
    size_t v = node->input[0], made;
    double c[NN_DEGREE_MAX + 1], half = (fit->hi - fit->lo) / 2, base = 0, bend = 0;
    nn_symbol symbol = {.count = 0};

    nn_lowering_bound(l, v, fmax(fabs(fit->lo), fabs(fit->hi)), 0);
    if (fit->kind == NN_FIT_POLY && powers(c, &fit->poly[0])) {
        nn_status st = nn_lowering_settle(l, v);
        nn_known *x = nn_lowering_known(l, v), *to = &l->known[node->output];
        if (st == NN_OK)
            nn_lowering_bound(l, v, fmax(fabs(fit->lo), fabs(fit->hi)), 0);
        if (st == NN_OK)
            st = make_symbol(&symbol, c, fit->poly[0].degree, x->symbol.count, 1 / half,
                             -(fit->lo + fit->hi) / 2 / half);
        if (st == NN_OK) {
            to->symbol = symbol;
            to->kind = NN_KNOWN_SYMBOL;
            to->dims = o->out;
            to->base = x->base;
            nn_lowering_bound(l, node->output, to->range, to->size);
        }
        return st;
    }
    nn_stage like = nn_lowering_stage(l, NN_STAGE_POLY, node->output, &o->out);
    nn_status st = nn_lowering_settle_curved(l, v);
    if (st == NN_OK)
        st = append_domain(l, &like, v, fit, &made);
    if (st == NN_OK && fit->kind == NN_FIT_POLY)
        st = append_poly(l, &like, &fit->poly[0], &made);
    else if (st == NN_OK && nn_activation_bend(&fit->f, &base, &bend))
        st = append_sign(l, &like, fit, base, bend, &made);
    else if (st == NN_OK)
        st = nn_lowering_complain(l, node, "its fit by signs is of no function with a bend");
    if (st == NN_OK)
        nn_lowering_define(l, node->output, made, &o->out);
    return st;
}

/* ---- max pools ---- */

/* A tournament of what each window sees: in a round, places 2i and 2i + 1 of a window become place
 * i, max(u, v) = (u + v) / 2 + |u - v| / 2; a place without a partner goes on as it is. Place k of
 * all windows is a group of channels. */
typedef struct tournament {
    size_t outputs, width; /* windows, and places in each */
    size_t *place;         /* [width][output]: an element of the value */
    size_t *seen;          /* places of each output that there are, which stand first */
} tournament;

static nn_status pool_window(nn_window *w, const nn_node *node, const nn_dims *d)
{
    if (node->op == NN_OP_MAX_POOL)
        return nn_window_of_node(w, node, d, NULL, NULL, 0);
    *w = (nn_window){.in = {1, 1}, .out = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    for (size_t k = 2; k < d->rank; k++)
        w->in[1] *= d->dim[k];
    w->kernel[0] = 1;
    w->kernel[1] = w->in[1];
    return NN_OK;
}

static nn_status tournament_init(tournament *t, const nn_node *node, const nn_dims *d)
{
    nn_window w;

    nn_status st = pool_window(&w, node, d);
    if (st != NN_OK)
        return st;
    size_t planes = d->dim[0] * d->dim[1];
    *t = (tournament){.outputs = planes * w.out[0] * w.out[1], .width = w.kernel[0] * w.kernel[1]};
    t->place = malloc(t->outputs * t->width * sizeof *t->place);
    t->seen = calloc(t->outputs, sizeof *t->seen);
    if (t->place == NULL || t->seen == NULL)
        return NN_ERR_MEMORY;
    for (size_t i = 0; i < t->outputs; i++) {
        size_t x = i % w.out[1], y = i / w.out[1] % w.out[0], plane = i / (w.out[1] * w.out[0]);
        for (size_t a = nn_window_first(&w, 0, y); a < nn_window_end(&w, 0, y); a++)
            for (size_t b = nn_window_first(&w, 1, x); b < nn_window_end(&w, 1, x); b++)
                t->place[t->seen[i]++ * t->outputs + i] =
                    (plane * w.in[0] + nn_window_at(&w, 0, y, a)) * w.in[1] +
                    nn_window_at(&w, 1, x, b);
    }
    return NN_OK;
}

/* Row r of a round's maps, see round_maps. */
static nn_status round_row(nn_affine map[3], const tournament *t, size_t r, double half)
{
    size_t i = r % t->outputs, k = 2 * (r / t->outputs);
    int two = k + 1 < t->seen[i];
    nn_status st = NN_OK;

    if (two) {
        size_t u = t->place[k * t->outputs + i], v = t->place[(k + 1) * t->outputs + i];
        for (int n = 0; n < 2 && st == NN_OK; n++) { /* in ascending order */
            size_t col = (n == 0) == (u < v) ? u : v;
            st = nn_affine_push(&map[0], col, col == u ? 1 / half : -1 / half);
            if (st == NN_OK)
                st = nn_affine_push(&map[1], col, 0.5);
        }
        if (st == NN_OK)
            st = nn_affine_push(&map[2], r, 0.5);
    } else if (k < t->seen[i]) {
        st = nn_affine_push(&map[1], t->place[k * t->outputs + i], 1.0);
    }
    for (int n = 0; n < 3 && st == NN_OK; n++)
        st = nn_affine_end_row(&map[n], 0.0);
    return st;
}

/* The maps of a round from the value to its differences, in units of the fit's range, and to the
 * halves of its sums; and the map that adds half of the difference's magnitude. */
static nn_status round_maps(nn_affine map[3], const tournament *t, size_t cols, size_t rows,
                            double half)
{
    nn_status st = nn_affine_begin(&map[0], rows, cols);

    if (st == NN_OK)
        st = nn_affine_begin(&map[1], rows, cols);
    if (st == NN_OK)
        st = nn_affine_begin(&map[2], rows, rows);
    for (size_t r = 0; r < rows && st == NN_OK; r++)
        st = round_row(map, t, r, half);
    return st;
}

/* The value's numbers are now those of the next round. */
static void advance(tournament *t, size_t next)
{
    for (size_t i = 0; i < t->outputs; i++) {
        t->seen[i] = (t->seen[i] + 1) / 2;
        for (size_t k = 0; k < t->seen[i]; k++)
            t->place[k * t->outputs + i] = k * t->outputs + i;
    }
    t->width = next;
}

/* |d| of the differences; value: d / hi, becomes the magnitude. */
static nn_status append_magnitude(nn_lowering *l, const nn_stage *like, const nn_fit *fit,
                                  size_t *value)
{
    return fit->kind == NN_FIT_SIGN ? append_sign(l, like, fit, 0.0, 1.0, value)
                                    : append_poly(l, like, &fit->poly[0], value);
}

static nn_status play_round(nn_lowering *l, const nn_stage *like, tournament *t, const nn_fit *fit,
                            size_t *value)
{
    size_t next = (t->width + 1) / 2, magnitude;
    nn_affine map[3] = {{.rows = 0}};
    nn_stage stage = *like;

    stage.kind = NN_STAGE_AFFINE;
    stage.input_count = 1;
    stage.out.c *= next;
    nn_status st =
        round_maps(map, t, nn_stages_width(l->stages, *value), t->outputs * next, fit->hi);
    nn_stage between = stage;
    if (st == NN_OK) {
        between.input[0] = *value;
        between.affine[0] = map[0];
        between.range = 1;
        between.measured = 1;
        map[0] = (nn_affine){.rows = 0};
        st = nn_lowering_append(l, &between, &magnitude);
    }
    if (st == NN_OK)
        st = append_magnitude(l, &stage, fit, &magnitude);
    stage.origin = NN_FROM_JOIN;
    if (st == NN_OK)
        st = nn_lowering_join(l, value, &stage, 2, (const size_t[]){*value, magnitude}, map + 1);
    for (int n = 0; n < 3; n++)
        nn_affine_clear(&map[n]);
    advance(t, next);
    return st;
}

static nn_status max_pool(nn_lowering *l, const nn_node *node, const nn_operands *o,
                          const nn_fit *fit)
{
    tournament t = {.place = NULL};
    nn_stage like = nn_lowering_stage(l, NN_STAGE_AFFINE, node->output, &o->out);

    nn_status st = nn_lowering_settle(l, node->input[0]);
    if (st == NN_OK)
        st = tournament_init(&t, node, &o->in[0]->dims);
    size_t value = nn_lowering_known(l, node->input[0])->base;
    if (st == NN_OK && t.width == 1) {
        nn_affine only;
        st = nn_affine_permutation(&only, t.outputs, nn_stages_width(l->stages, value), t.place);
        if (st == NN_OK)
            st = nn_lowering_join(l, &value, &like, 1, (const size_t[]){value}, &only);
    }
    while (st == NN_OK && t.width > 1)
        st = play_round(l, &like, &t, fit, &value);
    free(t.place);
    free(t.seen);
    if (st != NN_OK)
        return st;
    nn_lowering_define(l, node->output, value, &o->out);
    return NN_OK;
}

nn_status nn_lower_fitted(nn_lowering *l, const nn_node *node, const nn_operands *o)
{
    nn_fit fit;
    int found = 0;

    nn_status st =
        nn_lowering_told(l, nn_fit_get(&fit, &found, l->g, node->makes, l->why, l->why_size));
    if (st != NN_OK)
        return st;
    if (!found) {
        l->unfitted++;
        return nn_lowering_complain(l, node, "no polynomial is fitted to it");
    }
    if (node->op != NN_OP_MAX_POOL && node->op != NN_OP_GLOBAL_MAX_POOL)
        return activate(l, node, o, &fit);
    if (fit.f.function != NN_APPROX_ABS || fit.lo != -fit.hi)
        return nn_lowering_complain(l, node, "its fit is not one of |x| on a range [-r, r]");
    return max_pool(l, node, o, &fit);
}
