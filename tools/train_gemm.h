/* The one matrix product behind every layer of the trainer, in portable C that compilers vectorise.
 *
 * Each element of the result is a sum over k in increasing order, in blocks of a fixed length, so a
 * result depends neither on the width of the machine's vectors nor on how rows and columns are
 * split between calls.
 */
#ifndef UNSEEN_TOOLS_TRAIN_GEMM_H
#define UNSEEN_TOOLS_TRAIN_GEMM_H

#include <stddef.h>

enum {
    TRAIN_GEMM_ROWS = 4,    /* rows of a tile */
    TRAIN_GEMM_COLS = 8,    /* columns of a tile */
    TRAIN_GEMM_DEPTH = 256, /* length of a block of k */
    TRAIN_GEMM_STRIP = 256  /* columns packed at a time, a multiple of TRAIN_GEMM_COLS */
};

/* Floats of scratch that one call needs; each thread brings its own. */
enum { TRAIN_GEMM_SCRATCH = TRAIN_GEMM_DEPTH * (TRAIN_GEMM_STRIP + TRAIN_GEMM_ROWS) };

/* A matrix in memory: element (i, j) is at[i * row_step + j * col_step]. */
typedef struct train_matrix {
    const float *at;
    size_t row_step;
    size_t col_step;
} train_matrix;

/** Multiply two matrices.
 *
 *  a is (rows, depth), b is (depth, cols), c is (rows, cols): c = a b, or c = c + a b
 *
 *  Out:     c        row i begins at c + i * c_step; overlaps neither a nor b
 *  In:      add      nonzero to add to c
 *  Scratch: scratch  TRAIN_GEMM_SCRATCH floats
 */
void train_gemm(float *c, size_t c_step, train_matrix a, train_matrix b, size_t rows, size_t cols,
                size_t depth, int add, float *scratch);

#endif
