/* The stages of a network as batches take them, and the forms of activations that they know.
 *
 * In a batch a sum of values as they are costs neither a level nor products. So where every row of
 * an affine stage has one weight for all its entries, as in a pool, that weight moves to the
 * columns of the affine stages behind. */
#ifndef UNSEEN_NN_BATCH_BATCH_STAGES_H
#define UNSEEN_NN_BATCH_BATCH_STAGES_H

#include "nn/stages/model.h"

/* An activation by squares: (x + shift)^2 + constant, or (x^2 + inner)^2 + slope x + constant. */
typedef struct nn_batch_form {
    int degree; /* 2 or 4; 0: neither */
    double shift, inner, slope, constant;
} nn_batch_form;

/** The form of a stage's polynomial. */
nn_batch_form nn_batch_form_of(const nn_stage *stage);

/** The stages of a model after all passes but those left out, weights of even rows moved on.
 *
 *  Out:    stages   to be cleared with nn_stages_clear; empty on failure
 *  Fails:  as nn_model_stages
 */
NN_MUST_CHECK nn_status nn_batch_stages(nn_stages *stages, const nn_model *m, unsigned passes_off,
                                        char *why, size_t why_size);

/** Move the weights of even rows on, where only affine stages take them.
 *
 *  Fails:  NN_ERR_MEMORY, NN_ERR_RANGE
 */
NN_MUST_CHECK nn_status nn_batch_even(nn_stages *stages);

/** The weight that all entries of a matrix have, up to the sign; 0 when there is none. */
double nn_batch_weight(const nn_affine *a);

#endif
