/* Where the elements of a tensor lie in the slots of ciphertexts.
 *
 * A layout lists for every element the slots that hold it, one or more. A tensor that does not fit
 * in one ciphertext has several parts of S slots each: slot s stands for slot s mod S of part
 * s / S, and all slots of an element are in one part. Most layouts come from positions and starts:
 * element e of replica c lies in slot
 *     (start[c] + position[e]) mod S,     position[e] < period,  start[c] = c * period + offset
 * of its part.
 * Without offsets the vector of slots is periodic. Offsets move whole replicas by a few slots, so
 * that one diagonal of the next matrix meets different elements in different replicas and fewer
 * diagonals are needed (nn/slots/route.h). Slots that hold no element may hold anything; matrices
 * never read them.
 */
#ifndef UNSEEN_NN_SLOTS_LAYOUT_H
#define UNSEEN_NN_SLOTS_LAYOUT_H

#include "nn/shape.h"

enum { NN_GENERATORS_MAX = 16, NN_PARTS_MAX = 64 };

/* Marks an empty slot in nn_layout_from_slots. */
#define NN_LAYOUT_EMPTY ((uint32_t)-1)

typedef struct nn_layout {
    size_t slots;   /* of one part; a power of two */
    size_t parts;   /* ciphertexts; where there are several, none has offsets */
    size_t period;  /* a power of two: what every part repeats with; slots where they do not */
    size_t count;   /* elements */
    size_t extent;  /* 1 + largest position, for layouts of positions and starts, else 0 */
    long base;      /* offset of replica 0, likewise */
    int generators; /* offsets are the subset sums of this many generators; then not periodic */
    int generator[NN_GENERATORS_MAX];
    uint32_t *first; /* count + 1: element e has slot[first[e]] .. slot[first[e + 1] - 1], */
    uint32_t *slot;  /* that of replica 0 first */
} nn_layout;

/* A grid layout: element (c,y,x) of a (C,H,W) tensor at
 * (c / gap^2) * block + ((c % gap^2) / gap + y * gap) * row + (c % gap^2) % gap + x * gap:
 * gap^2 channels are interleaved on the grid that the input image spans, so that a strided
 * convolution keeps its outputs beside its inputs and has few diagonals. */
typedef struct nn_grid {
    size_t row, gap, block; /* slots per image row; spacing; slots per group of gap^2 channels */
} nn_grid;

/* A woven layout: element (c,y,x) of replica (k,dy,dx), 0 <= dy,dx < gap, k < copies, at
 * c * step + k * (step / copies + shift) + (y * gap + dy) * row + x * gap + dx: every channel has a
 * grid of its own, and the places between its elements hold replicas of it. With inner > 1 the grid
 * is one of squares of inner^2 places, and so many channels share it, as in nn_grid.
 *
 * With turn > 0 the whole is repeated as often as it fits, each time after the smallest power of
 * two of slots that holds it, turned within them: by turn, 2 turn, and so on. */
typedef struct nn_weave {
    size_t row, gap, step, copies, shift;
    size_t inner, turn;
} nn_weave;

/** Smallest power of two >= n, n >= 1. */
size_t nn_layout_pow2(size_t n);

/** Elements one after the other: position[e] = e. More elements than slots are cut into equal
 * parts, as few as hold them.
 *
 *  Out:    l   to be released with nn_layout_clear; empty on failure
 *  In:     period   a power of two >= the elements of a part; 0: the smallest
 *  Fails:  NN_ERR_SHAPE (period > slots, too many parts, or count 0), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_dense(nn_layout *l, size_t slots, size_t period, size_t count);

/** A grid layout; see nn_grid. More blocks than fit in the slots are cut into parts of equally
 * many, as few as hold them.
 *
 *  Fails:  NN_ERR_SHAPE when the tensor does not fit the grid, or a block the slots, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_grid(nn_layout *l, size_t slots, nn_shape shape, nn_grid grid);

/** A woven layout; see nn_weave. Its generators are the distances between replicas.
 *
 *  In:     weave   gap, copies and step powers of two; inner 0 means 1
 *  Fails:  NN_ERR_SHAPE when two elements meet in a slot or the slots do not suffice,
 * NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_weave(nn_layout *l, size_t slots, nn_shape shape, nn_weave weave);

/** Elements dealt out to blocks: the first run->count of them lie in the first `period` slots as
 *  replica 0 of `run` has them, the next in the next `period` slots, and so on: one replica.
 *
 *  Fails:  NN_ERR_SHAPE (run->extent > period, too few slots), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_runs(nn_layout *l, size_t slots, size_t count, size_t period,
                                       const nn_layout *run);

/** Whole tensors one element after the other, replica r from slot start[r] on, cyclically.
 *
 *  Fails:  NN_ERR_SHAPE when two replicas overlap, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_replicas(nn_layout *l, size_t slots, size_t count,
                                           const uint32_t *start, size_t replicas);

/** Any layout in one part: what every slot holds.
 *
 *  In:     element   slots of them, < count or NN_LAYOUT_EMPTY; an element may have no slot at all
 *  Fails:  NN_ERR_SHAPE (an element out of range), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_from_slots(nn_layout *l, size_t slots, size_t count,
                                             const uint32_t *element);

/** The reverse: element gets l->parts * l->slots numbers. */
void nn_layout_to_slots(const nn_layout *l, uint32_t *element);

/** Give the replicas their offsets: all sums of subsets of the generators, in descending order.
 *
 *  In:     l         of nn_layout_dense or nn_layout_grid, moved or not
 *          generator count of them, log2(replicas) or 0 (0 makes the layout periodic again)
 *  Fails:  NN_ERR_SHAPE when two replicas would overlap or count does not fit, NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_layout_move(nn_layout *l, const int *generator, int count);

/** Give the replicas of l the offsets that those of `like` have in the same places, so that a route
 *  between the two can be aligned; l->period <= like->period, both of nn_layout_dense or
 *  nn_layout_grid.
 *
 *  Fails:  NN_ERR_SHAPE when two replicas would overlap
 */
NN_MUST_CHECK nn_status nn_layout_align(nn_layout *l, const nn_layout *like);

NN_MUST_CHECK nn_status nn_layout_copy(nn_layout *out, const nn_layout *in);

/** 1 when both put all elements into the same slots and have the same offsets. */
int nn_layout_equal(const nn_layout *p, const nn_layout *q);

void nn_layout_clear(nn_layout *l);

/** Number of slots of element e, and the first of them. */
static inline size_t nn_layout_copies(const nn_layout *l, size_t e)
{
    return l->first[e + 1] - l->first[e];
}

static inline size_t nn_layout_place(const nn_layout *l, size_t e)
{
    return l->slot[l->first[e]];
}

/** Slot s of a vector that holds `images` tensors side by side: element e of image m lies in slot
 *  images * s + m for every s of the layout. The vector has images * l->parts * l->slots numbers,
 *  the parts one after the other.
 *
 *  spread gives all replicas of value to image m, and leaves the rest; gather reads the first ones.
 */
void nn_layout_spread(const nn_layout *l, double *slot, size_t images, size_t m,
                      const double *value);
void nn_layout_gather(const nn_layout *l, double *value, const double *slot, size_t images,
                      size_t m);

#endif
