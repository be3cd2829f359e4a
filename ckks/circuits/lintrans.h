/* The inside of a linear transform, shared by lintrans_shape.c (sizes and keys), lintrans.c
 * (making), lintrans_rows.c and lintrans_apply.c (using).
 *
 * A unit is one giant step of one output: the sum over all inputs and babies that this giant
 * rotates. Units are numbered output by output, giants by value around 0.
 * Letters: row = prime of (limbs, special), i = input, o = output, t = term (a diagonal), b = baby
 *          step, g = giant step, u = unit = o giants + g; hop = the rotation of a giant's key
 *          switch: its own steps, or, in a chain, the steps from the giant before it.
 */
#ifndef UNSEEN_CKKS_CIRCUITS_LINTRANS_H
#define UNSEEN_CKKS_CIRCUITS_LINTRANS_H

#include "ckks/circuits.h"
#include "ckks/kernel/pack.h"
#include "ckks/params/context.h"
#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

enum {
    CKKS_LINTRANS_SUMS_BYTES = 256 << 20,   /* of sums and kept babies, see ckks_lintrans_divide */
    CKKS_LINTRANS_EXPANDED_BYTES = 8 << 20, /* of compact terms in transformed form, for a lane */
};

/** A rotation with the permutation of NTT form that it means; rotation 0 has no permutation. */
typedef struct ckks_lintrans_step {
    int steps;             /* [0, slots) */
    int hop;               /* [0, slots); for a baby the same as steps */
    uint64_t element;      /* Galois element of hop */
    ckks_permutation turn; /* by hop; block: N / 8 entries of tables */
} ckks_lintrans_step;

/** Counts of a shape that decide its sizes. */
typedef struct ckks_lintrans_counts {
    int ins, outs, terms;
    int babies, giants;
    int compact; /* terms kept as coefficients: shape->compact, rounded up to whole units */
} ckks_lintrans_counts;

/** How long babies are kept: for a tile of a row, for a row, or for all rows. */
typedef enum ckks_lintrans_keep {
    CKKS_LINTRANS_TILE,
    CKKS_LINTRANS_ROW,
    CKKS_LINTRANS_ALL
} ckks_lintrans_keep;

/** How applying is divided so that scratch stays bounded. */
typedef struct ckks_lintrans_passes {
    int group; /* units whose sums are there at once, 1 .. all; one pass over all rows for each
                  group */
    ckks_lintrans_keep keep; /* ALL: from pass to pass */
    int expanded;            /* compact terms that a lane has in transformed form at once */
} ckks_lintrans_passes;

/* Terms are ordered by unit. Those of the first `ready` units are kept transformed, those of the
 * others as coefficients. */
struct ckks_lintrans {
    uint64_t context_id;
    ckks_allocator allocator;
    size_t n;
    int limbs, rescale, special, alpha, chain, narrow;
    ckks_lintrans_counts count;
    ckks_lintrans_passes passes;
    int ready, ready_terms; /* units and terms that are kept transformed */
    int fold_count;
    ckks_scale scale;
    ckks_lintrans_step *baby;  /* [babies] */
    ckks_lintrans_step *giant; /* [giants] */
    double *row_sum;           /* [outs]: largest over slots of sum |value|: bounds the result */
    double *row_square;        /* [outs]: largest over slots of sum value^2: carries the error */
    int *first;                /* [units + 1]: terms of unit u are first[u] .. first[u + 1] - 1 */
    int *fold_step;            /* [fold_count] */
    uint16_t *pick;            /* [terms]: i babies + b */
    uint8_t *rows;             /* packed, [limbs + special][n / tile][ready_terms][tile] */
    void *coefs;               /* int64_t, or int32_t when narrow: [terms - ready_terms][n] */
    uint32_t *tables;          /* all permutations */
    size_t rows_bytes, coefs_bytes, tables_bytes;
    void *lists; /* one block for the arrays above */
    size_t lists_bytes;
};

/** Count. The shape is not checked: places of diagonals that are out of range are not read. */
ckks_lintrans_counts ckks_lintrans_count(const ckks_lintrans_shape *shape, size_t slots);

/** Diagonals of a shape. */
static inline int ckks_lintrans_terms(const ckks_lintrans_shape *shape)
{
    return shape->diagonal_count > 0 ? shape->diagonal_count : shape->step_count;
}

/** Place of diagonal k in baby and giant, its input, its output. */
static inline int ckks_lintrans_step_of(const ckks_lintrans_shape *shape, int k)
{
    return shape->diagonal_count > 0 ? shape->diagonal_step[k] : k;
}

static inline int ckks_lintrans_in_of(const ckks_lintrans_shape *shape, int k)
{
    return shape->diagonal_count > 0 ? shape->diagonal_in[k] : 0;
}

static inline int ckks_lintrans_out_of(const ckks_lintrans_shape *shape, int k)
{
    return shape->diagonal_count > 0 ? shape->diagonal_out[k] : 0;
}

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

/** Divide the work of a transform over (limbs, special) rows: all units at once while their sums
 *  take no more than so many bytes.
 *
 *  In:      rows    limbs + special
 *           bytes   CKKS_LINTRANS_SUMS_BYTES, or another number for tests
 */
ckks_lintrans_passes ckks_lintrans_divide(size_t n, int rows, const ckks_lintrans_counts *counts,
                                          size_t bytes);

/** Rows of scratch that ckks_lintrans_apply takes in all. */
size_t ckks_lintrans_scratch_rows(size_t n, int limbs, int special, int alpha,
                                  const ckks_lintrans_counts *counts,
                                  const ckks_lintrans_passes *passes, int threads);

/** Bytes of the parts of a transform. */
size_t ckks_lintrans_lists_bytes(const ckks_lintrans_counts *counts, int folds);
size_t ckks_lintrans_rows_bytes(size_t n, int rows, int ready_terms);

/** Rows that hold one tile of every baby of every input. */
size_t ckks_lintrans_tile_rows(size_t n, const ckks_lintrans_counts *counts);

/** Rows that hold every baby of every input at one prime. */
static inline size_t ckks_lintrans_baby_rows(const ckks_lintrans_counts *counts)
{
    return 2 * (size_t)counts->babies * (size_t)counts->ins;
}

/** Rows of scratch of one thread in the baby phase: P c0 of every input, a term's coefficients, the
 *  babies where they are not kept for all rows, and the compact terms packed for one prime. */
size_t ckks_lintrans_lane_rows(size_t n, const ckks_lintrans_counts *counts,
                               const ckks_lintrans_passes *passes);

/** Fill and encode all terms, and measure their sums.
 *
 *  In:      order   order[term] = its diagonal in the shape
 *  Memory:  6 rows for each thread and 2 for each output, given back
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_RANGE, as fill
 */
ckks_status ckks_lintrans_encode(ckks_worker *w, ckks_lintrans *t, const ckks_lintrans_shape *shape,
                                 const int *order, ckks_diagonal_fill fill, void *user);

/** The key of one step with the transform's own shape; NULL when none is lent. */
const ckks_key *ckks_lintrans_key(const ckks_worker *w, const ckks_lintrans *t,
                                  const ckks_lintrans_step *step);

/** Whether a unit's sum takes part: it has terms, or, in a chain, a larger giant of its output has.
 */
int ckks_lintrans_used(const ckks_lintrans *t, int unit);

/** Sums of the units first .. first + count - 1: for each its two parts of (limbs, special) rows,
 *  one unit after the other; those of units that are not used are left alone.
 *
 *  In:      kept   CKKS_LINTRANS_ALL: room for all babies, filled by the first call; else NULL
 *           known  1 when kept is filled
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_lintrans_rows(ckks_worker *w, const ckks_lintrans *t, uint64_t *sums, int first,
                               int count, uint64_t *kept, int known,
                               const ckks_ciphertext *const *in);

#endif
