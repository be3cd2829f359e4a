/* Text that grows in a caller's buffer, and the words by which plans name their parts. */
#ifndef UNSEEN_NN_PLAN_PLAN_TEXT_H
#define UNSEEN_NN_PLAN_PLAN_TEXT_H

#include "nn/plan/plan.h"

/* used counts what would have been written. */
typedef struct nn_plan_text {
    char *at;
    size_t size, used;
} nn_plan_text;

/** Append, as snprintf does. */
void nn_plan_add(nn_plan_text *t, const char *format, ...) NN_PRINTF(2, 3);

/** Append how input i of affine stage k is multiplied. */
void nn_plan_add_route(nn_plan_text *t, const nn_plan *p, size_t k, size_t i);

/** Append how stage k is computed, all its inputs. */
void nn_plan_add_method(nn_plan_text *t, const nn_plan *p, size_t k);

static inline double nn_plan_mib(size_t bytes)
{
    return (double)bytes / 1048576.0;
}

#endif
