/* Encryption with the secret key (seeded) and with the public key.
 *
 * Secret here: the plaintext, the key, the errors, the ephemeral v. Time depends on public values
 * alone.
 * Source: [CKKS17] section 3.4 in residues
 */
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/sample.h"
#include "ckks/scheme/keygen.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

static ckks_status check_encrypt(ckks_worker *w, const ckks_ciphertext *out, uint64_t key_id,
                                 const ckks_plaintext *in)
{
    if (out == NULL || in == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encrypt: a pointer is NULL");
    if (out->context_id != w->ctx->id || key_id != w->ctx->id || in->context_id != w->ctx->id)
        return ckks_worker_fail(
            w, CKKS_ERR_MISMATCH,
            "encrypt: the key, the plaintext or the ciphertext is of other parameters");
    if (in->limbs < 1)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encrypt: the plaintext is empty");
    if (!ckks_ciphertext_fits(out, in->limbs, 2))
        return ckks_worker_fail(w, CKKS_ERR_SPACE,
                                "encrypt: the ciphertext has room for %d limbs, not for %d",
                                out->capacity, in->limbs);
    return CKKS_OK;
}

static void set_metadata(ckks_ciphertext *out, const ckks_plaintext *in, double noise)
{
    out->limbs = in->limbs;
    out->parts = 2;
    out->scale = in->scale;
    out->magnitude = in->magnitude;
    out->error = ckks_noise_add(in->error, noise);
}

/* Draw an error polynomial as coefficients. */
static void draw_error(int8_t *out, const ckks_context *ctx, const uint8_t *seed, uint64_t stream)
{
    ckks_rng rng;

    ckks_rng_init(&rng, ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_ERROR, stream);
    ckks_sample_error(out, ctx->n, &rng);
    ckks_rng_clear(&rng);
}

ckks_status ckks_encrypt(ckks_worker *w, ckks_ciphertext *out, const ckks_secret_key *sk,
                         const ckks_plaintext *in)
{
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    uint64_t *e = NULL;
    int8_t *error = NULL;
    size_t mark = 0;
    size_t n = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL || sk == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "encrypt: no secret key given");
    mark = ckks_arena_mark(&w->arena);
    n = w->ctx->n;
    CKKS_TRY(check_encrypt(w, out, sk->context_id, in));
    CKKS_TRY(ckks_worker_rows(w, &e, 3));
    error = (int8_t *)(e + 2 * n);
    CKKS_TRY(ckks_worker_seed(w, seed));
    ckks_seed_derive(out->seed, seed, CKKS_LABEL_PUBLIC, 0);
    CKKS_PUBLIC(out->seed, sizeof out->seed); /* sent with the ciphertext */
    draw_error(error, w->ctx, seed, 0);
    for (int l = 0; l < in->limbs; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        uint64_t *c0 = ckks_ciphertext_row(out, 0, l);
        uint64_t *c1 = ckks_ciphertext_row(out, 1, l);
        ckks_sample_uniform(c1, m, out->seed, ckks_key_stream(0, l));
        m->kernel->reduce_i8(e, error, n, m);
        ckks_ntt_forward(m, e);
        m->kernel->add(e, e, ckks_plaintext_row(in, l), n, m);
        m->kernel->mul(e + n, c1, sk->rows + (size_t)l * n, n, m);
        m->kernel->sub(c0, e, e + n, n, m);
        CKKS_PUBLIC(c0, n * sizeof *c0); /* RLWE hides s, e and the plaintext */
    }
    set_metadata(out, in, ckks_noise_encrypt(w->ctx, in->scale));
    out->seeded = 1;
out:
    ckks_wipe(seed, sizeof seed);
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

ckks_status ckks_encrypt_public(ckks_worker *w, ckks_ciphertext *out, const ckks_public_key *pk,
                                const ckks_plaintext *in)
{
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    uint64_t *rows = NULL;
    int8_t *small[3] = {NULL, NULL, NULL}; /* errors of both parts, then v */
    ckks_rng rng;
    size_t mark = 0;
    size_t n = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL || pk == NULL)
        return w == NULL ? CKKS_ERR_ARG
                         : ckks_worker_fail(w, CKKS_ERR_ARG, "encrypt: no public key given");
    mark = ckks_arena_mark(&w->arena);
    n = w->ctx->n;
    CKKS_TRY(check_encrypt(w, out, pk->context_id, in));
    CKKS_TRY(ckks_worker_rows(w, &rows, 3));
    for (size_t i = 0; i < 3; i++)
        small[i] = (int8_t *)(rows + 2 * n) + i * n;
    CKKS_TRY(ckks_worker_seed(w, seed));
    draw_error(small[0], w->ctx, seed, 0);
    draw_error(small[1], w->ctx, seed, 1);
    ckks_rng_init(&rng, w->ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_MASK, 0);
    ckks_sample_ternary(small[2], n, &rng);
    ckks_rng_clear(&rng);
    for (int l = 0; l < in->limbs; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        uint64_t *v = rows;
        uint64_t *e = rows + n;
        m->kernel->reduce_i8(v, small[2], n, m);
        ckks_ntt_forward(m, v);
        for (int part = 0; part < 2; part++) {
            uint64_t *c = ckks_ciphertext_row(out, part, l);
            m->kernel->reduce_i8(e, small[part], n, m);
            ckks_ntt_forward(m, e);
            if (part == 0)
                m->kernel->add(e, e, ckks_plaintext_row(in, l), n, m);
            m->kernel->mul_add(c, v, pk->rows + (size_t)(part * pk->q_count + l) * n, e, n, m);
            CKKS_PUBLIC(c, n * sizeof *c); /* RLWE hides v, the errors and the plaintext */
        }
    }
    set_metadata(out, in, ckks_noise_encrypt_public(w->ctx, in->scale));
    out->seeded = 0;
out:
    ckks_wipe(seed, sizeof seed);
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}
