/* Routes: from a sparse matrix and two layouts to diagonals.
 *
 * Steps live in a group Z_g: g is the smaller period (periodic), the period of the output (split)
 * or the number of slots (aligned, where steps are exact). A residue is represented by the number
 * nearest to 0, so that the steps of a convolution form a small window around 0. */
#include "nn/route.h"

#include <stdlib.h>
#include <string.h>

#include "ckks/circuits.h"

/* Nominal costs in milliseconds of a baby step, a giant step, a fold and a diagonal, at N = 2^13
 * with 3 limbs and portable kernels. Only ratios matter, and they drift little with N and level. */
static const double cost_baby = 0.20, cost_giant = 1.1, cost_fold = 1.3, cost_diagonal = 0.06;

static long mod(long x, long m)
{
    long r = x % m;
    return r < 0 ? r + m : r;
}

/* The representative of x modulo m in [-m/2, m/2). */
static long centre(long x, long m)
{
    long r = mod(x, m);
    return r >= m - m / 2 ? r - m : r;
}

static long group_of(nn_route_kind kind, const nn_layout *in, const nn_layout *out)
{
    if (kind == NN_ROUTE_PERIODIC)
        return (long)(in->period < out->period ? in->period : out->period);
    return kind == NN_ROUTE_SPLIT ? (long)out->period : (long)out->slots;
}

/* Offset of replica b of a layout. */
static long offset_of(const nn_layout *l, size_t b)
{
    return (long)l->start[b] - (long)(b * l->period);
}

/* Step of entry (o,i) as a residue of the group, before any offset. For aligned routes the copy of
 * the input inside the replica of the output that is nearest to the output's position. */
static long residue(nn_route_kind kind, const nn_layout *in, const nn_layout *out, size_t o,
                    size_t i)
{
    long d = (long)in->position[i] - (long)out->position[o];
    if (kind == NN_ROUTE_ALIGNED) {
        long best = d;
        for (size_t b = 1; b < out->period / in->period; b++) {
            long other = d + (long)(b * in->period);
            best = labs(other) < labs(best) ? other : best;
        }
        d = best;
    }
    return mod(d, group_of(kind, in, out));
}

/* Mark the residues of all entries; member has group_of() bytes. */
static void mark_residues(unsigned char *member, nn_route_kind kind, const nn_affine *a,
                          const nn_layout *in, const nn_layout *out)
{
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            member[residue(kind, in, out, o, a->col[k])] = 1;
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
    if (in->replicas < 2 || out->period > in->period || in->generators != 0 ||
        a->rows != out->count || a->cols != in->count)
        return NN_ERR_SHAPE;
    long g = (long)out->period, slack = (long)(in->period - in->extent);
    unsigned char *member = calloc((size_t)g * 3, 1);
    if (member == NULL)
        return NN_ERR_MEMORY;
    unsigned char *seen = member + g, *kept = seen + g;
    mark_residues(member, NN_ROUTE_SPLIT, a, in, out);
    int k = 0;
    for (size_t m = 1; m < in->replicas; m *= 2, k++) {
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
                          const nn_layout *in, const nn_layout *out)
{
    size_t g = (size_t)group_of(kind, in, out);
    unsigned char *member = calloc(g * 3, 1);
    if (member == NULL)
        return NN_ERR_MEMORY;
    mark_residues(member, kind, a, in, out);
    for (int k = 0; kind == NN_ROUTE_SPLIT && k < in->generators; k++) {
        if (in->generator[k] == 0)
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
    if (kind == NN_ROUTE_PERIODIC)
        return in->generators == 0 && out->generators == 0;
    if (kind == NN_ROUTE_SPLIT)
        return in->generators > 0 && out->generators == 0 && out->period <= in->period;
    if (out->period < in->period)
        return 0;
    for (size_t b = 0; b < in->replicas; b++)
        if (offset_of(in, b) != offset_of(out, b * in->period / out->period))
            return 0;
    return 1;
}

/* Count distinct values other than 0. */
static int distinct(const int *value, int count, size_t slots, unsigned char *seen)
{
    int n = 0;
    memset(seen, 0, slots);
    for (int k = 0; k < count; k++) {
        n += value[k] != 0 && !seen[value[k]];
        seen[value[k]] = 1;
    }
    return n;
}

void nn_route_clear(nn_route *r)
{
    if (r == NULL)
        return;
    free(r->step);
    *r = (nn_route){0};
}

nn_status nn_route_copy(nn_route *out, const nn_route *in)
{
    size_t room = (size_t)(in->giant - in->baby);
    *out = *in;
    out->step = malloc(3 * room * sizeof *out->step);
    if (out->step == NULL) {
        *out = (nn_route){0};
        return NN_ERR_MEMORY;
    }
    memcpy(out->step, in->step, 3 * room * sizeof *out->step);
    out->baby = out->step + room;
    out->giant = out->baby + room;
    return NN_OK;
}

/* Folds add up `blocks` consecutive blocks of the output's period. */
static void set_folds(nn_route *r, size_t blocks, size_t period)
{
    for (size_t b = 1; b < blocks && r->fold_count < NN_FOLDS_MAX; b *= 2)
        r->fold[r->fold_count++] = (int)(b * period);
}

nn_status nn_route_find(nn_route *r, nn_route_kind kind, const nn_affine *a, const nn_layout *in,
                        const nn_layout *out)
{
    *r = (nn_route){.kind = kind, .slots = in->slots};
    if (!fits(kind, a, in, out))
        return NN_ERR_SHAPE;
    long g = group_of(kind, in, out);
    unsigned char *set = NULL;
    nn_status st = step_set(&set, kind, a, in, out);
    if (st != NN_OK)
        return st;
    for (long d = 0; d < g; d++)
        r->count += set[d];
    int room = r->count > 0 ? r->count : 1;
    r->step = malloc((size_t)room * 3 * sizeof *r->step);
    unsigned char *seen = malloc(r->slots);
    if (r->step == NULL || seen == NULL) {
        st = NN_ERR_MEMORY;
        goto out;
    }
    r->baby = r->step + room;
    r->giant = r->baby + room;
    int n = 0;
    for (long d = -(g / 2); d < g - g / 2; d++)
        if (set[mod(d, g)])
            r->step[n++] = (int)mod(d, (long)r->slots);
    if (kind == NN_ROUTE_PERIODIC && out->period < in->period)
        set_folds(r, in->period / out->period, out->period);
    if (kind == NN_ROUTE_SPLIT)
        set_folds(r, out->slots / out->period, out->period);
    ckks_lintrans_split(r->baby, r->giant, r->step, r->count, r->slots, cost_baby, cost_giant);
    r->babies = distinct(r->baby, r->count, r->slots, seen);
    r->giants = distinct(r->giant, r->count, r->slots, seen);
    r->cost = cost_baby * r->babies + cost_giant * r->giants + cost_fold * r->fold_count +
              cost_diagonal * r->count;
out:
    free(seen);
    free(set);
    if (st != NN_OK)
        nn_route_clear(r);
    return st;
}

/* Put one entry of the matrix into the diagonals; row[t] is the index of the diagonal with step t.
 */
static void place(double *value, const int *row, const nn_route *r, const nn_layout *in,
                  const nn_layout *out, size_t o, size_t i, double v)
{
    long slots = (long)r->slots, g = group_of(r->kind, in, out);
    long d = residue(r->kind, in, out, o, i);
    if (r->kind == NN_ROUTE_SPLIT) {
        for (size_t b = 0; b < in->replicas; b++) {
            long t = mod(centre(d + offset_of(in, b), g), slots);
            if (row[t] < 0)
                continue;
            long j = mod((long)in->start[b] + (long)in->position[i] - t, slots);
            value[(long)row[t] * slots + j] = v;
            return;
        }
        return;
    }
    long t = mod(centre(d, g), slots);
    for (size_t c = 0; c < out->replicas; c++) {
        long j = mod((long)out->start[c] + (long)out->position[o], slots);
        if (r->kind == NN_ROUTE_ALIGNED || mod(j + t, (long)in->period) == (long)in->position[i])
            value[(long)row[t] * slots + j] = v;
    }
}

nn_status nn_route_diagonals(const nn_route *r, double *value, const nn_affine *a,
                             const nn_layout *in, const nn_layout *out)
{
    int *row = malloc(r->slots * sizeof *row);
    if (row == NULL)
        return NN_ERR_MEMORY;
    for (size_t t = 0; t < r->slots; t++)
        row[t] = -1;
    for (int k = 0; k < r->count; k++)
        row[r->step[k]] = k;
    for (size_t k = 0; k < (size_t)r->count * r->slots; k++)
        value[k] = 0.0;
    for (size_t o = 0; o < a->rows; o++)
        for (size_t k = a->row_start[o]; k < a->row_start[o + 1]; k++)
            place(value, row, r, in, out, o, a->col[k], a->value[k]);
    free(row);
    return NN_OK;
}
