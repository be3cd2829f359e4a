/* The search goes forward: from every way kept through the next stage to every candidate layout of
 * its output. Ways that lay out alike whatever later stages take compete, and a few dozen are kept.
 * The keys that routes share are counted at the end, for the best ways only. */
#include "nn/slots/arrange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/slots/search.h"

enum { FINALISTS = 4 };

size_t nn_arrangement_rotations(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count * NN_INPUTS_MAX; k++) {
        const nn_route *r = &a->route[k];
        n += (size_t)r->babies * r->in_parts + (size_t)(r->giants + r->fold_count) * r->out_parts;
    }
    return n;
}

size_t nn_arrangement_diagonals(const nn_arrangement *a)
{
    size_t n = 0;
    for (size_t k = 0; k < a->count * NN_INPUTS_MAX; k++)
        n += (size_t)a->route[k].entries;
    return n;
}

void nn_arrangement_clear(nn_arrangement *a)
{
    if (a == NULL)
        return;
    for (size_t k = 0; a->layout != NULL && k <= a->count; k++)
        nn_layout_clear(&a->layout[k]);
    for (size_t k = 0; a->route != NULL && k < a->count * NN_INPUTS_MAX; k++)
        nn_route_clear(&a->route[k]);
    free(a->layout);
    free(a->route);
    *a = (nn_arrangement){0};
}

/* ---- the walk */

/* The network as the walk sees it. */
typedef struct walk {
    nn_search s;
    uint32_t *alike; /* per value: the least value that has to have the same layout */
} walk;

/* Polynomials and products keep layouts. */
static nn_status find_alike(walk *w)
{
    const nn_stages *s = w->s.stages;
    w->alike = malloc((s->count + 1) * sizeof *w->alike);
    if (w->alike == NULL)
        return NN_ERR_MEMORY;
    for (size_t v = 0; v <= s->count; v++)
        w->alike[v] = (uint32_t)v;
    for (size_t k = 0; k < s->count; k++)
        for (size_t i = 0; i < s->stage[k].input_count && s->stage[k].kind != NN_STAGE_AFFINE;
             i++) {
            uint32_t x = w->alike[s->stage[k].input[i]], y = w->alike[k + 1];
            for (size_t v = 0; v <= s->count; v++)
                if (w->alike[v] == x || w->alike[v] == y)
                    w->alike[v] = x < y ? x : y;
        }
    return NN_OK;
}

/* The layout that value k + 1 has to have because another one has it, or NN_SEARCH_NONE. */
static uint32_t forced_layout(const walk *w, const nn_way *way, size_t k)
{
    for (size_t v = 0; v <= k; v++)
        if (w->alike[v] == w->alike[k + 1])
            return way->at[v];
    return NN_SEARCH_NONE;
}

static nn_status pass_through(walk *w, size_t k, const nn_way *way)
{
    const nn_stage *stage = &w->s.stages->stage[k];
    uint32_t layout = way->at[stage->input[0]];
    for (size_t i = 1; i < stage->input_count; i++)
        if (way->at[stage->input[i]] != layout)
            return NN_OK;
    return nn_search_offer(&w->s, k, way, NN_SEARCH_NONE, layout, NULL);
}

/* Candidate layouts behind a stage, each once. */
typedef struct choices {
    uint32_t layout[NN_INPUTS_MAX * (NN_CANDIDATES_MAX + 1)];
    size_t count;
} choices;

static void add_choice(choices *c, uint32_t layout)
{
    for (size_t n = 0; n < c->count; n++)
        if (c->layout[n] == layout)
            return;
    c->layout[c->count++] = layout;
}

/* 1 when all matrices of a stage have few entries. */
static int is_few(const nn_stage *stage)
{
    int few = 1;
    for (size_t i = 0; i < stage->input_count; i++)
        few &= nn_candidates_few(&stage->affine[i]);
    return few;
}

/* The candidates that one input leads to; an identity may also leave everything where it is. */
static nn_status add_choices(choices *all, walk *w, size_t k, size_t i, uint32_t from)
{
    nn_search *s = &w->s;
    const nn_stage *stage = &s->stages->stage[k];
    nn_candidate c[NN_CANDIDATES_MAX + 1] = {0};
    int count = 0, taken = 0;
    if (nn_affine_is_identity(&stage->affine[i]))
        add_choice(all, from);
    nn_shape in = nn_stages_shape(s->stages, stage->input[i]);
    nn_status st = nn_candidates_find(c, &count, s->layout[from], in, stage->out, is_few(stage));
    for (; taken < count && st == NN_OK; taken++) {
        uint32_t layout = NN_SEARCH_NONE;
        if (s->one_part && c[taken].layout.parts > 1) {
            nn_layout_clear(&c[taken].layout);
            continue;
        }
        st = nn_search_layout(s, &layout, &c[taken]);
        if (st == NN_OK)
            add_choice(all, layout);
    }
    nn_candidates_clear(c, count);
    return st;
}

/* From one way through an affine stage to every candidate. */
static nn_status expand(walk *w, size_t k, const nn_way *way)
{
    const nn_stage *stage = &w->s.stages->stage[k];
    choices c = {.count = 0};
    uint32_t forced = forced_layout(w, way, k);
    nn_status st = NN_OK;
    if (forced != NN_SEARCH_NONE)
        add_choice(&c, forced);
    for (size_t i = 0; i < stage->input_count && st == NN_OK && forced == NN_SEARCH_NONE; i++)
        st = add_choices(&c, w, k, i, way->at[stage->input[i]]);
    for (size_t n = 0; n < c.count && st == NN_OK; n++) {
        uint32_t edge[NN_INPUTS_MAX];
        int fits = 1;
        for (size_t i = 0; i < stage->input_count && st == NN_OK && fits; i++) {
            st = nn_search_edge(&w->s, &edge[i], k, i, way->at[stage->input[i]], c.layout[n]);
            fits = edge[i] != NN_SEARCH_NONE;
        }
        if (st == NN_OK && fits)
            st = nn_search_offer(&w->s, k, way, NN_SEARCH_NONE, c.layout[n], edge);
    }
    return st;
}

static nn_status begin_with(nn_search *s, nn_candidate *c, nn_status made)
{
    uint32_t layout = 0;
    if (made != NN_OK || (s->one_part && c->layout.parts > 1)) {
        nn_layout_clear(&c->layout);
        return nn_search_over(made);
    }
    nn_status st = nn_search_layout(s, &layout, c);
    if (st == NN_OK)
        nn_search_begin(s, layout);
    return st;
}

/* The image itself: on the unit grid, and dense. */
static nn_status begin(nn_search *s)
{
    nn_shape in = s->stages->input;
    nn_candidate grid = {.grid = {.row = in.w, .gap = 1, .block = nn_layout_pow2(in.h * in.w)}};
    nn_candidate dense = {0};
    nn_status st = begin_with(s, &grid, nn_layout_grid(&grid.layout, s->slots, in, grid.grid));
    if (st == NN_OK)
        st = begin_with(s, &dense, nn_layout_dense(&dense.layout, s->slots, 0, nn_shape_count(in)));
    return st;
}

/* 1 when the client may lay out the image for the first matrix: that alone takes it, and no other
 * matrix has to give what it gives its layout. */
static int is_free(const walk *w)
{
    const nn_stages *s = w->s.stages;
    if (s->count == 0 || s->stage[0].kind != NN_STAGE_AFFINE || nn_stages_last_use(s, 0) > 0)
        return 0;
    for (size_t k = 1; k < s->count; k++)
        if (s->stage[k].kind == NN_STAGE_AFFINE && w->alike[k + 1] == w->alike[1])
            return 0;
    return 1;
}

static nn_status walk_on(walk *w)
{
    nn_search *s = &w->s;
    nn_status st = begin(s);
    for (size_t k = 0; k < s->stages->count && st == NN_OK; k++) {
        int affine = s->stages->stage[k].kind == NN_STAGE_AFFINE, first = k == 0 && is_free(w);
        for (size_t n = 0; n < s->now->count && st == NN_OK; n++) {
            st = affine ? expand(w, k, &s->now->way[n]) : pass_through(w, k, &s->now->way[n]);
            if (st == NN_OK && first)
                st = nn_search_moved(s, &s->now->way[n]);
        }
        if (st == NN_OK && first)
            st = nn_search_packed(s);
        nn_search_advance(s, k);
    }
    return st;
}

/* ---- the end */

/* The arrangement that a way to the output means, with its keys shared. */
static nn_status trace(nn_arrangement *a, const nn_search *s, const nn_arrange_job *job,
                       const nn_way *way)
{
    size_t count = s->stages->count, images = job->images != 0 ? job->images : 1;
    nn_status st = NN_OK;
    *a = (nn_arrangement){.slots = job->slots, .images = images, .count = count};
    a->layout = calloc(count + 1, sizeof *a->layout);
    a->route = calloc(count * NN_INPUTS_MAX + 1, sizeof *a->route);
    if (a->layout == NULL || a->route == NULL)
        st = NN_ERR_MEMORY;
    for (size_t v = 0; v <= count && st == NN_OK; v++)
        st = nn_layout_copy(&a->layout[v], &s->layout[way->at[v]]->layout);
    for (size_t n = 0; n < count * NN_INPUTS_MAX && st == NN_OK; n++)
        if (way->edge[n] != NN_SEARCH_NONE) {
            st = nn_route_copy(&a->route[n], &s->edges[n].edge[way->edge[n]].route);
            nn_route_widen(&a->route[n], images);
        }
    if (st == NN_OK)
        st = nn_turns_tune(a->route, s->price, NN_INPUTS_MAX, count * NN_INPUTS_MAX, a->slots,
                           &a->cost);
    if (st != NN_OK)
        nn_arrangement_clear(a);
    return st;
}

/* Of the cheapest ways, the one that is cheapest when keys are shared. */
static nn_status choose(nn_arrangement *best, const nn_search *s, const nn_arrange_job *job)
{
    nn_status st = s->now->count > 0 ? NN_OK : NN_ERR_SHAPE;
    for (size_t n = 0; n < FINALISTS && n < s->now->count && st == NN_OK; n++) {
        nn_arrangement a;
        st = trace(&a, s, job, &s->now->way[n]);
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

/* Multiplications one after the other from before each stage to the end. */
static void set_depths(int *depth, const nn_stages *s)
{
    for (size_t k = 0; k <= s->count; k++)
        depth[k] = 0;
    for (size_t k = s->count; k-- > 0;) {
        const nn_stage *stage = &s->stage[k];
        int own = 1, behind = depth[k + 1];
        for (int d = 2; stage->kind == NN_STAGE_POLY && d < stage->degree; d *= 2)
            own++;
        for (size_t i = 0; i < stage->input_count; i++)
            if (depth[stage->input[i]] < own + behind)
                depth[stage->input[i]] = own + behind;
    }
}

/* Prices at limbs that fall from stage to stage, with as many special primes as are secure. Where
 * the diagonals would not fit in memory, each is paid for as one that is transformed at every use.
 */
static void set_prices(nn_turn_price *price, const int *depth, const nn_arrange_job *job)
{
    static const double limbs_per_level = 0.6, limb_bits = 44.0, room = 2147483648.0;
    const nn_costs *costs = job->costs != NULL ? job->costs : nn_costs_builtin(NN_COSTS_REFERENCE);
    int most = (int)(ckks_security_max_log2_qp(job->log_n, 128) / limb_bits);
    size_t count = job->stages->count;
    double bytes = 0.0;
    for (int compact = 0; compact < 2; compact++)
        for (size_t k = 0; k < count; k++) {
            const nn_stage *stage = &job->stages->stage[k];
            int limbs = 1 + (int)(limbs_per_level * depth[stage->input[0]] + 0.5);
            limbs = limbs >= most && most > 1 ? most - 1 : limbs;
            int special = most - limbs;
            special = special > limbs ? limbs : special < 1 ? 1 : special;
            special = special > CKKS_MAX_P ? CKKS_MAX_P : special;
            nn_cost_at at = {costs, job->log_n, limbs, special, special, 0.0};
            nn_cost_at fold = at;
            fold.limbs = limbs > 1 ? limbs - 1 : 1;
            fold.alpha = special < fold.limbs ? special : fold.limbs;
            price[k] = nn_turns_price(&at, &fold);
            if (compact == 0)
                bytes += (double)nn_stage_nonzeros(stage) / (double)job->slots *
                         ldexp((double)(limbs + special), job->log_n + 3);
            else if (bytes > room)
                price[k].diagonal += nn_cost_expand(&at);
        }
}

nn_status nn_arrange(nn_arrangement *a, const nn_arrange_job *job)
{
    size_t count = job->stages->count, images = job->images != 0 ? job->images : 1;
    nn_turn_price *price = calloc(count + 1, sizeof *price);
    int *depth = calloc(count + 1, sizeof *depth);
    walk w = {.alike = NULL};
    *a = (nn_arrangement){0};
    nn_status st = price == NULL || depth == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && job->price != NULL) {
        memcpy(price, job->price, count * sizeof *price);
    } else if (st == NN_OK) {
        set_depths(depth, job->stages);
        set_prices(price, depth, job);
    }
    if (st == NN_OK)
        st = nn_search_open(&w.s, job->stages, job->slots / images, price);
    w.s.one_part = images > 1;
    if (st == NN_OK)
        st = find_alike(&w);
    if (st == NN_OK)
        st = walk_on(&w);
    if (st == NN_OK)
        st = choose(a, &w.s, job);
    nn_search_close(&w.s);
    free(w.alike);
    free(price);
    free(depth);
    return st;
}
