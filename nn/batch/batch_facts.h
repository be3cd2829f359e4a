/* What the search for a batch's schedule goes by: kinds of steps, what is known of each stage
 * before the search, times and room at so many limbs. */
#ifndef UNSEEN_NN_BATCH_BATCH_FACTS_H
#define UNSEEN_NN_BATCH_BATCH_FACTS_H

#include "nn/batch/batch_stages.h"
#include "nn/slots/cost.h"

enum { NN_BATCH_LIMBS_MAX = 36 };

typedef enum nn_batch_kind {
    NN_BATCH_SUMS,    /* an affine stage */
    NN_BATCH_SQUARE,  /* (x + shift)^2 + constant */
    NN_BATCH_QUARTIC, /* (x^2 + inner)^2 + slope x + constant */
    NN_BATCH_POLY,    /* any other polynomial */
    NN_BATCH_PRODUCT, /* of two values */
    NN_BATCH_INSIDE   /* squares that the sums behind them take: nothing is made here */
} nn_batch_kind;

/* What the server does for one stage. */
typedef struct nn_batch_step {
    nn_batch_kind kind;
    int squared;       /* sums: of the squares of the values before the stage before */
    int lazy;          /* products keep three parts, for the sums behind them */
    int limbs;         /* of all inputs, as they are used */
    int inner_rescale; /* quartic: primes dropped behind x^2 */
    int rescale;       /* primes dropped at the end */
    int limbs_out;
    int alpha, special;                /* key shape at `limbs`; 0 without a key */
    int outer_alpha, outer_special;    /* quartic: of the second square, 0 when it is lazy */
    double weight_bits[NN_INPUTS_MAX]; /* sums: log2 of the scale of each input's scalars */
    double scale_bits;                 /* log2 of the scale of the output */
    double ms;                         /* predicted time of a set */
} nn_batch_step;

typedef struct nn_batch_job {
    const nn_stages *stages; /* no polynomial with coefficients per element */
    const nn_costs *costs;
    int ring, log_n, security_bits;
    double precision_bits; /* bits kept below 1.0 */
} nn_batch_job;

/** log2 of the size of a special prime. */
#define NN_BATCH_SPECIAL_BITS 46.8

/** Bits of a slot's error by a rescaling or key switch, and by a fresh encryption: log2 of the
 *  standard deviation at scale 1.  Source: ckks/scheme/noise.h */
double nn_batch_rounding_bits(int ring, int log_n);
double nn_batch_fresh_bits(int ring, int log_n);

/* Times and room for primes of one size. */
typedef struct nn_batch_times {
    const nn_costs *costs;
    int log_n;
    double bound;                 /* largest log2(QP) */
    double first_bits, limb_bits; /* sizes of q_0 and of the other q_i */
    struct {
        int known, size; /* size: limbs of a digit and special primes, 0: no key is allowed */
        double ms;
    } shape[NN_BATCH_LIMBS_MAX + 1][2];
} nn_batch_times;

/** Change the size of the primes. */
void nn_batch_times_set(nn_batch_times *t, double limb_bits);

/** log2 of the product of so many limbs. */
double nn_batch_q_bits(const nn_batch_times *t, int limbs);

/** Whether a number of this magnitude, at this scale, could reach a quarter of the modulus. */
int nn_batch_wraps(const nn_batch_times *t, double magnitude, int limbs, double bits);

/** Reading inputs and writing outputs, so many parts in all. All times are in ms on one core. */
double nn_batch_traffic_ms(const nn_batch_times *t, double parts, int limbs);

/** Products with so many scalars, of ciphertexts of two or three parts. */
double nn_batch_sums_ms(const nn_batch_times *t, double entries, int parts, int limbs);

/** Dropping primes from both parts of so many ciphertexts. */
double nn_batch_rescale_ms(const nn_batch_times *t, double count, int limbs, int primes);

/** One relinearisation that drops `merged` primes (0 or 1), with the fastest key shape that the
 * bound allows.
 *
 *  Out:  size  limbs of a digit, and special primes; 0 when there is none, and the time HUGE_VAL
 */
double nn_batch_switch_ms(nn_batch_times *t, int limbs, int merged, int *size);

/** Relinearising so many products and dropping primes. Out: size, as above */
double nn_batch_relinearise_ms(nn_batch_times *t, double count, int limbs, int rescale, int *size);

/* What is known of a stage. */
typedef struct nn_batch_facts {
    nn_batch_step form; /* kind, squared, lazy */
    nn_batch_form poly;
    size_t last_use; /* of the value that the stage makes */
    double entries[NN_INPUTS_MAX];
    double floor_bits[NN_INPUTS_MAX]; /* of the scalars */
    double even_bits; /* scale at which the scalars of the only input are whole; HUGE_VAL: none */
    size_t inputs;    /* numbers of all inputs together */
    double magnitude; /* largest number or constant at the output's scale */
} nn_batch_facts;

/** log2 of the least scale of the scalars of a row of so many, for so many bits of precision. */
double nn_batch_scalar_bits(size_t widest, double precision_bits);

/** Find the facts of all stages, and which products are relinearised behind the sums that take
 * them.
 *
 *  Out:  fact  stages->count, zeros before
 */
void nn_batch_facts_find(nn_batch_facts *fact, const nn_batch_job *job, nn_batch_times *t);

#endif
