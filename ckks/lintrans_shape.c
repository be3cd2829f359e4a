/* Sizes of linear transforms and the keys that they need, from the shape alone. */
#include <limits.h>

#include "ckks/keygen.h"
#include "ckks/keyswitch.h"
#include "ckks/lintrans.h"
#include "ckks/parallel.h"
#include "ckks/worker.h"

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

int ckks_lintrans_next(const int *giant, int count, size_t slots, int after)
{
    int next = INT_MAX;

    for (int i = 0; i < count; i++) {
        int steps = ckks_lintrans_centre(giant[i], slots);
        if (steps > after && steps < next)
            next = steps;
    }
    return next;
}

int ckks_lintrans_hop(int steps, int before, int chain, size_t slots)
{
    int hop = chain && before != INT_MIN ? steps - before : steps;

    return hop < 0 ? hop + (int)slots : hop;
}

/* Terms of the last giants, as many giants as it takes to reach `compact` terms. */
static int compact_terms(const ckks_lintrans_shape *shape, size_t slots)
{
    int left = shape->diagonal_count;
    int g = INT_MIN;

    if (shape->compact <= 0)
        return 0;
    /* Giants that can stay: leave while what is left behind them suffices. */
    while ((g = ckks_lintrans_next(shape->giant, shape->diagonal_count, slots, g)) != INT_MAX) {
        int terms = 0;
        for (int i = 0; i < shape->diagonal_count; i++)
            terms += ckks_lintrans_centre(shape->giant[i], slots) == g;
        if (left - terms < shape->compact)
            break;
        left -= terms;
    }
    return left;
}

ckks_lintrans_counts ckks_lintrans_count(const ckks_lintrans_shape *shape, size_t slots)
{
    ckks_lintrans_counts c = {.terms = shape->diagonal_count};

    c.babies = count_distinct(shape->baby, c.terms);
    c.giants = count_distinct(shape->giant, c.terms);
    c.compact = compact_terms(shape, slots);
    return c;
}

/* ------------------------------------------------------------------ sizes */

size_t ckks_lintrans_lists_bytes(const ckks_lintrans_counts *c, int folds)
{
    return (size_t)(c->babies + c->giants) * sizeof(ckks_lintrans_step) +
           (size_t)(c->giants + 1 + folds) * sizeof(int) + (size_t)c->terms * sizeof(uint16_t);
}

size_t ckks_lintrans_rows_bytes(size_t n, int rows, int ready_terms)
{
    return ckks_packed_bytes((size_t)rows * (size_t)ready_terms, n) + CKKS_PACKED_SLACK;
}

/* Rows of n words that hold so many bytes. */
static size_t rows_of(size_t bytes, size_t n)
{
    return (bytes + n * sizeof(uint64_t) - 1) / (n * sizeof(uint64_t));
}

size_t ckks_lintrans_tile_rows(size_t n, int babies)
{
    return rows_of(2 * (size_t)babies * ckks_tile(n) * sizeof(uint64_t), n);
}

size_t ckks_lintrans_lane_rows(size_t n, int babies, int compact_terms)
{
    size_t expanded = ckks_packed_bytes((size_t)compact_terms, n) + CKKS_PACKED_SLACK;

    return 2 + ckks_lintrans_tile_rows(n, babies) + (compact_terms > 0 ? rows_of(expanded, n) : 0);
}

size_t ckks_lintrans_scratch_rows(size_t n, int limbs, int special, int alpha,
                                  const ckks_lintrans_counts *c, int threads)
{
    size_t rows = (size_t)(limbs + special);
    size_t sums = 2 * rows * (size_t)c->giants;
    size_t lanes = (size_t)threads * ckks_lintrans_lane_rows(n, c->babies, c->compact);
    /* Baby phase: the list of keys, the lanes, the digits of c1. */
    size_t babies = 1 + lanes + ckks_digits_rows(limbs, alpha, threads);
    /* Giant phase: a sum when no giant step is 0, and digits (their coefficients are a sum's) or a
     * mod-down. */
    size_t giants =
        2 * rows + ckks_digits_rows(limbs, alpha, threads) + ckks_mod_down_rows(threads);

    return sums + (babies > giants ? babies : giants);
}

size_t ckks_lintrans_scratch_bytes(const ckks_context *ctx, const ckks_lintrans_shape *shape,
                                   int threads)
{
    ckks_lintrans_counts c = ckks_lintrans_count(shape, ctx->slots);
    int lanes = ckks_parallel_threads(threads);
    size_t base = ckks_worker_base_rows(ctx, lanes);
    size_t rows =
        ckks_lintrans_scratch_rows(ctx->n, shape->limbs, shape->special, shape->alpha, &c, lanes);

    return rows <= base ? 0 : (rows - base) * ctx->n * sizeof(uint64_t);
}

size_t ckks_lintrans_memory(const ckks_context *ctx, const ckks_lintrans_shape *shape)
{
    ckks_lintrans_counts c = ckks_lintrans_count(shape, ctx->slots);

    return sizeof(ckks_lintrans) + ckks_lintrans_lists_bytes(&c, shape->fold_count) +
           (size_t)(c.babies + c.giants) * (ctx->n / 8) * sizeof(uint32_t) +
           ckks_lintrans_rows_bytes(ctx->n, shape->limbs + shape->special, c.terms - c.compact) +
           (size_t)c.compact * ctx->n * sizeof(int64_t);
}

/* ------------------------------------------------------------------ keys */

/* Append a key unless the list has its rotation at these limbs; counts also beyond the capacity. */
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

/* Whether a hop stands among those of the giants below `end`. */
static int hop_before(const ckks_lintrans_shape *shape, size_t slots, int hop, int end)
{
    int before = INT_MIN;
    int g = ckks_lintrans_next(shape->giant, shape->diagonal_count, slots, INT_MIN);

    for (; g < end;
         before = g, g = ckks_lintrans_next(shape->giant, shape->diagonal_count, slots, g)) {
        if (ckks_lintrans_hop(g, before, shape->chain, slots) == hop)
            return 1;
    }
    return 0;
}

size_t ckks_lintrans_keys(const ckks_context *ctx, ckks_key_spec *spec, size_t capacity,
                          const ckks_lintrans_shape *shape)
{
    int count = shape->diagonal_count;
    int before = INT_MIN;
    size_t keys = 0;

    for (int i = 0; i < count; i++) {
        if (shape->baby[i] != 0 && !contains(shape->baby, i, shape->baby[i]))
            keys = add_key(ctx, spec, capacity, keys, shape->baby[i], shape, shape->limbs);
    }
    for (int g = ckks_lintrans_next(shape->giant, count, ctx->slots, INT_MIN); g != INT_MAX;
         before = g, g = ckks_lintrans_next(shape->giant, count, ctx->slots, g)) {
        int hop = ckks_lintrans_hop(g, before, shape->chain, ctx->slots);
        if (hop != 0 && !contains(shape->baby, count, hop) &&
            !hop_before(shape, ctx->slots, hop, g))
            keys = add_key(ctx, spec, capacity, keys, hop, shape, shape->limbs);
    }
    for (int i = 0; i < shape->fold_count; i++) {
        int steps = shape->fold_step[i];
        int same = steps < 0 ? steps + (int)ctx->slots : steps;
        if (steps != 0 && !contains(shape->fold_step, i, steps) &&
            !contains(shape->baby, count, same) && !hop_before(shape, ctx->slots, same, INT_MAX))
            keys = add_key(ctx, spec, capacity, keys, steps, shape, shape->limbs - shape->rescale);
    }
    return keys;
}
