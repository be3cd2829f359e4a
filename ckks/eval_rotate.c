/* Rotations and conjugation.
 *
 * Keys are stored permuted by the inverse automorphism: the key switch runs on the unpermuted
 * digits and its two results are permuted once, f(c0 + k0) and f(k1). Several rotations of one
 * input share its digits.
 * Letters: l = limb, row = prime of (limbs, special), r = rotation.
 * Source: [HS18] section 4 for hoisting
 */
#include <string.h>

#include "ckks/check.h"
#include "ckks/eval.h"
#include "ckks/galois.h"

static ckks_status find_key(ckks_worker *w, const char *what, const ckks_key **key,
                            uint64_t element, int steps, int limbs)
{
    *key = ckks_keyswitch_find(w, CKKS_KEY_ROTATE, element, limbs, 0, 0);
    if (*key == NULL)
        return ckks_worker_fail(w, CKKS_ERR_NO_KEY,
                                "%s by %d: no key for it with %d limbs is lent to the worker", what,
                                steps, limbs);
    return CKKS_OK;
}

/* out = in permuted, both parts, all limbs; the inputs are scratch rows. */
static void permute_parts(const ckks_context *ctx, ckks_ciphertext *out, const uint64_t *c0,
                          const uint64_t *c1, const uint32_t *index, int limbs)
{
    for (int l = 0; l < limbs; l++) {
        const ckks_modulus *m = &ctx->ring.modulus[l];
        m->kernel->permute(ckks_ciphertext_row(out, 0, l), c0 + (size_t)l * ctx->n, index, ctx->n);
        m->kernel->permute(ckks_ciphertext_row(out, 1, l), c1 + (size_t)l * ctx->n, index, ctx->n);
    }
}

static void set_result(const ckks_context *ctx, ckks_ciphertext *out, const ckks_ciphertext *in,
                       const ckks_key *key)
{
    double noise = ckks_noise_add(
        ckks_noise_keyswitch(ctx, in->limbs, key->spec.alpha, key->spec.special, in->scale),
        ckks_noise_divide(ctx, 2, in->scale));

    ckks_eval_set(out, in->limbs, 2, in->scale, in->magnitude, ckks_noise_add(in->error, noise));
}

/* One automorphism. */
static ckks_status apply(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                         const ckks_key *key)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    uint64_t *rows = NULL;
    uint64_t *index = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &rows, 2 * (size_t)in->limbs));
    CKKS_TRY(ckks_worker_rows(w, &index, 1));
    CKKS_TRY(ckks_keyswitch(w, rows, rows + (size_t)in->limbs * ctx->n,
                            ckks_ciphertext_row(in, 1, 0), ckks_ciphertext_row(in, 0, 0), NULL, key,
                            in->limbs, 0));
    ckks_galois_table((uint32_t *)(void *)index, ctx->params.log_n, key->element);
    permute_parts(ctx, out, rows, rows + (size_t)in->limbs * ctx->n,
                  (const uint32_t *)(const void *)index, in->limbs);
    set_result(ctx, out, in, key);
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

static ckks_status check_steps(ckks_worker *w, int steps)
{
    int slots = (int)w->ctx->slots;

    if (steps <= -slots || steps >= slots)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "rotate: %d steps, not between -%d and %d", steps,
                                slots, slots);
    return CKKS_OK;
}

ckks_status ckks_eval_rotate(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                             int steps)
{
    const ckks_key *key = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "rotate", out, in));
    CKKS_TRY(ckks_eval_check_two_parts(w, "rotate", in));
    CKKS_TRY(check_steps(w, steps));
    if (steps == 0) {
        st = ckks_ciphertext_copy(out, in);
        goto out;
    }
    CKKS_TRY(
        find_key(w, "rotate", &key, ckks_galois_element(&w->ctx->ring, steps), steps, in->limbs));
    CKKS_TRY(apply(w, out, in, key));
out:
    return st;
}

ckks_status ckks_eval_conjugate(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in)
{
    const ckks_key *key = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "conjugate", out, in));
    CKKS_TRY(ckks_eval_check_two_parts(w, "conjugate", in));
    CKKS_TRY(find_key(w, "conjugate", &key, ckks_galois_conjugation(w->ctx->params.log_n), 0,
                      in->limbs));
    CKKS_TRY(apply(w, out, in, key));
out:
    return st;
}

/* ------------------------------------------------------------------ many rotations of one input */

/* A run of rotations whose keys have one shape, so that one decomposition serves them all. */
typedef struct hoist {
    const ckks_key *key[CKKS_WORKER_HOIST];
    uint64_t *acc[CKKS_WORKER_HOIST]; /* (limbs, special) rows of both parts */
    int count;
} hoist;

/* acc[r] = (P c0 + <c1, key_r>_0, <c1, key_r>_1) for all r, one target row at a time. */
static ckks_status accumulate(ckks_worker *w, const hoist *h, const ckks_ciphertext *in)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    const ckks_key_spec *spec = &h->key[0]->spec;
    const ckks_basis *special = ckks_ring_special(&ctx->ring, spec->special, -1);
    size_t part = (size_t)(in->limbs + spec->special) * ctx->n;
    ckks_digits d = {0};
    uint64_t *c0 = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &c0, 1));
    CKKS_TRY(ckks_digits_init(w, &d, ckks_ciphertext_row(in, 1, 0), in->limbs, spec->alpha,
                              spec->special));
    for (int row = 0; row < in->limbs + spec->special; row++) {
        const ckks_modulus *m = ckks_context_modulus(ctx, row, in->limbs);
        const uint64_t *u[CKKS_MAX_DIGITS];
        size_t at = (size_t)row * ctx->n;
        ckks_digits_row(ctx, &d, u, row);
        if (row < in->limbs)
            m->kernel->mul_scalar(c0, ckks_ciphertext_row(in, 0, row), special->product[row],
                                  ctx->n, m);
        for (int r = 0; r < h->count; r++)
            ckks_keyswitch_row(ctx, h->acc[r] + at, h->acc[r] + part + at, u, &d, h->key[r], row,
                               row < in->limbs ? c0 : NULL, NULL);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

static ckks_status rotate_run(ckks_worker *w, ckks_ciphertext *const *out,
                              const ckks_ciphertext *in, hoist *h)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    int special = h->key[0]->spec.special;
    size_t part = (size_t)(in->limbs + special) * ctx->n;
    uint64_t *index = NULL;
    ckks_status st = CKKS_OK;

    for (int r = 0; r < h->count; r++)
        CKKS_TRY(ckks_worker_rows(w, &h->acc[r], 2 * (size_t)(in->limbs + special)));
    CKKS_TRY(ckks_worker_rows(w, &index, 1));
    CKKS_TRY(accumulate(w, h, in));
    for (int r = 0; r < h->count; r++) {
        CKKS_TRY(ckks_mod_down(w, h->acc[r], h->acc[r], in->limbs, special, 0));
        CKKS_TRY(ckks_mod_down(w, h->acc[r] + part, h->acc[r] + part, in->limbs, special, 0));
        ckks_galois_table((uint32_t *)(void *)index, ctx->params.log_n, h->key[r]->element);
        permute_parts(ctx, out[r], h->acc[r], h->acc[r] + part,
                      (const uint32_t *)(const void *)index, in->limbs);
        set_result(ctx, out[r], in, h->key[r]);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

static ckks_status check_many(ckks_worker *w, ckks_ciphertext *const *out,
                              const ckks_ciphertext *in, const int *steps, size_t count)
{
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    if (out == NULL || steps == NULL)
        return count == 0 ? CKKS_OK
                          : ckks_worker_fail(w, CKKS_ERR_ARG, "rotate many: a list is NULL");
    CKKS_TRY(ckks_eval_check(w, "rotate many", in));
    CKKS_TRY(ckks_eval_check_two_parts(w, "rotate many", in));
    for (size_t r = 0; r < count; r++) {
        const ckks_key *key = NULL;
        CKKS_TRY(ckks_eval_check_out(w, "rotate many", out[r]));
        CKKS_TRY(check_steps(w, steps[r]));
        if (out[r] == in) {
            st = ckks_worker_fail(w, CKKS_ERR_ARG, "rotate many: output %zu is the input", r);
            goto out;
        }
        if (steps[r] != 0)
            CKKS_TRY(find_key(w, "rotate many", &key, ckks_galois_element(&w->ctx->ring, steps[r]),
                              steps[r], in->limbs));
    }
out:
    return st;
}

ckks_status ckks_eval_rotate_many(ckks_worker *w, ckks_ciphertext *const *out,
                                  const ckks_ciphertext *in, const int *steps, size_t count)
{
    size_t done = 0;
    ckks_status st = CKKS_OK;

    CKKS_TRY(check_many(w, out, in, steps, count));
    while (done < count) {
        hoist h = {0};
        if (steps[done] == 0) {
            CKKS_TRY(ckks_ciphertext_copy(out[done++], in));
            continue;
        }
        while (h.count < CKKS_WORKER_HOIST && done + (size_t)h.count < count &&
               steps[done + (size_t)h.count] != 0) {
            int step = steps[done + (size_t)h.count];
            const ckks_key *key = NULL;
            CKKS_TRY(find_key(w, "rotate many", &key, ckks_galois_element(&w->ctx->ring, step),
                              step, in->limbs));
            if (h.count > 0 && (key->spec.alpha != h.key[0]->spec.alpha ||
                                key->spec.special != h.key[0]->spec.special))
                break;
            h.key[h.count++] = key;
        }
        CKKS_TRY(rotate_run(w, out + done, in, &h));
        done += (size_t)h.count;
    }
out:
    return st;
}
