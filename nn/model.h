/* A model: the graph as it stands in the file, its stages, and the same stages merged. */
#ifndef UNSEEN_NN_MODEL_H
#define UNSEEN_NN_MODEL_H

#include "nn/lower.h"
#include "nn/nn.h"
#include "nn/rewrite.h"

struct nn_model {
    nn_graph *graph;
    nn_stages raw;    /* as in the file */
    nn_stages merged; /* after the passes */
    nn_rewrite_report report;
    uint64_t id;
};

#endif
