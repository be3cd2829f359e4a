/* Cutting a block of floats into pieces that begin at cache lines. */
#ifndef UNSEEN_TRAIN_CARVE_H
#define UNSEEN_TRAIN_CARVE_H

#include <stddef.h>
#include <stdint.h>

enum { TRAIN_CARVE_LINE = 16 }; /* floats */

/** n floats rounded up to whole lines. */
static inline size_t train_carve_size(size_t n)
{
    return (n + TRAIN_CARVE_LINE - 1) / TRAIN_CARVE_LINE * TRAIN_CARVE_LINE;
}

/** The first float at or behind p that begins a line: a block needs TRAIN_CARVE_LINE floats more
 *  than the pieces that are cut from it. */
static inline float *train_carve_start(float *p)
{
    size_t over = (uintptr_t)p / sizeof(float) % TRAIN_CARVE_LINE;
    return over == 0 ? p : p + (TRAIN_CARVE_LINE - over);
}

/** Take n floats off the front of a block that begins a line; it still does afterwards. */
static inline float *train_carve_take(float **block, size_t n)
{
    float *piece = *block;
    *block += train_carve_size(n);
    return piece;
}

#endif
