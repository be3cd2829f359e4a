/* The graph of levels.h, shared by the file that makes it and the one that walks through it. */
#ifndef UNSEEN_NN_LEVELS_LEVELS_GRAPH_H
#define UNSEEN_NN_LEVELS_LEVELS_GRAPH_H

#include "nn/levels/level.h"

typedef struct nn_level_node {
    nn_level_state state;
    double bits, rest; /* of primes dropped before; of the modulus needed from here on, at least */
    size_t first;      /* the first of its edges */
    int cut;           /* 1: no way leads on */
} nn_level_node;

typedef struct nn_level_edge {
    int from, to; /* nodes of this layer and of the next */
    double bits;  /* of primes that no value had lost before */
    nn_level_choice choice;
} nn_level_edge;

/* The states before one stage, and what the stage can do, in the order of the states. */
typedef struct nn_level_layer {
    nn_level_node *node;
    size_t nodes;
    nn_level_edge *edge;
    size_t edges;
} nn_level_layer;

struct nn_levels {
    const nn_levels_job *job;
    size_t count;          /* stages */
    nn_level_layer *layer; /* count + 1 */
    nn_level_live *live;   /* count + 1 */
};

#endif
