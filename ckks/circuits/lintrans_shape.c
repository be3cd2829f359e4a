/* Sizes of linear transforms and the keys that they need, from the shape alone. */
#include <limits.h>

#include "ckks/base/parallel.h"
#include "ckks/circuits/lintrans.h"
#include "ckks/scheme/keygen.h"
#include "ckks/scheme/keyswitch.h"
#include "ckks/scheme/worker.h"

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

/* Terms of one unit, its giant step centred. */
static int unit_terms(const ckks_lintrans_shape *shape, size_t slots, int out, int giant)
{
    int terms = 0;

    for (int k = 0; k < ckks_lintrans_terms(shape); k++) {
        int step = ckks_lintrans_step_of(shape, k);
        terms += ckks_lintrans_out_of(shape, k) == out && step < shape->step_count &&
                 ckks_lintrans_centre(shape->giant[step], slots) == giant;
    }
    return terms;
}

/* Terms of the last units, as many units as it takes to reach `compact` terms. */
static int compact_terms(const ckks_lintrans_shape *shape, size_t slots, int outs)
{
    int left = ckks_lintrans_terms(shape);

    if (shape->compact <= 0)
        return 0;
    if (shape->compact >= left)
        return left;
    /* Units that can stay: leave while what is left behind them suffices. */
    for (int o = 0; o < outs; o++) {
        int g = INT_MIN;
        while ((g = ckks_lintrans_next(shape->giant, shape->step_count, slots, g)) != INT_MAX) {
            int terms = unit_terms(shape, slots, o, g);
            if (left - terms < shape->compact)
                return left;
            left -= terms;
        }
    }
    return left;
}

ckks_lintrans_counts ckks_lintrans_count(const ckks_lintrans_shape *shape, size_t slots)
{
    ckks_lintrans_counts c = {.ins = shape->in_count > 0 ? shape->in_count : 1,
                              .outs = shape->out_count > 0 ? shape->out_count : 1,
                              .terms = ckks_lintrans_terms(shape)};

    c.babies = count_distinct(shape->baby, shape->step_count);
    c.giants = count_distinct(shape->giant, shape->step_count);
    c.compact = compact_terms(shape, slots, c.outs);
    return c;
}

/* ------------------------------------------------------------------ sizes */

size_t ckks_lintrans_lists_bytes(const ckks_lintrans_counts *c, int folds)
{
    size_t units = (size_t)c->giants * (size_t)c->outs;

    return (size_t)(c->babies + c->giants) * sizeof(ckks_lintrans_step) +
           2 * (size_t)c->outs * sizeof(double) + (units + 1 + (size_t)folds) * sizeof(int) +
           (size_t)c->terms * sizeof(uint16_t);
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

size_t ckks_lintrans_tile_rows(size_t n, const ckks_lintrans_counts *c)
{
    return rows_of(ckks_lintrans_baby_rows(c) * ckks_tile(n) * sizeof(uint64_t), n);
}

ckks_lintrans_passes ckks_lintrans_divide(size_t n, int rows, const ckks_lintrans_counts *c,
                                          size_t bytes)
{
    size_t units = (size_t)c->giants * (size_t)c->outs;
    size_t row = n * sizeof(uint64_t);
    size_t unit = 2 * (size_t)rows * row;
    size_t kept = ckks_lintrans_baby_rows(c) * (size_t)rows * row;
    size_t widest = (size_t)c->babies * (size_t)c->ins; /* at most: terms of one unit */
    size_t expanded = CKKS_LINTRANS_EXPANDED_BYTES / ckks_packed_bytes(1, n);
    ckks_lintrans_passes p = {.keep = CKKS_LINTRANS_TILE};

    expanded = expanded > widest ? expanded : widest;
    p.expanded = expanded < (size_t)c->compact ? (int)expanded : c->compact;
    if (p.expanded < c->compact)
        p.keep = CKKS_LINTRANS_ROW;
    if (units > bytes / unit) {
        /* Babies are made anew for every pass where keeping them would take the room of most. */
        size_t room = kept <= bytes / 2 ? bytes - kept : bytes;
        size_t group = room / unit > 0 ? room / unit : 1;
        size_t passes = (units + group - 1) / group;
        if (kept <= bytes / 2)
            p.keep = CKKS_LINTRANS_ALL;
        units = (units + passes - 1) / passes;
    }
    p.group = (int)units;
    return p;
}

size_t ckks_lintrans_lane_rows(size_t n, const ckks_lintrans_counts *c,
                               const ckks_lintrans_passes *p)
{
    size_t babies = p->keep == CKKS_LINTRANS_TILE  ? ckks_lintrans_tile_rows(n, c)
                    : p->keep == CKKS_LINTRANS_ROW ? ckks_lintrans_baby_rows(c)
                                                   : 0;
    size_t expanded = ckks_packed_bytes((size_t)p->expanded, n) + CKKS_PACKED_SLACK;

    return (size_t)c->ins + 1 + babies + (p->expanded > 0 ? rows_of(expanded, n) : 0);
}

size_t ckks_lintrans_scratch_rows(size_t n, int limbs, int special, int alpha,
                                  const ckks_lintrans_counts *c, const ckks_lintrans_passes *p,
                                  int threads)
{
    size_t rows = (size_t)(limbs + special);
    size_t sums = 2 * rows * (size_t)p->group;
    size_t kept = p->keep == CKKS_LINTRANS_ALL ? ckks_lintrans_baby_rows(c) * rows : 0;
    size_t digits = ckks_digits_rows(limbs, alpha, threads);
    /* Baby phase: the list of keys, the lanes, the digits of every c1. */
    size_t babies =
        1 + (size_t)threads * ckks_lintrans_lane_rows(n, c, p) + (size_t)c->ins * digits;
    /* Giant phase: digits (their coefficients are a sum's) or a mod-down. */
    size_t giants = digits + ckks_mod_down_rows(threads);
    /* A sum for when no giant step is 0, which also goes from pass to pass. */
    size_t carry = 2 * rows;

    if (p->group < c->giants * c->outs)
        return sums + kept + carry + (babies > giants ? babies : giants);
    return sums + (babies > carry + giants ? babies : carry + giants);
}

size_t ckks_lintrans_scratch_bytes(const ckks_context *ctx, const ckks_lintrans_shape *shape,
                                   int threads)
{
    ckks_lintrans_counts c = ckks_lintrans_count(shape, ctx->slots);
    ckks_lintrans_passes p =
        ckks_lintrans_divide(ctx->n, shape->limbs + shape->special, &c, CKKS_LINTRANS_SUMS_BYTES);
    int lanes = ckks_parallel_threads(threads);
    size_t rows = ckks_lintrans_scratch_rows(ctx->n, shape->limbs, shape->special, shape->alpha, &c,
                                             &p, lanes);

    return ckks_worker_circuit_bytes(ctx, rows, lanes);
}

size_t ckks_lintrans_memory(const ckks_context *ctx, const ckks_lintrans_shape *shape)
{
    ckks_lintrans_counts c = ckks_lintrans_count(shape, ctx->slots);

    return sizeof(ckks_lintrans) + ckks_lintrans_lists_bytes(&c, shape->fold_count) +
           (size_t)(c.babies + c.giants) * (ctx->n / 8) * sizeof(uint32_t) +
           ckks_lintrans_rows_bytes(ctx->n, shape->limbs + shape->special, c.terms - c.compact) +
           (size_t)c.compact * ctx->n * (shape->narrow ? sizeof(int32_t) : sizeof(int64_t));
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
    int g = ckks_lintrans_next(shape->giant, shape->step_count, slots, INT_MIN);

    for (; g < end; before = g, g = ckks_lintrans_next(shape->giant, shape->step_count, slots, g)) {
        if (ckks_lintrans_hop(g, before, shape->chain, slots) == hop)
            return 1;
    }
    return 0;
}

size_t ckks_lintrans_keys(const ckks_context *ctx, ckks_key_spec *spec, size_t capacity,
                          const ckks_lintrans_shape *shape)
{
    int count = shape->step_count;
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
