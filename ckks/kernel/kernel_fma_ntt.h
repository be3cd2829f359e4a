/* Transforms of the families that compute in double precision; see kernel_fma.h for what they need
 * and how they multiply.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_NTT_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_NTT_H

#include "ckks/kernel/kernel_fma.h"

#ifdef CKKS_FMA_LANES

/* ------------------------------------------------------------------ order of work
 * Where blocks are larger than BLOCK places, passes of two layers go through all of the row; the
 * blocks then go one after the other, so that they stay in the first cache: two layers at a time
 * down to LEAF places, then leaves. A leaf is worked on in many short loops. That a layer's values
 * go to the first cache and back costs less than a long chain of operations does: the processor
 * looks some hundred operations ahead, and has to find independent ones among them. For the same
 * reason two products are written abreast. Between loops, doubles stand in the places of the words.
 *
 * The layers within vectors work on groups of LANES vectors, transposed, so that they too combine
 * whole vectors. */

enum {
    BLOCK = 4096,
    LEAF = 512,
    WIDE = LANES < 4 ? 4 : LANES, /* vectors of a step of the loops for layers within vectors */
    STEP_PLACES = WIDE * LANES
};

/* i, of which the compiler knows nothing. Where gcc 12 sees that one factor's address is an
 * expression in twice another's, it writes it as an offset from a null pointer, and then takes the
 * function for one that ends there and has no effect. */
FMA_INLINE size_t fma_hide(size_t i)
{
    return (size_t)ckks_ct_barrier_u64(i);
}

FMA_INLINE vd fma_load_as(const uint64_t *a, int from_words, const fma_prime *p)
{
    return from_words ? fma_load(a, p) : v_of_bits(v_load(a));
}

FMA_INLINE void fma_vectors_load(vd *x, const uint64_t *a)
{
    FMA_UNROLLED
    for (size_t k = 0; k < WIDE; k++)
        x[k] = v_of_bits(v_load(a + LANES * k));
}

FMA_INLINE void fma_vectors_store(uint64_t *a, const vd *x)
{
    FMA_UNROLLED
    for (size_t k = 0; k < WIDE; k++)
        v_store(a + LANES * k, v_bits(x[k]));
}

FMA_INLINE void fma_vectors_transpose(vd *x)
{
    FMA_UNROLLED
    for (size_t k = 0; k < WIDE; k += LANES)
        v_transpose(x + k);
}

/* The first vector of pair k, when the vectors of pairs are `span` apart. */
FMA_INLINE size_t fma_pair(size_t k, size_t span)
{
    return k / span * 2 * span + k % span;
}

/* ------------------------------------------------------------------ forward transform
 * Values start in [0,4q) and move by at most 5/8 q a layer: after 16 layers they are below 14 q in
 * absolute value, and 14 * 2^46.8 < 2^51. */

/* Cooley-Tukey, twice: (x, y) -> (x + w y, x - w y). */
FMA_INLINE void fma_forward_two(vd *x0, vd *y0, fma_factor f0, vd *x1, vd *y1, fma_factor f1,
                                const fma_prime *p)
{
    vd t0 = *y0;
    vd t1 = *y1;

    fma_mul_abreast(&t0, f0, &t1, f1, p);
    *y0 = v_sub(*x0, t0);
    *y1 = v_sub(*x1, t1);
    *x0 = v_add(*x0, t0);
    *x1 = v_add(*x1, t1);
}

/* In the layers of `blocks` and of 2 * blocks blocks, those of blocks from to from + count - 1; a
 * quarter of a block is so many places. */
FMA_INLINE void fma_forward_pass(uint64_t *a, size_t blocks, size_t from, size_t count,
                                 size_t quarter, int from_words, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    for (size_t i = from; i < from + count; i++) {
        const size_t at = fma_hide(blocks + i);
        const fma_factor f = fma_factor_all(&m->forward[at]);
        const fma_factor f0 = fma_factor_all(&m->forward[2 * at]);
        const fma_factor f1 = fma_factor_all(&m->forward[2 * at + 1]);
        uint64_t *p0 = a + 4 * quarter * i;
        uint64_t *p1 = p0 + quarter;
        uint64_t *p2 = p1 + quarter;
        uint64_t *p3 = p2 + quarter;

        for (size_t j = 0; j < quarter; j += LANES) {
            vd x0 = fma_load_as(p0 + j, from_words, &p);
            vd x1 = fma_load_as(p1 + j, from_words, &p);
            vd x2 = fma_load_as(p2 + j, from_words, &p);
            vd x3 = fma_load_as(p3 + j, from_words, &p);

            fma_forward_two(&x0, &x2, f, &x1, &x3, f, &p);
            fma_forward_two(&x0, &x1, f0, &x2, &x3, f1, &p);
            v_store(p0 + j, v_bits(x0));
            v_store(p1 + j, v_bits(x1));
            v_store(p2 + j, v_bits(x2));
            v_store(p3 + j, v_bits(x3));
        }
    }
}

/* In the layer of `blocks` blocks the same, of places an even number of vectors apart. */
FMA_INLINE void fma_forward_layer(uint64_t *a, size_t blocks, size_t from, size_t count,
                                  const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const size_t half = m->n / (2 * blocks);

    for (size_t i = from; i < from + count; i++) {
        const fma_factor f = fma_factor_all(&m->forward[blocks + i]);
        uint64_t *px = a + 2 * half * i;
        uint64_t *py = px + half;

        for (size_t j = 0; j < half; j += 2 * LANES) {
            vd x0 = v_of_bits(v_load(px + j));
            vd x1 = v_of_bits(v_load(px + j + LANES));
            vd y0 = v_of_bits(v_load(py + j));
            vd y1 = v_of_bits(v_load(py + j + LANES));

            fma_forward_two(&x0, &y0, f, &x1, &y1, f, &p);
            v_store(px + j, v_bits(x0));
            v_store(px + j + LANES, v_bits(x1));
            v_store(py + j, v_bits(y0));
            v_store(py + j + LANES, v_bits(y1));
        }
    }
}

/* The layer of places `span` apart, within vectors, in `count` places from place `first` on of
 * transposed groups; the first such layer transposes them. span is a constant of the call. */
FMA_INLINE void fma_forward_lanes(uint64_t *a, size_t first, size_t count, size_t span,
                                  const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const uint64_t *t = fma_factors_of_lanes(m->forward, span, first, m);

    for (size_t i = first; i < first + count; i += STEP_PLACES, t += STEP_PLACES / span) {
        vd x[WIDE];

        fma_vectors_load(x, a + i);
        if (span == LANES / 2)
            fma_vectors_transpose(x);
        FMA_UNROLLED
        for (size_t k = 0; k < WIDE / 2; k += 2) {
            vd *x0 = &x[fma_pair(k, span)];
            vd *x1 = &x[fma_pair(k + 1, span)];

            fma_forward_two(x0, x0 + span, fma_factor_each(t, k / span), x1, x1 + span,
                            fma_factor_each(t, (k + 1) / span), &p);
        }
        fma_vectors_store(a + i, x);
    }
}

/* Groups transposed back, and to [0,q). */
FMA_INLINE void fma_forward_finish(uint64_t *a, size_t first, size_t count, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);

    for (size_t i = first; i < first + count; i += STEP_PLACES) {
        vd x[WIDE];

        fma_vectors_load(x, a + i);
        fma_vectors_transpose(x);
        FMA_UNROLLED
        for (size_t k = 0; k < WIDE; k++)
            v_store(a + i + LANES * k, fma_canonical(x[k], &p));
    }
}

/* All layers from that of `blocks` blocks on, for the places of block `block`, at most LEAF. */
static void fma_forward_leaf(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    const size_t places = m->n / blocks;
    const size_t first = block * places;
    size_t count = 1;

    for (; places / count > 4 * LANES; count *= 2)
        fma_forward_layer(a, blocks * count, block * count, count, m);
    fma_forward_pass(a, blocks * count, block * count, count, LANES, 0, m);
    if (LANES > 4)
        fma_forward_lanes(a, first, places, 4, m);
    if (LANES > 2)
        fma_forward_lanes(a, first, places, 2, m);
    fma_forward_lanes(a, first, places, 1, m);
    fma_forward_finish(a, first, places, m);
}

static void fma_forward_rest(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    size_t count = 1;

    for (; m->n / (blocks * count) > LEAF; count *= 4)
        fma_forward_pass(a, blocks * count, block * count, count, m->n / (4 * blocks * count), 0,
                         m);
    for (size_t i = 0; i < count; i++)
        fma_forward_leaf(a, blocks * count, block * count + i, m);
}

static void fma_ntt_forward(uint64_t *a, const ckks_modulus *m)
{
    size_t blocks = 4;

    CKKS_VERIFY(fma_rounds_to_nearest());
    if (m->n < FMA_SMALLEST) {
        ckks_kernel_portable()->ntt_forward(a, m);
        return;
    }
    fma_forward_pass(a, 1, 0, 1, m->n / 4, 1, m);
    for (; m->n / blocks > BLOCK; blocks *= 4)
        fma_forward_pass(a, blocks, 0, blocks, m->n / (4 * blocks), 0, m);
    for (size_t i = 0; i < blocks; i++)
        fma_forward_rest(a, blocks, i, m);
}

/* ------------------------------------------------------------------ inverse transform
 * (x, y) -> (x + y, (x - y) w): with |x|, |y| <= B the sum is at most 2B, the product 5/8 q.
 *
 * The layers within vectors take values in [-q,q) to at most 4q; with eight lanes they are three,
 * and the sums of the third, of at most 8q, are centred. A pass of two layers over values of at
 * most B <= 4q leaves 4B in the first quarter, which is centred, 5/4 q in the second and 5/8 q in
 * the others. Of the other layers in a leaf those centre their sums that have 1, 4, ... after them:
 * these are then of at most 8 * 5/4 q, and what the leaf leaves of at most 2 * 5/4 q. No difference
 * is above 16 q < 2^51. */

/* Gentleman-Sande, twice. */
FMA_INLINE void fma_inverse_two(vd *x0, vd *y0, fma_factor f0, vd *x1, vd *y1, fma_factor f1,
                                const fma_prime *p)
{
    vd t0 = v_sub(*x0, *y0);
    vd t1 = v_sub(*x1, *y1);

    *x0 = v_add(*x0, *y0);
    *x1 = v_add(*x1, *y1);
    fma_mul_abreast(&t0, f0, &t1, f1, p);
    *y0 = t0;
    *y1 = t1;
}

/* As for the forward transform, in the other order: words in [0,2q) become values in [-q,q), and
 * the last such layer transposes back. */
FMA_INLINE void fma_inverse_lanes(uint64_t *a, size_t first, size_t count, size_t span,
                                  const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const vd offset = v_add(p.word, p.q);
    const uint64_t *t = fma_factors_of_lanes(m->inverse, span, first, m);

    for (size_t i = first; i < first + count; i += STEP_PLACES, t += STEP_PLACES / span) {
        vd x[WIDE];

        fma_vectors_load(x, a + i);
        if (span == 1) {
            FMA_UNROLLED
            for (size_t k = 0; k < WIDE; k++)
                x[k] = v_sub(v_of_bits(v_or(v_bits(x[k]), p.word_bits)), offset);
            fma_vectors_transpose(x);
        }
        FMA_UNROLLED
        for (size_t k = 0; k < WIDE / 2; k += 2) {
            vd *x0 = &x[fma_pair(k, span)];
            vd *x1 = &x[fma_pair(k + 1, span)];

            fma_inverse_two(x0, x0 + span, fma_factor_each(t, k / span), x1, x1 + span,
                            fma_factor_each(t, (k + 1) / span), &p);
            *x0 = span > 2 ? fma_centre(*x0, &p) : *x0;
            *x1 = span > 2 ? fma_centre(*x1, &p) : *x1;
        }
        if (span == LANES / 2)
            fma_vectors_transpose(x);
        fma_vectors_store(a + i, x);
    }
}

FMA_INLINE void fma_inverse_layer(uint64_t *a, size_t blocks, size_t from, size_t count, int centre,
                                  const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const size_t half = m->n / (2 * blocks);

    for (size_t i = from; i < from + count; i++) {
        const fma_factor f = fma_factor_all(&m->inverse[blocks + i]);
        uint64_t *px = a + 2 * half * i;
        uint64_t *py = px + half;

        for (size_t j = 0; j < half; j += 2 * LANES) {
            vd x0 = v_of_bits(v_load(px + j));
            vd x1 = v_of_bits(v_load(px + j + LANES));
            vd y0 = v_of_bits(v_load(py + j));
            vd y1 = v_of_bits(v_load(py + j + LANES));

            fma_inverse_two(&x0, &y0, f, &x1, &y1, f, &p);
            v_store(px + j, v_bits(centre ? fma_centre(x0, &p) : x0));
            v_store(px + j + LANES, v_bits(centre ? fma_centre(x1, &p) : x1));
            v_store(py + j, v_bits(y0));
            v_store(py + j + LANES, v_bits(y1));
        }
    }
}

/* x times the modulus' n_inverse, modulo q.  Range: |x| <= 16 q -> below q in absolute value
 * For D = N, or 2N in the real ring, q = 1 modulo D. With c = nearest(x / D) and r = x - c D, which
 * is at most D / 2 in absolute value:  D (c - r (q - 1) / D) = x - r q. */
typedef struct fma_shrink {
    vd divisor, inverse, factor;
} fma_shrink;

FMA_INLINE fma_shrink fma_shrink_of(const ckks_modulus *m)
{
    const int log_divisor = m->log_n + (m->kind == CKKS_RING_REAL);
    const double divisor = (double)(UINT64_C(1) << log_divisor);
    const fma_shrink s = {v_set(divisor), v_set(1 / divisor),
                          v_set((double)((m->q - 1) >> log_divisor))};

    return s;
}

FMA_INLINE vd fma_shrunk(vd x, const fma_shrink *s, const fma_prime *p)
{
    const vd c = v_sub(v_fma(x, s->inverse, p->round), p->round);

    return v_fnma(v_fnma(c, s->divisor, x), s->factor, c);
}

/* In the layers of 2 * blocks and of `blocks` blocks, those of blocks from to from + count - 1. In
 * the last pass of a transform the sums are divided by N, and all goes to [0,q). */
FMA_INLINE void fma_inverse_pass(uint64_t *a, size_t blocks, size_t from, size_t count,
                                 size_t quarter, int last, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_shrink s = fma_shrink_of(m);

    for (size_t i = from; i < from + count; i++) {
        const size_t at = fma_hide(blocks + i);
        const fma_factor f = fma_factor_all(&m->inverse[at]);
        const fma_factor f0 = fma_factor_all(&m->inverse[2 * at]);
        const fma_factor f1 = fma_factor_all(&m->inverse[2 * at + 1]);
        uint64_t *p0 = a + 4 * quarter * i;
        uint64_t *p1 = p0 + quarter;
        uint64_t *p2 = p1 + quarter;
        uint64_t *p3 = p2 + quarter;

        for (size_t j = 0; j < quarter; j += LANES) {
            vd x0 = v_of_bits(v_load(p0 + j));
            vd x1 = v_of_bits(v_load(p1 + j));
            vd x2 = v_of_bits(v_load(p2 + j));
            vd x3 = v_of_bits(v_load(p3 + j));

            fma_inverse_two(&x0, &x1, f0, &x2, &x3, f1, &p);
            fma_inverse_two(&x0, &x2, f, &x1, &x3, f, &p);
            x0 = last ? fma_shrunk(x0, &s, &p) : fma_centre(x0, &p);
            x1 = last ? fma_shrunk(x1, &s, &p) : x1;
            v_store(p0 + j, last ? fma_finish(x0, &p) : v_bits(x0));
            v_store(p1 + j, last ? fma_finish(x1, &p) : v_bits(x1));
            v_store(p2 + j, last ? fma_finish(x2, &p) : v_bits(x2));
            v_store(p3 + j, last ? fma_finish(x3, &p) : v_bits(x3));
        }
    }
}

/* All layers down to that of `blocks` blocks, for the places of block `block`, at most LEAF. */
static void fma_inverse_leaf(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    const size_t places = m->n / blocks;
    const size_t first = block * places;
    size_t count = places / (4 * LANES);
    int after = 0; /* layers between single rows of vectors that are still to come */

    for (size_t c = count; c > 1; c /= 2)
        after++;
    fma_inverse_lanes(a, first, places, 1, m);
    if (LANES > 2)
        fma_inverse_lanes(a, first, places, 2, m);
    if (LANES > 4)
        fma_inverse_lanes(a, first, places, 4, m);
    fma_inverse_pass(a, blocks * count, block * count, count, LANES, 0, m);
    while (count > 1) {
        count /= 2;
        after--;
        fma_inverse_layer(a, blocks * count, block * count, count, after % 3 == 1, m);
    }
}

static void fma_inverse_begin(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    size_t count = 1;

    while (m->n / (blocks * count) > LEAF)
        count *= 4;
    for (size_t i = 0; i < count; i++)
        fma_inverse_leaf(a, blocks * count, block * count + i, m);
    for (count /= 4; count > 0; count /= 4)
        fma_inverse_pass(a, blocks * count, block * count, count, m->n / (4 * blocks * count), 0,
                         m);
}

static void fma_ntt_inverse(uint64_t *a, const ckks_modulus *m)
{
    size_t blocks = 4;

    CKKS_VERIFY(fma_rounds_to_nearest());
    if (m->n < FMA_SMALLEST) {
        ckks_kernel_portable()->ntt_inverse(a, m);
        return;
    }
    while (m->n / blocks > BLOCK)
        blocks *= 4;
    for (size_t i = 0; i < blocks; i++)
        fma_inverse_begin(a, blocks, i, m);
    for (blocks /= 4; blocks > 1; blocks /= 4)
        fma_inverse_pass(a, blocks, 0, blocks, m->n / (4 * blocks), 0, m);
    fma_inverse_pass(a, 1, 0, 1, m->n / 4, 1, m);
}

#endif
#endif
