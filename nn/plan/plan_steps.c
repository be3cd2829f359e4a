/* See nn/plan/plan_steps.h. */
#include "nn/plan/plan_steps.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/levels/scales.h"

/* Compact diagonals whose coefficients stay below this are kept in 32 bits; twice that is the
 * limit.
 */
static const double narrow_bits = 30.0;

nn_status nn_plan_make_params(nn_plan *p, int security_bits, char *why, size_t why_size)
{
    const nn_schedule *s = &p->schedule;
    return ckks_params_generate(&p->params, s->ring, s->log_n, s->q_bits, s->limbs, s->p_bits,
                                s->special, security_bits, why, why_size);
}

/* Weights of an affine stage, such that all inputs meet at the scale that is returned: that of an
 * input which is multiplied by 1 exactly, else what gives the output the scheduled scale. */
static ckks_scale meet(const nn_plan *p, nn_plan_step *step, size_t count)
{
    const nn_step *shape = &step->shape;
    size_t anchor = count;
    for (size_t i = 0; i < count; i++)
        if (shape->weight_bits[i] <= 0.0)
            anchor = i;
    ckks_scale wanted = anchor < count ? step->scale_in[anchor]
                                       : nn_scale_before(&p->params, shape->scale_bits,
                                                         shape->limbs, shape->limbs_out);
    for (size_t i = 0; i < count; i++)
        step->weight[i] =
            i == anchor ? ckks_scale_from(1.0) : ckks_scale_div(wanted, step->scale_in[i]);
    return wanted;
}

/* Whether compact diagonals of an input fit in 32 bits. A diagonal holds entries of the matrix, and
 * a coefficient is at most sqrt(2) times the largest of them. */
static int narrow(const nn_affine *a, ckks_scale weight)
{
    double most = 0.0;
    for (size_t e = 0; e < nn_affine_nonzeros(a); e++)
        most = fmax(most, fabs(a->value[e]));
    return log2(fmax(most, 1e-30)) + ckks_scale_log2(weight) + 0.5 < narrow_bits;
}

static ckks_scale behind(const nn_plan *p, const nn_plan_step *step, ckks_scale scale)
{
    return nn_scale_behind(&p->params, scale, step->shape.limbs, step->shape.limbs_out);
}

static nn_status make_step(nn_plan *p, size_t k, const ckks_context *ctx, ckks_scale *scale,
                           const int *limbs, char *why, size_t why_size)
{
    const nn_stage *stage = &p->stages->stage[k];
    nn_plan_step *step = &p->step[k];
    *step =
        (nn_plan_step){.shape = p->schedule.step[k], .magnitude = NN_RANGE_MARGIN * stage->range};
    step->min_scale = exp2(step->shape.min_scale_bits);
    for (size_t i = 0; i < stage->input_count; i++) {
        step->scale_in[i] = scale[stage->input[i]];
        if (limbs[stage->input[i]] < step->shape.limbs)
            return nn_why(why, why_size, NN_ERR_MISMATCH, "stage %zu, '%s', lacks limbs", k + 1,
                          stage->name);
    }
    if (stage->kind == NN_STAGE_AFFINE) {
        step->scale_out = behind(p, step, meet(p, step, stage->input_count));
        for (size_t i = 0; i < stage->input_count; i++)
            step->shape.narrow[i] = narrow(&stage->affine[i], step->weight[i]);
    } else if (stage->kind == NN_STAGE_PRODUCT || nn_stage_is_square(stage)) {
        ckks_scale both = ckks_scale_mul(step->scale_in[0], step->scale_in[stage->input_count - 1]);
        step->scale_out = behind(p, step, both);
    } else {
        ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
        int left = 0;
        ckks_status st =
            ckks_poly_plan(ctx, &poly, step->shape.limbs, step->scale_in[0], step->min_scale, &left,
                           &step->scale_out, &step->shape.products);
        if (st != CKKS_OK || left != step->shape.limbs_out)
            return nn_why(why, why_size, NN_ERR_MISMATCH,
                          "the activation '%s' of degree %d does not fit into the %d limbs that "
                          "stage %zu has",
                          stage->name, stage->degree, step->shape.limbs, k + 1);
    }
    step->shape.scale_bits = ckks_scale_log2(step->scale_out);
    scale[k + 1] = step->scale_out;
    return NN_OK;
}

nn_status nn_plan_make_steps(nn_plan *p, const ckks_context *ctx, char *why, size_t why_size)
{
    size_t count = p->stages->count;
    ckks_scale *scale = calloc(count + 1, sizeof *scale);
    int *limbs = calloc(count + 1, sizeof *limbs);
    nn_status st = scale != NULL && limbs != NULL ? NN_OK : NN_ERR_MEMORY;
    if (st == NN_OK) {
        scale[0] = ckks_scale_from(exp2(p->schedule.input_bits));
        limbs[0] = p->schedule.limbs;
    }
    for (size_t k = 0; k < count && st == NN_OK; k++) {
        st = make_step(p, k, ctx, scale, limbs, why, why_size);
        limbs[k + 1] = p->step[k].shape.limbs_out;
    }
    free(scale);
    free(limbs);
    return st;
}
