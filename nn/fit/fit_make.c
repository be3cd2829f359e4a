/* Making fits, see nn/fit/fit_make.h. */

#include "nn/fit/fit_make.h"

#include <math.h>
#include <stdlib.h>

#include "nn/fit/project.h"
#include "nn/fit/remez.h"

enum { PANELS = 128, TERMS = NN_FIT_DEGREE_MAX + 1 };

/* The function of t in [-1, 1]. */
typedef struct scaled {
    const nn_activation *f;
    double lo, hi;
} scaled;

static double value_at(const void *user, double t)
{
    const scaled *s = user;
    return nn_activation_value(s->f, ((s->hi - s->lo) * t + s->lo + s->hi) / 2);
}

const char *nn_fit_method_name(nn_fit_method method)
{
    return method == NN_FIT_LEAST_SQUARES ? "ls"
           : method == NN_FIT_CHEBYSHEV   ? "chebyshev"
                                          : "minimax";
}

/* Shares of the bins with a twentieth spread evenly, for at most NN_PROJECT_PANELS_MAX bins. */
static nn_status project(nn_fit_poly *p, const scaled *s, const double *weight, int bins)
{
    double at[2], sum = 0, *mixed = NULL;
    int breaks = nn_activation_kinks(at, s->f, s->lo, s->hi);

    for (int k = 0; k < breaks; k++)
        at[k] = (2 * at[k] - s->lo - s->hi) / (s->hi - s->lo);
    for (int k = 0; weight != NULL && k < bins; k++)
        sum += weight[k];
    if (!(sum > 0))
        return nn_project(p->coef, value_at, s, p->degree, NULL, PANELS, at, breaks);
    mixed = calloc((size_t)bins, sizeof *mixed);
    if (mixed == NULL)
        return NN_ERR_MEMORY;
    for (int k = 0; k < bins; k++)
        mixed[k] = 0.95 * weight[k] / sum + 0.05 / bins;
    nn_status st = nn_project(p->coef, value_at, s, p->degree, mixed, bins, at, breaks);
    free(mixed);
    return st;
}

/* c_k = 2 / n sum f(t_j) T_k(t_j) over the roots t_j of T_n, n = degree + 1; half of it for k = 0.
 */
static nn_status interpolate(nn_fit_poly *p, const scaled *s)
{
    const int n = p->degree + 1;
    const double step = acos(-1.0) / n;
    double value[TERMS];

    for (int j = 0; j < n; j++) {
        value[j] = value_at(s, cos((j + 0.5) * step));
        if (!isfinite(value[j]))
            return NN_ERR_RANGE;
    }
    for (int k = 0; k < n; k++) {
        p->coef[k] = 0;
        for (int j = 0; j < n; j++)
            p->coef[k] += value[j] * cos(k * (j + 0.5) * step);
        p->coef[k] *= (k == 0 ? 1.0 : 2.0) / n;
    }
    return NN_OK;
}

static nn_status exchange(nn_fit_poly *p, const scaled *s)
{
    const nn_remez_problem problem = {value_at, s, 1, {{-1, 1}}, NN_REMEZ_ALL, p->degree};
    double unused;

    return nn_remez(p->coef, &unused, &problem);
}

nn_status nn_fit_make(nn_fit *fit, const nn_activation *f, double lo, double hi,
                      nn_fit_method method, int degree, const double *weight, int bins)
{
    nn_fit made = {.kind = NN_FIT_POLY, .f = *f, .lo = lo, .hi = hi, .count = 1};
    const scaled s = {f, lo, hi};
    nn_status st;

    if (!nn_activation_is_valid(f) || !isfinite(hi - lo) || !(lo < hi) || degree < 1 ||
        degree > NN_FIT_DEGREE_MAX ||
        (weight != NULL && (bins < 1 || bins > NN_PROJECT_PANELS_MAX)))
        return NN_ERR_ARG;
    made.poly[0].degree = degree;
    if (method == NN_FIT_LEAST_SQUARES)
        st = project(&made.poly[0], &s, weight, bins);
    else if (method == NN_FIT_CHEBYSHEV)
        st = interpolate(&made.poly[0], &s);
    else
        st = exchange(&made.poly[0], &s);
    if (st != NN_OK)
        return st;
    made.error = nn_fit_measure(&made);
    if (!nn_fit_is_valid(&made))
        return NN_ERR_RANGE;
    *fit = made;
    return NN_OK;
}

nn_status nn_fit_of_sign(nn_fit *fit, const nn_activation *f, double range, const nn_sign *sign)
{
    nn_fit made = {.kind = NN_FIT_SIGN, .f = *f, .lo = -range, .hi = range, .count = sign->count};

    for (int k = 0; k < sign->count; k++)
        made.poly[k] = sign->poly[k];
    if (!nn_fit_is_valid(&made))
        return NN_ERR_ARG;
    made.error = nn_fit_measure(&made);
    if (!isfinite(made.error))
        return NN_ERR_RANGE;
    *fit = made;
    return NN_OK;
}

nn_status nn_fit_make_sign(nn_fit *fit, const nn_activation *f, double range, double error,
                           int depth)
{
    double base, bend;
    nn_sign s;

    if (!nn_activation_is_valid(f) || !nn_activation_bend(f, &base, &bend) || bend == 0.0 ||
        !isfinite(range) || range <= 0 || !(error > 0))
        return NN_ERR_ARG;
    nn_status st = nn_sign_choose(&s, error / (fabs(bend) * range), depth - 1);
    return st == NN_OK ? nn_fit_of_sign(fit, f, range, &s) : st;
}
