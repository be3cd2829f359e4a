/* Ways through the network: which are kept, and the candidate layouts that they may lead to. */
#include "nn/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nn_way_clear(nn_way *way)
{
    nn_layout_clear(&way->at.layout);
    nn_layout_clear(&way->image);
    nn_route_clear(&way->route);
    *way = (nn_way){0};
}

nn_status nn_search_over(nn_status st)
{
    return st == NN_ERR_SHAPE ? NN_OK : st;
}

static int same_layout(const nn_layout *p, const nn_layout *q)
{
    return p->period == q->period && p->count == q->count && p->generators == q->generators &&
           p->first[p->count] == q->first[q->count] &&
           memcmp(p->generator, q->generator, sizeof p->generator) == 0 &&
           memcmp(p->first, q->first, (p->count + 1) * sizeof *p->first) == 0 &&
           memcmp(p->slot, q->slot, p->first[p->count] * sizeof *p->slot) == 0;
}

/* Where a way to this layout may stand: the place of the dearest that it competes with, or the end
 * of the list. */
static size_t place_for(const nn_ways *ways, const nn_layout *layout)
{
    size_t same = 0, dearest = 0, dearest_same = 0;
    for (size_t n = 0; n < ways->count; n++) {
        if (ways->way[n].cost > ways->way[dearest].cost)
            dearest = n;
        if (!same_layout(&ways->way[n].at.layout, layout))
            continue;
        if (same++ == 0 || ways->way[n].cost > ways->way[dearest_same].cost)
            dearest_same = n;
    }
    if (same >= NN_SEARCH_SAME)
        return dearest_same;
    return ways->count == NN_SEARCH_WIDTH ? dearest : ways->count;
}

nn_status nn_search_offer(nn_search *s, size_t k, nn_way *way)
{
    nn_ways *ways = &s->ways[k];
    size_t at = place_for(ways, &way->at.layout);
    double budget = at < ways->count ? ways->way[at].cost : HUGE_VAL, cost = 0.0;
    if (way->route.step != NULL) {
        cost = nn_turns_least(&way->route, &s->price[k - 1]);
        if (way->cost + cost < budget)
            cost = nn_turns_split(&way->route, &s->price[k - 1]);
        if (cost < 0.0) {
            nn_way_clear(way);
            return NN_ERR_MEMORY;
        }
    }
    way->cost += cost;
    if (way->cost >= budget) {
        nn_way_clear(way);
        return NN_OK;
    }
    if (at < ways->count)
        nn_way_clear(&ways->way[at]);
    else
        ways->count++;
    ways->way[at] = *way;
    *way = (nn_way){0};
    return NN_OK;
}

/* ---- candidates */

void nn_candidates_clear(nn_candidate *c, int count)
{
    for (int k = 0; k < count; k++)
        nn_layout_clear(&c[k].layout);
}

/* Count one more candidate unless its layout did not fit, or is there already. */
static nn_status add(nn_candidate *c, int *count, nn_grid grid, nn_status made)
{
    if (made != NN_OK)
        return nn_search_over(made);
    for (int k = 0; k < *count; k++)
        if (same_layout(&c[k].layout, &c[*count].layout)) {
            nn_layout_clear(&c[*count].layout);
            return NN_OK;
        }
    c[(*count)++].grid = grid;
    return NN_OK;
}

static nn_status add_grid(nn_candidate *c, int *count, size_t slots, nn_shape shape, nn_grid grid)
{
    return add(c, count, grid, nn_layout_grid(&c[*count].layout, slots, shape, grid));
}

static nn_status add_dense(nn_candidate *c, int *count, size_t slots, size_t period, size_t n)
{
    return add(c, count, (nn_grid){0}, nn_layout_dense(&c[*count].layout, slots, period, n));
}

/* Grids on which the outputs of a stage lie beside its inputs; returns how many. */
static int grids_behind(nn_grid grid[2], const nn_candidate *from, const nn_stage *stage)
{
    nn_shape in = stage->in, out = stage->out;
    if (from->grid.gap == 0 || out.h < 2 || out.w < 2 || in.h < out.h || in.w < out.w)
        return 0;
    grid[0] = grid[1] = from->grid;
    grid[0].gap *= in.h / out.h;
    grid[1].gap *= (in.h + out.h - 1) / out.h;
    return 2;
}

/* The outputs dealt out to the replicas of a periodic input, in runs or pieces of a grid. */
static nn_status add_runs(nn_candidate *c, int *count, const nn_candidate *from,
                          const nn_stage *stage)
{
    nn_grid grid[2];
    const nn_layout *in = &from->layout;
    size_t rows = nn_shape_count(stage->out), blocks = in->slots / in->period;
    int grids = grids_behind(grid, from, stage);
    nn_status st = NN_OK;
    for (size_t used = blocks; used > 1 && used > blocks / 8 && st == NN_OK; used /= 2)
        for (int n = -1; n < grids && st == NN_OK && *count < NN_SEARCH_CANDIDATES; n++) {
            nn_layout run;
            nn_shape piece = stage->out;
            piece.c = (piece.c + used - 1) / used;
            nn_status made = n < 0 ? nn_layout_dense(&run, in->period, 0, (rows + used - 1) / used)
                                   : nn_layout_grid(&run, in->period, piece, grid[n]);
            if (made == NN_OK)
                made = nn_layout_runs(&c[*count].layout, in->slots, rows, in->period, &run);
            nn_layout_clear(&run);
            st = add(c, count, (nn_grid){0}, made);
        }
    return st;
}

nn_status nn_candidates_find(nn_candidate *c, int *count, const nn_candidate *from,
                             const nn_stage *stage)
{
    nn_grid grid[2];
    const nn_layout *in = &from->layout;
    size_t rows = nn_shape_count(stage->out);
    int grids = grids_behind(grid, from, stage), periodic = in->period < in->slots;
    nn_status st = NN_OK;
    *count = 0;
    for (int n = 0; n < grids && st == NN_OK; n++)
        st = add_grid(c, count, in->slots, stage->out, grid[n]);
    /* Behind an input that is not periodic, a longer period saves folds and costs diagonals. */
    for (size_t p = nn_layout_pow2(rows); p <= in->slots && st == NN_OK; p *= 2) {
        st = add_dense(c, count, in->slots, p, rows);
        if (periodic || *count == NN_SEARCH_CANDIDATES)
            break;
    }
    if (st == NN_OK && periodic && in->generators == 0)
        st = add_runs(c, count, from, stage);
    if (st != NN_OK)
        nn_candidates_clear(c, *count);
    return st;
}
