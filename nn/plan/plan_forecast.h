/* What a plan foretells: errors, operations, time. Bytes and memory: nn/plan/plan_memory.h. */
#ifndef UNSEEN_NN_PLAN_PLAN_FORECAST_H
#define UNSEEN_NN_PLAN_PLAN_FORECAST_H

#include "nn/plan/plan.h"
#include "nn/plan/plan_memory.h"

/** Fill the forecast and every step's predicted error and time.
 *
 *  In/out: p     complete but for these
 *  In:     ctx   a context of p's parameters
 *          here  unit times of the machine that will run it; what was decided stays
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_foretell(nn_plan *p, const ckks_context *ctx, const nn_costs *here);

#endif
