/* The operators of one number: y[i] = f(x[i]), where f is fixed by the node and its constants.
 *
 *   Relu         max(x, 0)                  LeakyRelu    x for x >= 0, else alpha x
 *   Sigmoid      1 / (1 + e^-x)             Swish        x Sigmoid(alpha x)
 *   Tanh                                    Gelu         x (1 + erf(x / sqrt 2)) / 2, or its form
 *   Erf                                                  with tanh when approximate is "tanh"
 *   HardSigmoid  max(0, min(1, alpha x + beta))
 *   HardSwish    x max(0, min(1, x / 6 + 1/2))
 *   Clip         min(max(x, min), max)      Exp Log Sqrt Neg Reciprocal Ceil Floor
 *
 * The reference runs them, and the fitting of polynomials samples them. */

#ifndef UNSEEN_NN_GRAPH_SCALAR_H
#define UNSEEN_NN_GRAPH_SCALAR_H

#include "nn/graph/node.h"

typedef struct nn_scalar {
    nn_op op;
    double alpha, beta; /* of HardSigmoid, LeakyRelu, Swish; the bounds of Clip */
    int tanh;           /* Gelu: 1 for the approximate form */
} nn_scalar;

/** 1 for an operator of this file, else 0. */
int nn_scalar_is(nn_op op);

/** Read the function of a node.
 *
 *  In:     in   the node's inputs as for nn_op_shape; the bounds of Clip must have data
 *  Fails:  NN_ERR_UNSUPPORTED when a bound has none, or for an operator that is none of this file;
 *          NN_ERR_SHAPE when a bound is not one number
 */
NN_MUST_CHECK nn_status nn_scalar_init(nn_scalar *f, const nn_node *node,
                                       const nn_tensor *const *in);

/** f(x). */
double nn_scalar_at(const nn_scalar *f, double x);

#endif
