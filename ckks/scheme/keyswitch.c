/* See keyswitch.h. The gadget of digit d is P modulo the digit's primes and 0 modulo the others, so
 * that a key made for many limbs serves fewer: digits are cut from the limbs that are left.
 */
#include "ckks/scheme/keyswitch.h"

#include <string.h>

#include "ckks/base/check.h"
#include "ckks/kernel/ntt.h"

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* ------------------------------------------------------------------ both kinds of base conversion
 */

/* A divisor's or a digit's row, prepared for conversion but for the quotient: y = x times its
 * weight, out of NTT form when it is in it. The transform is linear, so the product may come first
 * and does the copying. */
static void prepare_row(const ckks_ring *r, const ckks_basis *b, int k, uint64_t *y,
                        const uint64_t *x, int ntt)
{
    const ckks_modulus *m = &r->modulus[b->index[k]];

    if (b->count > 1)
        m->kernel->mul_scalar(y, x, b->weight[k], r->n, m);
    else if (y != x)
        memcpy(y, x, r->n * sizeof *y);
    if (ntt)
        ckks_ntt_inverse(m, y);
}

/* Piece number `piece` of so many of a row's quotients; pieces are cut between tiles. */
static void quotient_piece(const ckks_basis *b, uint64_t *v, const uint64_t *const *y, int piece,
                           int pieces)
{
    const size_t n = b->ring->n;
    const size_t tile = ckks_tile(n);
    const size_t tiles = n / tile;
    const size_t from = tiles * (size_t)piece / (size_t)pieces * tile;
    const size_t to = tiles * ((size_t)piece + 1) / (size_t)pieces * tile;

    if (to > from)
        ckks_basis_quotient(b, v, y, from, to - from);
}

/* ------------------------------------------------------------------ digits */

/* Base of digit d: limbs d alpha .. min((d + 1) alpha, limbs) - 1. */
static const ckks_basis *digit_basis(const ckks_context *ctx, const ckks_digits *d, int digit)
{
    int first = digit * d->alpha;

    return ckks_ring_digit(&ctx->ring, first, min_int(d->alpha, d->limbs - first));
}

/* The rows of a digit in d->y. */
static void digit_rows(const ckks_context *ctx, const ckks_digits *d, int digit,
                       const uint64_t *y[CKKS_MAX_BASIS])
{
    int first = digit * d->alpha;

    for (int k = 0; k < min_int(d->alpha, d->limbs - first); k++)
        y[k] = d->y + (size_t)(first + k) * ctx->n;
}

/* d->y and d->v from x, which is NTT form, or is d->y itself. */
static void prepare_digits(const ckks_worker *w, const ckks_digits *d, const uint64_t *x)
{
    const ckks_context *ctx = w->ctx;
    const int pieces = w->threads;

    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < d->limbs; row++) {
        size_t at = (size_t)row * ctx->n;
        prepare_row(&ctx->ring, digit_basis(ctx, d, row / d->alpha), row % d->alpha, d->y + at,
                    x + at, x != d->y);
    }
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < d->count * pieces; i++) {
        const uint64_t *y[CKKS_MAX_BASIS];
        int digit = i / pieces;
        digit_rows(ctx, d, digit, y);
        quotient_piece(digit_basis(ctx, d, digit), d->v + (size_t)digit * ctx->n, y, i % pieces,
                       pieces);
    }
}

static ckks_status cut(ckks_worker *w, ckks_digits *d, int limbs, int alpha, int special)
{
    uint64_t *rows = NULL;
    ckks_status st = CKKS_OK;

    d->limbs = limbs;
    d->special = special;
    d->alpha = alpha;
    d->count = (limbs + alpha - 1) / alpha;
    CKKS_TRY(ckks_worker_rows(w, &rows, (1 + (size_t)w->threads) * (size_t)d->count));
    d->v = rows;
    d->lifted = rows + (size_t)d->count * w->ctx->n;
out:
    return st;
}

ckks_status ckks_digits_init(ckks_worker *w, ckks_digits *d, const uint64_t *ntt, int limbs,
                             int alpha, int special)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &d->y, (size_t)limbs));
    CKKS_TRY(cut(w, d, limbs, alpha, special));
    d->ntt = ntt;
    prepare_digits(w, d, ntt);
out:
    return st;
}

ckks_status ckks_digits_init_coeffs(ckks_worker *w, ckks_digits *d, uint64_t *y, int limbs,
                                    int alpha, int special)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(cut(w, d, limbs, alpha, special));
    d->ntt = NULL;
    d->y = y;
    prepare_digits(w, d, y);
out:
    return st;
}

void ckks_digits_row(const ckks_context *ctx, const ckks_digits *d,
                     const uint64_t *u[CKKS_MAX_DIGITS], int row, int lane)
{
    int modulus = ckks_ring_index(&ctx->ring, row, d->limbs);
    uint64_t *lifted = d->lifted + (size_t)lane * (size_t)d->count * ctx->n;

    for (int digit = 0; digit < d->count; digit++) {
        const uint64_t *y[CKKS_MAX_BASIS];
        uint64_t *out = lifted + (size_t)digit * ctx->n;
        if (d->ntt != NULL && row < d->limbs && row / d->alpha == digit) {
            u[digit] = d->ntt + (size_t)row * ctx->n;
            continue;
        }
        digit_rows(ctx, d, digit, y);
        ckks_basis_convert(digit_basis(ctx, d, digit), out, modulus, y,
                           d->v + (size_t)digit * ctx->n);
        u[digit] = out;
    }
    /* One after the other, so that the row's twiddles are read from far away once. */
    for (int digit = 0; digit < d->count; digit++) {
        uint64_t *out = lifted + (size_t)digit * ctx->n;
        if (u[digit] == out)
            ckks_ntt_forward(&ctx->ring.modulus[modulus], out);
    }
}

ckks_key_product ckks_keyswitch_product(const ckks_context *ctx, const uint64_t *const *u,
                                        const ckks_digits *d, const ckks_key *key, int row)
{
    int key_row = row < d->limbs ? row : key->spec.limbs + (row - d->limbs);

    return (ckks_key_product){.x = u,
                              .count = (size_t)d->count,
                              .y = ckks_key_packed(key, ctx->n, key_row),
                              .stride = (size_t)key->digits};
}

/* ------------------------------------------------------------------ divisions */

enum { MAX_PARTS = 3 };

/* out[part] = round(in[part] / D), the same D for all parts. The rows of in modulo the primes of D
 * are from[part][k]; y[part][k] gets them prepared and may be the same. */
typedef struct division {
    const ckks_basis *basis;
    int parts, rows; /* of each part's output */
    int ntt;         /* in and out are in NTT form */
    uint64_t *out[MAX_PARTS];
    const uint64_t *in[MAX_PARTS];
    const uint64_t *from[MAX_PARTS][CKKS_MAX_P + 1];
    uint64_t *y[MAX_PARTS][CKKS_MAX_P + 1];
} division;

/* The quotients of one part; there are none for a divisor of one prime. */
static uint64_t *quotients_of(const ckks_context *ctx, uint64_t *v, int part)
{
    return v != NULL ? v + (size_t)part * ctx->n : NULL;
}

static void prepare_division(const ckks_worker *w, const division *d, uint64_t *v)
{
    const ckks_context *ctx = w->ctx;
    const int count = d->basis->count;
    const int pieces = w->threads;

    /* All parts of one prime together, here and in divide: its twiddles are read once. */
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < d->parts * count; i++) {
        int part = i % d->parts;
        int k = i / d->parts;
        prepare_row(&ctx->ring, d->basis, k, d->y[part][k], d->from[part][k], d->ntt);
    }
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < d->parts * pieces; i++) {
        int part = i / pieces;
        quotient_piece(d->basis, quotients_of(ctx, v, part), (const uint64_t *const *)d->y[part],
                       i % pieces, pieces);
    }
}

/* One row of one part; t is a row of scratch. */
static void divide_row(const ckks_context *ctx, const division *d, int part, int row, uint64_t *v,
                       uint64_t *t)
{
    const ckks_modulus *m = &ctx->ring.modulus[row];
    size_t at = (size_t)row * ctx->n;

    ckks_basis_convert(d->basis, t, row, (const uint64_t *const *)d->y[part],
                       quotients_of(ctx, v, part));
    if (d->ntt)
        ckks_ntt_forward(m, t);
    m->kernel->sub_mul_scalar(d->out[part] + at, d->in[part] + at, t, d->basis->inverse[row],
                              ctx->n, m);
}

/* A divisor of one prime needs no quotients. */
static ckks_status divide(ckks_worker *w, const division *d)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    uint64_t *v = NULL;
    uint64_t *t = NULL;
    ckks_status st = CKKS_OK;

    if (d->basis->count > 1)
        CKKS_TRY(ckks_worker_rows(w, &v, (size_t)d->parts));
    CKKS_TRY(ckks_worker_rows(w, &t, (size_t)w->threads));
    prepare_division(w, d, v);
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < d->parts * d->rows; i++)
        divide_row(ctx, d, i % d->parts, i / d->parts, v,
                   t + (size_t)ckks_parallel_lane() * ctx->n);
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* The divisor's rows are the last ones of acc, q_last before the special primes; they are prepared
 * in place. */
static ckks_status mod_down(ckks_worker *w, uint64_t *const *out, uint64_t *const *acc, int parts,
                            int limbs, int special, int rescale, int ntt)
{
    division d = {.parts = parts, .rows = limbs - (rescale ? 1 : 0), .ntt = ntt};

    d.basis = ckks_ring_special(&w->ctx->ring, special, rescale ? limbs - 1 : -1);
    for (int part = 0; part < parts; part++) {
        d.out[part] = out[part];
        d.in[part] = acc[part];
        for (int k = 0; k < d.basis->count; k++) {
            d.y[part][k] = acc[part] + (size_t)(d.rows + k) * w->ctx->n;
            d.from[part][k] = d.y[part][k];
        }
    }
    return divide(w, &d);
}

ckks_status ckks_mod_down_pair(ckks_worker *w, uint64_t *out0, uint64_t *out1, uint64_t *acc0,
                               uint64_t *acc1, int limbs, int special, int rescale)
{
    uint64_t *const out[2] = {out0, out1};
    uint64_t *const acc[2] = {acc0, acc1};

    return mod_down(w, out, acc, 2, limbs, special, rescale, 1);
}

ckks_status ckks_mod_down_coeffs(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs,
                                 int special)
{
    return mod_down(w, &out, &acc, 1, limbs, special, 0, 0);
}

ckks_status ckks_divide_last(ckks_worker *w, uint64_t *const *out, const uint64_t *const *in,
                             int parts, int limbs)
{
    const size_t n = w->ctx->n;
    size_t mark = ckks_arena_mark(&w->arena);
    division d = {.parts = parts, .rows = limbs - 1, .ntt = 1};
    uint64_t *last = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &last, (size_t)parts));
    d.basis = ckks_ring_digit(&w->ctx->ring, limbs - 1, 1);
    for (int part = 0; part < parts; part++) {
        d.out[part] = out[part];
        d.in[part] = in[part];
        d.from[part][0] = in[part] + (size_t)(limbs - 1) * n;
        d.y[part][0] = last + (size_t)part * n;
    }
    CKKS_TRY(divide(w, &d));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* ------------------------------------------------------------------ the whole switch */

const ckks_key *ckks_keyswitch_find(const ckks_worker *w, int kind, uint64_t element, int limbs,
                                    int alpha, int special)
{
    const ckks_key *best = NULL;

    if (w->keys == NULL)
        return NULL;
    for (size_t i = 0; i < w->keys->count; i++) {
        const ckks_key *key = &w->keys->key[i];
        /* A rotation and a conjugation are told apart by the element alone. */
        if ((key->spec.kind == CKKS_KEY_RELINEARISE) != (kind == CKKS_KEY_RELINEARISE) ||
            key->element != element || key->spec.limbs < limbs)
            continue;
        if ((alpha != 0 && key->spec.alpha != alpha) ||
            (special != 0 && key->spec.special != special))
            continue;
        if (best == NULL || key->spec.limbs < best->spec.limbs)
            best = key;
    }
    return best;
}

/* One row of acc = P init + <c, key>, both parts. */
static void accumulate_row(const ckks_context *ctx, uint64_t *const acc[2], const ckks_digits *d,
                           const uint64_t *const init[2], const ckks_key *key, int row, int lane)
{
    const ckks_modulus *m = ckks_context_modulus(ctx, row, d->limbs);
    const uint64_t *u[CKKS_MAX_DIGITS];
    const size_t at = (size_t)row * ctx->n;
    ckks_key_product p;

    ckks_digits_row(ctx, d, u, row, lane);
    p = ckks_keyswitch_product(ctx, u, d, key, row);
    for (int part = 0; part < 2 && row < d->limbs; part++) {
        uint64_t special = ckks_ring_special(&ctx->ring, d->special, -1)->product[row];
        if (init[part] == NULL)
            continue;
        m->kernel->mul_scalar(acc[part] + at, init[part] + at, special, ctx->n, m);
        p.add[part] = acc[part] + at;
    }
    m->kernel->dot_key(acc[0] + at, acc[1] + at, &p, 0, ctx->n, m);
}

static ckks_status accumulate(ckks_worker *w, uint64_t *const acc[2], const uint64_t *c,
                              const uint64_t *const init[2], const ckks_key *key, int limbs)
{
    size_t mark = ckks_arena_mark(&w->arena);
    int special = key->spec.special;
    ckks_digits d = {0};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_digits_init(w, &d, c, limbs, key->spec.alpha, special));
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < limbs + special; row++)
        accumulate_row(w->ctx, acc, &d, init, key, row, ckks_parallel_lane());
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

ckks_status ckks_keyswitch(ckks_worker *w, uint64_t *out0, uint64_t *out1, const uint64_t *c,
                           const uint64_t *init0, const uint64_t *init1, const ckks_key *key,
                           int limbs, int rescale)
{
    size_t mark = ckks_arena_mark(&w->arena);
    size_t rows = (size_t)(limbs + key->spec.special);
    const uint64_t *const init[2] = {init0, init1};
    uint64_t *acc[2] = {NULL, NULL};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &acc[0], rows));
    CKKS_TRY(ckks_worker_rows(w, &acc[1], rows));
    CKKS_TRY(accumulate(w, acc, c, init, key, limbs));
    CKKS_TRY(ckks_mod_down_pair(w, out0, out1, acc[0], acc[1], limbs, key->spec.special, rescale));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
