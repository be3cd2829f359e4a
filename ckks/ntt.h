/* The negacyclic transform of one limb, through the modulus's kernel.
 *
 * NTT form, place i, holds the value of the polynomial at psi^(2 brv(i) + 1).
 */
#ifndef UNSEEN_CKKS_NTT_H
#define UNSEEN_CKKS_NTT_H

#include "ckks/kernel.h"

/** Coefficients to NTT form, in place.  Range: [0,4q) -> [0,q).  Time: constant */
static inline void ckks_ntt_forward(const ckks_modulus *m, uint64_t *a)
{
    m->kernel->ntt_forward(a, m);
}

/** NTT form to coefficients, in place.  Range: [0,2q) -> [0,q).  Time: constant */
static inline void ckks_ntt_inverse(const ckks_modulus *m, uint64_t *a)
{
    m->kernel->ntt_inverse(a, m);
}

#endif
