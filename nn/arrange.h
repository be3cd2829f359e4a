/* The search for layouts: where every tensor of the network lies, and the route of every matrix.
 *
 * All combinations of a few candidate layouts per tensor (dense, and grids that keep a strided
 * convolution's outputs beside its inputs) are tried, with the nominal costs of nn/route.h. */
#ifndef UNSEEN_NN_ARRANGE_H
#define UNSEEN_NN_ARRANGE_H

#include "nn/lower.h"
#include "nn/route.h"

typedef struct nn_arrangement {
    size_t slots;
    size_t count;      /* stages */
    nn_layout *layout; /* count + 1; layout[k] is the input of stage k */
    nn_route *route;   /* count; empty for polynomial stages */
    double cost;
} nn_arrangement;

/** Find the cheapest arrangement.
 *
 *  Out:    a   to be released with nn_arrangement_clear; empty on failure
 *  In:     s   stages, merged or not
 *          slots   a power of two
 *  Fails:  NN_ERR_SHAPE when a tensor has more elements than there are slots, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_arrange(nn_arrangement *a, const nn_stages *s, size_t slots);
void nn_arrangement_clear(nn_arrangement *a);

/** Rotations with a key switch in one inference: babies, giants and folds of all routes. */
size_t nn_arrangement_rotations(const nn_arrangement *a);
/** Diagonals of all routes. */
size_t nn_arrangement_diagonals(const nn_arrangement *a);

#endif
