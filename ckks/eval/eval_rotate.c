/* Rotations and conjugation.
 *
 * The automorphism f turns the digits and P c0 on their way into the key product,
 * f(P c0) + sum of f(u_d) key_d, so that the result needs no permutation. Several rotations of one
 * input share its digits; a single one is a run of one.
 * Letters: l = limb, row = prime of (limbs, special), r = rotation.
 * Source: [HS18] section 4 for hoisting
 */
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/eval/eval.h"
#include "ckks/ring/galois.h"

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

static void set_result(const ckks_context *ctx, ckks_ciphertext *out, const ckks_ciphertext *in,
                       const ckks_key *key)
{
    double noise = ckks_noise_add(
        ckks_noise_keyswitch(ctx, in->limbs, key->spec.alpha, key->spec.special, in->scale),
        ckks_noise_divide(ctx, 2, in->scale));

    ckks_eval_set(out, in->limbs, 2, in->scale, in->magnitude, ckks_noise_add(in->error, noise));
}

/* ------------------------------------------------------------------ one decomposition */

/* A run of automorphisms whose keys have one shape, so that one decomposition serves them all. */
typedef struct hoist {
    const ckks_key *key[CKKS_WORKER_HOIST];
    ckks_permutation turn[CKKS_WORKER_HOIST];
    uint64_t *acc[CKKS_WORKER_HOIST]; /* (limbs, special) rows of both parts */
    int count;
} hoist;

/* One row of acc[r] = (f_r(P c0) + <f_r(c1), key_r>_0, <f_r(c1), key_r>_1) for all r; pc0 is a row
 * of scratch. */
static void accumulate_row(const ckks_context *ctx, const hoist *h, const ckks_digits *d,
                           const ckks_ciphertext *in, uint64_t *pc0, int row, int lane)
{
    const ckks_modulus *m = ckks_context_modulus(ctx, row, d->limbs);
    const size_t part = (size_t)(d->limbs + d->special) * ctx->n;
    const uint64_t *u[CKKS_MAX_DIGITS];

    ckks_digits_row(ctx, d, u, row, lane);
    if (row < d->limbs)
        m->kernel->mul_scalar(pc0, ckks_ciphertext_row(in, 0, row),
                              ckks_ring_special(&ctx->ring, d->special, -1)->product[row], ctx->n,
                              m);
    for (int r = 0; r < h->count; r++) {
        ckks_key_product p = ckks_keyswitch_product(ctx, u, d, h->key[r], row);
        uint64_t *out = h->acc[r] + (size_t)row * ctx->n;
        p.turn = &h->turn[r];
        p.turned = row < d->limbs ? pc0 : NULL;
        m->kernel->dot_key(out, out + part, &p, 0, ctx->n, m);
    }
}

static ckks_status accumulate(ckks_worker *w, const hoist *h, const ckks_ciphertext *in)
{
    size_t mark = ckks_arena_mark(&w->arena);
    const ckks_key_spec *spec = &h->key[0]->spec;
    ckks_digits d = {0};
    uint64_t *pc0 = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &pc0, (size_t)w->threads));
    CKKS_TRY(ckks_digits_init(w, &d, ckks_ciphertext_row(in, 1, 0), in->limbs, spec->alpha,
                              spec->special));
    CKKS_PARALLEL_ROWS(w)
    for (int row = 0; row < in->limbs + spec->special; row++) {
        int lane = ckks_parallel_lane();
        accumulate_row(w->ctx, h, &d, in, pc0 + (size_t)lane * w->ctx->n, row, lane);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* Room for the results before the division, and for the permutations: half a byte a place each, so
 * that all of a run fit one row. */
static ckks_status lay_out(ckks_worker *w, hoist *h, int limbs)
{
    const ckks_context *ctx = w->ctx;
    uint64_t *blocks = NULL;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &blocks, 1));
    for (int r = 0; r < h->count; r++) {
        h->turn[r].block = (uint32_t *)(void *)blocks + (size_t)r * (ctx->n / 8);
        ckks_galois_permutation(&h->turn[r], ctx->params.ring, ctx->params.log_n,
                                h->key[r]->element);
        CKKS_TRY(ckks_worker_rows(w, &h->acc[r], 2 * (size_t)(limbs + h->key[0]->spec.special)));
    }
out:
    return st;
}

/* The outputs are written when the input is no longer read. */
static ckks_status turn_run(ckks_worker *w, ckks_ciphertext *const *out, const ckks_ciphertext *in,
                            hoist *h)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    int limbs = in->limbs;
    int special = h->key[0]->spec.special;
    ckks_status st = CKKS_OK;

    CKKS_TRY(lay_out(w, h, limbs));
    CKKS_TRY(accumulate(w, h, in));
    for (int r = 0; r < h->count; r++) {
        uint64_t *acc1 = h->acc[r] + (size_t)(limbs + special) * ctx->n;
        CKKS_TRY(ckks_mod_down_pair(w, ckks_ciphertext_row(out[r], 0, 0),
                                    ckks_ciphertext_row(out[r], 1, 0), h->acc[r], acc1, limbs,
                                    special, 0));
        set_result(ctx, out[r], in, h->key[r]);
    }
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

/* ------------------------------------------------------------------ one automorphism */

static ckks_status apply(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                         const ckks_key *key)
{
    hoist h = {.key = {key}, .count = 1};

    return turn_run(w, &out, in, &h);
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
    if (w->ctx->params.ring == CKKS_RING_REAL) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG, "conjugate: the real ring has real slots only");
        goto out;
    }
    CKKS_TRY(find_key(w, "conjugate", &key, ckks_galois_conjugation(w->ctx->params.log_n), 0,
                      in->limbs));
    CKKS_TRY(apply(w, out, in, key));
out:
    return st;
}

/* ------------------------------------------------------------------ many rotations of one input */

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
        CKKS_TRY(turn_run(w, out + done, in, &h));
        done += (size_t)h.count;
    }
out:
    return st;
}
