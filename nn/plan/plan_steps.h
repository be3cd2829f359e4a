/* From sizes in bits to real primes: the parameters, and the exact scale of every value. */
#ifndef UNSEEN_NN_PLAN_PLAN_STEPS_H
#define UNSEEN_NN_PLAN_PLAN_STEPS_H

#include "nn/plan/plan.h"

/** Real primes for the sizes of the schedule.  Fails: ckks codes */
NN_MUST_CHECK nn_status nn_plan_make_params(nn_plan *p, int security_bits, char *why,
                                            size_t why_size);

/** Exact scales, stage by stage, and the weights by which all summands of a stage meet at exactly
 * one scale. Polynomials other than a square decide by themselves where they rescale.
 *
 *  In/out: p     with parameters; its steps are filled
 *  In:     ctx   of these parameters
 *  Fails:  NN_ERR_MISMATCH when a polynomial decides otherwise with the real primes than it did
 * with the nominal ones
 */
NN_MUST_CHECK nn_status nn_plan_make_steps(nn_plan *p, const ckks_context *ctx, char *why,
                                           size_t why_size);

#endif
