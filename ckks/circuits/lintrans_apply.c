/* Applying linear transforms: baby steps hoisted, products and sums kept modulo Q P, giant steps
 * with one division of the second part each, one final division for each output that takes the
 * first dropped prime along.
 *
 * The sums of lintrans_rows.c need all rows, so they are what takes room: units are done from the
 * last to the first, all in one pass, or group by group where they are many and large. What an
 * output has come to then goes on to the next pass.
 * Letters: as lintrans.h; part = ciphertext component.
 *
 * Deviation: folds run after the rescale, at the output's limbs, so that their keys are the
 *            smallest.
 * Source: [BMTH21] Algorithm 6
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/parallel.h"
#include "ckks/circuits/lintrans.h"
#include "ckks/eval/eval.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"

/* One application. */
typedef struct run {
    ckks_worker *w;
    const ckks_lintrans *t;
    ckks_ciphertext *const *out;
    size_t part;     /* words of one part over (limbs, special) */
    uint64_t *sums;  /* [group][2][part] */
    int first, last; /* units first .. last - 1 are the pass's */
    uint64_t *carry; /* [2][part]: what goes from pass to pass, or adds up where no giant is 0 */
    int carried;     /* 1: it holds what the present output has come to */
    ckks_scale scale;
    double magnitude, error; /* the largest of the inputs' */
} run;

const ckks_key *ckks_lintrans_key(const ckks_worker *w, const ckks_lintrans *t,
                                  const ckks_lintrans_step *step)
{
    return ckks_keyswitch_find(w, CKKS_KEY_ROTATE, step->element, t->limbs, t->alpha, t->special);
}

int ckks_lintrans_used(const ckks_lintrans *t, int unit)
{
    int end = t->chain ? (unit / t->count.giants + 1) * t->count.giants : unit + 1;

    return t->first[end] > t->first[unit];
}

/* ------------------------------------------------------------------ checks */

static ckks_status check_steps(ckks_worker *w, const ckks_lintrans *t,
                               const ckks_lintrans_step *step, int count)
{
    for (int i = 0; i < count; i++) {
        if (step[i].hop != 0 && ckks_lintrans_key(w, t, &step[i]) == NULL)
            return ckks_worker_fail(
                w, CKKS_ERR_NO_KEY,
                "transform: no key for rotation %d with %d limbs, alpha %d and %d special primes "
                "is lent to the worker",
                step[i].hop, t->limbs, t->alpha, t->special);
    }
    return CKKS_OK;
}

static ckks_status check_keys(ckks_worker *w, const ckks_lintrans *t)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(check_steps(w, t, t->baby, t->count.babies));
    CKKS_TRY(check_steps(w, t, t->giant, t->count.giants));
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

/* With several outputs the first is written while inputs are still read. */
static ckks_status check_aliases(ckks_worker *w, const ckks_lintrans *t,
                                 ckks_ciphertext *const *out, const ckks_ciphertext *const *in)
{
    for (int o = 0; t->count.outs > 1 && o < t->count.outs; o++) {
        int same = 0;
        for (int i = 0; i < t->count.ins; i++)
            same |= in[i] == out[o];
        for (int i = 0; i < o; i++)
            same |= out[i] == out[o];
        if (same)
            return ckks_worker_fail(w, CKKS_ERR_ARG,
                                    "transform: output %d of %d is an input or another output", o,
                                    t->count.outs);
    }
    return CKKS_OK;
}

static ckks_status check_input(ckks_worker *w, const ckks_lintrans *t, const ckks_ciphertext *in,
                               const ckks_ciphertext *first)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check(w, "transform", in));
    CKKS_TRY(ckks_eval_check_two_parts(w, "transform", in));
    if (in->limbs < t->limbs)
        return ckks_worker_fail(w, CKKS_ERR_LEVEL,
                                "transform: made for %d limbs, the ciphertext has %d", t->limbs,
                                in->limbs);
    if (!ckks_scale_equal(in->scale, first->scale))
        return ckks_worker_fail(w, CKKS_ERR_SCALE, "transform: inputs of scales 2^%.9f and 2^%.9f",
                                ckks_scale_log2(first->scale), ckks_scale_log2(in->scale));
    CKKS_TRY(
        ckks_eval_check_scale(w, "transform", t->limbs, ckks_scale_mul(in->scale, t->scale), 1.0));
out:
    return st;
}

static ckks_status check_apply(ckks_worker *w, ckks_ciphertext *const *out,
                               const ckks_ciphertext *const *in, const ckks_lintrans *t)
{
    ckks_status st = CKKS_OK;

    if (out == NULL || in == NULL || t == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "transform: a pointer is NULL");
    if (t->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "transform: it is of other parameters than the worker");
    for (int o = 0; o < t->count.outs; o++)
        CKKS_TRY(ckks_eval_check_out(w, "transform", out[o]));
    for (int i = 0; i < t->count.ins; i++)
        CKKS_TRY(check_input(w, t, in[i], in[0]));
    CKKS_TRY(check_aliases(w, t, out, in));
    CKKS_TRY(check_keys(w, t));
out:
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
    const ckks_key *key = ckks_lintrans_key(w, t, step);
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

static const ckks_lintrans_step *giant_of(const ckks_lintrans *t, int unit)
{
    return &t->giant[unit % t->count.giants];
}

static uint64_t *sum_of(const run *r, int unit)
{
    return r->sums + 2 * (size_t)(unit - r->first) * r->part;
}

/* acc += sum, both parts. */
static void add_sum(const run *r, uint64_t *acc, const uint64_t *sum)
{
    const ckks_lintrans *t = r->t;
    int rows = t->limbs + t->special;

    CKKS_PARALLEL_ROWS(r->w)
    for (int i = 0; i < 2 * rows; i++) {
        const ckks_modulus *m = ckks_context_modulus(r->w->ctx, i % rows, t->limbs);
        size_t at = (size_t)i * t->n;
        m->kernel->add(acc + at, acc + at, sum + at, t->n, m);
    }
}

/* The carry, with zeros. */
static uint64_t *empty(const run *r)
{
    memset(r->carry, 0, 2 * r->part * sizeof *r->carry);
    return r->carry;
}

/* Add the giants of the units `end` - 1 down to `begin`, all of one output, to what it has come to;
 * *acc points to the result. The giant that is no rotation adds up in its place. */
static ckks_status add_giants(const run *r, uint64_t **acc, int begin, int end)
{
    const ckks_lintrans *t = r->t;
    ckks_status st = CKKS_OK;

    *acc = r->carried ? r->carry : NULL;
    for (int u = begin; u < end; u++) {
        if (*acc == NULL && giant_of(t, u)->hop == 0 && ckks_lintrans_used(t, u))
            *acc = sum_of(r, u);
    }
    if (*acc == NULL)
        *acc = empty(r);
    for (int u = end - 1; u >= begin; u--) {
        uint64_t *sum = sum_of(r, u);
        if (sum == *acc || !ckks_lintrans_used(t, u))
            continue;
        if (giant_of(t, u)->hop == 0)
            add_sum(r, *acc, sum);
        else
            CKKS_TRY(giant_step(r->w, t, giant_of(t, u), *acc, sum, sum + r->part));
    }
out:
    return st;
}

/* The same in a chain, where every giant hands its sum to the one before it; *acc is NULL when
 * nothing has come yet and the output is not complete. */
static ckks_status chain_giants(const run *r, uint64_t **acc, int begin, int end)
{
    const ckks_lintrans *t = r->t;
    ckks_status st = CKKS_OK;

    *acc = r->carried ? r->carry : NULL;
    for (int u = end - 1; u >= begin; u--) {
        uint64_t *sum = sum_of(r, u);
        if (*acc != NULL)
            CKKS_TRY(giant_step(r->w, t, giant_of(t, u + 1), sum, *acc, *acc + r->part));
        if (*acc != NULL || ckks_lintrans_used(t, u))
            *acc = sum;
    }
    if (begin % t->count.giants != 0)
        goto out;
    if (*acc == NULL) {
        *acc = empty(r);
    } else if (t->giant[0].hop != 0) {
        uint64_t *last = *acc;
        *acc = empty(r);
        CKKS_TRY(giant_step(r->w, t, &t->giant[0], *acc, last, last + r->part));
    }
out:
    return st;
}

/* ------------------------------------------------------------------ the end */

/* Estimate before the final division, at scale in.scale * t.scale. */
static double sum_error(const run *r, int o)
{
    const ckks_context *ctx = r->w->ctx;
    const ckks_lintrans *t = r->t;
    ckks_scale product = ckks_scale_mul(r->scale, t->scale);
    int giants = t->count.giants;
    int terms = t->first[(o + 1) * giants] - t->first[o * giants];
    double hoisted = ckks_noise_keyswitch(ctx, t->limbs, t->alpha, t->special, r->scale);
    double encoding = r->magnitude * ckks_noise_encode(ctx, t->scale) * sqrt((double)terms);
    double giant =
        ckks_noise_add(ckks_noise_keyswitch(ctx, t->limbs, t->alpha, t->special, product),
                       ckks_noise_divide_c1(ctx, product));
    double error =
        ckks_noise_add(r->error, t->count.babies > 1 ? hoisted : 0.0) * sqrt(t->row_square[o]);

    error = ckks_noise_add(error, encoding);
    return ckks_noise_add(error, giant * sqrt((double)(giants - 1)));
}

/* Divide by P and the dropped primes into output o. */
static ckks_status finish(const run *r, int o, uint64_t *acc)
{
    const ckks_context *ctx = r->w->ctx;
    const ckks_lintrans *t = r->t;
    ckks_ciphertext *out = r->out[o];
    int merged = t->rescale > 0;
    int limbs = t->limbs - merged;
    ckks_scale scale = ckks_scale_mul(r->scale, t->scale);
    double error = sum_error(r, o);
    ckks_status st = CKKS_OK;

    if (merged)
        scale = ckks_scale_div_prime(scale, ctx->params.q[t->limbs - 1]);
    CKKS_TRY(ckks_mod_down_pair(r->w, ckks_ciphertext_row(out, 0, 0),
                                ckks_ciphertext_row(out, 1, 0), acc, acc + r->part, t->limbs,
                                t->special, merged));
    ckks_eval_set(out, limbs, 2, scale, r->magnitude * t->row_sum[o],
                  ckks_noise_add(error, ckks_noise_divide(ctx, 2, scale)));
    for (int i = 1; i < t->rescale; i++)
        CKKS_TRY(ckks_eval_rescale(r->w, out, out));
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

/* ------------------------------------------------------------------ all of it */

/* The giants of one pass, output by output; outputs that are complete are finished, what is left
 * of the last one is carried on. */
static ckks_status giant_phase(run *r)
{
    const int giants = r->t->count.giants;
    int end = r->last;
    ckks_status st = CKKS_OK;

    while (end > r->first) {
        int o = (end - 1) / giants;
        int begin = o * giants > r->first ? o * giants : r->first;
        uint64_t *acc = NULL;
        CKKS_TRY(r->t->chain ? chain_giants(r, &acc, begin, end) : add_giants(r, &acc, begin, end));
        r->carried = begin > o * giants && acc != NULL;
        if (begin == o * giants)
            CKKS_TRY(finish(r, o, acc));
        else if (r->carried && acc != r->carry)
            memcpy(r->carry, acc, 2 * r->part * sizeof *acc);
        end = begin;
    }
out:
    return st;
}

static ckks_status passes(run *r, const ckks_ciphertext *const *in)
{
    const ckks_lintrans *t = r->t;
    const size_t rows = (size_t)(t->limbs + t->special);
    const int units = t->count.giants * t->count.outs;
    uint64_t *kept = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(r->w, &r->sums, 2 * rows * (size_t)t->passes.group));
    if (t->passes.keep == CKKS_LINTRANS_ALL)
        CKKS_TRY(ckks_worker_rows(r->w, &kept, ckks_lintrans_baby_rows(&t->count) * rows));
    if (t->passes.group < units)
        CKKS_TRY(ckks_worker_rows(r->w, &r->carry, 2 * rows));
    for (r->last = units; r->last > 0; r->last = r->first) {
        r->first = r->last > t->passes.group ? r->last - t->passes.group : 0;
        CKKS_TRY(ckks_lintrans_rows(r->w, t, r->sums, r->first, r->last - r->first, kept,
                                    kept != NULL && r->last < units, in));
        if (r->carry == NULL)
            CKKS_TRY(ckks_worker_rows(r->w, &r->carry, 2 * rows));
        CKKS_TRY(giant_phase(r));
    }
out:
    return st;
}

ckks_status ckks_lintrans_apply(ckks_worker *w, ckks_ciphertext *const *out,
                                const ckks_ciphertext *const *in, const ckks_lintrans *t)
{
    size_t mark = 0;
    run r = {.w = w, .t = t, .out = out};
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_apply(w, out, in, t));
    CKKS_TRY(
        ckks_worker_need_rows(w, ckks_lintrans_scratch_rows(t->n, t->limbs, t->special, t->alpha,
                                                            &t->count, &t->passes, w->threads)));
    r.part = (size_t)(t->limbs + t->special) * t->n;
    r.scale = in[0]->scale;
    for (int i = 0; i < t->count.ins; i++) {
        r.magnitude = fmax(r.magnitude, in[i]->magnitude);
        r.error = fmax(r.error, in[i]->error);
    }
    CKKS_TRY(passes(&r, in));
    ckks_arena_release(&w->arena, mark);
    for (int o = 0; o < t->count.outs; o++)
        CKKS_TRY(fold(w, out[o], t));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}
