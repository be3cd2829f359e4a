/* The search for levels and scales: a graph of states, and the cheapest ways through it.
 *
 * A state stands before a stage: for every value that is still taken, how many primes it has lost
 * and log2 of its scale; and the sizes of those primes that one value has lost and another still
 * has, for they are the same primes. A choice leads on: at which limbs the stage works (residues
 * above may be left out for free, as a stage with unequal inputs must), how many primes it drops,
 * and for a polynomial of what size. A drop goes down to the floor, or as far as its primes reach:
 * a bit kept at a square costs two behind it, so less is never better. Where it would leave primes
 * too small, the weights of a matrix are made finer.
 *
 * Drops end at the floor, so few scales are reached and states that agree are one: the graph stays
 * small however deep the network. It does not depend on the number of limbs; for each number,
 * labels (cost so far, bits of primes so far) are walked through it, the cheapest and the shortest
 * few at each state. Where a stage has more than 3000 states before it, those whose scales lie
 * within half a bit become one, and the ways that are left need not be the cheapest of all.
 */
#ifndef UNSEEN_NN_LEVELS_LEVELS_H
#define UNSEEN_NN_LEVELS_LEVELS_H

#include "nn/levels/powers.h"
#include "nn/levels/shapes.h"

/* Least scales of one stage, log2. */
typedef struct nn_level_floor {
    double out;                   /* of the output */
    double weight[NN_INPUTS_MAX]; /* of the diagonals, or of the scalar 1 */
    double key[NN_INPUTS_MAX];    /* of the input for hoisted rotations */
} nn_level_floor;

typedef struct nn_levels_job {
    const nn_stages *stages;
    const nn_work *work;         /* per stage */
    const nn_level_floor *floor; /* per stage */
    nn_powers *powers;           /* NULL: there are no polynomials but squares */
    double prime_bits_min;
    double input_bits;       /* least scale of the input; up to NN_INPUT_MORE bits more are tried */
    const double *own;       /* [stage * (NN_LIMBS_MAX + 1) + limbs]: least cost of a stage */
    const double *magnitude; /* per value: bits that the modulus exceeds its scale by, at least */
    const double *word;      /* per value: largest log2 of its scale, for biases */
    double bound;            /* largest log2(QP) */
} nn_levels_job;

enum { NN_INPUT_MORE = 6 };

typedef struct nn_levels nn_levels;

/** Make the graph.
 *
 *  Out:    l         to be released with nn_levels_free; NULL on failure
 *          furthest  stage that no way gets past, stages->count when one arrives
 *          bits      of the primes dropped before that stage, at least
 *  In:     job       must outlive it
 *  Fails:  NN_ERR_MEMORY, NN_ERR_PLAN (no way arrives, whatever the number of limbs)
 */
NN_MUST_CHECK nn_status nn_levels_create(nn_levels **out, const nn_levels_job *job,
                                         size_t *furthest, double *bits);
void nn_levels_free(nn_levels *l);

/** log2 of the least modulus Q with which a way arrives. */
double nn_levels_least_bits(const nn_levels *l);

/** Stages that a modulus of so many bits gets past, at most. */
size_t nn_levels_reach(const nn_levels *l, double bits);

/** Called for a way: the steps' limbs, rescale, scales, weights, drops and floors, sizes of the
 *  dropped primes in s->q_bits, s->input_bits.  Returns the cost below which ways are still wanted.
 */
typedef double (*nn_levels_visit)(void *user, nn_schedule *s);

/** Visit the ways for one number of limbs, those with the least cost first.
 *
 *  In/out: s     limbs is read; step has room for all stages
 *  In:     most  ways at most
 *          cost  ways whose least cost is not below this are left out
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_levels_walk(const nn_levels *l, nn_schedule *s, size_t most, double cost,
                                       nn_levels_visit visit, void *user);

#endif
