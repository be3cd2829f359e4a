/* Interval bounds of all values of a network, see nn/stages/stage.h. */

#include <math.h>
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/stages/stage.h"

static const double pi = 3.14159265358979323846;

/* Bounds of every element of a value, [0] below and [1] above, in one block. */
typedef struct interval {
    double *lo, *hi;
} interval;

static nn_status interval_init(interval *v, size_t count)
{
    v->lo = malloc(2 * count * sizeof *v->lo);
    v->hi = v->lo != NULL ? v->lo + count : NULL;
    return v->lo != NULL ? NN_OK : NN_ERR_MEMORY;
}

static void bound_affine(const nn_affine *a, interval *out, const interval *in)
{
    for (size_t i = 0; i < a->rows; i++) {
        double lo = a->bias[i], hi = a->bias[i];

        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++) {
            double v = a->value[e], u = v * in->lo[a->col[e]], w = v * in->hi[a->col[e]];

            lo += v > 0 ? u : w;
            hi += v > 0 ? w : u;
        }
        out->lo[i] += lo;
        out->hi[i] += hi;
    }
}

/* Around the middle m of [lo, hi], p(m + t) = sum c_k t^k with |t| <= r: an odd power lies in
 * [-r^k, r^k], an even one in [0, r^k]. */
static void bound_powers(const nn_stage *stage, size_t i, double *lo, double *hi)
{
    double c[NN_DEGREE_MAX + 1] = {0}, m = (*lo + *hi) / 2, r = (*hi - *lo) / 2, power = 1;
    int d = stage->degree;

    for (int k = 0; k <= d; k++)
        c[k] = nn_stage_coef(stage, k, i);
    for (int k = 0; k < d; k++) /* Taylor shift by repeated synthetic division */
        for (int n = d; n-- > k;)
            c[n] += m * c[n + 1];
    *lo = *hi = c[0];
    for (int k = 1; k <= d; k++) {
        power *= r;
        double v = c[k] * power;
        *lo -= k % 2 == 1 ? fabs(v) : v < 0 ? -v : 0;
        *hi += k % 2 == 1 ? fabs(v) : v > 0 ? v : 0;
    }
}

/* Bounds of sum c_k T_k(x) for |x| <= reach.
 *
 * Within [-1, 1] the largest |q| of a polynomial of degree d is at most its largest over the m
 * Chebyshev nodes cos((j + 1/2) pi / m), divided by cos(pi d / 2 m) [EZ64]; here m = 32 (d + 1) and
 * q is p less the middle of what it takes there. Outside, |T_k(x)| <= T_k(reach) = cosh(k acosh
 * reach).
 */
static void bound_chebyshev(const nn_stage *stage, double reach, double *lo, double *hi)
{
    int d = stage->degree, m = 32 * (d + 1);
    double sum = 0, least = INFINITY, most = -INFINITY;

    for (int k = 0; reach > 1 && k <= d; k++)
        sum += fabs(stage->coef[k]) * cosh(k * acosh(reach));
    if (reach > 1) {
        *lo = -sum;
        *hi = sum;
        return;
    }
    for (int j = 0; j < m; j++) {
        double angle = (j + 0.5) * pi / m, p = 0;

        for (int k = 0; k <= d; k++)
            p += stage->coef[k] * cos(k * angle);
        least = fmin(least, p);
        most = fmax(most, p);
    }
    double half = (most - least) / 2 / cos(pi * d / (2.0 * m));
    *lo = (least + most) / 2 - half;
    *hi = (least + most) / 2 + half;
}

static void bound_poly(const nn_stage *stage, interval *out, const interval *in)
{
    size_t count = nn_shape_count(stage->out);
    double reach = 0, lo, hi;

    if (stage->basis == CKKS_BASIS_MONOMIAL) {
        for (size_t i = 0; i < count; i++) {
            out->lo[i] = in->lo[i];
            out->hi[i] = in->hi[i];
            bound_powers(stage, i, &out->lo[i], &out->hi[i]);
        }
        return;
    }
    for (size_t i = 0; i < count; i++)
        reach = fmax(reach, fmax(-in->lo[i], in->hi[i]));
    /* An affine map that ends at 1 exactly may do so but for rounding. */
    bound_chebyshev(stage, reach <= 1 + 1e-9 ? 1 : reach, &lo, &hi);
    for (size_t i = 0; i < count; i++) {
        out->lo[i] = lo;
        out->hi[i] = hi;
    }
}

static void bound_product(interval *out, const interval *a, const interval *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double p = a->lo[i] * b->lo[i], q = a->lo[i] * b->hi[i];
        double r = a->hi[i] * b->lo[i], s = a->hi[i] * b->hi[i];

        out->lo[i] = fmin(fmin(p, q), fmin(r, s));
        out->hi[i] = fmax(fmax(p, q), fmax(r, s));
    }
}

/* The largest magnitude; a measured range narrows the interval and is narrowed by it. */
static void settle(nn_stage *stage, interval *v)
{
    double largest = 0;

    for (size_t i = 0; i < nn_shape_count(stage->out); i++) {
        if (stage->measured) {
            v->lo[i] = fmin(fmax(v->lo[i], -stage->range), stage->range);
            v->hi[i] = fmin(fmax(v->hi[i], -stage->range), stage->range);
        }
        double size = fmax(-v->lo[i], v->hi[i]);
        largest = size <= largest ? largest : size; /* keeps a NaN */
    }
    if (!stage->measured || largest < stage->range)
        stage->range = largest != 0 ? largest : 1.0; /* all zero: any bound is true */
}

static nn_status bound_next(nn_stages *s, size_t k, interval *value)
{
    nn_stage *stage = &s->stage[k];
    interval *out = &value[k + 1];
    size_t count = nn_shape_count(stage->out);
    nn_status st = interval_init(out, count);

    if (st != NN_OK)
        return st;
    for (size_t i = 0; i < count; i++)
        out->lo[i] = out->hi[i] = 0;
    if (stage->kind == NN_STAGE_POLY)
        bound_poly(stage, out, &value[stage->input[0]]);
    else if (stage->kind == NN_STAGE_PRODUCT)
        bound_product(out, &value[stage->input[0]], &value[stage->input[1]], count);
    else
        for (size_t i = 0; i < stage->input_count; i++)
            bound_affine(&stage->affine[i], out, &value[stage->input[i]]);
    settle(stage, out);
    for (size_t i = 0; i < stage->input_count; i++) {
        if (nn_stages_last_use(s, stage->input[i]) == k) {
            free(value[stage->input[i]].lo);
            value[stage->input[i]] = (interval){.lo = NULL};
        }
    }
    return NN_OK;
}

nn_status nn_stages_bound(nn_stages *s, char *why, size_t why_size)
{
    interval *value = calloc(s->count + 1, sizeof *value);
    nn_status st = value != NULL ? interval_init(&value[0], nn_stages_width(s, 0)) : NN_ERR_MEMORY;

    for (size_t i = 0; st == NN_OK && i < nn_stages_width(s, 0); i++) {
        value[0].lo[i] = s->input_lo;
        value[0].hi[i] = s->input_hi;
    }
    for (size_t k = 0; k < s->count && st == NN_OK; k++) {
        st = bound_next(s, k, value);
        if (st == NN_OK && !isfinite(s->stage[k].range))
            st = nn_why(why, why_size, NN_ERR_RANGE, "the values after '%s' have no finite bound",
                        s->stage[k].name);
    }
    if (st == NN_ERR_MEMORY)
        (void)nn_why(why, why_size, st, "out of memory while bounding ranges");
    for (size_t k = 0; value != NULL && k <= s->count; k++)
        free(value[k].lo);
    free(value);
    return st;
}
