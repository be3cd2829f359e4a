/* The hot loops of the trainer, one table of functions for each vector unit.
 *
 * A tile is a small matrix of sums that stays in registers: `rows` rows by up to
 * TRAIN_TILE_VECTORS vectors of `lanes` columns. Each sum runs over k in increasing order from 0,
 * one fused multiplication and addition at a time, so every family with `fused` gives the same
 * bits; without a fused operation each product is rounded on its own.
 */
#ifndef UNSEEN_TRAIN_TILE_H
#define UNSEEN_TRAIN_TILE_H

#include <stddef.h>
#include <stdint.h>

enum {
    TRAIN_TILE_VECTORS = 3,
    TRAIN_TILE_MOST_ROWS = 8,
    TRAIN_TILE_MOST_LANES = 16,
    TRAIN_TILE_MOST_COLS = TRAIN_TILE_VECTORS * TRAIN_TILE_MOST_LANES
};

/* Some columns of a panel that lie side by side in memory. */
typedef struct train_run {
    size_t from; /* of the first, where k's offset is 0 */
    size_t at;   /* its column */
    size_t count;
} train_run;

typedef struct train_tile {
    const char *name;
    int fused;
    size_t rows;
    size_t lanes;

    /** sum[i][j] = sum over k < depth of a[k][i] b[j / lanes][at[k] + j % lanes], plus sum[i][j]
     *  when add is nonzero.
     *
     *  sum (rows, 3 lanes), a (depth, rows); columns from vectors * lanes on are not touched.
     *  In:      b        `vectors` pointers, from 1 to TRAIN_TILE_VECTORS
     *           at       depth offsets that they share
     */
    void (*product)(float *sum, const float *a, const float *const *b, const uint32_t *at,
                    size_t depth, int vectors, int add);

    /** to[k][run.at + j] = from[at[k] + run.from + j] for every run and its j: a panel, (depth, 3
     *  lanes).
     *
     *  Runs ascend and leave no gap. Reads and writes whole vectors: up to lanes - 1 floats behind
     *  a run's end and behind the panel's end.
     */
    void (*copy)(float *to, const float *from, const uint32_t *at, size_t depth,
                 const train_run *runs, size_t run_count);

    /** to[j * to_step + i] = from[i * from_step + j] for i < rows, j < cols. */
    void (*turn)(float *to, size_t to_step, const float *from, size_t from_step, size_t rows,
                 size_t cols);
} train_tile;

/** The families; NULL where the compiler or the processor's kind has none. */
const train_tile *train_tile_avx512(void);
const train_tile *train_tile_avx2(void);
const train_tile *train_tile_neon(void);
const train_tile *train_tile_portable(void);

/** The i-th family that runs on this machine, best first; NULL past the end. */
const train_tile *train_tile_list(int i);

#endif
