/* The graph of states, see nn/levels/levels.h; nn/levels/levels_walk.c goes through it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/levels/levels_graph.h"

enum { NODES_MAX = 3000, TABLE = 16384 };

/* Scales that agree to so many parts of a bit are one; where there are too many, those that agree
 * to that many bits. */
static const double fine = 256.0, coarse = 0.5;

/* ---- equal states */

static uint64_t mix(uint64_t hash, int64_t value)
{
    hash = (hash ^ (uint64_t)value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_of(const nn_level_state *s, double parts)
{
    uint64_t hash = mix(0, s->top);
    for (int i = 0; i < s->live; i++)
        hash = mix(mix(hash, s->dropped[i]), llround(s->scale[i] * parts));
    for (int i = s->low; i < s->top; i++)
        hash = mix(hash, llround(s->size[i] * parts));
    return hash;
}

static int same(const nn_level_state *p, const nn_level_state *q, double parts)
{
    if (p->top != q->top || p->low != q->low)
        return 0;
    for (int i = 0; i < p->live; i++)
        if (p->dropped[i] != q->dropped[i] ||
            llround(p->scale[i] * parts) != llround(q->scale[i] * parts))
            return 0;
    for (int i = p->low; i < p->top; i++)
        if (llround(p->size[i] * parts) != llround(q->size[i] * parts))
            return 0;
    return 1;
}

/* ---- building */

/* A layer that grows, with a table of its nodes by hash. */
typedef struct growth {
    nn_level_layer *layer;
    size_t nodes, edges; /* room */
    int table[TABLE];    /* place of a node, or -1 */
} growth;

static void *grow(void *list, size_t *room, size_t count, size_t item)
{
    if (count < *room)
        return list;
    *room = *room > 0 ? 2 * *room : 64;
    return realloc(list, *room * item);
}

/* The node of a state, new or known; -1 when memory ran out. */
static int node_of(growth *g, const nn_level_state *s, double bits)
{
    size_t at = hash_of(s, fine) % TABLE;
    for (; g->table[at] >= 0; at = (at + 1) % TABLE) {
        nn_level_node *node = &g->layer->node[g->table[at]];
        if (same(&node->state, s, fine)) {
            node->bits = fmin(node->bits, bits);
            return g->table[at];
        }
    }
    nn_level_node *more = grow(g->layer->node, &g->nodes, g->layer->nodes, sizeof *more);
    if (more == NULL)
        return -1;
    g->layer->node = more;
    more[g->layer->nodes] = (nn_level_node){.state = *s, .bits = bits};
    g->table[at] = (int)g->layer->nodes;
    return (int)g->layer->nodes++;
}

static nn_status add_edge(nn_level_layer *l, size_t *room, nn_level_edge edge)
{
    nn_level_edge *more = grow(l->edge, room, l->edges, sizeof *more);
    if (more == NULL)
        return NN_ERR_MEMORY;
    l->edge = more;
    more[l->edges++] = edge;
    return NN_OK;
}

/* Of states whose scales are close, keep the one with the fewest bits behind it; ways to the others
 * end. The table is used up. */
static void thin(growth *g)
{
    nn_level_layer *l = g->layer;
    for (size_t i = 0; i < TABLE; i++)
        g->table[i] = -1;
    for (size_t n = 0; n < l->nodes; n++) {
        nn_level_node *node = &l->node[n];
        size_t at = hash_of(&node->state, coarse) % TABLE;
        while (g->table[at] >= 0 && !same(&l->node[g->table[at]].state, &node->state, coarse))
            at = (at + 1) % TABLE;
        if (g->table[at] >= 0 && l->node[g->table[at]].bits <= node->bits) {
            node->cut = 1;
            continue;
        }
        if (g->table[at] >= 0)
            l->node[g->table[at]].cut = 1;
        g->table[at] = (int)n;
    }
}

/* Whether the output's scale leaves no room for a bias. */
static int too_large(const nn_levels_job *job, const nn_level_live *live, size_t k,
                     const nn_level_state *s)
{
    for (int i = 0; i < s->live; i++)
        if (live->value[i] == k + 1)
            return s->scale[i] > job->word[k + 1];
    return 0;
}

/* All states behind stage k and the ways to them. */
static nn_status expand(nn_levels *l, size_t k, growth *g)
{
    const nn_levels_job *job = l->job;
    nn_level_layer *from = &l->layer[k];
    nn_level_choice choice[NN_LEVEL_CHOICES];
    size_t room = 0;
    *g = (growth){.layer = &l->layer[k + 1]};
    for (size_t i = 0; i < TABLE; i++)
        g->table[i] = -1;
    for (size_t n = 0; n < from->nodes; n++) {
        const nn_level_node *node = &from->node[n];
        from->node[n].first = from->edges;
        int count = node->cut ? 0 : nn_level_choices(choice, job, &l->live[k], k, &node->state);
        for (int c = 0; c < count; c++) {
            nn_level_state to;
            double bits = 0.0;
            if (!nn_level_apply(&to, NULL, &bits, job, &l->live[k], k, &node->state, choice[c],
                                0) ||
                too_large(job, &l->live[k + 1], k, &to) || g->layer->nodes + 1 >= TABLE)
                continue;
            int at = node_of(g, &to, node->bits + bits);
            if (at < 0 ||
                add_edge(from, &room, (nn_level_edge){(int)n, at, bits, choice[c]}) != NN_OK)
                return NN_ERR_MEMORY;
        }
    }
    if (g->layer->nodes > NODES_MAX)
        thin(g);
    return NN_OK;
}

static nn_status add_roots(nn_levels *l)
{
    nn_level_layer *first = &l->layer[0];
    first->node = calloc(NN_INPUT_MORE + 1, sizeof *first->node);
    if (first->node == NULL)
        return NN_ERR_MEMORY;
    for (int more = 0; more <= NN_INPUT_MORE; more++) {
        nn_level_state *s = &first->node[first->nodes++].state;
        s->live = 1;
        s->scale[0] = l->job->input_bits + more;
    }
    return NN_OK;
}

/* log2 of the modulus that a state needs for its values with the fewest primes. */
static double need(const nn_levels *l, size_t k, const nn_level_state *s)
{
    double bits = l->job->prime_bits_min;
    for (int i = 0; i < s->live; i++)
        if (s->dropped[i] == s->top)
            bits = fmax(bits, s->scale[i] + l->job->magnitude[l->live[k].value[i]]);
    return bits;
}

/* log2 of the modulus that a way takes from a node on, at least. */
static void fill_rest(nn_levels *l)
{
    for (size_t k = l->count + 1; k-- > 0;) {
        nn_level_layer *layer = &l->layer[k];
        for (size_t n = 0; n < layer->nodes; n++)
            layer->node[n].rest = k == l->count ? 0.0 : HUGE_VAL;
        for (size_t e = 0; e < layer->edges; e++) {
            nn_level_edge *edge = &layer->edge[e];
            const nn_level_node *to = &l->layer[k + 1].node[edge->to];
            nn_level_node *from = &layer->node[edge->from];
            if (!to->cut)
                from->rest = fmin(from->rest, edge->bits + to->rest);
        }
        for (size_t n = 0; n < layer->nodes; n++)
            layer->node[n].rest = fmax(layer->node[n].rest, need(l, k, &layer->node[n].state));
    }
}

static double least_bits(const nn_level_layer *layer)
{
    double bits = HUGE_VAL;
    for (size_t n = 0; n < layer->nodes; n++)
        bits = fmin(bits, layer->node[n].bits);
    return bits;
}

nn_status nn_levels_create(nn_levels **out, const nn_levels_job *job, size_t *furthest,
                           double *bits)
{
    size_t count = job->stages->count;
    nn_levels *l = *out = calloc(1, sizeof *l);
    growth *g = malloc(sizeof *g);
    nn_status st = l != NULL && g != NULL ? NN_OK : NN_ERR_MEMORY;
    *furthest = 0;
    if (st == NN_OK) {
        l->job = job;
        l->count = count;
        l->layer = calloc(count + 1, sizeof *l->layer);
        l->live = calloc(count + 1, sizeof *l->live);
        st = l->layer != NULL && l->live != NULL ? add_roots(l) : NN_ERR_MEMORY;
    }
    for (size_t k = 0; k <= count && st == NN_OK; k++)
        st = nn_level_alive(&l->live[k], job->stages, k) ? NN_OK : NN_ERR_PLAN;
    for (; *furthest < count && st == NN_OK; (*furthest)++) {
        st = expand(l, *furthest, g);
        if (st == NN_OK && l->layer[*furthest + 1].nodes == 0)
            st = NN_ERR_PLAN;
        if (st != NN_OK)
            break;
    }
    free(g);
    *bits = l != NULL && l->layer != NULL ? least_bits(&l->layer[*furthest]) : 0.0;
    if (st == NN_OK) {
        fill_rest(l);
        return NN_OK;
    }
    nn_levels_free(l);
    *out = NULL;
    return st;
}

void nn_levels_free(nn_levels *l)
{
    for (size_t k = 0; l != NULL && l->layer != NULL && k <= l->count; k++) {
        free(l->layer[k].node);
        free(l->layer[k].edge);
    }
    if (l != NULL) {
        free(l->layer);
        free(l->live);
    }
    free(l);
}

double nn_levels_least_bits(const nn_levels *l)
{
    double least = HUGE_VAL;
    for (size_t n = 0; n < l->layer[0].nodes; n++)
        least = fmin(least, l->layer[0].node[n].rest);
    return least;
}

size_t nn_levels_reach(const nn_levels *l, double bits)
{
    for (size_t k = 0; k <= l->count; k++) {
        double least = HUGE_VAL;
        for (size_t n = 0; n < l->layer[k].nodes; n++)
            least = fmin(least, l->layer[k].node[n].bits + need(l, k, &l->layer[k].node[n].state));
        if (least > bits)
            return k > 0 ? k - 1 : 0;
    }
    return l->count;
}
