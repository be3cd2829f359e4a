/* The forecast. Errors follow ckks/scheme/noise.h in slot units and pass through the network as
 * nn/levels/error.h says. */
#include "nn/plan/plan_forecast.h"

#include <math.h>
#include <stdlib.h>

#include "nn/levels/error.h"
#include "nn/levels/shapes.h"
#include "nn/stages/rewrite.h"

/* Standard deviation of the centred binomial error with 42 coins. */
static const double error_deviation = 3.24;

static double square(double x)
{
    return x * x;
}

/* Squared errors that a stage adds: in its output, and as they show at the network's. */
typedef struct added {
    double here, end;
} added;

/* An error of this size in every element of a value with this gain; growth: from there to the
 * stage's output. */
static void add(added *sum, double error, double growth, double gain)
{
    sum->here += square(error * growth);
    sum->end += square(error * gain);
}

/* Of a stage of matrices: of the rotations of its inputs, of its rounded diagonals, of its
 * divisions and folds (each fold adds up twice as many). */
static added affine_error(const nn_plan *p, size_t k, const nn_error_point *point)
{
    const nn_schedule *s = &p->schedule;
    const nn_plan_step *step = &p->step[k];
    const nn_step *shape = &step->shape;
    nn_work w = nn_shapes_work(p->stages, &p->arrangement, k);
    double rounding = exp2(nn_schedule_rounding_bits(s->ring, s->log_n));
    double folded = exp2(0.5 * w.fold_depth), gain = point[k + 1].gain, fold = 0.0;
    added sum = {0.0, 0.0};
    for (size_t i = 0; i < p->stages->stage[k].input_count; i++) {
        const nn_error_point *in = &point[p->stages->stage[k].input[i]];
        double weight =
            w.same[i] ? 0.5 : exp2(nn_schedule_weight_bits(s->ring, s->log_n, w.input_terms[i]));
        if (w.input_babies[i] > 0)
            add(&sum,
                rounding / step->scale_in[i].hi *
                    exp2(nn_shapes_error_bits(s, shape->limbs, shape->alpha, shape->special)),
                nn_error_growth(p->stages, k, i, point), in->gain);
        if (shape->weight_bits[i] > 0.0)
            add(&sum, weight * in->slot / step->weight[i].hi * folded, 1.0, gain);
    }
    if (w.folds > 0)
        fold =
            exp2(nn_shapes_error_bits(s, shape->limbs_out, shape->fold_alpha, shape->fold_special));
    int roundings = w.transforms > 1 ? w.transforms : 1;
    add(&sum, rounding / step->scale_out.hi * folded * sqrt(roundings + square(fold)), 1.0, gain);
    return sum;
}

static added stage_error(const nn_plan *p, size_t k, const nn_error_point *point)
{
    const nn_stage *stage = &p->stages->stage[k];
    double rounding = exp2(nn_schedule_rounding_bits(p->schedule.ring, p->schedule.log_n));
    added sum = {0.0, 0.0};
    if (stage->kind == NN_STAGE_AFFINE)
        return affine_error(p, k, point);
    /* A square rounds once; another polynomial at every product, about as much together. */
    int once = stage->kind == NN_STAGE_PRODUCT || nn_stage_is_square(stage);
    double parts = once ? 1.0 : sqrt(2.0 * fmax(p->step[k].shape.products, 2));
    add(&sum, parts * rounding / p->step[k].scale_out.hi, 1.0, point[k + 1].gain);
    return sum;
}

/* Squared errors of every value: its stage's own, and those of its inputs as they have grown. At
 * the network's output those of all stages add up. */
static nn_status foretell_errors(nn_plan *p)
{
    const nn_schedule *s = &p->schedule;
    size_t count = p->stages->count;
    double fresh =
        error_deviation * exp2(nn_schedule_spread_bits(s->ring, s->log_n) - s->input_bits);
    nn_error_point *point = calloc(count + 1, sizeof *point);
    double *sum = calloc(count + 1, sizeof *sum);
    nn_status st = point != NULL && sum != NULL ? nn_error_gains(point, p->stages) : NN_ERR_MEMORY;
    if (st == NN_OK)
        st = nn_error_slots(point, p->stages, &p->arrangement);
    if (st == NN_OK) {
        double all = square(fresh * point[0].gain);
        sum[0] = square(fresh);
        for (size_t k = 0; k < count; k++) {
            const nn_stage *stage = &p->stages->stage[k];
            added own = stage_error(p, k, point);
            sum[k + 1] = own.here;
            for (size_t i = 0; i < stage->input_count; i++)
                sum[k + 1] +=
                    square(nn_error_growth(p->stages, k, i, point)) * sum[stage->input[i]];
            all += own.end;
            p->step[k].size = point[k + 1].size;
            p->step[k].error = sqrt(sum[k + 1]);
        }
        p->forecast.logit_error = sqrt(all);
    }
    free(point);
    free(sum);
    return st;
}

static void foretell_operations(nn_plan *p, const nn_costs *here)
{
    nn_forecast *f = &p->forecast;
    for (size_t k = 0; k < p->stages->count; k++) {
        nn_step *step = &p->step[k].shape;
        nn_work work = nn_shapes_work(p->stages, &p->arrangement, k);
        if (!work.affine)
            work.products = step->products;
        step->ms = nn_shapes_ms(&work, step, here, f->log_n);
        f->infer_ms += step->ms;
        f->multiplications += (size_t)(work.products * work.parts);
    }
    f->rotations = nn_arrangement_rotations(&p->arrangement);
    f->plain_products = nn_arrangement_diagonals(&p->arrangement);
}

nn_status nn_plan_foretell(nn_plan *p, const ckks_context *ctx, const nn_costs *here)
{
    nn_forecast *f = &p->forecast;
    *f = (nn_forecast){.log_n = p->schedule.log_n,
                       .limbs = p->params.q_count,
                       .special = p->params.p_count,
                       .keys = p->key_count};
    f->levels = (int)nn_rewrite_cost(p->stages).levels;
    f->log2_q = ckks_params_log2_qp(&p->params, p->params.q_count, 0);
    f->log2_qp = f->log2_q;
    foretell_operations(p, here);
    nn_plan_foretell_memory(p, ctx);
    f->security_bits = ckks_security_bits(f->log_n, f->log2_qp);
    return foretell_errors(p);
}
