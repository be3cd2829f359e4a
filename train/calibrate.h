/* The statistics that batch normalisation uses once a network is trained. */
#ifndef UNSEEN_TRAIN_CALIBRATE_H
#define UNSEEN_TRAIN_CALIBRATE_H

#include "train/session.h"

enum { TRAIN_WILD = 100 };

/** Set the statistics of batch normalisation: the mean and variance, over the first `count`
 *  training images as they are, of what each normalisation takes.
 *
 *  Training itself normalises by the batch and does not look at them. They are measured on images
 *  that are not distorted, because distortion blurs and a network of squares feels that; and one
 *  normalisation after the other, those before it using theirs already: batches differ in their
 *  statistics, and squares would carry the difference on from layer to layer. Images that have
 *  exploded do not count: one whose numbers have a mean square of more than TRAIN_WILD times the
 *  median in its batch, because an earlier polynomial was driven out of its range. Its values would
 *  be the variance, and nothing would be left of all the others.
 *
 *  Cost:    half as many forward passes as there are normalisations
 */
void train_calibrate(train_session *run, size_t count);

#endif
