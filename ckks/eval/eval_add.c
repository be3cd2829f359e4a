/* Sums, differences, plaintext and constant operands, and the change of level without a key.
 *
 * Letters: l = limb, part = ciphertext component. Everything here is public.
 */
#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/eval/eval.h"

static ckks_status check_equal_scale(ckks_worker *w, const char *what, ckks_scale a, ckks_scale b)
{
    if (!ckks_scale_equal(a, b))
        return ckks_worker_fail(w, CKKS_ERR_SCALE,
                                "%s: scales 2^%.9f and 2^%.9f differ (by a factor of 1 + %.3g)",
                                what, ckks_scale_log2(a), ckks_scale_log2(b), (a.hi - b.hi) / b.hi);
    return CKKS_OK;
}

/* One row of a + b or a - b; a part that one operand lacks is zero. */
static void add_row(const ckks_context *ctx, ckks_ciphertext *out, const ckks_ciphertext *a,
                    const ckks_ciphertext *b, int subtract, int part, int l)
{
    const ckks_modulus *m = &ctx->ring.modulus[l];
    uint64_t *o = ckks_ciphertext_row(out, part, l);
    const uint64_t *x = ckks_ciphertext_row(a, part, l);
    const uint64_t *y = ckks_ciphertext_row(b, part, l);
    size_t bytes = ctx->n * sizeof(uint64_t);

    if (part >= a->parts && subtract)
        m->kernel->neg(o, y, ctx->n, m);
    else if (part >= a->parts)
        memmove(o, y, bytes);
    else if (part >= b->parts)
        memmove(o, x, bytes);
    else if (subtract)
        m->kernel->sub(o, x, y, ctx->n, m);
    else
        m->kernel->add(o, x, y, ctx->n, m);
}

static void add_rows(const ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                     const ckks_ciphertext *b, int subtract)
{
    int parts = a->parts > b->parts ? a->parts : b->parts;
    int limbs = a->limbs;

    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < parts * limbs; i++)
        add_row(w->ctx, out, a, b, subtract, i / limbs, i % limbs);
}

static ckks_status add(ckks_worker *w, const char *what, ckks_ciphertext *out,
                       const ckks_ciphertext *a, const ckks_ciphertext *b, int subtract)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_binary(w, what, out, a, b));
    CKKS_TRY(check_equal_scale(w, what, a->scale, b->scale));
    add_rows(w, out, a, b, subtract);
    ckks_eval_set(out, a->limbs, a->parts > b->parts ? a->parts : b->parts, a->scale,
                  a->magnitude + b->magnitude,
                  a == b && !subtract ? 2.0 * a->error : ckks_noise_add(a->error, b->error));
out:
    return st;
}

ckks_status ckks_eval_add(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                          const ckks_ciphertext *b)
{
    return add(w, "add", out, a, b, 0);
}

ckks_status ckks_eval_sub(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                          const ckks_ciphertext *b)
{
    return add(w, "subtract", out, a, b, 1);
}

ckks_status ckks_eval_negate(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "negate", out, in));
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < in->parts * in->limbs; i++) {
        int part = i / in->limbs;
        int l = i % in->limbs;
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        m->kernel->neg(ckks_ciphertext_row(out, part, l), ckks_ciphertext_row(in, part, l), m->n,
                       m);
    }
    ckks_eval_set(out, in->limbs, in->parts, in->scale, in->magnitude, in->error);
out:
    return st;
}

/* ------------------------------------------------------------------ plaintexts and constants */

static ckks_status check_plain(ckks_worker *w, const char *what, const ckks_ciphertext *out,
                               const ckks_ciphertext *a, const ckks_plaintext *p)
{
    ckks_status st = ckks_eval_check_unary(w, what, out, a);

    if (st != CKKS_OK)
        return st;
    if (p == NULL || p->limbs < 1)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "%s: the plaintext is NULL or empty", what);
    if (p->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH, "%s: the plaintext is of other parameters",
                                what);
    if (p->limbs < a->limbs)
        return ckks_worker_fail(w, CKKS_ERR_LEVEL,
                                "%s: the plaintext has %d limbs, the ciphertext %d", what, p->limbs,
                                a->limbs);
    return CKKS_OK;
}

/* Copy parts first.. of in to out. */
static void copy_parts(ckks_ciphertext *out, const ckks_ciphertext *in, int first)
{
    for (int part = first; part < in->parts && out != in; part++)
        memcpy(ckks_ciphertext_row(out, part, 0), ckks_ciphertext_row(in, part, 0),
               (size_t)in->limbs * in->n * sizeof(uint64_t));
}

static ckks_status add_plain(ckks_worker *w, const char *what, ckks_ciphertext *out,
                             const ckks_ciphertext *a, const ckks_plaintext *p, int subtract)
{
    ckks_status st = CKKS_OK;

    CKKS_TRY(check_plain(w, what, out, a, p));
    CKKS_TRY(check_equal_scale(w, what, a->scale, p->scale));
    CKKS_PARALLEL_ROWS(w)
    for (int l = 0; l < a->limbs; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        uint64_t *o = ckks_ciphertext_row(out, 0, l);
        const uint64_t *x = ckks_ciphertext_row(a, 0, l);
        if (subtract)
            m->kernel->sub(o, x, ckks_plaintext_row(p, l), m->n, m);
        else
            m->kernel->add(o, x, ckks_plaintext_row(p, l), m->n, m);
    }
    copy_parts(out, a, 1);
    ckks_eval_set(out, a->limbs, a->parts, a->scale, a->magnitude + p->magnitude,
                  ckks_noise_add(a->error, p->error));
out:
    return st;
}

ckks_status ckks_eval_add_plain(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                                const ckks_plaintext *p)
{
    return add_plain(w, "add plaintext", out, a, p, 0);
}

ckks_status ckks_eval_sub_plain(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                                const ckks_plaintext *p)
{
    return add_plain(w, "subtract plaintext", out, a, p, 1);
}

/* x * scale to about 106 bits; the same constant in every slot is the constant polynomial. */
static ckks_status scale_constant(ckks_worker *w, const char *what, ckks_scale *out, double x,
                                  ckks_scale scale)
{
    *out = ckks_scale_mul(scale, ckks_scale_from(x));
    if (!(fabs(x) < HUGE_VAL) || !(fabs(out->hi) < 0x1p1000))
        return ckks_worker_fail(w, CKKS_ERR_RANGE,
                                "%s: the constant %g at scale 2^%.2f is out of range", what, x,
                                ckks_scale_log2(scale));
    return CKKS_OK;
}

/* A double rounded to an integer, modulo q. */
static uint64_t round_residue(double x, const ckks_mod *m)
{
    int exponent = 0;
    double mantissa = 0.0;

    if (fabs(x) < 0x1p62)
        return ckks_mod_reduce_i64((int64_t)llrint(x), m);
    mantissa = frexp(
        x, &exponent); /* x = (mantissa 2^53) 2^(exponent - 53), the first factor an integer */
    return ckks_mod_mul(ckks_mod_reduce_i64((int64_t)ldexp(mantissa, 53), m),
                        ckks_mod_pow_var(2, (uint64_t)(exponent - 53), m), m);
}

/* lo matters only where hi is an integer, from 2^53 on. */
uint64_t ckks_eval_constant_residue(ckks_scale c, const ckks_mod *m)
{
    uint64_t r = round_residue(c.hi, m);

    return fabs(c.hi) < 0x1p53 ? r : ckks_mod_add(r, round_residue(c.lo, m), m->q);
}

/* What the rounding of a scaled constant is off by. */
static double constant_rounding(ckks_scale c)
{
    return fabs(c.hi) < 0x1p53 ? fabs(c.hi - rint(c.hi)) : fabs(c.lo - rint(c.lo));
}

ckks_status ckks_eval_add_const(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                                double x)
{
    ckks_scale c = {0.0, 0.0};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "add constant", out, a));
    CKKS_TRY(scale_constant(w, "add constant", &c, x, a->scale));
    if (fabs(c.hi) >= 1.0 && log2(fabs(c.hi)) >= ckks_context_log2_q(w->ctx, a->limbs) - 2.0) {
        st = ckks_worker_fail(w, CKKS_ERR_RANGE,
                              "add constant: %g at scale 2^%.2f does not fit %d limbs", x,
                              ckks_scale_log2(a->scale), a->limbs);
        goto out;
    }
    CKKS_PARALLEL_ROWS(w)
    for (int l = 0; l < a->limbs; l++) {
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        m->kernel->add_scalar(ckks_ciphertext_row(out, 0, l), ckks_ciphertext_row(a, 0, l),
                              ckks_eval_constant_residue(c, &m->mod), m->n, m);
    }
    copy_parts(out, a, 1);
    ckks_eval_set(out, a->limbs, a->parts, a->scale, a->magnitude + fabs(x),
                  ckks_noise_add(a->error, constant_rounding(c) / a->scale.hi));
out:
    return st;
}

ckks_status ckks_eval_mul_const(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *a,
                                double x, ckks_scale scale)
{
    ckks_scale c = {0.0, 0.0};
    ckks_scale product = {0.0, 0.0};
    ckks_status st = CKKS_OK;

    CKKS_TRY(ckks_eval_check_unary(w, "multiply by constant", out, a));
    if (!(scale.hi > 0.0 && scale.hi < 0x1p1000)) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG, "multiply by constant: a scale of %g", scale.hi);
        goto out;
    }
    CKKS_TRY(scale_constant(w, "multiply by constant", &c, x, scale));
    product = ckks_scale_mul(a->scale, scale);
    CKKS_TRY(ckks_eval_check_scale(w, "multiply by constant", a->limbs, product,
                                   a->magnitude * fabs(x)));
    CKKS_PARALLEL_ROWS(w)
    for (int i = 0; i < a->parts * a->limbs; i++) {
        int part = i / a->limbs;
        int l = i % a->limbs;
        const ckks_modulus *m = &w->ctx->ring.modulus[l];
        m->kernel->mul_scalar(ckks_ciphertext_row(out, part, l), ckks_ciphertext_row(a, part, l),
                              ckks_eval_constant_residue(c, &m->mod), m->n, m);
    }
    ckks_eval_set(out, a->limbs, a->parts, product, a->magnitude * fabs(x),
                  ckks_noise_mul(a->magnitude, a->error, fabs(x), constant_rounding(c) / scale.hi));
out:
    return st;
}

ckks_status ckks_eval_drop(ckks_worker *w, ckks_ciphertext *out, const ckks_ciphertext *in,
                           int limbs)
{
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    CKKS_TRY(ckks_eval_check(w, "drop", in));
    if (limbs < 1 || limbs > in->limbs) {
        st = ckks_worker_fail(w, CKKS_ERR_LEVEL, "drop: %d limbs of %d cannot be kept", limbs,
                              in->limbs);
        goto out;
    }
    CKKS_TRY(ckks_eval_check_room(w, "drop", out, limbs, in->parts));
    /* A seeded part 1 stays the expansion of its seed. */
    CKKS_TRY(ckks_ciphertext_copy_limbs(out, in, limbs));
out:
    return st;
}
