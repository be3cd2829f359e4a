/* Polynomials become monic, with one list of coefficients: see nn/stages/rewrite.h, which is the
 * door to this file. */

#ifndef UNSEEN_NN_STAGES_MONIC_H
#define UNSEEN_NN_STAGES_MONIC_H

#include "nn/stages/stage.h"

/** Replace polynomials whose coefficients differ between elements in a way that cannot be folded
 *  into the stages around them: the powers of x, and their sum, each with its coefficients on a
 *  diagonal.
 *
 *  In/out: s    in any state on failure
 *  Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE (too many stages)
 */
NN_MUST_CHECK nn_status nn_monic_expand(nn_stages *s);

/** Fold coefficients of polynomials in powers of x into the affine stages around them.
 *
 *  In/out: s    as nn_monic_expand has left them; a stage may be added behind a polynomial; in any
 *               state on failure
 *  In:     all  0: only where coefficients differ between elements
 *  Fails:  NN_ERR_RANGE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_monic_fold(nn_stages *s, int all, char *why, size_t why_size);

#endif
