/* See nn/plan/plan_keys.h. */
#include "nn/plan/plan_keys.h"

#include <stdlib.h>

/* Add a key, or widen one of the same shape to more limbs. */
static nn_status add_key(nn_plan *p, const ckks_key_spec *spec)
{
    for (size_t k = 0; k < p->key_count; k++) {
        ckks_key_spec *have = &p->key[k];
        if (have->kind != spec->kind || have->steps != spec->steps || have->alpha != spec->alpha ||
            have->special != spec->special)
            continue;
        have->limbs = spec->limbs > have->limbs ? spec->limbs : have->limbs;
        return NN_OK;
    }
    ckks_key_spec *more = realloc(p->key, (p->key_count + 1) * sizeof *more);
    if (more == NULL)
        return NN_ERR_MEMORY;
    p->key = more;
    p->key[p->key_count++] = *spec;
    return NN_OK;
}

/* 1 when a key is there already that rotates at these limbs and is not much slower than the wanted
 * one: by one special prime at most. */
static int has_key(const nn_plan *p, const ckks_key_spec *wanted)
{
    for (size_t k = 0; k < p->key_count; k++) {
        const ckks_key_spec *have = &p->key[k];
        if (have->kind == wanted->kind && have->steps == wanted->steps &&
            have->limbs >= wanted->limbs && have->special <= wanted->special + 1)
            return 1;
    }
    return 0;
}

/* The keys of one input of an affine stage: those of its babies and giants, or those of its folds,
 * which have the shape that the schedule chose for them and take any key that serves. */
static nn_status route_keys(nn_plan *p, const ckks_context *ctx, size_t k, size_t i, int folds)
{
    ckks_lintrans_shape shape = nn_plan_shape(p, k, i);
    const nn_step *step = &p->step[k].shape;
    size_t count = ckks_lintrans_keys(ctx, NULL, 0, &shape), turns;
    ckks_key_spec *spec = calloc(count + 1, sizeof *spec);
    if (spec == NULL)
        return NN_ERR_MEMORY;
    nn_status st = NN_OK;
    (void)ckks_lintrans_keys(ctx, spec, count, &shape);
    shape.fold_count = 0; /* folds stand behind all others */
    turns = ckks_lintrans_keys(ctx, NULL, 0, &shape);
    for (size_t j = 0; j < count && st == NN_OK; j++) {
        if ((j >= turns) != folds)
            continue;
        if (folds) {
            spec[j].limbs = step->limbs_out;
            spec[j].alpha = step->fold_alpha;
            spec[j].special = step->fold_special;
        }
        if (!folds || !has_key(p, &spec[j]))
            st = add_key(p, &spec[j]);
    }
    free(spec);
    return st;
}

static nn_status stage_keys(nn_plan *p, const ckks_context *ctx, size_t k, int folds)
{
    const nn_stage *stage = &p->stages->stage[k];
    const nn_step *step = &p->step[k].shape;
    ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, step->limbs, step->alpha, step->special};
    nn_status st = NN_OK;
    if (stage->kind != NN_STAGE_AFFINE)
        return folds ? NN_OK : add_key(p, &spec);
    for (size_t i = 0; i < stage->input_count && st == NN_OK; i++)
        if (nn_arrangement_route(&p->arrangement, k, i)->kind != NN_ROUTE_SAME)
            st = route_keys(p, ctx, k, i, folds);
    return st;
}

nn_status nn_plan_make_keys(nn_plan *p, const ckks_context *ctx)
{
    nn_status st = NN_OK;
    free(p->key);
    p->key = NULL;
    p->key_count = 0;
    for (int folds = 0; folds < 2; folds++)
        for (size_t k = 0; k < p->stages->count && st == NN_OK; k++)
            st = stage_keys(p, ctx, k, folds);
    return st;
}
