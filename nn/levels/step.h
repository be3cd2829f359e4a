/* What a schedule is: for every stage its limbs, scales and key shapes, and the sizes of all
 * primes.
 *
 * Sizes and scales are in bits; the exact ones follow from the real primes when the plan is made.
 */
#ifndef UNSEEN_NN_LEVELS_STEP_H
#define UNSEEN_NN_LEVELS_STEP_H

#include "ckks/circuits.h"
#include "nn/stages/stage.h"

/* Most limbs of a ciphertext in a plan. */
enum { NN_LIMBS_MAX = 36 };

/* What one stage does. Where it has several inputs they may come with different limbs and scales:
 * residues above `limbs` are left out, which is free, and the weights of every input are scaled so
 * that all summands meet at exactly one scale. */
typedef struct nn_step {
    int limbs;                    /* of all inputs, as they are used */
    int rescale;                  /* primes dropped */
    int limbs_out;                /* limbs - rescale */
    int alpha, special;           /* key shape of a stage's key switches, folds apart */
    int fold_alpha, fold_special; /* key shape of an affine stage's folds, at limbs_out */
    int chain;                    /* 1: the giant steps go one after the other */
    int compact[NN_INPUTS_MAX];   /* diagonals of an input's route that are kept as coefficients */
    int narrow[NN_INPUTS_MAX];    /* 1: these fit in 32 bits */
    double floor_bits;            /* least log2 scale of the output */
    double key_floor_bits[NN_INPUTS_MAX]; /* least log2 scale of an input for exact hoisted
                                             rotations */
    double weight_bits[NN_INPUTS_MAX]; /* log2 of the scale of an affine stage's diagonals, of the
                                          scalar 1 of a route NN_ROUTE_SAME; 0: scalar 1 as it is */
    double drop_bits;                  /* sizes of all primes dropped, together */
    double scale_in[NN_INPUTS_MAX];    /* log2 of the scales of the inputs */
    double scale_bits;                 /* and of the output */
    double min_scale_bits; /* of a polynomial that is not a square: intermediate results are
                              rescaled while they stay at or above it */
    int products;          /* key switches of a polynomial or product, for one ciphertext */
    double ms;             /* predicted time */
} nn_step;

typedef struct nn_schedule {
    int ring, log_n, limbs, special;
    double q_bits[CKKS_MAX_Q]; /* sizes of the limbs and of the special primes */
    double p_bits[CKKS_MAX_P];
    double input_bits;     /* log2 of the scale of a fresh ciphertext */
    double precision_bits; /* bits kept below 1.0 where an error counts most */
    double ms;             /* predicted time */
    double cost;           /* time, and the price of keys, request and response */
    size_t count;
    nn_step *step; /* one per stage */
} nn_schedule;

/** log2 of the deviation of a slot's (real) part when every coefficient has deviation 1: N/2 of
 * them add up in a complex slot's part, 2N in a real slot. See ckks/scheme/noise.h. */
double nn_schedule_spread_bits(int ring, int log_n);

/** Bits of a slot's rounding error after a rescaling or key switch, log2 of its standard deviation.
 *  Source:  coefficient variance N/18 for a uniform ternary secret (N/9 in the real ring),
 * [CHKKS18]
 */
double nn_schedule_rounding_bits(int ring, int log_n);

/** log2 of what so many rounded diagonals, at least one, leave in a slot where values are 1 and the
 *  weights' scale is 1: 1/sqrt(6) a coefficient, see ckks/scheme/encode.h. */
double nn_schedule_weight_bits(int ring, int log_n, int diagonals);

/** Release; NULL is fine. */
void nn_schedule_clear(nn_schedule *s);

/** log2 of the product of the first limbs and the first special primes. */
double nn_schedule_bits(const nn_schedule *s, int limbs, int special);

/** 1 when a stage is exactly x^2, which takes one square and no constant. */
int nn_stage_is_square(const nn_stage *stage);

#endif
