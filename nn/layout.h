/* Where the elements of a tensor lie in the slots of a ciphertext.
 *
 * The S slots hold S/period replicas of the tensor. Element e of replica c lies in slot
 *     (start[c] + position[e]) mod S,     position[e] < period,  start[c] = c * period + offset.
 * Without offsets the vector of slots is periodic. Offsets move whole replicas by a few slots, so
 * that one diagonal of the next matrix meets different elements in different replicas and fewer
 * diagonals are needed (nn/route.h). Slots that hold no element are zero or unused; matrices never
 * read them.
 */
#ifndef UNSEEN_NN_LAYOUT_H
#define UNSEEN_NN_LAYOUT_H

#include "nn/shape.h"

enum { NN_GENERATORS_MAX = 16 };

typedef struct nn_layout {
    size_t slots, period; /* powers of two, period <= slots */
    size_t count;         /* elements */
    size_t extent;        /* 1 + largest position */
    size_t replicas;      /* slots / period */
    int generators;       /* offsets are the subset sums of this many generators, largest first */
    int generator[NN_GENERATORS_MAX];
    uint32_t *position; /* count */
    uint32_t *start;    /* replicas */
} nn_layout;

/* A grid layout: element (c,y,x) of a (C,H,W) tensor at
 * (c / gap^2) * block + ((c % gap^2) / gap + y * gap) * row + (c % gap^2) % gap + x * gap:
 * gap^2 channels are interleaved on the grid that the input image spans, so that a strided
 * convolution keeps its outputs beside its inputs and has few diagonals. */
typedef struct nn_grid {
    size_t row, gap, block; /* slots per image row; spacing; slots per group of gap^2 channels */
} nn_grid;

/** Smallest power of two >= n, n >= 1. */
size_t nn_layout_pow2(size_t n);

/** Elements one after the other: position[e] = e, the smallest period that holds them.
 *
 *  Out:    l   to be released with nn_layout_clear; empty on failure
 *  Fails:  NN_ERR_SHAPE (count > slots, or 0), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_dense(nn_layout *l, size_t slots, size_t count);

/** A grid layout; see nn_grid.
 *
 *  Fails:  NN_ERR_SHAPE when the tensor does not fit the grid or the slots, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_grid(nn_layout *l, size_t slots, nn_shape shape, nn_grid grid);

/** Give the replicas their offsets: all sums of subsets of the generators, in descending order.
 *
 *  In:     generator   count of them, log2(replicas) or 0 (0 makes the layout periodic again)
 *  Fails:  NN_ERR_SHAPE when two replicas would overlap or count does not fit, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_move(nn_layout *l, const int *generator, int count);

/** Give the replicas of l the offsets that those of `like` have in the same places, so that a route
 *  between the two can be aligned; l->period <= like->period.
 *
 *  Fails:  NN_ERR_SHAPE when two replicas would overlap
 */
NN_MUST_CHECK nn_status nn_layout_align(nn_layout *l, const nn_layout *like);

NN_MUST_CHECK nn_status nn_layout_copy(nn_layout *out, const nn_layout *in);
void nn_layout_clear(nn_layout *l);

/** slot gets all replicas of value, and 0 elsewhere. */
void nn_layout_spread(const nn_layout *l, double *slot, const double *value);
/** value gets replica 0 out of the slots. */
void nn_layout_gather(const nn_layout *l, double *value, const double *slot);

#endif
