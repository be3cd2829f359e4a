/* Choosing baby and giant steps for a set of diagonal indices.
 *
 * Indices are read as numbers in [-slots/2, slots/2), so that a window around 0 is one run. A
 * candidate cuts a number x at a stride n1: its low part lies in [-offset, n1 - offset), the rest
 * is a multiple of n1. A second stride n2 (a multiple of n1) may cut out a middle part. Every
 * candidate is tried with either part as the babies; the cheapest by baby_cost |babies \ 0| +
 * giant_cost |giants \ 0| wins, the first on a tie. Strides tried: all small numbers, powers of
 * two, and what the set itself suggests (gaps between its elements, as in {32 dy + dx}).
 * Source: [HS18] section 4
 */
#include "ckks/circuits.h"

#include <string.h>

enum {
    MAX_SLOTS = 1 << (CKKS_MAX_LOG_N - 1),
    SMALL_STRIDES = 96, /* all strides up to here */
    MAX_STRIDES = 160
};

/* A way to cut: low part modulo n1 around offset1; n2 = 0: the rest is the high part; else the
 * high part is what lies between n1 and n2. swap: the low (outer) part is the giant. */
typedef struct cut {
    int n1, offset1, n2, offset2, swap;
} cut;

typedef struct step_set {
    uint64_t bits[MAX_SLOTS / 64];
} step_set;

/* floor(x / n) for n > 0. */
static int floor_divide(int x, int n)
{
    return x >= 0 ? x / n : -((n - 1 - x) / n);
}

/* x rounded down to a multiple of n, the remainder lying in [-offset, n - offset). */
static int multiple_part(int x, int n, int offset)
{
    return floor_divide(x + offset, n) * n;
}

static void split_one(int *baby, int *giant, int index, const cut *c, int slots)
{
    int x = index < slots - slots / 2 ? index : index - slots;
    int high = multiple_part(x, c->n1, c->offset1);
    int low = 0;

    if (c->n2 > 0)
        high -= multiple_part(high, c->n2, c->offset2);
    low = x - high;
    *baby = (c->swap ? high : low) & (slots - 1);
    *giant = (c->swap ? low : high) & (slots - 1);
}

/* 1 when value is new in the set. */
static int insert(step_set *set, int value)
{
    uint64_t bit = UINT64_C(1) << (value & 63);
    int fresh = (set->bits[value >> 6] & bit) == 0;

    set->bits[value >> 6] |= bit;
    return fresh;
}

/* Cost of a candidate; stops counting above `best`. */
static double cost_of(const cut *c, const int *index, int count, int slots, double baby_cost,
                      double giant_cost, double best)
{
    step_set babies;
    step_set giants;
    double cost = 0.0;

    memset(babies.bits, 0, (size_t)(slots + 63) / 64 * sizeof babies.bits[0]);
    memset(giants.bits, 0, (size_t)(slots + 63) / 64 * sizeof giants.bits[0]);
    for (int i = 0; i < count && cost < best; i++) {
        int baby = 0;
        int giant = 0;
        split_one(&baby, &giant, index[i], c, slots);
        if (baby != 0 && insert(&babies, baby))
            cost += baby_cost;
        if (giant != 0 && insert(&giants, giant))
            cost += giant_cost;
    }
    return cost;
}

static int add_stride(int *strides, int count, int value, int slots)
{
    if (value < 1 || value > slots || count >= MAX_STRIDES)
        return count;
    for (int i = 0; i < count; i++) {
        if (strides[i] == value)
            return count;
    }
    strides[count] = value;
    return count + 1;
}

/* Smallest element of the set above x; -1 when there is none. */
static int next_above(const step_set *set, int x, int slots)
{
    for (int v = x + 1; v < slots; v++) {
        if (set->bits[v >> 6] >> (v & 63) & 1)
            return v;
    }
    return -1;
}

/* Strides: powers of two, small numbers, and distances between starts of runs in the set. */
static int collect_strides(int *strides, const int *index, int count, int slots)
{
    step_set set;
    int strides_count = 0;
    int run_start = -1;
    int last = -1;

    memset(&set, 0, sizeof set);
    for (int i = 0; i < count; i++)
        (void)insert(&set, index[i] & (slots - 1));
    for (int n = slots; n >= 1; n /= 2)
        strides_count = add_stride(strides, strides_count, n, slots);
    for (int v = next_above(&set, -1, slots); v >= 0 && strides_count < MAX_STRIDES - SMALL_STRIDES;
         v = next_above(&set, v, slots)) {
        if (last < 0 || v > last + 1) {
            if (run_start >= 0)
                strides_count = add_stride(strides, strides_count, v - run_start, slots);
            run_start = v;
        }
        last = v;
    }
    for (int n = 1; n <= SMALL_STRIDES; n++)
        strides_count = add_stride(strides, strides_count, n, slots);
    return strides_count;
}

/* Try both roles of one cut; remember the cheapest. */
static void try_cut(cut *best, double *best_cost, cut c, const int *index, int count, int slots,
                    double baby_cost, double giant_cost)
{
    for (c.swap = 0; c.swap < 2; c.swap++) {
        double cost = cost_of(&c, index, count, slots, baby_cost, giant_cost, *best_cost);
        if (cost < *best_cost) {
            *best_cost = cost;
            *best = c;
        }
    }
}

void ckks_lintrans_split(int *baby, int *giant, const int *index, int count, size_t slots,
                         double baby_cost, double giant_cost)
{
    int strides[MAX_STRIDES];
    int n = (int)slots;
    int strides_count = collect_strides(strides, index, count, n);
    cut best = {n, n / 2, 0, 0, 0}; /* all babies */
    double best_cost = cost_of(&best, index, count, n, baby_cost, giant_cost, 1e300);

    for (int i = 0; i < strides_count; i++) {
        for (int o1 = 0; o1 < 2; o1++) {
            cut c = {strides[i], o1 * (strides[i] / 2), 0, 0, 0};
            try_cut(&best, &best_cost, c, index, count, n, baby_cost, giant_cost);
            for (int k = 0; k < strides_count; k++) {
                if (strides[k] <= strides[i] || strides[k] % strides[i] != 0 || strides[i] == 1)
                    continue;
                c.n2 = strides[k];
                for (int o2 = 0; o2 < 2; o2++) {
                    c.offset2 = o2 * (strides[k] / 2);
                    try_cut(&best, &best_cost, c, index, count, n, baby_cost, giant_cost);
                }
            }
        }
    }
    for (int i = 0; i < count; i++)
        split_one(&baby[i], &giant[i], index[i], &best, n);
}
