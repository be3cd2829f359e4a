/* Transforms of the families that compute in double precision; see kernel_fma.h for what they need
 * and how they multiply.
 */
#ifndef UNSEEN_CKKS_KERNEL_FMA_NTT_H
#define UNSEEN_CKKS_KERNEL_FMA_NTT_H

#include "ckks/kernel_fma.h"

#ifdef CKKS_FMA_LANES

/* ------------------------------------------------------------------ forward transform
 * Values start in [0,4q) and move by at most 5/8 q a layer: after 16 layers they are below 14 q in
 * absolute value, and 14 * 2^46.8 < 2^51. Layers are merged by two, and the last ones within GROUP
 * places, four vectors; between passes, doubles stand in the places of the words. The later passes
 * go through blocks of at most BLOCK places, one after the other, so that these stay in the first
 * cache. Butterflies are written two abreast: one is a chain of six operations. */

enum { BLOCK = 4096, GROUP = 4 * LANES, GROUP_LAYERS = LANES == 4 ? 4 : 3 };

/* Whether the groups do all of their GROUP_LAYERS layers, or leave the largest to the passes, which
 * do layers in pairs. */
static inline int fma_whole_groups(const ckks_modulus *m)
{
    return m->log_n % 2 == GROUP_LAYERS % 2;
}

/* i, of which the compiler knows nothing. Where gcc 12 sees that one factor's address is an
 * expression in twice another's, it writes it as an offset from a null pointer, and then takes the
 * function for one that ends there and has no effect. */
static inline size_t fma_hide(size_t i)
{
    return (size_t)ckks_ct_barrier_u64(i);
}

/* Cooley-Tukey, twice: (x, y) -> (x + w y, x - w y). */
static inline void fma_forward_two(vd *x0, vd *y0, fma_factor f0, vd *x1, vd *y1, fma_factor f1,
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

static inline vd fma_load_as(const uint64_t *a, int from_words, const fma_prime *p)
{
    return from_words ? fma_load(a, p) : v_of_bits(v_load(a));
}

/* In the layers of `blocks` and of 2 * blocks blocks, those of blocks from to from + count - 1. */
static inline void fma_forward_pass(uint64_t *a, size_t blocks, size_t from, size_t count,
                                    int from_words, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const size_t quarter = m->n / (4 * blocks);

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

/* Four vectors: GROUP neighbours. Groups are worked on in twos, again for the length of a chain. */
typedef struct fma_group {
    vd x0, x1, x2, x3;
} fma_group;

static inline void fma_group_store(uint64_t *place, const fma_group *g)
{
    v_store(place, v_bits(g->x0));
    v_store(place + LANES, v_bits(g->x1));
    v_store(place + 2 * LANES, v_bits(g->x2));
    v_store(place + 3 * LANES, v_bits(g->x3));
}

/* Between the places in memory, and pairs of vectors whose lanes are two places apart. */
static inline void fma_group_swap_halves(fma_group *g)
{
    if (LANES == 4) {
        v_swap_halves(&g->x0, &g->x1);
        v_swap_halves(&g->x2, &g->x3);
    }
}

/* Between these pairs, and pairs whose lanes are neighbours. */
static inline void fma_group_swap_lanes(fma_group *g)
{
    v_swap_lanes(&g->x0, &g->x1);
    v_swap_lanes(&g->x2, &g->x3);
}

/* The layer whose butterflies span half a group; its factor is at t. */
static inline void fma_forward_far(fma_group *g, const ckks_twiddle *t, const fma_prime *p)
{
    const fma_factor f = fma_factor_all(t);

    fma_forward_two(&g->x0, &g->x2, f, &g->x1, &g->x3, f, p);
}

/* A layer between the first two vectors, and between the others. */
static inline void fma_forward_near(fma_group *g, fma_factor f0, fma_factor f1, const fma_prime *p)
{
    fma_forward_two(&g->x0, &g->x1, f0, &g->x2, &g->x3, f1, p);
}

/* The layers within vectors, of four and of two places; at: the first group's number among blocks.
 */
static inline void fma_forward_lanes(fma_group *x, fma_group *y, const ckks_twiddle *t, size_t at,
                                     const fma_prime *p)
{
    const ckks_twiddle *halves = &t[GROUP / 2 * at];

    if (LANES == 4) {
        const ckks_twiddle *quarters = &t[4 * at];

        fma_group_swap_halves(x);
        fma_group_swap_halves(y);
        fma_forward_near(x, fma_factor_halves(quarters), fma_factor_halves(quarters + 2), p);
        fma_forward_near(y, fma_factor_halves(quarters + 4), fma_factor_halves(quarters + 6), p);
    }
    fma_group_swap_lanes(x);
    fma_group_swap_lanes(y);
    fma_forward_near(x, fma_factor_each(halves), fma_factor_each(halves + LANES), p);
    fma_forward_near(y, fma_factor_each(halves + 2 * LANES), fma_factor_each(halves + 3 * LANES),
                     p);
    fma_group_swap_lanes(x);
    fma_group_swap_lanes(y);
    fma_group_swap_halves(x);
    fma_group_swap_halves(y);
}

static inline fma_group fma_group_load(const uint64_t *place)
{
    const fma_group g = {v_of_bits(v_load(place)), v_of_bits(v_load(place + LANES)),
                         v_of_bits(v_load(place + 2 * LANES)),
                         v_of_bits(v_load(place + 3 * LANES))};

    return g;
}

static inline void fma_group_finish(uint64_t *place, const fma_group *g, const fma_prime *p)
{
    v_store(place, fma_canonical(g->x0, p));
    v_store(place + LANES, fma_canonical(g->x1, p));
    v_store(place + 2 * LANES, fma_canonical(g->x2, p));
    v_store(place + 3 * LANES, fma_canonical(g->x3, p));
}

/* Groups from to from + count - 1, an even count: the last layers, and to [0,q). */
static inline void fma_forward_last(uint64_t *a, size_t from, size_t count, int whole,
                                    const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const ckks_twiddle *t = m->forward;
    const size_t groups = m->n / GROUP;
    uint64_t *place = a + GROUP * from;

    for (size_t i = from; i < from + count; i += 2, place += 2 * GROUP) {
        const size_t at = fma_hide(groups + i);
        const ckks_twiddle *near = &t[2 * at];
        fma_group x = fma_group_load(place);
        fma_group y = fma_group_load(place + GROUP);

        if (whole) {
            fma_forward_far(&x, &t[at], &p);
            fma_forward_far(&y, &t[at + 1], &p);
        }
        fma_forward_near(&x, fma_factor_all(&near[0]), fma_factor_all(&near[1]), &p);
        fma_forward_near(&y, fma_factor_all(&near[2]), fma_factor_all(&near[3]), &p);
        fma_forward_lanes(&x, &y, t, at, &p);
        fma_group_finish(place, &x, &p);
        fma_group_finish(place + GROUP, &y, &p);
    }
}

/* All layers from that of `blocks` blocks on, for the places of block `block`. */
static void fma_forward_rest(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    const int whole = fma_whole_groups(m);
    const size_t last = m->n >> (GROUP_LAYERS - !whole);
    const size_t groups = m->n / blocks / GROUP;

    for (size_t count = 1; blocks * count < last; count *= 4)
        fma_forward_pass(a, blocks * count, block * count, count, 0, m);
    if (whole)
        fma_forward_last(a, block * groups, groups, 1, m);
    else
        fma_forward_last(a, block * groups, groups, 0, m);
}

static void fma_ntt_forward(uint64_t *a, const ckks_modulus *m)
{
    size_t blocks = 4;

    CKKS_VERIFY(fma_rounds_to_nearest());
    if (m->n < FMA_SMALLEST) {
        ckks_kernel_portable()->ntt_forward(a, m);
        return;
    }
    fma_forward_pass(a, 1, 0, 1, 1, m);
    for (; m->n / blocks > BLOCK; blocks *= 4)
        fma_forward_pass(a, blocks, 0, blocks, 0, m);
    for (size_t i = 0; i < blocks; i++)
        fma_forward_rest(a, blocks, i, m);
}

/* ------------------------------------------------------------------ inverse transform
 * (x, y) -> (x + y, (x - y) w): with |x|, |y| <= B the sum is at most 2B, the product 5/8 q.
 *
 * The groups take values in [-q,q) through their layers, of which there are k = 2, 3 or 4. The
 * first place of 2^k then holds at most 2^k q, those after it in its quarter less, and the others a
 * product of one of the last two layers, at most 5/4 q: so the first quarters, or a half where that
 * is a vector, are centred. Each later pass, of two layers, leaves at most 4B in the first quarter,
 * 5/4 q in the second and 5/8 q in the others: so the first is centred, and B = 5/4 q throughout.
 * No difference is above 16 q < 2^51. */

/* Gentleman-Sande, twice. */
static inline void fma_inverse_two(vd *x0, vd *y0, fma_factor f0, vd *x1, vd *y1, fma_factor f1,
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

/* As for the forward transform, in the other order. */
static inline void fma_inverse_far(fma_group *g, const ckks_twiddle *t, const fma_prime *p)
{
    const fma_factor f = fma_factor_all(t);

    fma_inverse_two(&g->x0, &g->x2, f, &g->x1, &g->x3, f, p);
}

static inline void fma_inverse_near(fma_group *g, fma_factor f0, fma_factor f1, const fma_prime *p)
{
    fma_inverse_two(&g->x0, &g->x1, f0, &g->x2, &g->x3, f1, p);
}

static inline void fma_inverse_lanes(fma_group *x, fma_group *y, const ckks_twiddle *t, size_t at,
                                     const fma_prime *p)
{
    const ckks_twiddle *halves = &t[GROUP / 2 * at];

    fma_group_swap_halves(x);
    fma_group_swap_halves(y);
    fma_group_swap_lanes(x);
    fma_group_swap_lanes(y);
    fma_inverse_near(x, fma_factor_each(halves), fma_factor_each(halves + LANES), p);
    fma_inverse_near(y, fma_factor_each(halves + 2 * LANES), fma_factor_each(halves + 3 * LANES),
                     p);
    fma_group_swap_lanes(x);
    fma_group_swap_lanes(y);
    if (LANES == 4) {
        const ckks_twiddle *quarters = &t[4 * at];

        fma_inverse_near(x, fma_factor_halves(quarters), fma_factor_halves(quarters + 2), p);
        fma_inverse_near(y, fma_factor_halves(quarters + 4), fma_factor_halves(quarters + 6), p);
        fma_group_swap_halves(x);
        fma_group_swap_halves(y);
    }
}

/* From words in [0,2q) to [-q,q). */
static inline fma_group fma_group_load_words(const uint64_t *place, const fma_prime *p)
{
    const vd offset = v_add(p->word, p->q);
    const fma_group g = {
        v_sub(v_of_bits(v_or(v_load(place), p->word_bits)), offset),
        v_sub(v_of_bits(v_or(v_load(place + LANES), p->word_bits)), offset),
        v_sub(v_of_bits(v_or(v_load(place + 2 * LANES), p->word_bits)), offset),
        v_sub(v_of_bits(v_or(v_load(place + 3 * LANES), p->word_bits)), offset),
    };

    return g;
}

/* Groups from to from + count - 1, an even count: the first layers. */
static inline void fma_inverse_first(uint64_t *a, size_t from, size_t count, int whole,
                                     const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const ckks_twiddle *t = m->inverse;
    const size_t groups = m->n / GROUP;
    uint64_t *place = a + GROUP * from;

    for (size_t i = from; i < from + count; i += 2, place += 2 * GROUP) {
        const size_t at = fma_hide(groups + i);
        const ckks_twiddle *near = &t[2 * at];
        fma_group x = fma_group_load_words(place, &p);
        fma_group y = fma_group_load_words(place + GROUP, &p);

        fma_inverse_lanes(&x, &y, t, at, &p);
        fma_inverse_near(&x, fma_factor_all(&near[0]), fma_factor_all(&near[1]), &p);
        fma_inverse_near(&y, fma_factor_all(&near[2]), fma_factor_all(&near[3]), &p);
        if (whole) {
            fma_inverse_far(&x, &t[at], &p);
            fma_inverse_far(&y, &t[at + 1], &p);
        } else {
            x.x2 = fma_centre(x.x2, &p);
            y.x2 = fma_centre(y.x2, &p);
        }
        x.x0 = fma_centre(x.x0, &p);
        y.x0 = fma_centre(y.x0, &p);
        fma_group_store(place, &x);
        fma_group_store(place + GROUP, &y);
    }
}

/* In the layers of 2 * blocks and of `blocks` blocks, those of blocks from to from + count - 1. In
 * the last pass of a transform the sums are multiplied by 1/N, and all goes to [0,q). */
static inline void fma_inverse_pass(uint64_t *a, size_t blocks, size_t from, size_t count, int last,
                                    const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const size_t quarter = m->n / (4 * blocks);
    const fma_factor scale = fma_factor_all(&m->inverse[0]);

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
            if (last)
                fma_mul_abreast(&x0, scale, &x1, scale, &p);
            else
                x0 = fma_centre(x0, &p);
            v_store(p0 + j, last ? fma_finish(x0, &p) : v_bits(x0));
            v_store(p1 + j, last ? fma_finish(x1, &p) : v_bits(x1));
            v_store(p2 + j, last ? fma_finish(x2, &p) : v_bits(x2));
            v_store(p3 + j, last ? fma_finish(x3, &p) : v_bits(x3));
        }
    }
}

/* All layers but the last two down to that of `blocks` blocks, for the places of block `block`. */
static void fma_inverse_begin(uint64_t *a, size_t blocks, size_t block, const ckks_modulus *m)
{
    const int whole = fma_whole_groups(m);
    const size_t groups = m->n / blocks / GROUP;

    if (whole)
        fma_inverse_first(a, block * groups, groups, 1, m);
    else
        fma_inverse_first(a, block * groups, groups, 0, m);
    for (size_t count = m->n / blocks >> (2 + GROUP_LAYERS - !whole); blocks * count > 1;
         count /= 4)
        fma_inverse_pass(a, blocks * count, block * count, count, 0, m);
}

static void fma_ntt_inverse(uint64_t *a, const ckks_modulus *m)
{
    size_t blocks = 1;

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
        fma_inverse_pass(a, blocks, 0, blocks, 0, m);
    fma_inverse_pass(a, 1, 0, 1, 1, m);
}

#endif
#endif
