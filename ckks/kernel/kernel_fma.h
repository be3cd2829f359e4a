/* The hot loops in double precision with fused multiply-add, on the library's own primes.
 *
 * A file kernel_NAME.c includes kernel_fma_rows.h, which brings the others, after it has defined
 * CKKS_FMA_LANES and, for vectors of so many lanes, the types vd (doubles) and vu (words) and the
 * functions v_...; it then has the table FMA_KERNEL. Without CKKS_FMA_LANES all is empty. Here:
 * numbers, factors and tables; kernel_fma_ntt.h: transforms; kernel_fma_rows.h: all else.
 *
 * Residues are words in [0,q) in memory and integers in doubles in registers. All that follows
 * needs strict IEEE arithmetic in round to nearest, where a sum, a product or an fma is exact when
 * its true value is an integer below 2^53 in absolute value, or that times a power of two.
 *
 * Notation: q < 2^46.8; |q_inverse - 1/q| <= 2^-53 / q; M = 1.5 * 2^52, so that (t + M) - M is the
 * integer nearest to t for |t| <= 2^51, and the bits of i + M are those of M plus i, for an integer
 * |i| <= 2^51. No value is ever denormal, infinite or NaN, and time does not depend on values.
 *
 * Product by a constant w in [0,q) with w' = w/q rounded (|w' - w/q| <= 2^-54), |y| <= 2^51:
 *    c = nearest(y w'): |c - y w / q| <= 1/2 + |y| 2^-54 <= 1/2 + 1/8
 *    h = y w rounded, an integer below 2^98 with h - y w an integer of at most 2^44: fma gives it
 *    d = h - c q is an integer of at most 5/8 q + 2^44 < 2^53: fma gives it
 *    y w - c q = d - (h - y w), at most 5/8 q in absolute value.
 *
 * Indices: i block or place, j place in a block, k vector or term.
 * Source: [Har14] for lazy butterflies; the product is Dekker's with fma
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_H

#include <string.h>

#include "ckks/base/check.h"
#include "ckks/kernel/kernel.h"
#include "ckks/kernel/pack.h"

#ifdef CKKS_FMA_LANES

#define FMA_ROUND 6755399441055744.0          /* M; magic: 3 * 2^51 */
#define FMA_WORD 4503599627370496.0           /* magic: 2^52 */
#define FMA_HIGH 19342813113834066795298816.0 /* magic: 2^84 */

/* All of a loop is to be in one function, and short loops over a few vectors written out: arrays of
 * vectors are registers then. gcc does so by itself at -O3 only. */
#define FMA_INLINE static inline __attribute__((always_inline))
#if defined(__GNUC__) && !defined(__clang__)
#define FMA_UNROLLED _Pragma("GCC unroll 8")
#else
#define FMA_UNROLLED
#endif

enum { LANES = CKKS_FMA_LANES, FMA_SMALLEST = LANES > 4 ? 256 : 128 };

/* The constants of a prime in all lanes; half is (q - 1) / 2. */
typedef struct fma_prime {
    vd q, q_inverse, half, round;
    vu q_word, round_bits, word_bits;
    vd word;
} fma_prime;

/* A constant factor in all lanes, or one in each: w and w / q. */
typedef struct fma_factor {
    vd w, quotient;
} fma_factor;

FMA_INLINE uint64_t fma_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* For CKKS_VERIFY. */
FMA_INLINE int fma_rounds_to_nearest(void)
{
    volatile double tiny = 0.75 / FMA_WORD; /* over half of what parts 1 from the next double */

    return 1 + tiny > 1 && 1 + tiny / 2 == 1;
}

FMA_INLINE fma_prime fma_prime_of(const ckks_modulus *m)
{
    const double q = (double)m->q;
    const fma_prime p = {v_set(q),
                         v_set(1 / q),
                         v_set((double)(m->q / 2)),
                         v_set(FMA_ROUND),
                         v_set_word(m->q),
                         v_set_word(fma_bits(FMA_ROUND)),
                         v_set_word(fma_bits(FMA_WORD)),
                         v_set(FMA_WORD)};

    return p;
}

/* Words below 2^52 as doubles: the bits of 2^52 + x are those of 2^52 or x. */
FMA_INLINE vd fma_of_words(vu x, const fma_prime *p)
{
    return v_sub(v_of_bits(v_or(x, p->word_bits)), p->word);
}

FMA_INLINE vd fma_load(const uint64_t *a, const fma_prime *p)
{
    return fma_of_words(v_load(a), p);
}

/* A word w in [0,q) in all lanes. The division by q is a product here: |quotient - w/q| < 2^-52. */
FMA_INLINE fma_factor fma_factor_of(uint64_t w, const fma_prime *p)
{
    const vd x = fma_of_words(v_set_word(w), p);
    const fma_factor f = {x, v_mul(x, p->q_inverse)};

    return f;
}

/* y * f.w modulo q.  Range: |y| <= 2^51 -> at most 5/8 q in absolute value; for a factor of
 * fma_factor_of and |y| <= 2^49 too, since c is then as near. */
FMA_INLINE vd fma_mul(vd y, fma_factor f, const fma_prime *p)
{
    const vd c = v_sub(v_fma(y, f.quotient, p->round), p->round);
    const vd h = v_mul(y, f.w);
    const vd low = v_fnma(y, f.w, h);

    return v_sub(v_fnma(c, p->q, h), low);
}

/* Two products as fma_mul gives them, step by step together, since one is a chain. */
FMA_INLINE void fma_mul_abreast(vd *y0, fma_factor f0, vd *y1, fma_factor f1, const fma_prime *p)
{
    const vd h0 = v_mul(*y0, f0.w);
    const vd h1 = v_mul(*y1, f1.w);
    vd c0 = v_fma(*y0, f0.quotient, p->round);
    vd c1 = v_fma(*y1, f1.quotient, p->round);
    const vd low0 = v_fnma(*y0, f0.w, h0);
    const vd low1 = v_fnma(*y1, f1.w, h1);

    c0 = v_sub(c0, p->round);
    c1 = v_sub(c1, p->round);
    *y0 = v_sub(v_fnma(c0, p->q, h0), low0);
    *y1 = v_sub(v_fnma(c1, p->q, h1), low1);
}

/* a * b modulo q.  Range: 0 <= a, b < q -> at most 5/8 q in absolute value
 * h and 1/q are rounded: |c - a b / q| <= 1/2 + 2 * 2^-53 * 2^46.8 < 5/8. */
FMA_INLINE vd fma_mul_two(vd a, vd b, const fma_prime *p)
{
    const vd h = v_mul(a, b);
    const vd low = v_fnma(a, b, h);
    const vd c = v_sub(v_fma(h, p->q_inverse, p->round), p->round);

    return v_sub(v_fnma(c, p->q, h), low);
}

/* x modulo q, near 0, for an integer x.  Range: |x| <= 2^51 q -> at most (1/2 + |x| 2^-53 / q) q in
 * absolute value, so 3/4 q always and 5/8 q for |x| <= 2^50 q. */
FMA_INLINE vd fma_centre(vd x, const fma_prime *p)
{
    return v_fnma(v_sub(v_fma(x, p->q_inverse, p->round), p->round), p->q, x);
}

/* The residue in [0,q) of an integer in (-q,q). Takes -0 for 0, as 0 + M is M for both. */
FMA_INLINE vu fma_finish(vd x, const fma_prime *p)
{
    const vu t = v_word_sub(v_bits(v_add(x, p->round)), p->round_bits);

    return v_pick(t, v_word_add(t, p->q_word), t);
}

/* The residue in [0,q).  Range: |x| <= 2^51
 * For x = c q + r the quotient of x - (q - 1) / 2 by q is at least 1 / (2 q) nearer to c than 1/2,
 * and is off by less than 2^52 2^-53 / q: c is exact. */
FMA_INLINE vu fma_canonical(vd x, const fma_prime *p)
{
    const vd c = v_sub(v_fma(v_sub(x, p->half), p->q_inverse, p->round), p->round);

    return v_xor(v_bits(v_fnma(c, p->q, v_add(x, p->word))), p->word_bits);
}

/* ------------------------------------------------------------------ tables */

/* Never of a secret: a division may take a time of its own. */
static uint64_t fma_quotient(uint64_t w, const ckks_mod *m)
{
    return fma_bits((double)w / (double)m->q);
}

/* The factors of a layer of places `span` apart, within a vector: group by group of LANES vectors,
 * the first factor of each vector, LANES factors w and then their LANES quotients, then the second
 * of each, and so on. */
static void fma_arrange_lanes(ckks_twiddle *t, size_t count, size_t span)
{
    const size_t rows = LANES / (2 * span);
    uint64_t plain[LANES * LANES];

    for (size_t i = 0; i < count; i += LANES * rows) {
        for (size_t b = 0; b < rows; b++) {
            for (size_t lane = 0; lane < LANES; lane++) {
                plain[2 * LANES * b + lane] = t[i + lane * rows + b].w;
                plain[2 * LANES * b + LANES + lane] = t[i + lane * rows + b].quotient;
            }
        }
        memcpy(&t[i], plain, 2 * LANES * rows * sizeof plain[0]);
    }
}

/* w becomes a double. */
static void fma_arrange_table(ckks_twiddle *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        table[i].w = fma_bits((double)table[i].w);
    for (size_t span = 1; span < LANES; span *= 2)
        fma_arrange_lanes(table + n / (2 * span), n / (2 * span), span);
}

/* Transforms of less than FMA_SMALLEST places are left to the portable loops, with their tables. */
static void fma_arrange_small(ckks_modulus *m)
{
    for (size_t i = 0; i < m->n; i++) {
        m->forward[i].quotient = ckks_kernel_portable()->quotient(m->forward[i].w, &m->mod);
        m->inverse[i].quotient = ckks_kernel_portable()->quotient(m->inverse[i].w, &m->mod);
    }
}

static void fma_arrange(ckks_modulus *m)
{
    if (m->n < FMA_SMALLEST) {
        fma_arrange_small(m);
        return;
    }
    fma_arrange_table(m->forward, m->n);
    fma_arrange_table(m->inverse, m->n);
}

FMA_INLINE fma_factor fma_factor_all(const ckks_twiddle *t)
{
    const fma_factor f = {v_of_bits(v_set_word(t->w)), v_of_bits(v_set_word(t->quotient))};

    return f;
}

/* Where the factors for place `first` and on are, in the layer of places `span` apart. */
FMA_INLINE const uint64_t *fma_factors_of_lanes(const ckks_twiddle *table, size_t span,
                                                size_t first, const ckks_modulus *m)
{
    const uint64_t *words = (const void *)table;

    return words + (m->n + first) / span;
}

/* The k-th factors of the vectors of a group, from there on. */
FMA_INLINE fma_factor fma_factor_each(const uint64_t *t, size_t k)
{
    const fma_factor f = {v_of_bits(v_load(t + 2 * LANES * k)),
                          v_of_bits(v_load(t + 2 * LANES * k + LANES))};

    return f;
}

#endif
#endif
