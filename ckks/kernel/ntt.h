/* The transform of one limb, through the modulus's kernel.
 *
 * NTT form, place i, holds the value of the polynomial at psi^(2 brv(i) + 1), where psi is a
 * primitive 2N-th root of unity.
 *
 * In the real ring, the elements a_0 + sum of a_k (X^k + X^-k) over 0 < k < N modulo X^2N + 1, psi
 * is a primitive 4N-th root and place i holds the value at psi^(4 brv(i) + 1). With i = psi^N, and
 * X^-k = -X^(2N-k), the element is modulo X^N - i the polynomial with coefficients a_0 and
 * a_k - i a_{N-k}: the fold. What follows is one half of the negacyclic transform of twice the
 * size, its left half, with its own tables and the same loops.  Source: [KS18] section 4
 */
#ifndef UNSEEN_CKKS_KERNEL_NTT_H
#define UNSEEN_CKKS_KERNEL_NTT_H

#include "ckks/kernel/kernel.h"

/** Coefficients to NTT form, in place.  Range: [0,4q), real: [0,2q) -> [0,q).  Time: constant */
static inline void ckks_ntt_forward(const ckks_modulus *m, uint64_t *a)
{
    if (m->kind == CKKS_RING_REAL)
        m->kernel->real_fold(a, m);
    m->kernel->ntt_forward(a, m);
}

/** NTT form to coefficients, in place.  Range: [0,2q) -> [0,q).  Time: constant */
static inline void ckks_ntt_inverse(const ckks_modulus *m, uint64_t *a)
{
    m->kernel->ntt_inverse(a, m);
    if (m->kind == CKKS_RING_REAL)
        m->kernel->real_unfold(a, m);
}

#endif
