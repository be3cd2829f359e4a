/* Functions, least squares in powers of x, and the Chebyshev basis, see nn/fit/approx.h. */

#include "nn/fit/approx.h"

#include <math.h>
#include <string.h>

#include "nn/fit/project.h"

enum { PANELS = 64, GRID = 4096 };

double nn_approx_value(nn_approx_function f, double x)
{
    switch (f) {
    case NN_APPROX_RELU:
        return x > 0 ? x : 0;
    case NN_APPROX_SWISH:
        return x / (1 + exp(-x));
    case NN_APPROX_GELU:
        return x * erfc(-x * sqrt(0.5)) / 2; /* 1 + erf would cancel below 0 */
    case NN_APPROX_SIGMOID:
        return 1 / (1 + exp(-x));
    case NN_APPROX_TANH:
        return tanh(x);
    case NN_APPROX_GELU_TANH:
        /* (1 + tanh u) / 2 = 1 / (1 + exp(-2 u)), which does not cancel; 2 sqrt(2/pi) */
        return x / (1 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
    case NN_APPROX_HARD_SWISH:
        return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    case NN_APPROX_ABS:
        return fabs(x);
    default:
        return 0;
    }
}

double nn_approx_horner(const double *coef, int degree, double x)
{
    double v = coef[degree];

    for (int k = degree; k-- > 0;)
        v = v * x + coef[k];
    return v;
}

/* The function of u = x / r in [-1, 1]. */
typedef struct scaled {
    nn_approx_function f;
    double r;
} scaled;

static double value_at(const void *user, double u)
{
    const scaled *s = user;
    return nn_approx_value(s->f, s->r * u);
}

nn_status nn_approx_fit(double *coef, double *max_error, nn_approx_function f, int degree, double r)
{
    const scaled s = {f, r};
    double worst = 0;

    if (coef == NULL || degree < 1 || degree > NN_APPROX_DEGREE_MAX || !isfinite(r) || r <= 0 ||
        f < NN_APPROX_RELU || f > NN_APPROX_ABS)
        return NN_ERR_ARG;
    const double bend[2] = {-3 / r, 3 / r}; /* of HardSwish; 0 is the border of two panels */
    nn_status st = nn_project(coef, value_at, &s, degree, NULL, PANELS, bend, 2);
    if (st != NN_OK)
        return st;
    nn_approx_from_chebyshev(coef, coef, degree, r);
    for (int i = 0; i <= GRID; i++) {
        double x = r * (2.0 * i / GRID - 1);
        worst = fmax(worst, fabs(nn_approx_horner(coef, degree, x) - nn_approx_value(f, x)));
    }
    if (max_error != NULL)
        *max_error = worst;
    return NN_OK;
}

/* u T_0 = T_1 and u T_k = (T_{k+1} + T_{k-1}) / 2: Horner's rule in the basis T. */
void nn_approx_to_chebyshev(double *cheb, const double *coef, int degree, double r)
{
    double sum[NN_APPROX_DEGREE_MAX + 2] = {0};

    for (int k = degree; k >= 0; k--) {
        double next[NN_APPROX_DEGREE_MAX + 2] = {0};

        next[0] = coef[k] * pow(r, k) + sum[1] / 2;
        for (int i = 1; i <= degree - k; i++)
            next[i] = (i == 1 ? sum[0] : sum[i - 1] / 2) + sum[i + 1] / 2;
        memcpy(sum, next, sizeof sum);
    }
    memcpy(cheb, sum, (size_t)(degree + 1) * sizeof *cheb);
}

/* T_{k+1} = 2 u T_k - T_{k-1}. */
void nn_approx_from_chebyshev(double *coef, const double *cheb, int degree, double r)
{
    double before[NN_APPROX_DEGREE_MAX + 2] = {0}, now[NN_APPROX_DEGREE_MAX + 2] = {1};
    double sum[NN_APPROX_DEGREE_MAX + 1] = {0};

    for (int k = 0; k <= degree; k++) {
        double next[NN_APPROX_DEGREE_MAX + 2] = {0};

        for (int i = 0; i <= k; i++) {
            sum[i] += cheb[k] * now[i];
            next[i + 1] += (k == 0 ? 1 : 2) * now[i];
            next[i] -= k == 0 ? 0 : before[i];
        }
        memcpy(before, now, sizeof before);
        memcpy(now, next, sizeof now);
    }
    for (int i = 0; i <= degree; i++)
        coef[i] = sum[i] / pow(r, i);
}
