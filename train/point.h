/* The operations that work value by value: normalisation with activation, pools, sums. Every
 * parallel loop runs over channels, and every sum over a channel is taken in one order.
 */
#ifndef UNSEEN_TRAIN_POINT_H
#define UNSEEN_TRAIN_POINT_H

#include "train/net.h"

/** value = act(norm(x)), either of which may be absent.
 *
 *  In:      x         value of the source
 *           training  nonzero: normalise by the batch, which fills op->mean and op->variance
 */
void train_point_forward(train_net *net, train_op *op, const float *x, int training);

/** dx from op->slope, with the gradients of scale, shift and coefficients; dx is overwritten. */
void train_point_backward(train_net *net, train_op *op, const float *x, float *dx);

/** The sum of n squares. */
double train_point_squares(const float *x, size_t n);

/** Means over windows. */
void train_mean_forward(train_net *net, train_op *op, const float *x);

/** dx from op->slope; dx is overwritten. */
void train_mean_backward(train_net *net, train_op *op, float *dx);

/** to = a + b, n numbers each; to may be a or b. */
void train_sum(const train_net *net, float *to, const float *a, const float *b, size_t n);

#endif
