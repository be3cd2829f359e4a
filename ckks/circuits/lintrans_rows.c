/* The first half of a linear transform: babies, and their products with diagonals, summed up.
 *
 * Target rows come outermost, chunks of units next, tiles of 32 places next. For one row: the
 * digits of every c1; for one tile of it: every baby (a key product over the permuted digits), then
 * the sums of all units of the chunk. Babies of one tile stay in the first cache; keys and
 * diagonals, which are larger than any cache, are walked through once and in order. There is one
 * chunk, unless compact terms in transformed form would take too much room; then the babies of the
 * whole row are kept, or, when the giants are done in several passes, those of all rows.
 * Source: [BMTH21] Algorithm 6
 */
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/parallel.h"
#include "ckks/circuits/lintrans.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/scheme/keyswitch.h"
#include "ckks/scheme/object.h"

/* What a thread has at hand for one target row. */
typedef struct lane_work {
    uint64_t *pc0;     /* P c0 of every input */
    uint64_t *coefs;   /* a term on its way to be packed */
    uint64_t *babies;  /* [ins babies][2][tile], tile after tile where babies are kept */
    size_t stride;     /* from tile to tile of babies; 0 where they are not kept */
    uint8_t *expanded; /* packed: [n / tile][terms of the chunk][tile] */
} lane_work;

/* The same for all rows. */
typedef struct rows_work {
    const ckks_lintrans *t;
    const ckks_ciphertext *const *in;
    const ckks_key **key; /* [babies]; NULL for baby 0 */
    uint64_t *sums;       /* [units][2][limbs + special][n] */
    int first, count;     /* units */
    uint64_t *kept;       /* [limbs + special][n / tile][ins babies][2][tile], or NULL */
    int known;            /* 1: kept is filled */
    uint64_t *lanes;      /* [threads][lane_rows][n] */
    size_t lane_rows;
    ckks_digits digits[CKKS_LINTRANS_MAX_BLOCKS]; /* of every input */
} rows_work;

/* Units whose terms are expanded together: first <= u < end. */
typedef struct chunk {
    int first, end;
    int term, terms; /* the compact terms of them, counted from the first compact one */
} chunk;

static lane_work lane_at(const ckks_context *ctx, const rows_work *k, int row, int number)
{
    const ckks_lintrans_counts *c = &k->t->count;
    const size_t block = ckks_lintrans_baby_rows(c);
    lane_work lane = {.stride = block * ckks_tile(ctx->n)};
    uint64_t *at = k->lanes + (size_t)number * k->lane_rows * ctx->n;

    lane.pc0 = at;
    lane.coefs = at += (size_t)c->ins * ctx->n;
    lane.babies = at += ctx->n;
    switch (k->t->passes.keep) {
    case CKKS_LINTRANS_ALL:
        lane.babies = k->kept + (size_t)row * block * ctx->n;
        break;
    case CKKS_LINTRANS_ROW:
        at += block * ctx->n;
        break;
    default:
        lane.stride = 0;
        at += ckks_lintrans_tile_rows(ctx->n, c) * ctx->n;
    }
    lane.expanded = (uint8_t *)at;
    return lane;
}

/* ------------------------------------------------------------------ compact terms */

/* The next chunk from unit `first` on: as many units as can be expanded at once, at least one. */
static chunk next_chunk(const ckks_lintrans *t, int first, int end)
{
    chunk c = {first, first, 0, 0};

    while (c.end < end) {
        int terms = c.end >= t->ready ? t->first[c.end + 1] - t->first[c.end] : 0;
        if (c.end > first && c.terms + terms > t->passes.expanded)
            break;
        c.terms += terms;
        c.end++;
    }
    c.term = (first > t->ready ? t->first[first] : t->ready_terms) - t->ready_terms;
    return c;
}

/* The compact terms of a chunk, at one row. */
static void expand(const ckks_context *ctx, const ckks_lintrans *t, const lane_work *lane,
                   const chunk *c, int row)
{
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    int64_t *wide = (int64_t *)(void *)lane->coefs;

    for (int k = 0; k < c->terms; k++) {
        size_t at = (size_t)(c->term + k) * ctx->n;
        if (t->narrow) {
            const int32_t *coefs = (const int32_t *)t->coefs + at;
            for (size_t i = 0; i < ctx->n; i++)
                wide[i] = coefs[i];
            m->kernel->reduce_i64(lane->coefs, wide, ctx->n, m);
        } else {
            m->kernel->reduce_i64(lane->coefs, (const int64_t *)t->coefs + at, ctx->n, m);
        }
        ckks_ntt_forward(m, lane->coefs);
        ckks_pack_row(lane->expanded, lane->coefs, (size_t)k, (size_t)c->terms, ctx->n);
    }
}

/* ------------------------------------------------------------------ tiles */

/* P c0 and the digits of every input at one row. */
static void open_row(const ckks_context *ctx, const rows_work *k, const lane_work *lane,
                     const uint64_t *u[][CKKS_MAX_DIGITS], int row, int number)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);

    for (int i = 0; i < t->count.ins; i++) {
        ckks_digits_row(ctx, &k->digits[i], u[i], row, number);
        if (row < t->limbs)
            m->kernel->mul_scalar(
                lane->pc0 + (size_t)i * ctx->n, ckks_ciphertext_row(k->in[i], 0, row),
                ckks_ring_special(&ctx->ring, t->special, -1)->product[row], ctx->n, m);
    }
}

/* One tile of every baby of input i: f_b(P c0 + <digits, key>_0, <digits, key>_1); baby 0 is
 * (P c0, P c1), and nothing at special rows, where P is 0. */
static void baby_tiles(const ckks_context *ctx, const rows_work *k, const lane_work *lane,
                       const uint64_t *const *u, int i, int row, size_t first)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    const size_t tile = ckks_tile(ctx->n);
    const uint64_t *pc0 = lane->pc0 + (size_t)i * ctx->n;
    uint64_t *out =
        lane->babies + first / tile * lane->stride + 2 * (size_t)i * (size_t)t->count.babies * tile;

    for (int b = 0; b < t->count.babies; b++, out += 2 * tile) {
        if (t->baby[b].steps != 0) {
            ckks_key_product p = ckks_keyswitch_product(ctx, u, &k->digits[i], k->key[b], row);
            p.turn = &t->baby[b].turn;
            p.turned = row < t->limbs ? pc0 : NULL;
            m->kernel->dot_key(out, out + tile, &p, first, tile, m);
        } else if (row < t->limbs) {
            uint64_t special = ckks_ring_special(&ctx->ring, t->special, -1)->product[row];
            memcpy(out, pc0 + first, tile * sizeof *out);
            m->kernel->mul_scalar(out + tile, ckks_ciphertext_row(k->in[i], 1, row) + first,
                                  special, tile, m);
        } else {
            memset(out, 0, 2 * tile * sizeof *out);
        }
    }
}

/* One tile of the sums of a chunk's units. */
static void unit_tiles(const ckks_context *ctx, const rows_work *k, const lane_work *lane,
                       const chunk *c, int row, size_t first)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    const size_t rows = (size_t)(t->limbs + t->special), tile = ckks_tile(ctx->n);
    const size_t ready = (size_t)t->ready_terms;
    const uint8_t *kept = t->rows + ckks_packed_bytes(ready, (size_t)row * ctx->n + first);
    const uint8_t *expanded = lane->expanded + ckks_packed_bytes((size_t)c->terms, first);
    const uint64_t *babies = lane->babies + first / tile * lane->stride;

    for (int u = c->first; u < c->end; u++) {
        uint64_t *out =
            k->sums + (2 * (size_t)(u - k->first) * rows + (size_t)row) * ctx->n + first;
        size_t term = (size_t)t->first[u];
        const uint8_t *y = u < t->ready
                               ? kept + ckks_packed_bytes(term, tile)
                               : expanded + ckks_packed_bytes(term - ready - (size_t)c->term, tile);
        size_t count = (size_t)t->first[u + 1] - term;
        if (count > 0) {
            m->kernel->dot_pair(out, out + rows * ctx->n, babies, t->pick + term, y, count, tile,
                                m);
        } else if (ckks_lintrans_used(t, u)) {
            memset(out, 0, tile * sizeof *out);
            memset(out + rows * ctx->n, 0, tile * sizeof *out);
        }
    }
}

static void one_row(const ckks_context *ctx, const rows_work *k, int row, int number)
{
    const ckks_lintrans *t = k->t;
    const lane_work lane = lane_at(ctx, k, row, number);
    const uint64_t *u[CKKS_LINTRANS_MAX_BLOCKS][CKKS_MAX_DIGITS];
    int fresh = !k->known;
    chunk c = {k->first, k->first, 0, 0};

    if (fresh)
        open_row(ctx, k, &lane, u, row, number);
    while (c.end < k->first + k->count) {
        c = next_chunk(t, c.end, k->first + k->count);
        expand(ctx, t, &lane, &c, row);
        for (size_t first = 0; first < ctx->n; first += ckks_tile(ctx->n)) {
            for (int i = 0; fresh && i < t->count.ins; i++)
                baby_tiles(ctx, k, &lane, u[i], i, row, first);
            unit_tiles(ctx, k, &lane, &c, row, first);
        }
        fresh = 0;
    }
}

ckks_status ckks_lintrans_rows(ckks_worker *w, const ckks_lintrans *t, uint64_t *sums, int first,
                               int count, uint64_t *kept, int known,
                               const ckks_ciphertext *const *in)
{
    size_t mark = ckks_arena_mark(&w->arena);
    rows_work k = {.t = t,
                   .in = in,
                   .sums = sums,
                   .first = first,
                   .count = count,
                   .kept = kept,
                   .known = known};
    uint64_t *list = NULL;
    ckks_status st = CKKS_OK;

    k.lane_rows = ckks_lintrans_lane_rows(w->ctx->n, &t->count, &t->passes);
    CKKS_TRY(ckks_worker_rows(w, &list, 1)); /* no more babies than slots, one pointer each */
    CKKS_TRY(ckks_worker_rows(w, &k.lanes, (size_t)w->threads * k.lane_rows));
    k.key = (const ckks_key **)(void *)list;
    for (int b = 0; b < t->count.babies; b++)
        k.key[b] = t->baby[b].steps != 0 ? ckks_lintrans_key(w, t, &t->baby[b]) : NULL;
    for (int i = 0; i < t->count.ins && !known; i++)
        CKKS_TRY(ckks_digits_init(w, &k.digits[i], ckks_ciphertext_row(in[i], 1, 0), t->limbs,
                                  t->alpha, t->special));
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < t->limbs + t->special; row++)
        one_row(w->ctx, &k, row, ckks_parallel_lane());
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
