/* See keyswitch.h. The gadget of digit d is P modulo the digit's primes and 0 modulo the others, so
 * that a key made for many limbs serves fewer: digits are cut from the limbs that are left.
 */
#include "ckks/keyswitch.h"

#include <string.h>

#include "ckks/check.h"
#include "ckks/ntt.h"

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* Base of digit d: limbs d alpha .. min((d + 1) alpha, limbs) - 1. */
static const ckks_basis *digit_basis(const ckks_context *ctx, const ckks_digits *d, int digit)
{
    int first = digit * d->alpha;

    return ckks_ring_digit(&ctx->ring, first, min_int(d->alpha, d->limbs - first));
}

static void prepare(const ckks_context *ctx, ckks_digits *d)
{
    for (int digit = 0; digit < d->count; digit++) {
        uint64_t *y[CKKS_MAX_Q];
        int first = digit * d->alpha;
        int count = min_int(d->alpha, d->limbs - first);
        for (int k = 0; k < count; k++)
            y[k] = d->y + (size_t)(first + k) * ctx->n;
        ckks_basis_prepare(digit_basis(ctx, d, digit), y, d->v + (size_t)digit * ctx->n,
                           (const uint64_t *const *)y);
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
    CKKS_TRY(ckks_worker_rows(w, &rows, 2 * (size_t)d->count));
    d->v = rows;
    d->lifted = rows + (size_t)d->count * w->ctx->n;
out:
    return st;
}

ckks_status ckks_digits_init(ckks_worker *w, ckks_digits *d, const uint64_t *ntt, int limbs,
                             int alpha, int special)
{
    const ckks_context *ctx = w->ctx;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &d->y, (size_t)limbs));
    CKKS_TRY(cut(w, d, limbs, alpha, special));
    d->ntt = ntt;
    memcpy(d->y, ntt, (size_t)limbs * ctx->n * sizeof(uint64_t));
    for (int row = 0; row < limbs; row++)
        ckks_ntt_inverse(&ctx->ring.modulus[row], d->y + (size_t)row * ctx->n);
    prepare(ctx, d);
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
    prepare(w->ctx, d);
out:
    return st;
}

void ckks_digits_row(const ckks_context *ctx, const ckks_digits *d,
                     const uint64_t *u[CKKS_MAX_DIGITS], int row)
{
    int modulus = ckks_ring_index(&ctx->ring, row, d->limbs);

    for (int digit = 0; digit < d->count; digit++) {
        const uint64_t *y[CKKS_MAX_Q];
        uint64_t *out = d->lifted + (size_t)digit * ctx->n;
        int first = digit * d->alpha;
        int count = min_int(d->alpha, d->limbs - first);
        if (d->ntt != NULL && row >= first && row < first + count) {
            u[digit] = d->ntt + (size_t)row * ctx->n;
            continue;
        }
        for (int k = 0; k < count; k++)
            y[k] = d->y + (size_t)(first + k) * ctx->n;
        ckks_basis_convert(digit_basis(ctx, d, digit), out, modulus, y,
                           d->v + (size_t)digit * ctx->n);
        ckks_ntt_forward(&ctx->ring.modulus[modulus], out);
        u[digit] = out;
    }
}

void ckks_keyswitch_row(const ckks_context *ctx, uint64_t *acc0, uint64_t *acc1,
                        const uint64_t *const *u, const ckks_digits *d, const ckks_key *key,
                        int row, const uint64_t *init0, const uint64_t *init1)
{
    const ckks_modulus *m = ckks_context_modulus(ctx, row, d->limbs);
    int key_row = row < d->limbs ? row : key->spec.limbs + (row - d->limbs);
    uint64_t *acc[2] = {acc0, acc1};
    const uint64_t *init[2] = {init0, init1};

    for (int part = 0; part < 2; part++) {
        const uint64_t *k[CKKS_MAX_DIGITS];
        for (int digit = 0; digit < d->count; digit++)
            k[digit] = ckks_key_row(key, ctx->n, key_row, part, digit);
        if (init[part] != NULL)
            m->kernel->dot_add(acc[part], init[part], u, k, (size_t)d->count, ctx->n, m);
        else
            m->kernel->dot(acc[part], u, k, (size_t)d->count, ctx->n, m);
    }
}

/* The divisor's rows of acc, prepared in place: they are the last ones, q_last before the
 * special primes. */
static const ckks_basis *prepare_divisor(const ckks_context *ctx, const uint64_t **y, uint64_t *v,
                                         uint64_t *acc, int limbs, int special, int rescale,
                                         int ntt)
{
    const ckks_basis *basis = ckks_ring_special(&ctx->ring, special, rescale ? limbs - 1 : -1);
    uint64_t *rows[CKKS_MAX_P + 1];
    int first = limbs - (rescale ? 1 : 0);

    for (int k = 0; k < basis->count; k++) {
        rows[k] = acc + (size_t)(first + k) * ctx->n;
        y[k] = rows[k];
        if (ntt)
            ckks_ntt_inverse(ckks_context_modulus(ctx, first + k, limbs), rows[k]);
    }
    ckks_basis_prepare(basis, rows, v, y);
    return basis;
}

static ckks_status mod_down(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs, int special,
                            int rescale, int ntt)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    const uint64_t *y[CKKS_MAX_P + 1];
    const ckks_basis *basis = NULL;
    uint64_t *v = NULL;
    uint64_t *t = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &v, 1));
    CKKS_TRY(ckks_worker_rows(w, &t, 1));
    basis = prepare_divisor(ctx, y, v, acc, limbs, special, rescale, ntt);
    for (int row = 0; row < limbs - (rescale ? 1 : 0); row++) {
        const ckks_modulus *m = &ctx->ring.modulus[row];
        size_t at = (size_t)row * ctx->n;
        ckks_basis_convert(basis, t, row, y, v);
        if (ntt)
            ckks_ntt_forward(m, t);
        m->kernel->sub_mul_scalar(out + at, acc + at, t, basis->inverse[row], ctx->n, m);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

ckks_status ckks_mod_down(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs, int special,
                          int rescale)
{
    return mod_down(w, out, acc, limbs, special, rescale, 1);
}

ckks_status ckks_mod_down_coeffs(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs,
                                 int special)
{
    return mod_down(w, out, acc, limbs, special, 0, 0);
}

ckks_status ckks_divide_last(ckks_worker *w, uint64_t *out, const uint64_t *in, int limbs)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    const ckks_basis *basis = ckks_ring_digit(&ctx->ring, limbs - 1, 1);
    uint64_t *last = NULL;
    uint64_t *v = NULL;
    uint64_t *t = NULL;
    const uint64_t *y[1];
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &last, 1));
    CKKS_TRY(ckks_worker_rows(w, &v, 1));
    CKKS_TRY(ckks_worker_rows(w, &t, 1));
    memcpy(last, in + (size_t)(limbs - 1) * ctx->n, ctx->n * sizeof(uint64_t));
    ckks_ntt_inverse(&ctx->ring.modulus[limbs - 1], last);
    y[0] = last;
    ckks_basis_prepare(basis, &last, v, y);
    for (int row = 0; row < limbs - 1; row++) {
        const ckks_modulus *m = &ctx->ring.modulus[row];
        size_t at = (size_t)row * ctx->n;
        ckks_basis_convert(basis, t, row, y, v);
        ckks_ntt_forward(m, t);
        m->kernel->sub_mul_scalar(out + at, in + at, t, basis->inverse[row], ctx->n, m);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

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

/* acc = P init + <c, key>, rows (limbs, special) of both parts. */
static ckks_status accumulate(ckks_worker *w, uint64_t *acc0, uint64_t *acc1, const uint64_t *c,
                              const uint64_t *init0, const uint64_t *init1, const ckks_key *key,
                              int limbs)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    int special = key->spec.special;
    ckks_digits d = {0};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_digits_init(w, &d, c, limbs, key->spec.alpha, special));
    for (int row = 0; row < limbs + special; row++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, row, limbs);
        const uint64_t *u[CKKS_MAX_DIGITS];
        size_t at = (size_t)row * ctx->n;
        const uint64_t *start[2] = {NULL, NULL};
        if (row < limbs) {
            uint64_t p = ckks_ring_special(&ctx->ring, special, -1)->product[row];
            m->kernel->mul_scalar(acc0 + at, init0 + at, p, ctx->n, m);
            start[0] = acc0 + at;
            if (init1 != NULL) {
                m->kernel->mul_scalar(acc1 + at, init1 + at, p, ctx->n, m);
                start[1] = acc1 + at;
            }
        }
        ckks_digits_row(ctx, &d, u, row);
        ckks_keyswitch_row(ctx, acc0 + at, acc1 + at, u, &d, key, row, start[0], start[1]);
    }
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
    uint64_t *acc0 = NULL;
    uint64_t *acc1 = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &acc0, rows));
    CKKS_TRY(ckks_worker_rows(w, &acc1, rows));
    CKKS_TRY(accumulate(w, acc0, acc1, c, init0, init1, key, limbs));
    CKKS_TRY(ckks_mod_down(w, out0, acc0, limbs, key->spec.special, rescale));
    CKKS_TRY(ckks_mod_down(w, out1, acc1, limbs, key->spec.special, rescale));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
