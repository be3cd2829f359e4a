/* Layouts of tensors in slots. A layout is checked when it is made: positions are distinct and
 * below the period, replicas do not overlap. */
#include "nn/layout.h"

#include <stdlib.h>
#include <string.h>

size_t nn_layout_pow2(size_t n)
{
    size_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

void nn_layout_clear(nn_layout *l)
{
    if (l == NULL)
        return;
    free(l->position);
    free(l->start);
    *l = (nn_layout){0};
}

/* Storage for count elements in replicas of the given period, with periodic starts. */
static nn_status layout_init(nn_layout *l, size_t slots, size_t period, size_t count)
{
    *l = (nn_layout){0};
    if (count == 0 || period > slots || count > period)
        return NN_ERR_SHAPE;
    l->slots = slots;
    l->period = period;
    l->count = count;
    l->replicas = slots / period;
    l->position = malloc(count * sizeof *l->position);
    l->start = malloc(l->replicas * sizeof *l->start);
    if (l->position == NULL || l->start == NULL) {
        nn_layout_clear(l);
        return NN_ERR_MEMORY;
    }
    for (size_t c = 0; c < l->replicas; c++)
        l->start[c] = (uint32_t)(c * period);
    return NN_OK;
}

nn_status nn_layout_dense(nn_layout *l, size_t slots, size_t count)
{
    nn_status st = layout_init(l, slots, nn_layout_pow2(count), count);
    if (st != NN_OK)
        return st;
    for (size_t e = 0; e < count; e++)
        l->position[e] = (uint32_t)e;
    l->extent = count;
    return NN_OK;
}

nn_status nn_layout_grid(nn_layout *l, size_t slots, nn_shape shape, nn_grid grid)
{
    *l = (nn_layout){0};
    size_t group = grid.gap * grid.gap;
    if (group == 0 || grid.row == 0 || shape.w * grid.gap > grid.row ||
        shape.h * grid.gap * grid.row > grid.block)
        return NN_ERR_SHAPE;
    size_t blocks = (shape.c + group - 1) / group;
    if (blocks > slots / grid.block)
        return NN_ERR_SHAPE;
    nn_status st =
        layout_init(l, slots, nn_layout_pow2(blocks * grid.block), nn_shape_count(shape));
    if (st != NN_OK)
        return st;
    size_t e = 0;
    for (size_t c = 0; c < shape.c; c++) {
        size_t corner = c / group * grid.block + c % group / grid.gap * grid.row + c % grid.gap;
        for (size_t y = 0; y < shape.h; y++) {
            for (size_t x = 0; x < shape.w; x++, e++) {
                size_t p = corner + y * grid.gap * grid.row + x * grid.gap;
                l->position[e] = (uint32_t)p;
                l->extent = p + 1 > l->extent ? p + 1 : l->extent;
            }
        }
    }
    return NN_OK;
}

static int descending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x < y) - (x > y);
}

/* Move the replicas if none then overlaps the next. */
static nn_status set_offsets(nn_layout *l, const long *offset)
{
    long slots = (long)l->slots, period = (long)l->period;
    for (size_t c = 0; c < l->replicas; c++) {
        /* The next replica, cyclically, begins this many slots after this one. */
        long gap = period + offset[(c + 1) % l->replicas] - offset[c];
        if (gap < (long)l->extent)
            return NN_ERR_SHAPE;
    }
    for (size_t c = 0; c < l->replicas; c++)
        l->start[c] = (uint32_t)((((long)c * period + offset[c]) % slots + slots) % slots);
    return NN_OK;
}

nn_status nn_layout_move(nn_layout *l, const int *generator, int count)
{
    if (count < 0 || count > NN_GENERATORS_MAX || (count > 0 && l->replicas != (size_t)1 << count))
        return NN_ERR_SHAPE;
    long *offset = calloc(l->replicas, sizeof *offset);
    if (offset == NULL)
        return NN_ERR_MEMORY;
    for (size_t c = 0; c < l->replicas; c++)
        for (int k = 0; k < count; k++)
            offset[c] += c >> k & 1 ? generator[k] : 0;
    qsort(offset, l->replicas, sizeof *offset, descending);
    nn_status st = set_offsets(l, offset);
    if (st == NN_OK) {
        l->generators = count;
        for (int k = 0; k < count; k++)
            l->generator[k] = generator[k];
    }
    free(offset);
    return st;
}

nn_status nn_layout_align(nn_layout *l, const nn_layout *like)
{
    if (l->period > like->period || l->slots != like->slots)
        return NN_ERR_SHAPE;
    long *offset = malloc(l->replicas * sizeof *offset);
    if (offset == NULL)
        return NN_ERR_MEMORY;
    for (size_t b = 0; b < l->replicas; b++) {
        size_t c = b * l->period / like->period;
        offset[b] = (long)like->start[c] - (long)(c * like->period);
    }
    nn_status st = set_offsets(l, offset);
    if (st == NN_OK) {
        l->generators = like->generators;
        memcpy(l->generator, like->generator, sizeof like->generator);
    }
    free(offset);
    return st;
}

nn_status nn_layout_copy(nn_layout *out, const nn_layout *in)
{
    nn_status st = layout_init(out, in->slots, in->period, in->count);
    if (st != NN_OK)
        return st;
    memcpy(out->position, in->position, in->count * sizeof *in->position);
    memcpy(out->start, in->start, in->replicas * sizeof *in->start);
    out->extent = in->extent;
    out->generators = in->generators;
    memcpy(out->generator, in->generator, sizeof in->generator);
    return NN_OK;
}

void nn_layout_spread(const nn_layout *l, double *slot, const double *value)
{
    for (size_t j = 0; j < l->slots; j++)
        slot[j] = 0.0;
    for (size_t c = 0; c < l->replicas; c++)
        for (size_t e = 0; e < l->count; e++)
            slot[(l->start[c] + l->position[e]) % l->slots] = value[e];
}

void nn_layout_gather(const nn_layout *l, double *value, const double *slot)
{
    for (size_t e = 0; e < l->count; e++)
        value[e] = slot[(l->start[0] + l->position[e]) % l->slots];
}
