/* Making linear transforms: which terms there are, and their encoding.
 *
 * A term's diagonal is encoded rotated back by its giant step: modulo all limbs and special primes,
 * in NTT form, packed in the order in which ckks_lintrans_apply streams them; or, to save memory,
 * as integer coefficients alone. Diagonals are public (weights).
 * Source: [HS18] section 4, [BMTH21] section 4
 */
#include "ckks/lintrans.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "ckks/check.h"
#include "ckks/encode.h"
#include "ckks/galois.h"
#include "ckks/mem.h"
#include "ckks/ntt.h"
#include "ckks/worker.h"

/* ------------------------------------------------------------------ making */

/* Diagonals of one giant step. */
static int count_terms(const ckks_lintrans_shape *shape, int giant)
{
    int terms = 0;

    for (int i = 0; i < shape->diagonal_count; i++)
        terms += shape->giant[i] == giant;
    return terms;
}

static ckks_status check_shape(ckks_worker *w, const ckks_lintrans_shape *shape,
                               const ckks_diagonal *diagonal)
{
    const ckks_params *params = &w->ctx->params;
    int slots = (int)w->ctx->slots;

    if (shape->limbs < 1 || shape->limbs > params->q_count || shape->rescale < 0 ||
        shape->rescale >= shape->limbs || shape->special < 1 || shape->special > params->p_count ||
        shape->alpha < 1 || shape->alpha > shape->limbs || shape->diagonal_count < 1 ||
        shape->fold_count < 0)
        return ckks_worker_fail(
            w, CKKS_ERR_ARG,
            "transform: limbs %d, rescale %d, special %d, alpha %d, %d diagonals, %d folds do not "
            "go together",
            shape->limbs, shape->rescale, shape->special, shape->alpha, shape->diagonal_count,
            shape->fold_count);
    if (shape->baby == NULL || shape->giant == NULL ||
        (shape->fold_count > 0 && shape->fold_step == NULL))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a list of steps is NULL");
    for (int i = 0; i < shape->diagonal_count; i++) {
        int b = shape->baby[i];
        int g = shape->giant[i];
        if (diagonal[i].value == NULL)
            return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: diagonal %d has no values", i);
        if (b < 0 || b >= slots || g < 0 || g >= slots || (b + g) % slots != diagonal[i].index)
            return ckks_worker_fail(
                w, CKKS_ERR_ARG,
                "transform: diagonal %d has index %d, baby %d and giant %d, modulo %d slots", i,
                diagonal[i].index, b, g, slots);
    }
    for (int i = 0; i < shape->diagonal_count; i++) {
        if (i + CKKS_KERNEL_MAX_TERMS < shape->diagonal_count &&
            count_terms(shape, shape->giant[i]) > CKKS_KERNEL_MAX_TERMS)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: more than %d diagonals have the giant step %d",
                                    CKKS_KERNEL_MAX_TERMS, shape->giant[i]);
    }
    for (int i = 0; i < shape->fold_count; i++) {
        if (shape->fold_step[i] <= -slots || shape->fold_step[i] >= slots)
            return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a fold by %d of %d slots",
                                    shape->fold_step[i], slots);
    }
    return CKKS_OK;
}

static int is_zero(const double *value, size_t slots)
{
    for (size_t j = 0; j < slots; j++) {
        if (value[j] != 0.0) /* a NaN is not zero and is refused by the encoder */
            return 0;
    }
    return 1;
}

/* Place of steps in list, appending it when it is new. */
static int place(ckks_lintrans_step *list, int *count, int steps)
{
    for (int i = 0; i < *count; i++) {
        if (list[i].steps == steps)
            return i;
    }
    list[*count].steps = steps;
    list[*count].hop = steps;
    return (*count)++;
}

/* The sets of steps and the order of terms: by giant, then in the given order. order[t] =
 * diagonal. */
static void order_terms(ckks_lintrans *t, int *order, const ckks_lintrans_shape *shape,
                        const ckks_diagonal *diagonal, size_t slots)
{
    int count = shape->diagonal_count;
    int before = INT_MIN;

    for (int g = ckks_lintrans_next(shape->giant, count, slots, INT_MIN); g != INT_MAX;
         g = ckks_lintrans_next(shape->giant, count, slots, g)) {
        ckks_lintrans_step *step = &t->giant[t->giant_count];
        t->first[t->giant_count] = t->term_count;
        for (int i = 0; i < count; i++) {
            if (ckks_lintrans_centre(shape->giant[i], slots) != g ||
                is_zero(diagonal[i].value, slots))
                continue;
            order[t->term_count] = i;
            t->pick[t->term_count++] = (uint16_t)place(t->baby, &t->baby_count, shape->baby[i]);
        }
        /* A giant of which all diagonals are zero has no sum, but a chain that the keys were made
         * for goes through it. */
        if (t->first[t->giant_count] == t->term_count && !shape->chain)
            continue;
        step->steps = ckks_lintrans_hop(g, INT_MIN, 0, slots);
        step->hop = ckks_lintrans_hop(g, before, shape->chain, slots);
        before = g;
        t->giant_count++;
    }
    t->first[t->giant_count] = t->term_count;
    while (t->ready < t->giant_count && t->term_count - t->first[t->ready + 1] >= shape->compact)
        t->ready++;
    if (shape->compact <= 0)
        t->ready = t->giant_count;
    t->ready_terms = t->first[t->ready];
}

static void fill_steps(const ckks_context *ctx, ckks_lintrans_step *step, int count,
                       uint32_t *tables)
{
    for (int i = 0; i < count; i++) {
        step[i].element = ckks_galois_element(&ctx->ring, step[i].hop);
        step[i].turn.block = tables + (size_t)i * (ctx->n / 8);
        ckks_galois_permutation(&step[i].turn, ctx->params.ring, ctx->params.log_n,
                                step[i].element);
    }
}

/* One term at every row, into the packed rows. */
static ckks_status transform_term(ckks_worker *w, ckks_lintrans *t, int term, const int64_t *coefs)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    uint64_t *row = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &row, 1));
    for (int r = 0; r < t->limbs + t->special; r++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, r, t->limbs);
        size_t at = ckks_packed_bytes((size_t)r * (size_t)t->ready_terms, ctx->n);
        m->kernel->reduce_i64(row, coefs, ctx->n, m);
        ckks_ntt_forward(m, row);
        ckks_pack_row(t->rows + at, row, (size_t)term, (size_t)t->ready_terms, ctx->n);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* Encode one term: the diagonal rotated right by the giant step. */
static ckks_status encode_term(ckks_worker *w, ckks_lintrans *t, int term, const double *value,
                               int giant)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    size_t shift = (size_t)giant;
    uint64_t *rows = NULL;
    double *rotated = NULL;
    int64_t *coefs = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &rows, 2));
    rotated = (double *)(void *)rows;
    coefs = term < t->ready_terms ? (int64_t *)(void *)(rows + ctx->n)
                                  : t->coefs + (size_t)(term - t->ready_terms) * ctx->n;
    memcpy(rotated + shift, value, (ctx->slots - shift) * sizeof *value);
    memcpy(rotated, value + (ctx->slots - shift), shift * sizeof *value);
    CKKS_TRY(ckks_encode_coefs(w, coefs, NULL, rotated, NULL, ctx->slots, t->scale));
    if (term < t->ready_terms)
        CKKS_TRY(transform_term(w, t, term, coefs));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* Largest sums over one slot's weights. */
static ckks_status measure(ckks_worker *w, ckks_lintrans *t, const int *order,
                           const ckks_diagonal *diagonal)
{
    size_t mark = ckks_arena_mark(&w->arena);
    uint64_t *row = NULL;
    double *sum = NULL;
    double *square = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &row, 2));
    sum = (double *)(void *)row;
    square = (double *)(void *)(row + w->ctx->n);
    memset(row, 0, 2 * w->ctx->n * sizeof *row);
    for (int i = 0; i < t->term_count; i++) {
        const double *v = diagonal[order[i]].value;
        for (size_t j = 0; j < w->ctx->slots; j++) {
            sum[j] += fabs(v[j]);
            square[j] += v[j] * v[j];
        }
    }
    for (size_t j = 0; j < w->ctx->slots; j++) {
        t->row_sum = fmax(t->row_sum, sum[j]);
        t->row_square = fmax(t->row_square, square[j]);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* The lists, at their largest possible size, in one block. */
static ckks_status alloc_lists(ckks_lintrans *t, const ckks_lintrans_shape *shape, size_t slots)
{
    ckks_lintrans_counts c = ckks_lintrans_count(shape, slots);

    t->lists_bytes = ckks_lintrans_lists_bytes(&c, shape->fold_count);
    t->lists = ckks_mem_alloc_zero(&t->allocator, t->lists_bytes);
    if (t->lists == NULL)
        return CKKS_ERR_MEMORY;
    t->baby = t->lists;
    t->giant = t->baby + c.babies;
    t->first = (int *)(void *)(t->giant + c.giants);
    t->fold_step = t->first + c.giants + 1;
    t->pick = (uint16_t *)(void *)(t->fold_step + shape->fold_count);
    t->fold_count = shape->fold_count;
    if (shape->fold_count > 0)
        memcpy(t->fold_step, shape->fold_step, (size_t)shape->fold_count * sizeof(int));
    return CKKS_OK;
}

static ckks_status alloc_rows(ckks_lintrans *t)
{
    size_t steps = (size_t)(t->baby_count + t->giant_count);
    size_t compact = (size_t)(t->term_count - t->ready_terms);
    size_t most = SIZE_MAX / CKKS_PACKED_BYTES / t->n / (size_t)(t->limbs + t->special);

    t->rows_bytes = ckks_lintrans_rows_bytes(t->n, t->limbs + t->special, t->ready_terms);
    if ((size_t)t->term_count >= most - 1 ||
        !ckks_size_mul(&t->tables_bytes, steps, t->n / 8 * sizeof(uint32_t)) ||
        !ckks_size_mul(&t->coefs_bytes, compact, t->n * sizeof(int64_t)))
        return CKKS_ERR_MEMORY;
    t->tables = ckks_mem_alloc(&t->allocator, t->tables_bytes);
    t->rows = ckks_mem_alloc(&t->allocator, t->rows_bytes);
    t->coefs = ckks_mem_alloc(&t->allocator, t->coefs_bytes);
    return t->tables == NULL || t->rows == NULL || t->coefs == NULL ? CKKS_ERR_MEMORY : CKKS_OK;
}

/* Everything after the shape was found right. */
static ckks_status fill(ckks_worker *w, ckks_lintrans *t, const ckks_lintrans_shape *shape,
                        const ckks_diagonal *diagonal)
{
    const ckks_context *ctx = w->ctx;
    size_t order_bytes = (size_t)shape->diagonal_count * sizeof(int);
    int *order = ckks_mem_alloc(&t->allocator, order_bytes);
    ckks_status st = order == NULL ? CKKS_ERR_MEMORY : CKKS_OK;

    if (st != CKKS_OK)
        goto out;
    CKKS_TRY(alloc_lists(t, shape, ctx->slots));
    order_terms(t, order, shape, diagonal, ctx->slots);
    if (t->term_count == 0) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG, "transform: all %d diagonals are zero",
                              shape->diagonal_count);
        goto out;
    }
    CKKS_TRY(alloc_rows(t));
    fill_steps(ctx, t->baby, t->baby_count, t->tables);
    fill_steps(ctx, t->giant, t->giant_count, t->tables + (size_t)t->baby_count * (ctx->n / 8));
    for (int g = 0; g < t->giant_count; g++) {
        for (int i = t->first[g]; i < t->first[g + 1]; i++)
            CKKS_TRY(encode_term(w, t, i, diagonal[order[i]].value, t->giant[g].steps));
    }
    CKKS_TRY(measure(w, t, order, diagonal));
out:
    ckks_mem_free(&t->allocator, order, order_bytes);
    return st;
}

ckks_status ckks_lintrans_create(ckks_worker *w, ckks_lintrans **out,
                                 const ckks_lintrans_shape *shape, const ckks_diagonal *diagonal,
                                 ckks_scale scale)
{
    ckks_lintrans *t = NULL;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL || shape == NULL || diagonal == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a pointer is NULL");
    CKKS_TRY(check_shape(w, shape, diagonal));
    CKKS_TRY(ckks_encode_check_scale(w, scale));
    t = ckks_mem_alloc_zero(&w->ctx->params.allocator, sizeof *t);
    if (t == NULL) {
        st = CKKS_ERR_MEMORY;
        goto out;
    }
    t->context_id = w->ctx->id;
    t->allocator = w->ctx->params.allocator;
    t->n = w->ctx->n;
    t->limbs = shape->limbs;
    t->rescale = shape->rescale;
    t->special = shape->special;
    t->alpha = shape->alpha;
    t->chain = shape->chain != 0;
    t->scale = scale;
    CKKS_TRY(fill(w, t, shape, diagonal));
    *out = t;
    t = NULL;
out:
    if (st == CKKS_ERR_MEMORY)
        st = ckks_worker_fail(w, st, "no memory for a transform of %d diagonals",
                              shape->diagonal_count);
    ckks_lintrans_free(t);
    return st;
}

void ckks_lintrans_free(ckks_lintrans *t)
{
    ckks_allocator allocator;

    if (t == NULL)
        return;
    allocator = t->allocator;
    ckks_mem_free(&allocator, t->rows, t->rows_bytes);
    ckks_mem_free(&allocator, t->coefs, t->coefs_bytes);
    ckks_mem_free(&allocator, t->tables, t->tables_bytes);
    ckks_mem_free(&allocator, t->lists, t->lists_bytes);
    ckks_mem_free(&allocator, t, sizeof *t);
}
