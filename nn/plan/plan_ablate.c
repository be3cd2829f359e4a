/* What each pass is worth. */
#include <string.h>

#include "nn/plan/plan.h"

nn_status nn_plan_ablate(const nn_model *m, const nn_plan_options *options, unsigned passes_off,
                         nn_ablation *out, char *why, size_t why_size)
{
    nn_plan_options o = options != NULL ? *options : (nn_plan_options){0};
    nn_plan *plan = NULL;
    memset(out, 0, sizeof *out);
    o.passes_off |= passes_off;
    out->passes_off = o.passes_off;
    nn_status st = nn_model_count(m, o.passes_off, &out->cost, why, why_size);
    if (st != NN_OK)
        return st;
    st = nn_plan_create(&plan, m, &o, out->why, sizeof out->why);
    if (st == NN_ERR_MEMORY)
        return st;
    if (st == NN_OK) {
        out->fits = 1;
        out->forecast = *nn_plan_forecast(plan);
        out->cost.rotations = out->forecast.rotations;
        out->why[0] = '\0';
    }
    nn_plan_free(plan);
    return NN_OK;
}
