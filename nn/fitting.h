/* From a network with activations of any kind to one of polynomials: its values are measured on
 * sample images, polynomials are fitted on the ranges found, and their degrees are chosen by the
 * accuracy that the network keeps. What comes out are metadata of the model (nn/graph.h).
 *
 *     nn_fitting *f;
 *     nn_status st = nn_fitting_create(&f, bytes, size, why, sizeof why);
 *     if (st == NN_OK)
 *         st = nn_fitting_calibrate(f, images, count, NULL, NULL, why, sizeof why);
 *     if (st == NN_OK)
 *         st = nn_fitting_choose(f, &options, NULL, why, sizeof why);
 *     if (st == NN_OK)
 *         st = nn_fitting_write(f, bytes, size, &fitted, &fitted_size);
 *     nn_fitting_free(f);
 */

#ifndef UNSEEN_NN_FITTING_H
#define UNSEEN_NN_FITTING_H

#include "nn/shape.h"
#include "nn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_fitting nn_fitting;

/* Runs body(arg, task) for every task below count, in any order, at once if it likes. */
typedef void (*nn_fitting_each)(void *user, size_t count, void (*body)(void *arg, size_t task),
                                void *arg);

/* How polynomials are made. */
enum {
    NN_FITTING_AUTO = 0,          /* by whichever of the three keeps the logits best */
    NN_FITTING_LEAST_SQUARES = 1, /* in the distribution of the inputs that was measured */
    NN_FITTING_CHEBYSHEV = 2,     /* interpolation */
    NN_FITTING_MINIMAX = 3        /* Remez */
};

typedef struct nn_fitting_options {
    int method;         /* NN_FITTING_... */
    int degree;         /* 2..31 for all activations; 0: the smallest that keeps the accuracy */
    int sign;           /* 1: relu, leaky_relu and max pools by a composite sign */
    int levels;         /* most levels of one activation (nn_fitting_site.levels); 0: any */
    double margin;      /* share of its width by which a range is widened on each side; 0.1 */
    double range;       /* above 0: every range is [-range, range] */
    double agreement;   /* share of images whose label must stay; 0: 0.999 */
    double logit_error; /* most root mean square of the logits' errors, in units of the logits'
                           own; 0: 0.1 */
    double loss; /* 0 or more, with labels: the share of right labels that may be lost, in place of
                    agreement and logit_error; below 0: these two */
} nn_fitting_options;

/* One activation. */
typedef struct nn_fitting_site {
    const char *value;       /* what the node makes */
    const char *function;    /* "relu", ...; "max" for a max pool */
    double seen_lo, seen_hi; /* inputs of the float network (differences for a max pool) */
    double lo, hi;           /* the range of the fit */
    int sign;                /* 1 for a composite sign */
    int count, degree[4];    /* of its polynomials */
    const char *method;      /* "ls", "chebyshev", "minimax" */
    int levels;              /* that it takes, its leading coefficient moved out where it can be */
    double error;            /* largest |fit - function| on the range */
    double outside;          /* share of inputs beyond the range, in the fitted network */
} nn_fitting_site;

/* The fitted network beside the float one, on the samples. */
typedef struct nn_fitting_result {
    size_t images;
    size_t agree;                     /* same label */
    size_t float_right, fitted_right; /* with labels */
    double logit_error;               /* root mean square, in units of the logits' own */
    double largest_error;             /* of a logit */
    int reached;                      /* 1 when the options' demands are met */
} nn_fitting_result;

/** Read a model and find its activations.
 *
 *  Out:    f      to be freed with nn_fitting_free; NULL on failure
 *          why    on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     bytes  as for nn_onnx_read
 *  Fails:  as nn_onnx_read; NN_ERR_UNSUPPORTED for an activation that is not fitted
 */
NN_API NN_MUST_CHECK nn_status nn_fitting_create(nn_fitting **f, const uint8_t *bytes, size_t size,
                                                 char *why, size_t why_size);

/** Free. Accepts NULL. */
NN_API void nn_fitting_free(nn_fitting *f);

/** Shape of one image. */
NN_API nn_shape nn_fitting_input(const nn_fitting *f);

/** Measure the float network.
 *
 *  In:     images  count images of nn_fitting_input numbers, kept until the fitting is freed
 *          each    NULL for one task after the other; kept with user
 *  Cost:   one run of the float network for each image
 *  Fails:  NN_ERR_ARG (no images), NN_ERR_RANGE (a value is not finite), NN_ERR_MEMORY, as
 * nn_ref_run
 */
NN_API NN_MUST_CHECK nn_status nn_fitting_calibrate(nn_fitting *f, const float *images,
                                                    size_t count, nn_fitting_each each, void *user,
                                                    char *why, size_t why_size);

/** Fit, and choose degrees: the smallest that all activations may have, then smaller ones where
 * they save levels, beginning with the activation whose error the logits feel least.
 *
 *  When the fitted network leaves the ranges, they are widened to what it reaches and all is done
 *  again. When no degree meets the demands, the most precise fits are kept and the result says so.
 *
 *  In:     labels  one for each image, or NULL
 *  Fails:  NN_ERR_ARG (nothing calibrated, options out of range, loss without labels),
 *          NN_ERR_RANGE (the method fails on a range), NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_fitting_choose(nn_fitting *f, const nn_fitting_options *options,
                                                 const uint8_t *labels, char *why, size_t why_size);

/** What nn_fitting_choose found; owned by f. */
NN_API const nn_fitting_result *nn_fitting_outcome(const nn_fitting *f);

/** Number of activations. */
NN_API size_t nn_fitting_sites(const nn_fitting *f);

/** An activation, owned by f; NULL beyond the last. */
NN_API const nn_fitting_site *nn_fitting_site_at(const nn_fitting *f, size_t k);

/** The model with the fits and ranges in its metadata: unseen.fit.VALUE for every activation,
 * unseen.range.VALUE (1 + margin times the largest |x| in the fitted network, and the root mean
 * square) for every value that a node computes, unseen.input_range.
 *
 *  Out:    out, out_size  to be released with free(); NULL and 0 on failure
 *  In:     bytes          as given to nn_fitting_create
 *  Fails:  NN_ERR_ARG (nothing chosen), NN_ERR_FORMAT, NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_fitting_write(const nn_fitting *f, const uint8_t *bytes,
                                                size_t size, uint8_t **out, size_t *out_size);

#ifdef __cplusplus
}
#endif

#endif
