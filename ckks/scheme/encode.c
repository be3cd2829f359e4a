/* Vectors of slots to polynomials and back, by the canonical embedding.
 *
 * The real ring goes through the complex one of degree 2N and its N slots, all of them real: there
 * a_0 + sum of a_k (X^k + X^-k) has the coefficients a_k at k and -a_k at 2N - k, and 0 at N.
 *
 * At small scales, what rounding leaves of values in few slots is no noise: with one value v the
 * coefficients are v scale 2 / N cos(k theta), all of them rounded to 0 when v scale is below N/4,
 * and beyond that the value loses a share that falls as the power -3/2 of the amplitude. A dither,
 * uniform in [-1/2, 1/2) and added before, makes every coefficient right on average whatever the
 * others are, so that the error is white. It is drawn from the values: encoding stays a function of
 * them. Source: [WLVW00] section IV
 *
 * Floating point on the owner's own plaintext: not constant time (SECURITY.md). Scratch is wiped.
 */
#include "ckks/scheme/encode.h"

#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/ct.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/radix.h"
#include "ckks/scheme/noise.h"
#include "ckks/scheme/object.h"

/* The bits of |x|, which order doubles by size; infinities and what is no number come last. */
static uint64_t size_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits & (UINT64_MAX >> 1);
}

static double of_size(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The largest size among x. Four at a time: one comparison waits for the one before it. */
static uint64_t largest(const double *x, size_t count)
{
    uint64_t top[4] = {0, 0, 0, 0};

    for (size_t j = 0; j < count; j++) {
        uint64_t size = size_of(x[j]);

        top[j % 4] = size > top[j % 4] ? size : top[j % 4];
    }
    for (int k = 1; k < 4; k++)
        top[0] = top[k] > top[0] ? top[k] : top[0];
    return top[0];
}

/* At least the largest |re + i im|, and above it by less than 2^-49 of it; a value that is not
 * finite gives infinity. */
static double max_magnitude(const double *re, const double *im, size_t count)
{
    uint64_t parts = largest(re, count);
    double max = 0.0;
    double shrink = 0.0;
    int exponent = 0;

    if (im != NULL) {
        uint64_t other = largest(im, count);
        parts = other > parts ? other : parts;
    }
    max = of_size(parts);
    if (!(max < HUGE_VAL))
        return HUGE_VAL;
    if (im == NULL || max == 0.0)
        return max;
    /* Squares of values divided by a power of two near the largest part neither overflow nor are
     * the large ones lost. */
    (void)frexp(max, &exponent);
    shrink = ldexp(1.0, exponent > -1000 ? -exponent : 1000);
    parts = 0;
    for (size_t j = 0; j < count; j++) {
        double x = re[j] * shrink;
        double y = im[j] * shrink;
        uint64_t size = size_of(x * x + y * y);

        parts = size > parts ? size : parts;
    }
    /* Three roundings below a square root, and those of the root and of this product. */
    return sqrt(of_size(parts)) / shrink * (1.0 + 0x1p-50);
}

ckks_status ckks_encode_check_scale(ckks_worker *w, ckks_scale scale)
{
    if (!(scale.hi > 0.0 && scale.hi < 0x1p1000 && fabs(scale.lo) <= scale.hi * 0x1p-52))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "a scale of %g is not positive and finite",
                                scale.hi);
    return CKKS_OK;
}

/* A number that any change of a value changes. */
static uint64_t digest(uint64_t seed, const double *x, size_t count)
{
    for (size_t j = 0; x != NULL && j < count; j++) {
        uint64_t bits;

        memcpy(&bits, &x[j], sizeof bits);
        seed = (seed ^ bits ^ (bits >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return seed;
}

/* Shift n coefficients by what is uniform in [-1/2, 1/2) once they are scaled; the generator is
 * linear congruential, of which the high half is used. */
static void dither(double *x, size_t n, double scale, uint64_t seed)
{
    const double unit = 0x1p-32 / scale;

    for (size_t k = 0; k < n; k++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[k] += unit * ((double)(seed >> 32) - 0x1p31);
    }
}

ckks_status ckks_encode_coefs(ckks_worker *w, int64_t *coefs, double *magnitude, const double *re,
                              const double *im, size_t count, ckks_scale scale)
{
    const ckks_context *ctx = w->ctx;
    size_t mark = ckks_arena_mark(&w->arena);
    double max = max_magnitude(re, im, count);
    const size_t bytes = 2 * ctx->slots * sizeof(double); /* a row, or two */
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
    CKKS_TRY(ckks_worker_rows(w, &row, bytes / (ctx->n * sizeof *row)));
    x = (double *)(void *)row;
    y = x + ctx->slots;
    memset(x, 0, bytes);
    if (count > 0)
        memcpy(x, re, count * sizeof *x);
    if (im != NULL && count > 0)
        memcpy(y, im, count * sizeof *y);
    ckks_fft_inverse(&ctx->fft, x, y, ctx->slots);
    /* |coefficient| <= max|slot|: a coefficient is an average of real parts, each at most max,
     * times a root of unity. The real ring's N stand in x alone. */
    if (ckks_noise_dithers(ctx, scale))
        dither(x, ctx->n, scale.hi, digest(digest(0, re, count), im, count));
    ctx->ring.modulus[0].kernel->client->round(coefs, x, scale.hi, ctx->n);
    if (magnitude != NULL)
        *magnitude = max;
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}

static ckks_status check_encode(ckks_worker *w, const ckks_plaintext *out, const double *re,
                                const double *im, size_t count, int limbs, ckks_scale scale)
{
    if (out == NULL || (re == NULL && count > 0))
        return ckks_worker_fail(w, CKKS_ERR_ARG, "encode: a pointer is NULL");
    if (out->context_id != w->ctx->id)
        return ckks_worker_fail(w, CKKS_ERR_MISMATCH,
                                "encode: the plaintext is of other parameters than the worker");
    if (im != NULL && w->ctx->params.ring == CKKS_RING_REAL)
        return ckks_worker_fail(w, CKKS_ERR_ARG,
                                "encode: imaginary parts are given, and the real ring has none");
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
    CKKS_TRY(check_encode(w, out, re, im, count, limbs, scale));
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

/* The other half of the ring of twice the degree; see the head of this file. */
static void mirror_coefs(double *y, const double *x, size_t n)
{
    y[0] = 0.0;
    for (size_t k = 1; k < n; k++)
        y[k] = -x[n - k];
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
    CKKS_TRY(ckks_worker_rows(w, &row, 2 * ctx->slots / ctx->n));
    CKKS_TRY(ckks_worker_rows(w, &rows, (size_t)limbs));
    x = (double *)(void *)row;
    memcpy(rows, in->rows, (size_t)limbs * ctx->n * sizeof *rows);
    for (int l = 0; l < limbs; l++)
        ckks_ntt_inverse(&ctx->ring.modulus[l], rows + (size_t)l * ctx->n);
    ckks_radix_real(x, rows, ctx->ring.modulus, limbs, 1.0 / in->scale.hi);
    if (ctx->params.ring == CKKS_RING_REAL)
        mirror_coefs(x + ctx->n, x, ctx->n);
    ckks_fft_forward(&ctx->fft, x, x + ctx->slots, ctx->slots);
    if (count > 0)
        memcpy(re, x, count * sizeof *re);
    if (im != NULL && ctx->params.ring == CKKS_RING_REAL)
        memset(im, 0, count * sizeof *im);
    else if (im != NULL && count > 0)
        memcpy(im, x + ctx->slots, count * sizeof *im);
out:
    ckks_arena_release_wipe(&w->arena, mark);
    return st;
}
