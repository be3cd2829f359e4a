/* Stages: a network as a directed acyclic graph of affine maps, elementwise polynomials and
 * products.
 *
 * Value 0 is the network's input, value k + 1 is what stage k makes; a stage takes values below its
 * own, so the stages stand in topological order. The network's output is that of the last stage.
 * Values are flattened row-major, (C,H,W) for an image, and the batch is one image. What a stage
 * takes agrees in count with what it expects, while (C,H,W) may be grouped in another way where the
 * graph reshapes.
 *
 *   affine      y = sum over inputs of M_i x_i + b; only affine[0] has a bias that is not 0
 *   polynomial  y = p(x) for every element, in powers of x or in Chebyshev polynomials of x
 *   product     y = x_0 x_1 for every element
 *
 * In Chebyshev's basis x is within [-1, 1].
 *
 * A polynomial is uniform (one list of coefficients for all elements) or, before rewriting only,
 * per element. After nn_rewrite_merge every polynomial is uniform.
 *
 * stage.range bounds |y| for every element y of the stage's output: a measurement that the graph's
 * metadata hold, or an interval bound propagated from the input's range. */

#ifndef UNSEEN_NN_STAGES_STAGE_H
#define UNSEEN_NN_STAGES_STAGE_H

#include "ckks/circuits.h"
#include "nn/shape.h"
#include "nn/stages/affine.h"

enum {
    NN_STAGES_MAX = 4096,
    NN_INPUTS_MAX = 8,
    NN_DEGREE_MAX = 31,
    NN_MONOMIAL_MAX = 8, /* degree of a polynomial in powers of x */
    NN_STAGE_NAME_SIZE = 64
};

typedef enum nn_stage_kind { NN_STAGE_AFFINE, NN_STAGE_POLY, NN_STAGE_PRODUCT } nn_stage_kind;

/* What an affine stage was made from: the passes of nn/stages/rewrite.h go by it. */
typedef enum nn_origin {
    NN_FROM_LINEAR, /* convolutions, matrices, constants, permutations */
    NN_FROM_NORM,   /* batch normalisation */
    NN_FROM_POOL,   /* average pooling */
    NN_FROM_JOIN    /* sum, difference or concatenation of values */
} nn_origin;

typedef struct nn_stage {
    nn_stage_kind kind;
    nn_origin origin;
    size_t input_count;          /* affine 1..NN_INPUTS_MAX, polynomial 1, product 2 */
    size_t input[NN_INPUTS_MAX]; /* values, each below the stage's own; of an affine stage
                                  * without repetition */
    nn_shape out;
    nn_affine affine[NN_INPUTS_MAX]; /* NN_STAGE_AFFINE: one per input, else empty */
    int basis;                       /* NN_STAGE_POLY: CKKS_BASIS_MONOMIAL or _CHEBYSHEV */
    int degree;                      /* NN_STAGE_POLY: 2..NN_MONOMIAL_MAX, 1..NN_DEGREE_MAX */
    double coef[NN_DEGREE_MAX + 1];  /* NN_STAGE_POLY, uniform: coef[k] belongs to x^k or T_k(x) */
    double *element;                 /* NULL when uniform; else [k][i], coefficient of x^k at i */
    double range;                    /* bound of |output|, above 0 */
    int measured;                  /* 1 when range comes from metadata, 0 when it is an interval */
    double spread;                 /* range in parts of the measured root mean square of the
                                    * numbers; 0: that is not known */
    char name[NN_STAGE_NAME_SIZE]; /* the node's name, cut; after merging, names joined by + */
    size_t traced; /* 1 + the graph's value that the output is, but for trace; 0: it is none */
    double *trace; /* NULL: the output is that value as it is; else [2][i]: it is
                    * trace[i] value_i + trace[count + i], where 0 says nothing of value_i */
} nn_stage;

typedef struct nn_stages {
    nn_shape input;
    double input_lo, input_hi; /* range of the input's numbers */
    size_t count;              /* stages */
    nn_stage *stage;           /* count of them, in topological order */
} nn_stages;

/** Free stages and make them empty. Accepts NULL and empty stages. */
void nn_stages_clear(nn_stages *s);

/** Append a stage, taking over what it owns; on failure the stage still belongs to the caller.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE (NN_STAGES_MAX are there)
 */
NN_MUST_CHECK nn_status nn_stages_append(nn_stages *s, nn_stage *stage);

/** Note for nn_stage.trace that a stage's output has become scale_i y_i + shift_i, no longer y_i.
 *
 *  In:     shift  NULL: 0
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_stage_trace(nn_stage *stage, const double *scale, const double *shift);

/** Free what one stage owns. */
void nn_stage_clear(nn_stage *stage);

/** Shape of a value, 0..s->count. */
nn_shape nn_stages_shape(const nn_stages *s, size_t value);

/** Count of numbers in a value. */
size_t nn_stages_width(const nn_stages *s, size_t value);

/** Bound of the magnitude of a value's numbers: the range of the stage that makes it, or the
 * input's.
 */
double nn_stages_range(const nn_stages *s, size_t value);

/** Index of the last stage that takes a value; s->count for the output, which is never done with,
 * and the index of the value's own stage (0 for the input) when nothing takes it. */
size_t nn_stages_last_use(const nn_stages *s, size_t value);

/** How often a value is taken by stages; the output counts as taken once more. */
size_t nn_stages_uses(const nn_stages *s, size_t value);

/** Drop the stages that a value does not depend on, so that it becomes the output.
 *
 *  In:  output  1..s->count
 */
void nn_stages_prune(nn_stages *s, size_t output);

/** Number of values that come out of the last stage (of the input when there is none). */
size_t nn_stages_output_count(const nn_stages *s);

/** 1 when an affine stage gives its only input as it is, else 0. */
int nn_stage_is_identity(const nn_stage *stage);

/** Entries that are not zero in all matrices of a stage. */
size_t nn_stage_nonzeros(const nn_stage *stage);

/** Give a stage the range of another, and what is known of it. */
void nn_stage_take_range(nn_stage *to, const nn_stage *from);

/** The largest number that a stage handles at its output's scale: what it makes, or a bias as it is
 *  added, which may be larger where it compensates what the weights make.
 */
double nn_stage_magnitude(const nn_stage *stage);

/** Compute one stage in double.
 *
 *  Out:    y  the output's numbers, not overlapping with an input
 *  In:     x  one list of numbers per input
 */
void nn_stage_apply(const nn_stage *stage, double *y, const double *const *x);

/** Compute the network in double, stage by stage. A value is kept until its last use.
 *
 *  Out:    out   nn_stages_output_count() numbers
 *          peak  NULL, or s->count numbers, each raised to the largest |value| that the stage gave
 *  In:     in    nn_shape_count(s->input) numbers
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_stages_apply(const nn_stages *s, double *out, double *peak,
                                        const double *in);

/** Coefficient of x^k or T_k(x) at element i of a polynomial stage, uniform or not. */
double nn_stage_coef(const nn_stage *stage, int k, size_t i);

/** Propagate intervals through the stages, per element, and set every range that is not measured.
 *
 *  A measured range narrows the interval that goes on to the next stages, and becomes smaller
 * itself where the interval proves that it can.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_RANGE (a bound overflows double; why says at which stage)
 */
NN_MUST_CHECK nn_status nn_stages_bound(nn_stages *s, char *why, size_t why_size);

#endif
