/* The forecast. Memory is counted object by object with the library's own size functions; errors
 * follow ckks/noise.h in slot units and pass through the network as nn/error.h says. */
#include "nn/plan_forecast.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "nn/error.h"
#include "nn/rewrite.h"
#include "nn/shapes.h"
#include "nn/why.h"

/* Standard deviation of the centred binomial error with 42 coins. */
static const double error_deviation = 3.24;
/* Code, libc, stacks, the process itself. */
static const size_t process_memory = (size_t)8 << 20;
/* The client's half, and the pictures. */
static const size_t client_memory = (size_t)4 << 20;

static double square(double x)
{
    return x * x;
}

/* Squared errors that a matrix adds, as they show at the outputs: of the rotations of its input, of
 * its rounded diagonals, of its division and folds (each fold adds up twice as many). */
static double affine_error(const nn_plan *p, size_t k, const nn_error_point *point)
{
    const nn_schedule *s = &p->schedule;
    const nn_step *step = &p->step[k].shape;
    nn_work w = nn_shapes_work(p->stages, &p->arrangement, k);
    double rounding = exp2(nn_schedule_rounding_bits(s->ring, s->log_n)), sum = 0.0;
    double spread = exp2(nn_schedule_spread_bits(s->ring, s->log_n));
    double folded = point[1].gain * exp2(0.5 * w.folds), fold = 0.0;
    if (w.babies > 0)
        sum += square(rounding / p->step[k].scale_in.hi * point[0].gain *
                      exp2(nn_shapes_error_bits(s, step->limbs, step->alpha, step->special)));
    if (w.folds > 0)
        fold = exp2(nn_shapes_error_bits(s, step->limbs_out, step->fold_alpha, step->fold_special));
    sum +=
        square(spread * sqrt(w.diagonals / 12.0) * point[0].slot / p->step[k].weight.hi * folded);
    return sum + square(rounding / p->step[k].scale_out.hi * folded) * (1.0 + square(fold));
}

static nn_status foretell_errors(nn_plan *p)
{
    const nn_schedule *s = &p->schedule;
    size_t count = p->stages->count;
    double rounding = exp2(nn_schedule_rounding_bits(s->ring, s->log_n));
    double fresh = error_deviation * exp2(nn_schedule_spread_bits(s->ring, s->log_n));
    nn_error_point *point = calloc(count + 1, sizeof *point);
    nn_status st =
        point != NULL ? nn_error_points(point, p->stages, &p->arrangement) : NN_ERR_MEMORY;
    if (st == NN_OK) {
        double sum = square(fresh / exp2(s->input_bits) * point[0].gain);
        for (size_t k = 0; k < count; k++) {
            /* A square rounds once; another polynomial at every product, about as much together. */
            double parts = nn_stage_is_square(&p->stages->stage[k]) ? 1.0 : 2.0;
            if (p->stages->stage[k].kind == NN_STAGE_AFFINE)
                sum += affine_error(p, k, &point[k]);
            else
                sum += square(parts * rounding / p->step[k].scale_out.hi * point[k + 1].gain);
            p->step[k].error = sqrt(sum) / fmax(point[k + 1].gain, 1e-30);
        }
        p->forecast.logit_error = sqrt(sum);
    }
    free(point);
    return st;
}

/* Bits of the primes of `limbs` limbs, each rounded up, as residues are packed. */
static size_t packed_bytes(const nn_plan *p, int limbs)
{
    size_t bits = 0, n = (size_t)1 << p->schedule.log_n;
    for (int l = 0; l < limbs; l++)
        for (uint64_t q = p->params.q[l]; q != 0; q >>= 1)
            bits++;
    return bits * n / 8;
}

static void foretell_operations(nn_plan *p, const ckks_context *ctx, const nn_costs *here)
{
    nn_forecast *f = &p->forecast;
    for (size_t k = 0; k < p->stages->count; k++) {
        nn_step *step = &p->step[k].shape;
        nn_work work = nn_shapes_work(p->stages, &p->arrangement, k);
        if (p->stages->stage[k].kind == NN_STAGE_AFFINE) {
            step->ms = nn_shapes_ms(&work, step, here, f->log_n);
            f->infer_ms += step->ms;
            continue;
        }
        ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, p->stages->stage[k].degree,
                                p->stages->stage[k].coef};
        int products = 1, limbs = 0;
        ckks_scale scale;
        if (!nn_stage_is_square(&p->stages->stage[k]) &&
            ckks_poly_plan(ctx, &poly, p->step[k].shape.limbs, p->step[k].scale_in,
                           p->step[k].min_scale, &limbs, &scale, &products) != CKKS_OK)
            products = 0;
        work.products = products;
        step->ms = nn_shapes_ms(&work, step, here, f->log_n);
        f->infer_ms += step->ms;
        f->multiplications += (size_t)products;
    }
    f->rotations = nn_arrangement_rotations(&p->arrangement);
    f->plain_products = nn_arrangement_diagonals(&p->arrangement);
}

size_t nn_plan_scratch(const nn_plan *p, const ckks_context *ctx)
{
    size_t most = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        size_t bytes = 0;
        if (p->stages->stage[k].kind == NN_STAGE_AFFINE) {
            ckks_lintrans_shape shape = nn_plan_shape(p, k);
            bytes = ckks_lintrans_scratch_bytes(ctx, &shape, 1);
        } else if (!nn_stage_is_square(&p->stages->stage[k])) {
            ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, p->stages->stage[k].degree,
                                    p->stages->stage[k].coef};
            bytes = ckks_poly_scratch_bytes(ctx, &poly, p->step[k].shape.limbs);
        }
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Scratch of one worker: what every worker has, and the circuits' share. */
static size_t worker_memory(const nn_plan *p, const ckks_context *ctx)
{
    ckks_worker *w = NULL;
    size_t bytes = nn_plan_scratch(p, ctx);
    if (ckks_worker_create(&w, ctx, 0) == CKKS_OK)
        bytes += ckks_worker_bytes(w);
    ckks_worker_free(w);
    return bytes;
}

size_t nn_plan_bias_bytes(const nn_plan *p)
{
    return ((size_t)8 << p->schedule.log_n) * (size_t)p->params.q_count;
}

/* All that grows with keys, weights and scratch; the rest of a server is what foretell_memory adds.
 */
static size_t weight_memory(const nn_plan *p, const ckks_context *ctx)
{
    size_t bytes = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        if (p->stages->stage[k].kind != NN_STAGE_AFFINE)
            continue;
        ckks_lintrans_shape shape = nn_plan_shape(p, k);
        bytes += ckks_lintrans_memory(ctx, &shape);
        bytes += nn_plan_bias_bytes(p);
    }
    return bytes;
}

static void foretell_memory(nn_plan *p, const ckks_context *ctx)
{
    nn_forecast *f = &p->forecast;
    size_t n = (size_t)1 << p->schedule.log_n, model = 0;
    size_t ciphertext = 3 * n * 8 * (size_t)p->params.q_count;
    f->eval_key_bytes = 0;
    f->eval_key_memory = 0;
    for (size_t k = 0; k < p->key_count; k++) {
        f->eval_key_bytes += ckks_key_spec_file_bytes(ctx, &p->key[k]);
        f->eval_key_memory += ckks_key_spec_memory(ctx, &p->key[k]);
        double qp = ckks_params_log2_qp(&p->params, p->key[k].limbs, p->key[k].special);
        f->log2_qp = fmax(f->log2_qp, qp);
    }
    for (size_t k = 0; k < p->stages->count; k++)
        model += 2 * nn_affine_nonzeros(&p->stages->stage[k].affine) *
                 (sizeof(double) + sizeof(uint32_t));
    f->weight_memory = weight_memory(p, ctx);
    f->request_bytes = packed_bytes(p, p->params.q_count);
    f->response_bytes = 2 * packed_bytes(p, p->step[p->stages->count - 1].shape.limbs_out);
    size_t worker = worker_memory(p, ctx);
    f->server_memory = process_memory + ckks_context_bytes(ctx) + f->eval_key_memory +
                       f->weight_memory + worker + 3 * ciphertext + model;
    f->peak_memory = f->server_memory + 2 * ciphertext + client_memory;
}

/* ---- keeping within a bound */

/* x in [0, slots) as the number nearest to 0 that is congruent. */
static int centre(int x, size_t slots)
{
    return x >= (int)(slots / 2) ? x - (int)slots : x;
}

/* How many diagonals are compact when one giant more is: whole giants, the last ones first, as
 * ckks/circuits.h counts them. The same number when all are. */
static int more_compact(const nn_route *r, int compact)
{
    int below = INT_MAX, total = 0;
    while (total <= compact && total < r->count) {
        int last = INT_MIN;
        for (int i = 0; i < r->count; i++) {
            int g = centre(r->giant[i], r->slots);
            last = g < below && g > last ? g : last;
        }
        for (int i = 0; i < r->count; i++)
            total += centre(r->giant[i], r->slots) == last;
        below = last;
    }
    return total;
}

/* Make one giant more compact where that saves the most memory for the time it costs. Returns 0
 * when it saves nothing anywhere. */
static int compact_more(nn_plan *p, const ckks_context *ctx, const nn_costs *costs)
{
    size_t best = 0;
    double best_ratio = 0.0, best_ms = 0.0;
    int best_compact = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        nn_step *step = &p->step[k].shape;
        int compact = step->compact;
        if (p->stages->stage[k].kind != NN_STAGE_AFFINE)
            continue;
        int more = more_compact(&p->arrangement.route[k], compact);
        nn_cost_at at = {costs, p->schedule.log_n, step->limbs, step->special, step->alpha, 0.0};
        double before = (double)weight_memory(p, ctx) + (double)nn_plan_scratch(p, ctx);
        step->compact = more;
        double after = (double)weight_memory(p, ctx) + (double)nn_plan_scratch(p, ctx);
        step->compact = compact;
        double ms = (more - compact) * nn_cost_expand(&at);
        if (more > compact && (before - after) / ms > best_ratio) {
            best = k;
            best_compact = more;
            best_ms = ms;
            best_ratio = (before - after) / ms;
        }
    }
    if (best_ratio <= 0.0)
        return 0;
    p->step[best].shape.compact = best_compact;
    p->step[best].shape.ms += best_ms;
    p->forecast.infer_ms += best_ms;
    return 1;
}

nn_status nn_plan_fit(nn_plan *p, const ckks_context *ctx, const nn_costs *costs, size_t memory,
                      char *why, size_t why_size)
{
    const double mib = 1048576.0;
    while (p->forecast.server_memory > memory) {
        if (!compact_more(p, ctx, costs))
            return nn_why(why, why_size, NN_ERR_PLAN,
                          "the server needs %.1f MiB even with its weights compact, above the %.1f "
                          "MiB that are allowed; allow more",
                          (double)p->forecast.server_memory / mib, (double)memory / mib);
        foretell_memory(p, ctx);
    }
    return NN_OK;
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
    foretell_operations(p, ctx, here);
    foretell_memory(p, ctx);
    f->security_bits = ckks_security_bits(f->log_n, f->log2_qp);
    return foretell_errors(p);
}
