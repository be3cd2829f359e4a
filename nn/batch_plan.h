/* A plan for batches: stages, their schedule, made exact; and what the executor shares with it. */
#ifndef UNSEEN_NN_BATCH_PLAN_H
#define UNSEEN_NN_BATCH_PLAN_H

#include "nn/batch.h"
#include "nn/batch_schedule.h"
#include "nn/model.h"

/* One step with its exact scales and foretold values. */
typedef struct nn_batch_exact {
    ckks_scale scale_in;     /* of the inputs */
    ckks_scale inner, outer; /* of the scalars before and behind squares */
    ckks_scale scale_out;
    double min_scale; /* of a polynomial that is not a square */
    double error;     /* predicted standard deviation of a value's error */
} nn_batch_exact;

struct nn_batch {
    const nn_stages *stages; /* of the model, merged */
    nn_batch_schedule schedule;
    nn_batch_exact *exact; /* one per step */
    ckks_params params;
    ckks_key_spec *key;
    size_t key_count;
    uint32_t *pixel; /* places of the image that are sent, ascending */
    size_t pixel_count;
    nn_batch_foretold forecast;
};

/** Ciphertexts that enter a step: pixels that are sent, or values of the stage before. */
size_t nn_batch_inputs(const nn_batch *b, size_t step);

/** Ciphertexts that leave a step. */
size_t nn_batch_outputs(const nn_batch *b, size_t step);

/** Fill the forecast and every step's predicted error.
 *
 *  In/out: b        complete but for these
 *  In:     ctx      a context of b's parameters
 */
void nn_batch_foretell(nn_batch *b, const ckks_context *ctx);

#endif
