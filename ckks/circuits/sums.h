/* Sparse matrices of scalars for sums over many ciphertexts: see circuits.h for what they are and
 * what is computed with them. */
#ifndef UNSEEN_CKKS_CIRCUITS_SUMS_H
#define UNSEEN_CKKS_CIRCUITS_SUMS_H

#include "ckks/circuits.h"
#include "ckks/scheme/object.h"

struct ckks_sums {
    uint64_t context_id;
    ckks_allocator allocator;
    size_t rows, cols, nonzeros;
    size_t widest; /* most entries of a row */
    size_t bytes;  /* of the block */
    ckks_scale scale;
    double magnitude; /* declared bound on |output|; 0: none */
    int64_t *value;   /* [nonzeros], the block's beginning: round(weight * scale) */
    double *bias;     /* [rows] */
    double *rounding; /* [rows], root of the sum of squares of what rounding took from a row */
    size_t *row_start;
    uint32_t *col;
    uint32_t *order; /* [rows]: rows that name the same columns stand together */
};

#endif
