/* The inside of a linear transform, shared by lintrans_shape.c (sizes and keys), lintrans.c
 * (making) and lintrans_apply.c (using).
 *
 * Letters: row = prime of (limbs, special), t = term (a diagonal that is not zero), b = baby step,
 *          g = giant step; hop = the rotation of a giant's key switch: its own steps, or, in a
 *          chain, the steps from the giant before it.
 */
#ifndef UNSEEN_CKKS_LINTRANS_H
#define UNSEEN_CKKS_LINTRANS_H

#include "ckks/circuits.h"
#include "ckks/context.h"
#include "ckks/pack.h"

/** A rotation with the permutation of NTT form that it means; rotation 0 has no permutation. */
typedef struct ckks_lintrans_step {
    int steps;             /* [0, slots) */
    int hop;               /* [0, slots); for a baby the same as steps */
    uint64_t element;      /* Galois element of hop */
    ckks_permutation turn; /* by hop; block: N / 8 entries of tables */
} ckks_lintrans_step;

/* Giants are ordered by value around 0, terms by giant. The terms of the first `ready` giants are
 * kept transformed, those of the others as coefficients. */
struct ckks_lintrans {
    uint64_t context_id;
    ckks_allocator allocator;
    size_t n;
    int limbs, rescale, special, alpha, chain;
    int term_count, baby_count, giant_count, fold_count;
    int ready, ready_terms; /* giants and terms that are kept transformed */
    ckks_scale scale;
    double row_sum;            /* largest over slots of sum |value|: bounds the result */
    double row_square;         /* largest over slots of sum value^2: carries the error */
    ckks_lintrans_step *baby;  /* [baby_count] */
    ckks_lintrans_step *giant; /* [giant_count] */
    int *first;       /* [giant_count + 1]: terms of giant g are first[g] .. first[g + 1] - 1 */
    int *fold_step;   /* [fold_count] */
    uint16_t *pick;   /* [term_count]: place in baby */
    uint8_t *rows;    /* packed, [limbs + special][n / tile][ready_terms][tile] */
    int64_t *coefs;   /* [term_count - ready_terms][n] */
    uint32_t *tables; /* all permutations */
    size_t rows_bytes, coefs_bytes, tables_bytes;
    void *lists; /* one block for the arrays above */
    size_t lists_bytes;
};

/** Counts of a shape that decide its sizes. */
typedef struct ckks_lintrans_counts {
    int terms, babies, giants;
    int compact; /* terms kept as coefficients: shape->compact, rounded up to whole giants */
} ckks_lintrans_counts;

/** Count, as if no diagonal were all zero. */
ckks_lintrans_counts ckks_lintrans_count(const ckks_lintrans_shape *shape, size_t slots);

/** x in [0, slots) as the number nearest to 0 that is congruent. */
static inline int ckks_lintrans_centre(int x, size_t slots)
{
    return x >= (int)(slots / 2) ? x - (int)slots : x;
}

/** The smallest centred giant step above `after`; INT_MAX when there is none. Walks the distinct
 *  steps in their order when begun with INT_MIN. */
int ckks_lintrans_next(const int *giant, int count, size_t slots, int after);

/** Rotation of the key switch of a giant: see hop above.
 *
 *  In:      steps, before   centred steps of the giant and of the one before it; INT_MIN: none
 *  Returns  in [0, slots)
 */
int ckks_lintrans_hop(int steps, int before, int chain, size_t slots);

/** Rows of scratch that ckks_lintrans_apply takes in all. */
size_t ckks_lintrans_scratch_rows(size_t n, int limbs, int special, int alpha,
                                  const ckks_lintrans_counts *counts, int threads);

/** Bytes of the parts of a transform. */
size_t ckks_lintrans_lists_bytes(const ckks_lintrans_counts *counts, int folds);
size_t ckks_lintrans_rows_bytes(size_t n, int rows, int ready_terms);

/** Rows that hold one tile of every baby; rows of scratch of one thread in the baby phase: P c0, a
 *  term's coefficients, the babies' tiles, and the compact terms packed for one prime. */
size_t ckks_lintrans_tile_rows(size_t n, int babies);
size_t ckks_lintrans_lane_rows(size_t n, int babies, int compact_terms);

#endif
