/* Levels, scales and steps of a network in batch packing.
 *
 * As in nn/schedule.h, scales grow with every product and primes are dropped where the scale
 * affords it. What differs: a scalar has no encoding noise beside its own rounding, and squares may
 * stay three parts until the sums behind them are taken, or even be taken inside these sums, place
 * by place, together with the sums before them. The search tries all ways to group and to drop.
 */
#ifndef UNSEEN_NN_BATCH_SCHEDULE_H
#define UNSEEN_NN_BATCH_SCHEDULE_H

#include "nn/cost.h"
#include "nn/stage.h"

typedef enum nn_batch_kind {
    NN_BATCH_SUMS,         /* an affine stage */
    NN_BATCH_SQUARED_SUMS, /* [an affine stage,] squares, an affine stage; then relinearised */
    NN_BATCH_SQUARE,       /* squares, each relinearised */
    NN_BATCH_POLY          /* any other polynomial, value by value */
} nn_batch_kind;

/* One step of the server, which takes one to three stages. */
typedef struct nn_batch_step {
    nn_batch_kind kind;
    size_t stage, stages; /* the first, and how many */
    int limbs;            /* of the input */
    int rescale;          /* primes dropped at the end */
    int limbs_out;
    int alpha, special;            /* key shape; 0 without a key */
    double inner_bits, outer_bits; /* log2 of the scales of the scalars before and behind squares */
    double scale_bits;             /* log2 of the scale of the output */
    double ms;                     /* predicted time of a set */
} nn_batch_step;

typedef struct nn_batch_schedule {
    int ring, log_n, limbs, special;
    double first_bits, limb_bits; /* sizes of q_0 and of the other q_i */
    double input_bits;            /* log2 of the scale of a request */
    double floor_bits;            /* least log2 scale behind a rescaling */
    double ms;
    size_t count;
    nn_batch_step *step;
} nn_batch_schedule;

typedef struct nn_batch_job {
    const nn_stages *stages; /* no polynomial with coefficients per element */
    const nn_costs *costs;
    int ring, log_n, security_bits;
    double precision_bits; /* bits kept below 1.0 */
} nn_batch_job;

/** log2 of the size of a special prime. */
#define NN_BATCH_SPECIAL_BITS 46.8

/** Bits of a slot's error by a rescaling or key switch, and by a fresh encryption: log2 of the
 *  standard deviation at scale 1.  Source: ckks/noise.h */
double nn_batch_rounding_bits(int ring, int log_n);
double nn_batch_fresh_bits(int ring, int log_n);

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

/** log2 of the least scale inside a polynomial that is not a square. */
double nn_batch_poly_floor(const nn_batch_schedule *s);

/** The affine stage before the squares of a step, or the only one; NULL when there is none. */
const nn_affine *nn_batch_inner(const nn_batch_step *step, const nn_stages *stages);

/** The affine stage behind the squares of a step; NULL when there is none. */
const nn_affine *nn_batch_outer(const nn_batch_step *step, const nn_stages *stages);

#endif
