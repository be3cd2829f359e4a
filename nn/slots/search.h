/* The state of the search for layouts (nn/slots/arrange.h): ways to lay out the values behind each
 * stage. arrange.c walks on, search_first.c knows what the client can do for the first matrix.
 *
 * Layouts are kept once each, and a route between two of them is found once, whatever ways use it.
 */
#ifndef UNSEEN_NN_SLOTS_SEARCH_H
#define UNSEEN_NN_SLOTS_SEARCH_H

#include "nn/slots/candidates.h"
#include "nn/slots/turns.h"
#include "nn/stages/stage.h"

enum {
    NN_SEARCH_WIDTH = 24, /* ways kept */
    NN_SEARCH_SAME = 2    /* of them, ways that lay out all values still needed alike */
};

/* No layout yet, no route. */
#define NN_SEARCH_NONE ((uint32_t)-1)

/* A route between two layouts, for one input of one stage. */
typedef struct nn_edge {
    nn_route_kind kind;
    uint32_t in, out; /* layouts */
    int given;        /* 1: not found by kind and layouts, so not to be taken for another one */
    nn_route route;   /* empty where there is none of this kind, or once no way takes it */
    int split;        /* 1: its rotations are chosen and cost is what it costs; 0: at least cost */
    double cost;
} nn_edge;

typedef struct nn_edges {
    nn_edge *edge;
    size_t count, room;
} nn_edges;

/* One way through the first stages. */
typedef struct nn_way {
    double cost;
    uint32_t *at;   /* per value: its layout */
    uint32_t *edge; /* NN_INPUTS_MAX per stage: places in the edges of that input */
} nn_way;

typedef struct nn_ways {
    nn_way way[NN_SEARCH_WIDTH];
    size_t count;
} nn_ways;

typedef struct nn_search {
    const nn_stages *stages;
    size_t slots;               /* for one image */
    int one_part;               /* 1: every tensor has to fit in one part */
    const nn_turn_price *price; /* per stage */
    nn_pattern *pattern;        /* NN_INPUTS_MAX per stage */
    unsigned char *quiet;       /* per value: 1 where no sums without meaning may lie beside it */
    nn_candidate **layout;      /* all layouts that ways use */
    uint64_t *hash;             /* of each of them */
    size_t layouts, room;
    nn_edges *edges; /* NN_INPUTS_MAX per stage */
    nn_ways *now;    /* ways to the stages before the one at hand */
    nn_ways *next;   /* and behind it */
} nn_search;

/** Find the patterns of all matrices, and nothing else yet.
 *
 *  Out:    s   to be released with nn_search_close, also on failure
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_open(nn_search *s, const nn_stages *stages, size_t slots,
                                       const nn_turn_price *price);
void nn_search_close(nn_search *s);

/** The number of a layout, which is taken over or released.
 *
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_layout(nn_search *s, uint32_t *number, nn_candidate *c);

/** The place of the route between two layouts, found when it is not there yet. Where no sums
 *  without meaning may lie beside the output, it is no spread route.
 *
 *  Out:    place  NN_SEARCH_NONE when the layouts do not fit
 *  In:     k, i   input i of stage k, an affine one
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_edge(nn_search *s, uint32_t *place, size_t k, size_t i,
                                       uint32_t in, uint32_t out);

/** Add a route that is found already; it is taken over or released.
 *
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_add(nn_search *s, uint32_t *place, size_t k, size_t i,
                                      uint32_t in, uint32_t out, nn_route *route);

/** Offer a way through stage k: that of `from` with a layout for the stage's output and routes for
 *  its inputs; it is kept in s->next unless enough cheaper ones are known.
 *
 *  In:     from    a way in s->now, or NULL for the very first
 *          image   layout of value 0 for this way, or NN_SEARCH_NONE for that of `from`
 *          out     layout of value k + 1
 *          edge    one place per input; NULL for polynomials and products
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_search_offer(nn_search *s, size_t k, const nn_way *from, uint32_t image,
                                        uint32_t out, const uint32_t *edge);

/** Begin with a way that has only a layout for the input; it goes to s->now. */
void nn_search_begin(nn_search *s, uint32_t image);

/** Behind stage k: s->next becomes s->now, cheapest first, and routes that no way takes are
 *  released. */
void nn_search_advance(nn_search *s, size_t k);

/** NN_OK for NN_ERR_SHAPE: layouts and routes that do not fit end a way, not the search. */
nn_status nn_search_over(nn_status st);

/** Offer the ways through stage 0, an affine one that alone takes the input, for which the client
 *  lays out the image in a special manner; `image` is a way in s->now with a plain layout. */
NN_MUST_CHECK nn_status nn_search_moved(nn_search *s, const nn_way *image);
/** The same, those that start from no plain layout: gathered and woven. */
NN_MUST_CHECK nn_status nn_search_packed(nn_search *s);

#endif
