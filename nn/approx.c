/* Polynomials in place of activation functions, see nn/approx.h.
 *
 * The best polynomial in the mean square is the sum of Legendre polynomials P_k(x / r) with weights
 * (2k + 1) / 2 times the integral of f(r u) P_k(u) over [-1, 1]. The integral is taken in two
 * halves, because ReLU bends at 0, each by Gauss-Legendre quadrature in panels. */

#include "nn/approx.h"

#include <math.h>
#include <string.h>

enum { PANELS = 64, GRID = 4096 };

double nn_approx_value(nn_approx_function f, double x)
{
    switch (f) {
    case NN_APPROX_RELU:
        return x > 0 ? x : 0;
    case NN_APPROX_SWISH:
        return x / (1 + exp(-x));
    case NN_APPROX_GELU:
        return x * (1 + erf(x * sqrt(0.5))) / 2;
    case NN_APPROX_SIGMOID:
        return 1 / (1 + exp(-x));
    case NN_APPROX_TANH:
        return tanh(x);
    }
    return 0;
}

double nn_approx_horner(const double *coef, int degree, double x)
{
    double v = coef[degree];

    for (int k = degree; k-- > 0;)
        v = v * x + coef[k];
    return v;
}

/* sum[k] += weight * P_k(u), by the recurrence (k+1) P_{k+1} = (2k+1) u P_k - k P_{k-1}. */
static void add_legendre(double *sum, int degree, double u, double weight)
{
    double before = 0, now = 1;

    for (int k = 0; k <= degree; k++) {
        sum[k] += weight * now;
        double next = ((2 * k + 1) * u * now - k * before) / (k + 1);
        before = now;
        now = next;
    }
}

/* Integrals of f(r u) P_k(u) over [-1, 1]: 64 panels of 8 Gauss points, exact for polynomials of
 * degree 15 in each; 0 is the border of two panels. */
static void project(double *sum, nn_approx_function f, int degree, double r)
{
    /* Roots of P_8 and their weights 2 / ((1 - x^2) P_8'(x)^2); the negative roots are symmetric.
     */
    static const double node[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                   0.9602898564975363};
    static const double weight[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                     0.1012285362903763};
    const double half = 1.0 / PANELS;

    for (int p = 0; p < PANELS; p++) {
        double middle = -1 + (2 * p + 1) * half;
        for (int k = 0; k < 8; k++) {
            double u = middle + half * (k < 4 ? node[k] : -node[k - 4]);
            add_legendre(sum, degree, u, half * weight[k % 4] * nn_approx_value(f, r * u));
        }
    }
}

/* Powers of u from weights of Legendre polynomials, then of x = r u. */
static void expand(double *coef, const double *weight, int degree, double r)
{
    double before[NN_APPROX_DEGREE_MAX + 2] = {0}, now[NN_APPROX_DEGREE_MAX + 2] = {1};

    memset(coef, 0, (size_t)(degree + 1) * sizeof *coef);
    for (int k = 0; k <= degree; k++) {
        double next[NN_APPROX_DEGREE_MAX + 2] = {0};

        for (int i = 0; i <= k; i++) {
            coef[i] += weight[k] * now[i];
            next[i + 1] += (2 * k + 1) * now[i] / (k + 1);
            next[i] -= k * before[i] / (k + 1);
        }
        memcpy(before, now, sizeof before);
        memcpy(now, next, sizeof now);
    }
    for (int i = 0; i <= degree; i++)
        coef[i] /= pow(r, i);
}

nn_status nn_approx_fit(double *coef, double *max_error, nn_approx_function f, int degree, double r)
{
    double weight[NN_APPROX_DEGREE_MAX + 1] = {0}, worst = 0;

    if (coef == NULL || degree < 1 || degree > NN_APPROX_DEGREE_MAX || !isfinite(r) || r <= 0 ||
        f < NN_APPROX_RELU || f > NN_APPROX_TANH)
        return NN_ERR_ARG;
    project(weight, f, degree, r);
    for (int k = 0; k <= degree; k++)
        weight[k] *= (2 * k + 1) / 2.0;
    expand(coef, weight, degree, r);
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
