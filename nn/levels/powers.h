/* What a polynomial does to limbs and scale, in bits: ckks_poly_eval decides by itself where it
 * rescales, and ckks_poly_plan says so for real primes. Here the primes are nominal: all of one
 * size out of a list, and more of them than any polynomial drops.
 */
#ifndef UNSEEN_NN_LEVELS_POWERS_H
#define UNSEEN_NN_LEVELS_POWERS_H

#include "nn/levels/step.h"

/* Sizes of primes that polynomials may drop: NN_POWERS_BITS_MAX, and one bit less each. */
enum { NN_POWERS_SIZES = 17 };
#define NN_POWERS_BITS_MAX 46.7

typedef struct nn_powers nn_powers;

/* What comes out. */
typedef struct nn_power {
    int dropped, products;
    double before_bits;    /* log2 of the scale of the output and the sizes of all primes dropped */
    double min_scale_bits; /* to be given to ckks_poly_eval */
} nn_power;

/** Make the nominal primes.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_PLAN
 */
NN_MUST_CHECK nn_status nn_powers_create(nn_powers **out);
void nn_powers_free(nn_powers *p);

/** Size of a prime of list place 0 .. NN_POWERS_SIZES - 1. */
double nn_powers_bits(int size);

/** Evaluate a polynomial stage at an input of this scale with primes of this size.
 *
 *  The least scale of intermediate results lies about half a bit below floor_bits, there where the
 *  decisions stay the same for primes and scales that are off by a twentieth of a bit. Answers are
 *  kept.
 *
 *  Returns 1, or 0 when these primes do not carry it
 */
int nn_powers_plan(nn_powers *p, nn_power *out, const nn_stage *stage, int size, double scale_bits,
                   double floor_bits);

/** Key switches of a polynomial stage, whatever the scale.  Returns 0 for one that cannot be
 *  evaluated. */
int nn_powers_products(const nn_powers *p, const nn_stage *stage);

#endif
