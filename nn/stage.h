/* Stages: a network as a sequence of affine maps and elementwise polynomials.
 *
 * Values are flattened row-major, (C,H,W) for an image, and the batch is one image. A stage takes
 * what the stage before it gave; the count of values agrees, while (C,H,W) may be grouped in
 * another way where the graph reshapes.
 *
 * A polynomial is uniform (one list of coefficients for all elements) or, before rewriting only,
 * per element. After nn_rewrite_merge every polynomial is uniform.
 *
 * stage.range bounds |y| for every element y of the stage's output: a measurement that the graph's
 * metadata hold, or an interval bound propagated from the input's range. */

#ifndef UNSEEN_NN_STAGE_H
#define UNSEEN_NN_STAGE_H

#include "nn/affine.h"
#include "nn/shape.h"

enum { NN_DEGREE_MAX = 8, NN_STAGE_NAME_SIZE = 64 };

typedef enum nn_stage_kind { NN_STAGE_AFFINE, NN_STAGE_POLY } nn_stage_kind;

typedef struct nn_stage {
    nn_stage_kind kind;
    nn_shape in, out;
    nn_affine affine;               /* NN_STAGE_AFFINE, else empty */
    int degree;                     /* NN_STAGE_POLY: 2..NN_DEGREE_MAX, else 0 */
    double coef[NN_DEGREE_MAX + 1]; /* NN_STAGE_POLY, uniform: coef[k] belongs to x^k */
    double *element;                /* NULL when uniform; else [k][i], coefficient of x^k at i */
    double range;                   /* bound of |output|, above 0 */
    int measured;                   /* 1 when range comes from metadata, 0 when it is an interval */
    char name[NN_STAGE_NAME_SIZE];  /* the node's name, cut; after merging, names joined by + */
} nn_stage;

typedef struct nn_stages {
    nn_shape input;
    double input_lo, input_hi; /* range of the input's numbers */
    size_t count;              /* stages */
    nn_stage *stage;           /* count of them, each one's input is the output before it */
} nn_stages;

/** Free stages and make them empty. Accepts NULL and empty stages. */
void nn_stages_clear(nn_stages *s);

/** Append a stage, taking over what it owns; on failure the stage still belongs to the caller. */
NN_MUST_CHECK nn_status nn_stages_append(nn_stages *s, nn_stage *stage);

/** Free what one stage owns. */
void nn_stage_clear(nn_stage *stage);

/** Number of values that come out of the last stage (of the input when there is none). */
size_t nn_stages_output_count(const nn_stages *s);

/** Compute the network in double, stage by stage.
 *
 *  Out:    out   nn_stages_output_count() numbers
 *          peak  NULL, or s->count numbers, each raised to the largest |value| that the stage gave
 *  In:     in    nn_shape_count(s->input) numbers
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_stages_apply(const nn_stages *s, double *out, double *peak,
                                        const double *in);

/** Coefficient of x^k at element i of a polynomial stage, uniform or not. */
double nn_stage_coef(const nn_stage *stage, int k, size_t i);

/** Propagate intervals through the stages, per element, and set every range that is not measured.
 *
 *  A measured range narrows the interval that goes on to the next stage, and becomes smaller itself
 *  where the interval proves that it can.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_RANGE (a bound overflows double; why says at which stage)
 */
NN_MUST_CHECK nn_status nn_stages_bound(nn_stages *s, char *why, size_t why_size);

#endif
