/* Automorphisms X -> X^g of the ring, in coefficient and in NTT form.
 *
 * kind is CKKS_RING_COMPLEX: g odd modulo 2N, rotation by `steps` slots to the left is g = 5^steps,
 * conjugation g = 2N - 1. Or it is CKKS_RING_REAL: g = 1 mod 4, modulo 4N, all of them powers of 5,
 * rotation by `steps` of N slots is g = 5^steps, and there is no conjugation, as X -> 1/X changes
 * nothing.
 */
#ifndef UNSEEN_CKKS_RING_GALOIS_H
#define UNSEEN_CKKS_RING_GALOIS_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ring/rns.h"

/** 5^steps; any int, taken modulo the number of slots. */
uint64_t ckks_galois_element(const ckks_ring *r, int steps);

/** The same without a ring. */
uint64_t ckks_galois_element_n(int kind, int log_n, int steps);

/** 2N - 1, for the complex ring. */
uint64_t ckks_galois_conjugation(int log_n);

/** 1 / element modulo 2N or 4N.  Range: element odd and below that */
uint64_t ckks_galois_inverse(int kind, int log_n, uint64_t element);

/** The permutation of NTT form: applying X -> X^element to a polynomial is out[i] = in[index[i]].
 *
 *  Out:     index    N entries
 */
void ckks_galois_table(uint32_t *index, int kind, int log_n, uint64_t element);

/** The same as blocks and lanes, an eighth of the size.
 *
 *  Out:     p        p->block is the caller's, N / 8 entries
 */
void ckks_galois_permutation(ckks_permutation *p, int kind, int log_n, uint64_t element);

/** Apply X -> X^element to small coefficients; out is not in.  Time: constant */
void ckks_galois_apply_coeffs(int8_t *out, const int8_t *in, int kind, int log_n, uint64_t element);

#endif
