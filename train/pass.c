/* Images of a task are copied into a padded frame; then every tap of every place is at a fixed
 * distance from the place, and a tile reads its columns from there, or from a panel into which they
 * are gathered when a vector would run over the end of a row.
 *
 * Index legend: g group, r row (channel of y), k tap (c, ty, tx), b image, j column (place of an
 * image of the task).
 */
#include "train/pass.h"

#include <string.h>

#include "train/carve.h"
#include "train/parallel.h"

typedef struct job {
    const train_pass *p;
    float *y;
    const float *w;
    const float *x;
    size_t depth;    /* taps of a row */
    size_t tiles;    /* of a group's rows */
    size_t images;   /* of a task */
    int flat;        /* frame and image are the same, and columns side by side */
    int whole;       /* the grid is all of y */
    size_t frame_h;  /* rows of an image's frame */
    size_t phase_w;  /* places of one phase of a frame's row: those with x % step alike */
    size_t frame_w;  /* step * phase_w */
    uint32_t *at;    /* of each tap, in the frames of a task */
    float *packed;   /* w, (groups, blocks of k, tiles, k, rows of a tile) */
    float *threads;  /* scratch of each thread */
    size_t each;     /* floats of one */
    size_t panel_at; /* in it, behind the frames */
    size_t sums_at;
} job;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Enough images for some panels of columns, few enough for the cache and for all threads. */
static size_t images_of_task(const train_pass *p)
{
    size_t places = p->grid_h * p->grid_w;
    size_t most = places < 16 ? 48 : 192;
    return smaller(p->batch, (most + places - 1) / places);
}

/* Sizes and places of everything; returns the floats of scratch. */
static size_t lay_out(job *j, const train_pass *p, int threads)
{
    const train_tile *t = p->tile;
    size_t cols = TRAIN_TILE_VECTORS * t->lanes;
    j->p = p;
    j->depth = p->in_c * p->taps_h * p->taps_w;
    j->tiles = (p->rows + t->rows - 1) / t->rows;
    j->images = images_of_task(p);
    j->flat = p->taps_h == 1 && p->taps_w == 1 && p->step == 1 && p->pad_top == 0 &&
              p->pad_left == 0 && p->grid_h == p->in_h && p->grid_w == p->in_w;
    j->whole =
        p->out_step == 1 && p->out_split == 1 && p->grid_h == p->out_h && p->grid_w == p->out_w;
    j->frame_h = (p->grid_h - 1) * p->step + p->taps_h;
    j->phase_w = p->grid_w - 1 + (p->taps_w + p->step - 1) / p->step;
    j->frame_w = j->phase_w * p->step;
    j->panel_at = train_carve_size(p->in_c * j->images * j->frame_h * j->frame_w + cols);
    j->sums_at = j->panel_at + train_carve_size(TRAIN_PASS_DEPTH * cols + t->lanes);
    j->each = j->sums_at + train_carve_size(j->tiles * t->rows * cols);
    return TRAIN_CARVE_LINE + train_carve_size(j->depth) +
           train_carve_size(p->groups * j->tiles * t->rows * j->depth) + (size_t)threads * j->each;
}

size_t train_pass_scratch(const train_pass *p, int threads)
{
    job j;
    return lay_out(&j, p, threads);
}

static void list_taps(job *j)
{
    const train_pass *p = j->p;
    size_t plane = j->images * j->frame_h * j->frame_w, k = 0;
    for (size_t c = 0; c < p->in_c; c++)
        for (size_t ty = 0; ty < p->taps_h; ty++)
            for (size_t tx = 0; tx < p->taps_w; tx++)
                j->at[k++] = (uint32_t)(c * plane + ty * j->frame_w + tx % p->step * j->phase_w +
                                        tx / p->step);
}

/* ---- weights -----------------------------------------------------------------------------------
 */

/* One tile of rows of a group, over all blocks of k; rows past the last are zero. */
static void pack_rows(void *arg, size_t task, int thread)
{
    const job *j = arg;
    const train_pass *p = j->p;
    size_t high = p->tile->rows;
    size_t g = task / j->tiles, tile = task % j->tiles, first = tile * high;
    float *group = j->packed + g * j->tiles * high * j->depth;
    const float *w = j->w + (ptrdiff_t)g * p->group_step;
    size_t k = 0;
    (void)thread;
    for (size_t c = 0; c < p->in_c; c++)
        for (size_t ty = 0; ty < p->taps_h; ty++)
            for (size_t tx = 0; tx < p->taps_w; tx++, k++) {
                size_t start = k - k % TRAIN_PASS_DEPTH;
                size_t block = smaller(TRAIN_PASS_DEPTH, j->depth - start);
                float *to = group + (start * j->tiles + tile * block + k - start) * high;
                const float *from = w + (ptrdiff_t)c * p->c_step + (ptrdiff_t)ty * p->ty_step +
                                    (ptrdiff_t)tx * p->tx_step;
                for (size_t i = 0; i < high; i++)
                    to[i] = first + i < p->rows ? from[(ptrdiff_t)(first + i) * p->row_step] : 0.0f;
            }
}

/* ---- frames ------------------------------------------------------------------------------------
 */

/* One row of an image into one row of its frame, where only phases below taps_w are read. */
static void frame_row(const job *j, float *to, const float *from)
{
    const train_pass *p = j->p;
    if (p->step == 1) {
        size_t skip = p->pad_left < 0 ? (size_t)-p->pad_left : 0;
        size_t pad = p->pad_left > 0 ? (size_t)p->pad_left : 0;
        if (skip < p->in_w && pad < j->frame_w)
            memcpy(to + pad, from + skip, smaller(p->in_w - skip, j->frame_w - pad) * sizeof *to);
        return;
    }
    for (size_t phase = 0; phase < smaller(p->step, p->taps_w); phase++, to += j->phase_w) {
        size_t pad = (size_t)p->pad_left;
        size_t i = pad > phase ? (pad - phase + p->step - 1) / p->step : 0;
        size_t x = i * p->step + phase - pad;
        for (; i < j->phase_w && x < p->in_w; i++, x += p->step)
            to[i] = from[x];
    }
}

/* The frames (in_c, images, frame_h, frame_w) of a group's channels for images b to b + count. */
static void frame_images(const job *j, float *frames, size_t g, size_t b, size_t count)
{
    const train_pass *p = j->p;
    size_t area = p->in_h * p->in_w, frame = j->frame_h * j->frame_w;
    if (p->in_split > 1) {
        for (size_t c = 0; c < p->in_c; c += p->in_split)
            p->tile->turn(frames + c * j->images, j->images, j->x + c * p->batch + b * p->in_split,
                          p->in_split, count, p->in_split);
        return;
    }
    if (j->flat) {
        for (size_t c = 0; c < p->in_c; c++)
            memcpy(frames + c * j->images * area, j->x + ((g * p->in_c + c) * p->batch + b) * area,
                   count * area * sizeof *frames);
        return;
    }
    memset(frames, 0, p->in_c * j->images * frame * sizeof *frames);
    for (size_t c = 0; c < p->in_c; c++)
        for (size_t i = 0; i < count; i++) {
            float *to = frames + (c * j->images + i) * frame;
            const float *from = j->x + ((g * p->in_c + c) * p->batch + b + i) * area;
            for (size_t y = 0; y < j->frame_h; y++, to += j->frame_w) {
                ptrdiff_t row = (ptrdiff_t)y - p->pad_top;
                if (row >= 0 && row < (ptrdiff_t)p->in_h && y % p->step < p->taps_h)
                    frame_row(j, to, from + (size_t)row * p->in_w);
            }
        }
}

/* ---- panels ------------------------------------------------------------------------------------
 */

/* Some columns of a task: where they come from and where in an image of y they go. */
typedef struct panel {
    size_t count, first;
    size_t run_count;
    train_run runs[TRAIN_TILE_MOST_COLS];
    size_t to[TRAIN_TILE_MOST_COLS]; /* of each run's first column, from the task's first image */
} panel;

static void list_runs(const job *j, panel *n)
{
    const train_pass *p = j->p;
    size_t area = p->out_h * p->out_w * p->out_split;
    size_t place = n->first % (p->grid_h * p->grid_w);
    size_t b = n->first / (p->grid_h * p->grid_w);
    size_t gy = place / p->grid_w, gx = place % p->grid_w;
    n->run_count = 0;
    for (size_t at = 0; at < n->count;) {
        size_t count = smaller(n->count - at, p->grid_w - gx);
        train_run *run = &n->runs[n->run_count];
        run->at = at;
        run->count = count;
        run->from = b * j->frame_h * j->frame_w + gy * p->step * j->frame_w + gx;
        n->to[n->run_count++] =
            b * area + (p->out_y + gy * p->out_step) * p->out_w + p->out_x + gx * p->out_step;
        at += count;
        gx = 0;
        if (++gy == p->grid_h) {
            gy = 0;
            b++;
        }
    }
}

/* Point b at each vector's columns in the frames, when each vector lies inside a run; else 0. */
static int direct(const job *j, const panel *n, const float *frames, const float **b)
{
    size_t lanes = j->p->tile->lanes, r = 0;
    for (size_t at = 0; at < n->count; at += lanes) {
        b[at / lanes] = frames + n->first + at;
        if (j->flat)
            continue;
        while (n->runs[r].at + n->runs[r].count <= at)
            r++;
        if (n->runs[r].at + n->runs[r].count < smaller(at + lanes, n->count))
            return 0;
        b[at / lanes] = frames + n->runs[r].from + (at - n->runs[r].at);
    }
    return 1;
}

/* Sums of all rows of a group for one panel. */
static void multiply(const job *j, const panel *n, size_t g, const float *frames, float *gathered,
                     float *sums)
{
    const train_tile *t = j->p->tile;
    const float *b[TRAIN_TILE_VECTORS];
    uint32_t straight[TRAIN_PASS_DEPTH];
    size_t cols = TRAIN_TILE_VECTORS * t->lanes;
    const float *a = j->packed + g * j->tiles * t->rows * j->depth;
    int vectors = (int)((n->count + t->lanes - 1) / t->lanes);
    int in_place = direct(j, n, frames, b);
    if (!in_place) {
        for (size_t k = 0; k < smaller(TRAIN_PASS_DEPTH, j->depth); k++)
            straight[k] = (uint32_t)(k * cols);
        for (size_t v = 0; v < TRAIN_TILE_VECTORS; v++)
            b[v] = gathered + v * t->lanes;
    }
    for (size_t k = 0; k < j->depth; k += TRAIN_PASS_DEPTH) {
        size_t block = smaller(TRAIN_PASS_DEPTH, j->depth - k);
        if (!in_place)
            t->copy(gathered, frames, j->at + k, block, n->runs, n->run_count);
        for (size_t tile = 0; tile < j->tiles; tile++, a += block * t->rows)
            t->product(sums + tile * t->rows * cols, a, b, in_place ? j->at + k : straight, block,
                       vectors, k > 0);
    }
}

static void store(const job *j, const panel *n, size_t g, size_t b, const float *sums)
{
    const train_pass *p = j->p;
    size_t cols = TRAIN_TILE_VECTORS * p->tile->lanes;
    size_t area = p->out_h * p->out_w * p->out_split, step = p->out_step * p->out_split;
    for (size_t r = g * p->rows; r < (g + 1) * p->rows; r++, sums += cols) {
        float *y = j->y + (r / p->out_split * p->batch + b) * area + r % p->out_split;
        if (j->whole) {
            memcpy(y + n->first, sums, n->count * sizeof *y);
            continue;
        }
        for (size_t i = 0; i < n->run_count; i++)
            for (size_t c = 0; c < n->runs[i].count; c++)
                y[n->to[i] + c * step] = sums[n->runs[i].at + c];
    }
}

static void run_task(void *arg, size_t task, int thread)
{
    const job *j = arg;
    const train_pass *p = j->p;
    float *frames = j->threads + (size_t)thread * j->each;
    float *sums = frames + j->sums_at;
    size_t b = task * j->images, count = smaller(j->images, p->batch - b);
    size_t columns = count * p->grid_h * p->grid_w;
    for (size_t g = 0; g < p->groups; g++) {
        panel n = {.first = 0};
        frame_images(j, frames, g, b, count);
        for (; n.first < columns; n.first += n.count) {
            n.count = smaller(TRAIN_TILE_VECTORS * p->tile->lanes, columns - n.first);
            list_runs(j, &n);
            multiply(j, &n, g, frames, frames + j->panel_at, sums);
            store(j, &n, g, b, sums);
        }
    }
}

void train_pass_run(const train_pass *p, float *y, const float *w, const float *x, int threads,
                    float *scratch)
{
    job j = {.y = y, .w = w, .x = x};
    (void)lay_out(&j, p, threads);
    float *rest = train_carve_start(scratch);
    j.at = (uint32_t *)(void *)train_carve_take(&rest, j.depth);
    j.packed = train_carve_take(&rest, p->groups * j.tiles * p->tile->rows * j.depth);
    j.threads = rest;
    list_taps(&j);
    train_parallel_for(threads, p->groups * j.tiles, pack_rows, &j);
    train_parallel_for(threads, (p->batch + j.images - 1) / j.images, run_task, &j);
}
