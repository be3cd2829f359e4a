/* Decryption: the only user of the secret key besides key generation and encryption.
 *
 * Secret here: the key, the decrypted polynomial, flooding noise. Time depends on public values
 * alone.
 * Source: [LM21] for the danger of showing what ckks_decrypt gives, [LMSS22] for the flooding
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/ct.h"
#include "ckks/ckks.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/sample.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

static ckks_status check_decrypt(ckks_worker *w, const ckks_plaintext *out,
                                 const ckks_secret_key *sk, const ckks_ciphertext *in)
{
    if (out == NULL || sk == NULL || in == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "decrypt: a pointer is NULL");
    if (out->context_id != w->ctx->id || sk->context_id != w->ctx->id ||
        in->context_id != w->ctx->id)
        return ckks_worker_fail(
            w, CKKS_ERR_MISMATCH,
            "decrypt: the key, the plaintext or the ciphertext is of other parameters");
    if (in->limbs < 1)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "decrypt: the ciphertext is empty");
    return CKKS_OK;
}

/* row = c0 + c1 s (+ c2 s^2) at limb l, by Horner from the last part. */
static void decrypt_row(const ckks_context *ctx, uint64_t *row, const ckks_secret_key *sk,
                        const ckks_ciphertext *in, int l)
{
    const ckks_modulus *m = &ctx->ring.modulus[l];
    const uint64_t *s = sk->rows + (size_t)l * ctx->n;
    const uint64_t *sum = ckks_ciphertext_row(in, in->parts - 1, l);

    for (int part = in->parts - 2; part >= 0; part--) {
        m->kernel->mul_add(row, sum, s, ckks_ciphertext_row(in, part, l), ctx->n, m);
        sum = row;
    }
}

/* Add the noise, coefficients in noise, to one row in NTT form. */
static void flood_row(uint64_t *row, uint64_t *t, const int64_t *noise, const ckks_modulus *m)
{
    m->kernel->reduce_i64(t, noise, m->n, m);
    ckks_ntt_forward(m, t);
    m->kernel->add(row, row, t, m->n, m);
}

static void finish(ckks_plaintext *out, const ckks_ciphertext *in, double flood)
{
    out->limbs = in->limbs;
    out->scale = in->scale;
    out->magnitude = in->magnitude;
    out->error = ckks_noise_add(in->error, flood);
}

ckks_status ckks_decrypt(ckks_worker *w, ckks_plaintext *out, const ckks_secret_key *sk,
                         const ckks_ciphertext *in)
{
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    st = check_decrypt(w, out, sk, in);
    if (st != CKKS_OK)
        return st;
    for (int l = 0; l < in->limbs; l++)
        decrypt_row(w->ctx, ckks_plaintext_row(out, l), sk, in, l);
    finish(out, in, 0.0);
    return CKKS_OK;
}

/* Deviation of the flooding noise, a coefficient; checks that the message survives it. */
static ckks_status flood_sigma(ckks_worker *w, double *sigma, const ckks_ciphertext *in,
                               double queries, int statistical_bits)
{
    const ckks_context *ctx = w->ctx;
    double message = ckks_noise_coefficient(ctx, in->magnitude, in->scale);
    double bound = 0.0;

    if (in->parts != 2)
        return ckks_worker_fail(w, CKKS_ERR_DEGREE, "decrypt to share: %d parts, relinearise first",
                                in->parts);
    if (!(queries >= 1.0 && queries < 0x1p64) || statistical_bits < 30 || statistical_bits > 128)
        return ckks_worker_fail(
            w, CKKS_ERR_ARG,
            "decrypt to share: %g queries and %d statistical bits, not >= 1 and 30..128", queries,
            statistical_bits);
    *sigma = sqrt(12.0 * queries) * exp2(statistical_bits / 2.0) *
             ckks_noise_coefficient(ctx, in->error, in->scale);
    /* What is added stays below 8 deviations, except with probability 2^-50 a coefficient. */
    bound = in->magnitude * in->scale.hi + 8.0 * *sigma;
    if (!(*sigma > 0.0 && *sigma <= 0x1p50) || !(*sigma < message) ||
        !(log2(bound) < ckks_context_log2_q(ctx, in->limbs) - 1.0))
        return ckks_worker_fail(
            w, CKKS_ERR_RANGE,
            "decrypt to share: noise of 2^%.1f a coefficient would drown a message of 2^%.1f, or "
            "wrap modulo 2^%.1f",
            log2(*sigma), log2(message), ckks_context_log2_q(ctx, in->limbs));
    return CKKS_OK;
}

ckks_status ckks_decrypt_to_share(ckks_worker *w, ckks_plaintext *out, const ckks_secret_key *sk,
                                  const ckks_ciphertext *in, double queries, int statistical_bits)
{
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    uint64_t *rows = NULL;
    double sigma = 0.0;
    ckks_rng rng;
    size_t mark = 0;
    size_t n = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    n = w->ctx->n;
    CKKS_TRY(check_decrypt(w, out, sk, in));
    CKKS_TRY(flood_sigma(w, &sigma, in, queries, statistical_bits));
    CKKS_TRY(ckks_worker_rows(w, &rows, 2));
    CKKS_TRY(ckks_worker_seed(w, seed));
    ckks_rng_init(&rng, w->ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_FLOOD, 0);
    ckks_sample_gaussian_wide((int64_t *)(void *)rows, n, sigma, &rng);
    ckks_rng_clear(&rng);
    for (int l = 0; l < in->limbs; l++) {
        decrypt_row(w->ctx, ckks_plaintext_row(out, l), sk, in, l);
        flood_row(ckks_plaintext_row(out, l), rows + n, (const int64_t *)(const void *)rows,
                  &w->ctx->ring.modulus[l]);
    }
    finish(out, in, ckks_noise_slot(w->ctx, ckks_sample_wide_std(sigma), in->scale));
out:
    ckks_wipe(seed, sizeof seed);
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}
