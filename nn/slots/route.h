/* How an affine map between two layouts becomes diagonals, rotations and folds.
 *
 * A diagonal with step t multiplies slot j + t of the input into slot j of the output. Four kinds,
 * with Pi and Po the periods of the input and the output layout and S the slots:
 *
 *  periodic  The input is periodic (or read at its first slots only, Pi = S). The step of entry
 *            (o,i) only matters modulo min(Pi, Po): for Po < Pi the Pi/Po blocks of the output
 *            compute partial sums over different elements and log2(Pi/Po) folds add them up (the
 *            hybrid of [JVC18] for wide and short matrices).
 *  split     The input has several slots for an element, and each serves another part of the
 *            steps, so that about 1/replicas of the diagonals remain; log2(S/Po) folds add up all
 *            blocks.
 *  aligned   Every replica of the output computes the whole, with exact steps and no folds, so that
 *            it may have any offsets, and the next matrix can be split.
 *  spread    The input is periodic, and each of its S/Pi replicas computes other outputs, a run of
 *            at most g of them at its start, with steps modulo g; log2(Pi/g) folds add up the
 *            blocks of g slots. Slots behind the run hold sums of no meaning.
 *  same      The identity between equal layouts: a product with a scalar, no diagonals.
 *
 * Where tensors have several parts, the matrix is cut into a block for each pair of an input and an
 * output part, and a periodic route is one of the same group and folds for all blocks. A diagonal
 * is then a step of a block. Babies serve every block of an input part; giants and folds every
 * output part, once what all input parts give for it has been added up.
 *
 * Index letters: o output element, i input element, s slot of the input, p of the output, t step.
 */
#ifndef UNSEEN_NN_SLOTS_ROUTE_H
#define UNSEEN_NN_SLOTS_ROUTE_H

#include "nn/slots/pattern.h"

typedef enum nn_route_kind {
    NN_ROUTE_PERIODIC,
    NN_ROUTE_SPLIT,
    NN_ROUTE_ALIGNED,
    NN_ROUTE_SPREAD,
    NN_ROUTE_SAME
} nn_route_kind;

enum { NN_FOLDS_MAX = 16 };

typedef struct nn_route {
    nn_route_kind kind;
    size_t slots;
    size_t images; /* side by side; steps, folds and slots are multiples of it */
    size_t group;  /* steps only matter modulo this many (times images); slots: exact */
    size_t in_parts, out_parts;
    int count;          /* distinct steps, at most 65536 */
    int *step;          /* count of them in [0, slots) */
    int *baby, *giant;  /* count each, baby + giant = step mod slots */
    int babies, giants; /* distinct ones other than 0 */
    int chain;          /* 1: nn/slots/turns.h counts on giants that go one after the other */
    int entries;        /* diagonals: steps of blocks, in the order of step, in part, out part */
    uint16_t *entry_step, *entry_in, *entry_out; /* entries each; an index into step, and parts */
    int fold_count;
    int fold[NN_FOLDS_MAX];
} nn_route;

/* The entries of a matrix in the order of a route's diagonals, so that one diagonal can be filled
 * at a time. */
typedef struct nn_route_index {
    const nn_route *route;
    const nn_affine *affine;
    const nn_layout *in, *out;
    size_t *first; /* entries + 1: diagonal d has the matrix entries at[first[d]] .. */
    uint32_t *at;  /* places in affine->col and affine->value, ascending within a diagonal */
} nn_route_index;

/** Generators of offsets for the replicas of `in` that leave the fewest diagonals for this matrix.
 *
 *  Each doubling of the replicas halves the set of steps as far as the set allows: with generator
 *  x, a chain t, t+x, t+2x, ... of steps keeps every second one.
 *
 *  Out:    generator   log2(in->slots / in->period) numbers, fit for nn_layout_move
 *  In:     in, out     without offsets, out->period <= in->period < in->slots
 *  Fails:  NN_ERR_SHAPE (conditions above), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_generators(int *generator, const nn_pattern *p,
                                            const nn_layout *in, const nn_layout *out);

/** Find steps and folds; all steps are babies, see nn/slots/turns.h.
 *
 *  Out:    r   to be released with nn_route_clear; empty on failure
 *  In:     p   of a matrix of out->count rows, in->count columns
 *  Fails:  NN_ERR_SHAPE (layouts that do not fit the kind; a tensor of several parts fits a
 * periodic route and the identity between equal layouts only), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_find(nn_route *r, nn_route_kind kind, const nn_pattern *p,
                                      const nn_layout *in, const nn_layout *out);

/** The same for a matrix without its pattern, which is found in between. */
NN_MUST_CHECK nn_status nn_route_find_affine(nn_route *r, nn_route_kind kind, const nn_affine *a,
                                             const nn_layout *in, const nn_layout *out);

/** A split route with given steps, for an input that was gathered for them (nn/slots/gather.h).
 *
 *  In:     step   count numbers, distinct modulo out->period, which in->period is a multiple of
 *  Fails:  NN_ERR_SHAPE, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_route_given(nn_route *r, const int *step, int count, const nn_affine *a,
                                       const nn_layout *in, const nn_layout *out);

NN_MUST_CHECK nn_status nn_route_copy(nn_route *out, const nn_route *in);
void nn_route_clear(nn_route *r);

/** Other numbers for the same steps, where they matter modulo the group only: each becomes the one
 *  in [low, low + group) before images multiply it. All steps are babies again. */
void nn_route_represent(nn_route *r, long low);

/** Let the route serve `images` times as many slots, with so many images side by side: image m of
 *  slot j becomes slot images * j + m. */
void nn_route_widen(nn_route *r, size_t images);

/** Exact step from slot p to the nearest slot of element i, as aligned routes take it. */
long nn_route_nearest(const nn_layout *in, size_t i, size_t p);

/** Sort the entries of the matrix by diagonals. All arguments must outlive the index.
 *
 *  Out:    x   to be released with nn_route_index_clear; empty on failure
 *  In:     in, out   the layouts that the route was made for, of r->slots / r->images slots
 *  Cost:   two passes over the matrix; 4 bytes an entry
 *  Fails:  NN_ERR_MEMORY, NN_ERR_SHAPE (an entry has no place: other layouts or another matrix)
 */
NN_MUST_CHECK nn_status nn_route_index_find(nn_route_index *x, const nn_route *r,
                                            const nn_affine *a, const nn_layout *in,
                                            const nn_layout *out);
void nn_route_index_clear(nn_route_index *x);

/** One diagonal, entry in [0, route->entries): slot[j] multiplies slot j + step of the input part
 *  and is added to slot j of the output part; route->slots numbers. */
void nn_route_diagonal(const nn_route_index *x, int entry, double *slot);

/** Values of all diagonals at once: value[k * slots + j] belongs to diagonal k and slot j.
 *
 *  Out:    value   r->entries * r->slots numbers
 *  Fails:  as nn_route_index_find
 */
NN_MUST_CHECK nn_status nn_route_diagonals(const nn_route *r, double *value, const nn_affine *a,
                                           const nn_layout *in, const nn_layout *out);

#endif
