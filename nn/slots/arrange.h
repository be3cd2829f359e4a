/* The search for layouts: where every tensor of the network lies, and the route of every matrix.
 *
 * Stage by stage, the cheapest ways are kept to lay out all tensors that later stages still take;
 * a few candidate layouts stand behind every stage (dense, grids that keep a strided convolution's
 * outputs beside its inputs, woven ones, runs). Polynomials and products keep the layout of what
 * they take, and both factors of a product have the same. Costs are those of nn/slots/turns.h. The
 * schedule is made afterwards, so limbs are guessed at first.
 */
#ifndef UNSEEN_NN_SLOTS_ARRANGE_H
#define UNSEEN_NN_SLOTS_ARRANGE_H

#include "nn/slots/turns.h"
#include "nn/stages/stage.h"

typedef struct nn_arrangement {
    size_t slots;      /* of the ciphertext */
    size_t images;     /* side by side; layouts are for slots / images */
    size_t count;      /* stages */
    nn_layout *layout; /* count + 1, one per value: layout[k + 1] is the output of stage k */
    nn_route *route;   /* NN_INPUTS_MAX per stage, see nn_arrangement_route */
    double cost;       /* ms with the prices of keys, at guessed limbs */
} nn_arrangement;

/** Route of input i of stage k; empty (slots 0) for polynomials and products. */
static inline nn_route *nn_arrangement_route(const nn_arrangement *a, size_t k, size_t i)
{
    return &a->route[k * NN_INPUTS_MAX + i];
}

/* What the search is given. */
typedef struct nn_arrange_job {
    const nn_stages *stages;    /* merged or not */
    size_t slots;               /* a power of two */
    size_t images;              /* a power of two <= slots; 0: 1 */
    int log_n;                  /* of the ring, for costs */
    const nn_costs *costs;      /* NULL: built in */
    const nn_turn_price *price; /* per stage, for all of its matrices; NULL: by costs, at limbs that
                                 * are guessed */
} nn_arrange_job;

/** Find the cheapest arrangement.
 *
 *  Out:    a   to be released with nn_arrangement_clear; empty on failure
 *  Fails:  NN_ERR_SHAPE when several images are asked for and a tensor has more elements than an
 *          image has slots, or when a tensor needs more than NN_PARTS_MAX parts; NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_arrange(nn_arrangement *a, const nn_arrange_job *job);
void nn_arrangement_clear(nn_arrangement *a);

/** Rotations with a key switch in one inference: babies of every input part, giants and folds of
 *  every output part. The giants and folds of a stage with several matrices are counted for each.
 */
size_t nn_arrangement_rotations(const nn_arrangement *a);
/** Diagonals of all routes, in all blocks. */
size_t nn_arrangement_diagonals(const nn_arrangement *a);

#endif
