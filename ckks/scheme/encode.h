/* Between slot values and polynomials; shared by encode.c and the circuits. */
#ifndef UNSEEN_CKKS_SCHEME_ENCODE_H
#define UNSEEN_CKKS_SCHEME_ENCODE_H

#include "ckks/params/context.h"
#include "ckks/scheme/worker.h"

/** Rounded coefficients of the polynomial whose slots are re + i im times scale, rounded at random
 *  where the scale is small (ckks_noise_dithers): the same for the same values.
 *
 *  Out:     coefs      N integers, |.| < 2^62 + 1
 *           magnitude  largest |slot|; may be NULL
 *  In:      re, im     count <= slots values, the rest is zero; im may be NULL
 *  Error:   deviation 1/sqrt(12) a coefficient and 1/2 at most; where it is dithered 1/sqrt(6)
 *           (1/2 for fractions of 1/2) and below 1; while max|slot| scale < 2^48 (the transform's
 *           own error stays below)
 *  Memory:  one row of scratch, two in the real ring, where im is NULL
 *  Fails:   CKKS_ERR_RANGE (not finite, max|slot| scale >= 2^62), CKKS_ERR_MEMORY
 *  Time:    not constant
 */
ckks_status ckks_encode_coefs(ckks_worker *w, int64_t *coefs, double *magnitude, const double *re,
                              const double *im, size_t count, ckks_scale scale);

/** Check a scale: finite and positive.  Fails: CKKS_ERR_ARG */
ckks_status ckks_encode_check_scale(ckks_worker *w, ckks_scale scale);

#endif
