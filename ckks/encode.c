/* Vectors of slots to polynomials and back, by the canonical embedding.
 *
 * Floating point on the owner's own plaintext: not constant time (SECURITY.md). Scratch is wiped.
 */
#include "ckks/encode.h"

#include <math.h>
#include <string.h>

#include "ckks/check.h"
#include "ckks/ct.h"
#include "ckks/noise.h"
#include "ckks/ntt.h"
#include "ckks/object.h"
#include "ckks/wide.h"

/* Largest |re + i im|; a value that is not finite gives infinity. */
static double max_magnitude(const double *re, const double *im, size_t count)
{
    double max = 0.0;

    for (size_t j = 0; j < count; j++) {
        double x = im == NULL ? fabs(re[j]) : hypot(re[j], im[j]);
        if (!(x < HUGE_VAL))
            return HUGE_VAL;
        max = x > max ? x : max;
    }
    return max;
}

/* Nearest integers, ties to even, of x[i] * factor. */
static void round_scaled(int64_t *out, const double *x, size_t count, double factor, double bound)
{
    if (bound < 0x1p50) {
        /* Adding 1.5 2^52 leaves the nearest integer in the low bits of the sum: |x factor| <
         * 2^51. */
        for (size_t i = 0; i < count; i++) {
            double t = x[i] * factor + 0x1.8p52;
            out[i] = (int64_t)(t - 0x1.8p52);
        }
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = (int64_t)llrint(x[i] * factor);
}

ckks_status ckks_encode_check_scale(ckks_worker *w, ckks_scale scale)
{
    if (!(scale.hi > 0.0 && scale.hi < 0x1p1000 && fabs(scale.lo) <= scale.hi * 0x1p-52))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "a scale of %g is not positive and finite",
                                scale.hi);
    return CKKS_OK;
}

ckks_status ckks_encode_coefs(ckks_worker *w, int64_t *coefs, double *magnitude, const double *re,
                              const double *im, size_t count, ckks_scale scale)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    double max = max_magnitude(re, im, count);
    double *x = NULL;
    double *y = NULL;
    uint64_t *row = NULL;
    ckks_status st = CKKS_OK;

    if (!(max < HUGE_VAL))
        return ckks_worker_fail(w, CKKS_ERR_RANGE, "encode: a value is not a finite number");
    if (!(max * scale.hi < 0x1p62))
        return ckks_worker_fail(w, CKKS_ERR_RANGE,
                                "encode: the largest value times the scale 2^%.2f is above 2^62",
                                ckks_scale_log2(scale));
    CKKS_TRY(ckks_worker_rows(w, &row, 1));
    x = (double *)(void *)row;
    y = x + ctx->slots;
    memset(x, 0, ctx->n * sizeof *x);
    if (count > 0)
        if (count > 0)
            memcpy(x, re, count * sizeof *x);
    if (im != NULL && count > 0)
        memcpy(y, im, count * sizeof *y);
    ckks_fft_inverse(&ctx->fft, x, y, ctx->slots);
    /* |coefficient| <= max|slot|: a coefficient is an average of N/2 real parts, each at most
     * max, times a root of unity. */
    round_scaled(coefs, x, ctx->n, scale.hi, max * scale.hi);
    if (magnitude != NULL)
        *magnitude = max;
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

static ckks_status check_encode(ckks_worker *w, const ckks_plaintext *out, const double *re,
                                size_t count, int limbs, ckks_scale scale)
{
    if (out == NULL || (re == NULL && count > 0))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encode: a pointer is NULL");
    if (out->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "encode: the plaintext is of other parameters than the worker");
    if (count > w->ctx->slots)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encode: %zu values for %zu slots", count,
                                w->ctx->slots);
    if (limbs < 1 || limbs > w->ctx->params.q_count)
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encode: %d limbs, not 1..%d", limbs,
                                w->ctx->params.q_count);
    return ckks_encode_check_scale(w, scale);
}

ckks_status ckks_encode(ckks_worker *w, ckks_plaintext *out, const double *re, const double *im,
                        size_t count, int limbs, ckks_scale scale)
{
    const ckks_context *ctx = NULL;
    size_t mark = 0;
    double magnitude = 0.0;
    uint64_t *row = NULL;
    int64_t *coefs = NULL;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    ctx = w->ctx;
    mark = ckks_arena_mark(&w->arena);
    CKKS_TRY(check_encode(w, out, re, count, limbs, scale));
    CKKS_TRY(ckks_worker_rows(w, &row, 1));
    coefs = (int64_t *)(void *)row;
    CKKS_TRY(ckks_encode_coefs(w, coefs, &magnitude, re, im, count, scale));
    if (log2(magnitude) + ckks_scale_log2(scale) >= ckks_context_log2_q(ctx, limbs) - 2.0) {
        st = ckks_worker_fail(
            w, CKKS_ERR_RANGE,
            "encode: the largest value times the scale 2^%.2f is above Q/4 = 2^%.2f at %d limbs",
            ckks_scale_log2(scale), ckks_context_log2_q(ctx, limbs) - 2.0, limbs);
        goto out;
    }
    for (int l = 0; l < limbs; l++) {
        const ckks_modulus *m = &ctx->ring.modulus[l];
        m->kernel->reduce_i64(ckks_plaintext_row(out, l), coefs, ctx->n, m);
        ckks_ntt_forward(m, ckks_plaintext_row(out, l));
    }
    out->limbs = limbs;
    out->scale = scale;
    out->magnitude = magnitude;
    out->error = ckks_noise_encode(ctx, scale);
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

/* How many limbs determine the polynomial: the first whose product is 2^32 times what is known
 * of its size, at least two. A message larger than declared is thereby still decoded right. */
static int limbs_that_matter(const ckks_context *ctx, const ckks_plaintext *in)
{
    double log2_size = log2(in->magnitude + in->error) + ckks_scale_log2(in->scale);

    for (int l = 2; l < in->limbs; l++) {
        if (ckks_context_log2_q(ctx, l) >= log2_size + 32.0)
            return l;
    }
    return in->limbs;
}

/* Coefficients divided by the scale, as doubles; rows are the coefficient form of the first
 * limbs. */
static void real_coefs(const ckks_context *ctx, double *x, const uint64_t *rows, int limbs,
                       double scale)
{
    if (limbs == 1) {
        int64_t q = (int64_t)ctx->params.q[0];
        for (size_t i = 0; i < ctx->n; i++) {
            int64_t c = (int64_t)rows[i];
            /* all ones when c > q/2: centred without a branch */
            c -= q & ((q / 2 - c) >> 63);
            x[i] = (double)c / scale;
        }
    } else {
        ckks_wide_crt crt;
        ckks_wide_crt_init(&crt, ctx->params.q, limbs);
        for (size_t i = 0; i < ctx->n; i++)
            x[i] = ckks_wide_crt_real(&crt, rows + i, ctx->n) / scale;
    }
}

ckks_status ckks_decode(ckks_worker *w, double *re, double *im, size_t count,
                        const ckks_plaintext *in)
{
    const ckks_context *ctx = NULL;
    size_t mark = 0;
    uint64_t *rows = NULL;
    uint64_t *row = NULL;
    double *x = NULL;
    int limbs = 0;
    ckks_status st = CKKS_OK;

    if (w == NULL)
        return CKKS_ERR_ARG;
    ctx = w->ctx;
    mark = ckks_arena_mark(&w->arena);
    if (in == NULL || (re == NULL && count > 0) || count > ctx->slots || in->limbs < 1) {
        st = ckks_worker_fail(w, CKKS_ERR_ARG, "decode: no plaintext, or %zu values of %zu slots",
                              count, ctx->slots);
        goto out;
    }
    if (in->context_id != ctx->id) {
        st = ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                              "decode: the plaintext is of other parameters than the worker");
        goto out;
    }
    limbs = limbs_that_matter(ctx, in);
    CKKS_TRY(ckks_worker_rows(w, &row, 1));
    CKKS_TRY(ckks_worker_rows(w, &rows, (size_t)limbs));
    x = (double *)(void *)row;
    memcpy(rows, in->rows, (size_t)limbs * ctx->n * sizeof *rows);
    for (int l = 0; l < limbs; l++)
        ckks_ntt_inverse(&ctx->ring.modulus[l], rows + (size_t)l * ctx->n);
    real_coefs(ctx, x, rows, limbs, in->scale.hi);
    ckks_fft_forward(&ctx->fft, x, x + ctx->slots, ctx->slots);
    if (count > 0)
        memcpy(re, x, count * sizeof *re);
    if (im != NULL && count > 0)
        memcpy(im, x + ctx->slots, count * sizeof *im);
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}
