/* Products, relinearisation, rescaling.
 *
 * Letters: l = limb, part = ciphertext component, d0 + d1 s + d2 s^2 the tensor product.
 * Source: [CKKS17], [HK20] for the key switch, merged mod-down and rescale
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/eval/eval.h"

ckks_status ckks_eval_mul_plain(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                                const ckks_plaintext *p)
{
    ckks_scale scale = {0.0, 0.0};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "multiply by plaintext", out, a));
    if (p == NULL || p->limbs < 1) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG,
                              "multiply by plaintext: the plaintext is NULL or empty");
        goto out;
    }
    if (p->context_id != w->ctx->id) {
        st = ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                              "multiply by plaintext: the plaintext is of other parameters");
        goto out;
    }
    if (p->limbs < a->limbs) {
        st =
            ckks_worker_fail(w, CKKS_ERR_LEVEL,
                             "multiply by plaintext: the plaintext has %d limbs, the ciphertext %d",
                             p->limbs, a->limbs);
        goto out;
    }
    scale = ckks_scale_mul(a->scale, p->scale);
    CKKS_TRY(ckks_eval_check_scale(w, "multiply by plaintext", a->limbs, scale,
                                   a->magnitude * p->magnitude));
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < a->parts * a->limbs; i++) {
        int part = i / a->limbs;
        int l = i % a->limbs;
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        m->kernel->mul(ckks_ciphertext_row(out, part, l), ckks_ciphertext_row(a, part, l),
                       ckks_plaintext_row(p, l), m->n, m);
    }
    ckks_eval_set(out, a->limbs, a->parts, scale, a->magnitude * p->magnitude,
                  ckks_noise_mul(a->magnitude, a->error, p->magnitude, p->error));
out:
    return st;
}

ckks_status ckks_eval_rescale(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in)
{
    uint64_t *to[3];
    const uint64_t *from[3];
    ckks_scale scale = {0.0, 0.0};
    int limbs = 0;
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_smaller(w, "rescale", out, in, 1));
    limbs = in->limbs;
    if (limbs < 2) {
        st =
            ckks_worker_fail(w, CKKS_ERR_LEVEL, "rescale: one limb is left, there is none to drop");
        goto out;
    }
    for (int part = 0; part < in->parts; part++) {
        to[part] = ckks_ciphertext_row(out, part, 0);
        from[part] = ckks_ciphertext_row(in, part, 0);
    }
    CKKS_TRY(ckks_divide_last(w, to, from, in->parts, limbs));
    scale = ckks_scale_div_prime(in->scale, w->ctx->params.q[limbs - 1]);
    ckks_eval_set(out, limbs - 1, in->parts, scale, in->magnitude,
                  ckks_noise_add(in->error, ckks_noise_divide(w->ctx, in->parts, scale)));
out:
    return st;
}

/* ------------------------------------------------------------------ tensor products */

/* The three parts of a product, each a block of limbs rows. */
typedef struct tensor {
    uint64_t *d[3];
} tensor;

/* One limb of the tensor product; t is one row of scratch, so that outputs may be inputs. */
static void tensor_limb(const ckks_modulus *m, uint64_t *const d[3], const uint64_t *const a[2],
                        const uint64_t *const b[2], uint64_t *t)
{
    if (a[0] == b[0]) {
        m->kernel->mul(t, a[0], a[1], m->n, m);
        m->kernel->mul(d[2], a[1], a[1], m->n, m);
        m->kernel->mul(d[0], a[0], a[0], m->n, m);
        m->kernel->add(d[1], t, t, m->n, m);
        return;
    } else {
        const uint64_t *x[2] = {a[0], a[1]};
        const uint64_t *y[2] = {b[1], b[0]};
        m->kernel->dot(t, x, y, 2, m->n, m);
        m->kernel->mul(d[2], a[1], b[1], m->n, m);
        m->kernel->mul(d[0], a[0], b[0], m->n, m);
        memcpy(d[1], t, m->n * sizeof *t);
    }
}

/* t is one row of scratch for each thread. */
static void tensor_product(const ckks_worker *w, const tensor *out, const ckks_ciphertext *a,
                           const ckks_ciphertext *b, uint64_t *t)
{
    const ckks_context *ctx = w->ctx;

    CKKS_PARALLEL_ROWS(w)
    for (int l = 0; l < a->limbs; l++) {
        size_t at = (size_t)l * ctx->n;
        uint64_t *const d[3] = {out->d[0] + at, out->d[1] + at, out->d[2] + at};
        const uint64_t *const x[2] = {ckks_ciphertext_row(a, 0, l), ckks_ciphertext_row(a, 1, l)};
        const uint64_t *const y[2] = {ckks_ciphertext_row(b, 0, l), ckks_ciphertext_row(b, 1, l)};
        tensor_limb(&ctx->ring.modulus[l], d, x, y, t + (size_t)ckks_parallel_lane() * ctx->n);
    }
}

static ckks_status check_product(ckks_worker *w, const char *what, const ckks_ciphertext *out,
                                 const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_binary(w, what, out, a, b));
    CKKS_TRY(ckks_eval_check_two_parts(w, what, a));
    CKKS_TRY(ckks_eval_check_two_parts(w, what, b));
    CKKS_TRY(ckks_eval_check_scale(w, what, a->limbs, ckks_scale_mul(a->scale, b->scale),
                                   a->magnitude * b->magnitude));
out:
    return st;
}

/* The error of a product; that of a square counts both halves of 2 m e together. */
static double product_error(const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    if (a == b)
        return ckks_noise_add(2.0 * a->magnitude * a->error, sqrt(2.0) * a->error * a->error);
    return ckks_noise_mul(a->magnitude, a->error, b->magnitude, b->error);
}

static ckks_status mul_raw(ckks_worker *w, const char *what, ckks_ciphertext *out,
                           const ckks_ciphertext *a, const ckks_ciphertext *b)
{
    size_t mark = 0;
    uint64_t *t = NULL;
    tensor d = {{NULL, NULL, NULL}};
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_product(w, what, out, a, b));
    CKKS_TRY(ckks_eval_check_room(w, what, out, a->limbs, 3));
    CKKS_TRY(ckks_worker_rows(w, &t, (size_t)w->threads));
    for (int part = 0; part < 3; part++)
        d.d[part] = ckks_ciphertext_row(out, part, 0);
    tensor_product(w, &d, a, b, t);
    ckks_eval_set(out, a->limbs, 3, ckks_scale_mul(a->scale, b->scale), a->magnitude * b->magnitude,
                  product_error(a, b));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

ckks_status ckks_eval_mul_raw(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                              const ckks_ciphertext *b)
{
    return mul_raw(w, "multiply", out, a, b);
}

ckks_status ckks_eval_square_raw(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a)
{
    return mul_raw(w, "square", out, a, a);
}

/* ------------------------------------------------------------------ relinearisation */

/* Everything that can fail, before an output changes: the key, and a limb to drop. */
static ckks_status find_key(ckks_worker *w, const char *what, const ckks_key **key, int limbs,
                            int rescale)
{
    *key = ckks_keyswitch_find(w, CKKS_KEY_RELINEARISE, 1, limbs, 0, 0);
    if (*key == NULL)
        return ckks_worker_fail(w, CKKS_ERR_NO_KEY,
                                "%s: no relinearisation key for %d limbs is lent to the worker",
                                what, limbs);
    if (rescale && limbs < 2)
        return ckks_worker_fail(w, CKKS_ERR_LEVEL, "%s: one limb is left, there is none to drop",
                                what);
    return CKKS_OK;
}

/* Relinearise three blocks of rows into out and set what it knows of itself. */
static ckks_status relinearise(ckks_worker *w, ckks_ciphertext *out, const tensor *d,
                               const ckks_key *key, int limbs, int rescale, ckks_scale scale,
                               double magnitude, double error)
{
    const ckks_context *ctx = w->ctx;
    const ckks_key_spec *spec = &key->spec;
    ckks_scale after = rescale ? ckks_scale_div_prime(scale, ctx->params.q[limbs - 1]) : scale;
    double noise =
        ckks_noise_add(ckks_noise_keyswitch(ctx, limbs, spec->alpha, spec->special, scale),
                       ckks_noise_divide(ctx, 2, after));
    ckks_status st =
        ckks_keyswitch(w, ckks_ciphertext_row(out, 0, 0), ckks_ciphertext_row(out, 1, 0), d->d[2],
                       d->d[0], d->d[1], key, limbs, rescale);

    if (st == CKKS_OK)
        ckks_eval_set(out, limbs - (rescale ? 1 : 0), 2, after, magnitude,
                      ckks_noise_add(error, noise));
    return st;
}

ckks_status ckks_eval_relinearise(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                                  int rescale)
{
    const ckks_key *key = NULL;
    tensor d = {{NULL, NULL, NULL}};
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    CKKS_TRY(ckks_eval_check(w, "relinearise", in));
    CKKS_TRY(ckks_eval_check_room(w, "relinearise", out, in->limbs - (rescale ? 1 : 0), 2));
    if (in->parts != 3) {
        st = ckks_worker_fail(w, CKKS_ERR_DEGREE, "relinearise: %d parts where 3 are needed",
                              in->parts);
        goto out;
    }
    CKKS_TRY(find_key(w, "relinearise", &key, in->limbs, rescale));
    for (int part = 0; part < 3; part++)
        d.d[part] = ckks_ciphertext_row(in, part, 0);
    CKKS_TRY(relinearise(w, out, &d, key, in->limbs, rescale, in->scale, in->magnitude, in->error));
out:
    return st;
}

static ckks_status mul(ckks_worker *w, const char *what, ckks_ciphertext *out,
                       const ckks_ciphertext *a, const ckks_ciphertext *b, int rescale)
{
    const ckks_key *key = NULL;
    uint64_t *rows = NULL;
    tensor d = {{NULL, NULL, NULL}};
    size_t mark = 0;
    size_t block = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_product(w, what, out, a, b));
    CKKS_TRY(find_key(w, what, &key, a->limbs, rescale));
    block = (size_t)a->limbs * w->ctx->n;
    CKKS_TRY(ckks_worker_rows(w, &rows, 3 * (size_t)a->limbs + (size_t)w->threads));
    for (size_t part = 0; part < 3; part++)
        d.d[part] = rows + part * block;
    tensor_product(w, &d, a, b, rows + 3 * block);
    CKKS_TRY(relinearise(w, out, &d, key, a->limbs, rescale, ckks_scale_mul(a->scale, b->scale),
                         a->magnitude * b->magnitude, product_error(a, b)));
out:
    ckks_arena_release(&w->arena, mark);
    return st;
}

ckks_status ckks_eval_mul(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                          const ckks_ciphertext *b, int rescale)
{
    return mul(w, "multiply", out, a, b, rescale);
}

ckks_status ckks_eval_square(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                             int rescale)
{
    return mul(w, "square", out, a, a, rescale);
}
