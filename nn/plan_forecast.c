/* The forecast. Memory is counted object by object with the library's own size functions; errors
 * follow ckks/noise.h in slot units. */
#include "nn/plan_forecast.h"

#include <math.h>

#include "nn/rewrite.h"

/* Standard deviation of the centred binomial error with 42 coins. */
static const double error_deviation = 3.24;
/* Code, libc, stacks, the process itself. */
static const size_t process_memory = (size_t)4 << 20;

/* Largest Euclidean length of a row, the amplification of independent errors. */
static double row_length(const nn_affine *a)
{
    double longest = 0.0;
    for (size_t o = 0; o < a->rows; o++) {
        double sum = 0.0;
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            sum += a->value[k] * a->value[k];
        longest = fmax(longest, sum);
    }
    return sqrt(longest);
}

/* Typical size of a value that is bounded by range: a third of it. */
static double typical(double range)
{
    return range / 3.0;
}

static double affine_error(const nn_plan *p, size_t k, double error, double size)
{
    const nn_plan_step *s = &p->step[k];
    double n = ldexp(1.0, p->schedule.log_n);
    double rounding = exp2(nn_schedule_rounding_bits(p->schedule.log_n));
    double passed = row_length(&p->stages->stage[k].affine) * error;
    double diagonals = p->arrangement.route[k].count;
    double weights = sqrt(diagonals * n / 12.0) * typical(size) / s->weight.hi;
    double folds = ldexp(1.0, p->arrangement.route[k].fold_count);
    return sqrt(passed * passed + folds * weights * weights +
                folds * 2.0 * pow(rounding / s->scale_out.hi, 2.0));
}

static double poly_error(const nn_plan *p, size_t k, double error, double size)
{
    const nn_stage *stage = &p->stages->stage[k];
    double x = typical(size), slope = 0.0;
    double rounding = exp2(nn_schedule_rounding_bits(p->schedule.log_n));
    for (int d = 1; d <= stage->degree; d++)
        slope += d * fabs(stage->coef[d]) * pow(x, d - 1);
    double own = 2.0 * rounding / p->step[k].scale_out.hi;
    return hypot(slope * error, own);
}

static void foretell_errors(nn_plan *p)
{
    double n = ldexp(1.0, p->schedule.log_n);
    double size = fmax(fabs(p->stages->input_lo), fabs(p->stages->input_hi));
    double error = error_deviation * sqrt(n / 2.0) / exp2(p->schedule.input_bits);
    for (size_t k = 0; k < p->stages->count; k++) {
        error = p->stages->stage[k].kind == NN_STAGE_AFFINE ? affine_error(p, k, error, size)
                                                            : poly_error(p, k, error, size);
        p->step[k].error = error;
        size = p->stages->stage[k].range;
    }
    p->forecast.logit_error = error;
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

static void foretell_operations(nn_plan *p, const ckks_context *ctx)
{
    nn_forecast *f = &p->forecast;
    for (size_t k = 0; k < p->stages->count; k++) {
        f->infer_ms += p->schedule.step[k].ms;
        if (p->stages->stage[k].kind == NN_STAGE_AFFINE)
            continue;
        ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, p->stages->stage[k].degree,
                                p->stages->stage[k].coef};
        int products = 1, limbs = 0;
        ckks_scale scale;
        if (!nn_stage_is_square(&p->stages->stage[k]) &&
            ckks_poly_plan(ctx, &poly, p->step[k].shape.limbs, p->step[k].scale_in,
                           p->step[k].min_scale, &limbs, &scale, &products) != CKKS_OK)
            products = 0;
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
            bytes = ckks_lintrans_scratch_bytes(ctx, &shape);
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

static void foretell_memory(nn_plan *p, const ckks_context *ctx)
{
    nn_forecast *f = &p->forecast;
    size_t n = (size_t)1 << p->schedule.log_n, model = 0;
    size_t ciphertext = 3 * n * 8 * (size_t)p->params.q_count;
    for (size_t k = 0; k < p->key_count; k++) {
        f->eval_key_bytes += ckks_key_spec_file_bytes(ctx, &p->key[k]);
        f->eval_key_memory += ckks_key_spec_memory(ctx, &p->key[k]);
        double qp = ckks_params_log2_qp(&p->params, p->key[k].limbs, p->key[k].special);
        f->log2_qp = fmax(f->log2_qp, qp);
    }
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_affine *a = &p->stages->stage[k].affine;
        if (p->stages->stage[k].kind != NN_STAGE_AFFINE)
            continue;
        ckks_lintrans_shape shape = nn_plan_shape(p, k);
        f->weight_memory += ckks_lintrans_memory(ctx, &shape);
        f->weight_memory += n * 8 * (size_t)p->step[k].shape.limbs_out; /* the bias */
        model += 2 * nn_affine_nonzeros(a) * (sizeof(double) + sizeof(uint32_t));
    }
    f->request_bytes = packed_bytes(p, p->params.q_count);
    f->response_bytes = 2 * packed_bytes(p, p->step[p->stages->count - 1].shape.limbs_out);
    size_t worker = worker_memory(p, ctx);
    f->server_memory = process_memory + ckks_context_bytes(ctx) + f->eval_key_memory +
                       f->weight_memory + worker + 3 * ciphertext + model;
    f->peak_memory = f->server_memory + 2 * ciphertext;
}

void nn_plan_foretell(nn_plan *p, const ckks_context *ctx)
{
    nn_forecast *f = &p->forecast;
    *f = (nn_forecast){.log_n = p->schedule.log_n,
                       .limbs = p->params.q_count,
                       .special = p->params.p_count,
                       .keys = p->key_count};
    f->levels = (int)nn_rewrite_cost(p->stages).levels;
    f->log2_q = ckks_params_log2_qp(&p->params, p->params.q_count, 0);
    f->log2_qp = f->log2_q;
    foretell_errors(p);
    foretell_operations(p, ctx);
    foretell_memory(p, ctx);
    f->security_bits = ckks_security_bits(f->log_n, f->log2_qp);
}
