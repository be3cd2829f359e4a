/* Loops over rows of the families that compute in double precision, and their table; see
 * kernel_fma.h for what they need and how they multiply.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_ROWS_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_ROWS_H

#include "ckks/kernel/kernel_fma_ntt.h"
#include "ckks/kernel/kernel_fma_pack.h"
#include "ckks/kernel/kernel_fma_real.h"

#ifdef CKKS_FMA_LANES

/* ------------------------------------------------------------------ place by place */

/* x - q when x >= q, else x.  Range: [0,2q) -> [0,q) */
FMA_INLINE vu fma_once(vu x, vu q)
{
    const vu t = v_word_sub(x, q);

    return v_pick(t, x, t);
}

static void fma_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                    const ckks_modulus *m)
{
    const vu q = v_set_word(m->q);

    for (size_t i = 0; i < n; i += LANES)
        v_store(out + i, fma_once(v_word_add(v_load(a + i), v_load(b + i)), q));
}

static void fma_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                    const ckks_modulus *m)
{
    const vu q = v_set_word(m->q);

    for (size_t i = 0; i < n; i += LANES) {
        const vu t = v_word_sub(v_load(a + i), v_load(b + i));

        v_store(out + i, v_pick(t, v_word_add(t, q), t));
    }
}

static void fma_neg(uint64_t *out, const uint64_t *a, size_t n, const ckks_modulus *m)
{
    const vu q = v_set_word(m->q);

    for (size_t i = 0; i < n; i += LANES) {
        const vu t = v_word_sub(v_set_word(0), v_load(a + i));

        v_store(out + i, v_pick(t, v_word_add(t, q), t));
    }
}

static void fma_add_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                           const ckks_modulus *m)
{
    const vu q = v_set_word(m->q);
    const vu all = v_set_word(w);

    for (size_t i = 0; i < n; i += LANES)
        v_store(out + i, fma_once(v_word_add(v_load(a + i), all), q));
}

static void fma_product(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                        const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    for (size_t i = 0; i < n; i += LANES) {
        const vd product = fma_mul_two(fma_load(a + i, &p), fma_load(b + i, &p), &p);

        v_store(out + i, fma_finish(product, &p));
    }
}

static void fma_mul_add(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
                        size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    for (size_t i = 0; i < n; i += LANES) {
        const vd product = fma_mul_two(fma_load(a + i, &p), fma_load(b + i, &p), &p);

        v_store(out + i, fma_canonical(v_add(product, fma_load(c + i, &p)), &p));
    }
}

static void fma_sub_mul_scalar(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
                               size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_factor f = fma_factor_of(w, &p);

    for (size_t i = 0; i < n; i += LANES) {
        const vd x = v_of_bits(v_or(v_load(a + i), p.word_bits));
        const vd y = v_of_bits(v_or(v_load(b + i), p.word_bits));

        v_store(out + i, fma_finish(fma_mul(v_sub(x, y), f, &p), &p));
    }
}

/* ------------------------------------------------------------------ any word
 * x = high 2^32 + low. The quotient of high 2^32 by q is an integer below 2^51 when q > 2^13, known
 * within 1/2 + 2^51 2^-53; so the remainder is at most 3/4 q in absolute value, and the sum with
 * low below 2^48. Smaller primes are left to the portable loops. */

enum { WORD_BITS = 14 }; /* of the smallest primes served here */

/* high = the word above or the bits of this; low by the bits of 2^52 in the upper half. */
typedef struct fma_split {
    vu high_bits;
    vd high;
} fma_split;

FMA_INLINE fma_split fma_split_unsigned(void)
{
    const fma_split s = {v_set_word(fma_bits(FMA_HIGH)), v_set(FMA_HIGH)};

    return s;
}

/* The upper half of x is high + 2^31 with the sign turned: exclusive-or, and subtract 2^63 more. */
FMA_INLINE fma_split fma_split_signed(void)
{
    const fma_split s = {v_set_word(fma_bits(FMA_HIGH) ^ UINT64_C(1) << 31),
                         v_set(FMA_HIGH + 9223372036854775808.0)}; /* magic: 2^63 */

    return s;
}

/* An integer that is x modulo q, below 2^48 in absolute value. */
FMA_INLINE vd fma_reduce_word(vu x, const fma_split *s, const fma_prime *p)
{
    const vd high = v_sub(v_of_bits(v_xor(v_upper(x), s->high_bits)), s->high);
    const vd low = v_sub(v_of_bits(v_with_upper(x, p->word_bits)), p->word);

    return v_add(fma_centre(high, p), low);
}

static void fma_mul_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                           const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_factor f = fma_factor_of(w, &p);
    const fma_split s = fma_split_unsigned();

    if (m->bits < WORD_BITS) {
        ckks_kernel_portable()->mul_scalar(out, a, w, n, m);
        return;
    }
    for (size_t i = 0; i < n; i += LANES) {
        const vd x = fma_reduce_word(v_load(a + i), &s, &p);

        v_store(out + i, fma_finish(fma_mul(x, f, &p), &p));
    }
}

static void fma_mul_scalar_add(uint64_t *out, const uint64_t *a, uint64_t w, const uint64_t *b,
                               size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_factor f = fma_factor_of(w, &p);
    const fma_split s = fma_split_unsigned();

    if (m->bits < WORD_BITS) {
        ckks_kernel_portable()->mul_scalar_add(out, a, w, b, n, m);
        return;
    }
    for (size_t i = 0; i < n; i += LANES) {
        const vd x = fma_reduce_word(v_load(a + i), &s, &p);

        v_store(out + i, fma_canonical(v_add(fma_mul(x, f, &p), fma_load(b + i, &p)), &p));
    }
}

static void fma_reduce(uint64_t *out, const uint64_t *x, size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_split s = fma_split_unsigned();

    if (m->bits < WORD_BITS) {
        ckks_kernel_portable()->reduce(out, x, n, m);
        return;
    }
    for (size_t i = 0; i < n; i += LANES)
        v_store(out + i, fma_canonical(fma_reduce_word(v_load(x + i), &s, &p), &p));
}

static void fma_reduce_i64(uint64_t *out, const int64_t *x, size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_split s = fma_split_signed();

    if (m->bits < WORD_BITS) {
        ckks_kernel_portable()->reduce_i64(out, x, n, m);
        return;
    }
    for (size_t i = 0; i < n; i += LANES)
        v_store(out + i, fma_canonical(fma_reduce_word(v_load_i64(x + i), &s, &p), &p));
}

static void fma_reduce_i8(uint64_t *out, const int8_t *x, size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    for (size_t i = 0; i < n; i += LANES) {
        const vd small = v_of_bits(v_word_add(v_load_i8(x + i), p.round_bits));

        v_store(out + i, fma_canonical(v_sub(small, p.round), &p));
    }
}

/* |x| < 2^46 once centred, and |x| / q < 2^42. */
static void fma_reduce_centred(uint64_t *out, const uint64_t *x, uint64_t from, size_t n,
                               const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const vu half = v_set_word(from / 2);
    const vu plain_bits = p.word_bits;
    const vu above_bits = v_set_word(fma_bits(FMA_WORD + (double)from));

    for (size_t i = 0; i < n; i += LANES) {
        const vu word = v_load(x + i);
        /* x > from / 2 makes the difference negative. */
        const vu offset = v_pick(v_word_sub(half, word), above_bits, plain_bits);
        const vd centred = v_sub(v_of_bits(v_or(word, p.word_bits)), v_of_bits(offset));

        v_store(out + i, fma_canonical(centred, &p));
    }
}

/* ------------------------------------------------------------------ rounding of a sum */

/* y 2^(51-b) C / 2^52 = y t < 2^51 with t = C 2^-(b+1), exact in 53 bits. 2^52 + y t is rounded to
 * an integer; how far that is above y t, at most 1/2, is a multiple of 2^-52 that fma gives, and
 * where it is above at all, one is taken off: the floor. The bits of the sums' 2^52 go at once. */
static void fma_round_quotient(uint64_t *v, const uint64_t *const *y, const uint64_t *c,
                               const int *bits, size_t count, size_t n)
{
    const vd word = v_set(FMA_WORD);
    const vu word_bits = v_set_word(fma_bits(FMA_WORD));
    const uint64_t start = (UINT64_C(1) << 49) - (uint64_t)count * fma_bits(FMA_WORD);

    for (size_t i = 0; i < n; i += LANES)
        v_store(v + i, v_set_word(start));
    for (size_t k = 0; k < count; k++) {
        const uint64_t *yk = y[k];
        const vd t = v_set((double)c[k] / (double)(UINT64_C(2) << bits[k]));

        for (size_t i = 0; i < n; i += LANES) {
            const vd x = v_sub(v_of_bits(v_or(v_load(yk + i), word_bits)), word);
            const vd rounded = v_fma(x, t, word);
            const vu above = v_positive(v_fnma(x, t, v_sub(rounded, word))); /* 0 or -1 */

            v_store(v + i, v_word_add(v_load(v + i), v_word_add(v_bits(rounded), above)));
        }
    }
    for (size_t i = 0; i < n; i += LANES)
        v_store(v + i, v_shift_50(v_load(v + i)));
}

/* The complete table; permute is the family's own. */
#define FMA_KERNEL(NAME, PERMUTE, CLIENT)                                                          \
    {                                                                                              \
        .name = (NAME), .max_prime = CKKS_MAX_PRIME, .client = (CLIENT), .quotient = fma_quotient, \
        .arrange = fma_arrange, .ntt_forward = fma_ntt_forward, .ntt_inverse = fma_ntt_inverse,    \
        .real_fold = fma_real_fold, .real_unfold = fma_real_unfold, .add = fma_add,                \
        .sub = fma_sub, .neg = fma_neg, .mul = fma_product, .mul_add = fma_mul_add,                \
        .add_scalar = fma_add_scalar, .mul_scalar = fma_mul_scalar,                                \
        .mul_scalar_add = fma_mul_scalar_add, .sub_mul_scalar = fma_sub_mul_scalar,                \
        .reduce = fma_reduce, .reduce_centred = fma_reduce_centred, .reduce_i64 = fma_reduce_i64,  \
        .reduce_i8 = fma_reduce_i8, .dot = fma_dot, .dot_add = fma_dot_add,                        \
        .dot_scalar = fma_dot_scalar, .round_quotient = fma_round_quotient, .permute = (PERMUTE),  \
        .dot_key = fma_dot_key, .dot_pair = fma_dot_pair,                                          \
        .dot_scalars = ckks_kernel_dot_scalars_each,                                               \
    }

#endif
#endif
