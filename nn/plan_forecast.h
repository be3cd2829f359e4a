/* What a plan foretells: errors, operations, bytes, memory, time. */
#ifndef UNSEEN_NN_PLAN_FORECAST_H
#define UNSEEN_NN_PLAN_FORECAST_H

#include "nn/plan.h"

/** Fill the forecast and every step's predicted error.
 *
 *  In/out: p     complete but for these
 *  In:     ctx   a context of p's parameters
 */
void nn_plan_foretell(nn_plan *p, const ckks_context *ctx);

/** Circuit scratch that one worker needs to walk the plan. */
size_t nn_plan_scratch(const nn_plan *p, const ckks_context *ctx);

#endif
