/* Levels and scales: which primes, and what every stage does to limbs and scale.
 *
 * Levels are not limbs. A stage multiplies the scale (a matrix by the scale of its entries, a
 * square squares it); primes are dropped only where the scale affords it, that is where at least
 * `floor_bits` are left. Every prime has a size of its own: a dropped one what its rescaling takes,
 * the ones that are left at the end what the response needs. The search tries, for every number of
 * primes, the ways to place the rescalings; nn/levels/shapes.h then finds the special primes and
 * key shapes, and what it all costs.
 */
#ifndef UNSEEN_NN_LEVELS_SCHEDULE_H
#define UNSEEN_NN_LEVELS_SCHEDULE_H

#include "nn/levels/error.h"
#include "nn/levels/powers.h"
#include "nn/levels/step.h"
#include "nn/slots/arrange.h"
#include "nn/slots/cost.h"

/** What the search is given. */
typedef struct nn_schedule_job {
    const nn_stages *stages;
    const nn_arrangement *arrangement; /* for the ring's slots */
    const nn_error_point *gains;       /* of nn_error_gains; NULL: found here */
    nn_powers *powers;                 /* NULL: made here */
    const nn_costs *costs;
    int ring; /* CKKS_RING_... */
    int log_n, security_bits;
    double precision_bits; /* bits kept below 1.0, at least; more where they cost next to nothing */
    double more_room;      /* bits above a value before it wraps around, more than usual */
} nn_schedule_job;

/** Find the cheapest schedule in the ring of one degree.
 *
 *  Out:    s     to be released with nn_schedule_clear; empty on failure
 *          why   on failure which stage ran out of what
 *  Fails:  NN_ERR_PLAN when no secure set of primes carries the stages, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_schedule_find(nn_schedule *s, const nn_schedule_job *job, char *why,
                                         size_t why_size);

/** Whether the levels fit into the ring at all, whatever the arrangement: a quick answer, in which
 *  yes means perhaps.
 *
 *  In:     job   arrangement is not read
 *  Fails:  as nn_schedule_find
 */
NN_MUST_CHECK nn_status nn_schedule_possible(const nn_schedule_job *job, char *why,
                                             size_t why_size);

#endif
