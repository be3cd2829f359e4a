/* Values and gradients of a whole network. */
#ifndef UNSEEN_TRAIN_WALK_H
#define UNSEEN_TRAIN_WALK_H

#include "train/net.h"

/** Compute the value of every operation from net->input and net->used images.
 *
 *  In:      training  nonzero: normalise by the batch; zero: normalise by net->stats
 */
void train_walk_forward(train_net *net, int training);

/** Compute the values of operations 0 to last, that one by the statistics of the batch and those
 * before it by net->stats: what sets the mean and variance of a normalisation at `last`. */
void train_walk_measure(train_net *net, size_t last);

/** Compute net->grads from the slope of the last operation, after a forward pass in training. */
void train_walk_backward(train_net *net);

#endif
