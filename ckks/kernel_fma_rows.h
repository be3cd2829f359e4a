/* Loops over rows of the families that compute in double precision, and their table; see
 * kernel_fma.h for what they need and how they multiply.
 */
#ifndef UNSEEN_CKKS_KERNEL_FMA_ROWS_H
#define UNSEEN_CKKS_KERNEL_FMA_ROWS_H

#include "ckks/kernel_fma_ntt.h"

#ifdef CKKS_FMA_LANES

/* ------------------------------------------------------------------ place by place */

/* x - q when x >= q, else x.  Range: [0,2q) -> [0,q) */
static inline vu fma_once(vu x, vu q)
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

static inline fma_split fma_split_unsigned(void)
{
    const fma_split s = {v_set_word(fma_bits(FMA_HIGH)), v_set(FMA_HIGH)};

    return s;
}

/* The upper half of x is high + 2^31 with the sign turned: exclusive-or, and subtract 2^63 more. */
static inline fma_split fma_split_signed(void)
{
    const fma_split s = {v_set_word(fma_bits(FMA_HIGH) ^ UINT64_C(1) << 31),
                         v_set(FMA_HIGH + 9223372036854775808.0)}; /* magic: 2^63 */

    return s;
}

/* An integer that is x modulo q, below 2^48 in absolute value. */
static inline vd fma_reduce_word(vu x, const fma_split *s, const fma_prime *p)
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

/* ------------------------------------------------------------------ sums of products
 * Two sums: high starts at C = 2^98 and takes the products; what its rounding loses goes to low.
 * Bound: TERMS products of x < 2^46.8 and y < q sum to less than 2^4 2^46.8 q < 2^97.6, so high
 * stays in [2^98,2^99), where doubles are the multiples of 2^46: high + x y is off by at most 2^45,
 * and this difference is an integer that fma gives exactly; |low| <= 2^4 2^45 = 2^49.
 * Then high - C is at most 2^50.8 q + 2^49, its quotient by q below 2^51 and its remainder by
 * fma_centre at most 3/4 q; with low and the remainder so far, below 5/8 q, it is below 2^50. */

enum { TILE = 256, STEP = 4, TERMS = 16 };

#define FMA_SUM 316912650057057350374175801344.0 /* C; magic: 2^98 */

typedef struct fma_sum {
    vd high, low;
} fma_sum;

static inline void fma_sum_add(fma_sum *s, vd x, vd y)
{
    const vd high = v_fma(x, y, s->high);

    /* The second term is (high - s->high) - x y. */
    s->low = v_sub(s->low, v_fnma(x, y, v_sub(high, s->high)));
    s->high = high;
}

/* The sum modulo q, plus rest.  Range: |rest| <= 2q -> below 2^50 */
static inline vd fma_sum_reduce(fma_sum s, vd rest, const fma_prime *p)
{
    return v_add(fma_centre(v_sub(s.high, v_set(FMA_SUM)), p), v_add(s.low, rest));
}

/* The rows of a sum; y or w is NULL. */
typedef struct fma_rows {
    const uint64_t *const *x;
    const uint64_t *const *y;
    const uint64_t *w;
} fma_rows;

/* Terms k to k + terms - 1 at place i, for a constant number of terms, and w or not a constant. */
static inline void fma_sum_terms(fma_sum *s, const fma_rows *r, size_t k, size_t i, size_t terms,
                                 const fma_prime *p)
{
    for (size_t t = k; t < k + terms; t++) {
        const vd y = r->y == NULL ? fma_of_words(v_set_word(r->w[t]), p) : fma_load(r->y[t] + i, p);

        fma_sum_add(s, fma_load(r->x[t] + i, p), y);
    }
}

/* The sums and the remainders so far of TILE places wait in cache, so that few rows are read at a
 * time, and each in order. */
typedef struct fma_tile {
    _Alignas(64) uint64_t high[TILE];
    _Alignas(64) uint64_t low[TILE];
    _Alignas(64) uint64_t rest[TILE];
} fma_tile;

static inline void fma_tile_terms(fma_tile *tile, const fma_rows *r, size_t k, size_t base,
                                  size_t length, size_t terms, const fma_prime *p)
{
    for (size_t i = 0; i < length; i += LANES) {
        fma_sum s = {v_of_bits(v_load(tile->high + i)), v_of_bits(v_load(tile->low + i))};

        fma_sum_terms(&s, r, k, base + i, terms, p);
        v_store(tile->high + i, v_bits(s.high));
        v_store(tile->low + i, v_bits(s.low));
    }
}

/* The sums join the remainders and begin again. */
static void fma_tile_reduce(fma_tile *tile, size_t length, const fma_prime *p)
{
    for (size_t i = 0; i < length; i += LANES) {
        const fma_sum s = {v_of_bits(v_load(tile->high + i)), v_of_bits(v_load(tile->low + i))};
        const vd rest = fma_sum_reduce(s, v_of_bits(v_load(tile->rest + i)), p);

        v_store(tile->rest + i, v_bits(fma_centre(rest, p)));
        v_store(tile->high + i, v_set_word(fma_bits(FMA_SUM)));
        v_store(tile->low + i, v_set_word(0));
    }
}

static inline void fma_dot_many(uint64_t *out, const uint64_t *init, const fma_rows *r,
                                size_t count, size_t n, const fma_prime *p)
{
    fma_tile tile;

    for (size_t base = 0; base < n; base += TILE) {
        const size_t length = n - base < TILE ? n - base : TILE;
        size_t k = 0;

        for (size_t i = 0; i < length; i += LANES) {
            v_store(tile.high + i, v_set_word(fma_bits(FMA_SUM)));
            v_store(tile.low + i, v_set_word(0));
            v_store(tile.rest + i,
                    init != NULL ? v_bits(fma_load(init + base + i, p)) : v_set_word(0));
        }
        for (; k + STEP <= count; k += STEP) {
            if (k > 0 && k % TERMS == 0)
                fma_tile_reduce(&tile, length, p);
            fma_tile_terms(&tile, r, k, base, length, STEP, p);
        }
        fma_tile_reduce(&tile, length, p);
        for (; k < count; k++)
            fma_tile_terms(&tile, r, k, base, length, 1, p);
        for (size_t i = 0; i < length; i += LANES) {
            const fma_sum s = {v_of_bits(v_load(tile.high + i)), v_of_bits(v_load(tile.low + i))};
            const vd rest = v_of_bits(v_load(tile.rest + i));

            v_store(out + base + i, fma_canonical(fma_sum_reduce(s, rest, p), p));
        }
    }
}

/* A short sum stays in registers: count is a constant of the call. */
static inline void fma_dot_few(uint64_t *out, const uint64_t *init, const fma_rows *r, size_t count,
                               size_t n, const fma_prime *p)
{
    for (size_t i = 0; i < n; i += LANES) {
        fma_sum s = {v_set(FMA_SUM), v_set(0)};

        fma_sum_terms(&s, r, 0, i, count, p);
        v_store(out + i,
                fma_canonical(fma_sum_reduce(s, init != NULL ? fma_load(init + i, p) : v_set(0), p),
                              p));
    }
}

static inline void fma_dot_rows(uint64_t *out, const uint64_t *init, const fma_rows *r,
                                size_t count, size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % 8 == 0);
    switch (count) {
    case 1:
        fma_dot_few(out, init, r, 1, n, &p);
        break;
    case 2:
        fma_dot_few(out, init, r, 2, n, &p);
        break;
    case 3:
        fma_dot_few(out, init, r, 3, n, &p);
        break;
    case 4:
        fma_dot_few(out, init, r, 4, n, &p);
        break;
    default:
        fma_dot_many(out, init, r, count, n, &p);
        break;
    }
}

static void fma_dot(uint64_t *out, const uint64_t *const *x, const uint64_t *const *y, size_t count,
                    size_t n, const ckks_modulus *m)
{
    const fma_rows r = {x, y, NULL};

    fma_dot_rows(out, NULL, &r, count, n, m);
}

static void fma_dot_add(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                        const uint64_t *const *y, size_t count, size_t n, const ckks_modulus *m)
{
    const fma_rows r = {x, y, NULL};

    fma_dot_rows(out, init, &r, count, n, m);
}

static void fma_dot_scalar(uint64_t *out, const uint64_t *const *x, const uint64_t *w, size_t count,
                           size_t n, const ckks_modulus *m)
{
    const fma_rows r = {x, NULL, w};

    fma_dot_rows(out, NULL, &r, count, n, m);
}

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
#define FMA_KERNEL(NAME, PERMUTE)                                                                  \
    {                                                                                              \
        .name = (NAME), .max_prime = CKKS_MAX_PRIME, .quotient = fma_quotient,                     \
        .arrange = fma_arrange, .ntt_forward = fma_ntt_forward, .ntt_inverse = fma_ntt_inverse,    \
        .add = fma_add, .sub = fma_sub, .neg = fma_neg, .mul = fma_product,                        \
        .mul_add = fma_mul_add, .add_scalar = fma_add_scalar, .mul_scalar = fma_mul_scalar,        \
        .mul_scalar_add = fma_mul_scalar_add, .sub_mul_scalar = fma_sub_mul_scalar,                \
        .reduce = fma_reduce, .reduce_centred = fma_reduce_centred, .reduce_i64 = fma_reduce_i64,  \
        .reduce_i8 = fma_reduce_i8, .dot = fma_dot, .dot_add = fma_dot_add,                        \
        .dot_scalar = fma_dot_scalar, .round_quotient = fma_round_quotient, .permute = (PERMUTE),  \
        .dot_key = ckks_pack_dot_key, .dot_pair = ckks_pack_dot_pair,                              \
    }

#endif
#endif
