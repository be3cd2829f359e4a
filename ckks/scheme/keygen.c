/* Secret, public and evaluation keys. Each evaluation key is checked by its own modulus.
 *
 * Secret here: the secret's coefficients and rows, seeds of errors, errors. Everything between the
 * draw of the seed and the finished b = e - a s + ... runs in time that depends on public values
 * alone.
 * Source: [HK20] section 3; [SEC24] for the check
 */
#include "ckks/scheme/keygen.h"

#include <stdio.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/ct.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/ring/sample.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

/* ------------------------------------------------------------------ specs */

uint64_t ckks_key_spec_element(const ckks_context *ctx, const ckks_key_spec *spec)
{
    if (spec->kind == CKKS_KEY_RELINEARISE)
        return 1;
    if (spec->kind == CKKS_KEY_CONJUGATE)
        return ckks_galois_conjugation(ctx->params.log_n);
    return ckks_galois_element(&ctx->ring, spec->steps);
}

static ckks_status check_shape(const ckks_context *ctx, const ckks_key_spec *spec, char *why,
                               size_t why_size)
{
    const ckks_params *params = &ctx->params;
    int slots = (int)ctx->slots;

    if (spec->kind < CKKS_KEY_RELINEARISE || spec->kind > CKKS_KEY_CONJUGATE) {
        (void)snprintf(why, why_size, "key: kind %d is not known", spec->kind);
        return CKKS_ERR_ARG;
    }
    if (spec->kind == CKKS_KEY_CONJUGATE && params->ring == CKKS_RING_REAL) {
        (void)snprintf(why, why_size, "conjugation key: the real ring has real slots only");
        return CKKS_ERR_ARG;
    }
    if (spec->kind == CKKS_KEY_ROTATE &&
        (spec->steps <= -slots || spec->steps >= slots || spec->steps == 0)) {
        (void)snprintf(why, why_size, "rotation key: %d steps, not between -%d and %d and not 0",
                       spec->steps, slots, slots);
        return CKKS_ERR_ARG;
    }
    if (spec->limbs < 1 || spec->limbs > params->q_count || spec->special < 1 ||
        spec->special > params->p_count || spec->alpha < 1 || spec->alpha > spec->limbs) {
        (void)snprintf(why, why_size,
                       "key: limbs = %d of %d, special = %d of %d, alpha = %d do not go together",
                       spec->limbs, params->q_count, spec->special, params->p_count, spec->alpha);
        return CKKS_ERR_ARG;
    }
    return CKKS_OK;
}

/* Every digit must be smaller than P, and have its base conversion. */
static ckks_status check_digits(const ckks_context *ctx, const ckks_key_spec *spec, char *why,
                                size_t why_size)
{
    double log2_p = ckks_params_log2_qp(&ctx->params, 0, spec->special);

    for (int first = 0; first < spec->limbs; first += spec->alpha) {
        int count = spec->limbs - first < spec->alpha ? spec->limbs - first : spec->alpha;
        double log2_d = ckks_params_log2_qp(&ctx->params, first + count, 0) -
                        ckks_params_log2_qp(&ctx->params, first, 0);
        if (log2_d >= log2_p || ckks_ring_digit(&ctx->ring, first, count) == NULL) {
            (void)snprintf(
                why, why_size,
                "key: the digit of limbs %d..%d has %.2f bits, its %d special primes have %.2f",
                first, first + count - 1, log2_d, spec->special, log2_p);
            return CKKS_ERR_ARG;
        }
    }
    return CKKS_OK;
}

ckks_status ckks_key_spec_check(const ckks_context *ctx, const ckks_key_spec *spec, char *why,
                                size_t why_size)
{
    const ckks_params *params = &ctx->params;
    ckks_status st = check_shape(ctx, spec, why, why_size);
    double log2_qp = 0.0;
    double max = 0.0;

    if (st == CKKS_OK)
        st = check_digits(ctx, spec, why, why_size);
    if (st != CKKS_OK || params->insecure_test)
        return st;
    log2_qp = ckks_params_log2_qp(params, spec->limbs, spec->special);
    max = ckks_security_max_log2_qp(params->log_n, params->security_bits);
    if (log2_qp > max) {
        (void)snprintf(why, why_size,
                       "key: %d limbs and %d special primes have log2(QP) = %.2f, above %.0f for N "
                       "= 2^%d at %d-bit "
                       "security",
                       spec->limbs, spec->special, log2_qp, max, params->log_n,
                       params->security_bits);
        return CKKS_ERR_INSECURE;
    }
    return CKKS_OK;
}

double ckks_key_spec_cost(const ckks_context *ctx, const ckks_key_spec *spec)
{
    /* Cycles a coefficient of the portable kernels: 3.4 a butterfly, a product and sum 1.5, a
     * reduction 5. */
    double forward = 3.4 * 0.5 * ctx->params.log_n;
    double inverse = 1.2 * forward;
    double limbs = spec->limbs;
    double special = spec->special;
    double digits = ckks_key_spec_digits(spec);
    double rows = limbs + special;
    double lift = forward + 1.5 * (spec->alpha + 1) + 5.0;
    double product = 2.0 * (1.5 * digits + 5.0);
    double down = 2.0 * (special * inverse + limbs * (forward + 1.5 * (special + 1.0) + 10.0));

    return limbs * inverse + (digits * rows - limbs) * lift + rows * product + down;
}

ckks_status ckks_key_spec_choose(const ckks_context *ctx, ckks_key_spec *spec)
{
    ckks_key_spec best = {0};
    double best_cost = 0.0;
    char why[8];

    if (ctx == NULL || spec == NULL || spec->limbs < 1 || spec->limbs > ctx->params.q_count)
        return CKKS_ERR_ARG;
    for (int special = 1; special <= ctx->params.p_count; special++) {
        for (int alpha = 1; alpha <= spec->limbs; alpha++) {
            ckks_key_spec tried = *spec;
            double cost = 0.0;
            tried.alpha = alpha;
            tried.special = special;
            if (ckks_key_spec_check(ctx, &tried, why, sizeof why) != CKKS_OK)
                continue;
            cost = ckks_key_spec_cost(ctx, &tried);
            if (best.special == 0 || cost < best_cost) {
                best = tried;
                best_cost = cost;
            }
        }
    }
    if (best.special == 0)
        return CKKS_ERR_INSECURE;
    *spec = best;
    return CKKS_OK;
}

size_t ckks_key_spec_memory(const ckks_context *ctx, const ckks_key_spec *spec)
{
    return ckks_key_bytes(spec, ctx->n) + sizeof(ckks_key);
}

/* ------------------------------------------------------------------ expansion from coefficients
 * and seeds */

void ckks_secret_key_expand(const ckks_context *ctx, ckks_secret_key *sk)
{
    for (int i = 0; i < sk->rows_count; i++) {
        const ckks_modulus *m = &ctx->ring.modulus[i];
        uint64_t *row = sk->rows + (size_t)i * sk->n;
        m->kernel->reduce_i8(row, sk->coefs, sk->n, m);
        ckks_ntt_forward(m, row);
    }
}

void ckks_key_expand_row(const ckks_context *ctx, const ckks_key *key, int row, int digit,
                         uint64_t *out)
{
    int index = ckks_ring_index(&ctx->ring, row, key->spec.limbs);

    ckks_sample_uniform(out, &ctx->ring.modulus[index], key->seed, ckks_key_stream(digit, index));
}

void ckks_public_key_expand_mask(const ckks_context *ctx, ckks_public_key *pk)
{
    for (int l = 0; l < pk->q_count; l++)
        ckks_sample_uniform(pk->rows + (size_t)(pk->q_count + l) * pk->n, &ctx->ring.modulus[l],
                            pk->seed, ckks_key_stream(0, l));
}

/* ------------------------------------------------------------------ secret and public key */

ckks_status ckks_secret_key_create(ckks_worker *w, ckks_secret_key **out)
{
    ckks_secret_key *sk = NULL;
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    ckks_rng rng;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL)
        return CKKS_ERR_ARG;
    CKKS_TRY(ckks_worker_seed(w, seed));
    st = ckks_secret_key_alloc(&sk, w->ctx);
    if (st != CKKS_OK) {
        st = ckks_worker_fail(w, st, "no memory for a secret key");
        goto out;
    }
    ckks_rng_init(&rng, w->ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_SECRET, 0);
    ckks_sample_ternary(sk->coefs, sk->n, &rng);
    ckks_rng_clear(&rng);
    ckks_secret_key_expand(w->ctx, sk);
    *out = sk;
out:
    ckks_wipe(seed, sizeof seed);
    return st;
}

/* row = NTT of the error. */
static void error_row(uint64_t *row, const int8_t *error, const ckks_modulus *m)
{
    m->kernel->reduce_i8(row, error, m->n, m);
    ckks_ntt_forward(m, row);
}

/* b = e - a s, e in NTT form; t is scratch and may be e. */
static void mask_row(uint64_t *b, const uint64_t *a, const uint64_t *s, uint64_t *e, uint64_t *t,
                     const ckks_modulus *m)
{
    m->kernel->mul(t, a, s, m->n, m);
    m->kernel->sub(b, e, t, m->n, m);
}

static ckks_status check_secret(ckks_worker *w, const ckks_secret_key *sk)
{
    if (sk == NULL)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "no secret key given");
    if (sk->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "the secret key is of other parameters than the worker");
    return CKKS_OK;
}

ckks_status ckks_public_key_create(ckks_worker *w, ckks_public_key **out, const ckks_secret_key *sk)
{
    ckks_public_key *pk = NULL;
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    uint64_t *rows = NULL;
    ckks_rng rng;
    size_t mark = 0;
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_secret(w, sk));
    CKKS_TRY(ckks_worker_rows(w, &rows, 3));
    CKKS_TRY(ckks_worker_seed(w, seed));
    st = ckks_public_key_alloc(&pk, w->ctx);
    if (st != CKKS_OK) {
        st = ckks_worker_fail(w, st, "no memory for a public key");
        goto out;
    }
    ckks_seed_derive(pk->seed, seed, CKKS_LABEL_PUBLIC, 0);
    CKKS_PUBLIC(pk->seed, sizeof pk->seed); /* published with the key */
    ckks_public_key_expand_mask(w->ctx, pk);
    ckks_rng_init(&rng, w->ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_ERROR, 0);
    ckks_sample_error((int8_t *)rows, pk->n, &rng);
    ckks_rng_clear(&rng);
    for (int l = 0; l < pk->q_count; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        uint64_t *e = rows + pk->n;
        error_row(e, (const int8_t *)rows, m);
        mask_row(pk->rows + (size_t)l * pk->n, pk->rows + (size_t)(pk->q_count + l) * pk->n,
                 sk->rows + (size_t)l * pk->n, e, e + pk->n, m);
    }
    CKKS_PUBLIC(pk->rows, (size_t)pk->q_count * pk->n * sizeof(uint64_t)); /* RLWE hides s and e */
    *out = pk;
out:
    ckks_wipe(seed, sizeof seed);
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

/* ------------------------------------------------------------------ evaluation keys */

/* What the rows of one key are made from. */
typedef struct key_work {
    const ckks_secret_key *sk;
    const uint32_t *index; /* NTT permutation of the automorphism; NULL for relinearisation */
    int8_t *error;
    uint64_t *lanes; /* three rows for each thread */
} key_work;

/* One row of one digit: b = e - a s + [row in digit] P s', where s' = s^2 for relinearisation and
 * s' = f(s) for an automorphism f. */
static void key_row(const ckks_context *ctx, ckks_key *key, const key_work *k, int row, int digit,
                    int lane)
{
    int index = ckks_ring_index(&ctx->ring, row, key->spec.limbs);
    const ckks_modulus *m = &ctx->ring.modulus[index];
    const uint64_t *s = k->sk->rows + (size_t)index * ctx->n;
    uint64_t *a = k->lanes + 3 * (size_t)lane * ctx->n;
    uint64_t *b = a + ctx->n;
    uint64_t *t = b + ctx->n;

    ckks_key_expand_row(ctx, key, row, digit, a);
    ckks_key_put(key, ctx->n, row, 1, digit, a);
    error_row(b, k->error, m);
    mask_row(b, a, s, b, t, m);
    if (row < key->spec.limbs && row / key->spec.alpha == digit) {
        uint64_t p = ckks_ring_special(&ctx->ring, key->spec.special, -1)->product[index];
        if (k->index == NULL)
            m->kernel->mul(t, s, s, ctx->n, m);
        else
            m->kernel->permute(t, s, k->index, ctx->n);
        m->kernel->mul_scalar_add(b, t, p, b, ctx->n, m);
    }
    CKKS_PUBLIC(b, ctx->n * sizeof *b); /* published: RLWE hides s and e */
    ckks_key_put(key, ctx->n, row, 0, digit, b);
}

static ckks_status fill_key(ckks_worker *w, ckks_key *key, const ckks_secret_key *sk,
                            const uint8_t *seed)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    uint64_t *rows = NULL;
    key_work k = {sk, NULL, NULL, NULL};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_worker_rows(w, &rows, 2 + 3 * (size_t)w->threads));
    k.error = (int8_t *)rows;
    k.lanes = rows + 2 * ctx->n;
    if (key->spec.kind != CKKS_KEY_RELINEARISE) {
        uint32_t *index = (uint32_t *)(void *)(rows + ctx->n);
        ckks_galois_table(index, ctx->params.ring, ctx->params.log_n, key->element);
        k.index = index;
    }
    ckks_seed_derive(key->seed, seed, CKKS_LABEL_PUBLIC, 0);
    CKKS_PUBLIC(key->seed, sizeof key->seed); /* published with the key */
    for (int digit = 0; digit < key->digits; digit++) {
        ckks_rng rng;
        ckks_rng_init(&rng, ctx->ring.modulus[0].kernel, seed, CKKS_LABEL_ERROR, (uint64_t)digit);
        ckks_sample_error(k.error, ctx->n, &rng);
        ckks_rng_clear(&rng);
        CKKS_PARALLEL_ROWS(w)
        for (int row = 0; row < key->spec.limbs + key->spec.special; row++)
            key_row(ctx, key, &k, row, digit, ckks_parallel_lane());
    }
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

static ckks_status check_specs(ckks_worker *w, const ckks_secret_key *sk,
                               const ckks_key_spec *specs, size_t count)
{
    ckks_status st = check_secret(w, sk);

    if (st == CKKS_OK && specs == NULL && count > 0)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "no list of keys given");
    for (size_t i = 0; st == CKKS_OK && i < count; i++)
        st = ckks_key_spec_check(w->ctx, &specs[i], w->error, sizeof w->error);
    return st;
}

ckks_status ckks_eval_keys_create(ckks_worker *w, ckks_eval_keys **out, const ckks_secret_key *sk,
                                  const ckks_key_spec *specs, size_t count)
{
    ckks_eval_keys *keys = NULL;
    uint8_t seed[CKKS_SEED_BYTES] = {0};
    uint8_t child[CKKS_SEED_BYTES] = {0};
    ckks_status st = CKKS_OK;

    if (out == NULL)
        return CKKS_ERR_ARG;
    *out = NULL;
    if (w == NULL)
        return CKKS_ERR_ARG;
    CKKS_TRY(check_specs(w, sk, specs, count));
    CKKS_TRY(ckks_worker_seed(w, seed));
    st = ckks_eval_keys_alloc(&keys, w->ctx, count);
    for (size_t i = 0; st == CKKS_OK && i < count; i++) {
        ckks_key *key = NULL;
        st = ckks_eval_keys_add(keys, &key, &specs[i]);
        if (st == CKKS_OK) {
            key->element = ckks_key_spec_element(w->ctx, &specs[i]);
            ckks_seed_derive(child, seed, CKKS_LABEL_KEY, i);
            st = fill_key(w, key, sk, child);
        }
        if (st == CKKS_OK && w->progress != NULL)
            w->progress(w->progress_user, i + 1, count);
    }
    if (st == CKKS_ERR_MEMORY)
        st = ckks_worker_fail(w, st, "no memory for %zu evaluation keys", count);
out:
    ckks_wipe(seed, sizeof seed);
    ckks_wipe(child, sizeof child);
    if (st == CKKS_OK) {
        *out = keys;
    } else {
        ckks_eval_keys_free(keys);
    }
    return st;
}
