/* Inside the AVX-512 family: eight residues a vector, the 52-bit multipliers of IFMA. Only the
 * files of the family include it, compiled with its flags; for all others it is empty.
 *
 * A number stands for its low 52 bits; what lies above them in a lane is of no account, because the
 * multipliers read 52 bits and sums of 64 bits agree with sums of 52. settle() cuts it off.
 *
 * With w' = floor(w 2^52 / q) and Q = floor(w' y / 2^52), the product w y - Q q lies in [0,2q) for
 * every y < 2^52: w y / q - w' y / 2^52 = (w 2^52 / q - w') y / 2^52 lies in [0, y / 2^52).
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_AVX512_H
#define UNSEEN_CKKS_KERNEL_KERNEL_AVX512_H

#include "ckks/kernel/kernel.h"

#if defined(CKKS_KERNEL_AVX512)

#include <immintrin.h>

/* Slots of the family that stand in files of their own: the transforms with the layout of their
 * tables, and the products that stream packed rows. */
void ckks_kernel_avx512_arrange(ckks_modulus *m);
void ckks_kernel_avx512_ntt_forward(uint64_t *a, const ckks_modulus *m);
void ckks_kernel_avx512_ntt_inverse(uint64_t *a, const ckks_modulus *m);
void ckks_kernel_avx512_real_fold(uint64_t *a, const ckks_modulus *m);
void ckks_kernel_avx512_real_unfold(uint64_t *a, const ckks_modulus *m);
void ckks_kernel_avx512_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *p,
                                size_t first, size_t n, const ckks_modulus *m);
void ckks_kernel_avx512_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x,
                                 const uint16_t *pick, const uint8_t *y, size_t count, size_t n,
                                 const ckks_modulus *m);

void ckks_kernel_avx512_dot_scalars(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                                    const uint64_t *const *w, size_t count, size_t n,
                                    const ckks_modulus *m);

#define INLINE static inline __attribute__((always_inline))

typedef __m512i vec;

enum { LANES = 8 };

INLINE vec all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

INLINE vec load(const uint64_t *p)
{
    return _mm512_load_si512(p);
}

INLINE void store(uint64_t *p, vec x)
{
    _mm512_store_si512(p, x);
}

INLINE vec add(vec a, vec b)
{
    return _mm512_add_epi64(a, b);
}

INLINE vec sub(vec a, vec b)
{
    return _mm512_sub_epi64(a, b);
}

/* sum + the low 52 bits of a * b. */
INLINE vec low(vec sum, vec a, vec b)
{
    return _mm512_madd52lo_epu64(sum, a, b);
}

/* sum + the high 52 bits of a * b. */
INLINE vec high(vec sum, vec a, vec b)
{
    return _mm512_madd52hi_epu64(sum, a, b);
}

/* x - bound when x >= bound, else x; x - bound wraps far above x otherwise. */
INLINE vec once(vec x, vec bound)
{
    return _mm512_min_epu64(x, sub(x, bound));
}

/* x + q when x is negative, else x.  Range: [-q,q) of 64-bit words */
INLINE vec wrap(vec x, vec q)
{
    return _mm512_min_epu64(x, add(x, q));
}

typedef struct prime {
    vec q, minus; /* q and 2^52 - q */
    vec barrett;  /* floor(2^52 / q) */
    vec mask;     /* 2^52 - 1 */
} prime;

INLINE prime prime_of(const ckks_modulus *m)
{
    prime p;

    p.q = all(m->q);
    p.minus = all((UINT64_C(1) << 52) - m->q);
    p.barrett = all(m->mod.one >> 12);
    p.mask = all((UINT64_C(1) << 52) - 1);
    return p;
}

/* x mod 2^52 below 2q -> [0,q). */
INLINE vec settle(vec x, const prime *p)
{
    return once(_mm512_and_si512(x, p->mask), p->q);
}

/* The same from 4q, and from 8q. */
INLINE vec settle4(vec x, const prime *p)
{
    return once(once(_mm512_and_si512(x, p->mask), add(p->q, p->q)), p->q);
}

INLINE vec settle8(vec x, const prime *p)
{
    const vec twice = add(p->q, p->q);

    return once(once(once(_mm512_and_si512(x, p->mask), add(twice, twice)), twice), p->q);
}

/* x mod 2^52 -> congruent, in [0, (1 + x / 2^52) q). */
INLINE vec barrett(vec x, const prime *p)
{
    return low(x, high(_mm512_setzero_si512(), x, p->barrett), p->minus);
}

typedef struct factor {
    vec w, quotient;
} factor;

/* y * f in [0,2q). */
INLINE vec product(vec y, factor f, const prime *p)
{
    const vec zero = _mm512_setzero_si512();

    return low(low(zero, y, f.w), high(zero, y, f.quotient), p->minus);
}

INLINE factor factor_of(uint64_t w, const ckks_mod *m)
{
    factor f;

    f.w = all(w);
    f.quotient = all(ckks_mod_shoup(w, m) >> 12);
    return f;
}

/* 2^52, by which the high halves of products count. */
INLINE factor factor_top(const ckks_mod *m)
{
    return factor_of(ckks_mod_reduce_u64(UINT64_C(1) << 52, m), m);
}

/* Whether what one row of an operation reads is too much for the second cache: then it is asked for
 * ahead of its use. In smaller rings that costs more than it brings. */
INLINE int is_far(const ckks_modulus *m)
{
    return m->log_n >= 14;
}

/* Words that will be read: no access, so it may lie past the row. */
INLINE void fetch(const uint64_t *p, size_t ahead, size_t n)
{
    const uintptr_t at = (uintptr_t)p + ahead * sizeof *p;

    for (uintptr_t i = 0; i < n * sizeof *p; i += 64)
        _mm_prefetch((const void *)(at + i), _MM_HINT_T0);
}

/* A sum of products by halves: low + 2^52 high. */
typedef struct sums {
    vec low, high;
} sums;

INLINE void gather_term(sums *s, vec x, vec y)
{
    s->low = low(s->low, x, y);
    s->high = high(s->high, x, y);
}

/* The sum of both below 2^52 times 2^52, to the same modulo q mod 2^52 in [0,4q): below 2q each by
 * Barrett and by the factor 2^52. */
INLINE vec fold_sums(sums s, factor top, const prime *p)
{
    const vec upper = add(s.high, _mm512_srli_epi64(s.low, 52));
    const vec zero = _mm512_setzero_si512();
    const vec quotient = high(high(zero, s.low, p->barrett), upper, top.quotient);

    return low(low(s.low, upper, top.w), quotient, p->minus);
}

/* `rows` = 1, 2, 4 or 8 vectors, stride words apart; a constant of the call. */
INLINE void load_rows(vec *x, const uint64_t *a, size_t stride, int rows)
{
    x[0] = load(a);
    if (rows > 1)
        x[1] = load(a + stride);
    if (rows > 2) {
        x[2] = load(a + 2 * stride);
        x[3] = load(a + 3 * stride);
    }
    if (rows > 4) {
        x[4] = load(a + 4 * stride);
        x[5] = load(a + 5 * stride);
        x[6] = load(a + 6 * stride);
        x[7] = load(a + 7 * stride);
    }
}

INLINE void store_rows(uint64_t *a, const vec *x, size_t stride, int rows)
{
    store(a, x[0]);
    if (rows > 1)
        store(a + stride, x[1]);
    if (rows > 2) {
        store(a + 2 * stride, x[2]);
        store(a + 3 * stride, x[3]);
    }
    if (rows > 4) {
        store(a + 4 * stride, x[4]);
        store(a + 5 * stride, x[5]);
        store(a + 6 * stride, x[6]);
        store(a + 7 * stride, x[7]);
    }
}

/* The sixteen lanes of two vectors, dealt like two halves of a pack of cards; four times is
 * nothing. Coefficients 0-7 and 8-15 become pairs at distance 4 of 2 blocks by turns, then pairs at
 * distance 2 of 4 blocks, then pairs of neighbours of 8 blocks, then what they were. */
INLINE void shuffle(vec *x, vec *y)
{
    const vec first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const vec second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    const vec t = _mm512_permutex2var_epi64(*x, first, *y);

    *y = _mm512_permutex2var_epi64(*x, second, *y);
    *x = t;
}

/* Its inverse. */
INLINE void unshuffle(vec *x, vec *y)
{
    const vec even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    const vec odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    const vec t = _mm512_permutex2var_epi64(*x, even, *y);

    *y = _mm512_permutex2var_epi64(*x, odd, *y);
    *x = t;
}

#endif

#endif
