/* Inside of a fitting (nn/fitting.h), shared by its files. */

#ifndef UNSEEN_NN_FIT_FITTING_DATA_H
#define UNSEEN_NN_FIT_FITTING_DATA_H

#include "nn/fit/fit_make.h"
#include "nn/fit/fit_run.h"
#include "nn/fit/histogram.h"
#include "nn/fitting.h"
#include "nn/graph.h"

typedef struct nn_fitting_state {
    nn_histogram seen; /* inputs in the float network; of a max pool, differences */
    double lo, hi;     /* range to fit on */
    nn_fit fit;
    nn_fit_method method;
    double outside;
    nn_fitting_site info;
} nn_fitting_state;

struct nn_fitting {
    nn_graph *graph;
    nn_fit_sites sites;
    nn_fitting_state *site; /* sites.count */
    const nn_fit **fit;     /* sites.count; of each site its own fit, or NULL for none */
    nn_shape shape;
    double input_lo, input_hi;
    double *largest; /* per value of the graph, of the network measured last */
    double *size;    /* the same: root mean square */

    const float *images;
    size_t count, pixels, outputs;
    float *logits; /* of the float network: count times outputs */
    nn_fitting_each each;
    void *user;
    double margin;
    nn_fitting_result result;
};

/** Run all images with the fits in f->fit and collect ranges.
 *
 *  Out:    f->largest, f->input_lo, f->input_hi; f->site[].outside
 *          seen    per site a histogram of the inputs; to begin with empty
 *          logits  count times outputs numbers, or NULL
 *  Fails:  as nn_fitting_calibrate
 */
NN_MUST_CHECK nn_status nn_fitting_survey(nn_fitting *f, nn_histogram *seen, float *logits,
                                          char *why, size_t why_size);

/** Compare the network with the fits in f->fit with the float network, on images first ..
 * first + count - 1; adds to the result's counts.
 *
 *  Out:    sum     squares of the logits' errors, and of the logits less each image's mean, added
 *  In:     labels  or NULL
 *  Fails:  as nn_ref_run; a logit that is not finite is an error without bound
 */
NN_MUST_CHECK nn_status nn_fitting_compare(const nn_fitting *f, nn_fitting_result *r, double sum[2],
                                           size_t first, size_t count, const uint8_t *labels,
                                           char *why, size_t why_size);

/** An image as a tensor; borrowed. */
NN_MUST_CHECK nn_status nn_fitting_image(const nn_fitting *f, nn_tensor *t, size_t image);

#endif
