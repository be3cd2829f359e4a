/* One step of a plan in words and numbers. */
#include <math.h>
#include <string.h>

#include "nn/levels/shapes.h"
#include "nn/plan/plan_text.h"

static void add_inputs(nn_plan_text *t, const nn_stage *stage)
{
    for (size_t i = 0; i < stage->input_count; i++) {
        if (i > 0)
            nn_plan_add(t, ", ");
        if (stage->input[i] == 0)
            nn_plan_add(t, "input");
        else
            nn_plan_add(t, "%zu", stage->input[i]);
    }
}

static void add_layout(nn_plan_text *t, const nn_layout *l)
{
    size_t copies = l->count > 0 ? nn_layout_copies(l, 0) : 0;
    nn_plan_add(t, "%zu numbers", l->count);
    if (l->parts > 1)
        nn_plan_add(t, " in %zu ciphertexts", l->parts);
    if (copies > 1)
        nn_plan_add(t, ", %zu times", copies);
    if (l->generators > 0)
        nn_plan_add(t, " at offsets");
    else if (l->period < l->slots)
        nn_plan_add(t, ", every %zu slots", l->period);
}

/* Text into a field of the account. */
static nn_plan_text field(char *at, size_t size)
{
    return (nn_plan_text){at, size, 0};
}

nn_status nn_plan_account_of(const nn_plan *p, size_t k, nn_plan_account *out)
{
    static const char *const kind[] = {"matrix", "polynomial", "product"};
    memset(out, 0, sizeof *out);
    if (k >= p->stages->count)
        return NN_ERR_ARG;
    const nn_stage *stage = &p->stages->stage[k];
    const nn_plan_step *step = &p->step[k];
    nn_work w = nn_shapes_work(p->stages, &p->arrangement, k);
    nn_plan_text inputs = field(out->inputs, sizeof out->inputs);
    nn_plan_text layout = field(out->layout, sizeof out->layout);
    nn_plan_text method = field(out->method, sizeof out->method);
    add_inputs(&inputs, stage);
    add_layout(&layout, &p->arrangement.layout[k + 1]);
    nn_plan_add_method(&method, p, k);
    out->name = stage->name;
    out->kind = kind[stage->kind];
    out->limbs = step->shape.limbs;
    out->limbs_out = step->shape.limbs_out;
    out->scale_in = ckks_scale_log2(step->scale_in[0]);
    out->scale_out = ckks_scale_log2(step->scale_out);
    if (w.babies + w.giants > 0 || !w.affine) {
        out->special = step->shape.special;
        out->alpha = step->shape.alpha;
    }
    out->rotations = (size_t)(w.babies + w.folds + (step->shape.chain ? w.hops : w.giants));
    out->products = w.affine ? 0 : (size_t)(step->shape.products * w.parts);
    out->diagonals = (size_t)w.diagonals;
    out->scalars = (size_t)w.scalars;
    out->range = stage->range;
    out->measured = stage->measured;
    out->error = step->error;
    out->ms = step->shape.ms;
    out->weight_bytes = step->weight_memory;
    out->value_bytes = p->arrangement.layout[k + 1].parts * 2 * (size_t)out->limbs_out *
                       ((size_t)8 << p->schedule.log_n);
    return NN_OK;
}
