/* Checking an encrypted network layer by layer: four networks that ought to be one.
 *
 *   float      the graph with its activations themselves
 *   fitted     the graph with the polynomials that stand in for them (nn/fit/fit.h)
 *   clear      the plan on clear slots
 *   encrypted  the plan on ciphertexts
 *
 * fitted - float is the error of approximation, clear - fitted that of arithmetic (float against
 * double; layouts), encrypted - clear the noise. A layer is a run of the plan's steps whose last
 * one makes a value of the graph: up to a factor and a summand for each number, which the passes
 * have brought in, are known (nn_stage.trace), and are taken away before values are compared. So
 * all errors and ranges are in units of the graph's own numbers.
 *
 * Where labels differ the layer at fault is found by bisection: networks are run that are inexact
 * up to a layer and exact behind it.
 *
 *     nn_check *c;
 *     nn_status st = nn_check_create(&c, plan, why, sizeof why);
 *     for (i = 0; i < images && st == NN_OK; i++)
 *         st = nn_check_image(c, image[i], i < encrypted ? &keys : NULL, why, sizeof why);
 *     nn_check_summary sum;
 *     nn_check_summarise(c, &sum);
 *     nn_check_free(c);
 */
#ifndef UNSEEN_NN_CHECK_H
#define UNSEEN_NN_CHECK_H

#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_check nn_check;

/* The networks. */
enum { NN_CHECK_FLOAT, NN_CHECK_FITTED, NN_CHECK_CLEAR, NN_CHECK_ENCRYPTED, NN_CHECK_NETWORKS };

/* What changes a label. */
enum { NN_CHECK_APPROXIMATION, NN_CHECK_ARITHMETIC, NN_CHECK_NOISE, NN_CHECK_CAUSES };

enum { NN_CHECK_SENTENCE = 480 };

/* What it takes to run encrypted: the plan's program, and the secret key to look at its values. */
typedef struct nn_check_keys {
    const nn_client *client;
    const nn_program *program;
    ckks_worker *server; /* for nn_program_run */
    ckks_worker *owner;  /* another one, for encryption and decryption */
    const ckks_secret_key *sk;
    double (*seconds)(void); /* a clock that does not run backwards */
} nn_check_keys;

typedef struct nn_check_error {
    double rms, max;           /* root mean square, and the largest magnitude */
    double rms_bits, max_bits; /* -log2 of these in parts of the layer's reach; INFINITY: no error,
                                  NAN: not measured */
} nn_check_error;

typedef struct nn_check_layer {
    const char *name;    /* of its last step */
    const char *value;   /* the graph's value that it makes */
    size_t first, count; /* steps of the plan, from 0 */
    size_t numbers;      /* for one image */
    double lo, hi;       /* least and greatest number in the float network */
    double reach;        /* the largest magnitude of these */
    double bound;        /* what the plan takes for the largest magnitude, in its own units */
    double used;         /* the largest on clear slots, in parts of bound */
    size_t over;         /* how many numbers exceed the bound, of all images */
    nn_check_error approximation, arithmetic, noise, total; /* total: encrypted against float */
    int limbs;                                              /* that are left behind it */
    double ms; /* on the server, mean of the encrypted images; NAN: not measured */
    size_t blamed[NN_CHECK_CAUSES]; /* images whose label this layer changes */
} nn_check_layer;

/* An activation, or max pool, by its fit. */
typedef struct nn_check_site {
    const char *value;       /* what the node makes */
    const char *function;    /* "relu", ...; "max" for a max pool */
    size_t layer;            /* the first that holds what it makes */
    double lo, hi;           /* the fit's range; of differences within a window for a max pool */
    double seen_lo, seen_hi; /* inputs in the fitted network */
    size_t numbers, below, above; /* inputs of all images, and how many leave the range */
    double error;                 /* largest |fit - function| within the range */
} nn_check_site;

typedef struct nn_check_summary {
    size_t images, encrypted;         /* seen, and of these encrypted */
    size_t fitted_agree;              /* labels of the fitted network that the float one gives */
    size_t clear_agree;               /* of clear slots that the float network gives */
    size_t encrypted_agree;           /* encrypted ones that the float network gives */
    size_t differ[NN_CHECK_CAUSES];   /* images whose label that changes */
    int cause;                        /* the most frequent of these; -1: all labels agree */
    size_t layer;                     /* the one that is blamed most for it */
    size_t out_of_range, inputs;      /* inputs of activations, over all sites */
    char sentence[NN_CHECK_SENTENCE]; /* that says so */
} nn_check_summary;

/** Prepare to check a plan.
 *
 *  Out:    out   to be freed with nn_check_free; NULL on failure
 *  In:     p     for one image at a time, with its matrices; must outlive the check
 *  Memory: five times the numbers of all values, in double
 *  Fails:  NN_ERR_ARG (a plan for several images, or without matrices), NN_ERR_MEMORY,
 * NN_ERR_FORMAT
 */
NN_API NN_MUST_CHECK nn_status nn_check_create(nn_check **out, const nn_plan *p, char *why,
                                               size_t why_size);

/** Free. Accepts NULL. */
NN_API void nn_check_free(nn_check *c);

/** Run an image through the networks, and note errors, ranges and labels.
 *
 *  In:     image  as of nn_client_encrypt
 *          keys   NULL: not encrypted
 *  Cost:   two float runs, one on clear slots, one encrypted with all values decrypted; where a
 *          label differs a few more in float or double
 *  Fails:  as nn_fit_run, nn_plan_run_clear, nn_client_encrypt and nn_program_run
 */
NN_API NN_MUST_CHECK nn_status nn_check_image(nn_check *c, const float *image,
                                              const nn_check_keys *keys, char *why,
                                              size_t why_size);

/** The label that a network gave the last image; for NN_CHECK_ENCRYPTED the last one encrypted. */
NN_API size_t nn_check_label(const nn_check *c, int network);

/** Number of layers. */
NN_API size_t nn_check_layers(const nn_check *c);

/** What was found of a layer, k below nn_check_layers. */
NN_API void nn_check_layer_of(const nn_check *c, size_t k, nn_check_layer *out);

/** Number of activations and max pools that have fits. */
NN_API size_t nn_check_sites(const nn_check *c);

/** What was found of one, k below nn_check_sites. */
NN_API void nn_check_site_of(const nn_check *c, size_t k, nn_check_site *out);

/** All together, after one image or more. */
NN_API void nn_check_summarise(const nn_check *c, nn_check_summary *out);

#ifdef __cplusplus
}
#endif
#endif
