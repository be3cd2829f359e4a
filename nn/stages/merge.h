/* Adjacent affine stages become one: see nn/stages/rewrite.h, which is the door to this file. */

#ifndef UNSEEN_NN_STAGES_MERGE_H
#define UNSEEN_NN_STAGES_MERGE_H

#include "nn/stages/rewrite_data.h"
#include "nn/stages/stage.h"

/** Run the passes NORM, POOL and LINEAR, as far as options ask for them.
 *
 *  Out:    report   candidates; may be NULL
 *  In/out: s        stages that are merged away are dropped; in any state on failure
 *  Fails:  NN_ERR_RANGE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_merge_affine(nn_stages *s, const nn_rewrite_options *options,
                                        nn_rewrite_report *report, char *why, size_t why_size);

/** The stage that takes a value, when it is the only one and the value is not the output; else
 *  s->count. */
size_t nn_merge_only_user(const nn_stages *s, size_t value);

/** 1 when all stages that take a value are affine, there is one, and it is not the output. Stage
 *  `but` does not count; SIZE_MAX for none. */
int nn_merge_all_affine(const nn_stages *s, size_t value, size_t but);

/** Change all affine stages but one to take x' where value x = scale * x' + shift, element by
 * element. The bias goes to the stages' first maps.
 *
 *  Fails:  NN_ERR_RANGE
 */
NN_MUST_CHECK nn_status nn_merge_substitute(nn_stages *s, size_t value, size_t but,
                                            const double *scale, const double *shift);

/** Drop stages that give their only input as it is, and those that nothing needs. */
void nn_merge_drop(nn_stages *s);

#endif
