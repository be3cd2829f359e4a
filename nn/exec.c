/* The driver that both executors share. */
#include "nn/exec.h"

#include <stdlib.h>

nn_status nn_exec_walk(const nn_plan *p, const nn_executor *executor, void *state,
                       nn_progress progress, void *user)
{
    const nn_stages *s = p->stages;
    for (size_t k = 0; k < s->count; k++) {
        nn_status st = s->stage[k].kind == NN_STAGE_AFFINE ? executor->affine(state, k)
                                                           : executor->activation(state, k);
        if (st != NN_OK)
            return st;
        if (progress != NULL && progress(user, k + 1, s->count, s->stage[k].name) != 0)
            return NN_ERR_STOPPED;
    }
    return NN_OK;
}

nn_status nn_exec_diagonals(double **value, const nn_plan *p, size_t k)
{
    const nn_arrangement *a = &p->arrangement;
    const nn_route *r = &a->route[k];
    *value = malloc(((size_t)r->count * r->slots + 1) * sizeof **value);
    if (*value == NULL)
        return NN_ERR_MEMORY;
    nn_status st = nn_route_diagonals(r, *value, &p->stages->stage[k].affine, &a->layout[k],
                                      &a->layout[k + 1]);
    if (st != NN_OK) {
        free(*value);
        *value = NULL;
    }
    return st;
}

double *nn_exec_bias(const nn_plan *p, size_t k)
{
    const nn_arrangement *a = &p->arrangement;
    double *slot = calloc(a->slots, sizeof *slot);
    for (size_t m = 0; m < a->images && slot != NULL; m++)
        nn_layout_spread(&a->layout[k + 1], slot, a->images, m, p->stages->stage[k].affine.bias);
    return slot;
}
