/* Polynomials in place of activation functions: least squares on [-r, r]. */

#ifndef UNSEEN_NN_FIT_APPROX_H
#define UNSEEN_NN_FIT_APPROX_H

#include "nn/status.h"

enum { NN_APPROX_DEGREE_MAX = 31 };

typedef enum nn_approx_function {
    NN_APPROX_RELU,    /* max(x, 0) */
    NN_APPROX_SWISH,   /* x / (1 + exp(-x)), also called SiLU */
    NN_APPROX_GELU,    /* x (1 + erf(x / sqrt 2)) / 2 */
    NN_APPROX_SIGMOID, /* 1 / (1 + exp(-x)) */
    NN_APPROX_TANH,
    NN_APPROX_GELU_TANH,    /* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
    NN_APPROX_HARD_SWISH,   /* x min(max(x / 6 + 1/2, 0), 1) */
    NN_APPROX_ABS,          /* |x|; with it max(u, v) = (u + v + |u - v|) / 2 */
    NN_APPROX_LEAKY_RELU,   /* from here on with parameters, see nn/fit/activation.h */
    NN_APPROX_HARD_SIGMOID, /* min(max(a x + b, 0), 1) */
    NN_APPROX_CLIP,         /* min(max(x, a), b) */
    NN_APPROX_FUNCTIONS     /* their number */
} nn_approx_function;

/** Value of a function without parameters; 0 for another. */
double nn_approx_value(nn_approx_function f, double x);

/** Best polynomial in the sense of the integral of the squared error over [-r, r], of a function
 * without parameters (nn/fit/fit_make.h takes all, on any range, in the Chebyshev basis).
 *
 *  Out:    coef       degree + 1 coefficients, coef[k] belongs to x^k; unchanged on failure
 *          max_error  largest error found on a grid of 4097 points; may be NULL
 *  In:     degree     1..NN_APPROX_DEGREE_MAX
 *          r          above 0 and finite
 *  Fails:  NN_ERR_ARG, NN_ERR_MEMORY, NN_ERR_RANGE (f overflows)
 */
NN_MUST_CHECK nn_status nn_approx_fit(double *coef, double *max_error, nn_approx_function f,
                                      int degree, double r);

/** Powers of x to Chebyshev polynomials of x / r: sum coef[k] x^k = sum cheb[k] T_k(x / r).
 *
 *  Out:    cheb  degree + 1 numbers; may be the same array as coef
 *  In:     degree  0..NN_APPROX_DEGREE_MAX
 */
void nn_approx_to_chebyshev(double *cheb, const double *coef, int degree, double r);

/** The inverse of nn_approx_to_chebyshev. */
void nn_approx_from_chebyshev(double *coef, const double *cheb, int degree, double r);

/** Value of a polynomial, coef[k] belonging to x^k, by Horner's rule. */
double nn_approx_horner(const double *coef, int degree, double x);

#endif
