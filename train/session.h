/* A training run: the loop over epochs, its state, and how far it is. */
#ifndef UNSEEN_TRAIN_SESSION_H
#define UNSEEN_TRAIN_SESSION_H

#include "train/data.h"
#include "train/net.h"
#include "train/reach.h"
#include "train/step.h"

/* Runs that belong together give the same bits whatever the number of threads. */
typedef struct train_session {
    train_net net;
    const train_data *data;
    uint64_t seed;
    uint32_t epochs;    /* in all */
    uint32_t done;      /* finished */
    size_t train_count; /* images 0 .. train_count - 1 train, the rest are held back */
    train_net teacher;  /* all zero when there is none */
    uint64_t teacher_digest;
    uint64_t start_digest; /* of the checkpoint whose weights it began with; 0: random ones */
    train_moments moments;
    uint32_t *order;
    uint8_t *labels; /* of the batch */
    double *sums;    /* of train_calibrate, net.stat_count */
    double *powers;  /* of train_calibrate, 2 batches */
    float *kept;     /* the weights while net.params is their average; else NULL */
    double loss;     /* mean over the last epoch */
    double accuracy; /* share of the last epoch's distorted images that were right */
    float rate;      /* at the end of the last epoch */
} train_session;

/** Called after every batch; done and total count the batches of all epochs. */
typedef void train_tick(void *arg, const train_session *run, size_t done, size_t total);

/** Prepare a run from the seed.
 *
 *  Out:     run     to be released with train_session_free
 *           why     on failure, one sentence
 *  In:      recipe, data   must outlive the run; data after train_data_digest
 *           epochs  in all
 *           held    how many of the last training images to keep for validation
 *  Fails:   TRAIN_ERR_MISMATCH (the images are not what the network takes, or too few),
 *           TRAIN_ERR_MEMORY
 */
int train_session_create(train_session *run, const train_recipe *recipe, const train_data *data,
                         uint64_t seed, uint32_t epochs, size_t held, int threads, char *why,
                         size_t why_size);

/** Release a run; all zero is fine. */
void train_session_free(train_session *run);

/** Number of steps in one epoch. */
size_t train_session_steps(const train_session *run);

/** Train one epoch: run->done grows by one.
 *
 *  Fails:   TRAIN_ERR_DIVERGED: the loss is no number any more
 */
int train_session_epoch(train_session *run, train_tick *tick, void *arg);

/** Turn net.params into the model, which is their moving average if the recipe has one (nonzero),
 * or back into what training goes on with (zero). Twice the same is allowed. */
void train_session_model(train_session *run, int model);

/** Count the images first .. first + count - 1 whose largest logit is at their label.
 *
 *  Out:     reach  unless NULL, [op_count]: goes on with what these images make; that of the last
 *                  operation is of the logits
 *           right  unless NULL, [count]: 1 or 0 for each image
 */
size_t train_session_correct(train_session *run, const train_images *images, size_t first,
                             size_t count, train_reach *reach, uint8_t *right);

#endif
