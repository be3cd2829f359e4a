/* How an affine map between two layouts becomes diagonals, rotations and folds.
 *
 * A diagonal with step t multiplies slot j + t of the input into slot j of the output. Three kinds,
 * with Pi and Po the periods of the input and the output layout and S the slots:
 *
 *  periodic  The input is periodic. The step of entry (o,i) only matters modulo min(Pi, Po): for
 *            Po < Pi the Pi/Po blocks of the output compute partial sums over different elements
 * and log2(Pi/Po) folds add them up (the hybrid of [JVC18] for wide and short matrices). split The
 * replicas of the input have offsets; each replica serves another part of the steps, so that about
 * 1/replicas of the diagonals remain; log2(S/Po) folds add up all blocks. aligned   Input and
 * output have the same offsets (the client places the input so); every replica computes the whole,
 * with exact steps and no folds, and the next matrix can be split.
 *
 * Index letters: o output element, i input element, c replica of the output, b of the input, t
 * step.
 */
#ifndef UNSEEN_NN_ROUTE_H
#define UNSEEN_NN_ROUTE_H

#include "nn/affine.h"
#include "nn/layout.h"

typedef enum nn_route_kind { NN_ROUTE_PERIODIC, NN_ROUTE_SPLIT, NN_ROUTE_ALIGNED } nn_route_kind;

enum { NN_FOLDS_MAX = 16 };

typedef struct nn_route {
    nn_route_kind kind;
    size_t slots;
    int count;          /* diagonals */
    int *step;          /* count distinct steps in [0, slots) */
    int *baby, *giant;  /* count each, baby + giant = step mod slots */
    int babies, giants; /* distinct ones other than 0 */
    int fold_count;
    int fold[NN_FOLDS_MAX];
    double cost; /* nominal, see route.c */
} nn_route;

/** Generators of offsets for the replicas of `in` that leave the fewest diagonals for this matrix.
 *
 *  Each doubling of the replicas halves the set of steps as far as the set allows: with generator
 * x, a chain t, t+x, t+2x, ... of steps keeps every second one.
 *
 *  Out:    generator   log2(in->replicas) numbers, fit for nn_layout_move
 *  In:     in, out     without offsets, out->period <= in->period, in->replicas >= 2
 *  Fails:  NN_ERR_SHAPE (conditions above), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_generators(int *generator, const nn_affine *a, const nn_layout *in,
                                            const nn_layout *out);

/** Find steps, baby and giant steps and folds.
 *
 *  Out:    r   to be released with nn_route_clear; empty on failure
 *  In:     a   out->count rows, in->count columns
 *  Fails:  NN_ERR_SHAPE (layouts that do not fit the kind), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_find(nn_route *r, nn_route_kind kind, const nn_affine *a,
                                      const nn_layout *in, const nn_layout *out);
NN_MUST_CHECK nn_status nn_route_copy(nn_route *out, const nn_route *in);
void nn_route_clear(nn_route *r);

/** Values of all diagonals: value[k * slots + j] belongs to step[k] and slot j.
 *
 *  Out:    value   r->count * slots numbers
 *  Fails:  NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_diagonals(const nn_route *r, double *value, const nn_affine *a,
                                           const nn_layout *in, const nn_layout *out);

#endif
