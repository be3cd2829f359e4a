/* A network and how it is trained, as a description file declares it: text, one statement a line,
 * '#' begins a comment. A layer takes what the layer before it made.
 *
 *  The network
 *    input C H W                 shape of an image; the first statement
 *    conv N KxK [stride S] [pad P | pad TOP LEFT BOTTOM RIGHT | pad same | pad valid] [groups G]
 *    dense N                     flattens; the last layer is dense 10
 *    norm                        batch normalisation with learned scale and shift
 *    square                      x^2
 *    quadratic A B [learn]       A x^2 + B x, A and B trained as well with `learn`
 *    poly C0 C1 C2 [C3 [C4]]     C0 + C1 x + ... + C4 x^4
 *    swish4 R                    the least-squares fit of degree 4 to x / (1 + e^-x) on [-R, R]
 *    swish, relu                 exact, for comparison and for teachers
 *    avgpool K [stride S]        mean over KxK places, S = K when not given
 *    globalpool                  mean over all places
 *    mark NAME                   names the value made last
 *    from NAME                   the next layer takes a marked value instead
 *    add NAME                    sum with a marked value of the same shape
 *  The training
 *    epochs N, batch N, rate R (the highest)
 *    optimizer adam [BETA1 BETA2] | sgd [MOMENTUM] [nesterov]
 *    schedule cosine [WARM] | onecycle [PEAK] | constant     WARM, PEAK: shares of the training
 *    decay D                     weight decay, decoupled from the gradient
 *    smoothing S                 label smoothing
 *    clip N                      bound on the gradient's Euclidean norm
 *    average D                   the model is the exponential moving average of the weights
 *    whiten                      trains the first convolution's weights in coordinates in which the
 *                                patches that it sees have unit covariance
 *    range-penalty W [R]         adds W mean((|x| - R)+^2) of the input x of every activation
 *    distil W [T]                share of the loss that a teacher's softened answers get, and their
 *                                temperature
 *    shift PIXELS, scale S, rotation DEGREES, shear S, flip, cutout SIDE, border zero | edge
 *                                random distortions of the images, either way
 */
#ifndef UNSEEN_TRAIN_RECIPE_H
#define UNSEEN_TRAIN_RECIPE_H

#include <stddef.h>
#include <stdint.h>

enum { TRAIN_WHITEN_MOST = 256 }; /* weights of a map that `whiten` takes */
enum { TRAIN_CLASSES = 10, TRAIN_MAX_LAYERS = 128, TRAIN_MAX_MARKS = 32, TRAIN_MAX_THREADS = 64 };

typedef enum train_kind {
    TRAIN_CONV,
    TRAIN_DENSE,
    TRAIN_NORM,
    TRAIN_ACT,
    TRAIN_POOL,
    TRAIN_ADD
} train_kind;

typedef enum train_curve { TRAIN_POLY, TRAIN_SWISH, TRAIN_RELU } train_curve;

/* One layer, with the shapes that follow for it. */
typedef struct train_layer_spec {
    train_kind kind;
    int line;                /* of the description, counted from 1 */
    int source;              /* layer whose value it takes; -1: the image */
    int other;               /* add: layer whose value is added; -1: the image */
    size_t in_c, in_h, in_w; /* of the source's value */
    size_t out_c, out_h, out_w;
    size_t kernel_h, kernel_w; /* conv, pool */
    size_t stride, groups;
    int flat;             /* the value is a vector of features */
    size_t pad[4];        /* conv: top, left, bottom, right */
    train_curve curve;    /* activation */
    float coefficient[5]; /* polynomial: of x^0 .. x^4 */
    int learn;            /* polynomial: coefficients 1 and 2 are trained */
    float range;          /* activation: the fit's R, 0 for none */
} train_layer_spec;

typedef enum train_optimizer { TRAIN_ADAM, TRAIN_SGD } train_optimizer;
typedef enum train_schedule { TRAIN_COSINE, TRAIN_ONECYCLE, TRAIN_CONSTANT } train_schedule;

/* Everything that fixes a training run but the seed. */
typedef struct train_recipe {
    size_t c, h, w; /* of an image */
    size_t layer_count;
    train_layer_spec layers[TRAIN_MAX_LAYERS];
    size_t epochs, batch;
    train_optimizer optimizer;
    float momentum, beta2; /* momentum is Adam's beta1 */
    int nesterov;
    train_schedule schedule;
    float warm; /* share of the training in which the rate rises */
    float rate, decay, smoothing, clip, average;
    float penalty, penalty_range; /* penalty_range 0: each activation's own */
    float distil, temperature;
    float shift, scale, rotation, shear; /* rotation in radians */
    int flip, edge;
    int whiten; /* the first layer's weights are trained in whitened coordinates */
    size_t cutout;
} train_recipe;

/** Read a description.
 *
 *  Out:     recipe  all of it
 *           line    on failure the statement's line, 0 when the fault has none
 *           why     on failure one sentence that says what is allowed
 *  In:      text    size bytes, hostile; need not end with 0
 *  Fails:   TRAIN_ERR_FORMAT
 */
int train_recipe_parse(train_recipe *recipe, const char *text, size_t size, int *line, char *why,
                       size_t why_size);

/** The description without comments and superfluous blanks: the same for two texts that say the
 *  same words.
 *
 *  Out:     out     room for size + 2 characters, 0 at its end
 *  Returns: its length
 */
size_t train_recipe_canonical(char *out, const char *text, size_t size);

/** The coefficients, of x^0 .. x^4, of the polynomial that is nearest to x / (1 + e^-x) on
 *  [-range, range] in least squares.
 *
 *  In:      range   in (0, 64]
 *  Error:   1e-9 in each coefficient
 */
void train_recipe_swish4(float coefficient[5], float range);

#endif
