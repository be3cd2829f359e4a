/* The state of the search for layouts (nn/arrange.h): for every stage the ways that lead to its
 * input. arrange.c walks on, search_first.c knows what the client can do for the first matrix. */
#ifndef UNSEEN_NN_SEARCH_H
#define UNSEEN_NN_SEARCH_H

#include "nn/lower.h"
#include "nn/turns.h"

enum {
    NN_SEARCH_WIDTH = 24, /* ways kept for one tensor */
    NN_SEARCH_SAME = 2,   /* of them, ways that end in one layout */
    NN_SEARCH_CANDIDATES = 24
};

/* A layout with the grid that it lies on; gap 0 when it lies on none. */
typedef struct nn_candidate {
    nn_layout layout;
    nn_grid grid;
} nn_candidate;

/* One way to the input of a stage. */
typedef struct nn_way {
    nn_candidate at;
    nn_layout image; /* layout of the input, where the way's first matrix wants one of its own */
    nn_route route;  /* of the stage before */
    double cost;     /* of all stages before */
    size_t from;     /* place of the way to the stage before */
} nn_way;

typedef struct nn_ways {
    nn_way way[NN_SEARCH_WIDTH];
    size_t count;
} nn_ways;

typedef struct nn_search {
    const nn_stages *stages;
    size_t slots;               /* for one image */
    const nn_turn_price *price; /* per stage */
    nn_ways *ways;              /* stages->count + 1 */
} nn_search;

/** Candidate layouts of the tensor behind an affine stage.
 *
 *  Out:    c       up to NN_SEARCH_CANDIDATES, to be released with nn_candidates_clear
 *  In:     from    layout of the stage's input
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_candidates_find(nn_candidate *c, int *count, const nn_candidate *from,
                                           const nn_stage *stage);
void nn_candidates_clear(nn_candidate *c, int count);

/** Offer a way to the input of stage k: split the route, add its cost, and keep the way unless
 *  enough cheaper ones are known.
 *
 *  In/out: way   cost is that of the stages before k - 1; what it owns is taken over or released
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_offer(nn_search *s, size_t k, nn_way *way);
void nn_way_clear(nn_way *way);

/** NN_OK for NN_ERR_SHAPE: layouts and routes that do not fit end a way, not the search. */
nn_status nn_search_over(nn_status st);

/** Offer the ways through stage 0, an affine one, for which the client lays out the image in a
 *  special manner; `image` is one of the plain layouts of the image. */
NN_MUST_CHECK nn_status nn_search_moved(nn_search *s, size_t image);
/** The same, those that start from no plain layout: gathered and woven. */
NN_MUST_CHECK nn_status nn_search_packed(nn_search *s);

#endif
