/* Networks that cannot be run usefully, whatever the ring: each function finds the first layer that
 * is at fault and says in one sentence what is wrong with it and what can be done. */
#ifndef UNSEEN_NN_STAGES_REFUSE_H
#define UNSEEN_NN_STAGES_REFUSE_H

#include "nn/stages/stage.h"

/** Look at stages before they are planned.
 *
 *  Fails:  NN_ERR_UNSUPPORTED (a matrix of zeros: nothing to encrypt for), NN_ERR_RANGE (the range
 *          of a value is not known, or a fitted polynomial takes more than its interval)
 */
NN_MUST_CHECK nn_status nn_refuse_stages(const nn_stages *s, char *why, size_t why_size);

/** Look at what stage k of a plan makes.
 *
 *  In:     size, error   of its numbers: typical size, and foretold standard deviation of the error
 *  Fails:  NN_ERR_PLAN when they drown in it
 */
NN_MUST_CHECK nn_status nn_refuse_noise(const nn_stages *s, size_t k, double size, double error,
                                        char *why, size_t why_size);

/** The precision that labels need, given the foretold error of a logit at another one: that one
 * when it is enough. Where the size of logits was measured, the error is to be 1/128 of it. */
double nn_refuse_precision(const nn_stages *s, double error, double precision);

/** Look at the foretold error of a logit. Errors are kept so many bits below what an error makes of
 *  the largest values; where a range has exploded, that is more than logits differ by.
 *
 *  In:     error       standard deviation
 *          precision   bits that the plan was made with
 *  Fails:  NN_ERR_RANGE when labels could not be told apart
 */
NN_MUST_CHECK nn_status nn_refuse_logits(const nn_stages *s, double error, double precision,
                                         char *why, size_t why_size);

#endif
