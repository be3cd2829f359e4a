/* The second half of a schedule: its limbs and their sizes are decided, special primes and the
 * shapes of keys are not.
 *
 * A key used at few limbs has a small Q of its own, so the security bound leaves room for more
 * special primes P, fewer and larger digits, and so a smaller and faster key. All keys take their
 * special primes from the front of one list, so the sizes of that list are searched: all as large
 * as they may be, or one of them just as large as the bound leaves at one of the stages.
 *
 * The error of a key switch is about sqrt(N digits / 12) sigma D / P a coefficient, D the largest
 * digit, against sqrt(N / 18) of a rounding. At a scale that lies some bits above the one at which
 * a rounding may happen, it may be those bits above a rounding's error; P exceeds D by what is
 * missing. Source: [HK20] section 3, ckks/scheme/noise.h
 */
#ifndef UNSEEN_NN_LEVELS_SHAPES_H
#define UNSEEN_NN_LEVELS_SHAPES_H

#include "nn/levels/step.h"
#include "nn/slots/arrange.h"
#include "nn/slots/cost.h"

/** Largest log2 of any special prime, and of any limb. */
#define NN_SPECIAL_BITS_MAX 46.8
#define NN_LIMB_BITS_MAX 46.7

/* How many operations of each kind a stage is: rotations count for every ciphertext that they are
 * done on, keys only once. */
typedef struct nn_work {
    int affine;
    int parts;              /* ciphertexts of the output */
    int transforms;         /* inputs of an affine stage that are rotated and multiplied */
    int hoists;             /* ciphertexts of these that are cut into digits */
    int divides;            /* ciphertexts that the transforms give, together */
    int scalars;            /* ciphertexts that are multiplied by the scalar 1 */
    int diagonals, terms;   /* in all; most that meet in one ciphertext */
    int folds, fold_depth;  /* in all; one after the other */
    int babies, baby_keys;  /* rotations other than 0 */
    int giants, giant_keys; /* the same, each by its own key; keys that are not a baby's */
    int hops, hop_keys;     /* the same in a chain */
    int products;           /* key switches of a polynomial or product of one ciphertext */
    int square;             /* 1: the polynomial is x^2, or the stage is a product */
    unsigned char same[NN_INPUTS_MAX]; /* 1: this input is multiplied by the scalar 1 */
    int input_babies[NN_INPUTS_MAX];   /* rotations of one ciphertext of this input */
    int input_terms[NN_INPUTS_MAX];    /* of its diagonals those that meet in one ciphertext */
} nn_work;

/** Count the operations of one stage; products of a polynomial that is not x^2 stay 0. */
nn_work nn_shapes_work(const nn_stages *stages, const nn_arrangement *a, size_t stage);

/** Choose special primes and key shapes.
 *
 *  In/out: s        limbs, q_bits and every step's limbs, rescale, scales and floors are read;
 *                   p_bits, special, ms, cost and every step's key shapes, chain and ms are filled
 *  In:     work     of each stage
 *          bound    largest log2(QP)
 *          strict   1: P exceeds D by what the error asks for; 0: by a hair
 *          budget   a cost that must be undercut
 *  Returns 1, or 0 when nothing secure costs less
 */
int nn_shapes_choose(nn_schedule *s, const nn_work *work, const nn_costs *costs, double bound,
                     int strict, double budget);

/** Time of a stage as it was chosen, on a machine of these costs. */
double nn_shapes_ms(const nn_work *work, const nn_step *step, const nn_costs *costs, int log_n);

/** log2 of the error of a key switch over the error of a rounding, both as deviations. */
double nn_shapes_error_bits(const nn_schedule *s, int limbs, int alpha, int special);

/** A lower bound of what a stage costs at so many limbs, whatever the sizes of primes. */
double nn_shapes_least(const nn_work *work, const nn_costs *costs, int log_n, int limbs);

#endif
