/* Routes: from a sparse matrix and two layouts to diagonals.
 *
 * Steps live in a group Z_g: g is the smaller period (periodic), the period of the output (split),
 * the length of a run (spread) or the number of slots (aligned, where steps are exact). A residue
 * is represented by the number nearest to 0, so that the steps of a convolution form a small window
 * around 0. */
#include "nn/route.h"

#include <stdlib.h>
#include <string.h>

/* x modulo a power of two, in [0, m). */
static long mod(long x, long m)
{
    return x & (m - 1);
}

/* The representative of x modulo m in [low, low + m). */
static long represent(long x, long m, long low)
{
    return low + mod(x - low, m);
}

/* Longest run of a layout of nn_layout_runs for this period. */
static size_t run_of(const nn_layout *out, size_t period)
{
    size_t longest = 0;
    for (size_t o = 0; o < out->count; o++) {
        size_t r = nn_layout_place(out, o) % period;
        longest = r + 1 > longest ? r + 1 : longest;
    }
    return longest;
}

static size_t group_of(nn_route_kind kind, const nn_layout *in, const nn_layout *out)
{
    switch (kind) {
    case NN_ROUTE_PERIODIC:
        return in->period < out->period ? in->period : out->period;
    case NN_ROUTE_SPLIT:
        return out->period;
    case NN_ROUTE_SPREAD:
        return nn_layout_pow2(run_of(out, in->period));
    default:
        return out->slots;
    }
}

/* Position of element i before its replica is moved. */
static long position(const nn_layout *l, size_t i)
{
    return (long)nn_layout_place(l, i) - l->base;
}

/* Exact step from slot p to the nearest slot of element i. */
static long nearest(const nn_layout *in, size_t i, size_t p)
{
    long slots = (long)in->slots, best = slots;
    for (size_t k = in->first[i]; k < in->first[i + 1]; k++) {
        long d = represent((long)in->slot[k] - (long)p, slots, -(slots / 2));
        best = labs(d) < labs(best) ? d : best;
    }
    return best;
}

/* Mark the residues of all entries; member has g bytes. For a split route those of the replica
 * without offset. */
static void mark_residues(unsigned char *member, nn_route_kind kind, const nn_affine *a,
                          const nn_layout *in, const nn_layout *out, long g)
{
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++) {
            size_t i = a->col[k];
            if (kind != NN_ROUTE_ALIGNED) {
                member[mod(position(in, i) - (long)nn_layout_place(out, o), g)] = 1;
                continue;
            }
            for (size_t c = out->first[o]; c < out->first[o + 1]; c++)
                member[mod(nearest(in, i, out->slot[c]), g)] = 1;
        }
}

/* Thin out a set: of every chain d, d+x, d+2x, ... keep every second element (and the last), so
 * that each d has d or d+x in what is kept. kept may be NULL to count only; seen is scratch. */
static long thin(unsigned char *kept, unsigned char *seen, const unsigned char *member, long g,
                 long x)
{
    long count = 0;
    memset(seen, 0, (size_t)g);
    if (kept != NULL)
        memset(kept, 0, (size_t)g);
    for (int pass = 0; pass < 2; pass++) {
        /* First the chains that have a beginning, then, from anywhere, the closed ones. */
        for (long d = 0; d < g; d++) {
            if (!member[d] || seen[d] || (pass == 0 && member[mod(d - x, g)]))
                continue;
            long length = 0, e = d;
            for (; member[e] && !seen[e]; e = mod(e + x, g), length++) {
                seen[e] = 1;
                if (length % 2 == 1 && kept != NULL)
                    kept[e] = 1;
            }
            if (length % 2 == 1 && kept != NULL)
                kept[mod(e - x, g)] = 1;
            count += (length + 1) / 2;
        }
    }
    return count;
}

nn_status nn_route_generators(int *generator, const nn_affine *a, const nn_layout *in,
                              const nn_layout *out)
{
    if (in->period == in->slots || out->period > in->period || in->generators != 0 ||
        a->rows != out->count || a->cols != in->count)
        return NN_ERR_SHAPE;
    long g = (long)out->period, slack = (long)(in->period - in->extent);
    unsigned char *member = calloc((size_t)g * 3, 1);
    if (member == NULL)
        return NN_ERR_MEMORY;
    unsigned char *seen = member + g, *kept = seen + g;
    mark_residues(member, NN_ROUTE_SPLIT, a, in, out, g);
    int k = 0;
    for (size_t m = in->period; m < in->slots; m *= 2, k++) {
        /* Sorted subset sums differ by at most the largest generator: <= slack keeps replicas
         * apart. */
        long limit = slack < g / 2 ? slack : g / 2, best = 0, best_count = g + 1;
        for (long x = 0; x <= limit; x++) {
            long n = thin(NULL, seen, member, g, x);
            if (n < best_count) {
                best_count = n;
                best = x;
            }
        }
        generator[k] = (int)best;
        if (best != 0) {
            (void)thin(kept, seen, member, g, best);
            memcpy(member, kept, (size_t)g);
        }
    }
    free(member);
    return NN_OK;
}

/* The steps that a route uses, as a set of residues: all that occur, or, for split routes, what is
 * left after thinning by every generator of the input. */
static nn_status step_set(unsigned char **set, nn_route_kind kind, const nn_affine *a,
                          const nn_layout *in, const nn_layout *out, size_t g)
{
    unsigned char *member = calloc(g * 3, 1);
    if (member == NULL)
        return NN_ERR_MEMORY;
    mark_residues(member, kind, a, in, out, (long)g);
    for (int k = 0; kind == NN_ROUTE_SPLIT && k < in->generators; k++) {
        if (in->generator[k] % (int)g == 0)
            continue;
        (void)thin(member + 2 * g, member + g, member, (long)g, in->generator[k]);
        memcpy(member, member + 2 * g, g);
    }
    *set = member;
    return NN_OK;
}

static int fits(nn_route_kind kind, const nn_affine *a, const nn_layout *in, const nn_layout *out)
{
    if (a->rows != out->count || a->cols != in->count || in->slots != out->slots)
        return 0;
    for (size_t i = 0; i < in->count; i++)
        if (nn_layout_copies(in, i) == 0)
            return 0;
    if (kind == NN_ROUTE_PERIODIC)
        return in->generators == 0 && out->generators == 0;
    if (kind == NN_ROUTE_SPLIT)
        return in->generators > 0 && out->generators == 0 && out->period <= in->period;
    if (kind == NN_ROUTE_SPREAD)
        return in->generators == 0 && out->generators == 0 && in->period < in->slots &&
               out->period == out->slots;
    return 1;
}

void nn_route_clear(nn_route *r)
{
    if (r == NULL)
        return;
    free(r->step);
    *r = (nn_route){0};
}

/* Room for count steps, babies and giants. */
static nn_status route_init(nn_route *r, int count)
{
    size_t room = count > 0 ? (size_t)count : 1;
    r->step = calloc(3 * room, sizeof *r->step);
    if (r->step == NULL)
        return NN_ERR_MEMORY;
    r->count = count;
    r->baby = r->step + room;
    r->giant = r->baby + room;
    return NN_OK;
}

static void all_babies(nn_route *r)
{
    r->babies = r->giants = 0;
    for (int k = 0; k < r->count; k++) {
        r->baby[k] = r->step[k];
        r->giant[k] = 0;
        r->babies += r->step[k] != 0;
    }
}

nn_status nn_route_copy(nn_route *out, const nn_route *in)
{
    *out = *in;
    nn_status st = route_init(out, in->count);
    if (st != NN_OK) {
        *out = (nn_route){0};
        return st;
    }
    memcpy(out->step, in->step, (size_t)in->count * sizeof *out->step);
    memcpy(out->baby, in->baby, (size_t)in->count * sizeof *out->baby);
    memcpy(out->giant, in->giant, (size_t)in->count * sizeof *out->giant);
    return NN_OK;
}

/* Folds add up blocks of `block` slots into `whole`. */
static void set_folds(nn_route *r, size_t block, size_t whole)
{
    for (size_t b = block; b < whole && r->fold_count < NN_FOLDS_MAX; b *= 2)
        r->fold[r->fold_count++] = (int)b;
}

nn_status nn_route_find(nn_route *r, nn_route_kind kind, const nn_affine *a, const nn_layout *in,
                        const nn_layout *out)
{
    *r = (nn_route){.kind = kind, .slots = in->slots, .images = 1};
    if (!fits(kind, a, in, out))
        return NN_ERR_SHAPE;
    long g = (long)group_of(kind, in, out);
    unsigned char *set = NULL;
    nn_status st = step_set(&set, kind, a, in, out, (size_t)g);
    if (st != NN_OK)
        return st;
    int count = 0, n = 0;
    for (long d = 0; d < g; d++)
        count += set[d];
    st = route_init(r, count);
    for (long d = -(g / 2); d < g - g / 2 && st == NN_OK; d++)
        if (set[mod(d, g)])
            r->step[n++] = (int)mod(d, (long)r->slots);
    free(set);
    if (st != NN_OK)
        return st;
    r->group = (size_t)g;
    if (kind == NN_ROUTE_PERIODIC && out->period < in->period)
        set_folds(r, out->period, in->period);
    if (kind == NN_ROUTE_SPLIT)
        set_folds(r, out->period, out->slots);
    if (kind == NN_ROUTE_SPREAD)
        set_folds(r, (size_t)g, in->period);
    all_babies(r);
    return NN_OK;
}

nn_status nn_route_given(nn_route *r, const int *step, int count, const nn_affine *a,
                         const nn_layout *in, const nn_layout *out)
{
    *r = (nn_route){.kind = NN_ROUTE_SPLIT, .slots = in->slots, .images = 1};
    if (a->rows != out->count || a->cols != in->count || in->slots != out->slots ||
        out->generators != 0)
        return NN_ERR_SHAPE;
    nn_status st = route_init(r, count);
    if (st != NN_OK)
        return st;
    for (int k = 0; k < count; k++)
        r->step[k] = (int)mod(step[k], (long)r->slots);
    r->group = out->period;
    set_folds(r, out->period, out->slots);
    all_babies(r);
    return NN_OK;
}

void nn_route_represent(nn_route *r, long low)
{
    long images = (long)r->images, slots = (long)r->slots;
    for (int k = 0; k < r->count; k++) {
        long t = represent(r->step[k] / images, (long)r->group, low);
        r->step[k] = (int)mod(t * images, slots);
    }
    all_babies(r);
}

void nn_route_widen(nn_route *r, size_t images)
{
    int m = (int)images;
    r->slots *= images;
    r->images *= images;
    for (int k = 0; k < r->count; k++) {
        r->step[k] *= m;
        r->baby[k] *= m;
        r->giant[k] *= m;
    }
    for (int f = 0; f < r->fold_count; f++)
        r->fold[f] *= m;
}

/* What placing an entry needs; row[d] is the diagonal of residue d, -1 where there is none. */
typedef struct placing {
    const nn_route *r;
    const nn_layout *in, *out;
    const int *row;
    double *value;
    long slots, group; /* without images */
} placing;

static void put(const placing *p, int row, long j, double v)
{
    size_t images = p->r->images;
    double *at = p->value + (size_t)row * p->r->slots + (size_t)mod(j, p->slots) * images;
    for (size_t m = 0; m < images; m++)
        at[m] = v;
}

/* The step of a diagonal, without images. */
static long step_of(const placing *p, int row)
{
    return p->r->step[row] / (long)p->r->images;
}

/* Put one entry of the matrix into the diagonals; 0 when it has no place. */
static int place(const placing *p, size_t o, size_t i, double v)
{
    const nn_layout *in = p->in, *out = p->out;
    long at = (long)nn_layout_place(out, o);
    int row = -1;
    if (p->r->kind == NN_ROUTE_SPLIT) {
        for (size_t k = in->first[i]; k < in->first[i + 1]; k++) {
            row = p->row[mod((long)in->slot[k] - at, p->group)];
            if (row < 0)
                continue;
            put(p, row, (long)in->slot[k] - step_of(p, row), v);
            return 1;
        }
        return 0;
    }
    if (p->r->kind == NN_ROUTE_ALIGNED) {
        for (size_t c = out->first[o]; c < out->first[o + 1]; c++) {
            row = p->row[mod(nearest(in, i, out->slot[c]), p->group)];
            if (row < 0)
                return 0;
            put(p, row, (long)out->slot[c], v);
        }
        return 1;
    }
    long place_in = (long)nn_layout_place(in, i), period = (long)in->period;
    row = p->row[mod(place_in - at, p->group)];
    if (row < 0)
        return 0;
    long t = step_of(p, row);
    if (p->r->kind == NN_ROUTE_SPREAD) {
        put(p, row, at - at % period + mod(place_in - t, period), v);
        return 1;
    }
    /* Every slot of the output's period from which the step leads to a slot of the element; with
     * folds it is one of the blocks that are added up. */
    for (size_t c = out->first[o]; c < out->first[o + 1]; c++)
        if (mod((long)out->slot[c] + t - place_in, period) == 0)
            put(p, row, (long)out->slot[c], v);
    return 1;
}

nn_status nn_route_diagonals(const nn_route *r, double *value, const nn_affine *a,
                             const nn_layout *in, const nn_layout *out)
{
    placing p = {.r = r, .in = in, .out = out, .value = value};
    p.slots = (long)(r->slots / r->images);
    p.group = (long)r->group;
    if (in->slots != (size_t)p.slots || out->slots != (size_t)p.slots)
        return NN_ERR_SHAPE;
    int *row = malloc(r->group * sizeof *row);
    if (row == NULL)
        return NN_ERR_MEMORY;
    for (size_t t = 0; t < r->group; t++)
        row[t] = -1;
    for (int k = 0; k < r->count; k++)
        row[mod(step_of(&p, k), p.group)] = k;
    p.row = row;
    for (size_t k = 0; k < (size_t)r->count * r->slots; k++)
        value[k] = 0.0;
    int placed = 1;
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            placed &= place(&p, o, a->col[k], a->value[k]);
    free(row);
    return placed ? NN_OK : NN_ERR_SHAPE;
}
