/* What a plan for batches foretells. Memory is counted object by object with the library's own size
 * functions; errors follow ckks/noise.h in slot units. */
#include <math.h>

#include "nn/batch_plan.h"

/* Code, libc, stacks, the process itself. */
static const size_t process_memory = (size_t)4 << 20;

/* ---- errors */

/* Typical size of a value that is bounded by range: a third of it. */
static double typical(double range)
{
    return range / 3.0;
}

/* Largest Euclidean length of a row, the amplification of independent errors, and most entries. */
static double affine_error(const nn_affine *a, double error, double range, ckks_scale scale)
{
    double longest = 0.0, widest = 0.0;
    for (size_t r = 0; r < a->rows; r++) {
        double sum = 0.0;
        for (size_t k = a->row_start[r]; k < a->row_start[r + 1]; k++)
            sum += a->value[k] * a->value[k];
        longest = fmax(longest, sum);
        widest = fmax(widest, (double)(a->row_start[r + 1] - a->row_start[r]));
    }
    return hypot(sqrt(longest) * error, sqrt(widest / 12.0) * typical(range) / scale.hi);
}

/* The slope of a polynomial at a typical value. */
static double poly_slope(const nn_stage *stage, double range)
{
    double x = typical(range), slope = 0.0;
    for (int d = 1; d <= stage->degree; d++)
        slope += d * fabs(stage->coef[d]) * pow(x, d - 1);
    return slope;
}

static void foretell_errors(nn_batch *b)
{
    const nn_batch_schedule *s = &b->schedule;
    double range = fmax(fabs(b->stages->input_lo), fabs(b->stages->input_hi));
    double error = exp2(nn_batch_fresh_bits(s->ring, s->log_n) - s->input_bits);
    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        for (size_t i = step->stage; i < step->stage + step->stages; i++) {
            const nn_stage *stage = &b->stages->stage[i];
            int inner = i == step->stage;
            error = stage->kind == NN_STAGE_AFFINE
                        ? affine_error(&stage->affine, error, range,
                                       inner ? b->exact[k].inner : b->exact[k].outer)
                        : poly_slope(stage, range) * error;
            range = stage->range;
        }
        /* Key switch and rescaling, both rounded. */
        if (step->rescale > 0 || step->special > 0)
            error = hypot(error, exp2(nn_batch_rounding_bits(s->ring, s->log_n) + 0.5) /
                                     b->exact[k].scale_out.hi);
        b->exact[k].error = error;
    }
    b->forecast.logit_error = error;
}

/* ---- operations and bytes */

static void foretell_operations(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    for (size_t k = 0; k < b->schedule.count; k++) {
        const nn_batch_step *step = &b->schedule.step[k];
        const nn_affine *inner = nn_batch_inner(step, b->stages);
        const nn_affine *outer = nn_batch_outer(step, b->stages);
        const nn_stage *stage = &b->stages->stage[step->stage];
        ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
        int products = 1;
        f->scalar_products += inner != NULL ? nn_affine_nonzeros(inner) : 0;
        f->scalar_products += outer != NULL ? nn_affine_nonzeros(outer) : 0;
        if (step->kind == NN_BATCH_POLY &&
            ckks_poly_plan(ctx, &poly, step->limbs, b->exact[k].scale_in, b->exact[k].min_scale,
                           NULL, NULL, &products) != CKKS_OK)
            products = 0;
        if (step->kind != NN_BATCH_SUMS)
            f->relinearisations += (size_t)products * nn_batch_outputs(b, k);
    }
}

/* Bytes of one part of a ciphertext as a file: residues are packed. */
static size_t packed_bytes(const nn_batch *b, int limbs)
{
    size_t bits = 0;
    for (int l = 0; l < limbs; l++)
        for (uint64_t q = b->params.q[l]; q != 0; q >>= 1)
            bits++;
    return (bits << b->schedule.log_n) / 8;
}

/* ---- memory */

/* A ciphertext has room for three parts at all limbs, of which the system only gives what is
 * written; but where the room is one huge page or more, it is given whole. */
static size_t ciphertext_memory(const nn_batch *b, size_t parts, int limbs)
{
    size_t row = (size_t)8 << b->schedule.log_n;
    size_t room = 3 * (size_t)b->params.q_count * row;
    return room >= (size_t)2 << 20 ? room : parts * (size_t)limbs * row;
}

/* Value i of every step lives in object i, see nn/batch_run.c. */
static size_t values_memory(const nn_batch *b)
{
    size_t sum = 0, here = 1;
    for (size_t i = 0; here > 0; i++, sum += here) {
        here = i < b->pixel_count ? ciphertext_memory(b, 2, b->params.q_count) : 0;
        for (size_t k = 0; k < b->schedule.count; k++) {
            const nn_batch_step *step = &b->schedule.step[k];
            size_t parts = step->kind == NN_BATCH_SQUARED_SUMS ? 3 : 2;
            size_t bytes = ciphertext_memory(b, parts, step->limbs);
            if (i < nn_batch_outputs(b, k) && bytes > here)
                here = bytes;
        }
    }
    return sum;
}

/* Weights of a program, and the scratch of its hungriest step: ckks/eval_sums.c needs one word for
 * each weight, and tiles for each lane. */
static size_t weights_memory(const nn_affine *a, size_t *words)
{
    *words += a != NULL ? nn_affine_nonzeros(a) + 3 * a->rows : 0;
    return a != NULL ? ckks_sums_memory(a->rows, nn_affine_nonzeros(a)) : 0;
}

static size_t worker_memory(const ckks_context *ctx)
{
    ckks_worker *w = NULL;
    size_t bytes = 0;
    if (ckks_worker_create(&w, ctx, 0) == CKKS_OK)
        bytes = ckks_worker_bytes(w);
    ckks_worker_free(w);
    return bytes;
}

static void foretell_memory(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    size_t model = 0, scratch = 0, last = b->schedule.count - 1;
    for (size_t k = 0; k < b->key_count; k++) {
        f->eval_key_bytes += ckks_key_spec_file_bytes(ctx, &b->key[k]);
        f->eval_key_memory += ckks_key_spec_memory(ctx, &b->key[k]);
        double qp = ckks_params_log2_qp(&b->params, b->key[k].limbs, b->key[k].special);
        f->log2_qp = fmax(f->log2_qp, qp);
    }
    for (size_t k = 0; k <= last; k++) {
        const nn_batch_step *step = &b->schedule.step[k];
        size_t words = 0;
        f->weight_memory += weights_memory(nn_batch_inner(step, b->stages), &words);
        f->weight_memory += weights_memory(nn_batch_outer(step, b->stages), &words);
        scratch = words * sizeof(uint64_t) > scratch ? words * sizeof(uint64_t) : scratch;
    }
    for (size_t k = 0; k < b->stages->count; k++)
        if (b->stages->stage[k].kind == NN_STAGE_AFFINE)
            model += 2 * nn_affine_nonzeros(&b->stages->stage[k].affine) *
                     (sizeof(double) + sizeof(uint32_t));
    f->request_bytes = f->requests * packed_bytes(b, b->params.q_count);
    f->response_bytes = f->responses * 2 * packed_bytes(b, b->schedule.step[last].limbs_out);
    f->server_memory = process_memory + ckks_context_bytes(ctx) + f->eval_key_memory +
                       f->weight_memory + worker_memory(ctx) + scratch + values_memory(b) + model +
                       f->responses * ciphertext_memory(b, 2, b->schedule.step[last].limbs_out);
    /* The client's worker, plaintext and secret key. */
    f->peak_memory =
        f->server_memory + worker_memory(ctx) + 2 * ciphertext_memory(b, 2, b->params.q_count);
}

void nn_batch_foretell(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    *f = (nn_batch_foretold){.ring = b->schedule.ring,
                             .log_n = b->schedule.log_n,
                             .limbs = b->params.q_count,
                             .special = b->params.p_count,
                             .images = ckks_context_slots(ctx),
                             .requests = b->pixel_count,
                             .responses = nn_stages_output_count(b->stages),
                             .keys = b->key_count,
                             .infer_ms = b->schedule.ms};
    f->log2_q = ckks_params_log2_qp(&b->params, b->params.q_count, 0);
    f->log2_qp = f->log2_q;
    foretell_errors(b);
    foretell_operations(b, ctx);
    foretell_memory(b, ctx);
    f->security_bits = ckks_security_bits(f->log_n, f->log2_qp);
}
