/* The search goes forward: from every way kept for a tensor through the next stage to every
 * candidate layout behind it. Ways to one layout compete, and of all ways to a tensor a few dozen
 * are kept. The keys that routes share are counted at the end, for the best ways only. */
#include "nn/arrange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/search.h"

enum { FINALISTS = 4 };

size_t nn_arrangement_rotations(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count; k++)
        n += (size_t)(a->route[k].babies + a->route[k].giants + a->route[k].fold_count);
    return n;
}

size_t nn_arrangement_diagonals(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count; k++)
        n += (size_t)a->route[k].count;
    return n;
}

void nn_arrangement_clear(nn_arrangement *a)
{
    if (a == NULL)
        return;
    for (size_t k = 0; a->layout != NULL && k <= a->count; k++)
        nn_layout_clear(&a->layout[k]);
    for (size_t k = 0; a->route != NULL && k < a->count; k++)
        nn_route_clear(&a->route[k]);
    free(a->layout);
    free(a->route);
    *a = (nn_arrangement){0};
}

/* ---- the walk */

static nn_status pass_through(nn_search *s, size_t k, size_t from)
{
    const nn_way *w = &s->ways[k].way[from];
    nn_way next = {.cost = w->cost, .from = from, .at.grid = w->at.grid};
    nn_status st = nn_layout_copy(&next.at.layout, &w->at.layout);
    return st == NN_OK ? nn_search_offer(s, k + 1, &next) : st;
}

/* What leads from one layout to another; a spread route where the output is no dense tensor. */
static nn_route_kind kind_of(const nn_layout *in, const nn_layout *out)
{
    if (in->generators > 0)
        return NN_ROUTE_SPLIT;
    if (in->period < in->slots && out->period == out->slots && out->extent == 0)
        return NN_ROUTE_SPREAD;
    return NN_ROUTE_PERIODIC;
}

/* 1 when no matrix follows stage k. */
static int is_last(const nn_stages *s, size_t k)
{
    for (k++; k < s->count; k++)
        if (s->stage[k].kind == NN_STAGE_AFFINE)
            return 0;
    return 1;
}

/* From one way through an affine stage to every candidate. The slots behind a spread route hold
 * partial sums, which the client is not to see: it never stands at the end. */
static nn_status expand(nn_search *s, size_t k, size_t from)
{
    const nn_way *w = &s->ways[k].way[from];
    const nn_stage *stage = &s->stages->stage[k];
    nn_candidate c[NN_SEARCH_CANDIDATES + 1] = {0};
    int count = 0, last = is_last(s->stages, k);
    nn_status st = nn_candidates_find(c, &count, &w->at, stage);
    for (int n = 0; n < count && st == NN_OK; n++) {
        const nn_layout *in = &w->at.layout;
        nn_route_kind kind = kind_of(in, &c[n].layout);
        if (kind == NN_ROUTE_SPREAD && last)
            continue;
        nn_way next = {.cost = w->cost, .from = from, .at.grid = c[n].grid};
        nn_status found = nn_route_find(&next.route, kind, &stage->affine, in, &c[n].layout);
        if (found == NN_OK)
            found = nn_layout_copy(&next.at.layout, &c[n].layout);
        if (found == NN_OK)
            found = nn_search_offer(s, k + 1, &next);
        else
            nn_way_clear(&next);
        st = nn_search_over(found);
    }
    nn_candidates_clear(c, count);
    return st;
}

/* The image itself: on the unit grid, and dense. */
static nn_status begin(nn_search *s)
{
    nn_shape in = s->stages->input;
    nn_way grid = {.at.grid = {.row = in.w, .gap = 1, .block = nn_layout_pow2(in.h * in.w)}};
    nn_way dense = {0};
    nn_status st = nn_layout_grid(&grid.at.layout, s->slots, in, grid.at.grid);
    if (st == NN_OK)
        st = nn_search_offer(s, 0, &grid);
    st = nn_search_over(st);
    if (st == NN_OK)
        st = nn_layout_dense(&dense.at.layout, s->slots, 0, nn_shape_count(in));
    if (st == NN_OK)
        st = nn_search_offer(s, 0, &dense);
    return nn_search_over(st);
}

static nn_status walk(nn_search *s)
{
    nn_status st = begin(s);
    for (size_t k = 0; k < s->stages->count && st == NN_OK; k++) {
        int affine = s->stages->stage[k].kind == NN_STAGE_AFFINE;
        for (size_t n = 0; n < s->ways[k].count && st == NN_OK; n++) {
            st = affine ? expand(s, k, n) : pass_through(s, k, n);
            if (st == NN_OK && k == 0 && affine)
                st = nn_search_moved(s, n);
        }
        if (st == NN_OK && k == 0 && affine)
            st = nn_search_packed(s);
    }
    return st;
}

/* ---- the end */

/* The arrangement that a way to the output means, with its keys shared. */
static nn_status trace(nn_arrangement *a, const nn_search *s, const nn_arrange_job *job, size_t n)
{
    size_t count = s->stages->count, images = job->images != 0 ? job->images : 1;
    nn_status st = NN_OK;
    *a = (nn_arrangement){.slots = job->slots, .images = images, .count = count};
    a->layout = calloc(count + 1, sizeof *a->layout);
    a->route = calloc(count + 1, sizeof *a->route);
    if (a->layout == NULL || a->route == NULL)
        st = NN_ERR_MEMORY;
    for (size_t k = count + 1; k-- > 0 && st == NN_OK;) {
        const nn_way *w = &s->ways[k].way[n];
        if (a->layout[k].first == NULL)
            st = nn_layout_copy(&a->layout[k], &w->at.layout);
        if (st == NN_OK && k == 1 && w->image.first != NULL)
            st = nn_layout_copy(&a->layout[0], &w->image);
        if (st == NN_OK && k > 0 && w->route.step != NULL)
            st = nn_route_copy(&a->route[k - 1], &w->route);
        n = w->from;
    }
    for (size_t k = 0; k < count && st == NN_OK; k++)
        nn_route_widen(&a->route[k], images);
    if (st == NN_OK)
        st = nn_turns_tune(a->route, s->price, count, a->slots, &a->cost);
    if (st != NN_OK)
        nn_arrangement_clear(a);
    return st;
}

/* Of the cheapest ways, the one that is cheapest when keys are shared. */
static nn_status choose(nn_arrangement *best, nn_search *s, const nn_arrange_job *job)
{
    nn_ways *last = &s->ways[s->stages->count];
    nn_status st = NN_OK;
    if (last->count == 0)
        return NN_ERR_SHAPE;
    for (int tried = 0; tried < FINALISTS && st == NN_OK; tried++) {
        size_t n = 0;
        nn_arrangement a;
        for (size_t m = 1; m < last->count; m++)
            n = last->way[m].cost < last->way[n].cost ? m : n;
        if (last->way[n].cost == HUGE_VAL)
            break;
        st = trace(&a, s, job, n);
        last->way[n].cost = HUGE_VAL;
        if (st != NN_OK)
            break;
        if (best->layout != NULL && best->cost <= a.cost) {
            nn_arrangement_clear(&a);
            continue;
        }
        nn_arrangement_clear(best);
        *best = a;
    }
    if (st != NN_OK)
        nn_arrangement_clear(best);
    return st;
}

/* Prices at limbs that fall from stage to stage, with as many special primes as are secure. */
static void set_prices(nn_turn_price *price, const nn_arrange_job *job)
{
    static const double limbs_per_stage = 0.6, limb_bits = 44.0;
    const nn_costs *costs = job->costs != NULL ? job->costs : nn_costs_builtin(NN_COSTS_REFERENCE);
    double bound = ckks_security_max_log2_qp(job->log_n, 128);
    size_t count = job->stages->count;
    for (size_t k = 0; k < count; k++) {
        int limbs = 1 + (int)(limbs_per_stage * (double)(count - k) + 0.5);
        int special = (int)(bound / limb_bits) - limbs;
        special = special > limbs ? limbs : special < 1 ? 1 : special;
        special = special > CKKS_MAX_P ? CKKS_MAX_P : special;
        nn_cost_at at = {costs, job->log_n, limbs, special, special, 0.0};
        nn_cost_at fold = at;
        fold.limbs = limbs > 1 ? limbs - 1 : 1;
        fold.alpha = special < fold.limbs ? special : fold.limbs;
        price[k] = nn_turns_price(&at, &fold);
    }
}

nn_status nn_arrange(nn_arrangement *a, const nn_arrange_job *job)
{
    size_t count = job->stages->count, images = job->images != 0 ? job->images : 1;
    nn_turn_price *price = calloc(count + 1, sizeof *price);
    nn_search s = {.stages = job->stages, .slots = job->slots / images, .price = price};
    *a = (nn_arrangement){0};
    s.ways = calloc(count + 1, sizeof *s.ways);
    nn_status st = price == NULL || s.ways == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && job->price != NULL)
        memcpy(price, job->price, count * sizeof *price);
    else if (st == NN_OK)
        set_prices(price, job);
    if (st == NN_OK)
        st = walk(&s);
    if (st == NN_OK)
        st = choose(a, &s, job);
    for (size_t k = 0; s.ways != NULL && k <= count; k++)
        for (size_t n = 0; n < s.ways[k].count; n++)
            nn_way_clear(&s.ways[k].way[n]);
    free(s.ways);
    free(price);
    return st;
}
