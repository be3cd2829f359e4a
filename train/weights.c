/* Images are turned so that the channels of a place lie side by side, inside a padded frame: then
 * for a row ky of the kernel, the kernel_w * channels numbers under a place are side by side too,
 * and vectors of them meet the slopes of that place.
 *
 * Index legend: g group, o row of a group (channel of y), q place of a bundle's images, s slice, v
 * vector of columns; a column is (ky, kx, c).
 */
#include "train/weights.h"

#include <string.h>

#include "train/carve.h"
#include "train/parallel.h"

enum { CHUNK = 64 }; /* rows of a task */

typedef struct job {
    const train_conv *c;
    const train_tile *tile;
    float *dw;
    const float *x;
    const float *dy;
    size_t batch;
    size_t ins, outs; /* channels of a group */
    size_t places;    /* of an image of y */
    size_t bundle;    /* images that are turned together */
    size_t slice;     /* images of a slice, whole bundles */
    size_t slices;
    size_t room;   /* for so many: what the scratch for a larger batch has room for as well */
    size_t tiles;  /* of a group's rows */
    size_t chunk;  /* tiles of a task */
    size_t chunks; /* of a group's tiles */
    size_t frame_h, frame_w;
    size_t bands, width; /* columns: this many rows of the kernel, each of so many numbers */
    size_t vectors;      /* of a band */
    size_t triples;      /* of vectors, all bands */
    float *partial;      /* (slices, groups, triples, tiles, rows and columns of a tile) */
    float *threads;
    size_t each, frames_at, slopes_at; /* scratch of a thread: offsets of places, frames, slopes */
} job;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t parts(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

static size_t tile_size(const job *j)
{
    return j->tile->rows * j->tile->lanes * TRAIN_TILE_VECTORS;
}

static size_t partial_size(const job *j)
{
    return j->c->groups * j->triples * j->tiles * tile_size(j);
}

/* How the batch is cut: by the shapes alone. */
static void cut(job *j)
{
    j->bundle = smaller(j->batch, parts(TRAIN_WEIGHTS_DEPTH, j->places));
    size_t least = parts(TRAIN_WEIGHTS_PLACES, j->bundle * j->places);
    size_t most = parts(j->batch, TRAIN_WEIGHTS_SLICES * j->bundle);
    j->slice = j->bundle * (least > most ? least : most);
    j->slices = parts(j->batch, j->slice);
    j->room = smaller(TRAIN_WEIGHTS_SLICES, parts(j->batch, j->bundle * least));
}

/* Sizes and places of everything; returns the floats of scratch. */
static size_t lay_out(job *j, const train_conv *c, const train_tile *tile, size_t batch,
                      int threads)
{
    j->c = c;
    j->tile = tile;
    j->batch = batch;
    j->ins = c->in_c / c->groups;
    j->outs = c->out_c / c->groups;
    j->places = c->out_h * c->out_w;
    cut(j);
    j->tiles = parts(j->outs, tile->rows);
    j->chunk = smaller(j->tiles, CHUNK / tile->rows);
    j->chunks = parts(j->tiles, j->chunk);
    j->frame_h = (c->out_h - 1) * c->stride + c->kernel_h;
    j->frame_w = (c->out_w - 1) * c->stride + c->kernel_w;
    j->bands = j->frame_w == c->kernel_w ? 1 : c->kernel_h;
    j->width = c->kernel_h / j->bands * c->kernel_w * j->ins;
    j->vectors = parts(j->width, tile->lanes);
    j->triples = parts(j->bands * j->vectors, TRAIN_TILE_VECTORS);
    size_t frame = j->frame_h * j->frame_w * j->ins;
    j->frames_at = train_carve_size(j->bundle * j->places);
    j->slopes_at = j->frames_at + train_carve_size(j->bundle * frame + tile->lanes);
    j->each = j->slopes_at + train_carve_size(j->chunk * tile->rows * j->bundle * j->places);
    return TRAIN_CARVE_LINE + train_carve_size(j->room * partial_size(j)) +
           (size_t)threads * j->each;
}

size_t train_weights_scratch(const train_conv *c, const train_tile *tile, size_t batch, int threads)
{
    job j;
    return lay_out(&j, c, tile, batch, threads);
}

/* Where in the frames of a bundle each place's taps begin. */
static void list_places(const job *j, uint32_t *at)
{
    const train_conv *c = j->c;
    for (size_t i = 0; i < j->bundle; i++)
        for (size_t oy = 0; oy < c->out_h; oy++)
            for (size_t ox = 0; ox < c->out_w; ox++)
                *at++ =
                    (uint32_t)(((i * j->frame_h + oy * c->stride) * j->frame_w + ox * c->stride) *
                               j->ins);
}

/* Frames (count, frame_h, frame_w, ins) of images b to b + count; what is padding is zero already.
 */
static void turn_images(const job *j, float *frames, size_t g, size_t b, size_t count)
{
    const train_conv *c = j->c;
    size_t area = c->in_h * c->in_w;
    const float *x = j->x + (g * j->ins * j->batch + b) * area;
    if (j->frame_h == c->in_h && j->frame_w == c->in_w && c->pad_top == 0 && c->pad_left == 0) {
        j->tile->turn(frames, j->ins, x, j->batch * area, j->ins, count * area);
        return;
    }
    size_t high = smaller(c->in_h, j->frame_h > c->pad_top ? j->frame_h - c->pad_top : 0);
    size_t wide = smaller(c->in_w, j->frame_w > c->pad_left ? j->frame_w - c->pad_left : 0);
    for (size_t i = 0; i < count; i++)
        for (size_t y = 0; y < high; y++)
            j->tile->turn(frames + ((i * j->frame_h + y + c->pad_top) * j->frame_w + c->pad_left) *
                                       j->ins,
                          j->ins, x + i * area + y * c->in_w, j->batch * area, j->ins, wide);
}

/* Slopes (tiles, bundle * places, rows of a tile) of `tiles` tiles from the first on. Rows past the
 * last stay what they are: no sum that is read takes them in. */
static void turn_slopes(const job *j, float *slopes, size_t g, size_t first, size_t tiles, size_t b,
                        size_t count)
{
    size_t high = j->tile->rows;
    for (size_t t = first; t < first + tiles; t++, slopes += high * j->bundle * j->places) {
        size_t rows = smaller(high, j->outs - t * high);
        const float *dy = j->dy + ((g * j->outs + t * high) * j->batch + b) * j->places;
        j->tile->turn(slopes, high, dy, j->batch * j->places, rows, count * j->places);
    }
}

/* Point b at the vectors of a triple; returns how many there are. */
static int vectors_of(const job *j, size_t triple, const float *frames, const float **b)
{
    size_t first = triple * TRAIN_TILE_VECTORS;
    size_t count = smaller(TRAIN_TILE_VECTORS, j->bands * j->vectors - first);
    for (size_t v = 0; v < count; v++)
        b[v] = frames + (first + v) / j->vectors * j->frame_w * j->ins +
               (first + v) % j->vectors * j->tile->lanes;
    return (int)count;
}

/* The sums of a task over the places of a bundle. */
static void multiply(const job *j, float *partial, const uint32_t *at, const float *frames,
                     const float *slopes, size_t tiles, size_t places, int add)
{
    for (size_t q = 0; q < places; q += TRAIN_WEIGHTS_DEPTH) {
        size_t block = smaller(TRAIN_WEIGHTS_DEPTH, places - q);
        for (size_t triple = 0; triple < j->triples; triple++) {
            const float *b[TRAIN_TILE_VECTORS];
            int vectors = vectors_of(j, triple, frames, b);
            for (size_t t = 0; t < tiles; t++)
                j->tile->product(partial + (triple * j->tiles + t) * tile_size(j),
                                 slopes + (t * j->bundle * j->places + q) * j->tile->rows, b,
                                 at + q, block, vectors, add || q > 0);
        }
    }
}

static void sum_slice(void *arg, size_t task, int thread)
{
    const job *j = arg;
    size_t s = task / j->chunks, first = task % j->chunks * j->chunk;
    size_t tiles = smaller(j->chunk, j->tiles - first);
    size_t begin = s * j->slice, end = smaller(j->batch, begin + j->slice);
    float *scratch = j->threads + (size_t)thread * j->each;
    float *frames = scratch + j->frames_at, *slopes = scratch + j->slopes_at;
    uint32_t *at = (uint32_t *)(void *)scratch;
    list_places(j, at);
    memset(frames, 0, j->bundle * j->frame_h * j->frame_w * j->ins * sizeof *frames);
    for (size_t g = 0; g < j->c->groups; g++) {
        float *partial =
            j->partial + s * partial_size(j) + (g * j->triples * j->tiles + first) * tile_size(j);
        for (size_t b = begin; b < end; b += j->bundle) {
            size_t count = smaller(j->bundle, end - b);
            turn_images(j, frames, g, b, count);
            turn_slopes(j, slopes, g, first, tiles, b, count);
            multiply(j, partial, at, frames, slopes, tiles, count * j->places, b > begin);
        }
    }
}

/* Add up the slices of one vector of columns for one row of a tile. */
static void add_slices(const job *j, float *sum, const float *from)
{
    size_t size = partial_size(j);
    memcpy(sum, from, j->tile->lanes * sizeof *sum);
    for (size_t s = 1; s < j->slices; s++)
        for (size_t i = 0; i < j->tile->lanes; i++)
            sum[i] += from[s * size + i];
}

/* The rows of one tile of a group: from the partial sums to dw. */
static void gather_tile(void *arg, size_t task, int thread)
{
    const job *j = arg;
    size_t lanes = j->tile->lanes, taps = j->c->kernel_h * j->c->kernel_w;
    size_t g = task / j->tiles, t = task % j->tiles, o = t * j->tile->rows;
    float *dw = j->dw + (g * j->outs + o) * j->ins * taps;
    (void)thread;
    for (size_t v = 0; v < j->bands * j->vectors; v++) {
        size_t band = v / j->vectors, start = v % j->vectors * lanes;
        const float *from =
            j->partial + ((g * j->triples + v / TRAIN_TILE_VECTORS) * j->tiles + t) * tile_size(j) +
            v % TRAIN_TILE_VECTORS * lanes;
        for (size_t i = 0; i < smaller(j->tile->rows, j->outs - o); i++) {
            float sum[TRAIN_TILE_MOST_LANES];
            float *row = dw + i * j->ins * taps + band * j->c->kernel_w;
            size_t tap = start / j->ins, c = start % j->ins;
            add_slices(j, sum, from + i * TRAIN_TILE_VECTORS * lanes);
            for (size_t l = 0; l < smaller(lanes, j->width - start); l++) {
                row[c * taps + tap] = sum[l];
                if (++c == j->ins) {
                    c = 0;
                    tap++;
                }
            }
        }
    }
}

void train_weights_run(const train_conv *c, const train_tile *tile, float *dw, const float *x,
                       const float *dy, size_t batch, int threads, float *scratch)
{
    job j = {.dw = dw, .x = x, .dy = dy};
    (void)lay_out(&j, c, tile, batch, threads);
    float *rest = train_carve_start(scratch);
    j.partial = train_carve_take(&rest, j.room * partial_size(&j));
    j.threads = rest;
    train_parallel_for(threads, j.slices * j.chunks, sum_slice, &j);
    train_parallel_for(threads, c->groups * j.tiles, gather_tile, &j);
}
