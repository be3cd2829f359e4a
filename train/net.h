/* A network in training: parameters, values and their gradients for one batch.
 *
 * Index legend, here and in the layers' files: a value is a tensor [C][B][P], channel by image of
 * the batch by place (P = height * width; dense layers have P = 1). B is the number of images in
 * use, so that rows stay contiguous for a batch that is not full. Parameters, gradients and the
 * statistics of batch normalisation are flat vectors into which layers hold offsets.
 *
 * An operation is one or two layers of the recipe: a normalisation and the activation after it are
 * one (TRAIN_POINT), so that a channel is read and written once.
 */
#ifndef UNSEEN_TRAIN_NET_H
#define UNSEEN_TRAIN_NET_H

#include <stddef.h>
#include <stdint.h>

#include "train/conv.h"
#include "train/recipe.h"

typedef enum train_op_kind { TRAIN_LINEAR, TRAIN_POINT, TRAIN_MEAN, TRAIN_SUM } train_op_kind;

typedef struct train_op {
    train_op_kind kind;
    const train_layer_spec *spec; /* linear: conv or dense; mean: pool; sum: add; point: the norm,
                                     or the activation when there is no norm */
    const train_layer_spec *norm; /* point: NULL for none */
    const train_layer_spec *act;  /* point: NULL for none */
    train_conv conv;              /* linear: a dense layer is a convolution with one place */
    int source, other;            /* operations whose values it takes; -1: the image */
    size_t in_c, in_places, out_c, places;
    size_t weight, weight_count; /* linear: [out][in / groups][kh][kw]; norm: scale per channel */
    size_t bias, bias_count;     /* linear: per channel or none; norm: shift per channel */
    size_t curve, curve_count;   /* act: trained coefficients of x and x^2, or none */
    size_t stats;                /* norm: mean per channel, then variance per channel */
    float *value;                /* [out_c][B][P] */
    float *slope;                /* gradient of the loss by value, same shape */
    float *mean;                 /* norm: of the batch, per channel */
    float *variance;             /* norm: of the batch, per channel */
    float *reach;                /* point: [out_c][B], largest |input of the activation| */
    float *power;                /* point: [out_c][B], mean square of these inputs */
    float *curve_grad;           /* act with trained coefficients: 2 per channel */
} train_op;

typedef struct train_net {
    const train_recipe *recipe;
    size_t batch; /* room for this many images */
    size_t used;  /* images in the batch at hand */
    int threads;
    int measure; /* nonzero: forward fills reach and power */
    size_t op_count;
    train_op ops[TRAIN_MAX_LAYERS];
    size_t param_count, stat_count;
    float *params; /* param_count */
    float *grads;  /* param_count */
    float *stats;  /* stat_count */
    float *input;  /* [C][B][P] */
    float *logits; /* value of the last operation, [10][B] */
    float *spare;  /* a slope on its way into a value that has more than one taker */
    float *scratch;
    void *block; /* what the pointers above point into */
} train_net;

/* Added to the variance in batch normalisation, and written into the model file. */
#define TRAIN_NORM_EPSILON 1e-5f

/** Lay out a network and give it room for a batch.
 *
 *  Out:     net      to be released with train_net_free
 *           why      on failure, one sentence
 *  In:      recipe   must outlive the network
 *           learn    zero: no gradients are wanted and none get room
 *  Fails:   TRAIN_ERR_MEMORY
 */
int train_net_create(train_net *net, const train_recipe *recipe, size_t batch, int threads,
                     int learn, char *why, size_t why_size);

/** Release a network; one that was never created must be all zero. */
void train_net_free(train_net *net);

/** Draw the starting weights: uniform with variance 1 / fan-in, scales 1, shifts 0. */
void train_net_init(train_net *net, uint64_t seed);

#endif
