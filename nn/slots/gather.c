/* Packing: taps from the matrix, copies that cover them, slots that hold the copies. */
#include "nn/slots/gather.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 64, TAPS_MAX = 1024, WIDTH_MAX = 8, STEPS_MORE = 6 };

/* A pixel relative to stride times the output's place. */
typedef struct tap {
    long channel, y, x;
} tap;

typedef struct gathering {
    const nn_affine *a;
    nn_shape image, maps;
    const nn_layout *out;
    long stride_y, stride_x;
    tap *taps; /* of all entries */
    size_t tap_count;
    tap low, high;      /* all taps lie in [low, high) */
    unsigned char *box; /* 1 where the box has a tap that waits for a copy */
    int width;          /* step k leads (k % width) to the right and (k / width) down */
    int step[STEPS_MAX];
    int step_count;
    tap *copy; /* per block, what it begins with */
    size_t copy_count;
    int32_t *owner;      /* per place in the period: its output, -1 where there is none */
    unsigned char *done; /* per entry: it has a slot */
    size_t left;         /* entries that have none */
    uint32_t *element;   /* per slot */
    uint32_t *vote;      /* per pixel, all 0 between votes */
} gathering;

/* Output o, or pixel i, at its place. */
static tap place_of(nn_shape shape, size_t index)
{
    size_t area = shape.h * shape.w;
    return (tap){(long)(index / area), (long)(index % area / shape.w), (long)(index % shape.w)};
}

static size_t find_tap(const tap *list, size_t count, tap t)
{
    size_t k = 0;
    while (k < count && (list[k].channel != t.channel || list[k].y != t.y || list[k].x != t.x))
        k++;
    return k;
}

/* Place of a tap in the box, SIZE_MAX outside. */
static size_t box_place(const gathering *g, tap t)
{
    if (t.channel < 0 || t.channel >= g->high.channel || t.y < g->low.y || t.y >= g->high.y ||
        t.x < g->low.x || t.x >= g->high.x)
        return SIZE_MAX;
    long row = t.channel * (g->high.y - g->low.y) + t.y - g->low.y;
    return (size_t)(row * (g->high.x - g->low.x) + t.x - g->low.x);
}

static void widen_box(gathering *g, tap t)
{
    tap *low = &g->low, *high = &g->high;
    int first = g->tap_count == 0;
    high->channel = first || t.channel >= high->channel ? t.channel + 1 : high->channel;
    low->y = first || t.y < low->y ? t.y : low->y;
    high->y = first || t.y >= high->y ? t.y + 1 : high->y;
    low->x = first || t.x < low->x ? t.x : low->x;
    high->x = first || t.x >= high->x ? t.x + 1 : high->x;
}

/* Every tap that occurs; too many of them are no convolution. */
static nn_status find_taps(gathering *g)
{
    g->taps = malloc(TAPS_MAX * sizeof *g->taps);
    if (g->taps == NULL)
        return NN_ERR_MEMORY;
    for (size_t o = 0; o < g->a->rows; o++) {
        tap at = place_of(g->maps, o);
        for (size_t k = g->a->row_start[o]; k < g->a->row_start[o + 1]; k++) {
            tap t = place_of(g->image, g->a->col[k]);
            t.y -= g->stride_y * at.y;
            t.x -= g->stride_x * at.x;
            size_t found = find_tap(g->taps, g->tap_count, t);
            if (found == TAPS_MAX)
                return NN_ERR_SHAPE;
            if (found < g->tap_count)
                continue;
            widen_box(g, t);
            g->taps[g->tap_count++] = t;
        }
    }
    size_t size = (size_t)(g->high.channel * (g->high.y - g->low.y) * (g->high.x - g->low.x));
    g->box = calloc(size + 1, 1);
    return g->box == NULL ? NN_ERR_MEMORY : NN_OK;
}

/* The tap that step k serves in a copy. */
static tap served(const gathering *g, tap copy, int k)
{
    copy.y += g->stride_y * (k / g->width);
    copy.x += g->stride_x * (k % g->width);
    return copy;
}

/* Number of waiting taps that a copy would serve; settle takes them off. */
static int gain(const gathering *g, tap copy, int settle)
{
    int n = 0;
    for (int k = 0; k < g->step_count; k++) {
        size_t t = box_place(g, served(g, copy, k));
        if (t == SIZE_MAX || !g->box[t])
            continue;
        n++;
        if (settle)
            g->box[t] = 0;
    }
    return n;
}

/* Copies that serve all taps, greedily; 0 when the blocks do not suffice. */
static int find_copies(gathering *g, size_t blocks)
{
    size_t left = g->tap_count;
    for (size_t t = 0; t < left; t++)
        g->box[box_place(g, g->taps[t])] = 1;
    for (g->copy_count = 0; left > 0 && g->copy_count < blocks; g->copy_count++) {
        int most = 0;
        tap best = {0};
        for (size_t t = 0; t < g->tap_count; t++)
            for (int k = 0; k < g->step_count && g->box[box_place(g, g->taps[t])]; k++) {
                tap back = served(g, (tap){0}, k);
                tap copy = {g->taps[t].channel, g->taps[t].y - back.y, g->taps[t].x - back.x};
                int n = gain(g, copy, 0);
                if (n > most) {
                    most = n;
                    best = copy;
                }
            }
        g->copy[g->copy_count] = best;
        left -= (size_t)gain(g, best, 1);
    }
    return left == 0;
}

/* The output whose place is step k before slot j, or -1. */
static int32_t owner_of(const gathering *g, size_t j, int k)
{
    long period = (long)g->out->period, r = ((long)j - g->step[k]) % period;
    return g->owner[r < 0 ? r + period : r];
}

/* The entry of output o at a pixel, SIZE_MAX where there is none or it has a slot already. */
static size_t open_entry(const gathering *g, int32_t o, tap pixel)
{
    if (pixel.y < 0 || pixel.x < 0 || pixel.y >= (long)g->image.h || pixel.x >= (long)g->image.w)
        return SIZE_MAX;
    size_t i =
        ((size_t)pixel.channel * g->image.h + (size_t)pixel.y) * g->image.w + (size_t)pixel.x;
    for (size_t e = g->a->row_start[o]; e < g->a->row_start[o + 1]; e++)
        if (g->a->col[e] == i)
            return g->done[e] ? SIZE_MAX : e;
    return SIZE_MAX;
}

/* Slot j in the block of a copy gets the pixel that most outputs want there; where the ends of two
 * rows meet, they may want different ones. */
static void fill_slot(gathering *g, size_t j, tap copy)
{
    size_t entry[STEPS_MAX];
    uint32_t best = NN_LAYOUT_EMPTY;
    int count = 0;
    for (int k = 0; k < g->step_count; k++) {
        int32_t o = owner_of(g, j, k);
        if (o < 0)
            continue;
        tap at = place_of(g->maps, (size_t)o), t = served(g, copy, k);
        t.y += g->stride_y * at.y;
        t.x += g->stride_x * at.x;
        size_t e = open_entry(g, o, t);
        if (e != SIZE_MAX)
            entry[count++] = e;
    }
    for (int c = 0; c < count; c++) {
        uint32_t i = g->a->col[entry[c]];
        g->vote[i]++;
        if (best == NN_LAYOUT_EMPTY || g->vote[i] > g->vote[best])
            best = i;
    }
    g->element[j] = best;
    for (int c = 0; c < count; c++) {
        g->vote[g->a->col[entry[c]]] = 0;
        if (g->a->col[entry[c]] != best)
            continue;
        g->done[entry[c]] = 1;
        g->left--;
    }
}

/* What is left after the copies looks for any slot that is still empty. */
static void fill_rest(gathering *g, size_t o, size_t e)
{
    size_t period = g->out->period, place = nn_layout_place(g->out, o);
    for (size_t block = 0; block < g->out->slots && !g->done[e]; block += period)
        for (int k = 0; k < g->step_count && !g->done[e]; k++) {
            size_t j = (block + place + (size_t)g->step[k]) % g->out->slots;
            if (g->element[j] != NN_LAYOUT_EMPTY && g->element[j] != g->a->col[e])
                continue;
            g->element[j] = g->a->col[e];
            g->done[e] = 1;
            g->left--;
        }
}

static int fill(gathering *g)
{
    size_t entries = nn_affine_nonzeros(g->a);
    memset(g->done, 0, entries);
    g->left = entries;
    for (size_t j = 0; j < g->out->slots; j++) {
        size_t block = j / g->out->period;
        g->element[j] = NN_LAYOUT_EMPTY;
        if (block < g->copy_count)
            fill_slot(g, j, g->copy[block]);
    }
    for (size_t o = 0; o < g->a->rows && g->left > 0; o++)
        for (size_t e = g->a->row_start[o]; e < g->a->row_start[o + 1]; e++)
            if (!g->done[e])
                fill_rest(g, o, e);
    return g->left == 0;
}

/* Try the first n steps of each width. */
static nn_status try_steps(gathering *g, nn_layout *in, nn_route *r, size_t n, size_t row)
{
    size_t blocks = g->out->slots / g->out->period;
    for (size_t width = 1; width <= n && width <= WIDTH_MAX; width++) {
        if (row < width || row * ((n - 1) / width + 1) > g->out->period)
            continue;
        g->width = (int)width;
        g->step_count = (int)n;
        for (size_t k = 0; k < n; k++)
            g->step[k] = (int)(k % width + k / width * row);
        if (!find_copies(g, blocks) || !fill(g))
            continue;
        nn_status st = nn_layout_from_slots(in, g->out->slots, g->a->cols, g->element);
        return st == NN_OK ? nn_route_given(r, g->step, (int)n, g->a, in, g->out) : st;
    }
    return NN_ERR_SHAPE;
}

static nn_status gathering_init(gathering *g)
{
    size_t slots = g->out->slots, period = g->out->period;
    g->copy = malloc(slots / period * sizeof *g->copy);
    g->owner = malloc(period * sizeof *g->owner);
    g->done = malloc(nn_affine_nonzeros(g->a) + 1);
    g->element = malloc(slots * sizeof *g->element);
    g->vote = calloc(g->a->cols, sizeof *g->vote);
    if (g->copy == NULL || g->owner == NULL || g->done == NULL || g->element == NULL ||
        g->vote == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < period; k++)
        g->owner[k] = -1;
    for (size_t o = 0; o < g->out->count; o++)
        g->owner[nn_layout_place(g->out, o)] = (int32_t)o;
    return find_taps(g);
}

nn_status nn_gather_find(nn_layout *in, nn_route *r, const nn_affine *a, nn_shape image,
                         nn_shape maps, const nn_layout *out, nn_grid grid)
{
    gathering g = {.a = a, .image = image, .maps = maps, .out = out};
    *in = (nn_layout){0};
    *r = (nn_route){0};
    /* A copy serves one channel. */
    if (grid.gap != 1 || out->generators != 0 || out->parts != 1 ||
        out->slots / out->period < image.c || a->rows != out->count || maps.h < 2 || maps.w < 2 ||
        image.h < maps.h || image.w < maps.w || a->cols != nn_shape_count(image))
        return NN_ERR_SHAPE;
    g.stride_y = (long)((image.h + maps.h / 2) / maps.h);
    g.stride_x = (long)((image.w + maps.w / 2) / maps.w);
    nn_status st = gathering_init(&g);
    if (st == NN_OK) {
        size_t blocks = out->slots / out->period, least = (g.tap_count + blocks - 1) / blocks;
        st = NN_ERR_SHAPE;
        for (size_t n = least; n <= least + STEPS_MORE && n <= STEPS_MAX && st == NN_ERR_SHAPE; n++)
            st = try_steps(&g, in, r, n, grid.row);
    }
    if (st != NN_OK) {
        nn_layout_clear(in);
        nn_route_clear(r);
    }
    free(g.taps);
    free(g.box);
    free(g.copy);
    free(g.owner);
    free(g.done);
    free(g.element);
    free(g.vote);
    return st;
}
