/* What training makes small: softmax cross-entropy with smoothed labels, and the divergence from a
 * teacher's softened answers.
 *
 * Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015.
 */
#ifndef UNSEEN_TRAIN_LOSS_H
#define UNSEEN_TRAIN_LOSS_H

#include "train/net.h"

/** Fill the last operation's slope.
 *
 *  The loss is (1 - w) cross-entropy + w T^2 KL(softmax(teacher / T) || softmax(logits / T)), w and
 *  T being the recipe's distil and temperature, w = 0 without a teacher and for an image on which
 *  the teacher, a polynomial, exploded: one of its logits is beyond +-88, or no number.
 *
 *  In:      labels   net->used of them
 *           teacher  logits [10][B], or NULL
 *  Returns: the mean loss over the batch
 */
double train_loss(train_net *net, const uint8_t *labels, const float *teacher);

/** How many of the batch's images have their largest logit at their label.
 *
 *  Out:     right   unless NULL: 1 or 0 for each image
 */
size_t train_loss_correct(const train_net *net, const uint8_t *labels, uint8_t *right);

#endif
