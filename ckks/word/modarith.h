/* Arithmetic on one residue modulo q.
 *
 * Range of q everywhere: odd, CKKS_MIN_PRIME <= q <= CKKS_MAX_PRIME < 2^46.8 (primality is needed
 * by ckks_mod_inv alone). The 17 spare bits of a word carry the lazy forms: a bound "in [0, kq)"
 * means k q < 2^64 as well.
 *
 * Two ways to multiply:
 *  - Barrett, any two residues: ckks_mod_reduce_u128, which takes sums of products as well.
 *  - Shoup, by a w that is used often, with its quotient w' = floor(w 2^64 / q):
 *    r = w y - floor(w' y / 2^64) q satisfies 0 <= r < q (1 + y / 2^64) for every word y, because
 *    w y / q - w' y / 2^64 = (w 2^64 / q - w') y / 2^64 lies in [0, y / 2^64).
 *    So r < 2q always, and r < q + 2^35 when y < 2^52.
 *
 * Time: constant unless the name ends in _var.
 */
#ifndef UNSEEN_CKKS_WORD_MODARITH_H
#define UNSEEN_CKKS_WORD_MODARITH_H

#include <stdint.h>

#include "ckks/base/ct.h"
#include "ckks/word/u128.h"

#define CKKS_MIN_PRIME UINT64_C(17)
#define CKKS_MAX_PRIME UINT64_C(122519099764612) /* magic: floor(2^46.8) */
#define CKKS_MAX_PRIME_BITS 47

/** q with its constants, made by ckks_mod_init. */
typedef struct ckks_mod {
    uint64_t q;
    uint64_t barrett; /* floor(2^(62+bits) / q), in (2^62, 2^63] */
    uint64_t one;     /* floor(2^64 / q), the Shoup quotient of 1 */
    uint64_t word;    /* 2^64 mod q */
    int bits;         /* 2^(bits-1) <= q < 2^bits */
} ckks_mod;

/** Constants of q.  Range: CKKS_MIN_PRIME <= q < 2^47.  Time: variable in q */
static inline ckks_mod ckks_mod_init(uint64_t q)
{
    ckks_mod m = {q, 0, 0, 0, 0};
    uint64_t ignored;

    while (q >> m.bits != 0)
        m.bits++;
    /* 2^(62+bits) = 2^(bits-2) * 2^64 */
    m.barrett = ckks_u128_div_var(ckks_u128_make(UINT64_C(1) << (m.bits - 2), 0), q, &ignored);
    m.one = ckks_u128_div_var(ckks_u128_make(1, 0), q, &m.word);
    return m;
}

/** r + q when r is negative as a signed word, else r.  Range: r in [-q,q) modulo 2^64 -> [0,q) */
static inline uint64_t ckks_mod_wrap(uint64_t r, uint64_t q)
{
    /* Without the barrier clang 14 makes a branch of -a. */
    return r + (q & ckks_ct_barrier_u64(0 - (r >> 63)));
}

/** x - q when x >= q, else x.  Range: x in [0,2q) -> [0,q) */
static inline uint64_t ckks_mod_once(uint64_t x, uint64_t q)
{
    return ckks_mod_wrap(x - q, q);
}

/** a + b.  Range: [0,q), [0,q) -> [0,q) */
static inline uint64_t ckks_mod_add(uint64_t a, uint64_t b, uint64_t q)
{
    return ckks_mod_once(a + b, q);
}

/** a - b.  Range: [0,q), [0,q) -> [0,q) */
static inline uint64_t ckks_mod_sub(uint64_t a, uint64_t b, uint64_t q)
{
    return ckks_mod_wrap(a - b, q);
}

/** -a.  Range: [0,q) -> [0,q) */
static inline uint64_t ckks_mod_neg(uint64_t a, uint64_t q)
{
    return ckks_mod_sub(0, a, q);
}

/** v mod q.
 *
 *  Range:   v < 2^58.8 * q (so: sums of 4096 products of two residues of primes <= CKKS_MAX_PRIME,
 *           one of them modulo q, and a little more) -> [0,q)
 *
 *  With b = bits: t = floor(v / 2^(b-2)) < 2^(b+58.8) / 2^(b-2) < 2^60.9, g = floor(t mu / 2^64).
 *  v/q - t mu / 2^64 is at most 2^(b-2)/q (from t) + t / 2^64 (from mu) < 1/2 + 1/8, the last floor
 *  adds less than 1: so 0 <= v - g q < 1.625 q, and one subtraction is enough.
 */
static inline uint64_t ckks_mod_reduce_u128(ckks_u128 v, const ckks_mod *m)
{
    uint64_t t = ckks_u128_shr(v, m->bits - 2);
    uint64_t g = ckks_u128_mul_hi(t, m->barrett);

    return ckks_mod_once(ckks_u128_lo(v) - g * m->q, m->q);
}

/** x mod q.  Range: any word -> [0,q) */
static inline uint64_t ckks_mod_reduce_u64(uint64_t x, const ckks_mod *m)
{
    /* Shoup by 1: r < 2q. */
    return ckks_mod_once(x - ckks_u128_mul_hi(x, m->one) * m->q, m->q);
}

/** x mod q for a signed x.  Range: any int64 -> [0,q) */
static inline uint64_t ckks_mod_reduce_i64(int64_t x, const ckks_mod *m)
{
    uint64_t sign = ckks_ct_mask_bit((uint64_t)x >> 63);
    uint64_t magnitude = ((uint64_t)x ^ sign) - sign;
    uint64_t r = ckks_mod_reduce_u64(magnitude, m);
    uint64_t negated = ckks_mod_neg(r, m->q);

    return (r & ~sign) | (negated & sign);
}

/** a * b.  Range: a, b in [0,4q) -> [0,q) */
static inline uint64_t ckks_mod_mul(uint64_t a, uint64_t b, const ckks_mod *m)
{
    return ckks_mod_reduce_u128(ckks_u128_mul(a, b), m);
}

/** Shoup quotient floor(w 2^64 / q).  Range: w in [0,q)
 *
 *  2^64 = one * q + word, so w 2^64 / q = w one + w word / q, and the second term is Barrett's g or
 *  g + 1.
 */
static inline uint64_t ckks_mod_shoup(uint64_t w, const ckks_mod *m)
{
    ckks_u128 v = ckks_u128_mul(w, m->word);
    uint64_t g = ckks_u128_mul_hi(ckks_u128_shr(v, m->bits - 2), m->barrett);
    uint64_t r = ckks_u128_lo(v) - g * m->q - m->q;

    return w * m->one + g + (1 - (r >> 63));
}

/** w * y, lazily.  Range: w in [0,q), y any word -> [0,2q), below q + 2^35 when y < 2^52 */
static inline uint64_t ckks_mod_mul_shoup_lazy(uint64_t y, uint64_t w, uint64_t w_shoup, uint64_t q)
{
    return w * y - ckks_u128_mul_hi(w_shoup, y) * q;
}

/** w * y.  Range: w in [0,q), y any word -> [0,q) */
static inline uint64_t ckks_mod_mul_shoup(uint64_t y, uint64_t w, uint64_t w_shoup, uint64_t q)
{
    return ckks_mod_once(ckks_mod_mul_shoup_lazy(y, w, w_shoup, q), q);
}

/** base^exponent.  Range: base in [0,q) -> [0,q).  Time: variable in the exponent */
static inline uint64_t ckks_mod_pow_var(uint64_t base, uint64_t exponent, const ckks_mod *m)
{
    uint64_t r = 1;

    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1)
            r = ckks_mod_mul(r, base, m);
        base = ckks_mod_mul(base, base, m);
    }
    return r;
}

/** 1 / a, 0 for a = 0; q prime.  Range: [0,q) -> [0,q).  Time: variable in q, not in a */
static inline uint64_t ckks_mod_inv(uint64_t a, const ckks_mod *m)
{
    return ckks_mod_pow_var(a, m->q - 2, m);
}

#endif
