/* Encoding the diagonals of a linear transform.
 *
 * A term's diagonal is encoded rotated back by its giant step: modulo all limbs and special primes,
 * in NTT form, packed in the order in which ckks_lintrans_rows streams them; or, to save memory, as
 * integer coefficients alone. Diagonals are public (weights).
 * Source: [HS18] section 4, [BMTH21] section 4
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"
#include "ckks/base/parallel.h"
#include "ckks/circuits/lintrans.h"
#include "ckks/kernel/ntt.h"
#include "ckks/scheme/encode.h"

enum { LANE_ROWS = 6, COEF_ROW = 2, ARENA_ROW = 3 };

/* What one thread has at hand. */
typedef struct lane {
    ckks_worker worker; /* of one thread, for the encoder */
    double *value;      /* a diagonal */
    double *turned;     /* the same rotated right by its giant step; later a row on its way */
    int64_t *coefs;
    ckks_status status;
} lane;

typedef struct encoding {
    ckks_lintrans *t;
    const ckks_lintrans_shape *shape;
    const int *order;
    ckks_diagonal_fill fill;
    void *user;
    lane *lanes;
} encoding;

/* One term at every row, into the packed rows. */
static void transform_term(const ckks_context *ctx, const ckks_lintrans *t, lane *my, int term)
{
    uint64_t *row = (uint64_t *)(void *)my->turned;

    for (int r = 0; r < t->limbs + t->special; r++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, r, t->limbs);
        size_t at = ckks_packed_bytes((size_t)r * (size_t)t->ready_terms, ctx->n);
        m->kernel->reduce_i64(row, my->coefs, ctx->n, m);
        ckks_ntt_forward(m, row);
        ckks_pack_row(t->rows + at, row, (size_t)term, (size_t)t->ready_terms, ctx->n);
    }
}

/* One term's coefficients, into their place. */
static ckks_status keep_coefs(ckks_lintrans *t, lane *my, int term)
{
    size_t at = (size_t)(term - t->ready_terms) * t->n;
    int32_t *narrow = (int32_t *)t->coefs + at;
    int64_t most = 0;

    if (!t->narrow) {
        memcpy((int64_t *)t->coefs + at, my->coefs, t->n * sizeof(int64_t));
        return CKKS_OK;
    }
    for (size_t i = 0; i < t->n; i++) {
        int64_t x = my->coefs[i];
        most |= x ^ (x >> 63); /* as many bits as the largest, signs apart */
        narrow[i] = (int32_t)x;
    }
    if (most > INT32_MAX)
        return ckks_worker_fail(&my->worker, CKKS_ERR_RANGE,
                                "transform: coefficients of 2^%.1f are kept in 32 bits",
                                log2((double)most));
    return CKKS_OK;
}

/* Fill and encode one term: the diagonal rotated right by the giant step. */
static ckks_status encode_term(const encoding *e, lane *my, int term)
{
    ckks_lintrans *t = e->t;
    const size_t slots = my->worker.ctx->slots;
    int diagonal = e->order[term];
    size_t shift = (size_t)e->shape->giant[ckks_lintrans_step_of(e->shape, diagonal)];
    ckks_status st = CKKS_OK;

    memset(my->value, 0, slots * sizeof *my->value);
    CKKS_TRY(e->fill(e->user, diagonal, my->value));
    memcpy(my->turned + shift, my->value, (slots - shift) * sizeof *my->value);
    memcpy(my->turned, my->value + (slots - shift), shift * sizeof *my->value);
    CKKS_TRY(ckks_encode_coefs(&my->worker, my->coefs, NULL, my->turned, NULL, slots, t->scale));
    if (term < t->ready_terms)
        transform_term(my->worker.ctx, t, my, term);
    else
        CKKS_TRY(keep_coefs(t, my, term));
out:
    return st;
}

/* Add one diagonal to its output's sums over slots. */
static void measure(double *sum, double *square, const double *value, size_t slots)
{
    for (size_t j = 0; j < slots; j++) {
        sum[j] += fabs(value[j]);
        square[j] += value[j] * value[j];
    }
}

/* Largest sums over one slot's weights. sums: for each output its sums, then its squares. */
static void close_measure(ckks_lintrans *t, const double *sums, size_t slots)
{
    for (int o = 0; o < t->count.outs; o++) {
        const double *sum = sums + 2 * (size_t)o * slots;
        for (size_t j = 0; j < slots; j++) {
            t->row_sum[o] = fmax(t->row_sum[o], sum[j]);
            t->row_square[o] = fmax(t->row_square[o], sum[slots + j]);
        }
    }
}

/* All terms, as many at a time as there are threads; sums are added up in the order of terms, so
 * that they do not depend on the number of threads. */
static ckks_status encode_terms(ckks_worker *w, const encoding *e, double *sums)
{
    const ckks_lintrans *t = e->t;
    const size_t slots = w->ctx->slots;

    for (int first = 0; first < t->count.terms; first += w->threads) {
        int left = t->count.terms - first;
        int count = left < w->threads ? left : w->threads;
        CKKS_PARALLEL_ROWS(w)
        for (int k = 0; k < count; k++)
            e->lanes[k].status = encode_term(e, &e->lanes[k], first + k);
        for (int k = 0; k < count; k++) {
            const lane *my = &e->lanes[k];
            double *sum =
                sums + 2 * (size_t)ckks_lintrans_out_of(e->shape, e->order[first + k]) * slots;
            if (my->status != CKKS_OK) {
                memcpy(w->error, my->worker.error, sizeof w->error);
                return my->status;
            }
            measure(sum, sum + slots, my->value, slots);
        }
    }
    close_measure(e->t, sums, slots);
    return CKKS_OK;
}

/* Lanes over a block of threads * LANE_ROWS rows. */
static void init_lanes(const ckks_worker *w, lane *lanes, uint64_t *rows)
{
    const size_t n = w->ctx->n;

    for (int k = 0; k < w->threads; k++, rows += LANE_ROWS * n) {
        lane *my = &lanes[k];
        my->worker.ctx = w->ctx;
        my->worker.threads = 1;
        my->value = (double *)(void *)rows;
        my->turned = (double *)(void *)(rows + n);
        my->coefs = (int64_t *)(void *)(rows + COEF_ROW * n);
        ckks_arena_init(&my->worker.arena, rows + ARENA_ROW * n,
                        (LANE_ROWS - ARENA_ROW) * n * sizeof *rows);
    }
}

ckks_status ckks_lintrans_encode(ckks_worker *w, ckks_lintrans *t, const ckks_lintrans_shape *shape,
                                 const int *order, ckks_diagonal_fill fill, void *user)
{
    const ckks_allocator *a = &t->allocator;
    const size_t n = w->ctx->n;
    size_t lanes_bytes = (size_t)w->threads * sizeof(lane);
    size_t rows_bytes = (size_t)w->threads * LANE_ROWS * n * sizeof(uint64_t);
    size_t sums_bytes = 2 * (size_t)t->count.outs * w->ctx->slots * sizeof(double);
    lane *lanes = ckks_mem_alloc_zero(a, lanes_bytes);
    uint64_t *rows = ckks_mem_alloc(a, rows_bytes);
    double *sums = ckks_mem_alloc_zero(a, sums_bytes);
    encoding e = {t, shape, order, fill, user, lanes};
    ckks_status st = CKKS_ERR_MEMORY;

    if (lanes != NULL && rows != NULL && sums != NULL) {
        init_lanes(w, lanes, rows);
        st = encode_terms(w, &e, sums);
    }
    ckks_mem_free(a, lanes, lanes_bytes);
    ckks_mem_free(a, rows, rows_bytes);
    ckks_mem_free(a, sums, sums_bytes);
    return st;
}
