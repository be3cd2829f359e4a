/* States before a stage, and what one choice makes of them: the arithmetic of levels.h. */
#ifndef UNSEEN_NN_LEVELS_LEVEL_H
#define UNSEEN_NN_LEVELS_LEVEL_H

#include "nn/levels/levels.h"

enum { NN_LIVE_MAX = 24, NN_LEVEL_CHOICES = 2 * NN_POWERS_SIZES };

/* Before a stage. Primes are counted in the order in which they are dropped: 0 is the first. */
typedef struct nn_level_state {
    int live;                  /* values that are still taken, in ascending order */
    int low, top;              /* primes that all, and that any value has lost */
    int dropped[NN_LIVE_MAX];  /* primes that the value has lost */
    double scale[NN_LIVE_MAX]; /* log2 */
    double size[NN_LIMBS_MAX]; /* of the primes low .. top - 1 */
} nn_level_state;

/* What a stage does. */
typedef struct nn_level_choice {
    signed char start;   /* primes that its inputs have lost when it works on them */
    signed char rescale; /* primes that it drops then */
    signed char size;    /* place in the list of nn/levels/powers.h; -1: all but polynomials */
} nn_level_choice;

/* The values that are still taken before each stage. */
typedef struct nn_level_live {
    int count;
    size_t value[NN_LIVE_MAX];
} nn_level_live;

/** The values taken by stage k and those behind it, k <= stages->count.
 *
 *  Returns 0 when there are more than NN_LIVE_MAX, else 1
 */
int nn_level_alive(nn_level_live *live, const nn_stages *stages, size_t k);

/** Choices worth trying; returns how many, NN_LEVEL_CHOICES at most. */
int nn_level_choices(nn_level_choice *list, const nn_levels_job *job, const nn_level_live *live,
                     size_t k, const nn_level_state *from);

/** Apply a choice.
 *
 *  Out:    to     state before stage k + 1
 *          step   limbs, rescale, limbs_out, scales, weights, drops and floors; may be NULL
 *          bits   of primes that no value had lost before
 *  In:     live   of stage k and of stage k + 1
 *          limbs  of a fresh ciphertext, for step
 *  Returns 1, or 0 when the stage cannot do that
 */
int nn_level_apply(nn_level_state *to, nn_step *step, double *bits, const nn_levels_job *job,
                   const nn_level_live live[2], size_t k, const nn_level_state *from,
                   nn_level_choice choice, int limbs);

#endif
