/* Making linear transforms: which terms there are, their encoding, sizes and keys.
 *
 * A term's diagonal is encoded rotated back by its giant step, modulo all limbs and special primes,
 * in NTT form; rows lie in the order in which ckks_lintrans_apply streams them. Diagonals are
 * public (weights).
 * Source: [HS18] section 4, [BMTH21] section 4
 */
#include "ckks/lintrans.h"

#include <math.h>
#include <string.h>

#include "ckks/check.h"
#include "ckks/encode.h"
#include "ckks/galois.h"
#include "ckks/keygen.h"
#include "ckks/mem.h"
#include "ckks/ntt.h"
#include "ckks/worker.h"

/* ------------------------------------------------------------------ sets of steps */

/* Whether value stands in list[0 .. count). */
static int contains(const int *list, int count, int value)
{
    for (int i = 0; i < count; i++) {
        if (list[i] == value)
            return 1;
    }
    return 0;
}

/* Number of different values in list. */
static int count_distinct(const int *list, int count)
{
    int distinct = 0;

    for (int i = 0; i < count; i++)
        distinct += !contains(list, i, list[i]);
    return distinct;
}

size_t ckks_lintrans_scratch_rows(int limbs, int special, int alpha, int baby_count,
                                  int giant_count)
{
    size_t rows = (size_t)(limbs + special);
    size_t digits = (size_t)((limbs + alpha - 1) / alpha);
    size_t sums = 2 * rows * (size_t)giant_count;
    /* Baby phase: P c0, a pair of rows, babies of one row; coefficients, quotients and digits of
     * c1. */
    size_t babies = 3 + 2 * (size_t)baby_count + (size_t)limbs + 2 * digits;
    /* Giant phase: a sum when no giant step is 0, quotients and digits, three rows (two in a
     * mod-down). */
    size_t giants = 2 * rows + 2 * digits + 3;

    return sums + (babies > giants ? babies : giants);
}

size_t ckks_lintrans_scratch_bytes(const ckks_context *ctx, const ckks_lintrans_shape *shape)
{
    size_t base = ckks_worker_base_rows(ctx);
    size_t rows = ckks_lintrans_scratch_rows(shape->limbs, shape->special, shape->alpha,
                                             count_distinct(shape->baby, shape->diagonal_count),
                                             count_distinct(shape->giant, shape->diagonal_count));

    return rows <= base ? 0 : (rows - base) * ctx->n * sizeof(uint64_t);
}

static size_t lists_size(int terms, int babies, int giants, int folds)
{
    return (size_t)(babies + giants) * sizeof(ckks_lintrans_step) +
           (size_t)(giants + 1 + terms + folds) * sizeof(int);
}

size_t ckks_lintrans_memory(const ckks_context *ctx, const ckks_lintrans_shape *shape)
{
    int terms = shape->diagonal_count;
    int babies = count_distinct(shape->baby, terms);
    int giants = count_distinct(shape->giant, terms);

    return sizeof(ckks_lintrans) + lists_size(terms, babies, giants, shape->fold_count) +
           (size_t)(babies + giants) * ctx->n * sizeof(uint32_t) +
           (size_t)terms * (size_t)(shape->limbs + shape->special) * ctx->n * sizeof(uint64_t);
}

/* Append a key unless its rotation is there already; counts also beyond the capacity. */
static size_t add_key(const ckks_context *ctx, ckks_key_spec *spec, size_t capacity, size_t count,
                      int steps, const ckks_lintrans_shape *shape, int limbs)
{
    ckks_key_spec made = {CKKS_KEY_ROTATE, steps, limbs, shape->alpha, shape->special};

    if (limbs != shape->limbs && ckks_key_spec_choose(ctx, &made) != CKKS_OK) {
        made.alpha = shape->alpha < limbs ? shape->alpha : limbs;
        made.special = shape->special;
    }
    if (spec != NULL && count < capacity)
        spec[count] = made;
    return count + 1;
}

size_t ckks_lintrans_keys(const ckks_context *ctx, ckks_key_spec *spec, size_t capacity,
                          const ckks_lintrans_shape *shape)
{
    int count = shape->diagonal_count;
    size_t keys = 0;

    for (int i = 0; i < count; i++) {
        if (shape->baby[i] != 0 && !contains(shape->baby, i, shape->baby[i]))
            keys = add_key(ctx, spec, capacity, keys, shape->baby[i], shape, shape->limbs);
    }
    for (int i = 0; i < count; i++) {
        if (shape->giant[i] != 0 && !contains(shape->giant, i, shape->giant[i]) &&
            !contains(shape->baby, count, shape->giant[i]))
            keys = add_key(ctx, spec, capacity, keys, shape->giant[i], shape, shape->limbs);
    }
    for (int i = 0; i < shape->fold_count; i++) {
        int steps = shape->fold_step[i];
        if (steps != 0 && !contains(shape->fold_step, i, steps) &&
            !contains(shape->baby, count, steps) && !contains(shape->giant, count, steps))
            keys = add_key(ctx, spec, capacity, keys, steps, shape, shape->limbs - shape->rescale);
    }
    return keys;
}

/* ------------------------------------------------------------------ making */

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
    return (*count)++;
}

/* The sets of steps and the order of terms: by giant, then in the given order. order[t] =
 * diagonal. */
static void order_terms(ckks_lintrans *t, int *order, const ckks_lintrans_shape *shape,
                        const ckks_diagonal *diagonal, size_t slots)
{
    for (int i = 0; i < shape->diagonal_count; i++) {
        if (!is_zero(diagonal[i].value, slots))
            (void)place(t->giant, &t->giant_count, shape->giant[i]);
    }
    for (int g = 0; g < t->giant_count; g++) {
        t->first[g] = t->term_count;
        for (int i = 0; i < shape->diagonal_count; i++) {
            if (shape->giant[i] != t->giant[g].steps || is_zero(diagonal[i].value, slots))
                continue;
            order[t->term_count] = i;
            t->term_baby[t->term_count++] = place(t->baby, &t->baby_count, shape->baby[i]);
        }
    }
    t->first[t->giant_count] = t->term_count;
}

static void fill_steps(const ckks_context *ctx, ckks_lintrans_step *step, int count,
                       uint32_t *tables)
{
    for (int i = 0; i < count; i++) {
        step[i].element = ckks_galois_element(&ctx->ring, step[i].steps);
        step[i].index = tables + (size_t)i * ctx->n;
        ckks_galois_table(step[i].index, ctx->params.log_n, step[i].element);
    }
}

/* Encode one term: the diagonal rotated right by the giant step, at every row. */
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
    coefs = (int64_t *)(void *)(rows + ctx->n);
    memcpy(rotated + shift, value, (ctx->slots - shift) * sizeof *value);
    memcpy(rotated, value + (ctx->slots - shift), shift * sizeof *value);
    CKKS_TRY(ckks_encode_coefs(w, coefs, NULL, rotated, NULL, ctx->slots, t->scale));
    for (int row = 0; row < t->limbs + t->special; row++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
        uint64_t *out = t->rows + ((size_t)row * (size_t)t->term_count + (size_t)term) * ctx->n;
        m->kernel->reduce_i64(out, coefs, ctx->n, m);
        ckks_ntt_forward(m, out);
    }
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

    CKKS_TRY(ckks_worker_rows(w, &row, 1));
    sum = (double *)(void *)row;
    square = sum + w->ctx->slots;
    memset(sum, 0, w->ctx->n * sizeof *sum);
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
static ckks_status alloc_lists(ckks_lintrans *t, const ckks_lintrans_shape *shape)
{
    int terms = shape->diagonal_count;
    int babies = count_distinct(shape->baby, terms);
    int giants = count_distinct(shape->giant, terms);

    t->lists_bytes = lists_size(terms, babies, giants, shape->fold_count);
    t->lists = ckks_mem_alloc_zero(&t->allocator, t->lists_bytes);
    if (t->lists == NULL)
        return CKKS_ERR_MEMORY;
    t->baby = t->lists;
    t->giant = t->baby + babies;
    t->first = (int *)(void *)(t->giant + giants);
    t->term_baby = t->first + giants + 1;
    t->fold_step = t->term_baby + terms;
    t->fold_count = shape->fold_count;
    if (shape->fold_count > 0)
        memcpy(t->fold_step, shape->fold_step, (size_t)shape->fold_count * sizeof(int));
    return CKKS_OK;
}

static ckks_status alloc_rows(ckks_lintrans *t)
{
    size_t steps = (size_t)(t->baby_count + t->giant_count);
    size_t terms = (size_t)t->term_count * (size_t)(t->limbs + t->special);

    if (!ckks_size_mul(&t->tables_bytes, steps, t->n * sizeof(uint32_t)) ||
        !ckks_size_mul(&t->rows_bytes, terms, t->n * sizeof(uint64_t)))
        return CKKS_ERR_MEMORY;
    t->tables = ckks_mem_alloc(&t->allocator, t->tables_bytes);
    t->rows = ckks_mem_alloc(&t->allocator, t->rows_bytes);
    return t->tables == NULL || t->rows == NULL ? CKKS_ERR_MEMORY : CKKS_OK;
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
    CKKS_TRY(alloc_lists(t, shape));
    order_terms(t, order, shape, diagonal, ctx->slots);
    if (t->term_count == 0) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG, "transform: all %d diagonals are zero",
                              shape->diagonal_count);
        goto out;
    }
    CKKS_TRY(alloc_rows(t));
    fill_steps(ctx, t->baby, t->baby_count, t->tables);
    fill_steps(ctx, t->giant, t->giant_count, t->tables + (size_t)t->baby_count * ctx->n);
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
    ckks_mem_free(&allocator, t->tables, t->tables_bytes);
    ckks_mem_free(&allocator, t->lists, t->lists_bytes);
    ckks_mem_free(&allocator, t, sizeof *t);
}
