/* Where a graph applies a function that is no polynomial: the operators of nn/graph/scalar.h (the
 * trees that exporters write for Swish, GELU and HardSwish have become such operators on reading,
 * see nn/onnx/fuse.h), and max pools. */

#ifndef UNSEEN_NN_FIT_FIT_SITE_H
#define UNSEEN_NN_FIT_FIT_SITE_H

#include "nn/fit/activation.h"
#include "nn/graph.h"

typedef struct nn_fit_site {
    size_t node;     /* index of the node; what it makes bears the fit (nn/fit/fit.h) */
    size_t input;    /* index of the value that the function is applied to, element by element */
    nn_activation f; /* of a max pool NN_APPROX_ABS, of differences within a window */
    int is_pool;     /* MaxPool, GlobalMaxPool */
} nn_fit_site;

typedef struct nn_fit_sites {
    nn_fit_site *site; /* in the order of their nodes */
    size_t count;
    size_t logits; /* index of the value that the encrypted network ends with (nn/tail.h) */
} nn_fit_sites;

/** Whether a node is such a place.
 *
 *  Out:    site   valid when found is 1
 *          why    on failure, one sentence (why_size bytes, may be NULL with 0)
 *  Fails:  NN_ERR_UNSUPPORTED for a function that is not fitted: Exp, Log, Erf, ..., a Clip with
 * one bound that is no ReLU, a Swish whose alpha is not 1
 */
NN_MUST_CHECK nn_status nn_fit_site_of(nn_fit_site *site, int *found, const nn_graph *g,
                                       size_t node, char *why, size_t why_size);

/** Find the sites that the logits depend on.
 *
 *  Out:    s    to be released with nn_fit_sites_clear; empty on failure
 *  Fails:  NN_ERR_MEMORY, NN_ERR_ARG (no output), as nn_fit_site_of
 */
NN_MUST_CHECK nn_status nn_fit_sites_find(nn_fit_sites *s, const nn_graph *g, char *why,
                                          size_t why_size);

/** Release. Accepts an empty one. */
void nn_fit_sites_clear(nn_fit_sites *s);

#endif
