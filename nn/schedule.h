/* Levels and scales: which ring, which primes, and what every stage does to limbs and scale.
 *
 * Levels are not limbs. A stage multiplies the scale (a matrix by the scale of its entries, a
 * square squares it); a prime is dropped only where the scale affords it, that is where at least
 * `floor_bits` are left. The search tries, for every ring degree, number and size of primes that
 * the security table allows, all ways to place the rescalings, and takes the fastest by a model of
 * the portable kernels.
 */
#ifndef UNSEEN_NN_SCHEDULE_H
#define UNSEEN_NN_SCHEDULE_H

#include "ckks/circuits.h"
#include "nn/arrange.h"

/* What one stage does. */
typedef struct nn_step {
    int limbs;          /* of the input */
    int rescale;        /* primes dropped at the end (affine stages and squares) */
    int alpha, special; /* key shape of an affine stage's hoisted rotations */
    double weight_bits; /* log2 of the scale of an affine stage's diagonals */
    double scale_bits;  /* log2 of the scale of the output */
    int limbs_out;
    double ms; /* predicted time */
} nn_step;

typedef struct nn_schedule {
    int log_n, limbs, special;
    double first_bits, limb_bits, special_bits; /* sizes of q_0, of the other q_i, and of the p_i */
    double input_bits;                          /* log2 of the scale of a fresh ciphertext */
    double floor_bits;                          /* least log2 scale behind a rescaling */
    double ms;
    size_t count;
    nn_step *step; /* one per stage */
} nn_schedule;

/** Bits of a slot's rounding error after a rescaling or key switch, log2 of its standard deviation.
 *  Source:  coefficient variance N/18 for a uniform ternary secret, times N/2 for a slot, [CHKKS18]
 */
double nn_schedule_rounding_bits(int log_n);

/** Find the fastest schedule in the ring of one degree.
 *
 *  Out:    s     to be released with nn_schedule_clear; empty on failure
 *          why   on failure which stage ran out of what
 *  In:     a     arrangement of the stages for 2^(log_n - 1) slots
 *          precision_bits   bits kept below 1.0
 *  Fails:  NN_ERR_PLAN when no secure set of primes carries the stages, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_schedule_find(nn_schedule *s, const nn_stages *stages,
                                         const nn_arrangement *a, int log_n, int security_bits,
                                         double precision_bits, char *why, size_t why_size);
void nn_schedule_clear(nn_schedule *s);

/** log2 of the least scale inside a polynomial that is not a square: half a bit below the floor, so
 * that the real primes decide as the nominal ones do. */
double nn_schedule_poly_floor(const nn_schedule *s);

/** 1 when a stage is exactly x^2, which takes one square and no constant. */
int nn_stage_is_square(const nn_stage *stage);

#endif
