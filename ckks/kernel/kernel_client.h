/* The loops of a client (ckks_kernel_client in kernel.h) in plain C, for the file of each family:
 * its flags decide what vectors the compiler makes of them, and CKKS_FFT_LANES, which it defines
 * before this is included, those of the transforms (fft_passes.h). Nothing here branches on a
 * secret or indexes by one.
 *
 * Doubles: IEEE arithmetic in round to nearest, without fused operations; M = 1.5 * 2^52, so that
 * (t + M) - M is the integer nearest to t, ties to even, for |t| <= 2^51, and the bits of t + M are
 * those of M plus that integer.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_CLIENT_H
#define UNSEEN_CKKS_KERNEL_KERNEL_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ckks/base/ct.h"
#include "ckks/kernel/fft_passes.h"
#include "ckks/kernel/kernel.h"

#define CLIENT_ROUND 6755399441055744.0 /* M; magic: 3 * 2^51 */
#define CLIENT_WORD 4503599627370496.0  /* magic: 2^52 */

enum { CLIENT_COINS = 42 };

static inline uint64_t client_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double client_of_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Ones are counted in pairs, in fours, in bytes; then the bytes are added, at most 42. */
static inline void client_binomial(int8_t *out, const uint64_t *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t x = word[i] & ((UINT64_C(1) << CLIENT_COINS) - 1);

        x -= x >> 1 & UINT64_C(0x5555555555555555);
        x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
        x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
        x += x >> 8;
        x += x >> 16;
        x += x >> 32;
        out[i] = (int8_t)((int)(x & 0x7f) - CLIENT_COINS / 2);
    }
}

static inline size_t client_ternary(int8_t *out, const uint64_t *word, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t pairs = word[i];
        uint64_t keep = ~(pairs & pairs >> 1) & UINT64_C(0x5555555555555555);

        /* Whether a pair is skipped says nothing about the pairs that are kept. */
        CKKS_PUBLIC(&keep, sizeof keep);
        for (int k = 0; k < 32; k++, pairs >>= 2, keep >>= 2) {
            out[kept] = (int8_t)((int)(pairs & 3) - 1);
            kept += (size_t)(keep & 1);
        }
    }
    return kept;
}

/* y = x factor, |y| < 2^62, is cut at 2^32: the upper part, below 2^30, is the nearest integer to
 * y / 2^32, and what is left, exact and at most 2^31, is rounded; the upper part is even, so ties
 * go where they should. */
static inline void client_round(int64_t *out, const double *x, double factor, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double y = x[i] * factor;
        const double high = y * 0x1p-32 + CLIENT_ROUND;
        const double low = (y - (high - CLIENT_ROUND) * 0x1p32) + CLIENT_ROUND;
        const uint64_t upper = client_bits(high) - client_bits(CLIENT_ROUND);
        const uint64_t lower = client_bits(low) - client_bits(CLIENT_ROUND);

        out[i] = (int64_t)((upper << 32) + lower);
    }
}

/* The representative of a residue of q in [-(q-1)/2, (q-1)/2]: x / q is at least 1 / (2q) > 2^-48
 * away from 1/2, so its error of 2^-52 at most does not matter. All else is exact. */
static inline double client_centred(uint64_t x, double q, double q_inverse)
{
    const double d = client_of_bits(x | client_bits(CLIENT_WORD)) - CLIENT_WORD;
    const double k = (d * q_inverse + CLIENT_ROUND) - CLIENT_ROUND;

    return d - k * q;
}

/* Horner from the last digit. */
static inline void client_to_real(double *out, const uint64_t *const *digit, const uint64_t *q,
                                  size_t count, double factor, size_t n)
{
    for (size_t l = count; l-- > 0;) {
        const uint64_t *x = digit[l];
        const double base = (double)q[l];
        const double inverse = 1.0 / base;
        const double by = l == 0 ? factor : 1.0;

        if (l == count - 1) {
            for (size_t i = 0; i < n; i++)
                out[i] = client_centred(x[i], base, inverse) * by;
        } else {
            for (size_t i = 0; i < n; i++)
                out[i] = (out[i] * base + client_centred(x[i], base, inverse)) * by;
        }
    }
}

#ifdef CKKS_FFT_LANES

static inline void client_fft_forward(double *re, double *im, const double *wr, const double *wi,
                                      size_t slots)
{
    fft_forward((fft_rows){re, im}, (fft_roots){wr, wi}, slots);
}

static inline void client_fft_inverse(double *re, double *im, const double *wr, const double *wi,
                                      size_t slots)
{
    fft_inverse((fft_rows){re, im}, (fft_roots){wr, wi}, slots);
}

#endif
#endif
