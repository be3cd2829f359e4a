/* Labels through the graph of nn/levels/levels.h, one number of limbs at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/levels/levels_graph.h"

enum { LABELS_MAX = 24 };

/* A special prime has so many bits at least. */
static const double special_bits_min = 30.0;

/* A way to a node. */
typedef struct label {
    double cost, bits; /* least cost and bits of primes so far */
    int from, edge;    /* place among the labels of the layer before; the way from there */
} label;

/* Labels of one layer: LABELS_MAX places for each node. */
typedef struct labels {
    label *at;
    int *count;
    double *rest; /* least cost from a node on */
} labels;

typedef struct walk {
    const nn_levels *l;
    nn_schedule *s;
    labels *layer;
    int *path;   /* ways of the label at hand */
    double cost; /* a way is wanted below it */
} walk;

static double own(const walk *w, size_t k, const nn_level_edge *e)
{
    return w->l->job->own[k * (NN_LIMBS_MAX + 1) + (size_t)(w->s->limbs - e->choice.start)];
}

/* Whether there are so many limbs, and enough are left for what follows. */
static int possible(const walk *w, size_t k, const nn_level_edge *e)
{
    const nn_level_node *to = &w->l->layer[k + 1].node[e->to];
    int left = w->s->limbs - to->state.top;
    return !to->cut && left > 0 && left * NN_LIMB_BITS_MAX >= to->rest - 1e-9;
}

static void fill_rest(walk *w)
{
    const nn_levels *l = w->l;
    for (size_t k = l->count + 1; k-- > 0;) {
        for (size_t n = 0; n < l->layer[k].nodes; n++)
            w->layer[k].rest[n] = k == l->count ? 0.0 : HUGE_VAL;
        for (size_t i = 0; i < l->layer[k].edges; i++) {
            const nn_level_edge *e = &l->layer[k].edge[i];
            double *rest = &w->layer[k].rest[e->from];
            if (possible(w, k, e))
                *rest = fmin(*rest, own(w, k, e) + w->layer[k + 1].rest[e->to]);
        }
    }
}

/* Keep a label, in ascending order of cost. When the places are taken: the cheapest ones and the
 * one with the fewest bits. */
static void offer(labels *where, int node, label t)
{
    label *at = where->at + (size_t)node * LABELS_MAX;
    int count = where->count[node], fewest = 0;
    for (int i = 1; i < count; i++)
        fewest = at[i].bits < at[fewest].bits ? i : fewest;
    if (count == LABELS_MAX) {
        int leave = count - 1 - (fewest == count - 1);
        if (t.cost >= at[leave].cost && t.bits >= at[fewest].bits)
            return;
        count--;
        memmove(&at[leave], &at[leave + 1], (size_t)(count - leave) * sizeof *at);
    }
    where->count[node] = count + 1;
    for (; count > 0 && at[count - 1].cost > t.cost; count--)
        at[count] = at[count - 1];
    at[count] = t;
}

static void spread(walk *w, size_t k)
{
    const nn_levels *l = w->l;
    double room = l->job->bound - special_bits_min;
    for (size_t i = 0; i < l->layer[k].edges; i++) {
        const nn_level_edge *e = &l->layer[k].edge[i];
        const nn_level_node *to = &l->layer[k + 1].node[e->to];
        double rest = w->layer[k + 1].rest[e->to];
        if (!possible(w, k, e) || rest == HUGE_VAL)
            continue;
        for (int n = 0; n < w->layer[k].count[e->from]; n++) {
            int from = e->from * LABELS_MAX + n;
            const label *before = &w->layer[k].at[from];
            label t = {before->cost + own(w, k, e), before->bits + e->bits, from, (int)i};
            if (t.bits + to->rest <= room && t.cost + rest < w->cost)
                offer(&w->layer[k + 1], e->to, t);
        }
    }
}

/* Whether every value has lost as many primes here as there. */
static int drops_agree(const nn_level_state *p, const nn_level_state *q)
{
    int agree = p->top == q->top;
    for (int i = 0; i < p->live; i++)
        agree &= p->dropped[i] == q->dropped[i];
    return agree;
}

/* Write down the way of a label at the end. Returns 0 when it is none: the scales of states that
 * are one differ by a little, with which a stage may be impossible or a polynomial drop another
 * number of primes. */
static int replay(walk *w, const label *t)
{
    const nn_levels *l = w->l;
    nn_schedule *s = w->s;
    nn_level_state state = {0}, next;
    for (size_t k = l->count; k-- > 0;) {
        w->path[k] = t->edge;
        t = &w->layer[k].at[t->from];
    }
    if (l->count > 0)
        state = l->layer[0].node[l->layer[0].edge[w->path[0]].from].state;
    s->input_bits = state.scale[0];
    for (size_t k = 0; k < l->count; k++) {
        const nn_level_edge *e = &l->layer[k].edge[w->path[k]];
        nn_step *step = &s->step[k];
        double bits = 0.0;
        if (!nn_level_apply(&next, step, &bits, l->job, &l->live[k], k, &state, e->choice,
                            s->limbs) ||
            !drops_agree(&next, &l->layer[k + 1].node[e->to].state) || step->limbs_out < 1)
            return 0;
        for (int i = state.top; i < next.top; i++)
            s->q_bits[s->limbs - 1 - i] = bits / (next.top - state.top);
        state = next;
    }
    return 1;
}

static int by_cost(const void *p, const void *q)
{
    const label *a = p, *b = q;
    return a->cost < b->cost ? -1 : a->cost > b->cost;
}

/* Visit the labels at the end. */
static nn_status finish(walk *w, size_t most, nn_levels_visit visit, void *user)
{
    const labels *last = &w->layer[w->l->count];
    size_t nodes = w->l->layer[w->l->count].nodes, count = 0;
    label *end = malloc((nodes * LABELS_MAX + 1) * sizeof *end);
    if (end == NULL)
        return NN_ERR_MEMORY;
    for (size_t n = 0; n < nodes; n++) {
        memcpy(&end[count], &last->at[n * LABELS_MAX], (size_t)last->count[n] * sizeof *end);
        count += (size_t)last->count[n];
    }
    qsort(end, count, sizeof *end, by_cost);
    for (size_t i = 0; i < count && i < most && end[i].cost < w->cost; i++)
        if (replay(w, &end[i]))
            w->cost = visit(user, w->s);
    free(end);
    return NN_OK;
}

static nn_status start(walk *w)
{
    const nn_levels *l = w->l;
    w->layer = calloc(l->count + 1, sizeof *w->layer);
    w->path = calloc(l->count + 1, sizeof *w->path);
    nn_status st = w->layer != NULL && w->path != NULL ? NN_OK : NN_ERR_MEMORY;
    for (size_t k = 0; k <= l->count && st == NN_OK; k++) {
        size_t nodes = l->layer[k].nodes;
        w->layer[k].at = malloc((nodes * LABELS_MAX + 1) * sizeof *w->layer[k].at);
        w->layer[k].count = calloc(nodes + 1, sizeof *w->layer[k].count);
        w->layer[k].rest = calloc(nodes + 1, sizeof *w->layer[k].rest);
        if (w->layer[k].at == NULL || w->layer[k].count == NULL || w->layer[k].rest == NULL)
            st = NN_ERR_MEMORY;
    }
    return st;
}

nn_status nn_levels_walk(const nn_levels *l, nn_schedule *s, size_t most, double cost,
                         nn_levels_visit visit, void *user)
{
    walk w = {.l = l, .s = s, .cost = cost};
    nn_status st = start(&w);
    if (st == NN_OK) {
        fill_rest(&w);
        for (size_t n = 0; n < l->layer[0].nodes; n++)
            offer(&w.layer[0], (int)n, (label){.from = -1, .edge = -1});
        for (size_t k = 0; k < l->count; k++)
            spread(&w, k);
        st = finish(&w, most, visit, user);
    }
    for (size_t k = 0; w.layer != NULL && k <= l->count; k++) {
        free(w.layer[k].at);
        free(w.layer[k].count);
        free(w.layer[k].rest);
    }
    free(w.layer);
    free(w.path);
    return st;
}
