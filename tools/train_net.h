/* The networks that the trainer knows, and one of them in training: parameters, activations and
 * their gradients for one batch.
 *
 * Index legend, here and in train_layer.c: a value is a tensor [C][B][P], channel by image of the
 * batch by place (P = height * width; dense layers have P = 1). Parameters, gradients and the
 * statistics of batch normalisation are flat vectors into which layers hold offsets.
 */
#ifndef UNSEEN_TOOLS_TRAIN_NET_H
#define UNSEEN_TOOLS_TRAIN_NET_H

#include <stddef.h>
#include <stdint.h>

enum { TRAIN_MAX_LAYERS = 12, TRAIN_CLASSES = 10, TRAIN_MAX_THREADS = 64 };

typedef enum train_kind {
    TRAIN_CONV,  /* square kernel, no bias (a normalisation follows) */
    TRAIN_DENSE, /* flattens; biased only when nothing normalises after it */
    TRAIN_NORM,  /* batch normalisation with learned scale and shift */
    TRAIN_POLY   /* y = square x^2 + linear x, the same for every element */
} train_kind;

typedef struct train_layer_spec {
    train_kind kind;
    size_t outputs; /* channels or features */
    size_t kernel, stride;
    size_t pad_begin, pad_end; /* top and left, bottom and right */
    float square, linear;
} train_layer_spec;

/* Everything that fixes a training run but the seed and the number of epochs. */
typedef struct train_recipe {
    const char *name;
    int epochs; /* default */
    size_t batch;
    float rate;      /* peak learning rate */
    float decay;     /* weight decay, decoupled from the gradient */
    float smoothing; /* label smoothing */
    float rotation;  /* radians, either way */
    float scaling;   /* sizes from 1 - scaling to 1 + scaling, each axis */
    float shear;     /* either way */
    float shift;     /* pixels, either way, each axis */
    size_t layer_count;
    train_layer_spec layers[TRAIN_MAX_LAYERS];
} train_recipe;

typedef struct train_layer {
    train_layer_spec spec;
    size_t in_c, in_h, in_w;
    size_t out_c, out_h, out_w;
    size_t weight,
        weight_count;        /* conv, dense: [out][in][kernel][kernel]; norm: scale per channel */
    size_t bias, bias_count; /* dense: per feature or none; norm: shift per channel */
    size_t stats;            /* norm: mean per channel, then variance per channel */
    float *value;            /* [out_c][B][P] */
    float *slope;            /* gradient of the loss by value, same shape */
    float *inverse;          /* norm: 1 / sqrt(batch variance + epsilon) per channel */
    float *mean;             /* norm: batch mean per channel */
} train_layer;

typedef struct train_net {
    const train_recipe *recipe;
    size_t batch; /* room for this many images */
    size_t used;  /* images in the batch at hand */
    size_t in_h, in_w;
    int threads;
    size_t layer_count;
    train_layer layers[TRAIN_MAX_LAYERS];
    size_t param_count, stat_count;
    float *params; /* param_count */
    float *grads;  /* param_count */
    float *stats;  /* stat_count */
    float *input;  /* [1][B][in_h * in_w] */
    float *logits; /* value of the last layer, [10][B] */
    float *scratch;
    size_t scratch_each; /* floats per thread */
    float *partial;      /* a convolution's weight gradient, per group of images */
    void *block;         /* what the pointers above point into */
} train_net;

/* Added to the variance in batch normalisation, and written into the model file. */
#define TRAIN_NORM_EPSILON 1e-5f

/** The recipe of a network by name, NULL when there is none. */
const train_recipe *train_recipe_find(const char *name);

/** Lay out a network for images of in_h by in_w and give it room for a batch.
 *
 *  Out:     net      to be released with train_net_free
 *           why      on failure, one sentence
 *  Fails:   TOOL_ERR_FORMAT when the images are too small for the layers, TOOL_ERR_MEMORY
 */
int train_net_create(train_net *net, const train_recipe *recipe, size_t in_h, size_t in_w,
                     size_t batch, int threads, char *why, size_t why_size);

/** Release a network; one that was never created must be all zero. */
void train_net_free(train_net *net);

/** Draw the starting weights: uniform with variance 1 / fan-in, scales 1, shifts 0. */
void train_net_init(train_net *net, uint64_t seed);

/** Compute the value of every layer from net->input and net->used images.
 *
 *  In:      training  nonzero: normalise by the batch; zero: normalise by net->stats
 */
void train_net_forward(train_net *net, int training);

/** As train_net_forward with training zero, but only of the layers before `end`. */
void train_net_forward_to(train_net *net, size_t end);

/** Compute net->grads from the slope of the last layer, after a forward pass in training. */
void train_net_backward(train_net *net);

/** Softmax cross-entropy with smoothed labels: fills the last layer's slope, returns the mean loss.
 */
double train_net_loss(train_net *net, const uint8_t *labels, float smoothing);

/** How many of the batch's images have their largest logit at their label. */
size_t train_net_correct(const train_net *net, const uint8_t *labels);

/** One layer forward and backward (train_layer.c); x is the value of the layer before.
 *
 *  The backward functions write x_slope unless it is NULL.
 */
void train_layer_forward(train_net *net, train_layer *layer, const float *x, int training);
void train_layer_backward(train_net *net, train_layer *layer, const float *x, float *x_slope);

/** Floats of per-thread scratch that a layer needs, and floats of train_net.partial. */
size_t train_layer_scratch(const train_layer *layer);
size_t train_layer_partial(const train_layer *layer, size_t batch);

#endif
