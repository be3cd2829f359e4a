/* The first half of making a plan: ring, arrangement and schedule, chosen together. */
#ifndef UNSEEN_NN_PLAN_PLAN_RING_H
#define UNSEEN_NN_PLAN_PLAN_RING_H

#include "nn/plan/plan.h"

/** Find the smallest degree whose modulus carries the depth, and of the two rings of that degree
 * the one that costs less. The next larger degree competes for several images side by side, where a
 *  tensor takes several ciphertexts, and when alternatives are asked for. What was tried is listed
 *  in the plan.
 *
 *  In/out: p          stages are read; arrangement, schedule and tries are filled
 *  In:     options    without defaults: security, precision, costs and images are set
 *          more_room  see nn_schedule_job
 *  Fails:  NN_ERR_PLAN (why names what is missing), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_find_ring(nn_plan *p, const nn_plan_options *options,
                                          double more_room, char *why, size_t why_size);

/** The arrangement of other stages in the ring of a plan.
 *
 *  Fails:  NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_arrange(nn_arrangement *a, const nn_plan *p,
                                        const nn_stages *stages, const nn_costs *costs);

#endif
