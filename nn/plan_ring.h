/* The first half of making a plan: ring, arrangement and schedule, chosen together. */
#ifndef UNSEEN_NN_PLAN_RING_H
#define UNSEEN_NN_PLAN_RING_H

#include "nn/plan.h"

/** Find the smallest degree whose slots hold every tensor and whose modulus carries the depth, and
 *  of the two rings of that degree the one that costs less; for several images side by side the
 *  next larger degree competes.
 *
 *  In/out: p         stages are read; arrangement and schedule are filled
 *  In:     options   without defaults: security, precision, costs and images are set
 *  Fails:  NN_ERR_PLAN (why names what is missing), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_find_ring(nn_plan *p, const nn_plan_options *options, char *why,
                                          size_t why_size);

/** The arrangement of other stages in the ring of a plan.
 *
 *  Fails:  NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_arrange(nn_arrangement *a, const nn_plan *p,
                                        const nn_stages *stages, const nn_costs *costs);

#endif
