/* Execution: one walk over a plan, two executors. exec_clear computes on plain slot vectors,
 * exec_ckks on ciphertexts; both use the same layouts, diagonals and folds, so that a wrong result
 * is located: ref against clear is the mathematics, clear against ckks is scale or noise. */
#ifndef UNSEEN_NN_EXEC_H
#define UNSEEN_NN_EXEC_H

#include "nn/plan.h"

typedef struct nn_executor {
    nn_status (*affine)(void *state, size_t k);     /* stage k is an affine map */
    nn_status (*activation)(void *state, size_t k); /* stage k is a polynomial */
} nn_executor;

/** Walk all stages in order.
 *
 *  Fails:  what the executor returns; NN_ERR_STOPPED when progress returned non-zero
 */
NN_MUST_CHECK nn_status nn_exec_walk(const nn_plan *p, const nn_executor *executor, void *state,
                                     nn_progress progress, void *user);

/** The diagonals of an affine stage: route.count * slots numbers, to be released with free().
 *
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_exec_diagonals(double **value, const nn_plan *p, size_t k);

/** The bias of an affine stage in all slots, for every image; NULL when memory ran out. To be
 *  released with free(). */
double *nn_exec_bias(const nn_plan *p, size_t k);

#endif
