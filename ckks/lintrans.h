/* The inside of a linear transform, shared by lintrans.c (making) and lintrans_apply.c (using).
 *
 * Letters: row = prime of (limbs, special), t = term (a diagonal that is not zero), b = baby step,
 *          g = giant.
 */
#ifndef UNSEEN_CKKS_LINTRANS_H
#define UNSEEN_CKKS_LINTRANS_H

#include "ckks/circuits.h"
#include "ckks/context.h"

/** A rotation of the transform with the permutation of NTT form that it means; steps 0 has no
 * table. */
typedef struct ckks_lintrans_step {
    int steps;        /* [0, slots) */
    uint64_t element; /* its Galois element */
    uint32_t *index;  /* N entries */
} ckks_lintrans_step;

struct ckks_lintrans {
    uint64_t context_id;
    ckks_allocator allocator;
    size_t n;
    int limbs, rescale, special, alpha;
    int term_count, baby_count, giant_count, fold_count;
    ckks_scale scale;
    double row_sum;            /* largest over slots of sum |value|: bounds the result */
    double row_square;         /* largest over slots of sum value^2: carries the error */
    ckks_lintrans_step *baby;  /* [baby_count] */
    ckks_lintrans_step *giant; /* [giant_count] */
    int *first;       /* [giant_count + 1]: terms of giant g are first[g] .. first[g + 1] - 1 */
    int *term_baby;   /* [term_count]: place in baby */
    int *fold_step;   /* [fold_count] */
    uint64_t *rows;   /* [limbs + special][term_count][n] */
    uint32_t *tables; /* all permutations */
    size_t rows_bytes, tables_bytes;
    void *lists; /* one block for the arrays above */
    size_t lists_bytes;
};

/** Rows of scratch that ckks_lintrans_apply takes in all. */
size_t ckks_lintrans_scratch_rows(int limbs, int special, int alpha, int baby_count,
                                  int giant_count);

#endif
