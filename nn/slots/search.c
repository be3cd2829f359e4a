/* Ways through the network: layouts and routes that are known, and which ways are kept. */
#include "nn/slots/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Highest degree of what may be computed of partial sums that a spread route leaves in slots of no
 * meaning: they are about as large as what was meant, but no range was measured for them. */
enum { SPREAD_DEGREE_MAX = 4 };

nn_status nn_search_over(nn_status st)
{
    return st == NN_ERR_SHAPE ? NN_OK : st;
}

/* ---- what values are used for */

/* Degree of the largest polynomial that stages compute of each value before a matrix takes it, and
 * large where the value gets to the client as it is. */
static void find_quiet(unsigned char *quiet, const nn_stages *s)
{
    enum { SEEN_BY_CLIENT = 255 };
    for (size_t v = s->count + 1; v-- > 0;) {
        int degree = v == s->count ? SEEN_BY_CLIENT : 1;
        for (size_t k = v; k < s->count; k++) {
            const nn_stage *stage = &s->stage[k];
            int behind = quiet[k + 1], own = 0;
            for (size_t i = 0; i < stage->input_count; i++) {
                if (stage->input[i] != v)
                    continue;
                if (stage->kind == NN_STAGE_AFFINE)
                    own = own > 0 || nn_affine_is_identity(&stage->affine[i]);
                else
                    own += stage->kind == NN_STAGE_POLY ? stage->degree : 1;
            }
            if (stage->kind == NN_STAGE_PRODUCT && own == 1)
                own = 2; /* the other factor may be as large */
            degree = own * behind > degree ? own * behind : degree;
        }
        quiet[v] = (unsigned char)(degree > SEEN_BY_CLIENT ? SEEN_BY_CLIENT : degree);
    }
    for (size_t v = 0; v <= s->count; v++)
        quiet[v] = quiet[v] > SPREAD_DEGREE_MAX;
}

/* 1 when a stage behind stage k takes a value, or it is the output. */
static int is_live(const nn_search *s, size_t value, size_t k)
{
    return value == s->stages->count || nn_stages_last_use(s->stages, value) > k;
}

/* ---- opening and closing */

static nn_status ways_create(nn_ways **out, const nn_stages *stages)
{
    size_t values = stages->count + 1, edges = stages->count * NN_INPUTS_MAX;
    nn_ways *ways = calloc(1, sizeof *ways);
    *out = ways;
    for (size_t n = 0; n < NN_SEARCH_WIDTH && ways != NULL; n++) {
        ways->way[n].at = malloc((values + edges) * sizeof(uint32_t));
        if (ways->way[n].at == NULL)
            return NN_ERR_MEMORY;
        ways->way[n].edge = ways->way[n].at + values;
        for (size_t j = 0; j < values + edges; j++)
            ways->way[n].at[j] = NN_SEARCH_NONE;
    }
    return ways == NULL ? NN_ERR_MEMORY : NN_OK;
}

static void ways_free(nn_ways *ways)
{
    for (size_t n = 0; n < NN_SEARCH_WIDTH && ways != NULL; n++)
        free(ways->way[n].at);
    free(ways);
}

nn_status nn_search_open(nn_search *s, const nn_stages *stages, size_t slots,
                         const nn_turn_price *price)
{
    size_t places = stages->count * NN_INPUTS_MAX + 1;
    *s = (nn_search){.stages = stages, .slots = slots, .price = price};
    s->pattern = calloc(places, sizeof *s->pattern);
    s->edges = calloc(places, sizeof *s->edges);
    s->quiet = calloc(stages->count + 1, 1);
    if (s->pattern == NULL || s->edges == NULL || s->quiet == NULL)
        return NN_ERR_MEMORY;
    find_quiet(s->quiet, stages);
    nn_status st = ways_create(&s->now, stages);
    if (st == NN_OK)
        st = ways_create(&s->next, stages);
    for (size_t k = 0; k < stages->count && st == NN_OK; k++)
        for (size_t i = 0; i < stages->stage[k].input_count && st == NN_OK; i++)
            if (stages->stage[k].kind == NN_STAGE_AFFINE)
                st = nn_pattern_find(&s->pattern[k * NN_INPUTS_MAX + i],
                                     &stages->stage[k].affine[i]);
    return st;
}

void nn_search_close(nn_search *s)
{
    size_t places = s->stages != NULL ? s->stages->count * NN_INPUTS_MAX : 0;
    for (size_t p = 0; p < places; p++) {
        if (s->pattern != NULL)
            nn_pattern_clear(&s->pattern[p]);
        for (size_t n = 0; s->edges != NULL && n < s->edges[p].count; n++)
            nn_route_clear(&s->edges[p].edge[n].route);
        if (s->edges != NULL)
            free(s->edges[p].edge);
    }
    for (size_t n = 0; n < s->layouts; n++) {
        nn_layout_clear(&s->layout[n]->layout);
        free(s->layout[n]);
    }
    free(s->pattern);
    free(s->edges);
    free(s->quiet);
    free(s->layout);
    free(s->hash);
    ways_free(s->now);
    ways_free(s->next);
    *s = (nn_search){0};
}

/* ---- layouts and routes */

/* Equal layouts have equal hashes. */
static uint64_t hash_of(const nn_layout *l)
{
    uint64_t hash = l->period + 31 * l->count + 127 * l->parts;
    for (size_t k = 0; k < l->first[l->count]; k++) {
        hash = (hash ^ l->slot[k]) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 29;
    }
    return hash;
}

static int grow_layouts(nn_search *s)
{
    size_t room = 2 * s->room + 16;
    nn_candidate **layout = realloc(s->layout, room * sizeof *layout);
    if (layout != NULL)
        s->layout = layout;
    uint64_t *hash = layout != NULL ? realloc(s->hash, room * sizeof *hash) : NULL;
    if (hash == NULL)
        return 0;
    s->hash = hash;
    s->room = room;
    return 1;
}

nn_status nn_search_layout(nn_search *s, uint32_t *number, nn_candidate *c)
{
    uint64_t hash = hash_of(&c->layout);
    for (size_t n = 0; n < s->layouts; n++)
        if (s->hash[n] == hash && nn_layout_equal(&s->layout[n]->layout, &c->layout)) {
            if (s->layout[n]->grid.gap == 0)
                s->layout[n]->grid = c->grid;
            nn_layout_clear(&c->layout);
            *number = (uint32_t)n;
            return NN_OK;
        }
    nn_candidate *kept = s->layouts < s->room || grow_layouts(s) ? malloc(sizeof *kept) : NULL;
    if (kept == NULL) {
        nn_layout_clear(&c->layout);
        return NN_ERR_MEMORY;
    }
    *kept = *c;
    *c = (nn_candidate){.grid = kept->grid};
    s->hash[s->layouts] = hash;
    s->layout[s->layouts] = kept;
    *number = (uint32_t)s->layouts++;
    return NN_OK;
}

/* What leads from one layout to another; a spread route where the output is no dense tensor. */
static nn_route_kind kind_of(const nn_affine *a, const nn_layout *in, const nn_layout *out,
                             int quiet)
{
    if (in == out && nn_affine_is_identity(a))
        return NN_ROUTE_SAME;
    if (out->generators > 0)
        return NN_ROUTE_ALIGNED;
    if (in->generators > 0)
        return NN_ROUTE_SPLIT;
    if (in->period < in->slots && in->parts == 1 && out->parts == 1 && out->period == out->slots &&
        out->extent == 0 && !quiet)
        return NN_ROUTE_SPREAD;
    return NN_ROUTE_PERIODIC;
}

/* One more edge at the end; its route is taken over or released. */
static nn_status append(nn_edges *list, nn_edge *edge)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 16;
        nn_edge *grown = realloc(list->edge, room * sizeof *grown);
        if (grown == NULL) {
            nn_route_clear(&edge->route);
            return NN_ERR_MEMORY;
        }
        list->edge = grown;
        list->room = room;
    }
    list->edge[list->count++] = *edge;
    return NN_OK;
}

nn_status nn_search_edge(nn_search *s, uint32_t *place, size_t k, size_t i, uint32_t in,
                         uint32_t out)
{
    size_t input = k * NN_INPUTS_MAX + i;
    nn_edges *list = &s->edges[input];
    const nn_affine *a = &s->stages->stage[k].affine[i];
    const nn_layout *from = &s->layout[in]->layout, *to = &s->layout[out]->layout;
    *place = NN_SEARCH_NONE;
    for (size_t n = 0; n < list->count; n++) {
        const nn_edge *e = &list->edge[n];
        if (e->in != in || e->out != out || e->given)
            continue;
        *place = e->route.slots > 0 ? (uint32_t)n : NN_SEARCH_NONE;
        return NN_OK;
    }
    nn_edge e = {.kind = kind_of(a, from, to, s->quiet[k + 1]), .in = in, .out = out};
    nn_status st = nn_route_find(&e.route, e.kind, &s->pattern[input], from, to);
    if (st == NN_OK)
        e.cost = nn_turns_least(&e.route, &s->price[k]);
    int found = st == NN_OK;
    st = nn_search_over(st);
    if (st == NN_OK)
        st = append(list, &e);
    if (st == NN_OK && found)
        *place = (uint32_t)list->count - 1;
    return st;
}

nn_status nn_search_add(nn_search *s, uint32_t *place, size_t k, size_t i, uint32_t in,
                        uint32_t out, nn_route *route)
{
    nn_edges *list = &s->edges[k * NN_INPUTS_MAX + i];
    nn_edge e = {.kind = route->kind, .in = in, .out = out, .given = 1, .route = *route};
    *route = (nn_route){0};
    e.cost = nn_turns_least(&e.route, &s->price[k]);
    *place = (uint32_t)list->count;
    return append(list, &e);
}

/* ---- ways */

/* What a way to the stage behind k would look like. */
typedef struct offered {
    const nn_way *from;
    uint32_t image, out;
} offered;

static uint32_t layout_in(const offered *o, size_t value, size_t k)
{
    if (value == k + 1)
        return o->out;
    if (value == 0 && o->image != NN_SEARCH_NONE)
        return o->image;
    return o->from != NULL ? o->from->at[value] : NN_SEARCH_NONE;
}

/* 1 when both lay out alike whatever is needed behind stage k. */
static int same_values(const nn_search *s, const nn_way *way, const offered *o, size_t k)
{
    for (size_t v = 0; v <= k + 1; v++)
        if (is_live(s, v, k) && way->at[v] != layout_in(o, v, k))
            return 0;
    return 1;
}

/* Where the way may stand: the place of the dearest that it competes with, or the end of the list.
 */
static size_t place_for(const nn_search *s, const offered *o, size_t k)
{
    const nn_ways *ways = s->next;
    size_t same = 0, dearest = 0, dearest_same = 0;
    for (size_t n = 0; n < ways->count; n++) {
        if (ways->way[n].cost > ways->way[dearest].cost)
            dearest = n;
        if (!same_values(s, &ways->way[n], o, k))
            continue;
        if (same++ == 0 || ways->way[n].cost > ways->way[dearest_same].cost)
            dearest_same = n;
    }
    if (same >= NN_SEARCH_SAME)
        return dearest_same;
    return ways->count == NN_SEARCH_WIDTH ? dearest : ways->count;
}

/* Split the routes of a stage while the way may still cost less than `budget`. */
static nn_status add_cost(nn_search *s, size_t k, const uint32_t *edge, double budget, double *cost)
{
    size_t inputs = edge != NULL ? s->stages->stage[k].input_count : 0;
    for (size_t i = 0; i < inputs; i++)
        *cost += s->edges[k * NN_INPUTS_MAX + i].edge[edge[i]].cost;
    for (size_t i = 0; i < inputs && *cost < budget; i++) {
        nn_edge *e = &s->edges[k * NN_INPUTS_MAX + i].edge[edge[i]];
        if (e->split)
            continue;
        *cost -= e->cost;
        e->cost = nn_turns_split(&e->route, &s->price[k]);
        if (e->cost < 0.0)
            return NN_ERR_MEMORY;
        e->split = 1;
        *cost += e->cost;
    }
    return NN_OK;
}

nn_status nn_search_offer(nn_search *s, size_t k, const nn_way *from, uint32_t image, uint32_t out,
                          const uint32_t *edge)
{
    const offered o = {from, image, out};
    nn_ways *ways = s->next;
    size_t at = place_for(s, &o, k), values = s->stages->count + 1;
    double budget = at < ways->count ? ways->way[at].cost : HUGE_VAL;
    double cost = from != NULL ? from->cost : 0.0;
    nn_status st = add_cost(s, k, edge, budget, &cost);
    if (st != NN_OK || cost >= budget)
        return st;
    nn_way *way = &ways->way[at];
    ways->count += at == ways->count;
    way->cost = cost;
    for (size_t v = 0; v < values; v++)
        way->at[v] = v <= k + 1 ? layout_in(&o, v, k) : NN_SEARCH_NONE;
    for (size_t n = 0; n < s->stages->count * NN_INPUTS_MAX; n++)
        way->edge[n] = from != NULL ? from->edge[n] : NN_SEARCH_NONE;
    for (size_t i = 0; edge != NULL && i < s->stages->stage[k].input_count; i++)
        way->edge[k * NN_INPUTS_MAX + i] = edge[i];
    return NN_OK;
}

void nn_search_begin(nn_search *s, uint32_t image)
{
    if (s->now->count < NN_SEARCH_WIDTH) {
        nn_way *way = &s->now->way[s->now->count++];
        way->cost = 0.0;
        way->at[0] = image;
    }
}

static int by_cost(const void *a, const void *b)
{
    const nn_way *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

void nn_search_advance(nn_search *s, size_t k)
{
    nn_ways *ways = s->next;
    s->next = s->now;
    s->now = ways;
    s->next->count = 0;
    qsort(ways->way, ways->count, sizeof ways->way[0], by_cost);
    for (size_t i = 0; i < s->stages->stage[k].input_count; i++) {
        size_t input = k * NN_INPUTS_MAX + i;
        for (size_t e = 0; e < s->edges[input].count; e++) {
            int taken = 0;
            for (size_t n = 0; n < ways->count; n++)
                taken |= ways->way[n].edge[input] == e;
            if (!taken)
                nn_route_clear(&s->edges[input].edge[e].route);
        }
    }
}
