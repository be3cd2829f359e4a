/* The loops of a family with fused operations, included by its file after the definitions of
 *
 *     vf                 a vector of LANES floats
 *     ROWS, LANES        the shape of a tile
 *     v_zero, v_set, v_load, v_store, v_add, v_fma(a, b, c) = a b + c
 *     BLOCK, turn_block(to, to_step, from, from_step): transpose BLOCK x BLOCK floats
 *
 * Loops over a tile have constant bounds and are unrolled: its sums stay in registers.
 */
#ifndef UNSEEN_TRAIN_TILE_LOOPS_H
#define UNSEEN_TRAIN_TILE_LOOPS_H

#include "train/tile.h"

#ifdef TRAIN_TILE_FAMILY

/* A loop that is to be unrolled. gcc has to be asked; clang does it soon enough to place the sums
 * in registers only when it is not asked. */
#if defined(__GNUC__) && !defined(__clang__)
#define foreach(i, count) _Pragma("GCC unroll 8") for (int i = 0; i < (count); i++)
#else
#define foreach(i, count) for (int i = 0; i < (count); i++)
#endif

static inline __attribute__((always_inline)) void sums(float *sum, const float *a,
                                                       const float *const *b, const uint32_t *at,
                                                       size_t depth, int vectors, int add)
{
    vf s[ROWS][TRAIN_TILE_VECTORS];
    const float *from[TRAIN_TILE_VECTORS];
    for (int v = 0; v < vectors; v++)
        from[v] = b[v];
    foreach (i, ROWS)
        foreach (v, vectors)
            s[i][v] = v_zero();
    for (size_t k = 0; k < depth; k++, a += ROWS) {
        vf x[TRAIN_TILE_VECTORS];
        foreach (v, vectors)
            x[v] = v_load(from[v] + at[k]);
        foreach (i, ROWS) {
            vf y = v_set(a[i]);
            foreach (v, vectors)
                s[i][v] = v_fma(y, x[v], s[i][v]);
        }
    }
    foreach (i, ROWS)
        foreach (v, vectors) {
            float *to = sum + (i * TRAIN_TILE_VECTORS + v) * LANES;
            v_store(to, add ? v_add(v_load(to), s[i][v]) : s[i][v]);
        }
}

static void product(float *sum, const float *a, const float *const *b, const uint32_t *at,
                    size_t depth, int vectors, int add)
{
    if (vectors == 3)
        sums(sum, a, b, at, depth, 3, add);
    else if (vectors == 2)
        sums(sum, a, b, at, depth, 2, add);
    else
        sums(sum, a, b, at, depth, 1, add);
}

static void copy(float *to, const float *from, const uint32_t *at, size_t depth,
                 const train_run *runs, size_t run_count)
{
    for (size_t k = 0; k < depth; k++, to += TRAIN_TILE_VECTORS * LANES)
        for (const train_run *run = runs; run < runs + run_count; run++)
            for (size_t j = 0; j < run->count; j += LANES)
                v_store(to + run->at + j, v_load(from + at[k] + run->from + j));
}

static void turn(float *to, size_t to_step, const float *from, size_t from_step, size_t rows,
                 size_t cols)
{
    size_t whole_rows = rows - rows % BLOCK, whole_cols = cols - cols % BLOCK;
    for (size_t i = 0; i < whole_rows; i += BLOCK) {
        for (size_t j = 0; j < whole_cols; j += BLOCK)
            turn_block(to + j * to_step + i, to_step, from + i * from_step + j, from_step);
        for (size_t j = whole_cols; j < cols; j++)
            for (size_t k = i; k < i + BLOCK; k++)
                to[j * to_step + k] = from[k * from_step + j];
    }
    for (size_t i = whole_rows; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j * to_step + i] = from[i * from_step + j];
}

static const train_tile family = {TRAIN_TILE_FAMILY, 1, ROWS, LANES, product, copy, turn};

#endif

#endif
