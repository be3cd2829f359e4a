/* Execution: one walk over a plan, two executors. exec_clear computes on plain slot vectors,
 * exec_ckks on ciphertexts; both use the same layouts, diagonals and folds, so that a wrong result
 * is located: ref against clear is the mathematics, clear against ckks is scale or noise.
 *
 * A value is there from the stage that makes it until the last stage that takes it
 * (nn_stages_last_use). */
#ifndef UNSEEN_NN_RUN_EXEC_H
#define UNSEEN_NN_RUN_EXEC_H

#include "nn/plan/plan.h"

typedef struct nn_executor {
    nn_status (*affine)(void *state, size_t k);          /* stage k is a sum of affine maps */
    nn_status (*polynomial)(void *state, size_t k);      /* stage k is a polynomial */
    nn_status (*product)(void *state, size_t k);         /* stage k is a product */
    void (*release)(void *state, size_t value);          /* no later stage takes it */
    void (*show)(void *state, size_t value, nn_view *v); /* fill slots or ciphertexts */
} nn_executor;

/* What a view holds inside: where its numbers lie. */
struct nn_view_place {
    const nn_plan *plan;
    size_t value;
};

/** Walk all stages in order.
 *
 *  In:     watch   NULL for none
 *  Fails:  what the executor returns; NN_ERR_STOPPED when progress or probe returned non-zero
 */
NN_MUST_CHECK nn_status nn_exec_walk(const nn_plan *p, const nn_executor *executor, void *state,
                                     const nn_watch *watch);

/** Whether stage k is the last that takes a value, and it is neither the input nor the output. */
int nn_exec_takes_over(const nn_plan *p, size_t k, size_t value);

/** Route of input i of stage k. */
const nn_route *nn_exec_route(const nn_plan *p, size_t k, size_t i);

/** Ciphertexts, or slot vectors, of a value. */
size_t nn_exec_parts(const nn_plan *p, size_t value);

/** The diagonals of input i of affine stage k, to be released with nn_route_index_clear.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_ARG (the plan has released the matrix)
 */
NN_MUST_CHECK nn_status nn_exec_index(nn_route_index *x, const nn_plan *p, size_t k, size_t i);

/** The bias of an affine stage in all slots of all parts, for every image; NULL when memory ran
 *  out. To be released with free(). */
double *nn_exec_bias(const nn_plan *p, size_t k);

/** A sentence for what both executors fail with; other failures have theirs already.
 *
 *  Returns  status
 */
nn_status nn_exec_why(nn_status status, char *why, size_t why_size);

#endif
