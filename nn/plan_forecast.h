/* What a plan foretells: errors, operations, bytes, memory, time. */
#ifndef UNSEEN_NN_PLAN_FORECAST_H
#define UNSEEN_NN_PLAN_FORECAST_H

#include "nn/plan.h"

/** Fill the forecast and every step's predicted error.
 *
 *  In/out: p     complete but for these
 *  In:     ctx   a context of p's parameters
 *          here  unit times of the machine that will run it; what was decided stays
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_foretell(nn_plan *p, const ckks_context *ctx, const nn_costs *here);

/** Keep the server's memory within a bound: weights become compact, whole giants of them, where
 * that saves the most for the time it costs.
 *
 *  In/out: p       foretold; its steps' compact, and its forecast
 *  In:     memory  bound on the forecast's server_memory
 *  Fails:  NN_ERR_PLAN when even all compact needs more; why says how much
 */
NN_MUST_CHECK nn_status nn_plan_fit(nn_plan *p, const ckks_context *ctx, const nn_costs *costs,
                                    size_t memory, char *why, size_t why_size);

/** Bytes of one encoded bias: a plaintext has room for all limbs. */
size_t nn_plan_bias_bytes(const nn_plan *p);

/** Circuit scratch that one worker needs to walk the plan. */
size_t nn_plan_scratch(const nn_plan *p, const ckks_context *ctx);

#endif
