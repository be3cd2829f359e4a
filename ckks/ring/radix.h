/* From residues to real numbers by mixed radix.
 *
 * Every integer x with |x| <= (Q-1)/2, Q = q_0 ... q_{c-1} odd, is in one way
 *
 *     x = d_0 + q_0 (d_1 + q_1 (d_2 + ...)),      |d_l| <= (q_l - 1)/2,
 *
 * and its digits are found one prime after another, modulo that prime:
 *
 *     d_l = (...((x - d_0) / q_0 - d_1) / q_1 ... - d_{l-1}) / q_{l-1}  mod q_l, centred.
 *
 * A number that is small against Q has zeros for its upper digits, exactly, so nothing cancels when
 * the sum is taken in double.  Source: [Gar59]
 */
#ifndef UNSEEN_CKKS_RING_RADIX_H
#define UNSEEN_CKKS_RING_RADIX_H

#include "ckks/kernel/kernel.h"

/** Centred numbers from their residues, times a factor.
 *
 *     out[i] = factor * x[i],   x[i] in [-(Q-1)/2, (Q-1)/2] with the residues rows[l N + i]
 *
 *  Out:     out     N doubles, aligned like a row; none of the rows
 *  In/out:  rows    count rows of N words in [0,q_l), coefficient form; the digits afterwards
 *  In:      m       the moduli, 1 <= count <= CKKS_MAX_Q
 *           factor  the results are below 2^1023
 *  Error:   relative, at most (2 count + 1) 2^-53 for primes above 2^12
 *  Time:    constant in the residues
 *  Cost:    count (count - 1) / 2 times the slots reduce_centred and sub_mul_scalar
 */
void ckks_radix_real(double *out, uint64_t *rows, const ckks_modulus *m, int count, double factor);

#endif
