/* The sign of a number by composed minimax polynomials: p_n(...p_2(p_1(t))).
 *
 * p_1 is the odd polynomial nearest to 1 on [e, 1]; each further one is nearest to 1 on what the
 * one before gives there. All but the last are scaled so that their values on [-1, 1] stay in [-1,
 * 1]. */

#ifndef UNSEEN_NN_FIT_SIGN_H
#define UNSEEN_NN_FIT_SIGN_H

#include "nn/fit/fit.h"

typedef struct nn_sign {
    int count;
    nn_fit_poly poly[NN_FIT_POLYS_MAX];
    double threshold; /* e: nearer to 0 than this the sign is not decided */
    double error;     /* largest |s(t) - sign(t)| where |t| >= e */
    double bend;      /* largest |t| |s(t) - sign(t)| over [-1, 1]: the error of |t| by t s(t) */
} nn_sign;

/** Compose polynomials of these degrees.
 *
 *  Out:    s          unchanged on failure
 *  In:     degree     count odd numbers, 3..NN_FIT_DEGREE_MAX
 *          count      1..NN_FIT_POLYS_MAX
 *          threshold  in (0, 1)
 *  Fails:  NN_ERR_ARG, NN_ERR_RANGE (the exchange does not settle)
 *  Source: [LLNK21] composite minimax approximation
 */
NN_MUST_CHECK nn_status nn_sign_compose(nn_sign *s, const int *degree, int count, double threshold);

/** The same with the threshold at which `bend` is least.  Fails: NN_ERR_ARG, NN_ERR_RANGE */
NN_MUST_CHECK nn_status nn_sign_balance(nn_sign *s, const int *degree, int count);

/** The composition of least depth, then of fewest products, whose `bend` is at most a bound.
 *
 *  Degrees are 3, 7, 15 and 31, the largest of their depths 2, 3, 4 and 5, in ascending order.
 *
 *  In:     bend   above 0
 *          depth  most sum of depths allowed; without the product by t
 *  Cost:   tenths of a second
 *  Fails:  NN_ERR_RANGE when no composition of the depth reaches the bound
 */
NN_MUST_CHECK nn_status nn_sign_choose(nn_sign *s, double bend, int depth);

#endif
