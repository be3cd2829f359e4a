/* A model: the graph as it stands in the file, without its tail. Stages are made of it on demand
 * and belong to who asked; a large network's matrices are so in memory once. */
#ifndef UNSEEN_NN_STAGES_MODEL_H
#define UNSEEN_NN_STAGES_MODEL_H

#include "nn/nn.h"
#include "nn/stages/lower.h"
#include "nn/stages/rewrite.h"

struct nn_model {
    nn_graph *graph; /* its output is the logits */
    nn_shape input;
    double input_lo, input_hi;
    size_t outputs;
    nn_tail tail;
    uint64_t id;
};

/** Make a model of a graph that is read or built.
 *
 *  In:     g    taken over, on failure as well
 *          id   what nn_model_id shall say
 *  Fails:  as nn_model_read behind the reading
 */
NN_MUST_CHECK nn_status nn_model_of_graph(nn_model **out, nn_graph *g, uint64_t id, char *why,
                                          size_t why_size);

/** Lower the network and run passes over it.
 *
 *  Out:    stages   to be cleared with nn_stages_clear; empty on failure
 *          report   may be NULL
 *  In:     options  NULL: all passes
 *  Fails:  as nn_lower and nn_rewrite_merge
 */
NN_MUST_CHECK nn_status nn_model_stages(const nn_model *m, const nn_rewrite_options *options,
                                        nn_stages *stages, nn_rewrite_report *report, char *why,
                                        size_t why_size);

#endif
