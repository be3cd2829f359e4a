/* Levels, scales and steps of a network in batch packing.
 *
 * As in nn/levels/schedule.h, scales grow with every product and primes are dropped where the scale
 * affords it. What differs: a scalar has no encoding noise beside its own rounding, a sum of values
 * as they are costs no scale at all, and products may stay three parts until the sums behind them
 * are taken; squares may even be taken inside these sums, place by place. The search keeps, stage
 * by stage, the states that nothing beats: limbs and scales of all values that are still needed. */
#ifndef UNSEEN_NN_BATCH_BATCH_SCHEDULE_H
#define UNSEEN_NN_BATCH_BATCH_SCHEDULE_H

#include "nn/batch/batch_facts.h"

typedef struct nn_batch_schedule {
    int ring, log_n, limbs, special;
    double first_bits, limb_bits; /* sizes of q_0 and of the other q_i */
    double input_bits;            /* log2 of the scale of a request */
    double floor_bits;            /* least log2 scale behind a rescaling */
    double ms;
    size_t count;
    nn_batch_step *step; /* one per stage */
} nn_batch_schedule;

/** Find the fastest schedule in one ring.
 *
 *  Out:    s     to be released with nn_batch_schedule_clear; empty on failure
 *          why   on failure which stage ran out of what
 *  Fails:  NN_ERR_PLAN when no secure set of primes carries the stages, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_batch_schedule_find(nn_batch_schedule *s, const nn_batch_job *job,
                                               char *why, size_t why_size);
/** Release; an empty one is fine. */
void nn_batch_schedule_clear(nn_batch_schedule *s);

/** log2 of the least scale inside a polynomial that is neither a square nor a quartic. */
double nn_batch_poly_floor(const nn_batch_schedule *s);

/** The value that step k reads as its input i: what is squared when the sums take squares. */
size_t nn_batch_source(const nn_batch_schedule *s, const nn_stages *stages, size_t k, size_t i);

/** Limbs and parts of a value as it is kept: a request's, or those of the step that makes it. */
int nn_batch_value_limbs(const nn_batch_schedule *s, size_t value);
int nn_batch_value_parts(const nn_batch_schedule *s, size_t value);

/** Parts of the sums of step k before they are relinearised. */
int nn_batch_sums_parts(const nn_batch_schedule *s, const nn_stages *stages, size_t k);

#endif
