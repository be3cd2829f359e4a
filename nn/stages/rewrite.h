/* The passes this project is about: fewer levels and fewer multiplications, the same function.
 *
 * NORM, POOL, LINEAR: two affine stages, the first taken by nothing but the second, become one. The
 * pass goes by the origin of the two: a batch normalisation, a pool, anything else. So a
 * convolution, its normalisation and a residual join are one stage with two inputs. A stage with
 * several consumers is merged into all of them, when all are affine and no matrix grows by it
 * (diagonals, permutations); or with a diagonal that is one of them, when the others are affine:
 * these take the inverse.
 *
 * A merged matrix with more entries than the two that it is made of saves a level and costs
 * products. Such a merge is optional: it is reported as a candidate, and left out when the caller
 * says so.
 *
 * MONIC: a polynomial of degree d in powers of x, a x^d + ..., is written with t = |a|^(1/d) (x +
 * s), where s removes the term t^(d-1), as +-(t^d + c t^(d-2) + ...) + constant. The map to t joins
 * the affine stage before, whose other consumers take the inverse; the sign and the constant join
 * the affine stages after, and stay where one of these is not affine. A quadratic becomes one
 * square. A large |s|, which would cost precision, is not used unless coefficients differ between
 * elements; without an affine stage before, the polynomial is divided by a instead, which joins the
 * stages after.
 *
 * Always: stages that nothing needs and identities are dropped, and coefficients that differ
 * between elements are folded away; where they cannot be, the polynomial becomes a sum of powers,
 * each with its coefficients on a diagonal. */

#ifndef UNSEEN_NN_STAGES_REWRITE_H
#define UNSEEN_NN_STAGES_REWRITE_H

#include "nn/stages/rewrite_data.h"
#include "nn/stages/stage.h"

/** Merge and fold.
 *
 *  Out:    report   costs before and after, candidates; may be NULL
 *          why      on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In/out: s        stages of nn_lower, at least one; cleared on failure
 *  In:     options  NULL: all passes, every candidate is merged
 *  Error:  exact but for the rounding of double
 *  Fails:  NN_ERR_SHAPE (too many stages), NN_ERR_RANGE, NN_ERR_MEMORY, NN_ERR_ARG
 */
NN_MUST_CHECK nn_status nn_rewrite_merge(nn_stages *s, const nn_rewrite_options *options,
                                         nn_rewrite_report *report, char *why, size_t why_size);

/** Cost of a network's stages, merged or not. */
nn_cost nn_rewrite_cost(const nn_stages *s);

/** Levels that one stage uses: 0 or 1 for an affine stage, 1 for a product; for a polynomial in
 *  powers of x the largest, over its terms c x^k, of ceil(log2(k + 1)), or ceil(log2 k) when c is 1
 * or -1; for one in Chebyshev's basis ceil(log2(degree + 1)). */
size_t nn_rewrite_stage_levels(const nn_stage *stage);

#endif
