/* Activation functions that are no polynomials: their names, parameters and values. */

#ifndef UNSEEN_NN_FIT_ACTIVATION_H
#define UNSEEN_NN_FIT_ACTIVATION_H

#include <stddef.h>

#include "nn/fit/approx.h"
#include "nn/status.h"

typedef struct nn_activation {
    nn_approx_function function;
    double a, b; /* parameters as nn_activation_parameters counts them, 0 where there is none */
} nn_activation;

/** Number of parameters: leaky_relu a (the slope below 0), hard_sigmoid a b (a x + b between 0 and
 *  1), clip a b (least and greatest value), others none. */
int nn_activation_parameters(nn_approx_function function);

/** The name in text: "relu", "leaky_relu", ...; NULL for a number that is no function. */
const char *nn_activation_name(nn_approx_function function);

/** The function of a name of `length` characters.  Returns 1, or 0 when there is none. */
int nn_activation_find(nn_approx_function *function, const char *name, size_t length);

/** 1 when the function is known and its parameters are finite and, for clip, a < b. */
int nn_activation_is_valid(const nn_activation *f);

/** Value at x. */
double nn_activation_value(const nn_activation *f, double x);

/** The function as  base x + bend |x|  where it is one: relu, leaky_relu, abs.  Returns 1 or 0. */
int nn_activation_bend(const nn_activation *f, double *base, double *bend);

/** Points inside (lo, hi) at which a derivative jumps, ascending.
 *
 *  Out:  at  room for 2
 *  Returns their number.
 */
int nn_activation_kinks(double at[2], const nn_activation *f, double lo, double hi);

#endif
