/* The inside of polynomial evaluation, shared by polyeval_plan.c (decisions) and polyeval.c
 * (ciphertexts).
 *
 * P_k stands for x^k or the Chebyshev polynomial T_k. The polynomial is cut by Paterson and
 * Stockmeyer: a node with more than m + extra coefficients is q P_g + r, g = m 2^j; a shorter one
 * is a leaf, a sum of constants times P_1 .. P_m. The coefficients of q and r replace those of the
 * node in place: r in [first, first + g), q after it. So a node is a range of the one array of
 * coefficients.
 *
 * Scales. Powers come first, forward: P_k has the limbs and the scale that the product of its
 * factors gives after lazy rescaling. Then the tree, downward: a node is asked for a value at
 * exactly (limbs L, scale S). With t primes to drop it is formed at L + t limbs and scale S' = S
 * q_L ... q_{L+t-1}; a product then needs q at scale S' / scale(P_g), and r at S'; a leaf's
 * constants have scale S' / scale(P_i). t is the smallest number for which everything below is
 * possible.
 * Source: [BMTH21] section 5
 */
#ifndef UNSEEN_CKKS_CIRCUITS_POLYEVAL_H
#define UNSEEN_CKKS_CIRCUITS_POLYEVAL_H

#include "ckks/circuits.h"
#include "ckks/params/context.h"
#include "ckks/scheme/object.h"

enum { CKKS_POLY_MAX_POWERS = 64, CKKS_POLY_MAX_LOG_BABY = 5 };

/** One power that the evaluation needs. */
typedef struct ckks_poly_power {
    int k;
    int limbs;
    ckks_scale scale;
    ckks_ciphertext value; /* set by the evaluation alone */
} ckks_poly_power;

/** One way to evaluate one polynomial. */
typedef struct ckks_poly_run {
    const ckks_context *ctx;
    int basis, degree;
    int m, extra; /* babies P_1 .. P_{m-1}, in leaves with extra also P_m */
    int products; /* key switches */
    int limbs;    /* of the input */
    double min_scale;
    double coef[CKKS_MAX_POLY_DEGREE + 1]; /* after the cut */
    int power_count;
    ckks_poly_power power[CKKS_POLY_MAX_POWERS]; /* ascending in k; power[0] is P_1 */
    int limbs_out;
    ckks_scale scale_out;
} ckks_poly_run;

/** Cut the polynomial in the way with the fewest products; sets all but limbs and scales.
 *
 *  Fails:   CKKS_ERR_ARG
 */
ckks_status ckks_poly_cut(ckks_poly_run *run, const ckks_context *ctx, const ckks_polynomial *p);

/** Decide limbs and scales of everything for an input of these.  Fails: CKKS_ERR_LEVEL,
 * CKKS_ERR_ARG */
ckks_status ckks_poly_decide(ckks_poly_run *run, int limbs, ckks_scale scale, double min_scale);

/** Length of a node without its leading zeros. */
int ckks_poly_trim(const ckks_poly_run *run, int first, int length);

/** Where a node is split: the g of q P_g + r; 0 for a leaf. */
int ckks_poly_split(const ckks_poly_run *run, int length);

/** Whether a trimmed leaf is one power alone: its place k >= 1, else 0. */
int ckks_poly_single(const ckks_poly_run *run, int first, int length);

/** The needed power k. */
ckks_poly_power *ckks_poly_find(ckks_poly_run *run, int k);

/** Number of primes a product or sum of this scale at these limbs drops by the rule of
 * min_scale; updates both. */
int ckks_poly_lower(const ckks_poly_run *run, int *limbs, ckks_scale *scale);

/** Scale before dropping the primes of limbs .. limbs + t - 1. */
ckks_scale ckks_poly_raise(const ckks_poly_run *run, int limbs, ckks_scale scale, int t);

/** The number t for a node's value at exactly (limbs, scale); -1 when it is impossible. */
int ckks_poly_drops(ckks_poly_run *run, int first, int length, int limbs, ckks_scale scale);

/** Rows of scratch of the evaluation, all operations in it included. */
size_t ckks_poly_scratch_rows(const ckks_context *ctx, const ckks_poly_run *run, int limbs,
                              int threads);

#endif
