/* The products of the AVX-512 family that stream packed rows, see ckks/kernel/pack.h.
 *
 * A tile of CKKS_TILE places is four vectors, 192 bytes of the stream. Loads take 64 bytes for the
 * 48 of a vector, and one permutation of bytes makes them eight words; the last vector of a tile is
 * loaded from 16 bytes before it, so that no load reads past the tile. Sums of both parts of a tile
 * stay in registers while all of its terms go by.
 *
 * Indices: i place, d digit, k term, v vector.
 */
#include "ckks/kernel/kernel_avx512.h"

#include "ckks/base/check.h"
#include "ckks/kernel/pack.h"

#if defined(CKKS_KERNEL_AVX512)

enum {
    VECTOR_BYTES = LANES * CKKS_PACKED_BYTES,
    VECTORS = CKKS_TILE / LANES,
    TILE_BYTES = CKKS_TILE * CKKS_PACKED_BYTES,
    /* Of the stream, asked for so long before its use. */
    AHEAD = 6144,
    /* Tiles: of the digits, likewise. */
    SOURCES_AHEAD = 4,
    /* Terms before the sums are folded: 2^10 terms below 2^46.8 q keep the low sum below
     * 2^62, the high one below 2^10 2^41.6 and with the carry below 2^52. */
    RUN = 1024
};

/* Byte 6 of a lane is 0, since the multipliers read it; byte 7 too. */
enum { RESIDUE_BYTES = 0x3f };

#define EVERY_LANE UINT64_C(0x0101010101010101)

typedef struct unpacking {
    vec first, last; /* from the start of the loaded bytes, and from 16 behind */
} unpacking;

/* Bytes 6 l to 6 l + 7. */
#define LANE_BYTES(l) (0x0706050403020100 + (long long)(CKKS_PACKED_BYTES * (l)*EVERY_LANE))

INLINE unpacking unpacking_make(void)
{
    unpacking u;

    u.first = _mm512_setr_epi64(LANE_BYTES(0), LANE_BYTES(1), LANE_BYTES(2), LANE_BYTES(3),
                                LANE_BYTES(4), LANE_BYTES(5), LANE_BYTES(6), LANE_BYTES(7));
    u.last = add(u.first, all(16 * EVERY_LANE));
    return u;
}

INLINE vec unpack(vec bytes, vec index)
{
    return _mm512_maskz_permutexvar_epi8(RESIDUE_BYTES * EVERY_LANE, index, bytes);
}

/* Vector v of a tile of `vectors`; both are constants. A tile of fewer than VECTORS reads into the
 * slack. */
INLINE vec packed(const uint8_t *tile, int v, int vectors, const unpacking *u)
{
    if (vectors == VECTORS && v == VECTORS - 1)
        return unpack(_mm512_loadu_si512(tile + v * VECTOR_BYTES - 16), u->last);
    return unpack(_mm512_loadu_si512(tile + v * VECTOR_BYTES), u->first);
}

/* A tile of bytes that will be read: no access, so it may lie past the block. */
INLINE void fetch_tile(const uint8_t *tile, size_t ahead)
{
    const uintptr_t at = (uintptr_t)tile + ahead;

    for (uintptr_t line = 0; line < TILE_BYTES; line += 64)
        _mm_prefetch((const void *)(at + line), _MM_HINT_T0);
}

/* Unrolled, so that the sums never leave their registers. */
INLINE void store_sums(uint64_t *out0, uint64_t *out1, sums s[2][VECTORS], int vectors, factor top,
                       const prime *q)
{
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        store(out0 + v * LANES, settle4(fold_sums(s[0][v], top, q), q));
        store(out1 + v * LANES, settle4(fold_sums(s[1][v], top, q), q));
    }
}

/* ------------------------------------------------------------------ dot_key */

/* Where the places of a tile come from. */
typedef struct sources {
    size_t at[VECTORS];
    vec lanes[VECTORS];
    int turns;
} sources;

INLINE sources sources_of(const ckks_permutation *turn, size_t first, int vectors)
{
    sources s;

    s.turns = turn != NULL;
    for (int v = 0; v < vectors; v++) {
        s.at[v] = first + (size_t)v * LANES;
        s.lanes[v] = _mm512_setzero_si512();
        if (turn != NULL) {
            const uint32_t block = turn->block[s.at[v] / LANES];
            const uint8_t *lanes = turn->lane[block % LANES];

            s.at[v] = block - block % LANES;
            s.lanes[v] = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const void *)lanes));
        }
    }
    return s;
}

INLINE vec load_source(const uint64_t *row, const sources *s, int v)
{
    const vec x = load(row + s->at[v]);

    return s->turns ? _mm512_permutexvar_epi64(s->lanes[v], x) : x;
}

/* The sources of the tile at place `first`, which an automorphism scatters. */
INLINE void fetch_sources(const ckks_key_product *p, size_t first, int vectors, int turns)
{
    const sources from = sources_of(turns ? p->turn : NULL, first, vectors);

    for (int v = 0; v < vectors; v++) {
        for (size_t d = 0; d < p->count; d++)
            fetch(p->x[d] + from.at[v], 0, LANES);
        if (p->turned != NULL)
            fetch(p->turned + from.at[v], 0, LANES);
    }
}

/* One tile of `vectors`; turns says whether p->turn is there. Both are constants. What is added
 * starts the low sums: below 2q in the first part. 64 terms below 2^46.8 q leave the low sum below
 * 2^59, the high one below 2^48. */
INLINE void key_tile(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, const uint8_t *y,
                     size_t first, size_t ahead, int vectors, int turns, const unpacking *u,
                     factor top, const prime *q)
{
    const vec zero = _mm512_setzero_si512();
    const sources from = sources_of(turns ? p->turn : NULL, first, vectors);
    const size_t part = (size_t)vectors * VECTOR_BYTES;
    sums s[2][VECTORS];

    for (int v = 0; v < vectors; v++) {
        const size_t i = first + (size_t)v * LANES;

        s[0][v].low = p->add[0] != NULL ? load(p->add[0] + i) : zero;
        s[1][v].low = p->add[1] != NULL ? load(p->add[1] + i) : zero;
        s[0][v].high = s[1][v].high = zero;
        if (p->turned != NULL)
            s[0][v].low = add(s[0][v].low, load_source(p->turned, &from, v));
    }
    for (size_t d = 0; d < p->count; d++, y += 2 * part) {
        const uint64_t *x = p->x[d];

        fetch_tile(y, ahead);
        fetch_tile(y + part, ahead);
        for (int v = 0; v < vectors; v++) {
            const vec xv = load_source(x, &from, v);

            gather_term(&s[0][v], xv, packed(y, v, vectors, u));
            gather_term(&s[1][v], xv, packed(y + part, v, vectors, u));
        }
    }
    store_sums(out0, out1, s, vectors, top, q);
}

INLINE void key_tiles(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                      size_t n, int vectors, int turns, const ckks_modulus *m)
{
    const prime q = prime_of(m);
    const factor top = factor_top(&m->mod);
    const unpacking u = unpacking_make();
    const size_t tile = (size_t)vectors * LANES;
    const size_t step = ckks_packed_bytes(2 * p->stride, tile);
    const size_t ahead = (AHEAD + step - 1) / step * step;
    const uint8_t *y = p->y + ckks_packed_bytes(2 * p->stride, first);
    const size_t far = is_far(m) ? SOURCES_AHEAD * tile : n;

    for (size_t i = 0; i < n; i += tile, y += step) {
        if (i + far < n)
            fetch_sources(p, first + i + far, vectors, turns);
        key_tile(out0 + i, out1 + i, p, y, first + i, ahead, vectors, turns, &u, top, &q);
    }
}

void ckks_kernel_avx512_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *p,
                                size_t first, size_t n, const ckks_modulus *m)
{
    const size_t tile = ckks_tile(m->n);

    CKKS_VERIFY(p->count >= 1 && p->count <= p->stride && p->stride <= 64 && first % tile == 0 &&
                n % tile == 0);
    if (tile == CKKS_TILE && p->turn != NULL)
        key_tiles(out0, out1, p, first, n, VECTORS, 1, m);
    else if (tile == CKKS_TILE)
        key_tiles(out0, out1, p, first, n, VECTORS, 0, m);
    else if (tile == 2 * LANES)
        key_tiles(out0, out1, p, first, n, 2, p->turn != NULL, m);
    else
        key_tiles(out0, out1, p, first, n, 1, p->turn != NULL, m);
}

/* ------------------------------------------------------------------ dot_pair */

/* out = the sum of at most RUN terms, plus what stands in out when `more`; vectors and more are
 * constants. What stands there starts the low sums. */
INLINE void pair_run(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                     const uint8_t *y, size_t count, int vectors, int more, const unpacking *u,
                     factor top, const prime *q)
{
    const vec zero = _mm512_setzero_si512();
    const size_t tile = (size_t)vectors * LANES;
    sums s[2][VECTORS];

    for (int v = 0; v < vectors; v++) {
        s[0][v].low = more ? load(out0 + v * LANES) : zero;
        s[1][v].low = more ? load(out1 + v * LANES) : zero;
        s[0][v].high = s[1][v].high = zero;
    }
    for (size_t k = 0; k < count; k++, y += vectors * VECTOR_BYTES) {
        const uint64_t *xk = x + 2 * tile * pick[k];

        fetch_tile(y, AHEAD);
        for (int v = 0; v < vectors; v++) {
            const vec yv = packed(y, v, vectors, u);

            gather_term(&s[0][v], load(xk + v * LANES), yv);
            gather_term(&s[1][v], load(xk + tile + v * LANES), yv);
        }
    }
    store_sums(out0, out1, s, vectors, top, q);
}

INLINE void pair_tile(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                      const uint8_t *y, size_t count, int vectors, const ckks_modulus *m)
{
    const prime q = prime_of(m);
    const factor top = factor_top(&m->mod);
    const unpacking u = unpacking_make();
    size_t run = count < RUN ? count : RUN;

    pair_run(out0, out1, x, pick, y, run, vectors, 0, &u, top, &q);
    for (size_t k = run; k < count; k += run) {
        run = count - k < RUN ? count - k : RUN;
        pair_run(out0, out1, x, pick + k, y + k * (size_t)(vectors * VECTOR_BYTES), run, vectors, 1,
                 &u, top, &q);
    }
}

void ckks_kernel_avx512_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x,
                                 const uint16_t *pick, const uint8_t *y, size_t count, size_t n,
                                 const ckks_modulus *m)
{
    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n <= CKKS_TILE && n % LANES == 0);
    if (n == CKKS_TILE)
        pair_tile(out0, out1, x, pick, y, count, VECTORS, m);
    else if (n == 2 * LANES)
        pair_tile(out0, out1, x, pick, y, count, 2, m);
    else
        pair_tile(out0, out1, x, pick, y, count, 1, m);
}

#endif
