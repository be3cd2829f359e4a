/* Polynomials of ciphertexts: walks the decisions of polyeval_plan.c. See polyeval.h.
 *
 * A view is a copy of a ciphertext's header with fewer limbs: it shares the rows and is only read.
 */
#include "ckks/circuits/polyeval.h"

#include <math.h>

#include "ckks/base/check.h"
#include "ckks/eval/eval.h"

static ckks_ciphertext view(const ckks_ciphertext *c, int limbs)
{
    ckks_ciphertext v = *c;

    v.limbs = limbs;
    return v;
}

/* Largest |P_k| and |P_k'| over |x| <= size. */
static double power_size(const ckks_poly_run *run, int k, double size)
{
    if (run->basis == CKKS_BASIS_MONOMIAL)
        return pow(size, k);
    return size <= 1.0 ? 1.0 : cosh(k * acosh(size));
}

static double power_slope(const ckks_poly_run *run, int k, double size)
{
    if (run->basis == CKKS_BASIS_MONOMIAL)
        return k * pow(size, k - 1);
    /* |T_k'| <= k^2 on [-1, 1]; beyond, k sinh(k u) / sinh(u) <= k^2 cosh(k u) with size =
     * cosh(u) */
    return (double)k * k * power_size(run, k, size);
}

/* Two parts out of three, and t primes dropped, the first in the same division. */
static ckks_status relinearise_lower(ckks_worker *w, ckks_ciphertext *out,
                                     const ckks_ciphertext *in, int t)
{
    ckks_status st = ckks_eval_relinearise(w, out, in, t > 0);

    for (int i = 1; st == CKKS_OK && i < t; i++)
        st = ckks_eval_rescale(w, out, out);
    return st;
}

/* P_k from its factors: x^a x^b, 2 T_a^2 - 1 or 2 T_a T_b - T_1. */
static ckks_status make_power(ckks_worker *w, ckks_poly_run *run, ckks_poly_power *power,
                              double size)
{
    size_t mark = ckks_arena_mark(&w->arena);
    const ckks_poly_power *a = ckks_poly_find(run, (power->k + 1) / 2);
    const ckks_poly_power *b = ckks_poly_find(run, power->k / 2);
    int limbs = a->limbs < b->limbs ? a->limbs : b->limbs;
    int chebyshev = run->basis == CKKS_BASIS_CHEBYSHEV;
    ckks_ciphertext va = view(&a->value, limbs);
    ckks_ciphertext vb = view(&b->value, limbs);
    ckks_ciphertext product;
    ckks_ciphertext one;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_temporary(w, &product, run->limbs, 3));
    CKKS_TRY(ckks_eval_temporary(w, &one, run->limbs, 2));
    if (a == b)
        CKKS_TRY(ckks_eval_square_raw(w, &product, &va));
    else
        CKKS_TRY(ckks_eval_mul_raw(w, &product, &va, &vb));
    if (chebyshev) {
        CKKS_TRY(ckks_eval_add(w, &product, &product, &product));
        if (a != b) {
            ckks_ciphertext first = view(&run->power[0].value, limbs);
            CKKS_TRY(ckks_eval_mul_const(w, &one, &first, 1.0,
                                         ckks_scale_div(product.scale, first.scale)));
            CKKS_TRY(ckks_eval_sub(w, &product, &product, &one));
        }
    }
    CKKS_TRY(relinearise_lower(w, &power->value, &product, limbs - power->limbs));
    if (chebyshev && a == b)
        CKKS_TRY(ckks_eval_add_const(w, &power->value, &power->value, -1.0));
    ckks_ciphertext_set_magnitude(&power->value, power_size(run, power->k, size));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

static ckks_status node(ckks_worker *w, ckks_poly_run *run, ckks_ciphertext *out, int first,
                        int length, int limbs, ckks_scale scale);

/* Sum of constants times powers at (limbs, scale), then t primes dropped. */
static ckks_status leaf(ckks_worker *w, ckks_poly_run *run, ckks_ciphertext *out, int first,
                        int length, int limbs, ckks_scale scale, int t)
{
    size_t mark = ckks_arena_mark(&w->arena);
    int single = ckks_poly_single(run, first, length);
    int started = 0;
    ckks_ciphertext term;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_temporary(w, &term, run->limbs, 2));
    for (int i = 1; i < length; i++) {
        ckks_ciphertext x;
        if (run->coef[first + i] == 0.0)
            continue;
        x = view(&ckks_poly_find(run, i)->value, limbs);
        if (single == i && t == 0 && ckks_scale_equal(scale, x.scale)) {
            CKKS_TRY(ckks_eval_drop(w, out, &x, limbs));
        } else {
            CKKS_TRY(ckks_eval_mul_const(w, started ? &term : out, &x, run->coef[first + i],
                                         ckks_scale_div(scale, x.scale)));
            if (started)
                CKKS_TRY(ckks_eval_add(w, out, out, &term));
        }
        started = 1;
    }
    for (int i = 0; i < t; i++)
        CKKS_TRY(ckks_eval_rescale(w, out, out));
    if (run->coef[first] != 0.0)
        CKKS_TRY(ckks_eval_add_const(w, out, out, run->coef[first]));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* c P_g + r with a constant c. */
static ckks_status constant_node(ckks_worker *w, ckks_poly_run *run, ckks_ciphertext *out,
                                 int first, int g, int limbs, ckks_scale scale, int t)
{
    size_t mark = ckks_arena_mark(&w->arena);
    ckks_ciphertext x = view(&ckks_poly_find(run, g)->value, limbs);
    int r_length = ckks_poly_trim(run, first, g);
    ckks_ciphertext r;
    ckks_status st = CKKS_OK;

    if (run->coef[first + g] == 1.0 && t == 0 && ckks_scale_equal(scale, x.scale))
        CKKS_TRY(ckks_eval_drop(w, out, &x, limbs));
    else
        CKKS_TRY(
            ckks_eval_mul_const(w, out, &x, run->coef[first + g], ckks_scale_div(scale, x.scale)));
    if (r_length > 1) {
        CKKS_TRY(ckks_eval_temporary(w, &r, run->limbs, 2));
        CKKS_TRY(node(w, run, &r, first, r_length, limbs, scale));
        CKKS_TRY(ckks_eval_add(w, out, out, &r));
    }
    for (int i = 0; i < t; i++)
        CKKS_TRY(ckks_eval_rescale(w, out, out));
    if (r_length == 1)
        CKKS_TRY(ckks_eval_add_const(w, out, out, run->coef[first]));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* q P_g + r, relinearised once. */
static ckks_status product_node(ckks_worker *w, ckks_poly_run *run, ckks_ciphertext *out, int first,
                                int length, int g, int limbs, ckks_scale scale, int t)
{
    size_t mark = ckks_arena_mark(&w->arena);
    ckks_ciphertext x = view(&ckks_poly_find(run, g)->value, limbs);
    int r_length = ckks_poly_trim(run, first, g);
    ckks_ciphertext product;
    ckks_ciphertext part;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_temporary(w, &product, run->limbs, 3));
    CKKS_TRY(ckks_eval_temporary(w, &part, run->limbs, 2));
    CKKS_TRY(node(w, run, &part, first + g, length - g, limbs, ckks_scale_div(scale, x.scale)));
    CKKS_TRY(ckks_eval_mul_raw(w, &product, &part, &x));
    if (r_length > 1) {
        CKKS_TRY(node(w, run, &part, first, r_length, limbs, scale));
        CKKS_TRY(ckks_eval_add(w, &product, &product, &part));
    }
    CKKS_TRY(relinearise_lower(w, out, &product, t));
    if (r_length == 1)
        CKKS_TRY(ckks_eval_add_const(w, out, out, run->coef[first]));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* The value of a node at exactly (limbs, scale). */
static ckks_status node(ckks_worker *w, ckks_poly_run *run, ckks_ciphertext *out, int first,
                        int length, int limbs, ckks_scale scale)
{
    int trimmed = ckks_poly_trim(run, first, length);
    int g = ckks_poly_split(run, trimmed);
    int t = ckks_poly_drops(run, first, trimmed, limbs, scale);
    ckks_scale raised = {0.0, 0.0};

    if (t < 0)
        return ckks_worker_fail(w, CKKS_ERR_LEVEL,
                                "polynomial: a part of degree %d does not fit %d limbs",
                                trimmed - 1, limbs);
    raised = ckks_poly_raise(run, limbs, scale, t);
    if (g == 0)
        return leaf(w, run, out, first, trimmed, limbs + t, raised, t);
    if (ckks_poly_trim(run, first + g, trimmed - g) == 1)
        return constant_node(w, run, out, first, g, limbs + t, raised, t);
    return product_node(w, run, out, first, trimmed, g, limbs + t, raised, t);
}

/* Every key that will be used, before anything changes. */
static ckks_status check_keys(ckks_worker *w, const ckks_poly_run *run)
{
    /* The first product is P_1 P_1, at all limbs of the input. */
    if (run->products > 0 &&
        ckks_keyswitch_find(w, CKKS_KEY_RELINEARISE, 1, run->limbs, 0, 0) == NULL)
        return ckks_worker_fail(
            w, CKKS_ERR_NO_KEY,
            "polynomial: no relinearisation key for %d limbs is lent to the worker", run->limbs);
    return CKKS_OK;
}

/* Bound of the result, and its error: what the operations add, and the input's error through the
 * slope. */
static void set_result(const ckks_poly_run *run, ckks_ciphertext *out, const ckks_polynomial *p,
                       double magnitude, double error)
{
    double size = fabs(p->coef[0]);
    double slope = 0.0;

    for (int k = 1; k <= run->degree; k++) {
        size += fabs(p->coef[k]) * power_size(run, k, magnitude);
        slope += fabs(p->coef[k]) * power_slope(run, k, magnitude);
    }
    out->magnitude = size;
    out->error = ckks_noise_add(out->error, slope * error);
    out->seeded = 0;
}

ckks_status ckks_poly_eval(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                           const ckks_polynomial *p, double min_scale)
{
    ckks_poly_run run;
    ckks_ciphertext result;
    double magnitude = 0.0;
    double error = 0.0;
    size_t mark = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(ckks_eval_check_unary(w, "polynomial", out, in));
    CKKS_TRY(ckks_eval_check_two_parts(w, "polynomial", in));
    st = ckks_poly_cut(&run, w->ctx, p);
    if (st == CKKS_OK)
        st = ckks_poly_decide(&run, in->limbs, in->scale, min_scale);
    if (st != CKKS_OK) {
        st = ckks_worker_fail(
            w, st,
            st == CKKS_ERR_LEVEL
                ? "polynomial: %d limbs at scale 2^%.2f and at least 2^%.2f do not "
                  "suffice"
                : "polynomial: bad basis, degree or coefficients (%d limbs, scale "
                  "2^%.2f, at least 2^%.2f)",
            in->limbs, ckks_scale_log2(in->scale), log2(min_scale));
        goto out;
    }
    CKKS_TRY(check_keys(w, &run));
    CKKS_TRY(ckks_worker_need_rows(w, ckks_poly_scratch_rows(w->ctx, &run, in->limbs, w->threads)));
    magnitude = in->magnitude;
    error = in->error;
    run.power[0].value = *in;
    for (int i = 1; i < run.power_count; i++)
        CKKS_TRY(ckks_eval_temporary(w, &run.power[i].value, in->limbs, 2));
    for (int i = 1; i < run.power_count; i++)
        CKKS_TRY(make_power(w, &run, &run.power[i], magnitude));
    CKKS_TRY(ckks_eval_temporary(w, &result, in->limbs, 2));
    CKKS_TRY(node(w, &run, &result, 0, run.degree + 1, run.limbs_out, run.scale_out));
    set_result(&run, &result, p, magnitude, error);
    CKKS_TRY(ckks_ciphertext_copy(out, &result));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
