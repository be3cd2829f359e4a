/* The two steps that the transform of the real ring takes beside the loops of the other ring: the
 * slots real_fold and real_unfold of kernel.h for families that have none of their own.
 */
#ifndef UNSEEN_CKKS_KERNEL_REAL_H
#define UNSEEN_CKKS_KERNEL_REAL_H

#include "ckks/kernel/kernel.h"

/** The slot real_fold of kernel.h.  Range: [0,2q) -> [0,4q).  Time: constant */
void ckks_real_fold(uint64_t *a, const ckks_modulus *m);

/** The slot real_unfold of kernel.h.  Range: [0,q) -> [0,q).  Time: constant */
void ckks_real_unfold(uint64_t *a, const ckks_modulus *m);

#endif
