/* What a plan for batches foretells. Memory is counted object by object with the library's own size
 * functions and by the very walk that the execution takes; errors follow ckks/scheme/noise.h in
 * slot units.
 */
#include <math.h>
#include <stdlib.h>

#include "nn/batch/batch_plan.h"
#include "nn/levels/error.h"
#include "nn/plan/plan_memory.h"

enum { TILE_BYTES = 256, BUNDLE_ROWS = 16 };

/* ---- errors */

/* What the rounding of a map's scalars leaves; those that are whole at their scale have none. */
static double scalar_error(const nn_affine *a, double size, ckks_scale scale)
{
    double widest = 0.0, whole = nn_batch_weight(a) * scale.hi;
    for (size_t r = 0; r < a->rows; r++)
        widest = fmax(widest, (double)(a->row_start[r + 1] - a->row_start[r]));
    if (whole > 0.0 && fabs(whole - rint(whole)) < 1e-9)
        return 0.0;
    return sqrt(widest / 12.0) * size / scale.hi;
}

static double stage_error(const nn_batch *b, size_t k, const double *error,
                          const nn_error_point *point)
{
    const nn_stage *stage = &b->stages.stage[k];
    double sum = 0.0;

    for (size_t i = 0; i < stage->input_count; i++) {
        size_t from = stage->input[i];
        sum = hypot(sum, nn_error_growth(&b->stages, k, i, point) * error[from]);
        if (stage->kind == NN_STAGE_AFFINE)
            sum = hypot(sum,
                        scalar_error(&stage->affine[i], point[from].size, b->exact[k].weight[i]));
    }
    return sum;
}

static nn_status foretell_errors(nn_batch *b)
{
    const nn_batch_schedule *s = &b->schedule;
    double *error = calloc(s->count + 1, sizeof *error);
    nn_error_point *point = calloc(s->count + 1, sizeof *point);
    double rounding = exp2(nn_batch_rounding_bits(s->ring, s->log_n) + 0.5);

    if (error == NULL || point == NULL) {
        free(error);
        free(point);
        return NN_ERR_MEMORY;
    }
    nn_error_sizes(point, &b->stages);
    error[0] = exp2(nn_batch_fresh_bits(s->ring, s->log_n) - s->input_bits);
    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        error[k + 1] = stage_error(b, k, error, point);
        /* Key switch and rescaling, both rounded. */
        if (step->kind != NN_BATCH_INSIDE && (step->rescale > 0 || step->special > 0))
            error[k + 1] = hypot(error[k + 1], rounding / b->exact[k].scale_out.hi);
        b->exact[k].error = error[k + 1];
    }
    b->forecast.logit_error = error[s->count];
    free(error);
    free(point);
    return NN_OK;
}

/* ---- operations and bytes */

static size_t relinearisations(const nn_batch *b, size_t k, const ckks_context *ctx)
{
    const nn_batch_step *step = &b->schedule.step[k];
    const nn_stage *stage = &b->stages.stage[k];
    ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    int products = 0;

    if (step->kind != NN_BATCH_POLY)
        return (size_t)(step->special > 0) + (size_t)(step->outer_special > 0);
    if (ckks_poly_plan(ctx, &poly, step->limbs, nn_batch_value_scale(b, stage->input[0]),
                       b->exact[k].min_scale, NULL, NULL, &products) != CKKS_OK)
        products = 0;
    return (size_t)products;
}

static void foretell_operations(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    f->relinearisations = f->scalar_products = 0;
    for (size_t k = 0; k < b->schedule.count; k++) {
        f->scalar_products += nn_stage_nonzeros(&b->stages.stage[k]);
        f->relinearisations += relinearisations(b, k, ctx) * nn_stages_width(&b->stages, k + 1);
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

/* Values as the order keeps them, and two objects of full size to compute activations in. */
static size_t values_memory(const nn_batch *b, const ckks_context *ctx)
{
    size_t sum = 2 * ckks_ciphertext_memory(ctx, b->params.q_count, 3);
    for (int limbs = 1; limbs <= b->params.q_count; limbs++)
        for (int parts = 2; parts <= 3; parts++)
            sum += b->peak.most[nn_batch_size_of(limbs, parts)] *
                   ckks_ciphertext_memory(ctx, limbs, parts);
    return sum;
}

/* A block's own matrix of scalars, and the scratch of its sums: ckks/circuits/eval_sums.c needs one
 * word for each weight, and tiles of everything that is read, thrice for squares. */
static size_t block_memory(const nn_batch *b, const nn_batch_block *block, nn_batch_reads *reads)
{
    const nn_stage *stage = &b->stages.stage[block->stage];
    size_t most = 0;

    for (size_t i = 0; i < stage->input_count && stage->kind == NN_STAGE_AFFINE; i++) {
        const nn_affine *a = &stage->affine[i];
        size_t entries = 0;
        for (size_t m = 0; m < block->count; m++) {
            size_t row = b->order.member[block->first + m];
            entries += a->row_start[row + 1] - a->row_start[row];
        }
        nn_batch_read(reads, &b->order, block, i);
        size_t tiles = reads->count * (b->schedule.step[block->stage].squared ? 3 : 1);
        size_t bytes = entries * (2 * sizeof(double) + 2 * sizeof(uint32_t) + sizeof(uint64_t)) +
                       (tiles + BUNDLE_ROWS) * TILE_BYTES;
        most = bytes > most ? bytes : most;
    }
    return most;
}

static nn_status blocks_memory(const nn_batch *b, size_t *most)
{
    nn_batch_reads reads;
    nn_status st = nn_batch_reads_make(&reads, &b->order);
    *most = 0;
    for (size_t r = 0; r < b->order.runs && st == NN_OK; r++) {
        size_t bytes = block_memory(b, &b->order.block[b->order.run[r]], &reads);
        *most = bytes > *most ? bytes : *most;
    }
    nn_batch_reads_clear(&reads);
    return st;
}

/* The network's matrices, and what orders their work. */
static size_t model_memory(const nn_batch *b)
{
    size_t sum = 0;
    for (size_t k = 0; k < b->stages.count; k++)
        for (size_t i = 0; i < b->stages.stage[k].input_count; i++)
            sum += nn_affine_nonzeros(&b->stages.stage[k].affine[i]) *
                       (sizeof(double) + sizeof(uint32_t)) +
                   b->stages.stage[k].affine[i].rows * (sizeof(double) + sizeof(size_t));
    return sum + b->order.base[b->stages.count + 1] * 8 * sizeof(uint32_t);
}

static size_t worker_memory(const ckks_context *ctx, int threads)
{
    ckks_worker *w = NULL;
    size_t bytes = 0;
    if (ckks_worker_create_team(&w, ctx, 0, threads) == CKKS_OK)
        bytes = ckks_worker_bytes(w);
    ckks_worker_free(w);
    return bytes;
}

static nn_status foretell_memory(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    size_t blocks = 0, worker = worker_memory(ctx, 1);
    nn_status st = blocks_memory(b, &blocks);
    for (size_t k = 0; k < b->key_count; k++) {
        f->eval_key_bytes += ckks_key_spec_file_bytes(ctx, &b->key[k]);
        f->eval_key_memory += ckks_key_spec_memory(ctx, &b->key[k]);
        double qp = ckks_params_log2_qp(&b->params, b->key[k].limbs, b->key[k].special);
        f->log2_qp = fmax(f->log2_qp, qp);
    }
    f->request_bytes = f->requests * packed_bytes(b, b->params.q_count);
    f->response_bytes =
        f->responses * 2 * packed_bytes(b, nn_batch_value_limbs(&b->schedule, b->schedule.count));
    f->weight_memory = model_memory(b);
    f->value_memory = values_memory(b, ctx);
    f->server_memory = NN_PROCESS_MEMORY + ckks_context_bytes(ctx) + f->eval_key_memory +
                       f->weight_memory + worker + blocks + f->value_memory;
    /* The client's worker, plaintext and secret key. */
    f->peak_memory = f->server_memory + worker + ckks_ciphertext_memory(ctx, b->params.q_count, 2);
    /* A share of the server's worker, of a block's scratch, and a client's worker. */
    f->thread_memory = worker_memory(ctx, 2) + blocks;
    return st;
}

nn_status nn_batch_foretell(nn_batch *b, const ckks_context *ctx)
{
    nn_batch_foretold *f = &b->forecast;
    *f = (nn_batch_foretold){.ring = b->schedule.ring,
                             .log_n = b->schedule.log_n,
                             .limbs = b->params.q_count,
                             .special = b->params.p_count,
                             .images = ckks_context_slots(ctx),
                             .requests = b->pixel_count,
                             .responses = nn_stages_output_count(&b->stages),
                             .keys = b->key_count,
                             .infer_ms = b->schedule.ms};
    f->log2_q = ckks_params_log2_qp(&b->params, b->params.q_count, 0);
    f->log2_qp = f->log2_q;
    nn_status st = foretell_errors(b);
    foretell_operations(b, ctx);
    if (st == NN_OK)
        st = foretell_memory(b, ctx);
    f->security_bits = ckks_security_bits(f->log_n, f->log2_qp);
    return st;
}
