/* Products and sums of 128 bits: the compiler's type where it has one, else two words.
 *
 * CKKS_U128_STRUCT forces the second form; both compute the same numbers. Sums wrap modulo 2^128.
 *
 * Time: constant, except ckks_u128_div_var.
 */
#ifndef UNSEEN_CKKS_WORD_U128_H
#define UNSEEN_CKKS_WORD_U128_H

#include <stdint.h>

#if defined(__SIZEOF_INT128__) && !defined(CKKS_U128_STRUCT)

__extension__ typedef unsigned __int128 ckks_u128;

/** hi * 2^64 + lo. */
static inline ckks_u128 ckks_u128_make(uint64_t hi, uint64_t lo)
{
    return (ckks_u128)hi << 64 | lo;
}

/** a * b, exact. */
static inline ckks_u128 ckks_u128_mul(uint64_t a, uint64_t b)
{
    return (ckks_u128)a * b;
}

static inline uint64_t ckks_u128_lo(ckks_u128 x)
{
    return (uint64_t)x;
}

static inline uint64_t ckks_u128_hi(ckks_u128 x)
{
    return (uint64_t)(x >> 64);
}

static inline ckks_u128 ckks_u128_add(ckks_u128 a, ckks_u128 b)
{
    return a + b;
}

/** floor(x / d) modulo 2^64, and the remainder.  Range: d > 0.  Time: variable, public data only */
static inline uint64_t ckks_u128_div_var(ckks_u128 x, uint64_t d, uint64_t *remainder)
{
    *remainder = (uint64_t)(x % d);
    return (uint64_t)(x / d);
}

#else

typedef struct ckks_u128 {
    uint64_t hi, lo;
} ckks_u128;

static inline ckks_u128 ckks_u128_make(uint64_t hi, uint64_t lo)
{
    ckks_u128 x = {hi, lo};
    return x;
}

static inline ckks_u128 ckks_u128_mul(uint64_t a, uint64_t b)
{
    uint64_t al = (uint32_t)a;
    uint64_t ah = a >> 32;
    uint64_t bl = (uint32_t)b;
    uint64_t bh = b >> 32;
    uint64_t ll = al * bl;
    uint64_t lh = al * bh;
    uint64_t hl = ah * bl;
    /* Three numbers below 2^32, and then hl + 2^32 - 1 <= (2^32-1)^2 + 2^33 - 2 < 2^64: no
     * overflow. */
    uint64_t middle = (ll >> 32) + (uint32_t)lh + hl;

    return ckks_u128_make(ah * bh + (lh >> 32) + (middle >> 32), middle << 32 | (uint32_t)ll);
}

static inline uint64_t ckks_u128_lo(ckks_u128 x)
{
    return x.lo;
}

static inline uint64_t ckks_u128_hi(ckks_u128 x)
{
    return x.hi;
}

static inline ckks_u128 ckks_u128_add(ckks_u128 a, ckks_u128 b)
{
    uint64_t lo = a.lo + b.lo;
    /* The carry out of a.lo + b.lo, without a comparison that could become a branch. */
    uint64_t carry = ((a.lo & b.lo) | ((a.lo | b.lo) & ~lo)) >> 63;

    return ckks_u128_make(a.hi + b.hi + carry, lo);
}

static inline uint64_t ckks_u128_div_var(ckks_u128 x, uint64_t d, uint64_t *remainder)
{
    uint64_t r = x.hi % d;
    uint64_t quotient = 0;

    for (int bit = 63; bit >= 0; bit--) {
        uint64_t over = r >> 63;
        r = r << 1 | (x.lo >> bit & 1);
        quotient <<= 1;
        if (over || r >= d) {
            r -= d;
            quotient |= 1;
        }
    }
    *remainder = r;
    return quotient;
}

#endif

/** Low word of x >> s.  Range: 0 < s < 64 */
static inline uint64_t ckks_u128_shr(ckks_u128 x, int s)
{
    return ckks_u128_lo(x) >> s | ckks_u128_hi(x) << (64 - s);
}

/** acc + a * b. */
static inline ckks_u128 ckks_u128_mac(ckks_u128 acc, uint64_t a, uint64_t b)
{
    return ckks_u128_add(acc, ckks_u128_mul(a, b));
}

/** acc + x. */
static inline ckks_u128 ckks_u128_add_u64(ckks_u128 acc, uint64_t x)
{
    return ckks_u128_add(acc, ckks_u128_make(0, x));
}

/** floor(a * b / 2^64). */
static inline uint64_t ckks_u128_mul_hi(uint64_t a, uint64_t b)
{
    return ckks_u128_hi(ckks_u128_mul(a, b));
}

#endif
