/* Merging affine stages and folding activation constants, see nn/rewrite.h. */

#include "nn/rewrite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/why.h"

/* A shift above this many times the range before it is refused: t would lose its leading bits to
 * the shift, which the constant after the polynomial takes away again. */
#define SHIFT_MAX 16.0

/* Coefficients count as equal up to rounding when they agree to this part of their magnitude; they
 * come from float weights, of 2^-24 relative precision. */
#define EQUAL_TOLERANCE 1e-6

/* A polynomial stage in its normal form: y = sign (t^d + sum c[k] t^k, 1 <= k < d) + constant,
 * where t = scale (x + shift); scale, shift, sign and constant per element. */
typedef struct normal_form {
    double *room; /* the four lists below in one block */
    double *scale, *shift, *sign, *constant;
    double c[NN_DEGREE_MAX + 1];
} normal_form;

/* ---- cost ---- */

static size_t depth_of_power(int k)
{
    size_t depth = 0;

    for (int reach = 1; reach < k; reach *= 2)
        depth++;
    return depth;
}

/* Whether a coefficient is 0 everywhere, and whether it is 1 or -1 everywhere. */
static void look_at(const nn_stage *stage, int k, int *zero, int *unit)
{
    size_t count = stage->element != NULL ? nn_shape_count(stage->in) : 1;

    *zero = *unit = 1;
    for (size_t i = 0; i < count; i++) {
        double c = nn_stage_coef(stage, k, i);
        *zero = *zero && c == 0.0;
        *unit = *unit && fabs(c) == 1.0;
    }
}

size_t nn_rewrite_stage_levels(const nn_stage *stage)
{
    size_t most = 0;

    if (stage->kind == NN_STAGE_AFFINE)
        return nn_affine_is_identity(&stage->affine) ? 0 : 1;
    for (int k = 1; k <= stage->degree; k++) {
        int zero, unit;
        look_at(stage, k, &zero, &unit);
        size_t levels = depth_of_power(k) + (unit ? 0 : 1);
        if (!zero && levels > most)
            most = levels;
    }
    return most;
}

/* Powers of x that have to be made, x^k from x^ceil(k/2) and x^floor(k/2). */
static size_t powers_of(const nn_stage *stage)
{
    int wanted[NN_DEGREE_MAX + 1] = {0};
    size_t count = 0;

    for (int k = stage->degree; k >= 2; k--) {
        int zero, unit;
        look_at(stage, k, &zero, &unit);
        if (zero && !wanted[k])
            continue;
        wanted[k / 2] = wanted[k - k / 2] = 1;
        count++;
    }
    return count;
}

static int is_square(const nn_stage *stage)
{
    return stage->kind == NN_STAGE_POLY && stage->element == NULL && stage->degree == 2 &&
           stage->coef[2] == 1.0 && stage->coef[1] == 0.0 && stage->coef[0] == 0.0;
}

nn_cost nn_rewrite_cost(const nn_stages *s)
{
    nn_cost cost = {.levels = 0};

    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];

        cost.levels += nn_rewrite_stage_levels(stage);
        if (stage->kind == NN_STAGE_POLY) {
            cost.poly_stages++;
            cost.square_stages += (size_t)is_square(stage);
            cost.multiplications += powers_of(stage) * nn_shape_count(stage->in);
        } else if (!nn_affine_is_identity(&stage->affine)) {
            cost.affine_stages++;
            cost.constants += nn_affine_nonzeros(&stage->affine);
        }
    }
    return cost;
}

/* ---- merging ---- */

/* Replace stages k and k + 1, both affine, by their composition. */
static nn_status merge_pair(nn_stages *s, size_t k, char *why, size_t why_size)
{
    nn_stage *first = &s->stage[k], *second = &s->stage[k + 1];
    char name[NN_STAGE_NAME_SIZE * 2 + 2] = "";
    nn_affine joined;

    nn_status st = nn_affine_compose(&joined, &second->affine, &first->affine);
    if (st != NN_OK)
        return nn_why(why, why_size, st,
                      st == NN_ERR_MEMORY
                          ? "out of memory merging '%s' and '%s'"
                          : "merging '%s' and '%s' makes a matrix that is too large",
                      first->name, second->name);
    nn_affine_clear(&second->affine);
    second->affine = joined;
    second->in = first->in;
    (void)snprintf(name, sizeof name, "%s+%s", first->name, second->name);
    memcpy(second->name, name, sizeof second->name - 1);
    second->name[sizeof second->name - 1] = '\0';
    nn_stage_clear(first);
    memmove(first, second, (s->count - k - 1) * sizeof *first);
    s->count--;
    return NN_OK;
}

static nn_status merge_affine(nn_stages *s, char *why, size_t why_size)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k + 1 < s->count && st == NN_OK;) {
        if (s->stage[k].kind == NN_STAGE_AFFINE && s->stage[k + 1].kind == NN_STAGE_AFFINE)
            st = merge_pair(s, k, why, why_size);
        else
            k++;
    }
    return st;
}

static void drop_identities(nn_stages *s)
{
    size_t kept = 0;

    for (size_t k = 0; k < s->count; k++) {
        int drop = s->stage[k].kind == NN_STAGE_AFFINE &&
                   nn_affine_is_identity(&s->stage[k].affine) && (k + 1 < s->count || kept > 0);
        if (drop)
            nn_stage_clear(&s->stage[k]);
        else
            s->stage[kept++] = s->stage[k];
    }
    s->count = kept;
}

/* Put an identity before stage k, for constants to be folded into. */
static nn_status insert_identity(nn_stages *s, size_t k)
{
    nn_shape shape = k < s->count ? s->stage[k].in : s->stage[k - 1].out;
    nn_stage stage = {.kind = NN_STAGE_AFFINE, .in = shape, .out = shape};
    const nn_stage *before = k > 0 ? &s->stage[k - 1] : NULL;

    stage.range = before != NULL ? before->range : fmax(fabs(s->input_lo), fabs(s->input_hi));
    stage.measured = before != NULL && before->measured;
    (void)snprintf(stage.name, sizeof stage.name, "constants");
    nn_status st = nn_affine_diagonal(&stage.affine, nn_shape_count(shape), NULL, NULL);
    if (st != NN_OK)
        return st;
    st = nn_stages_append(s, &stage);
    if (st != NN_OK) {
        nn_stage_clear(&stage);
        return st;
    }
    nn_stage last = s->stage[s->count - 1];
    memmove(&s->stage[k + 1], &s->stage[k], (s->count - 1 - k) * sizeof last);
    s->stage[k] = last;
    return NN_OK;
}

/* ---- folding activations ---- */

static nn_status form_init(normal_form *f, size_t count)
{
    *f = (normal_form){.room = malloc(4 * count * sizeof *f->room)};
    if (f->room == NULL)
        return NN_ERR_MEMORY;
    f->scale = f->room;
    f->shift = f->room + count;
    f->sign = f->room + 2 * count;
    f->constant = f->room + 3 * count;
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
    size_t count = nn_shape_count(stage->in);
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

/* Fold the map to t into the affine stage before, and carry its range along. */
static nn_status fold_before(nn_stage *before, const normal_form *f)
{
    double bound = 0;

    nn_status st = nn_affine_scale_rows(&before->affine, f->scale, f->shift);
    if (st != NN_OK)
        return st;
    for (size_t i = 0; i < before->affine.rows; i++)
        bound = fmax(bound, f->scale[i] * (before->range + fabs(f->shift[i])));
    before->range = bound > 0 ? bound : 1.0;
    return NN_OK;
}

/* Fold sign and constant into the affine stage after, and make the polynomial the monic one. */
static nn_status fold_after(nn_stage *poly, nn_stage *after, const normal_form *f)
{
    double most = 0;

    nn_status st = nn_affine_scale_cols(&after->affine, f->sign, f->constant);
    if (st != NN_OK)
        return st;
    for (size_t i = 0; i < after->affine.cols; i++)
        most = fmax(most, fabs(f->constant[i]));
    poly->range += most;
    free(poly->element);
    poly->element = NULL;
    memcpy(poly->coef, f->c, sizeof poly->coef);
    return NN_OK;
}

/* The last stage keeps sign and constant, when these are the same for all elements. */
static int keep_after(nn_stage *poly, const normal_form *f)
{
    size_t count = nn_shape_count(poly->in);

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

/* Without an affine stage before: divide by the leading coefficient, which joins the stage after.
 */
static nn_status fold_leading(nn_stage *poly, nn_stage *after, normal_form *f)
{
    double a = poly->coef[poly->degree], constant = poly->coef[0];

    for (size_t i = 0; i < nn_shape_count(poly->in); i++) {
        f->sign[i] = a;
        f->constant[i] = constant;
    }
    nn_status st = nn_affine_scale_cols(&after->affine, f->sign, f->constant);
    if (st != NN_OK)
        return st;
    poly->range = (poly->range + fabs(constant)) / fabs(a);
    poly->coef[0] = 0;
    for (int k = 1; k < poly->degree; k++)
        poly->coef[k] /= a;
    poly->coef[poly->degree] = 1;
    return NN_OK;
}

static int is_affine(const nn_stages *s, size_t k)
{
    return k < s->count && s->stage[k].kind == NN_STAGE_AFFINE;
}

/* Coefficients per element need a stage on both sides, whatever it costs. */
static nn_status add_sides(nn_stages *s, size_t *k)
{
    nn_status st = NN_OK;

    if (s->stage[*k].element == NULL)
        return NN_OK;
    if (!is_affine(s, *k + 1))
        st = insert_identity(s, *k + 1);
    if (st == NN_OK && (*k == 0 || !is_affine(s, *k - 1))) {
        st = insert_identity(s, *k);
        *k += st == NN_OK;
    }
    return st;
}

/* A form with a shift where that is harmless or needed, else without. */
static int choose_form(normal_form *f, const nn_stage *poly, const nn_stage *before)
{
    size_t count = nn_shape_count(poly->in);

    if (form_make(f, poly, 1) &&
        (poly->element != NULL || largest_shift(f, count) <= SHIFT_MAX * before->range))
        return 1;
    return form_make(f, poly, 0);
}

static nn_status fold_poly(nn_stages *s, size_t k, normal_form *f, char *why, size_t why_size)
{
    nn_stage *poly = &s->stage[k];
    nn_stage *before = k > 0 && is_affine(s, k - 1) ? poly - 1 : NULL;
    nn_stage *after = is_affine(s, k + 1) ? poly + 1 : NULL;

    if (before == NULL)
        return after != NULL ? fold_leading(poly, after, f) : NN_OK;
    if (!choose_form(f, poly, before))
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "activation '%s': its coefficients differ between elements in a way that "
                      "cannot be folded into the layers around it; use the same coefficients for "
                      "all elements, or a x^2 + b x + c with a not 0",
                      poly->name);
    if (after == NULL && !keep_after(poly, f))
        return nn_why(why, why_size, NN_ERR_ARG, "activation '%s': no stage after", poly->name);
    nn_status st = fold_before(before, f);
    if (st == NN_OK && after != NULL)
        st = fold_after(poly, after, f);
    return st;
}

static nn_status fold_all(nn_stages *s, char *why, size_t why_size)
{
    nn_status st = NN_OK;

    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        normal_form f = {.room = NULL};

        if (s->stage[k].kind != NN_STAGE_POLY)
            continue;
        (void)nn_why(why, why_size, NN_OK, "activation '%s': its constants cannot be folded",
                     s->stage[k].name);
        st = add_sides(s, &k);
        if (st == NN_OK)
            st = form_init(&f, nn_shape_count(s->stage[k].in));
        if (st == NN_OK)
            st = fold_poly(s, k, &f, why, why_size);
        free(f.room);
    }
    return st;
}

nn_status nn_rewrite_merge(nn_stages *s, nn_rewrite_report *report, char *why, size_t why_size)
{
    nn_rewrite_report costs = {.before = {.levels = 0}};

    if (s == NULL || s->count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_rewrite_merge: no stages");
    costs.before = nn_rewrite_cost(s);
    nn_status st = merge_affine(s, why, why_size);
    if (st == NN_OK)
        st = fold_all(s, why, why_size);
    if (st == NN_OK) {
        drop_identities(s);
        st = nn_stages_bound(s, why, why_size);
    }
    if (st != NN_OK) {
        nn_stages_clear(s);
        return st;
    }
    costs.after = nn_rewrite_cost(s);
    if (report != NULL)
        *report = costs;
    return NN_OK;
}
