/* Sums of products with packed rows (pack.h) for the families that compute in double precision; see
 * kernel_fma_sum.h for the sums.
 *
 * Places go in eights, since the blocks of an automorphism are that long; LANES neighbours of its
 * image are LANES neighbours in another order. Indices: h part, v vector of an eight.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_PACK_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_PACK_H

#include "ckks/kernel/kernel_fma_sum.h"

#ifdef CKKS_FMA_LANES

enum { VECTORS = 8 / LANES };

/* Both parts of eight places: sums (fma_sum) and remainders. One array each, for gcc 12's sake: see
 * fma_hide. */
typedef struct fma_eight {
    vd high[2][VECTORS], low[2][VECTORS], rest[2][VECTORS];
} fma_eight;

/* Where eight places of the image of an automorphism come from. */
typedef struct fma_turn {
    size_t from[VECTORS];
    vu order[VECTORS];
} fma_turn;

FMA_INLINE fma_turn fma_turn_of(const ckks_permutation *turn, size_t place)
{
    const uint32_t block = turn->block[place / 8];
    const uint8_t *lane = turn->lane[block & 7];
    fma_turn t;

    FMA_UNROLLED
    for (size_t v = 0; v < VECTORS; v++) {
        const size_t first = lane[LANES * v];

        t.from[v] = (block & ~(uint32_t)7) + (first & (8 - LANES));
        t.order[v] = v_order(lane + LANES * v);
    }
    return t;
}

/* A vector of a row, or of its image when turn is not NULL. */
FMA_INLINE vd fma_turned(const uint64_t *row, size_t place, size_t v, const fma_turn *turn,
                         const fma_prime *p)
{
    if (turn == NULL)
        return fma_load(row + place + LANES * v, p);
    return fma_of_words(v_reorder(v_load(row + turn->from[v]), turn->order[v]), p);
}

FMA_INLINE void fma_eight_begin(fma_eight *e)
{
    FMA_UNROLLED
    for (size_t h = 0; h < 2; h++) {
        FMA_UNROLLED
        for (size_t v = 0; v < VECTORS; v++) {
            e->high[h][v] = v_set(FMA_SUM);
            e->low[h][v] = v_set(0);
        }
    }
}

FMA_INLINE void fma_eight_add(fma_eight *e, size_t h, size_t v, vd x, vd y)
{
    fma_sum s = {e->high[h][v], e->low[h][v]};

    fma_sum_add(&s, x, y);
    e->high[h][v] = s.high;
    e->low[h][v] = s.low;
}

/* The sums join the remainders. */
FMA_INLINE void fma_eight_reduce(fma_eight *e, const fma_prime *p)
{
    FMA_UNROLLED
    for (size_t h = 0; h < 2; h++) {
        FMA_UNROLLED
        for (size_t v = 0; v < VECTORS; v++) {
            const fma_sum s = {e->high[h][v], e->low[h][v]};

            e->rest[h][v] = fma_centre(fma_sum_reduce(s, e->rest[h][v], p), p);
        }
    }
}

FMA_INLINE void fma_eight_finish(uint64_t *out0, uint64_t *out1, const fma_eight *e,
                                 const fma_prime *p)
{
    FMA_UNROLLED
    for (size_t v = 0; v < VECTORS; v++) {
        v_store(out0 + LANES * v, fma_canonical(e->rest[0][v], p));
        v_store(out1 + LANES * v, fma_canonical(e->rest[1][v], p));
    }
}

/* Eight places from `place` on; y: of part 0 of the first digit, in a tile of so many places; the
 * bytes `ahead` of those read will be wanted soon. */
FMA_INLINE void fma_key_eight(uint64_t *out0, uint64_t *out1, const ckks_key_product *k,
                              size_t place, const uint8_t *y, size_t tile, size_t ahead,
                              const fma_turn *turn, const fma_prime *p)
{
    fma_eight e;

    FMA_UNROLLED
    for (size_t v = 0; v < VECTORS; v++) {
        FMA_UNROLLED
        for (size_t h = 0; h < 2; h++)
            e.rest[h][v] =
                k->add[h] != NULL ? fma_load(k->add[h] + place + LANES * v, p) : v_set(0);
        if (k->turned != NULL)
            e.rest[0][v] = v_add(e.rest[0][v], fma_turned(k->turned, place, v, turn, p));
    }
    for (size_t d = 0; d < k->count;) {
        const size_t end = k->count - d < TERMS ? k->count : d + TERMS;

        fma_eight_begin(&e);
        for (; d < end; d++, y += ckks_packed_bytes(2, tile)) {
            v_prefetch(y + ahead);
            v_prefetch(y + ahead + ckks_packed_bytes(1, tile));
            FMA_UNROLLED
            for (size_t v = 0; v < VECTORS; v++) {
                const uint8_t *y0 = y + ckks_packed_bytes(1, LANES * v);
                const uint8_t *y1 = y0 + ckks_packed_bytes(1, tile);
                const vd x = fma_turned(k->x[d], place, v, turn, p);

                fma_eight_add(&e, 0, v, x, fma_of_words(v_unpack(y0), p));
                fma_eight_add(&e, 1, v, x, fma_of_words(v_unpack(y1), p));
            }
        }
        fma_eight_reduce(&e, p);
    }
    fma_eight_finish(out0, out1, &e, p);
}

static void fma_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *k, size_t first,
                        size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const size_t tile = ckks_tile(m->n);

    CKKS_VERIFY(k->count >= 1 && k->count <= k->stride && k->stride <= 64 && first % tile == 0 &&
                n % tile == 0);
    for (size_t i = 0; i < n; i += 8) {
        const size_t place = first + i;
        const size_t ahead = place + tile < m->n ? ckks_packed_bytes(2 * k->stride, tile) : 0;
        const uint8_t *y = k->y + ckks_packed_bytes(2 * k->stride, place / tile * tile) +
                           ckks_packed_bytes(1, place % tile);

        if (k->turn != NULL) {
            const fma_turn turn = fma_turn_of(k->turn, place);

            fma_key_eight(out0 + i, out1 + i, k, place, y, tile, ahead, &turn, &p);
        } else {
            fma_key_eight(out0 + i, out1 + i, k, place, y, tile, ahead, NULL, &p);
        }
    }
}

/* The terms from k on, at most TERMS of them, for all places of the tile; the remainders wait in
 * cache meanwhile, so that y is read once. */
FMA_INLINE void fma_pair_terms(uint64_t *rest, const uint64_t *x, const uint16_t *pick,
                               const uint8_t *y, size_t count, size_t n, size_t ahead,
                               const fma_prime *p)
{
    for (size_t i = 0; i < n; i += 8, rest += 16) {
        fma_eight e;

        FMA_UNROLLED
        for (size_t h = 0; h < 2; h++) {
            FMA_UNROLLED
            for (size_t v = 0; v < VECTORS; v++)
                e.rest[h][v] = v_of_bits(v_load(rest + 8 * h + LANES * v));
        }
        fma_eight_begin(&e);
        for (size_t k = 0; k < count; k++) {
            const uint64_t *row = x + 2 * n * pick[k] + i;

            v_prefetch(y + ckks_packed_bytes(k, n) + ckks_packed_bytes(1, i) + ahead);
            FMA_UNROLLED
            for (size_t v = 0; v < VECTORS; v++) {
                const uint8_t *place =
                    y + ckks_packed_bytes(k, n) + ckks_packed_bytes(1, i + LANES * v);
                const vd factor = fma_of_words(v_unpack(place), p);

                fma_eight_add(&e, 0, v, fma_load(row + LANES * v, p), factor);
                fma_eight_add(&e, 1, v, fma_load(row + n + LANES * v, p), factor);
            }
        }
        fma_eight_reduce(&e, p);
        FMA_UNROLLED
        for (size_t h = 0; h < 2; h++) {
            FMA_UNROLLED
            for (size_t v = 0; v < VECTORS; v++)
                v_store(rest + 8 * h + LANES * v, v_bits(e.rest[h][v]));
        }
    }
}

static void fma_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                         const uint8_t *y, size_t count, size_t n, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    _Alignas(64) uint64_t rest[2 * CKKS_TILE] = {0}; /* of eight places part 0, part 1 */

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n <= CKKS_TILE && n % 8 == 0);
    for (size_t k = 0; k < count; k += TERMS)
        fma_pair_terms(rest, x, pick + k, y + ckks_packed_bytes(k, n),
                       count - k < TERMS ? count - k : TERMS, n,
                       count - k < 2 * TERMS ? 0 : ckks_packed_bytes(TERMS, n), &p);
    for (size_t i = 0; i < n; i += LANES) {
        const uint64_t *from = rest + i / 8 * 16 + i % 8;

        v_store(out0 + i, fma_canonical(v_of_bits(v_load(from)), &p));
        v_store(out1 + i, fma_canonical(v_of_bits(v_load(from + 8)), &p));
    }
}

#endif
#endif
