/* Making linear transforms: checks, the order of terms, memory.
 * Source: [HS18] section 4, [BMTH21] section 4
 */
#include "ckks/circuits/lintrans.h"

#include <limits.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"
#include "ckks/ring/galois.h"
#include "ckks/scheme/encode.h"

/* ------------------------------------------------------------------ the shape */

static int is_block_count(int count)
{
    return count >= 0 && count <= CKKS_LINTRANS_MAX_BLOCKS;
}

static ckks_status check_sizes(ckks_worker *w, const ckks_lintrans_shape *shape)
{
    const ckks_params *params = &w->ctx->params;

    if (shape->limbs < 1 || shape->limbs > params->q_count || shape->rescale < 0 ||
        shape->rescale >= shape->limbs || shape->special < 1 || shape->special > params->p_count ||
        shape->alpha < 1 || shape->alpha > shape->limbs || shape->step_count < 1 ||
        shape->fold_count < 0)
        return ckks_worker_fail(
            w, CKKS_ERR_ARG,
            "transform: limbs %d, rescale %d, special %d, alpha %d, %d steps, %d folds do not go "
            "together",
            shape->limbs, shape->rescale, shape->special, shape->alpha, shape->step_count,
            shape->fold_count);
    if (!is_block_count(shape->in_count) || !is_block_count(shape->out_count) ||
        shape->diagonal_count < 0)
        return ckks_worker_fail(w, CKKS_ERR_ARG,
                                "transform: %d inputs, %d outputs, %d diagonals are out of range",
                                shape->in_count, shape->out_count, shape->diagonal_count);
    if (shape->baby == NULL || shape->giant == NULL ||
        (shape->fold_count > 0 && shape->fold_step == NULL) ||
        (shape->diagonal_count > 0 && (shape->diagonal_step == NULL || shape->diagonal_in == NULL ||
                                       shape->diagonal_out == NULL)))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a list of the shape is NULL");
    return CKKS_OK;
}

static ckks_status check_shape(ckks_worker *w, const ckks_lintrans_shape *shape)
{
    int slots = (int)w->ctx->slots;
    int ins = shape->in_count > 0 ? shape->in_count : 1;
    int outs = shape->out_count > 0 ? shape->out_count : 1;
    ckks_status st = check_sizes(w, shape);

    if (st != CKKS_OK)
        return st;
    for (int i = 0; i < shape->step_count; i++) {
        int b = shape->baby[i];
        int g = shape->giant[i];
        if (b < 0 || b >= slots || g < 0 || g >= slots)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: step %d has baby %d and giant %d, of %d slots", i,
                                    b, g, slots);
    }
    for (int k = 0; k < ckks_lintrans_terms(shape); k++) {
        int step = ckks_lintrans_step_of(shape, k);
        int in = ckks_lintrans_in_of(shape, k);
        int out = ckks_lintrans_out_of(shape, k);
        if (step >= shape->step_count || in >= ins || out >= outs)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: diagonal %d has step %d of %d, input %d of %d, "
                                    "output %d of %d",
                                    k, step, shape->step_count, in, ins, out, outs);
    }
    for (int i = 0; i < shape->fold_count; i++) {
        if (shape->fold_step[i] <= -slots || shape->fold_step[i] >= slots)
            return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a fold by %d of %d slots",
                                    shape->fold_step[i], slots);
    }
    return CKKS_OK;
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

/* The sets of steps: babies in the order in which they first appear, giants by value around 0. */
static void list_steps(ckks_lintrans *t, const ckks_lintrans_shape *shape, size_t slots)
{
    int count = shape->step_count;
    int babies = 0;
    int giants = 0;
    int before = INT_MIN;

    for (int i = 0; i < count; i++)
        (void)place(t->baby, &babies, shape->baby[i]);
    for (int g = ckks_lintrans_next(shape->giant, count, slots, INT_MIN); g != INT_MAX;
         g = ckks_lintrans_next(shape->giant, count, slots, g)) {
        t->giant[giants].steps = ckks_lintrans_hop(g, INT_MIN, 0, slots);
        t->giant[giants++].hop = ckks_lintrans_hop(g, before, shape->chain, slots);
        before = g;
    }
}

/* Unit of diagonal k. */
static int unit_of(const ckks_lintrans *t, const ckks_lintrans_shape *shape, int k)
{
    int giants = t->count.giants;

    return ckks_lintrans_out_of(shape, k) * giants +
           place(t->giant, &giants, shape->giant[ckks_lintrans_step_of(shape, k)]);
}

/* The order of terms: by unit, then in the given order. order[term] = diagonal. */
static void order_terms(ckks_lintrans *t, int *order, const ckks_lintrans_shape *shape)
{
    int units = t->count.giants * t->count.outs;
    int babies = t->count.babies;

    /* Counts stand one place behind, and become places of ends one place before. */
    for (int k = 0; k < t->count.terms; k++)
        t->first[unit_of(t, shape, k) + 1]++;
    for (int u = 0; u < units; u++)
        t->first[u + 1] += t->first[u];
    for (int k = t->count.terms - 1; k >= 0; k--) {
        int at = --t->first[unit_of(t, shape, k) + 1];
        int step = ckks_lintrans_step_of(shape, k);
        order[at] = k;
        t->pick[at] = (uint16_t)(ckks_lintrans_in_of(shape, k) * t->count.babies +
                                 place(t->baby, &babies, shape->baby[step]));
    }
    for (int u = 0; u < units; u++)
        t->first[u] = t->first[u + 1];
    t->first[units] = t->count.terms;
    t->ready_terms = t->count.terms - t->count.compact;
    while (t->ready < units && t->first[t->ready + 1] <= t->ready_terms)
        t->ready++;
}

static ckks_status check_units(ckks_worker *w, const ckks_lintrans *t)
{
    if ((size_t)t->count.babies * (size_t)t->count.ins > UINT16_MAX + 1)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: %d baby steps of %d inputs",
                                t->count.babies, t->count.ins);
    for (int u = 0; u < t->count.giants * t->count.outs; u++) {
        int terms = t->first[u + 1] - t->first[u];
        if (terms > t->count.babies * t->count.ins)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: %d diagonals of one giant step, output and %d "
                                    "inputs have %d baby steps",
                                    terms, t->count.ins, t->count.babies);
        if (terms > CKKS_KERNEL_MAX_TERMS)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: more than %d diagonals have the giant step %d",
                                    CKKS_KERNEL_MAX_TERMS, t->giant[u % t->count.giants].steps);
    }
    return CKKS_OK;
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

/* ------------------------------------------------------------------ memory */

static ckks_status alloc_lists(ckks_lintrans *t, const ckks_lintrans_shape *shape)
{
    const ckks_lintrans_counts *c = &t->count;
    size_t units = (size_t)c->giants * (size_t)c->outs;

    t->lists_bytes = ckks_lintrans_lists_bytes(c, shape->fold_count);
    t->lists = ckks_mem_alloc_zero(&t->allocator, t->lists_bytes);
    if (t->lists == NULL)
        return CKKS_ERR_MEMORY;
    t->baby = t->lists;
    t->giant = t->baby + c->babies;
    t->row_sum = (double *)(void *)(t->giant + c->giants);
    t->row_square = t->row_sum + c->outs;
    t->first = (int *)(void *)(t->row_square + c->outs);
    t->fold_step = t->first + units + 1;
    t->pick = (uint16_t *)(void *)(t->fold_step + shape->fold_count);
    t->fold_count = shape->fold_count;
    if (shape->fold_count > 0)
        memcpy(t->fold_step, shape->fold_step, (size_t)shape->fold_count * sizeof(int));
    return CKKS_OK;
}

static ckks_status alloc_rows(ckks_lintrans *t)
{
    size_t steps = (size_t)(t->count.babies + t->count.giants);
    size_t coef = t->narrow ? sizeof(int32_t) : sizeof(int64_t);
    size_t most = SIZE_MAX / CKKS_PACKED_BYTES / t->n / (size_t)(t->limbs + t->special);

    t->rows_bytes = ckks_lintrans_rows_bytes(t->n, t->limbs + t->special, t->ready_terms);
    if ((size_t)t->count.terms >= most - 1 ||
        !ckks_size_mul(&t->tables_bytes, steps, t->n / 8 * sizeof(uint32_t)) ||
        !ckks_size_mul(&t->coefs_bytes, (size_t)t->count.compact, t->n * coef))
        return CKKS_ERR_MEMORY;
    t->tables = ckks_mem_alloc(&t->allocator, t->tables_bytes);
    t->rows = ckks_mem_alloc(&t->allocator, t->rows_bytes);
    t->coefs = ckks_mem_alloc(&t->allocator, t->coefs_bytes);
    return t->tables == NULL || t->rows == NULL || t->coefs == NULL ? CKKS_ERR_MEMORY : CKKS_OK;
}

/* ------------------------------------------------------------------ making */

/* Everything after the shape was found right. */
static ckks_status make(ckks_worker *w, ckks_lintrans *t, const ckks_lintrans_shape *shape,
                        ckks_diagonal_fill fill, void *user)
{
    const ckks_context *ctx = w->ctx;
    size_t order_bytes = (size_t)t->count.terms * sizeof(int);
    int *order = ckks_mem_alloc(&t->allocator, order_bytes);
    ckks_status st = order == NULL ? CKKS_ERR_MEMORY : CKKS_OK;

    if (st != CKKS_OK)
        goto out;
    CKKS_TRY(alloc_lists(t, shape));
    list_steps(t, shape, ctx->slots);
    order_terms(t, order, shape);
    CKKS_TRY(check_units(w, t));
    CKKS_TRY(alloc_rows(t));
    fill_steps(ctx, t->baby, t->count.babies, t->tables);
    fill_steps(ctx, t->giant, t->count.giants, t->tables + (size_t)t->count.babies * (ctx->n / 8));
    CKKS_TRY(ckks_lintrans_encode(w, t, shape, order, fill, user));
out:
    ckks_mem_free(&t->allocator, order, order_bytes);
    return st;
}

ckks_status ckks_lintrans_create(ckks_worker *w, ckks_lintrans **out,
                                 const ckks_lintrans_shape *shape, ckks_diagonal_fill fill,
                                 void *user, ckks_scale scale)
{
    ckks_lintrans *t = NULL;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL || shape == NULL || fill == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a pointer is NULL");
    CKKS_TRY(check_shape(w, shape));
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
    t->narrow = shape->narrow != 0;
    t->count = ckks_lintrans_count(shape, w->ctx->slots);
    t->passes =
        ckks_lintrans_divide(t->n, t->limbs + t->special, &t->count, CKKS_LINTRANS_SUMS_BYTES);
    t->scale = scale;
    CKKS_TRY(make(w, t, shape, fill, user));
    *out = t;
    t = NULL;
out:
    if (st == CKKS_ERR_MEMORY)
        st = ckks_worker_fail(w, st, "no memory for a transform of %d diagonals",
                              ckks_lintrans_terms(shape));
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
