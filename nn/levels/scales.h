/* Exact scales across the primes that a step drops. */
#ifndef UNSEEN_NN_LEVELS_SCALES_H
#define UNSEEN_NN_LEVELS_SCALES_H

#include <math.h>

#include "ckks/ckks.h"

/** The scale behind a drop from `limbs` limbs to `limbs_out`. */
static inline ckks_scale nn_scale_behind(const ckks_params *p, ckks_scale scale, int limbs,
                                         int limbs_out)
{
    for (int l = limbs; l > limbs_out; l--)
        scale = ckks_scale_div_prime(scale, p->q[l - 1]);
    return scale;
}

/** The scale at which an affine stage's inputs meet, so that 2^bits is behind its drop.
 *
 *  Real primes are a little off their nominal sizes and every square doubles what that makes of a
 *  scale, so a chain of squares would leave its room; weights have any scale, and bring it back to
 *  what the schedule wants.
 */
static inline ckks_scale nn_scale_before(const ckks_params *p, double bits, int limbs,
                                         int limbs_out)
{
    ckks_scale scale = ckks_scale_from(exp2(bits));
    for (int l = limbs; l > limbs_out; l--)
        scale = ckks_scale_mul(scale, ckks_scale_from((double)p->q[l - 1]));
    return scale;
}

#endif
