/* The evaluation keys of a plan: one for every rotation and shape, and for products. */
#ifndef UNSEEN_NN_PLAN_PLAN_KEYS_H
#define UNSEEN_NN_PLAN_PLAN_KEYS_H

#include "nn/plan/plan.h"

/** List the keys; those that the plan had are forgotten.
 *
 *  In/out: p     with steps
 *  In:     ctx   of its parameters
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_make_keys(nn_plan *p, const ckks_context *ctx);

#endif
