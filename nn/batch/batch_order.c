/* Blocks, their order, the walk: see nn/batch/batch_order.h. */
#include "nn/batch/batch_order.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 256, CHEAP_ENTRIES = 16 };
#define NOWHERE UINT32_MAX

void nn_batch_order_clear(nn_batch_order *o)
{
    free(o->base);
    free(o->member);
    free(o->block);
    free(o->block_of);
    free(o->run);
    free(o->uses);
    *o = (nn_batch_order){.stages = NULL};
}

static size_t cells_of(const nn_batch_order *o)
{
    return o->base[o->stages->count + 1];
}

static const nn_batch_step *step_of(const nn_batch_order *o, size_t k)
{
    return &o->schedule->step[k];
}

/* ---- what a block reads */

nn_status nn_batch_reads_make(nn_batch_reads *r, const nn_batch_order *o)
{
    r->count = 0;
    r->cell = malloc(cells_of(o) * sizeof *r->cell);
    r->place = malloc(cells_of(o) * sizeof *r->place);
    if (r->cell == NULL || r->place == NULL)
        return NN_ERR_MEMORY;
    memset(r->place, 0xff, cells_of(o) * sizeof *r->place);
    return NN_OK;
}

void nn_batch_reads_clear(nn_batch_reads *r)
{
    free(r->cell);
    free(r->place);
    *r = (nn_batch_reads){NULL, NULL, 0};
}

static void note(nn_batch_reads *r, size_t cell)
{
    if (r->place[cell] != NOWHERE)
        return;
    r->place[cell] = 0;
    r->cell[r->count++] = (uint32_t)cell;
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

void nn_batch_read(nn_batch_reads *r, const nn_batch_order *o, const nn_batch_block *block,
                   size_t i)
{
    const nn_stage *stage = &o->stages->stage[block->stage];
    size_t base = o->base[nn_batch_source(o->schedule, o->stages, block->stage, i)];

    for (size_t k = 0; k < r->count; k++)
        r->place[r->cell[k]] = NOWHERE;
    r->count = 0;
    for (size_t m = 0; m < block->count; m++) {
        size_t row = o->member[block->first + m];
        const nn_affine *a = &stage->affine[i];
        if (stage->kind != NN_STAGE_AFFINE)
            note(r, base + row);
        else
            for (size_t e = a->row_start[row]; e < a->row_start[row + 1]; e++)
                note(r, base + a->col[e]);
    }
    qsort(r->cell, r->count, sizeof *r->cell, by_number);
    for (size_t k = 0; k < r->count; k++)
        r->place[r->cell[k]] = (uint32_t)k;
}

/* ---- blocks */

/* Pixels of the side of an affine stage's blocks. Where rows are short, as in pools, there is
 * nothing to share, and small blocks keep fewer values alive. */
static size_t side_of(const nn_stage *stage, size_t side)
{
    size_t rows = nn_shape_count(stage->out);
    if (nn_stage_nonzeros(stage) <= CHEAP_ENTRIES * rows)
        return 1;
    while (side > 1 && side * side * stage->out.c > BLOCK_ROWS)
        side /= 2;
    return side;
}

static void add_block(nn_batch_order *o, size_t stage, size_t first)
{
    uint32_t number = (uint32_t)o->blocks;
    o->block[o->blocks++] = (nn_batch_block){stage, first, o->members - first};
    for (size_t m = first; m < o->members; m++)
        o->block_of[o->base[stage + 1] + o->member[m]] = number;
}

/* One square of pixels from (y, x), in runs of at most so many rows. */
static void cut_square(nn_batch_order *o, size_t k, size_t y, size_t x, size_t side)
{
    nn_shape out = o->stages->stage[k].out;
    size_t first = o->members;

    for (size_t c = 0; c < out.c; c++) {
        for (size_t v = y; v < y + side && v < out.h; v++)
            for (size_t u = x; u < x + side && u < out.w; u++)
                o->member[o->members++] = (uint32_t)((c * out.h + v) * out.w + u);
        if (o->members - first >= BLOCK_ROWS && c + 1 < out.c) {
            add_block(o, k, first);
            first = o->members;
        }
    }
    add_block(o, k, first);
}

/* An activation is computed in the blocks of what it takes, a request on its own. */
static void cut_like(nn_batch_order *o, size_t k, size_t value)
{
    size_t blocks = o->blocks;
    for (size_t i = 0; value == 0 && i < nn_stages_width(o->stages, k + 1); i++) {
        o->member[o->members++] = (uint32_t)i;
        add_block(o, k, o->members - 1);
    }
    for (size_t b = 0; value > 0 && b < blocks; b++) {
        if (o->block[b].stage != value - 1)
            continue;
        size_t first = o->members;
        memcpy(o->member + first, o->member + o->block[b].first,
               o->block[b].count * sizeof *o->member);
        o->members += o->block[b].count;
        add_block(o, k, first);
    }
}

/* Rows that read nearly everything share it wherever they stand. */
static void cut_rows(nn_batch_order *o, size_t k)
{
    size_t rows = nn_stages_width(o->stages, k + 1), first = o->members;
    for (size_t r = 0; r < rows; r++) {
        o->member[o->members++] = (uint32_t)r;
        if (o->members - first == BLOCK_ROWS || r + 1 == rows) {
            add_block(o, k, first);
            first = o->members;
        }
    }
}

static void cut_stage(nn_batch_order *o, size_t k, size_t side)
{
    const nn_stage *stage = &o->stages->stage[k];
    if (step_of(o, k)->kind == NN_BATCH_INSIDE)
        return;
    if (stage->kind != NN_STAGE_AFFINE) {
        cut_like(o, k, stage->input[0]);
        return;
    }
    if (nn_affine_nonzeros(&stage->affine[0]) / stage->affine[0].rows > stage->affine[0].cols / 2) {
        cut_rows(o, k);
        return;
    }
    side = side_of(stage, side);
    for (size_t y = 0; y < stage->out.h; y += side)
        for (size_t x = 0; x < stage->out.w; x += side)
            cut_square(o, k, y, x, side);
}

/* ---- the order */

typedef struct search {
    nn_batch_order *o;
    nn_batch_reads reads;
    unsigned char *done; /* per block */
} search;

/* The blocks that a block needs, each once, in the order in which its first cell stands. */
static nn_status find_needs(search *s, uint32_t block, uint32_t **needs, size_t *count)
{
    nn_batch_order *o = s->o;
    const nn_batch_block *b = &o->block[block];
    size_t inputs = o->stages->stage[b->stage].input_count, room = 0;

    *needs = NULL;
    *count = 0;
    for (size_t i = 0; i < inputs; i++) {
        nn_batch_read(&s->reads, o, b, i);
        uint32_t *more = realloc(*needs, (room + s->reads.count + 1) * sizeof *more);
        if (more == NULL)
            return NN_ERR_MEMORY;
        *needs = more;
        room += s->reads.count;
        for (size_t k = 0; k < s->reads.count; k++) {
            uint32_t need = o->block_of[s->reads.cell[k]];
            o->uses[s->reads.cell[k]]++;
            if (need == NOWHERE || s->done[need] != 0)
                continue;
            s->done[need] = 2; /* in this list */
            (*needs)[(*count)++] = need;
        }
    }
    for (size_t k = 0; k < *count; k++)
        s->done[(*needs)[k]] = 0;
    return NN_OK;
}

/* No deeper than there are stages. */
static nn_status demand(search *s, uint32_t block)
{
    uint32_t *needs = NULL;
    size_t count = 0;
    nn_status st;

    if (s->done[block] != 0)
        return NN_OK;
    s->done[block] = 1;
    st = find_needs(s, block, &needs, &count);
    for (size_t k = 0; k < count && st == NN_OK; k++)
        st = demand(s, needs[k]);
    free(needs);
    s->o->run[s->o->runs++] = block;
    return st;
}

static nn_status find_order(nn_batch_order *o)
{
    size_t last = o->stages->count;
    search s = {.o = o, .done = calloc(o->blocks + 1, 1)};
    nn_status st = nn_batch_reads_make(&s.reads, o);
    if (s.done == NULL)
        st = NN_ERR_MEMORY;
    for (size_t c = o->base[last]; c < o->base[last + 1] && st == NN_OK; c++) {
        o->uses[c]++;
        st = demand(&s, o->block_of[c]);
    }
    nn_batch_reads_clear(&s.reads);
    free(s.done);
    return st;
}

/* Cells, blocks and runs get their room. */
static nn_status make_room(nn_batch_order *o)
{
    size_t values = o->stages->count + 1, cells = 0, made;
    o->base = malloc((values + 1) * sizeof *o->base);
    if (o->base == NULL)
        return NN_ERR_MEMORY;
    for (size_t v = 0; v < values; v++) {
        o->base[v] = cells;
        cells += nn_stages_width(o->stages, v);
    }
    o->base[values] = cells;
    made = cells - o->base[1] + 1;
    o->member = malloc(made * sizeof *o->member);
    o->block = malloc(made * sizeof *o->block);
    o->run = malloc(made * sizeof *o->run);
    o->block_of = malloc(cells * sizeof *o->block_of);
    o->uses = calloc(cells, sizeof *o->uses);
    if (o->member == NULL || o->block == NULL || o->run == NULL || o->block_of == NULL ||
        o->uses == NULL)
        return NN_ERR_MEMORY;
    memset(o->block_of, 0xff, cells * sizeof *o->block_of);
    return NN_OK;
}

nn_status nn_batch_order_find(nn_batch_order *o, const nn_stages *stages,
                              const nn_batch_schedule *schedule, size_t side)
{
    *o = (nn_batch_order){.stages = stages, .schedule = schedule};
    nn_status st = make_room(o);
    if (st != NN_OK)
        return st;
    for (size_t k = 0; k < stages->count; k++)
        cut_stage(o, k, side);
    for (size_t b = 0; b < o->blocks; b++)
        o->most = o->block[b].count > o->most ? o->block[b].count : o->most;
    return find_order(o);
}

/* ---- the walk */

int nn_batch_is_wide(const nn_batch_order *o, size_t k)
{
    return o->stages->stage[k].kind == NN_STAGE_AFFINE &&
           (o->stages->stage[k].input_count > 1 || step_of(o, k)->rescale > 0 ||
            nn_batch_sums_parts(o->schedule, o->stages, k) > 2);
}

size_t nn_batch_wide_cell(const nn_batch_order *o, size_t i, size_t m)
{
    return cells_of(o) + i * o->most + m;
}

size_t nn_batch_cells(const nn_batch_order *o)
{
    return cells_of(o) + NN_INPUTS_MAX * o->most;
}

typedef struct walk {
    const nn_batch_order *o;
    const nn_batch_hands *hands;
    nn_batch_reads reads;
    uint32_t *left; /* uses of each cell that are still to come */
    unsigned char *taken;
    uint32_t *missing; /* requests */
} walk;

/* The requests that a block reads and that are not here. */
static nn_status pull_missing(walk *w, const nn_batch_block *b)
{
    size_t count = 0;
    nn_status st = NN_OK;

    for (size_t i = 0; i < w->o->stages->stage[b->stage].input_count; i++) {
        if (nn_batch_source(w->o->schedule, w->o->stages, b->stage, i) != 0)
            continue;
        nn_batch_read(&w->reads, w->o, b, i);
        for (size_t k = 0; k < w->reads.count && st == NN_OK; k++) {
            size_t cell = w->reads.cell[k];
            if (w->taken[cell])
                continue;
            w->taken[cell] = 1;
            w->missing[count++] = (uint32_t)cell;
            st = w->hands->take(w->hands->user, cell, w->o->schedule->limbs, 2);
        }
    }
    return st == NN_OK && count > 0 ? w->hands->pull(w->hands->user, w->missing, count) : st;
}

/* Objects on the way: those of input i at its own limbs. */
static nn_status take_wide(walk *w, const nn_batch_block *b)
{
    const nn_batch_order *o = w->o;
    int parts = nn_batch_sums_parts(o->schedule, o->stages, b->stage);
    nn_status st = NN_OK;

    for (size_t i = 0; i < o->stages->stage[b->stage].input_count; i++) {
        size_t value = nn_batch_source(o->schedule, o->stages, b->stage, i);
        int limbs = nn_batch_value_limbs(o->schedule, value);
        for (size_t m = 0; m < b->count && st == NN_OK; m++)
            st = w->hands->take(w->hands->user, nn_batch_wide_cell(o, i, m), limbs, parts);
    }
    return st;
}

static void give_wide(walk *w, const nn_batch_block *b)
{
    for (size_t i = 0; i < w->o->stages->stage[b->stage].input_count; i++)
        for (size_t m = 0; m < b->count; m++)
            w->hands->give(w->hands->user, nn_batch_wide_cell(w->o, i, m));
}

static void use_up(walk *w, size_t cell)
{
    if (--w->left[cell] == 0)
        w->hands->give(w->hands->user, cell);
}

static nn_status walk_block(walk *w, size_t run)
{
    const nn_batch_order *o = w->o;
    const nn_batch_block *b = &o->block[o->run[run]];
    size_t value = b->stage + 1;
    int limbs = nn_batch_value_limbs(o->schedule, value);
    int parts = nn_batch_value_parts(o->schedule, value), wide = nn_batch_is_wide(o, b->stage);
    nn_status st = pull_missing(w, b);

    if (st == NN_OK && wide)
        st = take_wide(w, b);
    for (size_t m = 0; m < b->count && st == NN_OK; m++)
        st = w->hands->take(w->hands->user, o->base[value] + o->member[b->first + m], limbs, parts);
    if (st == NN_OK)
        st = w->hands->work(w->hands->user, run, b);
    if (st != NN_OK)
        return st;
    if (wide)
        give_wide(w, b);
    for (size_t i = 0; i < o->stages->stage[b->stage].input_count; i++) {
        nn_batch_read(&w->reads, o, b, i);
        for (size_t k = 0; k < w->reads.count; k++)
            use_up(w, w->reads.cell[k]);
    }
    for (size_t m = 0; m < b->count && st == NN_OK; m++) {
        size_t cell = o->base[value] + o->member[b->first + m];
        if (value == o->stages->count) {
            st = w->hands->push(w->hands->user, cell);
            use_up(w, cell);
        } else if (w->left[cell] == 0) {
            w->hands->give(w->hands->user, cell);
        }
    }
    return st;
}

nn_status nn_batch_walk(const nn_batch_order *o, const nn_batch_hands *hands)
{
    walk w = {.o = o, .hands = hands};
    nn_status st = nn_batch_reads_make(&w.reads, o);
    w.left = malloc(cells_of(o) * sizeof *w.left);
    w.taken = calloc(o->base[1], 1);
    w.missing = malloc(o->base[1] * sizeof *w.missing);
    if (w.left == NULL || w.taken == NULL || w.missing == NULL)
        st = NN_ERR_MEMORY;
    if (st == NN_OK)
        memcpy(w.left, o->uses, cells_of(o) * sizeof *w.left);
    for (size_t r = 0; r < o->runs && st == NN_OK; r++)
        st = walk_block(&w, r);
    nn_batch_reads_clear(&w.reads);
    free(w.left);
    free(w.taken);
    free(w.missing);
    return st;
}

/* ---- counting */

typedef struct count {
    const nn_batch_order *o;
    uint8_t *size; /* per cell, wide ones too */
    size_t now[NN_BATCH_SIZES];
    nn_batch_peak *peak;
} count;

static nn_status count_take(void *user, size_t cell, int limbs, int parts)
{
    count *c = user;
    size_t size = nn_batch_size_of(limbs, parts);
    c->size[cell] = (uint8_t)size;
    if (++c->now[size] > c->peak->most[size])
        c->peak->most[size] = c->now[size];
    return NN_OK;
}

static void count_give(void *user, size_t cell)
{
    count *c = user;
    c->now[c->size[cell]]--;
}

static nn_status count_pull(void *user, const uint32_t *cell, size_t number)
{
    (void)user;
    (void)cell;
    (void)number;
    return NN_OK;
}

static nn_status count_work(void *user, size_t run, const nn_batch_block *block)
{
    (void)user;
    (void)run;
    (void)block;
    return NN_OK;
}

static nn_status count_push(void *user, size_t cell)
{
    (void)user;
    (void)cell;
    return NN_OK;
}

nn_status nn_batch_order_peak(const nn_batch_order *o, nn_batch_peak *peak)
{
    count c = {.o = o, .peak = peak};
    nn_batch_hands hands = {&c, count_take, count_give, count_pull, count_work, count_push};
    *peak = (nn_batch_peak){{0}};
    c.size = malloc(nn_batch_cells(o));
    nn_status st = c.size != NULL ? nn_batch_walk(o, &hands) : NN_ERR_MEMORY;
    free(c.size);
    return st;
}
