/* Public interface of the circuits over the scheme: linear transforms by diagonals and
 * polynomials. */
#ifndef UNSEEN_CKKS_CIRCUITS_H
#define UNSEEN_CKKS_CIRCUITS_H

#include "ckks/ckks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ linear transforms by diagonals
 *
 *     y_o[j] = sum over the diagonals k from input i_k to output o = o_k of
 *              value_k[j] * x_{i_k}[(j + d_k) mod slots],      d_k = baby + giant of its step,
 *
 * then, when fold_count > 0, y_o <- y_o + rotate(y_o, fold_step[0]); y_o <- y_o + rotate(y_o,
 * fold_step[1]); ... (the hybrid for wide and short matrices: partial sums are added up by log2
 * rotations). Several inputs and outputs are the blocks of a matrix that is wider or taller than a
 * ciphertext has slots. */

enum { CKKS_LINTRANS_MAX_BLOCKS = 64 /* inputs, and outputs */ };

/** How a transform is computed. Baby steps are hoisted, once for each input; giant steps are key
 *  switches, once for each output, of sums over all inputs. */
typedef struct ckks_lintrans_shape {
    int limbs;      /* of the inputs; what they have above is left out */
    int rescale;    /* 0..limbs-1: primes dropped at the end, the first with the mod-down */
    int special;    /* special primes of the double-hoisted sum and of all its keys */
    int alpha;      /* limbs per digit of those keys */
    int step_count; /* different rotations that diagonals ask for */
    const int *baby, *giant; /* step_count each: baby and giant steps, in [0, slots) */
    int fold_count;
    const int *fold_step;
    int chain;     /* 1: giant steps one after the other, B_0 + rot(B_1 + rot(B_2 + ...)),
                      ordered by value around 0: the keys are those of the differences, which
                      may be one for all (Horner's rule); 0: each giant step has its own key */
    int compact;   /* at least so many diagonals, the last ones, whole giant steps of an output,
                      are kept as integer coefficients and transformed at each use; 0: none */
    int narrow;    /* 1: these in 32 bits, for max|value| * scale < 2^31; 0: in 64 bits */
    int in_count;  /* ciphertexts, 1..CKKS_LINTRANS_MAX_BLOCKS; 0 stands for 1 */
    int out_count; /* likewise */
    int diagonal_count; /* 0: one for each step, from input 0 to output 0 */
    /* diagonal_count each: a diagonal's place in baby and giant, its input and its output; no two
     * diagonals agree in all three. Not read when diagonal_count is 0. */
    const uint16_t *diagonal_step, *diagonal_in, *diagonal_out;
} ckks_lintrans_shape;

typedef struct ckks_lintrans ckks_lintrans;

/** Choose baby and giant steps: minimises predicted time over many splits of the index set. Indices
 *  are read around 0, so a window such as -70..70 (given modulo slots) is one run; sets with a
 *  stride, as in {32 dy + dx}, are split along it.
 *
 *  Out:     baby, giant   count each
 *  In:      index         count distinct diagonal indices in [0, slots) baby_cost, giant_cost
 *           relative costs of a hoisted baby rotation and of a giant rotation
 *  Source:  [HS18] section 4, [BMTH21] section 4
 */
CKKS_API void ckks_lintrans_split(int *baby, int *giant, const int *index, int count, size_t slots,
                                  double baby_cost, double giant_cost);

/** Put the values of diagonal k, for all slots, into value, which holds zeros. Called from several
 *  threads at once when the worker has several.
 *
 *  Returns  CKKS_OK, or what creation shall fail with
 */
typedef ckks_status (*ckks_diagonal_fill)(void *user, int k, double *value);

/** Encode all diagonals once, ready for use: limbs + special packed rows each, or, for compact
 *  ones, one row of integer coefficients. Diagonals are asked for one at a time, each once.
 *
 *  In:      fill, user   give the diagonals of the shape; at most 4096 with one giant step and
 *                        output
 *           scale        of the encoded values
 *  Memory:  ckks_lintrans_memory; while it runs, for each thread about 7 rows of N words, and 2 for
 *           each output
 *  Cost:    the filling, one inverse embedding and, unless compact, limbs + special transforms for
 *           each diagonal; the worker's threads share the diagonals
 *  Fails:   CKKS_ERR_ARG, CKKS_ERR_RANGE (not finite, too large for its integers),
 *           CKKS_ERR_MEMORY, as fill
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_lintrans_create(ckks_worker *w, ckks_lintrans **out,
                                                          const ckks_lintrans_shape *shape,
                                                          ckks_diagonal_fill fill, void *user,
                                                          ckks_scale scale);
/** Release; NULL is fine. */
CKKS_API void ckks_lintrans_free(ckks_lintrans *t);
/** Heap that a transform of this shape takes. */
CKKS_API size_t ckks_lintrans_memory(const ckks_context *ctx, const ckks_lintrans_shape *shape);
/** Extra scratch that a worker of so many threads needs to apply it: the circuit_bytes of
 *  ckks_worker_create. The sums of all giant steps take part in it as long as they are below 256
 *  MiB; beyond, the giants are done group by group. */
CKKS_API size_t ckks_lintrans_scratch_bytes(const ckks_context *ctx,
                                            const ckks_lintrans_shape *shape, int threads);
/** Distinct rotations (baby, giant and fold steps without 0) with the limbs at which each is used.
 *  A fold that is also a baby or giant step uses that key; others get a key of their own for the
 *  output's limbs, its shape chosen by ckks_key_spec_choose.
 *
 *  Out:     spec    kind, steps, limbs, alpha and special filled; may be NULL to count
 *  Returns  how many
 */
CKKS_API size_t ckks_lintrans_keys(const ckks_context *ctx, ckks_key_spec *spec, size_t capacity,
                                   const ckks_lintrans_shape *shape);

/** out = the transform of in.
 *
 *  Folds run at the end, on the output's limbs.
 *
 *  Out:     out   the shape's out_count; with one output it may be an input, with several no output
 *                 is an input or another output
 *  In:      in    the shape's in_count, of equal scales, with the shape's limbs or more
 *  Level:   out has limbs - rescale limbs
 *  Scale:   in.scale * scale of the transform / product of the dropped primes
 *  Cost:    with d digits and r = limbs + special: r (d in_count + (d + 2) giants out_count +
 *           2 out_count) transforms and r N (d babies in_count + d giants out_count +
 *           2 diagonals) products; for each compact diagonal r transforms more
 *  Error:   see noise.h; the magnitude becomes the largest input's times the largest sum of
 *           |values| over a slot, which is often far too much: ckks_ciphertext_set_magnitude
 *           tells it better
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_NO_KEY, CKKS_ERR_MISMATCH, CKKS_ERR_DEGREE, CKKS_ERR_SCALE
 *           (unequal; scale >= Q/2), CKKS_ERR_MEMORY (scratch), CKKS_ERR_ARG (aliases); the
 *           outputs are then unchanged
 *  Source:  [BMTH21] Algorithm 6 (double hoisting)
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_lintrans_apply(ckks_worker *w,
                                                         ckks_ciphertext *const *out,
                                                         const ckks_ciphertext *const *in,
                                                         const ckks_lintrans *t);

/* ------------------------------------------------------------------ many jobs for a team */

/** One job of many that have nothing to do with each other, job number i; mine is a worker of one
 *  thread with the keys on loan. */
typedef ckks_status (*ckks_worker_job)(ckks_worker *mine, void *user, size_t i);

/** Do job 0 .. count - 1, each by one of the worker's threads: for many small operations this is
 *  faster than operations that share their loops.
 *
 *  In:      circuit_bytes   scratch for circuits.h that one job needs; 0 for none
 *  Fails:   CKKS_ERR_ARG (NULL), CKKS_ERR_MEMORY (scratch); as the job of the lowest number that
 *           failed; a thread begins no job after one of its own has failed
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_worker_each(ckks_worker *w, ckks_worker_job job,
                                                      void *user, size_t count,
                                                      size_t circuit_bytes);
/** Extra scratch that a worker of so many threads needs for it: circuit_bytes of its creation. */
CKKS_API size_t ckks_worker_each_bytes(const ckks_context *ctx, size_t circuit_bytes, int threads);

/* ------------------------------------------------------------------ sums over many ciphertexts
 * Batch packing: every slot belongs to another image, so a matrix is made of scalars, and needs
 * neither rotations nor their keys. */

/** A sparse matrix of scalars in compressed rows, with a bias for each row. */
typedef struct ckks_scalars {
    size_t rows, cols;
    const size_t *row_start; /* rows + 1 offsets into col and value, ascending from 0 */
    const uint32_t *col;     /* below cols */
    const double *value;
    const double *bias; /* rows, or NULL for none */
    double magnitude;   /* bound on |row of the result|, when one better than the sum of |value|
                           times the inputs' magnitudes is known; else 0 */
} ckks_scalars;

typedef struct ckks_sums ckks_sums;

/** Round the scalars to integers at a scale. Residues are made when they are used.
 *
 *  In:      scale   > 0; max |value| * scale < 2^62
 *  Memory:  ckks_sums_memory
 *  Fails:   CKKS_ERR_ARG (no rows, offsets or columns out of range), CKKS_ERR_RANGE (not finite,
 *           too large), CKKS_ERR_MEMORY
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_sums_create(ckks_worker *w, ckks_sums **out,
                                                      const ckks_scalars *m, ckks_scale scale);
/** Release; NULL is fine. */
CKKS_API void ckks_sums_free(ckks_sums *s);
/** Heap that sums of this size take. */
CKKS_API size_t ckks_sums_memory(size_t rows, size_t nonzeros);
/** Extra scratch that a worker of so many threads needs for ckks_eval_sums: the circuit_bytes of
 *  its creation.
 *
 *  In:      inner, outer   as there; each may be NULL, not both
 */
CKKS_API size_t ckks_sums_scratch_bytes(const ckks_context *ctx, const ckks_sums *inner,
                                        const ckks_sums *outer, int threads);

/** Sums of scalar products, and of squares, of many ciphertexts at once:
 *
 *     outer NULL:   out[r] = sum over c of inner[r][c] in[c]  + bias[r]
 *     else:         out[r] = sum over k of outer[r][k] y[k]^2 + bias[r],  three parts each,
 *                   with y = inner's sums as above, or y = in when inner is NULL
 *
 *  Squares are not relinearised: when few rows take in many squares, ckks_eval_relinearise of the
 *  outputs is the cheaper order.
 *
 *  Out:     out     one for each row of outer, of inner when that is NULL; no two the same
 *  In:      in      one for each column of inner, of outer when that is NULL; equal limbs, parts
 *                   and scales; two parts when outer is given
 *  Level:   out = in
 *  Scale:   s = in * inner, s^2 * outer
 *  Error:   per row, root of the sum of (value * error)^2 and of the rounding of the scalars, see
 *           noise.h; squares as ckks_eval_square_raw
 *  Cost:    for each limb and place: parts * entries of inner + 3 * entries of outer products
 *  Memory:  ckks_sums_scratch_bytes
 *  Fails:   CKKS_ERR_ARG (both NULL), CKKS_ERR_MISMATCH, CKKS_ERR_LEVEL (unequal limbs),
 *           CKKS_ERR_SCALE (unequal, or a sum >= Q/2), CKKS_ERR_DEGREE, CKKS_ERR_RANGE (a
 *           bias too large), CKKS_ERR_MEMORY (scratch); before any output changes
 *  Source:  [GDLL16] for the packing
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_sums(ckks_worker *w, ckks_ciphertext *const *out,
                                                    const ckks_ciphertext *const *in,
                                                    const ckks_sums *inner, const ckks_sums *outer);

/* ------------------------------------------------------------------ polynomials */

enum { CKKS_BASIS_MONOMIAL = 0, CKKS_BASIS_CHEBYSHEV = 1 };
enum { CKKS_MAX_POLY_DEGREE = 255 };

typedef struct ckks_polynomial {
    int basis;          /* Chebyshev: on [-1, 1] */
    int degree;         /* 1..CKKS_MAX_POLY_DEGREE; monomial at most 8 */
    const double *coef; /* degree + 1, ascending; exact zeros cost nothing */
} ckks_polynomial;

/** What evaluating p on a ciphertext of given limbs and scale will do, without doing it.
 *
 *  Out:     limbs_out, scale_out   of the result (may be NULL)
 *           products               key switches (may be NULL)
 *  In:      limbs, scale           of the input min_scale              intermediate results are
 *           rescaled while they stay at or above this scale
 *  Fails:   CKKS_ERR_LEVEL when limbs do not suffice, CKKS_ERR_ARG
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_poly_plan(const ckks_context *ctx,
                                                    const ckks_polynomial *p, int limbs,
                                                    ckks_scale scale, double min_scale,
                                                    int *limbs_out, ckks_scale *scale_out,
                                                    int *products);

/** out = p(in) slotwise. All sums meet at exactly equal scales (a downward simulation chooses every
 *  constant's scale, ckks_poly_plan tells the outcome).
 *
 *  Depth:   ceil(log2(degree + 1)) products; a monic even quadratic x^2 + c takes one square
 *  Needs:   relinearisation keys at the limbs used
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_NO_KEY, CKKS_ERR_ARG
 *  Source:  [BMTH21] section 5, Paterson-Stockmeyer in the Chebyshev basis
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_poly_eval(ckks_worker *w, ckks_ciphertext *out,
                                                    const ckks_ciphertext *in,
                                                    const ckks_polynomial *p, double min_scale);
/** Scratch that ckks_poly_eval needs beyond that of every worker: the circuit_bytes of
 * ckks_worker_create; 0 when it needs no more, and for a bad argument. */
CKKS_API size_t ckks_poly_scratch_bytes(const ckks_context *ctx, const ckks_polynomial *p,
                                        int limbs);

#ifdef __cplusplus
}
#endif
#endif
