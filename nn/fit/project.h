/* Best polynomials in the mean square, in the Chebyshev basis. */

#ifndef UNSEEN_NN_FIT_PROJECT_H
#define UNSEEN_NN_FIT_PROJECT_H

#include "nn/status.h"

enum { NN_PROJECT_DEGREE_MAX = 31, NN_PROJECT_PANELS_MAX = 1024 };

/** The polynomial that minimises the integral of w(t) (p(t) - f(t))^2 over [-1, 1].
 *
 *  The integral is a sum of Gauss's rule of 8 points in each of `panels` equal panels, which are
 * cut at the breaks: exact for polynomials of degree 15 in each.
 *
 *  Out:    coef    degree + 1 coefficients of T_0, T_1, ...; unchanged on failure
 *  In:     f       finite on [-1, 1]
 *          degree  0..NN_PROJECT_DEGREE_MAX
 *          weight  panels numbers of 0 or more, above 0 in more than degree / 8 panels: the mean of
 *                  w in each; NULL for 1 everywhere
 *          panels  1..NN_PROJECT_PANELS_MAX
 *          breaks  break_count points at which f may bend, ascending
 *  Cost:   8 * panels * degree evaluations of a recurrence
 *  Fails:  NN_ERR_ARG, NN_ERR_MEMORY, NN_ERR_RANGE (f is not finite, weights are too few)
 *  Source: Stieltjes's recurrence for orthogonal polynomials of a discrete measure
 */
NN_MUST_CHECK nn_status nn_project(double *coef, double (*f)(const void *user, double t),
                                   const void *user, int degree, const double *weight, int panels,
                                   const double *breaks, int break_count);

/** sum of coef[k] T_k(t) by Clenshaw's recurrence. */
double nn_project_value(const double *coef, int degree, double t);

#endif
