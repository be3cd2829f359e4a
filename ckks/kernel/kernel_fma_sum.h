/* Sums of products over rows for the families that compute in double precision; see kernel_fma.h
 * for what they need.
 *
 * Two sums: high starts at C = 2^98 and takes the products; what its rounding loses goes to low.
 * Bound: TERMS products of x < 2^46.8 and y < q sum to less than 2^4 2^46.8 q < 2^97.6, so high
 * stays in [2^98,2^99), where doubles are the multiples of 2^46: high + x y is off by at most 2^45,
 * and this difference is an integer that fma gives exactly; |low| <= 2^4 2^45 = 2^49.
 * Then high - C is at most 2^50.8 q + 2^49, its quotient by q below 2^51 and its remainder by
 * fma_centre at most 3/4 q; with low and the remainder so far, below 5/8 q, it is below 2^50. */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_SUM_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_SUM_H

#include "ckks/kernel/kernel_fma.h"

#ifdef CKKS_FMA_LANES

enum { TILE = 256, STEP = 4, TERMS = 16 };

#define FMA_SUM 316912650057057350374175801344.0 /* C; magic: 2^98 */

typedef struct fma_sum {
    vd high, low;
} fma_sum;

FMA_INLINE void fma_sum_add(fma_sum *s, vd x, vd y)
{
    const vd high = v_fma(x, y, s->high);

    /* The second term is (high - s->high) - x y. */
    s->low = v_sub(s->low, v_fnma(x, y, v_sub(high, s->high)));
    s->high = high;
}

/* The sum modulo q, plus rest.  Range: |rest| <= 2q -> below 2^50 */
FMA_INLINE vd fma_sum_reduce(fma_sum s, vd rest, const fma_prime *p)
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

#endif
#endif
