/* Timing the operations from which unit times follow: sums, rescalings, rotations, squares and
 * linear transforms of several shapes in two rings. */
#ifndef UNSEEN_TOOLS_MEASURE_H
#define UNSEEN_TOOLS_MEASURE_H

#include "nn/nn.h"

enum { MEASURE_SAMPLES_MAX = 48 };

typedef struct measurement {
    char kernel[16]; /* the family that was measured */
    size_t count;
    nn_cost_sample sample[MEASURE_SAMPLES_MAX];
} measurement;

/** Measure on one core. All operations run in turn, several times over, so that keys and diagonals
 *  come from where they will come from in a network; the shortest time of each counts.
 *
 *  Out:     why       on failure a sentence or ""
 *  In:      kernel    a family, NULL for the best
 *           seconds   to spend, about; 0 runs everything once
 *  Cost:    about 300 MiB of memory
 *  Returns: CKKS_OK or a status
 */
int measure_run(measurement *m, const char *kernel, double seconds, char *why, size_t why_size);

#endif
