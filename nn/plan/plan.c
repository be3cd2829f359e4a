/* What a finished plan says of itself. */
#include "nn/plan/plan.h"

#include <stdlib.h>

ckks_lintrans_shape nn_plan_shape(const nn_plan *p, size_t k, size_t i)
{
    const nn_step *s = &p->step[k].shape;
    const nn_route *r = nn_arrangement_route(&p->arrangement, k, i);
    return (ckks_lintrans_shape){
        .limbs = s->limbs,
        .rescale = s->rescale,
        .special = s->special,
        .alpha = s->alpha,
        .step_count = r->count,
        .baby = r->baby,
        .giant = r->giant,
        .fold_count = r->fold_count,
        .fold_step = r->fold,
        .chain = s->chain,
        .compact = s->compact[i],
        .narrow = s->narrow[i],
        .in_count = (int)r->in_parts,
        .out_count = (int)r->out_parts,
        .diagonal_count = r->entries,
        .diagonal_step = r->entry_step,
        .diagonal_in = r->entry_in,
        .diagonal_out = r->entry_out,
    };
}

void nn_plan_release_matrix(nn_plan *p, size_t k, size_t i)
{
    nn_affine *a = &p->stages->stage[k].affine[i];
    free(a->col);
    free(a->value);
    a->col = NULL;
    a->value = NULL;
    a->capacity = 0;
    for (size_t o = 0; a->row_start != NULL && o <= a->rows; o++)
        a->row_start[o] = 0;
}

void nn_plan_free(nn_plan *p)
{
    if (p == NULL)
        return;
    nn_arrangement_clear(&p->arrangement);
    nn_schedule_clear(&p->schedule);
    nn_stages_clear(p->stages);
    free(p->stages);
    free(p->step);
    free(p->key);
    free(p);
}

const ckks_params *nn_plan_params(const nn_plan *p)
{
    return &p->params;
}

const nn_forecast *nn_plan_forecast(const nn_plan *p)
{
    return &p->forecast;
}

void nn_plan_costs(const nn_plan *p, nn_model_cost *before, nn_model_cost *after)
{
    *before = p->before;
    *after = p->after;
}

size_t nn_plan_images(const nn_plan *p)
{
    return p->arrangement.images;
}

size_t nn_plan_steps(const nn_plan *p)
{
    return p->stages->count;
}

const char *nn_plan_step_name(const nn_plan *p, size_t step)
{
    return step < p->stages->count ? p->stages->stage[step].name : "";
}

size_t nn_plan_tries(const nn_plan *p)
{
    return p->try_count;
}

const nn_plan_try *nn_plan_tried(const nn_plan *p, size_t k)
{
    return k < p->try_count ? &p->tried[k] : NULL;
}
