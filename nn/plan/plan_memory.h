/* The memory of a plan: of the server while it encodes the weights and while it infers, and what
 * can be saved by keeping weights compact. */
#ifndef UNSEEN_NN_PLAN_PLAN_MEMORY_H
#define UNSEEN_NN_PLAN_PLAN_MEMORY_H

#include "nn/plan/plan.h"

/* Bytes of code, libc, stacks, the process itself; batches count them too. */
enum { NN_PROCESS_MEMORY = 6 << 20 };

/** Fill all bytes of the forecast.
 *
 *  In/out: p     with keys and steps
 *  In:     ctx   a context of its parameters
 */
void nn_plan_foretell_memory(nn_plan *p, const ckks_context *ctx);

/** Keep the server's memory within a bound as far as that goes: weights become compact where that
 *  saves the most for the time it costs.
 *
 *  In/out: p       foretold; its steps' compact, and its forecast
 *  In:     memory  wanted bound on the forecast's server_memory
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_plan_fit(nn_plan *p, const ckks_context *ctx, const nn_costs *costs,
                                    size_t memory);

/** Bytes of one encoded bias of one ciphertext: a plaintext has room for all limbs. */
size_t nn_plan_bias_bytes(const nn_plan *p);

/** Circuit scratch that one worker of so many threads needs to walk the plan. */
size_t nn_plan_scratch(const nn_plan *p, const ckks_context *ctx, int threads);

/** Ciphertexts that are alive at most while the plan is walked, beside the request. */
size_t nn_plan_alive(const nn_plan *p);

#endif
