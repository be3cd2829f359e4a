/* Plans of stages made by hand, random small directed acyclic ones among them, for the executors.
 */
#ifndef UNSEEN_TESTS_STAGE_PLANS_H
#define UNSEEN_TESTS_STAGE_PLANS_H

#include "nn/plan/plan_forecast.h"
#include "nn/plan/plan_keys.h"
#include "nn/plan/plan_ring.h"
#include "nn/plan/plan_steps.h"

#include "tests/sessions.h"
#include "tests/stages.h"

/** A model that has nothing but its graph, for stages that come from nowhere. */
static inline nn_model *stage_plans_model(const nn_stages *s)
{
    nn_model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(nn_graph_create(&m->graph), NN_OK);
    m->input = s->input;
    m->input_lo = s->input_lo;
    m->input_hi = s->input_hi;
    m->outputs = nn_stages_output_count(s);
    return m;
}

/** Ranges twice what the stages give for a few random images, then a plan, which takes them over;
 * its model is to be freed after it. */
static inline nn_plan *stage_plans_make(nn_stages *s, const nn_model *m, const nn_plan_options *o,
                                        testing_rng *rng)
{
    nn_plan_options options = *o;
    nn_plan *p = calloc(1, sizeof *p);
    ckks_context *ctx = NULL;
    char why[400] = "";
    size_t width = nn_stages_width(s, 0);
    double *peak = calloc(s->count, sizeof *peak), *x = malloc(width * sizeof *x);
    double *y = malloc(nn_stages_output_count(s) * sizeof *y);
    nn_status st = NN_ERR_MISMATCH;
    assert_true(p != NULL && peak != NULL && x != NULL && y != NULL);
    for (int image = 0; image < 4; image++) {
        for (size_t i = 0; i < width; i++)
            x[i] = testing_uniform(rng, s->input_lo, s->input_hi);
        assert_int_equal(nn_stages_apply(s, y, peak, x), NN_OK);
    }
    for (size_t k = 0; k < s->count; k++) {
        s->stage[k].range = 2.0 * peak[k] + 1.0;
        s->stage[k].measured = 1;
    }
    options.security_bits = options.security_bits != 0 ? options.security_bits : 128;
    options.precision_bits = options.precision_bits > 0.0 ? options.precision_bits : 13.0;
    options.images = options.images != 0 ? options.images : 1;
    options.costs = nn_costs_builtin(NN_COSTS_REFERENCE);
    p->model = m;
    p->stages = malloc(sizeof *p->stages);
    assert_non_null(p->stages);
    *p->stages = *s;
    p->step = calloc(s->count + 1, sizeof *p->step);
    assert_non_null(p->step);
    for (int tries = 0; tries < 4 && st == NN_ERR_MISMATCH; tries++) {
        nn_arrangement_clear(&p->arrangement);
        nn_schedule_clear(&p->schedule);
        st = nn_plan_find_ring(p, &options, 6.0 * tries, why, sizeof why);
        if (st == NN_OK)
            st = nn_plan_make_params(p, options.security_bits, why, sizeof why);
        if (st == NN_OK)
            st = ckks_context_create(&ctx, &p->params, why, sizeof why);
        if (st == NN_OK)
            st = nn_plan_make_steps(p, ctx, why, sizeof why);
        if (st == NN_OK)
            st = nn_plan_make_keys(p, ctx);
        if (st == NN_OK)
            st = nn_plan_foretell(p, ctx, options.costs);
        ckks_context_free(ctx);
        ctx = NULL;
        options.precision_bits += 0.37;
    }
    if (st != NN_OK)
        print_error("%s\n", why);
    assert_int_equal(st, NN_OK);
    *s = (nn_stages){.count = 0};
    free(peak);
    free(x);
    free(y);
    return p;
}

/** A Chebyshev polynomial with random coefficients whose absolute values add up to 1. */
static inline void stage_plans_chebyshev(nn_stages *s, size_t from, int degree, testing_rng *rng)
{
    nn_stage stage = {.kind = NN_STAGE_POLY,
                      .input_count = 1,
                      .input = {from},
                      .out = nn_stages_shape(s, from),
                      .basis = CKKS_BASIS_CHEBYSHEV,
                      .degree = degree,
                      .range = 1.0,
                      .name = "chebyshev"};
    double sum = 0.0;
    for (int k = 0; k <= degree; k++) {
        stage.coef[k] = testing_uniform(rng, 0.2, 1.0) * (testing_below(rng, 2) ? 1.0 : -1.0);
        sum += fabs(stage.coef[k]);
    }
    for (int k = 0; k <= degree; k++)
        stage.coef[k] /= sum;
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

/** A convolution of kernel 3 that keeps rows and columns, of a value. Numbers uniform in [-1, 1]
 * give numbers of deviation 0.23, which are as good as never outside [-1, 1]. */
static inline void stage_plans_conv(nn_stages *s, size_t from, size_t channels, testing_rng *rng)
{
    nn_shape in = nn_stages_shape(s, from), out = {channels, in.h, in.w};
    stages_convolution(s, in, out, 3, 1, 1, rng);
    nn_stage *stage = &s->stage[s->count - 1];
    stage->input[0] = from;
    double *scale = malloc(nn_shape_count(out) * sizeof *scale);
    assert_non_null(scale);
    for (size_t o = 0; o < nn_shape_count(out); o++)
        scale[o] = 0.7;
    assert_int_equal(nn_affine_scale_rows(&stage->affine[0], scale, NULL), NN_OK);
    free(scale);
}

/** A dense layer of a value with small weights. */
static inline void stage_plans_dense(nn_stages *s, size_t from, size_t rows, testing_rng *rng)
{
    stages_dense(s, nn_stages_shape(s, from), rows, rng);
    s->stage[s->count - 1].input[0] = from;
}

/** Random stages behind an image: convolutions, polynomials, sums with and
 * without matrices, products, of any values of the same shape; a dense layer ends them. */
static inline void stage_plans_random(nn_stages *s, testing_rng *rng)
{
    nn_shape shape = {2, 6, 6};
    *s = (nn_stages){.input = shape, .input_lo = -1.0, .input_hi = 1.0};
    stage_plans_conv(s, 0, 2, rng);
    for (int k = 0; k < 4; k++) {
        size_t last = s->count, other = testing_below(rng, s->count + 1);
        switch (testing_below(rng, 5)) {
        case 0:
            stage_plans_conv(s, last, 2, rng);
            break;
        case 1: /* later, squares of numbers that are small anyway would drown in noise */
            stages_poly(s, shape, k == 0 ? 2 : 3, 1.0);
            break;
        case 2:
            stage_plans_chebyshev(s, last, 3, rng);
            break;
        case 3:
            if (other != last)
                stages_sum(s, shape, last, &s->stage[0].affine[0], other, NULL);
            else
                stages_sum(s, shape, last, NULL, 0, &s->stage[0].affine[0]);
            break;
        default:
            stages_product(s, shape, last, other == last ? last - 1 : other);
        }
    }
    stage_plans_dense(s, s->count, 3, rng);
}

/** Open a session of such a plan. */
static inline void stage_plans_open(session *s, nn_stages *stages, const nn_plan_options *o,
                                    int threads, testing_rng *rng)
{
    *s = (session){.model = stage_plans_model(stages)};
    session_of_plan(s, stage_plans_make(stages, s->model, o, rng), threads);
}

/** Largest gap between encrypted and clear logits of one random image. */
static inline double stage_plans_gap(session *s, size_t pixels, size_t outputs, testing_rng *rng)
{
    float *image = malloc(pixels * sizeof *image);
    float *clear = malloc(outputs * sizeof *clear), *logits = malloc(outputs * sizeof *logits);
    double worst = 0.0, lo = s->plan->stages->input_lo, hi = s->plan->stages->input_hi;
    assert_true(image != NULL && clear != NULL && logits != NULL);
    for (size_t i = 0; i < pixels; i++)
        image[i] = (float)testing_uniform(rng, lo, hi);
    session_ok(s, nn_plan_run_clear(s->plan, clear, image, NULL, s->why, SESSION_WHY));
    session_infer(s, logits, image);
    for (size_t o = 0; o < outputs; o++)
        worst = fmax(worst, fabs((double)logits[o] - (double)clear[o]));
    free(image);
    free(clear);
    free(logits);
    return worst;
}

#endif
