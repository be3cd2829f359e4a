/* How far the numbers reach that a network makes, over many images. */
#ifndef UNSEEN_TRAIN_REACH_H
#define UNSEEN_TRAIN_REACH_H

#include <stddef.h>

enum { TRAIN_REACH_KEPT = 8, TRAIN_REACH_SHARE = 10000 };

/* How large the numbers are that an activation takes, or the logits. One image in 50,000 may drive
 * a polynomial out of its range and the network's answer to 10^5: it would set the range for all
 * others. So of every TRAIN_REACH_SHARE images the most extreme one is left out, up to
 * TRAIN_REACH_KEPT - 1 of them. */
typedef struct train_reach {
    size_t images;
    double squares;              /* over all images but those below, the sum of the mean square */
    float top[TRAIN_REACH_KEPT]; /* the largest magnitudes of an image, descending */
    double top_squares[TRAIN_REACH_KEPT]; /* the mean squares of these images */
} train_reach;

/** Add an image: the largest magnitude of its numbers and their mean square. */
void train_reach_add(train_reach *r, float largest, double mean_square);

/** Largest magnitude but for the images left out; 0 when nothing was seen. */
float train_reach_largest(const train_reach *r);

/** Root mean square but for the images left out; 0 when nothing was seen. */
double train_reach_size(const train_reach *r);

#endif
