/* A graph in float with fits in place of its activations: what the encrypted network computes, but
 * for its noise. */

#ifndef UNSEEN_NN_FIT_FIT_RUN_H
#define UNSEEN_NN_FIT_FIT_RUN_H

#include "nn/fit/fit.h"
#include "nn/fit/fit_site.h"
#include "nn/graph/node.h"

/* Called with every value that is computed, in the order of the nodes, the input first. */
typedef void (*nn_fit_seen)(void *user, size_t value, const nn_tensor *t);

/** Run a graph up to the logits.
 *
 *  Out:    out   the value sites->logits, an owned tensor to be cleared; empty on failure
 *          why   on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     fit   for each site a fit, or NULL for the function itself; NULL for all of them
 *          in    as for nn_ref_run
 *          seen  may be NULL
 *  Error:  with no fits, equal to nn_ref_run_to
 *  Fails:  as nn_ref_run
 */
NN_MUST_CHECK nn_status nn_fit_run(const nn_graph *g, const nn_fit_sites *sites,
                                   const nn_fit *const *fit, const nn_tensor *in, nn_tensor *out,
                                   nn_fit_seen seen, void *user, char *why, size_t why_size);

/** Run a graph up to the logits with the fits that its metadata hold; activations without a fit are
 * computed themselves.
 *
 *  Fails:  as nn_ref_run, nn_fit_sites_find and nn_fit_get
 */
NN_MUST_CHECK nn_status nn_fit_run_graph(const nn_graph *g, const nn_tensor *in, nn_tensor *out,
                                         char *why, size_t why_size);

/* What the windows of a max pool hold, one after the other; count numbers each. */
typedef void (*nn_fit_window)(void *user, size_t out, const float *number, size_t count);

/** Visit every window of a max pool.
 *
 *  A window's numbers come row by row, without padding; out is the index of its output. A
 *  GlobalMaxPool has one window for each channel.
 *
 *  Fails:  NN_ERR_MEMORY, as nn_window_of_node
 */
NN_MUST_CHECK nn_status nn_fit_windows(const nn_node *node, const nn_tensor *in,
                                       nn_fit_window visit, void *user);

#endif
