/* Making fits: least squares, interpolation, minimax, and composite signs. */

#ifndef UNSEEN_NN_FIT_FIT_MAKE_H
#define UNSEEN_NN_FIT_FIT_MAKE_H

#include "nn/fit/fit.h"
#include "nn/fit/sign.h"

typedef enum nn_fit_method {
    NN_FIT_LEAST_SQUARES, /* least mean square of the error, in the inputs' distribution if known */
    NN_FIT_CHEBYSHEV,     /* interpolation in Chebyshev's points */
    NN_FIT_MINIMAX        /* least largest error */
} nn_fit_method;

/** The name in text: "ls", "chebyshev", "minimax". */
const char *nn_fit_method_name(nn_fit_method method);

/** Fit one polynomial.
 *
 *  Out:    fit     unchanged on failure
 *  In:     f       a valid function
 *          lo, hi  finite, lo < hi
 *          degree  1..NN_FIT_DEGREE_MAX
 *          weight  bins numbers of 0 or more: how often inputs fall into each of as many equal
 * parts of [lo, hi]; a twentieth of their sum is spread evenly, so that rare inputs count as well.
 * NULL for all alike; used by NN_FIT_LEAST_SQUARES alone bins    1..NN_PROJECT_PANELS_MAX Fails:
 * NN_ERR_ARG, NN_ERR_MEMORY, NN_ERR_RANGE (f overflows, the exchange does not settle)
 */
NN_MUST_CHECK nn_status nn_fit_make(nn_fit *fit, const nn_activation *f, double lo, double hi,
                                    nn_fit_method method, int degree, const double *weight,
                                    int bins);

/** Fit relu, leaky_relu or abs by a composite sign on [-range, range].
 *
 *  In:     range  above 0
 *          error  largest error allowed, above 0
 *          depth  most products one after the other, with that by x
 *  Fails:  NN_ERR_ARG (another function), NN_ERR_RANGE (the depth does not reach the error)
 */
NN_MUST_CHECK nn_status nn_fit_make_sign(nn_fit *fit, const nn_activation *f, double range,
                                         double error, int depth);

/** The same of a composite sign that is known.  Fails: NN_ERR_ARG, NN_ERR_RANGE (overflow) */
NN_MUST_CHECK nn_status nn_fit_of_sign(nn_fit *fit, const nn_activation *f, double range,
                                       const nn_sign *sign);

#endif
