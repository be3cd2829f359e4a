/* What a finished plan says of itself. */
#include "nn/plan.h"

#include <stdlib.h>

ckks_lintrans_shape nn_plan_shape(const nn_plan *p, size_t k)
{
    const nn_step *s = &p->step[k].shape;
    const nn_route *r = &p->arrangement.route[k];
    return (ckks_lintrans_shape){
        .limbs = s->limbs,
        .rescale = s->rescale,
        .special = s->special,
        .alpha = s->alpha,
        .diagonal_count = r->count,
        .baby = r->baby,
        .giant = r->giant,
        .fold_count = r->fold_count,
        .fold_step = r->fold,
        .chain = s->chain,
        .compact = s->compact,
    };
}

void nn_plan_free(nn_plan *p)
{
    if (p == NULL)
        return;
    nn_arrangement_clear(&p->arrangement);
    nn_schedule_clear(&p->schedule);
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
