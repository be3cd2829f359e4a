/* How numbers are spread, counted while their range is not known: 2048 equal bins over [-2^e, 2^e],
 * where e grows with the numbers. Counts do not depend on the order in which numbers come, so
 * histograms of parts of a set add up to that of the set. */

#ifndef UNSEEN_NN_FIT_HISTOGRAM_H
#define UNSEEN_NN_FIT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { NN_HISTOGRAM_BINS = 2048 };

typedef struct nn_histogram {
    uint64_t count; /* numbers in all; 0 for an empty one, which is all zeros */
    double lo, hi;  /* the least and the greatest */
    int exponent;   /* e */
    uint64_t bin[NN_HISTOGRAM_BINS];
} nn_histogram;

/** Count a finite number. */
void nn_histogram_add(nn_histogram *h, double x);

/** Count all that another has counted. */
void nn_histogram_merge(nn_histogram *h, const nn_histogram *from);

/** How many numbers fall into each of `bins` equal parts of [lo, hi]; what a bin of the histogram
 *  holds counts as spread evenly, and what lies outside is left out.
 *
 *  Out:  share  bins numbers
 */
void nn_histogram_spread(double *share, size_t bins, double lo, double hi, const nn_histogram *h);

#endif
