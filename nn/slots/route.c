/* Routes: from a sparse matrix and two layouts to diagonals.
 *
 * Steps live in a group Z_g: g is the smaller period (periodic), the period of the output (split),
 * the length of a run (spread) or the number of slots (aligned, where steps are exact). A residue
 * is represented by the number nearest to 0, so that the steps of a convolution form a small window
 * around 0. */
#include "nn/slots/route.h"

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

long nn_route_nearest(const nn_layout *in, size_t i, size_t p)
{
    long slots = (long)in->slots, best = slots;
    for (size_t k = in->first[i]; k < in->first[i + 1]; k++) {
        long d = represent((long)in->slot[k] - (long)p, slots, -(slots / 2));
        best = labs(d) < labs(best) ? d : best;
    }
    return best;
}

/* Mark the steps of an aligned route; member has g bytes. */
static void mark_aligned(unsigned char *member, const nn_affine *a, const nn_layout *in,
                         const nn_layout *out, long g)
{
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            for (size_t c = out->first[o]; c < out->first[o + 1]; c++)
                member[mod(nn_route_nearest(in, a->col[k], out->slot[c]), g)] = 1;
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

nn_status nn_route_generators(int *generator, const nn_pattern *p, const nn_layout *in,
                              const nn_layout *out)
{
    if (in->period == in->slots || out->period > in->period || in->generators != 0 ||
        in->parts != 1 || out->parts != 1 || p->affine->rows != out->count ||
        p->affine->cols != in->count)
        return NN_ERR_SHAPE;
    long g = (long)out->period, slack = (long)(in->period - in->extent);
    unsigned char *member = calloc((size_t)g * 3, 1);
    if (member == NULL)
        return NN_ERR_MEMORY;
    unsigned char *seen = member + g, *kept = seen + g;
    nn_status st = nn_pattern_steps(member, p, in, out, (size_t)g);
    int k = 0;
    for (size_t m = in->period; m < in->slots && st == NN_OK; m *= 2, k++) {
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
    return st;
}

/* The steps that a route uses, as sets of residues, g bytes for each block: all that occur, or, for
 * split routes, what is left after thinning by every generator of the input. */
static nn_status step_set(unsigned char **set, nn_route_kind kind, const nn_pattern *p,
                          const nn_layout *in, const nn_layout *out, size_t g)
{
    unsigned char *member = calloc(g * (in->parts * out->parts + 2), 1);
    nn_status st = NN_OK;
    if (member == NULL)
        return NN_ERR_MEMORY;
    if (kind == NN_ROUTE_ALIGNED)
        mark_aligned(member, p->affine, in, out, (long)g);
    else
        st = nn_pattern_steps(member, p, in, out, g);
    for (int k = 0; kind == NN_ROUTE_SPLIT && st == NN_OK && k < in->generators; k++) {
        if (in->generator[k] % (int)g == 0)
            continue;
        (void)thin(member + 2 * g, member + g, member, (long)g, in->generator[k]);
        memcpy(member, member + 2 * g, g);
    }
    if (st != NN_OK) {
        free(member);
        return st;
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
    if (kind == NN_ROUTE_SAME)
        return nn_layout_equal(in, out) && nn_affine_is_identity(a);
    if (kind == NN_ROUTE_PERIODIC)
        return in->generators == 0 && out->generators == 0;
    if (in->parts != 1 || out->parts != 1)
        return 0;
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
    free(r->entry_step);
    *r = (nn_route){0};
}

/* Room for so many steps, babies and giants, and for so many diagonals. */
static nn_status route_init(nn_route *r, int count, int entries)
{
    size_t room = count > 0 ? (size_t)count : 1, places = entries > 0 ? (size_t)entries : 1;
    r->step = calloc(3 * room, sizeof *r->step);
    r->entry_step = calloc(3 * places, sizeof *r->entry_step);
    if (r->step == NULL || r->entry_step == NULL) {
        nn_route_clear(r);
        return NN_ERR_MEMORY;
    }
    r->count = count;
    r->entries = entries;
    r->baby = r->step + room;
    r->giant = r->baby + room;
    r->entry_in = r->entry_step + places;
    r->entry_out = r->entry_in + places;
    return NN_OK;
}

static void all_babies(nn_route *r)
{
    r->babies = r->giants = r->chain = 0;
    for (int k = 0; k < r->count; k++) {
        r->baby[k] = r->step[k];
        r->giant[k] = 0;
        r->babies += r->step[k] != 0;
    }
}

nn_status nn_route_copy(nn_route *out, const nn_route *in)
{
    *out = *in;
    nn_status st = route_init(out, in->count, in->entries);
    if (st != NN_OK)
        return st;
    size_t steps = (size_t)in->count * sizeof *out->step;
    size_t places = (size_t)in->entries * sizeof *out->entry_step;
    memcpy(out->step, in->step, steps);
    memcpy(out->baby, in->baby, steps);
    memcpy(out->giant, in->giant, steps);
    memcpy(out->entry_step, in->entry_step, places);
    memcpy(out->entry_in, in->entry_in, places);
    memcpy(out->entry_out, in->entry_out, places);
    return NN_OK;
}

/* Folds add up blocks of `block` slots into `whole`. */
static void set_folds(nn_route *r, size_t block, size_t whole)
{
    for (size_t b = block; b < whole && r->fold_count < NN_FOLDS_MAX; b *= 2)
        r->fold[r->fold_count++] = (int)b;
}

/* Steps and diagonals from the sets of all blocks; the set of block b begins at set + b * g. */
static nn_status set_steps(nn_route *r, const unsigned char *set, long g)
{
    size_t blocks = r->in_parts * r->out_parts;
    int count = 0, entries = 0, n = 0, e = 0;
    for (long d = 0; d < g; d++) {
        int here = 0;
        for (size_t b = 0; b < blocks; b++)
            here += set[b * (size_t)g + (size_t)d];
        count += here > 0;
        entries += here;
    }
    nn_status st = route_init(r, count, entries);
    for (long d = -(g / 2); d < g - g / 2 && st == NN_OK; d++) {
        int before = e;
        for (size_t b = 0; b < blocks; b++) {
            if (!set[b * (size_t)g + (size_t)mod(d, g)])
                continue;
            r->entry_step[e] = (uint16_t)n;
            r->entry_in[e] = (uint16_t)(b / r->out_parts);
            r->entry_out[e++] = (uint16_t)(b % r->out_parts);
        }
        if (e > before)
            r->step[n++] = (int)mod(d, (long)r->slots);
    }
    return st;
}

nn_status nn_route_find(nn_route *r, nn_route_kind kind, const nn_pattern *p, const nn_layout *in,
                        const nn_layout *out)
{
    const nn_route plain = {.kind = kind,
                            .slots = in->slots,
                            .images = 1,
                            .in_parts = in->parts,
                            .out_parts = out->parts};
    *r = (nn_route){0};
    if (!fits(kind, p->affine, in, out))
        return NN_ERR_SHAPE;
    *r = plain;
    if (kind == NN_ROUTE_SAME) {
        r->group = r->slots;
        return route_init(r, 0, 0);
    }
    long g = (long)group_of(kind, in, out);
    unsigned char *set = NULL;
    nn_status st = step_set(&set, kind, p, in, out, (size_t)g);
    if (st == NN_OK)
        st = set_steps(r, set, g);
    free(set);
    if (st != NN_OK) {
        nn_route_clear(r);
        return st;
    }
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

nn_status nn_route_find_affine(nn_route *r, nn_route_kind kind, const nn_affine *a,
                               const nn_layout *in, const nn_layout *out)
{
    nn_pattern p;
    *r = (nn_route){0};
    nn_status st = nn_pattern_find(&p, a);
    if (st == NN_OK)
        st = nn_route_find(r, kind, &p, in, out);
    nn_pattern_clear(&p);
    return st;
}

nn_status nn_route_given(nn_route *r, const int *step, int count, const nn_affine *a,
                         const nn_layout *in, const nn_layout *out)
{
    *r = (nn_route){0};
    if (a->rows != out->count || a->cols != in->count || in->slots != out->slots ||
        in->parts != 1 || out->parts != 1 || out->generators != 0)
        return NN_ERR_SHAPE;
    *r = (nn_route){.kind = NN_ROUTE_SPLIT, .slots = in->slots, .images = 1};
    r->in_parts = r->out_parts = 1;
    nn_status st = route_init(r, count, count);
    if (st != NN_OK)
        return st;
    for (int k = 0; k < count; k++) {
        r->step[k] = (int)mod(step[k], (long)r->slots);
        r->entry_step[k] = (uint16_t)k;
    }
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
