/* A plan: stages, their arrangement in slots, their schedule of limbs and scales, made exact. */
#ifndef UNSEEN_NN_PLAN_H
#define UNSEEN_NN_PLAN_H

#include "nn/arrange.h"
#include "nn/model.h"
#include "nn/nn.h"
#include "nn/schedule.h"

/* One stage with its exact scales and foretold values. */
typedef struct nn_plan_step {
    nn_step shape;       /* limbs, rescale, key shape */
    ckks_scale scale_in; /* of the input ciphertext */
    ckks_scale weight;   /* of the diagonals of an affine stage */
    ckks_scale scale_out;
    double min_scale; /* of a polynomial stage that is not a square */
    double magnitude; /* bound of |output| */
    double error;     /* predicted standard deviation of a value's error */
} nn_plan_step;

struct nn_plan {
    const nn_model *model;   /* must outlive the plan */
    const nn_stages *stages; /* of the model, merged or not */
    nn_arrangement arrangement;
    nn_schedule schedule;
    ckks_params params;
    nn_plan_step *step; /* one per stage */
    ckks_key_spec *key;
    size_t key_count;
    nn_forecast forecast;
    nn_model_cost before, after;
};

/** The shape of the linear transform of an affine stage; borrows the plan's arrays. */
ckks_lintrans_shape nn_plan_shape(const nn_plan *p, size_t k);

/** Margin by which a value may exceed its measured range: twice, which the schedule leaves room
 * for. */
#define NN_RANGE_MARGIN 2.0

#endif
