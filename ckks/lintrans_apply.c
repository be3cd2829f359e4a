/* Applying linear transforms: baby steps hoisted, products and sums kept modulo Q P, giant steps
 * with one division of the second part each, one final division that takes the first dropped prime
 * along.
 *
 * Target rows come outermost. For one row: the digits of c1, every baby (key product and
 * permutation), then one product-sum a giant over all of its terms. So only the giants' sums need
 * all rows.
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

/* Terms of one product-sum; longer sums go in pieces through dot_add. */
enum { TERMS_AT_ONCE = 256 };

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
        if (step[i].steps != 0 && find_key(w, t, &step[i]) == NULL)
            return ckks_worker_fail(
                w, CKKS_ERR_NO_KEY,
                "transform: no key for rotation %d with %d limbs, alpha %d and %d special primes "
                "is lent to the worker",
                step[i].steps, t->limbs, t->alpha, t->special);
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

/* What is at hand for one target row. */
typedef struct row_work {
    ckks_digits d;
    uint64_t *pc0;  /* P c0 */
    uint64_t *baby; /* [baby_count][2][n] */
    uint64_t *sums; /* [giant_count][2][limbs + special][n] */
    uint64_t *t;    /* two rows: a baby before its permutation */
} row_work;

/* baby[b] = f_b(P c0 + <digits, key>_0, <digits, key>_1) at this row; baby 0 is (P c0, P c1),
 * and nothing at special rows, where P is 0. */
static void baby_row(const ckks_worker *w, const ckks_lintrans *t, row_work *k,
                     const ckks_ciphertext *in, const uint64_t *const *u, int row)
{
    const ckks_context *ctx = w->ctx;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    uint64_t p = row < t->limbs ? ckks_ring_special(&ctx->ring, t->special, -1)->product[row] : 0;

    if (row < t->limbs)
        m->kernel->mul_scalar(k->pc0, ckks_ciphertext_row(in, 0, row), p, ctx->n, m);
    for (int b = 0; b < t->baby_count; b++) {
        uint64_t *r0 = k->baby + 2 * (size_t)b * ctx->n;
        uint64_t *r1 = r0 + ctx->n;
        if (t->baby[b].steps != 0) {
            uint64_t *t0 = k->t;
            uint64_t *t1 = t0 + ctx->n;
            ckks_keyswitch_row(ctx, t0, t1, u, &k->d, find_key(w, t, &t->baby[b]), row,
                               row < t->limbs ? k->pc0 : NULL, NULL);
            m->kernel->permute(r0, t0, t->baby[b].index, ctx->n);
            m->kernel->permute(r1, t1, t->baby[b].index, ctx->n);
        } else if (row < t->limbs) {
            memcpy(r0, k->pc0, ctx->n * sizeof *r0);
            m->kernel->mul_scalar(r1, ckks_ciphertext_row(in, 1, row), p, ctx->n, m);
        }
    }
}

/* sums[g][part] at this row = sum over the terms of g of diagonal times baby. */
static void giant_row(const ckks_worker *w, const ckks_lintrans *t, row_work *k, int g, int part,
                      int row)
{
    const ckks_context *ctx = w->ctx;
    const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
    size_t rows = (size_t)(t->limbs + t->special);
    uint64_t *sum = k->sums + ((2 * (size_t)g + (size_t)part) * rows + (size_t)row) * ctx->n;
    const uint64_t *x[TERMS_AT_ONCE];
    const uint64_t *y[TERMS_AT_ONCE];
    size_t count = 0;
    int started = 0;

    for (int i = t->first[g]; i < t->first[g + 1]; i++) {
        int b = t->term_baby[i];
        if (t->baby[b].steps != 0 || row < t->limbs) {
            x[count] = k->baby + (2 * (size_t)b + (size_t)part) * ctx->n;
            y[count++] = t->rows + ((size_t)row * (size_t)t->term_count + (size_t)i) * ctx->n;
        }
        if (count == TERMS_AT_ONCE || (i + 1 == t->first[g + 1] && count > 0)) {
            if (started)
                m->kernel->dot_add(sum, sum, x, y, count, ctx->n, m);
            else
                m->kernel->dot(sum, x, y, count, ctx->n, m);
            started = 1;
            count = 0;
        }
    }
    if (!started)
        memset(sum, 0, ctx->n * sizeof *sum);
}

static ckks_status baby_phase(ckks_worker *w, const ckks_lintrans *t, uint64_t *sums,
                              const ckks_ciphertext *in)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    row_work k = {.sums = sums};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &k.pc0, 1));
    CKKS_TRY(ckks_worker_rows(w, &k.t, 2));
    CKKS_TRY(ckks_worker_rows(w, &k.baby, 2 * (size_t)t->baby_count));
    CKKS_TRY(
        ckks_digits_init(w, &k.d, ckks_ciphertext_row(in, 1, 0), t->limbs, t->alpha, t->special));
    for (int row = 0; row < t->limbs + t->special; row++) {
        const uint64_t *u[CKKS_MAX_DIGITS];
        ckks_digits_row(ctx, &k.d, u, row);
        baby_row(w, t, &k, in, u, row);
        for (int g = 0; g < t->giant_count; g++) {
            giant_row(w, t, &k, g, 0, row);
            giant_row(w, t, &k, g, 1, row);
        }
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* ------------------------------------------------------------------ the giant phase */

/* acc += f_g(s0 + <digits of s1 / P, key>_0, <..>_1), all modulo Q P; s0, s1 are used up. */
static ckks_status giant_step(ckks_worker *w, const ckks_lintrans *t,
                              const ckks_lintrans_step *step, uint64_t *acc, uint64_t *s0,
                              uint64_t *s1)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    size_t part = (size_t)(t->limbs + t->special) * ctx->n;
    const ckks_key *key = find_key(w, t, step);
    ckks_digits d = {0};
    uint64_t *rows = NULL;
    ckks_status st = CKKS_OK;

    for (int row = 0; row < t->limbs + t->special; row++)
        ckks_ntt_inverse(ckks_context_modulus(ctx, row, t->limbs), s1 + (size_t)row * ctx->n);
    CKKS_TRY(ckks_mod_down_coeffs(w, s1, s1, t->limbs, t->special));
    CKKS_TRY(ckks_digits_init_coeffs(w, &d, s1, t->limbs, t->alpha, t->special));
    CKKS_TRY(ckks_worker_rows(w, &rows, 3));
    for (int row = 0; row < t->limbs + t->special; row++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, row, t->limbs);
        const uint64_t *u[CKKS_MAX_DIGITS];
        size_t at = (size_t)row * ctx->n;
        uint64_t *permuted = rows + 2 * ctx->n;
        ckks_digits_row(ctx, &d, u, row);
        ckks_keyswitch_row(ctx, rows, rows + ctx->n, u, &d, key, row, s0 + at, NULL);
        m->kernel->permute(permuted, rows, step->index, ctx->n);
        m->kernel->add(acc + at, acc + at, permuted, ctx->n, m);
        m->kernel->permute(permuted, rows + ctx->n, step->index, ctx->n);
        m->kernel->add(acc + part + at, acc + part + at, permuted, ctx->n, m);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* Add up the giants; the result stands where the returned pointer says, both parts of (limbs,
 * special). */
static ckks_status giant_phase(ckks_worker *w, const ckks_lintrans *t, uint64_t **acc,
                               uint64_t *sums)
{
    size_t part = (size_t)(t->limbs + t->special) * w->ctx->n;
    ckks_status st = CKKS_OK;

    *acc = NULL;
    for (int g = 0; g < t->giant_count; g++) {
        if (t->giant[g].steps == 0)
            *acc = sums + 2 * (size_t)g * part;
    }
    if (*acc == NULL) {
        CKKS_TRY(ckks_worker_rows(w, acc, 2 * (size_t)(t->limbs + t->special)));
        memset(*acc, 0, 2 * part * sizeof **acc);
    }
    for (int g = 0; g < t->giant_count; g++) {
        uint64_t *s0 = sums + 2 * (size_t)g * part;
        if (t->giant[g].steps != 0)
            CKKS_TRY(giant_step(w, t, &t->giant[g], *acc, s0, s0 + part));
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
    CKKS_TRY(ckks_mod_down(w, ckks_ciphertext_row(out, 0, 0), acc, t->limbs, t->special, merged));
    CKKS_TRY(
        ckks_mod_down(w, ckks_ciphertext_row(out, 1, 0), acc + part, t->limbs, t->special, merged));
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
    uint64_t *sums = NULL;
    uint64_t *acc = NULL;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_apply(w, out, in, t));
    CKKS_TRY(ckks_worker_need_rows(w, ckks_lintrans_scratch_rows(t->limbs, t->special, t->alpha,
                                                                 t->baby_count, t->giant_count)));
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
