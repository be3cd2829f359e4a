/* A training run: the loop over epochs, its state, and how far it is. */
#ifndef UNSEEN_TOOLS_TRAIN_RUN_H
#define UNSEEN_TOOLS_TRAIN_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "tools/train_data.h"
#include "tools/train_net.h"

typedef struct train_run {
    train_net net;
    const train_data *data;
    uint64_t seed;
    uint32_t epochs;    /* in all */
    uint32_t done;      /* finished */
    size_t train_count; /* images 0 .. train_count - 1 train, the rest validate */
    float *momentum;    /* Adam's first moment, net.param_count */
    float *energy;      /* Adam's second moment, net.param_count */
    uint32_t *order;
    uint8_t *labels; /* of the batch */
    double *moments; /* sums for train_run_calibrate, net.stat_count */
    double loss;     /* mean over the last epoch */
} train_run;

/** Called after every batch; done and total count the batches of all epochs. */
typedef void train_tick(void *arg, const train_run *run, size_t done, size_t total);

/** Prepare a run from the seed.
 *
 *  Out:     run    to be released with train_run_free
 *           why    on failure, one sentence
 *  In:      data   must outlive the run
 *           held   how many of the last training images to keep for validation
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY
 */
int train_run_create(train_run *run, const train_recipe *recipe, const train_data *data,
                     uint64_t seed, uint32_t epochs, size_t held, int threads, char *why,
                     size_t why_size);

/** Release a run; all zero is fine. */
void train_run_free(train_run *run);

/** Train one epoch: run->done grows by one. */
void train_run_epoch(train_run *run, train_tick *tick, void *arg);

/** Set the statistics of batch normalisation: the mean and variance, over the first `count`
 * training images as they are, of what each normalisation takes when those before it already use
 * theirs.
 *
 *  Training itself normalises by the batch and does not look at them. They are measured on images
 *  that are not distorted, because distortion blurs and a network of squares feels that.
 */
void train_run_calibrate(train_run *run, size_t count);

/** Count the images first .. first + count - 1 whose largest logit is at their label.
 *
 *  Out:     range  unless NULL: raises range[i] to the largest |value| that layer i has taken
 */
size_t train_run_correct(train_run *run, const idx_array *images, const idx_array *labels,
                         size_t first, size_t count, float *range);

#endif
