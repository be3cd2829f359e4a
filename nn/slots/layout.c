/* Layouts of tensors in slots. A layout is checked when it is made: no slot holds two elements. */
#include "nn/slots/layout.h"

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
    free(l->first);
    free(l->slot);
    *l = (nn_layout){0};
}

/* Storage for count elements with `places` slots in all. */
static nn_status layout_init(nn_layout *l, size_t slots, size_t parts, size_t count, size_t places)
{
    *l = (nn_layout){.slots = slots, .parts = parts, .period = slots, .count = count};
    if (count == 0 || parts > NN_PARTS_MAX || places > slots * parts) {
        *l = (nn_layout){0};
        return NN_ERR_SHAPE;
    }
    l->first = malloc((count + 1) * sizeof *l->first);
    l->slot = malloc((places + 1) * sizeof *l->slot);
    if (l->first == NULL || l->slot == NULL) {
        nn_layout_clear(l);
        return NN_ERR_MEMORY;
    }
    return NN_OK;
}

/* The same number of slots for every element. */
static nn_status layout_uniform(nn_layout *l, size_t slots, size_t parts, size_t count,
                                size_t copies)
{
    if (copies == 0 || parts > NN_PARTS_MAX || count > slots * parts / copies) {
        *l = (nn_layout){0};
        return NN_ERR_SHAPE;
    }
    nn_status st = layout_init(l, slots, parts, count, count * copies);
    for (size_t e = 0; e <= count && st == NN_OK; e++)
        l->first[e] = (uint32_t)(e * copies);
    return st;
}

/* No slot twice. */
static nn_status check_distinct(nn_layout *l)
{
    unsigned char *seen = calloc(l->slots * l->parts, 1);
    nn_status st = seen == NULL ? NN_ERR_MEMORY : NN_OK;
    for (size_t k = 0; st == NN_OK && k < l->first[l->count]; k++) {
        if (seen[l->slot[k]])
            st = NN_ERR_SHAPE;
        seen[l->slot[k]] = 1;
    }
    free(seen);
    if (st != NN_OK)
        nn_layout_clear(l);
    return st;
}

/* A periodic layout of so many elements in each part, still without its positions. */
static nn_status layout_periodic(nn_layout *l, size_t slots, size_t parts, size_t period,
                                 size_t count)
{
    *l = (nn_layout){0};
    if (count == 0 || period > slots || (count + parts - 1) / parts > period)
        return NN_ERR_SHAPE;
    nn_status st = layout_uniform(l, slots, parts, count, slots / period);
    if (st == NN_OK)
        l->period = period;
    return st;
}

static void put_position(nn_layout *l, size_t e, size_t part, size_t position)
{
    for (size_t k = l->first[e], c = 0; k < l->first[e + 1]; k++, c++)
        l->slot[k] = (uint32_t)(part * l->slots + c * l->period + position);
    l->extent = position + 1 > l->extent ? position + 1 : l->extent;
}

nn_status nn_layout_dense(nn_layout *l, size_t slots, size_t period, size_t count)
{
    size_t parts = (count + slots - 1) / slots;
    *l = (nn_layout){0};
    if (count == 0 || parts > NN_PARTS_MAX)
        return NN_ERR_SHAPE;
    size_t each = (count + parts - 1) / parts;
    nn_status st =
        layout_periodic(l, slots, parts, period != 0 ? period : nn_layout_pow2(each), count);
    for (size_t e = 0; e < count && st == NN_OK; e++)
        put_position(l, e, e / each, e % each);
    return st;
}

nn_status nn_layout_grid(nn_layout *l, size_t slots, nn_shape shape, nn_grid grid)
{
    *l = (nn_layout){0};
    size_t group = grid.gap * grid.gap;
    if (group == 0 || grid.row == 0 || shape.w * grid.gap > grid.row || grid.block > slots ||
        shape.h * grid.gap * grid.row > grid.block)
        return NN_ERR_SHAPE;
    size_t blocks = (shape.c + group - 1) / group, room = slots / grid.block;
    size_t parts = (blocks + room - 1) / room;
    if (blocks == 0 || parts > NN_PARTS_MAX)
        return NN_ERR_SHAPE;
    size_t each = (blocks + parts - 1) / parts;
    nn_status st =
        layout_periodic(l, slots, parts, nn_layout_pow2(each * grid.block), nn_shape_count(shape));
    if (st != NN_OK)
        return st;
    size_t e = 0;
    for (size_t c = 0; c < shape.c; c++) {
        size_t block = c / group, within = c % group;
        size_t corner =
            block % each * grid.block + within / grid.gap * grid.row + within % grid.gap;
        for (size_t y = 0; y < shape.h; y++)
            for (size_t x = 0; x < shape.w; x++, e++)
                put_position(l, e, block / each, corner + y * grid.gap * grid.row + x * grid.gap);
    }
    return NN_OK;
}

/* Slot of element (c,y,x) of replica r of a woven layout, before it is turned. */
static size_t woven_slot(const nn_weave *w, size_t c, size_t y, size_t x, size_t r)
{
    size_t group = w->gap * w->gap, within = c % (w->inner * w->inner);
    size_t row = (y * w->gap + r % group / w->gap) * w->inner + within / w->inner;
    size_t column = (x * w->gap + r % w->gap) * w->inner + within % w->inner;
    size_t copy = r / group * (w->step / w->copies + w->shift);
    return c / (w->inner * w->inner) * w->step + copy + row * w->row + column;
}

/* The replicas' distances: to the right, below, between copies, and by turning. */
static void woven_generators(nn_layout *l, const nn_weave *w, size_t turns)
{
    for (size_t d = 1; d < w->gap; d *= 2) {
        l->generator[l->generators++] = (int)(d * w->inner);
        l->generator[l->generators++] = (int)(d * w->inner * w->row);
    }
    for (size_t k = 1; k < w->copies; k *= 2)
        l->generator[l->generators++] = (int)(k * (w->step / w->copies + w->shift));
    for (size_t q = 1; q < turns; q *= 2)
        l->generator[l->generators++] = (int)(q * w->turn);
}

nn_status nn_layout_weave(nn_layout *l, size_t slots, nn_shape shape, nn_weave weave)
{
    nn_weave w = weave;
    *l = (nn_layout){0};
    w.inner = w.inner > 1 ? w.inner : 1;
    size_t share = w.inner * w.inner, blocks = (shape.c + share - 1) / share;
    if (w.gap == 0 || w.copies == 0 || shape.w * w.gap * w.inner > w.row ||
        blocks > slots / w.step || w.copies > w.step)
        return NN_ERR_SHAPE;
    size_t span = w.turn > 0 ? nn_layout_pow2(blocks) * w.step : slots, turns = slots / span;
    size_t woven = w.gap * w.gap * w.copies;
    nn_status st = layout_uniform(l, slots, 1, nn_shape_count(shape), woven * turns);
    if (st != NN_OK)
        return st;
    size_t at = 0;
    for (size_t c = 0; c < shape.c; c++)
        for (size_t y = 0; y < shape.h; y++)
            for (size_t x = 0; x < shape.w; x++)
                for (size_t r = 0; r < woven * turns; r++, at++) {
                    size_t q = r / woven, slot = woven_slot(&w, c, y, x, r % woven);
                    l->slot[at] = (uint32_t)((slot + q * w.turn) % span + q * span);
                }
    l->period = span;
    woven_generators(l, &w, turns);
    return check_distinct(l);
}

nn_status nn_layout_runs(nn_layout *l, size_t slots, size_t count, size_t period,
                         const nn_layout *run)
{
    *l = (nn_layout){0};
    if (run->parts != 1 || run->extent > period || count == 0 ||
        (count - 1) / run->count >= slots / period)
        return NN_ERR_SHAPE;
    nn_status st = layout_uniform(l, slots, 1, count, 1);
    for (size_t e = 0; e < count && st == NN_OK; e++)
        l->slot[e] = (uint32_t)(e / run->count * period + nn_layout_place(run, e % run->count));
    return st;
}

nn_status nn_layout_replicas(nn_layout *l, size_t slots, size_t count, const uint32_t *start,
                             size_t replicas)
{
    nn_status st = layout_uniform(l, slots, 1, count, replicas);
    if (st != NN_OK)
        return st;
    for (size_t e = 0; e < count; e++)
        for (size_t r = 0; r < replicas; r++)
            l->slot[e * replicas + r] = (uint32_t)((start[r] + e) % slots);
    return check_distinct(l);
}

nn_status nn_layout_from_slots(nn_layout *l, size_t slots, size_t count, const uint32_t *element)
{
    nn_status st = layout_init(l, slots, 1, count, slots);
    if (st != NN_OK)
        return st;
    for (size_t e = 0; e <= count; e++)
        l->first[e] = 0;
    for (size_t j = 0; j < slots; j++) {
        if (element[j] == NN_LAYOUT_EMPTY)
            continue;
        if (element[j] >= count) {
            nn_layout_clear(l);
            return NN_ERR_SHAPE;
        }
        l->first[element[j] + 1]++;
    }
    for (size_t e = 0; e < count; e++)
        l->first[e + 1] += l->first[e];
    /* first[e] walks to first[e + 1] while the slots of e are filled in, and is put back. */
    for (size_t j = 0; j < slots; j++)
        if (element[j] != NN_LAYOUT_EMPTY)
            l->slot[l->first[element[j]]++] = (uint32_t)j;
    for (size_t e = count; e > 0; e--)
        l->first[e] = l->first[e - 1];
    l->first[0] = 0;
    return NN_OK;
}

void nn_layout_to_slots(const nn_layout *l, uint32_t *element)
{
    for (size_t j = 0; j < l->parts * l->slots; j++)
        element[j] = NN_LAYOUT_EMPTY;
    for (size_t e = 0; e < l->count; e++)
        for (size_t k = l->first[e]; k < l->first[e + 1]; k++)
            element[l->slot[k]] = (uint32_t)e;
}

static int descending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x < y) - (x > y);
}

/* Move replica c from where it stands to c * period + offset[c], if none then overlaps the next. */
static nn_status set_offsets(nn_layout *l, const long *offset)
{
    long slots = (long)l->slots, period = (long)l->period;
    size_t replicas = l->slots / l->period;
    for (size_t c = 0; c < replicas; c++) {
        /* The next replica, cyclically, begins this many slots after this one. */
        long gap = period + offset[(c + 1) % replicas] - offset[c];
        if (gap < (long)l->extent)
            return NN_ERR_SHAPE;
    }
    for (size_t e = 0; e < l->count; e++) {
        long position = (long)l->slot[l->first[e]] - l->base;
        position = (position % slots + slots) % slots;
        for (size_t c = 0; c < replicas; c++)
            l->slot[l->first[e] + c] =
                (uint32_t)((((long)c * period + position + offset[c]) % slots + slots) % slots);
    }
    l->base = offset[0];
    return NN_OK;
}

nn_status nn_layout_move(nn_layout *l, const int *generator, int count)
{
    size_t replicas = l->slots / l->period;
    if (l->parts != 1 || count < 0 || count > NN_GENERATORS_MAX ||
        (count > 0 && replicas != (size_t)1 << count))
        return NN_ERR_SHAPE;
    long *offset = calloc(replicas, sizeof *offset);
    if (offset == NULL)
        return NN_ERR_MEMORY;
    for (size_t c = 0; c < replicas; c++)
        for (int k = 0; k < count; k++)
            offset[c] += c >> k & 1 ? generator[k] : 0;
    qsort(offset, replicas, sizeof *offset, descending);
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
    if (l->parts != 1 || like->parts != 1 || l->period > like->period || l->slots != like->slots)
        return NN_ERR_SHAPE;
    size_t replicas = l->slots / l->period, ratio = like->period / l->period;
    long *offset = malloc(replicas * sizeof *offset);
    if (offset == NULL)
        return NN_ERR_MEMORY;
    /* Offsets of `like`, from an element that has all of its slots: they are what is left of the
     * slots of element 0 without its position and its replica's place. */
    long position = (long)like->slot[like->first[0]] - like->base;
    for (size_t b = 0; b < replicas; b++) {
        size_t c = b / ratio;
        long x = (long)like->slot[like->first[0] + c] - position - (long)(c * like->period);
        long slots = (long)l->slots;
        x = (x % slots + slots) % slots;
        offset[b] = x >= slots / 2 ? x - slots : x;
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
    size_t places = in->first[in->count];
    nn_status st = layout_init(out, in->slots, in->parts, in->count, places);
    if (st != NN_OK)
        return st;
    uint32_t *first = out->first, *slot = out->slot;
    memcpy(first, in->first, (in->count + 1) * sizeof *first);
    memcpy(slot, in->slot, places * sizeof *slot);
    *out = *in;
    out->first = first;
    out->slot = slot;
    return NN_OK;
}

int nn_layout_equal(const nn_layout *p, const nn_layout *q)
{
    return p->slots == q->slots && p->parts == q->parts && p->period == q->period &&
           p->count == q->count && p->generators == q->generators &&
           memcmp(p->generator, q->generator, sizeof p->generator) == 0 &&
           memcmp(p->first, q->first, (p->count + 1) * sizeof *p->first) == 0 &&
           memcmp(p->slot, q->slot, p->first[p->count] * sizeof *p->slot) == 0;
}

void nn_layout_spread(const nn_layout *l, double *slot, size_t images, size_t m,
                      const double *value)
{
    for (size_t e = 0; e < l->count; e++)
        for (size_t k = l->first[e]; k < l->first[e + 1]; k++)
            slot[images * l->slot[k] + m] = value[e];
}

void nn_layout_gather(const nn_layout *l, double *value, const double *slot, size_t images,
                      size_t m)
{
    for (size_t e = 0; e < l->count; e++)
        value[e] = slot[images * nn_layout_place(l, e) + m];
}
