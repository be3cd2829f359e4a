/* Least squares by orthogonal polynomials, see nn/fit/project.h.
 *
 * With the inner product of the sum, p_{k+1} = (t - a_k) p_k - b_k p_{k-1}, where a_k = (t p_k,
 * p_k) / (p_k, p_k) and b_k = (p_k, p_k) / (p_{k-1}, p_{k-1}); the best polynomial is the sum of
 * (f, p_k) / (p_k, p_k) p_k. Every p_k is kept by its values at the points and by its coefficients
 * in the Chebyshev basis, where t T_k = (T_{k-1} + T_{k+1}) / 2. */

#include "nn/fit/project.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 8, BREAKS_MAX = 8, TERMS = NN_PROJECT_DEGREE_MAX + 2 };

/* Roots of P_8 and their weights 2 / ((1 - x^2) P_8'(x)^2); the negative roots are symmetric. */
static const double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                               0.9602898564975363};
static const double share[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                0.1012285362903763};

/* The measure, and the values of f and of two orthogonal polynomials at its points. */
typedef struct points {
    size_t count;
    double *t, *w, *f, *now, *before;
} points;

static void add_panel(points *p, double lo, double hi, double weight)
{
    double middle = (lo + hi) / 2, half = (hi - lo) / 2;

    for (int k = 0; k < POINTS && half > 0 && weight > 0; k++) {
        p->t[p->count] = middle + half * (k < 4 ? node[k] : -node[k - 4]);
        p->w[p->count++] = half * share[k % 4] * weight;
    }
}

static void fill(points *p, const double *weight, int panels, const double *breaks, int break_count)
{
    for (int k = 0; k < panels; k++) {
        double lo = -1 + 2.0 * k / panels, hi = -1 + 2.0 * (k + 1) / panels;

        for (int b = 0; b < break_count; b++) {
            if (breaks[b] > lo && breaks[b] < hi) {
                add_panel(p, lo, breaks[b], weight == NULL ? 1 : weight[k]);
                lo = breaks[b];
            }
        }
        add_panel(p, lo, hi, weight == NULL ? 1 : weight[k]);
    }
}

/* (u, v), and (t u, v) when with_t. */
static double inner(const points *p, const double *u, const double *v, int with_t)
{
    double sum = 0;

    for (size_t i = 0; i < p->count; i++)
        sum += p->w[i] * u[i] * v[i] * (with_t ? p->t[i] : 1);
    return sum;
}

/* next = (t - a) now - b before, for coefficients of the Chebyshev basis. */
static void recur(double *next, const double *now, const double *before, double a, double b)
{
    for (int k = 0; k < TERMS; k++)
        next[k] = -a * now[k] - b * before[k];
    next[1] += now[0];
    for (int k = 1; k + 1 < TERMS; k++) {
        next[k - 1] += now[k] / 2;
        next[k + 1] += now[k] / 2;
    }
}

static nn_status project(double *coef, points *p, int degree)
{
    double now[TERMS] = {1}, before[TERMS] = {0}, next[TERMS], sum[TERMS] = {0};
    double norm_before = 1;

    for (size_t i = 0; i < p->count; i++) {
        p->now[i] = 1;
        p->before[i] = 0;
    }
    for (int k = 0; k <= degree; k++) {
        double norm = inner(p, p->now, p->now, 0);
        double part = inner(p, p->f, p->now, 0) / norm;
        double a = inner(p, p->now, p->now, 1) / norm, b = k == 0 ? 0 : norm / norm_before;

        if (!isfinite(part) || !isfinite(a) || !isfinite(b))
            return NN_ERR_RANGE;
        for (int i = 0; i < TERMS; i++)
            sum[i] += part * now[i];
        for (size_t i = 0; i < p->count; i++) {
            double value = (p->t[i] - a) * p->now[i] - b * p->before[i];
            p->before[i] = p->now[i];
            p->now[i] = value;
        }
        recur(next, now, before, a, b);
        memcpy(before, now, sizeof before);
        memcpy(now, next, sizeof now);
        norm_before = norm;
    }
    memcpy(coef, sum, (size_t)(degree + 1) * sizeof *coef);
    return NN_OK;
}

nn_status nn_project(double *coef, double (*f)(const void *user, double t), const void *user,
                     int degree, const double *weight, int panels, const double *breaks,
                     int break_count)
{
    points p = {.count = 0};

    if (degree < 0 || degree > NN_PROJECT_DEGREE_MAX || panels < 1 ||
        panels > NN_PROJECT_PANELS_MAX || break_count < 0 || break_count > BREAKS_MAX)
        return NN_ERR_ARG;
    size_t room = (size_t)(panels + break_count) * POINTS;
    double *memory = calloc(5 * room, sizeof *memory);
    if (memory == NULL)
        return NN_ERR_MEMORY;
    p.t = memory;
    p.w = memory + room;
    p.f = memory + 2 * room;
    p.now = memory + 3 * room;
    p.before = memory + 4 * room;
    fill(&p, weight, panels, breaks, break_count);
    for (size_t i = 0; i < p.count; i++)
        p.f[i] = f(user, p.t[i]);
    nn_status st = p.count > (size_t)degree ? project(coef, &p, degree) : NN_ERR_RANGE;
    free(memory);
    return st;
}

double nn_project_value(const double *coef, int degree, double t)
{
    double next = 0, after = 0;

    for (int k = degree; k > 0; k--) {
        double now = 2 * t * next - after + coef[k];
        after = next;
        next = now;
    }
    return t * next - after + coef[0];
}
