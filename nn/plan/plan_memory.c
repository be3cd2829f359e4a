/* Memory is counted object by object with the library's own size functions. */
#include "nn/plan/plan_memory.h"

#include <math.h>
#include <stdlib.h>

#include "nn/graph/graph_data.h"

/* Of a thread's stack and heap what is touched. */
static const size_t thread_own = (size_t)1 << 18;
/* The client's half, and the pictures. */
static const size_t client_memory = (size_t)3 << 20;
/* An entry of a matrix: a number and its column. Its place among the diagonals while they are made.
 */
static const size_t entry_bytes = sizeof(double) + sizeof(uint32_t);
static const size_t index_bytes = sizeof(uint32_t);
/* Parts of a ciphertext that are touched: products are relinearised in scratch. */
static const size_t touched_parts = 2;
/* Rows of N words that a thread needs to encode a diagonal, and more for each output. */
static const size_t encode_rows = 7, encode_rows_output = 2;

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
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

/* Whether input i of stage k has diagonals. */
static int transforms(const nn_plan *p, size_t k, size_t i)
{
    const nn_stage *stage = &p->stages->stage[k];
    return stage->kind == NN_STAGE_AFFINE && i < stage->input_count &&
           nn_arrangement_route(&p->arrangement, k, i)->kind != NN_ROUTE_SAME;
}

size_t nn_plan_scratch(const nn_plan *p, const ckks_context *ctx, int threads)
{
    size_t most = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_stage *stage = &p->stages->stage[k];
        for (size_t i = 0; i < NN_INPUTS_MAX; i++) {
            ckks_lintrans_shape shape = {0};
            if (!transforms(p, k, i))
                continue;
            shape = nn_plan_shape(p, k, i);
            most = largest(most, ckks_lintrans_scratch_bytes(ctx, &shape, threads));
        }
        if (stage->kind == NN_STAGE_POLY && !nn_stage_is_square(stage)) {
            ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
            most = largest(most, ckks_poly_scratch_bytes(ctx, &poly, p->step[k].shape.limbs));
        }
    }
    return most;
}

/* Scratch of a worker of so many threads: what every worker has, and the circuits' share. */
static size_t worker_memory(const nn_plan *p, const ckks_context *ctx, int threads)
{
    ckks_worker *w = NULL;
    size_t bytes = nn_plan_scratch(p, ctx, threads);
    if (ckks_worker_create_team(&w, ctx, 0, threads) == CKKS_OK)
        bytes += ckks_worker_bytes(w);
    ckks_worker_free(w);
    return bytes;
}

size_t nn_plan_bias_bytes(const nn_plan *p)
{
    return ((size_t)8 << p->schedule.log_n) * (size_t)p->params.q_count;
}

static int has_bias(const nn_stage *stage)
{
    for (size_t o = 0; o < stage->affine[0].rows; o++)
        if (stage->affine[0].bias[o] != 0.0)
            return 1;
    return 0;
}

/* All encoded weights of one stage. */
static size_t stage_weights(const nn_plan *p, const ckks_context *ctx, size_t k)
{
    size_t bytes = 0;
    if (p->stages->stage[k].kind != NN_STAGE_AFFINE)
        return 0;
    for (size_t i = 0; i < NN_INPUTS_MAX; i++) {
        if (transforms(p, k, i)) {
            ckks_lintrans_shape shape = nn_plan_shape(p, k, i);
            bytes += ckks_lintrans_memory(ctx, &shape);
        }
    }
    if (has_bias(&p->stages->stage[k]))
        bytes += p->arrangement.layout[k + 1].parts * nn_plan_bias_bytes(p);
    return bytes;
}

static size_t weight_memory(nn_plan *p, const ckks_context *ctx)
{
    size_t bytes = 0;
    for (size_t k = 0; k < p->stages->count; k++)
        bytes += p->step[k].weight_memory = stage_weights(p, ctx, k);
    return bytes;
}

/* The matrices of stages first and on. */
static size_t matrix_memory(const nn_plan *p, size_t first)
{
    size_t bytes = 0;
    for (size_t k = first; k < p->stages->count; k++)
        bytes += nn_stage_nonzeros(&p->stages->stage[k]) * entry_bytes;
    return bytes;
}

/* What encoding the weights needs at most: encoded ones grow while matrices are released. */
static size_t encode_memory(const nn_plan *p)
{
    size_t row = (size_t)8 << p->schedule.log_n, done = 0, most = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        size_t index = 0, outputs = p->arrangement.layout[k + 1].parts;
        for (size_t i = 0; i < NN_INPUTS_MAX; i++)
            if (transforms(p, k, i))
                index = largest(index,
                                nn_affine_nonzeros(&p->stages->stage[k].affine[i]) * index_bytes);
        done += p->step[k].weight_memory;
        most = largest(most, matrix_memory(p, k) + index + done +
                                 (encode_rows + encode_rows_output * outputs) * row);
    }
    return most;
}

static size_t graph_memory(const nn_graph *g)
{
    size_t bytes = 0;
    for (size_t v = 0; v < g->value_count; v++)
        bytes += g->value[v].constant.count * sizeof(float);
    return bytes;
}

size_t nn_plan_alive(const nn_plan *p)
{
    size_t most = 0;
    for (size_t k = 0; k < p->stages->count; k++) {
        size_t now = p->arrangement.layout[k + 1].parts;
        /* Summands are made beside the sum. */
        now += p->stages->stage[k].input_count > 1 ? now : 0;
        for (size_t v = 1; v <= k; v++)
            if (nn_stages_last_use(p->stages, v) >= k)
                now += p->arrangement.layout[v].parts;
        most = largest(most, now);
    }
    return most;
}

void nn_plan_foretell_memory(nn_plan *p, const ckks_context *ctx)
{
    nn_forecast *f = &p->forecast;
    size_t count = p->stages->count, ciphertext = touched_parts * nn_plan_bias_bytes(p);
    f->eval_key_bytes = 0;
    f->eval_key_memory = 0;
    for (size_t k = 0; k < p->key_count; k++) {
        f->eval_key_bytes += ckks_key_spec_file_bytes(ctx, &p->key[k]);
        f->eval_key_memory += ckks_key_spec_memory(ctx, &p->key[k]);
        double qp = ckks_params_log2_qp(&p->params, p->key[k].limbs, p->key[k].special);
        f->log2_qp = fmax(f->log2_qp, qp);
    }
    f->requests = p->arrangement.layout[0].parts;
    f->responses = p->arrangement.layout[count].parts;
    f->request_bytes = f->requests * packed_bytes(p, p->params.q_count);
    f->response_bytes = f->responses * 2 * packed_bytes(p, p->step[count - 1].shape.limbs_out);
    f->weight_memory = weight_memory(p, ctx);
    f->model_memory = graph_memory(p->model->graph) + matrix_memory(p, 0);
    f->value_memory = (f->requests + nn_plan_alive(p)) * ciphertext;
    size_t worker = worker_memory(p, ctx, 1);
    size_t running = f->weight_memory + worker + f->value_memory;
    f->thread_memory = worker_memory(p, ctx, 2) - worker + thread_own;
    f->lane_memory = f->value_memory + f->responses * ciphertext + worker + thread_own;
    f->server_memory = NN_PROCESS_MEMORY + ckks_context_bytes(ctx) + f->eval_key_memory +
                       graph_memory(p->model->graph) + largest(running, encode_memory(p));
    f->peak_memory = f->server_memory + (f->requests + f->responses) * ciphertext + client_memory;
}

/* ---- keeping within a bound */

/* What a compact diagonal of input i of stage k saves, and what it costs at each use. */
static double saving(const nn_plan *p, const nn_costs *costs, size_t k, size_t i, double *ms)
{
    const nn_step *s = &p->step[k].shape;
    nn_cost_at at = {costs, p->schedule.log_n, s->limbs, s->special, s->alpha, 0.0};
    double n = ldexp(1.0, p->schedule.log_n), packed = 6.0 * n * (s->limbs + s->special);
    *ms = nn_cost_expand(&at);
    return packed - n * (s->narrow[i] ? 4.0 : 8.0);
}

/* Make as many diagonals compact as are needed, of the input where that saves the most for its
 * time. Returns 0 when all are. */
static int compact_more(nn_plan *p, const nn_costs *costs, double excess)
{
    int *best = NULL;
    double best_ratio = 0.0, best_saving = 0.0, best_ms = 0.0;
    int entries = 0;
    nn_step *step = NULL;
    for (size_t k = 0; k < p->stages->count; k++)
        for (size_t i = 0; i < NN_INPUTS_MAX; i++) {
            const nn_route *r = nn_arrangement_route(&p->arrangement, k, i);
            double ms = 0.0, bytes = 0.0;
            if (!transforms(p, k, i) || p->step[k].shape.compact[i] >= r->entries)
                continue;
            bytes = saving(p, costs, k, i, &ms);
            if (bytes / ms <= best_ratio)
                continue;
            step = &p->step[k].shape;
            best = &step->compact[i];
            best_ratio = bytes / ms;
            best_saving = bytes;
            best_ms = ms;
            entries = r->entries;
        }
    if (best == NULL)
        return 0;
    int more = (int)fmin(entries - *best, ceil(excess / best_saving));
    *best += more;
    step->ms += more * best_ms;
    p->forecast.infer_ms += more * best_ms;
    return 1;
}

nn_status nn_plan_fit(nn_plan *p, const ckks_context *ctx, const nn_costs *costs, size_t memory)
{
    while (p->forecast.server_memory > memory &&
           compact_more(p, costs, (double)(p->forecast.server_memory - memory)))
        nn_plan_foretell_memory(p, ctx);
    return NN_OK;
}
