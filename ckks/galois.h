/* Automorphisms X -> X^g of the ring, g odd modulo 2N, in coefficient and in NTT form.
 *
 * Rotation by `steps` slots to the left is g = 5^steps, conjugation g = 2N - 1.
 */
#ifndef UNSEEN_CKKS_GALOIS_H
#define UNSEEN_CKKS_GALOIS_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/rns.h"

/** 5^steps mod 2N; any int, taken modulo the number of slots N/2. */
uint64_t ckks_galois_element(const ckks_ring *r, int steps);

/** The same without a ring. */
uint64_t ckks_galois_element_n(int log_n, int steps);

/** 2N - 1. */
uint64_t ckks_galois_conjugation(int log_n);

/** 1 / element modulo 2N.  Range: element odd, < 2N */
uint64_t ckks_galois_inverse(int log_n, uint64_t element);

/** The permutation of NTT form: applying X -> X^element to a polynomial is out[i] = in[index[i]].
 *
 *  Out:     index    N entries
 */
void ckks_galois_table(uint32_t *index, int log_n, uint64_t element);

/** The same as blocks and lanes, an eighth of the size.
 *
 *  Out:     p        p->block is the caller's, N / 8 entries
 */
void ckks_galois_permutation(ckks_permutation *p, int log_n, uint64_t element);

/** Apply X -> X^element to small coefficients; out is not in.  Time: constant */
void ckks_galois_apply_coeffs(int8_t *out, const int8_t *in, int log_n, uint64_t element);

#endif
