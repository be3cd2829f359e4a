/* One step of the optimiser: Adam or stochastic gradient descent with momentum, both with decoupled
 * weight decay, a bound on the gradient, and the moving average of the weights.
 *
 * Sources: Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019 (decoupled decay, cosine), Smith
 * and Topin 2019 (one cycle).
 */
#ifndef UNSEEN_TRAIN_STEP_H
#define UNSEEN_TRAIN_STEP_H

#include "train/net.h"

typedef struct train_moments {
    float *first;   /* [param_count] momentum */
    float *second;  /* [param_count] Adam's second moment; NULL for the other */
    float *average; /* [param_count] of the weights; NULL when the recipe has none */
    float *whiten;  /* M of train_whiten_matrix for the first layer; NULL for none */
    float *kept;    /* with whiten: room for the first layer's weights */
    double *sums;   /* room for train_step_sums numbers */
} train_moments;

/** Numbers of room that train_step needs in moments->sums. */
size_t train_step_sums(const train_net *net);

/** The learning rate of step `at` out of `total`, counted from 0. */
float train_step_rate(const train_recipe *recipe, uint64_t at, uint64_t total);

/** Change the parameters by their gradients.
 *
 *  In:      at, total   this step's number, counted from 0, and the number of all
 *  Returns: the gradient's norm before it was bounded; 0 when the recipe has no bound
 */
double train_step(train_net *net, train_moments *moments, uint64_t at, uint64_t total);

#endif
