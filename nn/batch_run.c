/* A batch on ciphertexts. The values between two steps are a list of ciphertexts, one for each
 * number of the network; a step writes over the ciphertexts that it reads, and more are made only
 * when there are more values than ever before. */
#include <stdlib.h>
#include <string.h>

#include "nn/batch_plan.h"
#include "nn/schedule.h"
#include "nn/why.h"

/* A value may exceed its measured range by so much, which the schedule leaves room for. */
#define RANGE_MARGIN 2.0

struct nn_batch_program {
    const nn_batch *batch;
    const ckks_context *ctx;
    ckks_sums **inner, **outer; /* per step; NULL where there is none */
    size_t bytes;
};

/* ---- the weights */

/* Columns of the first matrix are renumbered to the requests. */
static nn_status column_numbers(uint32_t **col, const nn_batch *b, const nn_affine *a)
{
    size_t at = 0;
    uint32_t *request = calloc(a->cols, sizeof *request);
    *col = malloc((nn_affine_nonzeros(a) + 1) * sizeof **col);
    if (request == NULL || *col == NULL) {
        free(request);
        return NN_ERR_MEMORY;
    }
    for (size_t p = 0; p < b->pixel_count; p++)
        request[b->pixel[p]] = (uint32_t)at++;
    for (size_t k = 0; k < nn_affine_nonzeros(a); k++)
        (*col)[k] = request[a->col[k]];
    free(request);
    return NN_OK;
}

static nn_status round_matrix(nn_batch_program *p, ckks_worker *w, ckks_sums **out, size_t stage,
                              ckks_scale scale)
{
    const nn_affine *a = &p->batch->stages->stage[stage].affine;
    uint32_t *col = NULL;
    ckks_scalars m = {.rows = a->rows,
                      .cols = a->cols,
                      .row_start = a->row_start,
                      .col = a->col,
                      .value = a->value,
                      .bias = a->bias,
                      .magnitude = RANGE_MARGIN * p->batch->stages->stage[stage].range};
    nn_status st = stage == 0 ? column_numbers(&col, p->batch, a) : NN_OK;
    if (st == NN_OK && stage == 0) {
        m.cols = p->batch->pixel_count;
        m.col = col;
    }
    if (st == NN_OK)
        st = ckks_sums_create(w, out, &m, scale);
    p->bytes += ckks_sums_memory(a->rows, nn_affine_nonzeros(a));
    free(col);
    return st;
}

static nn_status round_step(nn_batch_program *p, ckks_worker *w, size_t k)
{
    const nn_batch *b = p->batch;
    const nn_batch_step *step = &b->schedule.step[k];
    nn_status st = NN_OK;
    if (nn_batch_inner(step, b->stages) != NULL)
        st = round_matrix(p, w, &p->inner[k], step->stage, b->exact[k].inner);
    if (st == NN_OK && nn_batch_outer(step, b->stages) != NULL)
        st = round_matrix(p, w, &p->outer[k], step->stage + step->stages - 1, b->exact[k].outer);
    return st;
}

nn_status nn_batch_program_create(nn_batch_program **out, const nn_batch *b,
                                  const ckks_context *ctx, char *why, size_t why_size)
{
    *out = NULL;
    nn_batch_program *p = calloc(1, sizeof *p);
    ckks_worker *w = NULL;
    nn_status st = p == NULL ? NN_ERR_MEMORY : ckks_worker_create(&w, ctx, 0);
    if (st == NN_OK) {
        p->batch = b;
        p->ctx = ctx;
        p->inner = calloc(b->schedule.count, sizeof(ckks_sums *));
        p->outer = calloc(b->schedule.count, sizeof(ckks_sums *));
        st = p->inner == NULL || p->outer == NULL ? NN_ERR_MEMORY : NN_OK;
    }
    for (size_t k = 0; st == NN_OK && k < b->schedule.count; k++) {
        st = round_step(p, w, k);
        if (st != NN_OK)
            (void)nn_why(why, why_size, st, "step %zu: %s", k + 1, ckks_worker_error(w));
    }
    ckks_worker_free(w);
    if (st == NN_OK)
        *out = p;
    else
        nn_batch_program_free(p);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}

void nn_batch_program_free(nn_batch_program *p)
{
    if (p == NULL)
        return;
    for (size_t k = 0; p->inner != NULL && p->outer != NULL && k < p->batch->schedule.count; k++) {
        ckks_sums_free(p->inner[k]);
        ckks_sums_free(p->outer[k]);
    }
    free(p->inner);
    free(p->outer);
    free(p);
}

size_t nn_batch_program_bytes(const nn_batch_program *p)
{
    return p->bytes;
}

/* ---- a run */

/* The values between two steps: the first `lent` objects are the caller's. */
typedef struct values {
    ckks_ciphertext **ct;
    size_t count, lent;
} values;

static void free_values(values *v)
{
    for (size_t i = v->lent; v->ct != NULL && i < v->count; i++)
        ckks_ciphertext_free(v->ct[i]);
    free(v->ct);
    *v = (values){NULL, 0, 0};
}

/* Objects for the widest step. */
static nn_status make_values(values *v, const nn_batch_program *p, ckks_ciphertext *const *in)
{
    const nn_batch *b = p->batch;
    nn_status st = NN_OK;
    *v = (values){NULL, b->pixel_count, b->pixel_count};
    for (size_t k = 0; k < b->schedule.count; k++)
        v->count = nn_batch_outputs(b, k) > v->count ? nn_batch_outputs(b, k) : v->count;
    v->ct = calloc(v->count, sizeof(ckks_ciphertext *));
    if (v->ct == NULL)
        return NN_ERR_MEMORY;
    memcpy(v->ct, in, v->lent * sizeof *v->ct);
    for (size_t i = v->lent; i < v->count && st == NN_OK; i++)
        st = ckks_ciphertext_create(&v->ct[i], p->ctx);
    return st;
}

/* A step on its way through the values, one job each. */
typedef struct pass {
    const nn_batch_program *p;
    size_t step;
    ckks_ciphertext *const *ct;
} pass;

/* Relinearise what is left of squares, and drop primes. */
static ckks_status finish_sums(const nn_batch_step *step, ckks_worker *w, ckks_ciphertext *c)
{
    int dropped = 0;
    ckks_status st = CKKS_OK;
    if (step->kind == NN_BATCH_SQUARED_SUMS) {
        dropped = step->rescale > 0;
        st = ckks_eval_relinearise(w, c, c, dropped);
    }
    for (; dropped < step->rescale && st == CKKS_OK; dropped++)
        st = ckks_eval_rescale(w, c, c);
    return st;
}

static ckks_polynomial polynomial_of(const nn_batch *b, const nn_batch_step *step)
{
    const nn_stage *stage = &b->stages->stage[step->stage];
    return (ckks_polynomial){CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
}

static ckks_status finish_value(ckks_worker *w, void *user, size_t i)
{
    const pass *my = user;
    const nn_batch *b = my->p->batch;
    const nn_batch_step *step = &b->schedule.step[my->step];
    double range = b->stages->stage[step->stage + step->stages - 1].range;
    ckks_ciphertext *c = my->ct[i];
    ckks_status st = CKKS_OK;
    if (step->kind == NN_BATCH_POLY) {
        ckks_polynomial poly = polynomial_of(b, step);
        st = ckks_poly_eval(w, c, c, &poly, b->exact[my->step].min_scale);
    } else if (step->kind == NN_BATCH_SQUARE) {
        st = ckks_eval_square(w, c, c, step->rescale > 0);
        for (int r = 1; r < step->rescale && st == CKKS_OK; r++)
            st = ckks_eval_rescale(w, c, c);
    } else {
        st = finish_sums(step, w, c);
    }
    ckks_ciphertext_set_magnitude(c, RANGE_MARGIN * range);
    return st;
}

/* Scratch of one value's job. */
static size_t value_bytes(const nn_batch_program *p, size_t k)
{
    const nn_batch_step *step = &p->batch->schedule.step[k];
    ckks_polynomial poly = polynomial_of(p->batch, step);
    return step->kind == NN_BATCH_POLY ? ckks_poly_scratch_bytes(p->ctx, &poly, step->limbs) : 0;
}

size_t nn_batch_program_scratch_bytes(const nn_batch_program *p, int threads)
{
    size_t most = 0;
    for (size_t k = 0; k < p->batch->schedule.count; k++) {
        size_t bytes = ckks_worker_each_bytes(p->ctx, value_bytes(p, k), threads);
        most = bytes > most ? bytes : most;
        if (p->inner[k] == NULL && p->outer[k] == NULL)
            continue;
        bytes = ckks_sums_scratch_bytes(p->ctx, p->inner[k], p->outer[k], threads);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static nn_status run_step(const nn_batch_program *p, ckks_worker *w, size_t k,
                          ckks_ciphertext *const *ct)
{
    pass jobs = {p, k, ct};
    nn_status st = NN_OK;
    if (p->inner[k] != NULL || p->outer[k] != NULL)
        st = ckks_eval_sums(w, ct, (const ckks_ciphertext *const *)ct, p->inner[k], p->outer[k]);
    if (st == NN_OK)
        st = ckks_worker_each(w, finish_value, &jobs, nn_batch_outputs(p->batch, k),
                              value_bytes(p, k));
    return st;
}

/* Every request must be one of this plan: full limbs, two parts, the planned scale. */
static nn_status check_requests(const nn_batch_program *p, ckks_ciphertext *const *in, char *why,
                                size_t why_size)
{
    const nn_batch *b = p->batch;
    for (size_t i = 0; i < b->pixel_count; i++) {
        if (in[i] == NULL)
            return nn_why(why, why_size, NN_ERR_MISMATCH, "request %zu is missing", i);
        ckks_scale scale = ckks_ciphertext_scale(in[i]);
        int limbs = ckks_ciphertext_limbs(in[i]), parts = ckks_ciphertext_parts(in[i]);
        if (limbs != b->params.q_count || parts != 2 ||
            !ckks_scale_equal(scale, b->exact[0].scale_in))
            return nn_why(why, why_size, NN_ERR_MISMATCH,
                          "request %zu has %d limbs, %d parts and scale 2^%.4f, the plan expects "
                          "%d, 2 and 2^%.4f",
                          i, limbs, parts, parts > 0 ? ckks_scale_log2(scale) : 0.0,
                          b->params.q_count, ckks_scale_log2(b->exact[0].scale_in));
    }
    return NN_OK;
}

nn_status nn_batch_run(const nn_batch_program *p, ckks_worker *w, ckks_ciphertext *const *out,
                       ckks_ciphertext *const *in, nn_progress progress, void *user, char *why,
                       size_t why_size)
{
    const nn_batch *b = p->batch;
    size_t count = b->schedule.count;
    values v;
    nn_status st = check_requests(p, in, why, why_size);
    if (st != NN_OK)
        return st;
    st = make_values(&v, p, in);
    for (size_t k = 0; k < count && st == NN_OK; k++) {
        const char *name = b->stages->stage[b->schedule.step[k].stage].name;
        st = run_step(p, w, k, v.ct);
        if (st == NN_OK && progress != NULL && progress(user, k + 1, count, name) != 0)
            st = NN_ERR_STOPPED;
    }
    for (size_t r = 0; r < b->forecast.responses && st == NN_OK; r++)
        st = ckks_ciphertext_copy(out[r], v.ct[r]);
    if (st != NN_OK)
        (void)nn_why(why, why_size, st, "%s",
                     st == NN_ERR_STOPPED ? "stopped" : ckks_worker_error(w));
    free_values(&v);
    return st;
}
