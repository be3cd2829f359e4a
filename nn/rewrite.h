/* The passes this project is about: fewer levels and fewer multiplications, the same function.
 *
 * 1. Adjacent affine stages become one: batch-norm, input normalisation, average pooling,
 *    convolution after convolution, dense after dense, permutations.
 * 2. A polynomial of degree d, a x^d + ..., is written with t = |a|^(1/d) (x + s), where s removes
 *    the term t^(d-1), as +-(t^d + c t^(d-2) + ...) + constant. The map to t joins the affine stage
 *    before, the sign and the constant join the affine stage after. A quadratic becomes one square.
 *    A large |s|, which would cost precision, is not used unless coefficients differ between
 * elements; without an affine stage before, the polynomial is divided by a instead, which joins the
 * one after.
 * 3. Stages that are the identity are dropped.
 *
 * Coefficients that differ between elements are thereby folded away; where they cannot be, the
 * network is refused. */

#ifndef UNSEEN_NN_REWRITE_H
#define UNSEEN_NN_REWRITE_H

#include "nn/stage.h"

/* What a sequence of stages costs. */
typedef struct nn_cost {
    size_t affine_stages; /* affine stages that are not the identity */
    size_t poly_stages;
    size_t square_stages;   /* of these, those that are exactly x^2 */
    size_t levels;          /* multiplicative depth */
    size_t multiplications; /* value by value, one per power of x made, summed over stages */
    size_t constants;       /* entries of all matrices that are not zero */
    size_t rotations;       /* filled in by the planner; 0 here */
} nn_cost;

typedef struct nn_rewrite_report {
    nn_cost before, after;
} nn_rewrite_report;

/** Merge and fold.
 *
 *  Out:    report  costs before and after, may be NULL
 *          why     on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In/out: s       stages of nn_lower, at least one; cleared on failure
 *  Error:  exact but for the rounding of double
 *  Fails:  NN_ERR_UNSUPPORTED (coefficients per element that cannot be folded), NN_ERR_SHAPE (a
 *          merged matrix is too large), NN_ERR_RANGE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_rewrite_merge(nn_stages *s, nn_rewrite_report *report, char *why,
                                         size_t why_size);

/** Cost of a sequence of stages, merged or not. */
nn_cost nn_rewrite_cost(const nn_stages *s);

/** Levels that one stage uses: 0 or 1 for an affine stage; for a polynomial the largest, over its
 *  terms c x^k, of ceil(log2 k), plus 1 when c is not 1 or -1. */
size_t nn_rewrite_stage_levels(const nn_stage *stage);

#endif
