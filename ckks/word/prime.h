/* Primes for the transform and their roots of unity. All data here is public.
 *
 * Source: [SW17] for the bases of the primality test; the smallest root is taken so that files and
 * known answers are reproducible.
 */
#ifndef UNSEEN_CKKS_WORD_PRIME_H
#define UNSEEN_CKKS_WORD_PRIME_H

#include <stdint.h>

#include "ckks/ckks.h"

/** 1 when n is prime, exact for every 64-bit n.  Time: variable */
int ckks_prime_is(uint64_t n);

/** The largest prime p < start with p = 1 mod step.
 *
 *  In:      start   any
 *           step    > 0; 2N for the transform of size N, 4N in the real ring
 *  Fails:   CKKS_ERR_PARAMS when there is none; *out unchanged
 */
CKKS_MUST_CHECK ckks_status ckks_prime_below(uint64_t *out, uint64_t start, uint64_t step);

/** The smallest primitive 2^(log_n+1)-th root of unity modulo the prime q; 0 when there is none,
 *  that is when q != 1 mod 2^(log_n+1).
 *
 *  In:      log_n   that of the ring, or one more in the real ring
 *           q       prime, CKKS_MIN_PRIME <= q <= CKKS_MAX_PRIME
 *  Cost:    2^log_n multiplications
 */
uint64_t ckks_prime_root(uint64_t q, int log_n);

#endif
