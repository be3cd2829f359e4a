/* See nn/plan/plan_text.h. */
#include "nn/plan/plan_text.h"

#include <stdarg.h>
#include <stdio.h>

void nn_plan_add(nn_plan_text *t, const char *format, ...)
{
    va_list args;
    size_t left = t->used < t->size ? t->size - t->used : 0;
    va_start(args, format);
    int n = vsnprintf(left > 0 ? t->at + t->used : NULL, left, format, args);
    va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
}

static const char *route_name(nn_route_kind kind)
{
    static const char *const name[] = {"periodic", "split", "aligned", "spread", "same"};
    return name[kind];
}

void nn_plan_add_route(nn_plan_text *t, const nn_plan *p, size_t k, size_t i)
{
    const nn_step *s = &p->step[k].shape;
    const nn_route *r = nn_arrangement_route(&p->arrangement, k, i);
    if (r->kind == NN_ROUTE_SAME) {
        nn_plan_add(t, s->weight_bits[i] > 0.0 ? "as it is, times 1" : "as it is");
        return;
    }
    nn_plan_add(t, "%4d diagonals, %2d+%d rotations, %d folds, %s", r->entries, r->babies,
                r->giants, r->fold_count, route_name(r->kind));
    if (r->in_parts > 1 || r->out_parts > 1)
        nn_plan_add(t, ", %zu to %zu ciphertexts", r->in_parts, r->out_parts);
    if (s->chain)
        nn_plan_add(t, ", giants in a chain");
    if (s->compact[i] > 0)
        nn_plan_add(t, ", %d or more diagonals compact", s->compact[i]);
}

void nn_plan_add_method(nn_plan_text *t, const nn_plan *p, size_t k)
{
    const nn_stage *stage = &p->stages->stage[k];
    if (stage->kind == NN_STAGE_PRODUCT)
        nn_plan_add(t, "product of two values");
    else if (stage->kind == NN_STAGE_POLY && nn_stage_is_square(stage))
        nn_plan_add(t, "square");
    else if (stage->kind == NN_STAGE_POLY)
        nn_plan_add(t, "%s of degree %d, %d products",
                    stage->basis == CKKS_BASIS_CHEBYSHEV ? "Chebyshev polynomial" : "polynomial",
                    stage->degree, p->step[k].shape.products);
    for (size_t i = 0; stage->kind == NN_STAGE_AFFINE && i < stage->input_count; i++) {
        if (i > 0)
            nn_plan_add(t, " + ");
        nn_plan_add_route(t, p, k, i);
    }
}
