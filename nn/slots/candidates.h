/* The layouts that a tensor may get behind a stage: a small set, made from the layout of what the
 * stage takes. */
#ifndef UNSEEN_NN_SLOTS_CANDIDATES_H
#define UNSEEN_NN_SLOTS_CANDIDATES_H

#include "nn/slots/layout.h"
#include "nn/stages/affine.h"

enum { NN_CANDIDATES_MAX = 24 };

/* A layout with the grid that it lies on; gap 0 when it lies on none. */
typedef struct nn_candidate {
    nn_layout layout;
    nn_grid grid;
} nn_candidate;

/** Candidates for a tensor of shape `out` that a matrix makes from one of shape `in`: on the grid
 *  of the input, spaced out as the matrix strides; dense; where the input is periodic, dealt out to
 *  its replicas; and, behind a matrix of few entries, with replicas in all places that are left,
 *  set off so that they serve a later matrix.
 *
 *  Out:    c       up to NN_CANDIDATES_MAX, all different, in room for one more; to be released
 *                  with nn_candidates_clear
 *  In:     from    layout of the input
 *          few     1: the matrix has few entries (nn_candidates_few)
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_candidates_find(nn_candidate *c, int *count, const nn_candidate *from,
                                           nn_shape in, nn_shape out, int few);
/** 1 for pools, sums, normalisations: matrices that cost little wherever they lead. */
int nn_candidates_few(const nn_affine *a);

void nn_candidates_clear(nn_candidate *c, int count);

#endif
