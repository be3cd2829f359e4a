/* The search for layouts: where every tensor of the network lies, and the route of every matrix.
 *
 * Stage by stage, the cheapest ways to every layout are kept that a few candidate layouts lead to
 * (dense, grids that keep a strided convolution's outputs beside its inputs, woven ones, runs);
 * costs are those of nn/turns.h. The schedule is made afterwards, so limbs are guessed at first.
 */
#ifndef UNSEEN_NN_ARRANGE_H
#define UNSEEN_NN_ARRANGE_H

#include "nn/lower.h"
#include "nn/turns.h"

typedef struct nn_arrangement {
    size_t slots;      /* of the ciphertext */
    size_t images;     /* side by side; layouts are for slots / images */
    size_t count;      /* stages */
    nn_layout *layout; /* count + 1; layout[k] is the input of stage k */
    nn_route *route;   /* count; empty for polynomial stages */
    double cost;       /* ms with the prices of keys, at guessed limbs */
} nn_arrangement;

/* What the search is given. */
typedef struct nn_arrange_job {
    const nn_stages *stages;    /* merged or not */
    size_t slots;               /* a power of two */
    size_t images;              /* a power of two <= slots; 0: 1 */
    int log_n;                  /* of the ring, for costs */
    const nn_costs *costs;      /* NULL: built in */
    const nn_turn_price *price; /* per stage; NULL: by costs, at limbs that are guessed */
} nn_arrange_job;

/** Find the cheapest arrangement.
 *
 *  Out:    a   to be released with nn_arrangement_clear; empty on failure
 *  Fails:  NN_ERR_SHAPE when a tensor has more elements than an image has slots, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_arrange(nn_arrangement *a, const nn_arrange_job *job);
void nn_arrangement_clear(nn_arrangement *a);

/** Rotations with a key switch in one inference: babies, giants and folds of all routes. */
size_t nn_arrangement_rotations(const nn_arrangement *a);
/** Diagonals of all routes. */
size_t nn_arrangement_diagonals(const nn_arrangement *a);

#endif
