/* Numbers of a fixed number of words: products of all moduli and their logarithm.
 *
 * Time: depends on the numbers, which are public.
 */
#ifndef UNSEEN_CKKS_WORD_WIDE_H
#define UNSEEN_CKKS_WORD_WIDE_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ckks.h"

/* (CKKS_MAX_Q + CKKS_MAX_P) * 46.8 = 2246.4 bits, and 12 more for sums: below 36 * 64 = 2304. */
enum { CKKS_WIDE_WORDS = 36 };

/** word[0] + word[1] 2^64 + ... */
typedef struct ckks_wide {
    uint64_t word[CKKS_WIDE_WORDS];
} ckks_wide;

/** out = x. */
void ckks_wide_set(ckks_wide *out, uint64_t x);

/** x = x * w.  Range: the product fits.  Returns the word that did not fit, 0 when all is well. */
uint64_t ckks_wide_mul_u64(ckks_wide *x, uint64_t w);

/** floor(x / d) into x, the remainder is returned.  Range: d > 0 */
uint64_t ckks_wide_div_u64(ckks_wide *x, uint64_t d);

/** x mod d.  Range: d > 0 */
uint64_t ckks_wide_mod_u64(const ckks_wide *x, uint64_t d);

/** -1, 0 or 1 as a <, = or > b. */
int ckks_wide_compare(const ckks_wide *a, const ckks_wide *b);

/** out = product of count numbers.  Range: at most CKKS_MAX_Q + CKKS_MAX_P primes of the library */
void ckks_wide_product(ckks_wide *out, const uint64_t *factor, int count);

/** x as a double, relative error below 2^-52. */
double ckks_wide_real(const ckks_wide *x);

/** log2 x, error below 2^-41: half an ulp of a number below 4096, and the logarithm's own.
 *  Range: x > 0 */
double ckks_wide_log2(const ckks_wide *x);

/** log2 of a product of primes of the library, error below 2^-41; 0 for count 0. */
double ckks_wide_log2_product(const uint64_t *factor, int count);

#endif
