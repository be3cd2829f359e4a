/* Folding the coefficients of polynomials into their neighbours, see nn/stages/monic.h. */

#include "nn/stages/monic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/stages/merge.h"

/* A shift above this many times the range before it is refused: t would lose its leading bits to
 * the shift, which the constant after the polynomial takes away again. */
#define SHIFT_MAX 16.0

/* A scale that other stages have to undo may not differ more than this between elements. */
#define STEEP_MAX 1024.0

/* Coefficients count as equal up to rounding when they agree to this part of their magnitude; they
 * come from float weights, of 2^-24 relative precision. */
#define EQUAL_TOLERANCE 1e-6

/* A polynomial stage in its normal form: y = sign (t^d + sum c[k] t^k, 1 <= k < d) + constant,
 * where t = scale (x + shift); scale, shift, sign and constant per element. */
typedef struct normal_form {
    double *room; /* the six lists below in one block */
    double *scale, *shift, *sign, *constant;
    double *inverse, *back; /* x = inverse t + back */
    double c[NN_DEGREE_MAX + 1];
} normal_form;

static nn_status form_init(normal_form *f, size_t count)
{
    *f = (normal_form){.room = malloc(6 * count * sizeof *f->room)};
    if (f->room == NULL)
        return NN_ERR_MEMORY;
    f->scale = f->room;
    f->shift = f->room + count;
    f->sign = f->room + 2 * count;
    f->constant = f->room + 3 * count;
    f->inverse = f->room + 4 * count;
    f->back = f->room + 5 * count;
    return NN_OK;
}

/* Write element i of a polynomial in t. q gets sign * c[k], and the constant at 0.
 * An element that is a constant gets t = 0. Returns 0 when there is no normal form: the leading
 * coefficient is 0 and another is not. */
static int form_element(normal_form *f, double q[NN_DEGREE_MAX + 1], const nn_stage *stage,
                        size_t i, int shifting)
{
    int d = stage->degree, constant = 1;
    double a = nn_stage_coef(stage, d, i), power = 1;

    for (int k = 0; k <= d; k++) {
        q[k] = nn_stage_coef(stage, k, i);
        constant = constant && (k == 0 || q[k] == 0.0);
    }
    if (constant) {
        f->scale[i] = f->shift[i] = 0;
        f->sign[i] = 1;
        f->constant[i] = q[0];
        return 1;
    }
    if (a == 0.0)
        return 0;
    f->shift[i] = shifting ? q[d - 1] / (d * a) : 0.0;
    f->scale[i] = d == 2 ? sqrt(fabs(a)) : pow(fabs(a), 1.0 / d);
    f->sign[i] = a > 0 ? 1 : -1;
    for (int k = 0; k < d; k++) /* p(u - shift) by repeated synthetic division */
        for (int n = d; n-- > k;)
            q[n] -= f->shift[i] * q[n + 1];
    if (shifting)
        q[d - 1] = 0; /* but for rounding */
    for (int k = 0; k < d; k++, power *= f->scale[i])
        q[k] /= power;
    q[d] = f->sign[i];
    f->constant[i] = q[0];
    return 1;
}

/* Compute the whole form. Returns 0 when an element has none, or when the c[k] differ. */
static int form_make(normal_form *f, const nn_stage *stage, int shifting)
{
    size_t count = nn_shape_count(stage->out);
    int seen = 0;

    for (int k = 0; k <= NN_DEGREE_MAX; k++)
        f->c[k] = 0;
    f->c[stage->degree] = 1;
    for (size_t i = 0; i < count; i++) {
        double q[NN_DEGREE_MAX + 1];

        if (!form_element(f, q, stage, i, shifting))
            return 0;
        for (int k = 1; k < stage->degree && f->scale[i] > 0; k++) {
            double c = f->sign[i] * q[k];
            if (seen && fabs(c - f->c[k]) > EQUAL_TOLERANCE * fmax(1.0, fabs(f->c[k])))
                return 0;
            if (!seen)
                f->c[k] = c;
        }
        seen = seen || f->scale[i] > 0;
        f->inverse[i] = 1 / f->scale[i];
        f->back[i] = -f->shift[i];
    }
    return 1;
}

static double largest_shift(const normal_form *f, size_t count)
{
    double most = 0;

    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(f->shift[i]));
    return most;
}

/* A form with a shift where that is harmless or needed, else without. */
static int choose_form(normal_form *f, const nn_stage *poly, double range)
{
    size_t count = nn_shape_count(poly->out);

    if (form_make(f, poly, 1) &&
        (poly->element != NULL || largest_shift(f, count) <= SHIFT_MAX * range))
        return 1;
    return form_make(f, poly, 0);
}

/* Whether the map to t can be undone without losing precision. */
static int is_gentle(const normal_form *f, size_t count)
{
    double least = INFINITY, most = 0;

    for (size_t i = 0; i < count; i++) {
        least = fmin(least, f->scale[i]);
        most = fmax(most, f->scale[i]);
    }
    return least > 0 && most <= STEEP_MAX * least;
}

/* ---- the neighbours of polynomial k ---- */

/* The affine stage before it, or NULL: where others take its value, these have to be affine. */
static nn_stage *before_of(nn_stages *s, size_t k)
{
    size_t value = s->stage[k].input[0];

    if (value == 0 || s->stage[value - 1].kind != NN_STAGE_AFFINE)
        return NULL;
    return nn_merge_only_user(s, value) == k || nn_merge_all_affine(s, value, k)
               ? &s->stage[value - 1]
               : NULL;
}

/* Fold the map to t into the affine stage before, and carry its range along. */
static nn_status fold_before(nn_stages *s, size_t k, nn_stage *before, const normal_form *f)
{
    double bound = 0;
    nn_status st = NN_OK;

    if (nn_merge_only_user(s, s->stage[k].input[0]) != k)
        st = nn_merge_substitute(s, s->stage[k].input[0], k, f->inverse, f->back);
    for (size_t i = before->input_count; i-- > 0 && st == NN_OK;)
        st = nn_affine_scale_rows(&before->affine[i], f->scale, i == 0 ? f->shift : NULL);
    for (size_t i = 0; i < nn_shape_count(before->out); i++) {
        bound = fmax(bound, f->scale[i] * (before->range + fabs(f->shift[i])));
        f->back[i] = f->scale[i] * f->shift[i];
    }
    before->range = bound > 0 ? bound : 1.0;
    return st == NN_OK ? nn_stage_trace(before, f->scale, f->back) : st;
}

/* The polynomial's output y has become (y - constant) / sign. */
static nn_status trace_after(nn_stage *poly, normal_form *f)
{
    for (size_t i = 0; i < nn_shape_count(poly->out); i++) {
        f->inverse[i] = 1 / f->sign[i];
        f->back[i] = -f->constant[i] / f->sign[i];
    }
    return nn_stage_trace(poly, f->inverse, f->back);
}

/* Fold sign and constant into the affine stages after, and make the polynomial the monic one. */
static nn_status fold_after(nn_stages *s, size_t k, normal_form *f)
{
    nn_stage *poly = &s->stage[k];
    double most = 0;

    nn_status st = nn_merge_substitute(s, k + 1, SIZE_MAX, f->sign, f->constant);
    for (size_t i = 0; i < nn_shape_count(poly->out); i++)
        most = fmax(most, fabs(f->constant[i]));
    poly->range += most;
    free(poly->element);
    poly->element = NULL;
    memcpy(poly->coef, f->c, sizeof poly->coef);
    return st == NN_OK ? trace_after(poly, f) : st;
}

/* Sign and constant stay with the polynomial, when these are the same for all elements. */
static int keep_after(nn_stage *poly, const normal_form *f)
{
    size_t count = nn_shape_count(poly->out);

    for (size_t i = 0; i < count; i++)
        if (f->sign[i] != f->sign[0] || f->constant[i] != f->constant[0])
            return 0;
    free(poly->element);
    poly->element = NULL;
    for (int k = 0; k <= NN_DEGREE_MAX; k++)
        poly->coef[k] = k <= poly->degree ? f->sign[0] * f->c[k] : 0;
    poly->coef[0] = f->constant[0];
    return 1;
}

/* Without an affine stage before: divide by the leading coefficient, which joins those after. */
static nn_status fold_leading(nn_stages *s, size_t k, normal_form *f)
{
    nn_stage *poly = &s->stage[k];
    double a = poly->coef[poly->degree], constant = poly->coef[0];

    for (size_t i = 0; i < nn_shape_count(poly->out); i++) {
        f->sign[i] = a;
        f->constant[i] = constant;
    }
    nn_status st = nn_merge_substitute(s, k + 1, SIZE_MAX, f->sign, f->constant);
    poly->range = (poly->range + fabs(constant)) / fabs(a);
    poly->coef[0] = 0;
    for (int n = 1; n < poly->degree; n++)
        poly->coef[n] /= a;
    poly->coef[poly->degree] = 1;
    return st == NN_OK ? trace_after(poly, f) : st;
}

/* ---- stages for coefficients that differ between elements ---- */

/* Put a stage before stage k, which is then k + 1; its value and those behind have the next number.
 * Takes the stage over. */
static nn_status insert(nn_stages *s, size_t k, nn_stage *stage)
{
    nn_status st = nn_stages_append(s, stage);

    if (st != NN_OK) {
        nn_stage_clear(stage);
        return st;
    }
    nn_stage last = s->stage[s->count - 1];
    memmove(&s->stage[k + 1], &s->stage[k], (s->count - 1 - k) * sizeof last);
    s->stage[k] = last;
    for (size_t n = k + 1; n < s->count; n++)
        for (size_t i = 0; i < s->stage[n].input_count; i++)
            s->stage[n].input[i] += s->stage[n].input[i] > k;
    return NN_OK;
}

/* Put an identity behind polynomial k where nothing affine takes its value, for constants. */
static nn_status add_behind(nn_stages *s, size_t k)
{
    nn_stage stage = {.kind = NN_STAGE_AFFINE, .input_count = 1, .input = {k + 1}};
    size_t value = k + 1;

    if (nn_merge_all_affine(s, value, SIZE_MAX))
        return NN_OK;
    stage.out = s->stage[k].out;
    nn_stage_take_range(&stage, &s->stage[k]);
    stage.traced = s->stage[k].traced;
    (void)snprintf(stage.name, sizeof stage.name, "constants");
    nn_status st = nn_affine_diagonal(&stage.affine[0], nn_shape_count(stage.out), NULL, NULL);
    if (st == NN_OK)
        st = insert(s, k + 1, &stage);
    for (size_t n = k + 2; n < s->count && st == NN_OK; n++)
        for (size_t i = 0; i < s->stage[n].input_count; i++)
            s->stage[n].input[i] += s->stage[n].input[i] == value;
    return st;
}

static int has_power(const nn_stage *poly, int e)
{
    for (size_t i = 0; i < nn_shape_count(poly->out); i++)
        if (nn_stage_coef(poly, e, i) != 0.0)
            return 1;
    return 0;
}

/* Make polynomial *k a sum of powers, each with its coefficients on a diagonal; *k is then the sum.
 */
static nn_status expand(nn_stages *s, size_t *k)
{
    const size_t from = s->stage[*k].input[0], count = nn_shape_count(s->stage[*k].out);
    nn_stage sum = {.kind = NN_STAGE_AFFINE, .origin = NN_FROM_JOIN};
    nn_status st = NN_OK;

    for (int e = 1; e <= s->stage[*k].degree && st == NN_OK; e++) {
        const nn_stage *poly = &s->stage[*k];
        const double *constant = sum.input_count == 0 ? poly->element : NULL;
        if (!has_power(poly, e))
            continue;
        st = nn_affine_diagonal(&sum.affine[sum.input_count], count,
                                poly->element + (size_t)e * count, constant);
        sum.input[sum.input_count++] = e == 1 ? from : *k + 1;
        if (e == 1 || st != NN_OK)
            continue;
        nn_stage power = {.kind = NN_STAGE_POLY, .input_count = 1, .input = {from}, .degree = e};
        power.out = poly->out;
        power.coef[e] = 1;
        power.range = 1; /* until all are bounded */
        memcpy(power.name, poly->name, sizeof power.name);
        st = insert(s, *k, &power);
        *k += st == NN_OK;
    }
    nn_stage *poly = &s->stage[*k];
    sum.out = poly->out;
    nn_stage_take_range(&sum, poly);
    sum.traced = poly->traced;
    memcpy(sum.name, poly->name, sizeof sum.name);
    if (st != NN_OK) {
        nn_stage_clear(&sum);
        return st;
    }
    nn_stage_clear(poly);
    *poly = sum;
    return NN_OK;
}

nn_status nn_monic_expand(nn_stages *s)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        nn_stage *poly = &s->stage[k];
        const nn_stage *before = before_of(s, k);
        normal_form f = {.room = NULL};

        if (poly->kind != NN_STAGE_POLY || poly->element == NULL)
            continue;
        st = form_init(&f, nn_shape_count(poly->out));
        if (st == NN_OK && (before == NULL || !choose_form(&f, poly, before->range) ||
                            (nn_merge_only_user(s, poly->input[0]) != k &&
                             !is_gentle(&f, nn_shape_count(poly->out)))))
            st = expand(s, &k);
        free(f.room);
    }
    return st;
}

/* ---- one polynomial ---- */

static nn_status fold_poly(nn_stages *s, size_t k, normal_form *f)
{
    nn_stage *poly = &s->stage[k], *before = before_of(s, k);
    int after = nn_merge_all_affine(s, k + 1, SIZE_MAX);
    int alone = nn_merge_only_user(s, poly->input[0]) == k;

    if (before != NULL && (!choose_form(f, poly, before->range) ||
                           (!alone && !is_gentle(f, nn_shape_count(poly->out)))))
        before = NULL; /* of a uniform polynomial: nn_monic_expand has dealt with the others */
    if (before == NULL)
        return after ? fold_leading(s, k, f) : NN_OK;
    if (!after && !keep_after(poly, f))
        return NN_ERR_ARG; /* cannot be: add_behind has seen to it */
    nn_status st = fold_before(s, k, before, f);
    return st == NN_OK && after ? fold_after(s, k, f) : st;
}

nn_status nn_monic_fold(nn_stages *s, int all, char *why, size_t why_size)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        const nn_stage *stage = &s->stage[k];
        normal_form f = {.room = NULL};

        if (stage->kind != NN_STAGE_POLY || stage->basis != CKKS_BASIS_MONOMIAL ||
            (!all && stage->element == NULL))
            continue;
        if (stage->element != NULL)
            st = add_behind(s, k);
        if (st == NN_OK)
            st = form_init(&f, nn_shape_count(s->stage[k].out));
        if (st == NN_OK)
            st = fold_poly(s, k, &f);
        free(f.room);
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "activation '%s': its constants cannot be folded",
                         s->stage[k].name);
    }
    return st;
}
