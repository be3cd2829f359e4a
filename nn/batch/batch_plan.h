/* A plan for batches: stages, their schedule, made exact, the order of the work; and what the
 * executor shares with it. */
#ifndef UNSEEN_NN_BATCH_BATCH_PLAN_H
#define UNSEEN_NN_BATCH_BATCH_PLAN_H

#include "nn/batch.h"
#include "nn/batch/batch_order.h"

/* One step with its exact scales and foretold values. */
typedef struct nn_batch_exact {
    ckks_scale weight[NN_INPUTS_MAX]; /* sums: of the scalars of each input */
    ckks_scale slope;                 /* quartic: of the scalar of x */
    ckks_scale scale_out;
    double min_scale; /* of a polynomial that is neither a square nor a quartic */
    double error;     /* predicted standard deviation of a value's error */
} nn_batch_exact;

struct nn_batch {
    nn_stages stages;
    nn_batch_schedule schedule;
    nn_batch_exact *exact; /* one per step */
    ckks_scale scale_in;   /* of the requests */
    nn_batch_order order;
    nn_batch_peak peak; /* what the order keeps at a time */
    ckks_params params;
    ckks_key_spec *key;
    size_t key_count;
    uint32_t *pixel; /* places of the image that are sent, ascending */
    size_t pixel_count;
    nn_batch_foretold forecast;
};

/** nn_batch_create for stages as they are, which it takes over, also when it fails. */
NN_MUST_CHECK nn_status nn_batch_of_stages(nn_batch **out, nn_stages *stages,
                                           const nn_plan_options *options, size_t images, char *why,
                                           size_t why_size);

/** Exact scale of a value. */
ckks_scale nn_batch_value_scale(const nn_batch *b, size_t value);

/** Fill the forecast and every step's predicted error.
 *
 *  In/out: b        complete but for these
 *  In:     ctx      a context of b's parameters
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_batch_foretell(nn_batch *b, const ckks_context *ctx);

#endif
