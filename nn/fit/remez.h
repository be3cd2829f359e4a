/* Minimax polynomials by Remez's exchange, in the Chebyshev basis. */

#ifndef UNSEEN_NN_FIT_REMEZ_H
#define UNSEEN_NN_FIT_REMEZ_H

#include "nn/status.h"

enum { NN_REMEZ_DEGREE_MAX = 31, NN_REMEZ_INTERVALS_MAX = 2 };

/* Which of T_0, T_1, ... a polynomial may use. An odd function on [-1, -e] and [e, 1] is best
 * approximated by odd polynomials, which is one interval [e, 1] with half as many unknowns. */
typedef enum nn_remez_basis { NN_REMEZ_ALL, NN_REMEZ_ODD, NN_REMEZ_EVEN } nn_remez_basis;

typedef struct nn_remez_problem {
    double (*f)(const void *user, double t); /* continuous on each interval */
    const void *user;
    int intervals;
    double interval[NN_REMEZ_INTERVALS_MAX][2]; /* within [-1, 1], ascending and disjoint; of
                                                   NN_REMEZ_ODD and NN_REMEZ_EVEN within [0, 1] */
    nn_remez_basis basis;
    int degree; /* 1..NN_REMEZ_DEGREE_MAX; the basis elements up to it are used */
} nn_remez_problem;

/** The polynomial whose largest error over the intervals is least.
 *
 *  Out:    coef   degree + 1 coefficients of T_0, T_1, ...; unchanged on failure
 *          error  its largest error, within 1e-6 of the least possible; where that is less than
 * 1e-12 of the largest value of f, rounding hides it, and the error may be up to 1e-6 of that value
 * (in practice so only for two intervals and degrees above 20) Fails:  NN_ERR_ARG, NN_ERR_RANGE (f
 * is not finite, or the exchange does not settle) Source: Remez's second algorithm; where the error
 * has too few alternating peaks, one point is exchanged as in his first
 */
NN_MUST_CHECK nn_status nn_remez(double *coef, double *error, const nn_remez_problem *problem);

#endif
