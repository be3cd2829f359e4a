/* Making a plan: arrange, schedule, then replace every size in bits by the real primes and
 * foretell. */
#include "nn/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/plan_forecast.h"
#include "nn/plan_ring.h"
#include "nn/why.h"

enum { LOG_N_MIN = 11, TRIES_MAX = 4 };

static const double default_precision_bits = 13.0;

/* Real primes for the sizes of the schedule. */
static nn_status make_params(nn_plan *p, int security_bits, char *why, size_t why_size)
{
    const nn_schedule *s = &p->schedule;
    return ckks_params_generate(&p->params, s->ring, s->log_n, s->q_bits, s->limbs, s->p_bits,
                                s->special, security_bits, why, why_size);
}

static ckks_scale drop(const nn_plan *p, ckks_scale scale, int limbs, int count)
{
    for (int l = 0; l < count; l++)
        scale = ckks_scale_div_prime(scale, p->params.q[limbs - 1 - l]);
    return scale;
}

/* Exact scales, stage by stage. Polynomials other than a square decide by themselves where they
 * rescale; ckks_poly_plan says what comes out, and the limbs of the stages behind follow from it.
 */
static nn_status make_steps(nn_plan *p, const ckks_context *ctx, char *why, size_t why_size)
{
    const nn_stages *stages = p->stages;
    int limbs = p->schedule.limbs;
    ckks_scale scale = ckks_scale_from(exp2(p->schedule.input_bits));
    for (size_t k = 0; k < stages->count; k++) {
        const nn_stage *stage = &stages->stage[k];
        nn_plan_step *step = &p->step[k];
        step->shape = p->schedule.step[k];
        step->scale_in = scale;
        step->magnitude = NN_RANGE_MARGIN * stage->range;
        step->min_scale = nn_step_min_scale(&step->shape);
        if (step->shape.limbs != limbs)
            return nn_why(
                why, why_size, NN_ERR_MISMATCH,
                "stage %zu, '%s', was to have %d limbs but the polynomial before it leaves "
                "%d",
                k + 1, stage->name, step->shape.limbs, limbs);
        if (stage->kind == NN_STAGE_AFFINE) {
            step->weight = ckks_scale_from(exp2(step->shape.weight_bits));
            scale = drop(p, ckks_scale_mul(scale, step->weight), limbs, step->shape.rescale);
            limbs -= step->shape.rescale;
        } else if (nn_stage_is_square(stage)) {
            scale = drop(p, ckks_scale_mul(scale, scale), limbs, step->shape.rescale);
            limbs -= step->shape.rescale;
        } else {
            ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
            int left = 0;
            ckks_status st =
                ckks_poly_plan(ctx, &poly, limbs, scale, step->min_scale, &left, &scale, NULL);
            if (st != CKKS_OK)
                return nn_why(why, why_size, NN_ERR_PLAN,
                              "the activation '%s' of degree %d does not fit into %d limbs",
                              stage->name, stage->degree, limbs);
            step->shape.rescale = limbs - left;
            limbs = left;
        }
        step->shape.limbs_out = limbs;
        step->shape.scale_bits = ckks_scale_log2(scale);
        step->scale_out = scale;
    }
    return NN_OK;
}

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

/* The keys of an affine stage: those of its babies and giants, or those of its folds, which have
 * the shape that the schedule chose for them and take any key that serves. */
static nn_status affine_keys(nn_plan *p, const ckks_context *ctx, size_t k, int folds)
{
    ckks_lintrans_shape shape = nn_plan_shape(p, k);
    const nn_step *step = &p->step[k].shape;
    size_t count = ckks_lintrans_keys(ctx, NULL, 0, &shape);
    ckks_key_spec *spec = calloc(count + 1, sizeof *spec);
    if (spec == NULL)
        return NN_ERR_MEMORY;
    nn_status st = NN_OK;
    (void)ckks_lintrans_keys(ctx, spec, count, &shape);
    for (size_t i = 0; i < count && st == NN_OK; i++) {
        if ((spec[i].limbs != step->limbs) != folds)
            continue;
        if (folds) {
            spec[i].alpha = step->fold_alpha;
            spec[i].special = step->fold_special;
        }
        if (!folds || !has_key(p, &spec[i]))
            st = add_key(p, &spec[i]);
    }
    free(spec);
    return st;
}

static nn_status make_keys(nn_plan *p, const ckks_context *ctx)
{
    nn_status st = NN_OK;
    for (int folds = 0; folds < 2; folds++)
        for (size_t k = 0; k < p->stages->count && st == NN_OK; k++) {
            const nn_step *step = &p->step[k].shape;
            ckks_key_spec spec = {CKKS_KEY_RELINEARISE, 0, step->limbs, step->alpha, step->special};
            if (p->stages->stage[k].kind == NN_STAGE_AFFINE)
                st = affine_keys(p, ctx, k, folds);
            else if (!folds)
                st = add_key(p, &spec);
        }
    return st;
}

/* Rotations of the best arrangement of some stages; that of the plan's own stages is there already.
 */
static size_t rotations_of(const nn_plan *p, const nn_stages *s, const nn_costs *costs)
{
    nn_arrangement a;
    if (s == p->stages)
        return nn_arrangement_rotations(&p->arrangement);
    if (nn_plan_arrange(&a, p, s, costs) != NN_OK)
        return 0;
    size_t n = nn_arrangement_rotations(&a);
    nn_arrangement_clear(&a);
    return n;
}

static nn_model_cost cost_of(const nn_cost *c, size_t rotations)
{
    return (nn_model_cost){c->levels, c->multiplications, c->constants,
                           rotations, c->affine_stages,   c->poly_stages};
}

/* A matrix of zeros makes an output that does not depend on the image: nothing to encrypt for. */
static nn_status refuse_zeros(const nn_stages *stages, char *why, size_t why_size)
{
    for (size_t k = 0; k < stages->count; k++) {
        const nn_stage *stage = &stages->stage[k];
        if (stage->kind == NN_STAGE_AFFINE && nn_affine_nonzeros(&stage->affine) == 0)
            return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                          "all weights of '%s' are zero: the output does not depend on the image",
                          stage->name);
    }
    return NN_OK;
}

static nn_status complete(nn_plan *p, const nn_plan_options *o, const nn_costs *here, char *why,
                          size_t why_size)
{
    ckks_context *ctx = NULL;
    nn_status st = make_params(p, o->security_bits, why, why_size);
    if (st == NN_OK)
        st = ckks_context_create(&ctx, &p->params, why, why_size);
    if (st == NN_OK)
        st = make_steps(p, ctx, why, why_size);
    if (st == NN_OK)
        st = make_keys(p, ctx);
    if (st == NN_OK)
        st = nn_plan_foretell(p, ctx, here);
    if (st == NN_OK && o->memory != 0)
        st = nn_plan_fit(p, ctx, here, o->memory, why, why_size);
    ckks_context_free(ctx);
    return st;
}

nn_status nn_plan_create(nn_plan **out, const nn_model *m, const nn_plan_options *options,
                         char *why, size_t why_size)
{
    *out = NULL;
    nn_plan_options o = options != NULL ? *options : (nn_plan_options){0};
    o.security_bits = o.security_bits != 0 ? o.security_bits : 128;
    o.precision_bits = o.precision_bits > 0.0 ? o.precision_bits : default_precision_bits;
    /* What is decided must not depend on the machine: a plan made on one serves requests on all. */
    const nn_costs *here = o.costs != NULL ? o.costs : nn_costs_builtin(NULL);
    o.costs = o.costs != NULL ? o.costs : nn_costs_builtin(NN_COSTS_REFERENCE);
    o.images = o.images != 0 ? o.images : 1;
    if (o.security_bits != 128 && o.security_bits != 192 && o.security_bits != 256)
        return nn_why(why, why_size, NN_ERR_ARG, "security of %d bits; there are 128, 192 and 256",
                      o.security_bits);
    if (o.log_n != 0 && (o.log_n < LOG_N_MIN || o.log_n > CKKS_MAX_LOG_N))
        return nn_why(why, why_size, NN_ERR_ARG, "N = 2^%d; the table has 2^%d to 2^%d", o.log_n,
                      LOG_N_MIN, CKKS_MAX_LOG_N);
    if (o.images > (size_t)1 << CKKS_MAX_LOG_N || nn_layout_pow2(o.images) != o.images)
        return nn_why(why, why_size, NN_ERR_ARG, "%zu images side by side; it must be a power of 2",
                      o.images);
    if (o.ring < NN_RING_ANY || o.ring > NN_RING_REAL)
        return nn_why(why, why_size, NN_ERR_ARG, "ring %d; there are 0, 1 and 2", o.ring);
    nn_status zeros = refuse_zeros(o.keep_unmerged ? &m->raw : &m->merged, why, why_size);
    if (zeros != NN_OK)
        return zeros;
    nn_plan *p = calloc(1, sizeof *p);
    if (p == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory");
    p->model = m;
    p->stages = o.keep_unmerged ? &m->raw : &m->merged;
    p->step = calloc(p->stages->count + 1, sizeof *p->step);
    nn_status st = p->step != NULL ? NN_ERR_MISMATCH : NN_ERR_MEMORY;
    for (int tries = 0; tries < TRIES_MAX && st == NN_ERR_MISMATCH; tries++) {
        nn_arrangement_clear(&p->arrangement);
        nn_schedule_clear(&p->schedule);
        st = nn_plan_find_ring(p, &o, why, why_size);
        if (st == NN_OK)
            st = complete(p, &o, here, why, why_size);
        /* The nominal primes promised what the real ones do not hold: a slightly other scale will.
         */
        o.precision_bits += 0.37;
    }
    st = st == NN_ERR_MISMATCH ? NN_ERR_PLAN : st;
    if (st == NN_OK) {
        p->before = cost_of(&m->report.before, rotations_of(p, &m->raw, o.costs));
        p->after = cost_of(&m->report.after, rotations_of(p, &m->merged, o.costs));
        *out = p;
        return NN_OK;
    }
    nn_plan_free(p);
    return st;
}
