/* Random polynomials. The order in which each sampler consumes its stream is part of its meaning:
 * every build and every kernel makes the same polynomial from the same seed.
 *
 * Time: constant in what is secret. Rejections happen (uniform, ternary); whether a draw is
 * rejected is independent of the values that are kept.
 */
#ifndef UNSEEN_CKKS_RING_SAMPLE_H
#define UNSEEN_CKKS_RING_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/kernel/kernel.h"
#include "ckks/ring/rng.h"

/** N exactly uniform residues; meant for public polynomials, read as NTT form.
 *
 *  Words r of the generator (CKKS_LABEL_UNIFORM, stream) are taken in order; with p = (r mod 2^52)
 *  q the residue is floor(p / 2^52), and the word is skipped when p mod 2^52 < 2^52 mod q.
 *
 *  Out:     out     N words in [0,q)
 *  Time:    depends on the seed, which is public
 *  Source:  [Lem19]
 */
void ckks_sample_uniform(uint64_t *out, const ckks_modulus *m, const uint8_t seed[CKKS_SEED_BYTES],
                         uint64_t stream);

/** n independent uniform values of -1, 0, 1.
 *
 *  Words are cut into 32 pairs of bits, lowest first; pair 3 is skipped, the others mean pair - 1.
 *  What is left of the last word is dropped.
 */
void ckks_sample_ternary(int8_t *out, size_t n, ckks_rng *rng);

/** n centred binomial values of 42 coins, |e| <= 21, standard deviation sqrt(42)/2 = 3.24.
 *
 *  One word each: the number of ones among its lowest 42 bits, minus 21.
 */
void ckks_sample_error(int8_t *out, size_t n, ckks_rng *rng);

#define CKKS_SAMPLE_ERROR_STD 3.2403703492039302 /* sqrt(42) / 2 */

/** n values of wide noise for flooding: a near-Gaussian sum of binomials, standard deviation
 *  ckks_sample_wide_std(sigma) >= sigma.
 *
 *  With W = the smallest integer that reaches sigma and B independent draws of ckks_sample_error's
 *  law,
 *
 *     out = W (B_1 + ... + B_7)  +  sum over j >= 0 of ceil(W / 2^j) B'_j    (down to weight 1)
 *
 *  Weights at most double from one term to the next and the last is 1, so each term smooths the
 *  lattice of the one above it: with standard deviation 1.6 steps, the relative deviation from a
 *  smooth density is 2 exp(-2 pi^2 1.62^2) < 2^-73. The sum has mean 0, excess kurtosis above
 *  -2/300, and is bounded by |out| <= 189 W + 21 * 50 < 2^55.
 *
 *  In:      sigma   0 < sigma <= 2^50
 *  Cost:    7 + log2 W words of key stream a value
 */
void ckks_sample_gaussian_wide(int64_t *out, size_t n, double sigma, ckks_rng *rng);

/** The exact standard deviation of ckks_sample_gaussian_wide(sigma): at least sigma; less than
 *  sigma + 11. */
double ckks_sample_wide_std(double sigma);

#endif
