/* Applying linear transforms: baby steps hoisted, products and sums kept modulo Q P, giant steps
 * with one division of the second part each, one final division that takes the first dropped prime
 * along.
 *
 * Target rows come outermost, tiles of 32 places next. For one row: the digits of c1; for one tile
 * of it: every baby (a key product over the permuted digits), then the sums of all giants. Babies
 * of one tile stay in the first cache; keys and diagonals, which are larger than any cache, are
 * walked through once and in order. Only the giants' sums need all rows.
 * Letters: row = prime of (limbs, special), b = baby, g = giant, i = term, part = ciphertext
 *          component.
 *
 * Deviation: folds run after the rescale, at the output's limbs, so that their keys are the
 *            smallest.
 * Source: [BMTH21] Algorithm 6
 */
#include <math.h>
#include <string.h>

#include "ckks/check.h"
#include "ckks/eval.h"
#include "ckks/galois.h"
#include "ckks/lintrans.h"
#include "ckks/ntt.h"
#include "ckks/parallel.h"

/* The key of one step with the transform's own shape. */
static const ckks_key *find_key(const ckks_worker *w, const ckks_lintrans *t,
                                const ckks_lintrans_step *step)
{
    return ckks_keyswitch_find(w, CKKS_KEY_ROTATE, step->element, t->limbs, t->alpha, t->special);
}

static ckks_status check_steps(ckks_worker *w, const ckks_lintrans *t,
                               const ckks_lintrans_step *step, int count)
{
    for (int i = 0; i < count; i++) {
        if (step[i].hop != 0 && find_key(w, t, &step[i]) == NULL)
            return ckks_worker_fail(
                w, CKKS_ERR_NO_KEY,
                "transform: no key for rotation %d with %d limbs, alpha %d and %d special primes "
                "is lent to the worker",
                step[i].hop, t->limbs, t->alpha, t->special);
    }
    return CKKS_OK;
}

static ckks_status check_apply(ckks_worker *w, const ckks_ciphertext *out,
                               const ckks_ciphertext *in, const ckks_lintrans *t)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "transform", out, in));
    if (t == NULL || t->context_id != w->ctx->id)
        return ckks_worker_fail(w, t == NULL ? CKKS_ERR_ARG : CKKS_ERR_MISMATCH,
                                "transform: none given, or one of other parameters");
    CKKS_TRY(ckks_eval_check_two_parts(w, "transform", in));
    if (in->limbs != t->limbs)
        return ckks_worker_fail(w, CKKS_ERR_LEVEL,
                                "transform: made for %d limbs, the ciphertext has %d", t->limbs,
                                in->limbs);
    CKKS_TRY(
        ckks_eval_check_scale(w, "transform", t->limbs, ckks_scale_mul(in->scale, t->scale), 1.0));
    CKKS_TRY(check_steps(w, t, t->baby, t->baby_count));
    CKKS_TRY(check_steps(w, t, t->giant, t->giant_count));
    for (int i = 0; i < t->fold_count; i++) {
        uint64_t element = ckks_galois_element(&w->ctx->ring, t->fold_step[i]);
        int limbs = t->limbs - t->rescale;
        if (element != 1 && ckks_keyswitch_find(w, CKKS_KEY_ROTATE, element, limbs, 0, 0) == NULL)
            return ckks_worker_fail(
                w, CKKS_ERR_NO_KEY,
                "transform: no key for the fold by %d with %d limbs is lent to the worker",
                t->fold_step[i], limbs);
    }
out:
    return st;
}

/* ------------------------------------------------------------------ the baby phase */

/* What a thread has at hand for one target row. */
typedef struct lane_work {
    uint64_t *pc0;     /* P c0 */
    uint64_t *coefs;   /* a term on its way to be packed */
    uint64_t *babies;  /* [baby_count][2][tile]: one tile of every baby */
    uint8_t *expanded; /* packed: [n / tile][compact terms][tile] */
} lane_work;

/* The same for all rows. */
typedef struct baby_work {
    const ckks_lintrans *t;
    const ckks_ciphertext *in;
    const ckks_key **key; /* [baby_count]; NULL for baby 0 */
    ckks_digits d;
    uint64_t *sums;  /* [giant_count][2][limbs + special][n] */
    uint64_t *lanes; /* [threads][lane_rows][n] */
    size_t lane_rows, tile_rows;
} baby_work;

static lane_work lane_at(const ckks_context *ctx, const baby_work *k, int number)
{
    lane_work lane;

    lane.pc0 = k->lanes + (size_t)number * k->lane_rows * ctx->n;
    lane.coefs = lane.pc0 + ctx->n;
    lane.babies = lane.coefs + ctx->n;
    lane.expanded = (uint8_t *)(lane.babies + k->tile_rows * ctx->n);
    return lane;
}

/* The terms that are kept as coefficients, at one row. */
static void expand(const ckks_context *ctx, const baby_work *k, const lane_work *lane, int row)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    int compact = t->term_count - t->ready_terms;

    for (int i = 0; i < compact; i++) {
        m->kernel->reduce_i64(lane->coefs, t->coefs + (size_t)i * ctx->n, ctx->n, m);
        ckks_ntt_forward(m, lane->coefs);
        ckks_pack_row(lane->expanded, lane->coefs, (size_t)i, (size_t)compact, ctx->n);
    }
}

/* One tile of every baby: f_b(P c0 + <digits, key>_0, <digits, key>_1); baby 0 is (P c0, P c1), and
 * nothing at special rows, where P is 0. */
static void baby_tiles(const ckks_context *ctx, const baby_work *k, const lane_work *lane,
                       const uint64_t *const *u, int row, size_t first)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    const size_t tile = ckks_tile(ctx->n);

    for (int b = 0; b < t->baby_count; b++) {
        uint64_t *out = lane->babies + 2 * (size_t)b * tile;
        if (t->baby[b].steps != 0) {
            ckks_key_product p = ckks_keyswitch_product(ctx, u, &k->d, k->key[b], row);
            p.turn = &t->baby[b].turn;
            p.turned = row < t->limbs ? lane->pc0 : NULL;
            m->kernel->dot_key(out, out + tile, &p, first, tile, m);
        } else if (row < t->limbs) {
            uint64_t special = ckks_ring_special(&ctx->ring, t->special, -1)->product[row];
            memcpy(out, lane->pc0 + first, tile * sizeof *out);
            m->kernel->mul_scalar(out + tile, ckks_ciphertext_row(k->in, 1, row) + first, special,
                                  tile, m);
        } else {
            memset(out, 0, 2 * tile * sizeof *out);
        }
    }
}

static void giant_tiles(const ckks_context *ctx, const baby_work *k, const lane_work *lane, int row,
                        size_t first)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    const size_t rows = (size_t)(t->limbs + t->special), tile = ckks_tile(ctx->n);
    const size_t ready = (size_t)t->ready_terms, compact = (size_t)t->term_count - ready;
    const uint8_t *kept = t->rows + ckks_packed_bytes(ready, (size_t)row * ctx->n + first);
    const uint8_t *expanded =
        compact == 0 ? NULL : lane->expanded + ckks_packed_bytes(compact, first);

    for (int g = 0; g < t->giant_count; g++) {
        uint64_t *out = k->sums + (2 * (size_t)g * rows + (size_t)row) * ctx->n + first;
        size_t term = (size_t)t->first[g];
        const uint8_t *y = g < t->ready ? kept + ckks_packed_bytes(term, tile)
                                        : expanded + ckks_packed_bytes(term - ready, tile);
        size_t count = (size_t)t->first[g + 1] - term;
        if (count > 0) {
            m->kernel->dot_pair(out, out + rows * ctx->n, lane->babies, t->pick + term, y, count,
                                tile, m);
        } else { /* in a chain, all diagonals of a giant may be zero */
            memset(out, 0, tile * sizeof *out);
            memset(out + rows * ctx->n, 0, tile * sizeof *out);
        }
    }
}

static void baby_row(const ckks_context *ctx, const baby_work *k, int row, int number)
{
    const ckks_lintrans *t = k->t;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    const lane_work lane = lane_at(ctx, k, number);
    const uint64_t *u[CKKS_MAX_DIGITS];

    ckks_digits_row(ctx, &k->d, u, row, number);
    if (row < t->limbs)
        m->kernel->mul_scalar(lane.pc0, ckks_ciphertext_row(k->in, 0, row),
                              ckks_ring_special(&ctx->ring, t->special, -1)->product[row], ctx->n,
                              m);
    expand(ctx, k, &lane, row);
    for (size_t first = 0; first < ctx->n; first += ckks_tile(ctx->n)) {
        baby_tiles(ctx, k, &lane, u, row, first);
        giant_tiles(ctx, k, &lane, row, first);
    }
}

static ckks_status baby_phase(ckks_worker *w, const ckks_lintrans *t, uint64_t *sums,
                              const ckks_ciphertext *in)
{
    size_t mark = ckks_arena_mark(&w->arena);
    int compact = t->term_count - t->ready_terms;
    baby_work k = {.t = t, .in = in, .sums = sums};
    uint64_t *list = NULL;
    ckks_status st = CKKS_OK;

    k.tile_rows = ckks_lintrans_tile_rows(w->ctx->n, t->baby_count);
    k.lane_rows = ckks_lintrans_lane_rows(w->ctx->n, t->baby_count, compact);
    CKKS_TRY(ckks_worker_rows(w, &list, 1)); /* no more babies than slots, one pointer each */
    CKKS_TRY(ckks_worker_rows(w, &k.lanes, (size_t)w->threads * k.lane_rows));
    k.key = (const ckks_key **)(void *)list;
    for (int b = 0; b < t->baby_count; b++)
        k.key[b] = t->baby[b].steps != 0 ? find_key(w, t, &t->baby[b]) : NULL;
    CKKS_TRY(
        ckks_digits_init(w, &k.d, ckks_ciphertext_row(in, 1, 0), t->limbs, t->alpha, t->special));
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < t->limbs + t->special; row++)
        baby_row(w->ctx, &k, row, ckks_parallel_lane());
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* ------------------------------------------------------------------ the giant phase */

/* acc += f(s0 + <digits of s1 / P, key>_0, <...>_1), f the giant's hop; (s0, s1) is used up. */
static ckks_status giant_step(ckks_worker *w, const ckks_lintrans *t,
                              const ckks_lintrans_step *step, uint64_t *acc, uint64_t *s0,
                              uint64_t *s1)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    size_t part = (size_t)(t->limbs + t->special) * ctx->n;
    const ckks_key *key = find_key(w, t, step);
    ckks_digits d = {0};
    ckks_status st = CKKS_OK;

    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < t->limbs + t->special; row++)
        ckks_ntt_inverse(ckks_context_modulus(ctx, row, t->limbs), s1 + (size_t)row * ctx->n);
    CKKS_TRY(ckks_mod_down_coeffs(w, s1, s1, t->limbs, t->special));
    CKKS_TRY(ckks_digits_init_coeffs(w, &d, s1, t->limbs, t->alpha, t->special));
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < t->limbs + t->special; row++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
        const uint64_t *u[CKKS_MAX_DIGITS];
        size_t at = (size_t)row * ctx->n;
        ckks_key_product p;
        ckks_digits_row(ctx, &d, u, row, ckks_parallel_lane());
        p = ckks_keyswitch_product(ctx, u, &d, key, row);
        p.turn = &step->turn;
        p.turned = s0 + at;
        p.add[0] = acc + at;
        p.add[1] = acc + part + at;
        m->kernel->dot_key(acc + at, acc + part + at, &p, 0, ctx->n, m);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* Add up the giants; the result stands where the returned pointer says, both parts of (limbs,
 * special). A chain hands the sum of each giant to the one before it. */
static ckks_status giant_phase(ckks_worker *w, const ckks_lintrans *t, uint64_t **acc,
                               uint64_t *sums)
{
    size_t part = (size_t)(t->limbs + t->special) * w->ctx->n;
    ckks_status st = CKKS_OK;

    *acc = NULL;
    for (int g = 0; g < t->giant_count; g++) {
        if (t->giant[g].hop == 0)
            *acc = sums + 2 * (size_t)g * part;
    }
    if (*acc == NULL) {
        CKKS_TRY(ckks_worker_rows(w, acc, 2 * (size_t)(t->limbs + t->special)));
        memset(*acc, 0, 2 * part * sizeof **acc);
    }
    for (int g = t->giant_count - 1; g >= 0; g--) {
        uint64_t *s0 = sums + 2 * (size_t)g * part;
        if (t->giant[g].hop != 0)
            CKKS_TRY(giant_step(w, t, &t->giant[g], t->chain && g > 0 ? s0 - 2 * part : *acc, s0,
                                s0 + part));
    }
out:
    return st;
}

/* ------------------------------------------------------------------ the end */

/* Estimate before the final division, at scale in.scale * t.scale. */
static double sum_error(const ckks_context *ctx, const ckks_lintrans *t, const ckks_ciphertext *in)
{
    ckks_scale product = ckks_scale_mul(in->scale, t->scale);
    double hoisted = ckks_noise_keyswitch(ctx, t->limbs, t->alpha, t->special, in->scale);
    double encoding =
        in->magnitude * ckks_noise_encode(ctx, t->scale) * sqrt((double)t->term_count);
    double giant =
        ckks_noise_add(ckks_noise_keyswitch(ctx, t->limbs, t->alpha, t->special, product),
                       ckks_noise_divide_c1(ctx, product));
    double error =
        ckks_noise_add(in->error, t->baby_count > 1 ? hoisted : 0.0) * sqrt(t->row_square);

    error = ckks_noise_add(error, encoding);
    return ckks_noise_add(error, giant * sqrt((double)(t->giant_count - 1)));
}

/* Divide by P and the dropped primes into out. */
static ckks_status finish(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                          const ckks_lintrans *t, uint64_t *acc)
{
    const ckks_context *ctx = w->ctx;
    size_t part = (size_t)(t->limbs + t->special) * ctx->n;
    int merged = t->rescale > 0;
    int limbs = t->limbs - merged;
    ckks_scale scale = ckks_scale_mul(in->scale, t->scale);
    double magnitude = in->magnitude * t->row_sum;
    double error = sum_error(ctx, t, in);
    ckks_status st = CKKS_OK;

    if (merged)
        scale = ckks_scale_div_prime(scale, ctx->params.q[t->limbs - 1]);
    CKKS_TRY(ckks_mod_down_pair(w, ckks_ciphertext_row(out, 0, 0), ckks_ciphertext_row(out, 1, 0),
                                acc, acc + part, t->limbs, t->special, merged));
    ckks_eval_set(out, limbs, 2, scale, magnitude,
                  ckks_noise_add(error, ckks_noise_divide(ctx, 2, scale)));
    for (int i = 1; i < t->rescale; i++)
        CKKS_TRY(ckks_eval_rescale(w, out, out));
out:
    return st;
}

static ckks_status fold(ckks_worker *w, ckks_ciphertext *out, const ckks_lintrans *t)
{
    size_t mark = ckks_arena_mark(&w->arena);
    ckks_ciphertext turned;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_temporary(w, &turned, out->limbs, 2));
    for (int i = 0; i < t->fold_count; i++) {
        CKKS_TRY(ckks_eval_rotate(w, &turned, out, t->fold_step[i]));
        CKKS_TRY(ckks_eval_add(w, out, out, &turned));
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

ckks_status ckks_lintrans_apply(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                                const ckks_lintrans *t)
{
    size_t mark = 0;
    ckks_lintrans_counts counts;
    uint64_t *sums = NULL;
    uint64_t *acc = NULL;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_apply(w, out, in, t));
    counts = (ckks_lintrans_counts){t->term_count, t->baby_count, t->giant_count,
                                    t->term_count - t->ready_terms};
    CKKS_TRY(ckks_worker_need_rows(
        w, ckks_lintrans_scratch_rows(t->n, t->limbs, t->special, t->alpha, &counts, w->threads)));
    CKKS_TRY(
        ckks_worker_rows(w, &sums, 2 * (size_t)t->giant_count * (size_t)(t->limbs + t->special)));
    CKKS_TRY(baby_phase(w, t, sums, in));
    CKKS_TRY(giant_phase(w, t, &acc, sums));
    CKKS_TRY(finish(w, out, in, t, acc));
    ckks_arena_release(&w->arena, mark);
    CKKS_TRY(fold(w, out, t));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
