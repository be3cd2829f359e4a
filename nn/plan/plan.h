/* A plan: stages, their arrangement in slots, their schedule of limbs and scales, made exact. */
#ifndef UNSEEN_NN_PLAN_PLAN_H
#define UNSEEN_NN_PLAN_PLAN_H

#include "nn/levels/schedule.h"
#include "nn/nn.h"
#include "nn/slots/arrange.h"
#include "nn/stages/model.h"

/* One stage with its exact scales and foretold values. */
typedef struct nn_plan_step {
    nn_step shape;                      /* limbs, rescale, key shape */
    ckks_scale scale_in[NN_INPUTS_MAX]; /* of the input ciphertexts */
    ckks_scale weight[NN_INPUTS_MAX];   /* of the diagonals of an affine stage, by input; of the
                                           scalar 1 where the route is NN_ROUTE_SAME */
    ckks_scale scale_out;
    double min_scale;     /* of a polynomial stage that is not a square */
    double magnitude;     /* bound of |output| */
    double size;          /* typical size of a value */
    size_t weight_memory; /* encoded matrices and biases */
    double error;         /* predicted standard deviation of a value's error */
} nn_plan_step;

struct nn_plan {
    const nn_model *model; /* must outlive the plan */
    nn_stages *stages;     /* its own, rewritten by its passes; see nn_plan_release_matrix */
    nn_arrangement arrangement;
    nn_schedule schedule;
    ckks_params params;
    nn_plan_step *step; /* one per stage */
    ckks_key_spec *key;
    size_t key_count;
    nn_forecast forecast;
    nn_model_cost before, after;
    unsigned passes; /* NN_PASS_... that were run */
    uint64_t keep;   /* optional merges that were left out, as of nn_rewrite_options */
    size_t kept;     /* how many */
    nn_plan_try tried[NN_TRIES_MAX]; /* rings, in the order in which they were tried */
    size_t try_count;
};

/** The shape of the linear transform of input i of affine stage k, which is no NN_ROUTE_SAME;
 *  borrows the plan's arrays. */
ckks_lintrans_shape nn_plan_shape(const nn_plan *p, size_t k, size_t i);

/** Free the entries of the matrix of input i of affine stage k, once its diagonals are encoded: of
 *  all that a server holds while it makes its program they are the largest. Sides and bias stay. A
 *  plan without its matrices can be executed and printed, but makes no second program and does not
 *  run on clear slots. */
void nn_plan_release_matrix(nn_plan *p, size_t k, size_t i);

/** Margin by which a value may exceed its measured range: twice, which the schedule leaves room
 * for. */
#define NN_RANGE_MARGIN 2.0

#endif
