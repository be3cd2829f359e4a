/* The values of a route's diagonals: where every entry of the matrix goes. */
#include <stdlib.h>
#include <string.h>

#include "nn/slots/route.h"

/* x modulo a power of two, in [0, m). */
static long mod(long x, long m)
{
    return x & (m - 1);
}

/* What placing an entry needs. */
typedef struct placing {
    const nn_route *r;
    const nn_layout *in, *out;
    const int *diagonal; /* [block * group + residue], -1 where there is none */
    long slots, group;   /* without images */
} placing;

/* The step of a diagonal, without images. */
static long step_of(const nn_route *r, int entry)
{
    return r->step[r->entry_step[entry]] / (long)r->images;
}

static int diagonal_at(const placing *p, size_t in_slot, size_t out_slot, long residue)
{
    size_t slots = (size_t)p->slots;
    size_t block = in_slot / slots * p->r->out_parts + out_slot / slots;
    return p->diagonal[block * (size_t)p->group + (size_t)mod(residue, p->group)];
}

/* The diagonal of entry (o,i), for an aligned route that of one slot of the output; -1 when the
 * entry has no place. */
static int diagonal_of(const placing *p, size_t o, size_t i, size_t out_slot)
{
    const nn_layout *in = p->in;
    long at = (long)nn_layout_place(p->out, o), from = (long)nn_layout_place(in, i);
    if (p->r->kind == NN_ROUTE_ALIGNED)
        return diagonal_at(p, 0, 0, nn_route_nearest(in, i, out_slot));
    if (p->r->kind != NN_ROUTE_SPLIT)
        return diagonal_at(p, (size_t)from, (size_t)at, from - at);
    int found = -1;
    for (size_t k = in->first[i]; k < in->first[i + 1] && found < 0; k++)
        found = diagonal_at(p, 0, 0, (long)in->slot[k] - at);
    return found;
}

/* Visit all entries and the diagonals that they go to. at == NULL: count, next[d + 1] goes up;
 * else enter, next[d] goes up. 0 when an entry has no place. */
static int sort_entries(const placing *p, const nn_affine *a, size_t *next, uint32_t *at)
{
    int aligned = p->r->kind == NN_ROUTE_ALIGNED;
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++) {
            size_t begin = p->out->first[o], end = aligned ? p->out->first[o + 1] : begin + 1;
            for (size_t c = begin; c < end; c++) {
                int d = diagonal_of(p, o, a->col[k], p->out->slot[c]);
                if (d < 0)
                    return 0;
                if (at == NULL)
                    next[d + 1]++;
                else
                    at[next[d]++] = (uint32_t)k;
            }
        }
    return 1;
}

/* For every block and residue its diagonal. */
static int *find_diagonals(const nn_route *r)
{
    size_t places = r->in_parts * r->out_parts * r->group;
    int *diagonal = malloc(places * sizeof *diagonal);
    for (size_t k = 0; k < places && diagonal != NULL; k++)
        diagonal[k] = -1;
    for (int e = 0; e < r->entries && diagonal != NULL; e++) {
        size_t block = (size_t)r->entry_in[e] * r->out_parts + r->entry_out[e];
        diagonal[block * r->group + (size_t)mod(step_of(r, e), (long)r->group)] = e;
    }
    return diagonal;
}

static nn_status fill_index(nn_route_index *x)
{
    const nn_route *r = x->route;
    int *diagonal = find_diagonals(r);
    placing p = {r, x->in, x->out, diagonal, (long)x->in->slots, (long)r->group};
    size_t count = (size_t)r->entries;
    size_t *next = calloc(count + 2, sizeof *next);
    nn_status st = diagonal == NULL || next == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && !sort_entries(&p, x->affine, next, NULL))
        st = NN_ERR_SHAPE;
    if (st == NN_OK) {
        for (size_t d = 0; d < count; d++)
            next[d + 1] += next[d];
        memcpy(x->first, next, (count + 1) * sizeof *next);
        x->at = malloc((x->first[count] + 1) * sizeof *x->at);
        st = x->at == NULL ? NN_ERR_MEMORY : NN_OK;
    }
    if (st == NN_OK)
        (void)sort_entries(&p, x->affine, next, x->at);
    free(diagonal);
    free(next);
    return st;
}

nn_status nn_route_index_find(nn_route_index *x, const nn_route *r, const nn_affine *a,
                              const nn_layout *in, const nn_layout *out)
{
    size_t slots = r->slots / r->images;
    *x = (nn_route_index){0};
    if (in->slots != slots || out->slots != slots || in->parts != r->in_parts ||
        out->parts != r->out_parts || in->count != a->cols || out->count != a->rows)
        return NN_ERR_SHAPE;
    *x = (nn_route_index){.route = r, .affine = a, .in = in, .out = out};
    x->first = calloc((size_t)r->entries + 1, sizeof *x->first);
    nn_status st = x->first == NULL ? NN_ERR_MEMORY : NN_OK;
    if (st == NN_OK && r->kind != NN_ROUTE_SAME)
        st = fill_index(x);
    if (st != NN_OK)
        nn_route_index_clear(x);
    return st;
}

void nn_route_index_clear(nn_route_index *x)
{
    if (x == NULL)
        return;
    free(x->first);
    free(x->at);
    *x = (nn_route_index){0};
}

static void put(const nn_route *r, double *value, long j, double v)
{
    double *at = value + (size_t)mod(j, (long)(r->slots / r->images)) * r->images;
    for (size_t m = 0; m < r->images; m++)
        at[m] = v;
}

/* Put the entry (o,i) into a diagonal that it belongs to. */
static void put_entry(const nn_route_index *x, int entry, size_t o, size_t i, double v,
                      double *value)
{
    const nn_layout *in = x->in, *out = x->out;
    const nn_route *r = x->route;
    long at = (long)nn_layout_place(out, o), from = (long)nn_layout_place(in, i);
    long t = step_of(r, entry), period = (long)in->period, group = (long)r->group;
    if (r->kind == NN_ROUTE_SPREAD) {
        put(r, value, at - at % period + mod(from - t, period), v);
        return;
    }
    if (r->kind == NN_ROUTE_SPLIT) {
        for (size_t k = in->first[i]; k < in->first[i + 1]; k++)
            if (mod((long)in->slot[k] - at - t, group) == 0) {
                put(r, value, (long)in->slot[k] - t, v);
                return;
            }
        return;
    }
    for (size_t c = out->first[o]; c < out->first[o + 1]; c++) {
        long j = (long)out->slot[c];
        /* Aligned: the slots of the output to which this step leads. Periodic: every slot of the
         * output's period from which the step leads to a slot of the element; with folds it is one
         * of the blocks that are added up. */
        if (r->kind == NN_ROUTE_ALIGNED ? mod(nn_route_nearest(in, i, (size_t)j) - t, group) == 0
                                        : mod(j + t - from, period) == 0)
            put(r, value, j, v);
    }
}

void nn_route_diagonal(const nn_route_index *x, int entry, double *slot)
{
    const nn_affine *a = x->affine;
    for (size_t j = 0; j < x->route->slots; j++)
        slot[j] = 0.0;
    size_t o = 0;
    for (size_t n = x->first[entry]; n < x->first[entry + 1]; n++) {
        size_t k = x->at[n];
        while (a->row_start[o + 1] <= k)
            o++;
        put_entry(x, entry, o, a->col[k], a->value[k], slot);
    }
}

nn_status nn_route_diagonals(const nn_route *r, double *value, const nn_affine *a,
                             const nn_layout *in, const nn_layout *out)
{
    nn_route_index x;
    nn_status st = nn_route_index_find(&x, r, a, in, out);
    for (int e = 0; e < r->entries && st == NN_OK; e++)
        nn_route_diagonal(&x, e, value + (size_t)e * r->slots);
    nn_route_index_clear(&x);
    return st;
}
