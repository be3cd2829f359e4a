/* Cuts: a stride n and an offset cut a step x, read around 0, into a low part in
 * [-offset, n - offset) and the rest, a multiple of n; either may be the baby step. A second, outer
 * stride cuts the rest again, and its high part goes with the low one: the columns and channels of
 * a convolution against its rows. Strides tried: small ones, powers of two, and the distances
 * between runs of steps. */
#include "nn/slots/turns.h"

#include <math.h>
#include <stdlib.h>

enum { SMALL_STRIDES = 24, STRIDES_MAX = 64, ROUNDS_MAX = 4, LOWS = 3 };
/* Routes of so many steps are cut twice: when they are split by themselves, and when all are. */
enum { TWICE_SPLIT = 256, TWICE_TUNE = 48 };
enum { SEEN_BABY = 1, SEEN_GIANT = 2, SEEN_HOP = 4 };

typedef struct cut {
    int stride, offset;
    int outer, outer_offset; /* a multiple of stride; 0: none */
    int swap, chain;
} cut;

/* For the steps of one route. */
typedef struct scratch {
    unsigned char *seen; /* per slot, of the cut being tried; 0 between them */
    int *baby, *giant;   /* per step, distinct ones of a cut */
    int *x, *sample;     /* per step, see turning */
} scratch;

/* What keys the other routes have, and marks for counting. */
typedef struct turning {
    const double *owned; /* price of the dearest key that another route has; NULL: none has any */
    scratch room; /* x: the steps as numbers to be cut; sample: the same, far ones together */
    size_t slots, images;
} turning;

/* 1 when there was the memory; to be cleared either way. */
static int scratch_init(scratch *s, size_t slots, size_t steps)
{
    s->seen = calloc(slots, 1);
    s->baby = malloc(4 * steps * sizeof *s->baby);
    if (s->baby == NULL)
        return 0;
    s->giant = s->baby + steps;
    s->x = s->giant + steps;
    s->sample = s->x + steps;
    return s->seen != NULL;
}

static void scratch_clear(scratch *s)
{
    free(s->seen);
    free(s->baby);
}

nn_turn_price nn_turns_price(const nn_cost_at *at, const nn_cost_at *fold)
{
    nn_turn_price p = {.key = nn_cost_key(at), .fold_key = nn_cost_key(fold)};
    p.baby = nn_cost_baby(at) - p.key;
    p.giant = nn_cost_giant(at, 0) - p.key;
    p.hop = nn_cost_giant(at, 1);
    p.fold = nn_cost_fold(fold) - p.fold_key;
    p.diagonal = nn_cost_diagonal(at);
    p.divide = nn_cost_base(at, 0, 1);
    p.hoist = nn_cost_base(at, 1, 1) - p.divide;
    p.scalar = nn_cost_sums(at, 1.0) + nn_cost_rescale(at, at->limbs, 1);
    return p;
}

static double key_price(const turning *t, int step, double price)
{
    if (t->owned == NULL || t->owned[step] <= 0.0)
        return price;
    return price > t->owned[step] ? price - t->owned[step] : 0.0;
}

static int floor_divide(int x, int n)
{
    return x >= 0 ? x / n : -((n - 1 - x) / n);
}

/* x in [0, slots) as the number nearest to 0 that is congruent. */
static int centre(int x, size_t slots)
{
    return x >= (int)(slots - slots / 2) ? x - (int)slots : x;
}

/* The number around 0 that a step is. */
static int number_of(const turning *t, int step)
{
    return centre(step, t->slots) / (int)t->images;
}

/* Lists the numbers of a route. A sample takes them about a golden section apart, so that its first
 * ones lie all over the route. */
static void list_numbers(const turning *t, const nn_route *r)
{
    size_t count = (size_t)r->count, size = nn_layout_pow2(count), leap = size * 5 / 8 | 1;
    for (size_t k = 0; k < count; k++)
        t->room.x[k] = number_of(t, r->step[k]);
    for (size_t k = 0, at = 0; k < count; at = (at + leap) & (size - 1))
        if (at < count)
            t->room.sample[k++] = t->room.x[at];
}

static void cut_number(const turning *t, const cut *c, int x, int *baby, int *giant)
{
    int slots = (int)t->slots, images = (int)t->images;
    int high = floor_divide(x + c->offset, c->stride) * c->stride, low = x - high;
    if (c->outer != 0) {
        int top = floor_divide(high + c->outer_offset, c->outer) * c->outer;
        high -= top;
        low += top;
    }
    *baby = (c->swap ? high : low) * images & (slots - 1);
    *giant = (c->swap ? low : high) * images & (slots - 1);
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* The hop to each giant of a sorted list from the one before, in [0, slots); the first comes from
 * 0. Rotations of a chain as in ckks/circuits.h. */
static int hop_to(const int *giant, int k, size_t slots)
{
    int hop = k == 0 ? giant[0] : giant[k] - giant[k - 1];
    return hop < 0 ? hop + (int)slots : hop;
}

/* Cost of giants that have a key each, or that go in a chain, whichever is less; babies are marked
 * as seen. */
static double giants_cost(const turning *t, cut *c, int count, const nn_route *r,
                          const nn_turn_price *price)
{
    double parts = (double)r->out_parts, own = 0.0, chain = 0.0;
    for (int k = 0; k < count; k++) {
        int step = t->room.giant[k];
        if (step != 0)
            own += price->giant * parts;
        if (step != 0 && !(t->room.seen[step] & SEEN_BABY))
            own += key_price(t, step, price->key);
    }
    c->chain = 0;
    if (price->hop <= 0.0 || count < 2)
        return own;
    for (int k = 0; k < count; k++)
        t->room.giant[k] = centre(t->room.giant[k], t->slots);
    qsort(t->room.giant, (size_t)count, sizeof *t->room.giant, ascending);
    for (int k = 0; k < count; k++) {
        int hop = hop_to(t->room.giant, k, t->slots);
        if (hop != 0)
            chain += price->hop * parts;
        if (hop != 0 && !(t->room.seen[hop] & (SEEN_BABY | SEEN_HOP)))
            chain += key_price(t, hop, price->key);
        t->room.seen[hop] |= SEEN_HOP;
    }
    for (int k = 0; k < count; k++)
        t->room.seen[hop_to(t->room.giant, k, t->slots)] &= (unsigned char)~SEEN_HOP;
    c->chain = chain < own;
    return c->chain ? chain : own;
}

/* Least time of a giant other than 0; one of those that a cut has may be 0. */
static double least_giant(const nn_route *r, const nn_turn_price *price)
{
    double least = price->hop > 0.0 ? fmin(price->giant, price->hop) : price->giant;
    return least * (double)r->out_parts;
}

/* What has been counted of a cut. */
typedef struct tally {
    double cost; /* of the babies */
    int babies, giants;
} tally;

static void count_number(const turning *t, const cut *c, int x, const nn_route *r,
                         const nn_turn_price *price, tally *n)
{
    unsigned char *seen = t->room.seen;
    int baby = 0, giant = 0;
    cut_number(t, c, x, &baby, &giant);
    if (!(seen[baby] & SEEN_BABY)) {
        if (baby != 0)
            n->cost += price->baby * (double)r->in_parts + key_price(t, baby, price->key);
        t->room.baby[n->babies++] = baby;
        seen[baby] |= SEEN_BABY;
    }
    if (!(seen[giant] & SEEN_GIANT)) {
        t->room.giant[n->giants++] = giant;
        seen[giant] |= SEEN_GIANT;
    }
}

/* Takes the marks off; giants may be centred by now. */
static void forget(const turning *t, const tally *n)
{
    for (int k = 0; k < n->babies; k++)
        t->room.seen[t->room.baby[k]] = 0;
    for (int k = 0; k < n->giants; k++)
        t->room.seen[t->room.giant[k] & ((int)t->slots - 1)] = 0;
}

/* 1 when the first numbers of the sample alone make a cut dearer than the budget, by more than what
 * the order of the sums may change. */
static int is_dear(const turning *t, const cut *c, const nn_route *r, const nn_turn_price *price,
                   double budget)
{
    double least = least_giant(r, price), limit = budget * (1.0 + 1e-9);
    tally n = {0.0, 0, 0};
    for (int k = 0; k < r->count && n.cost + (n.giants - 1) * least < limit; k++)
        count_number(t, c, t->room.sample[k], r, price, &n);
    forget(t, &n);
    return n.cost + (n.giants - 1) * least >= limit;
}

/* Cost of the rotations of a cut, or something of at least `budget`; says in c->chain how the
 * giants go. */
static double cut_cost(const turning *t, cut *c, const nn_route *r, const nn_turn_price *price,
                       double budget)
{
    tally n = {0.0, 0, 0};
    if (is_dear(t, c, r, price, budget))
        return HUGE_VAL;
    for (int k = 0; k < r->count; k++)
        count_number(t, c, t->room.x[k], r, price, &n);
    double cost = n.cost + giants_cost(t, c, n.giants, r, price);
    forget(t, &n);
    return cost;
}

static int add_stride(int *stride, int count, long n, long most)
{
    if (n < 1 || n > most || count == STRIDES_MAX)
        return count;
    for (int k = 0; k < count; k++)
        if (stride[k] == n)
            return count;
    stride[count] = (int)n;
    return count + 1;
}

static int collect_strides(int *stride, const nn_route *r)
{
    long images = (long)r->images, most = (long)r->slots / images, start = 0, last = 0;
    int count = 0;
    for (int n = 1; n <= SMALL_STRIDES; n++)
        count = add_stride(stride, count, n, most);
    for (long n = 32; n <= most; n *= 2)
        count = add_stride(stride, count, n, most);
    /* Steps come in runs; they are ascending around 0. */
    for (int k = 0; k < r->count && count < STRIDES_MAX; k++) {
        long x = r->step[k] / images;
        if (k > 0 && x != last + 1) {
            count = add_stride(stride, count, labs(x - start), most);
            start = x;
        }
        last = x;
    }
    return count;
}

/* Try a pair of strides with all offsets, either part as the babies. */
static double try_strides(const turning *t, cut *best, int stride, int outer, const nn_route *r,
                          const nn_turn_price *price, double budget)
{
    for (int choice = 0; choice < (outer != 0 ? 8 : 4); choice++) {
        cut c = {.stride = stride, .outer = outer, .swap = choice % 2};
        c.offset = choice / 2 % 2 * (stride / 2);
        c.outer_offset = choice / 4 * (outer / 2);
        double cost = cut_cost(t, &c, r, price, budget);
        if (cost < budget) {
            budget = cost;
            *best = c;
        }
    }
    return budget;
}

/* The cheapest cut of the steps as they are represented now. */
static double best_cut(const turning *t, cut *best, const nn_route *r, const nn_turn_price *price,
                       double budget, int twice)
{
    int stride[STRIDES_MAX], count = collect_strides(stride, r);
    list_numbers(t, r);
    for (int k = 0; k < count; k++)
        budget = try_strides(t, best, stride[k], 0, r, price, budget);
    for (int k = 0; k < count && twice; k++)
        for (int o = 0; o < count; o++)
            if (stride[k] > 1 && stride[o] > stride[k] && stride[o] % stride[k] == 0)
                budget = try_strides(t, best, stride[k], stride[o], r, price, budget);
    return budget;
}

static int count_distinct(const turning *t, const int *step, int count)
{
    int n = 0;
    for (int k = 0; k < count; k++) {
        n += step[k] != 0 && !t->room.seen[step[k]];
        t->room.seen[step[k]] = 1;
    }
    for (int k = 0; k < count; k++)
        t->room.seen[step[k]] = 0;
    return n;
}

static void apply_cut(const turning *t, const cut *c, nn_route *r)
{
    for (int k = 0; k < r->count; k++)
        cut_number(t, c, number_of(t, r->step[k]), &r->baby[k], &r->giant[k]);
    r->babies = count_distinct(t, r->baby, r->count);
    r->giants = count_distinct(t, r->giant, r->count);
    r->chain = c->chain;
}

/* Time and price of what no cut changes. */
static double fixed_cost(const nn_route *r, const nn_turn_price *price)
{
    double parts = (double)r->out_parts;
    if (r->kind == NN_ROUTE_SAME)
        return price->scalar * parts;
    return price->diagonal * r->entries + (price->fold * parts + price->fold_key) * r->fold_count +
           price->divide * parts + price->hoist * (double)r->in_parts;
}

double nn_turns_least(const nn_route *r, const nn_turn_price *price)
{
    double least = HUGE_VAL, baby = price->baby * (double)r->in_parts;
    double giant = price->giant * (double)r->out_parts, hop = price->hop * (double)r->out_parts;
    /* b babies and g giants, rotation 0 apart, make at most (b + 1)(g + 1) steps. A giant's key may
     * be a baby's. */
    for (int b = 0; b < r->count; b++) {
        int g = (r->count + b) / (b + 1) - 1;
        double cost = b * baby + g * giant + (b > g ? b : g) * price->key;
        if (price->hop > 0.0)
            cost = fmin(cost, b * (baby + price->key) + g * hop);
        least = cost < least ? cost : least;
    }
    return (r->count > 0 ? least : 0.0) + fixed_cost(r, price);
}

double nn_turns_split(nn_route *r, const nn_turn_price *price)
{
    turning t = {.slots = r->slots, .images = r->images};
    cut best = {.stride = (int)(r->slots / r->images)};
    double cost = -1.0;
    if (r->count == 0)
        return fixed_cost(r, price);
    if (scratch_init(&t.room, r->slots, (size_t)r->count)) {
        cost = best_cut(&t, &best, r, price, HUGE_VAL, r->count >= TWICE_SPLIT);
        apply_cut(&t, &best, r);
        cost += fixed_cost(r, price);
    }
    scratch_clear(&t.room);
    return cost;
}

/* The numbers that steps of a group may be represented by begin at one of these. */
static long low_of(const nn_route *r, int which)
{
    long g = (long)r->group;
    return which == 0 ? -(g / 2) : which == 1 ? 0 : 1 - g;
}

/* Split one route anew against the keys of the others. */
static nn_status split_again(const turning *t, nn_route *r, const nn_turn_price *price)
{
    double budget = HUGE_VAL;
    nn_route best = {0};
    nn_status st = NN_OK;
    for (int which = 0; which < LOWS && st == NN_OK; which++) {
        cut c = {.stride = 1};
        nn_route trial;
        if (which > 0 && r->group == r->slots / r->images)
            break;
        st = nn_route_copy(&trial, r);
        if (st != NN_OK)
            break;
        nn_route_represent(&trial, low_of(r, which));
        double cost = best_cut(t, &c, &trial, price, budget, r->count >= TWICE_TUNE);
        if (cost < budget) {
            apply_cut(t, &c, &trial);
            nn_route_clear(&best);
            best = trial;
            budget = cost;
        } else {
            nn_route_clear(&trial);
        }
    }
    if (st == NN_OK) {
        nn_route_clear(r);
        *r = best;
    } else {
        nn_route_clear(&best);
    }
    return st;
}

static void own(double *owned, int step, double price)
{
    if (step != 0 && owned[step] < price)
        owned[step] = price;
}

/* What the descent works on. */
typedef struct tuning {
    const nn_turn_price *price;
    size_t per_price, count, slots;
    double *owned;
    scratch room; /* of the longest route */
} tuning;

static const nn_turn_price *price_of(const tuning *u, size_t k)
{
    return &u->price[k / u->per_price];
}

/* The distinct giants of a route, ascending around 0; returns how many. */
static int list_giants(const tuning *u, const nn_route *r)
{
    int count = 0;
    for (int k = 0; k < r->count; k++)
        if (!u->room.seen[r->giant[k]]) {
            u->room.seen[r->giant[k]] = 1;
            u->room.giant[count++] = centre(r->giant[k], r->slots);
        }
    for (int k = 0; k < r->count; k++)
        u->room.seen[r->giant[k]] = 0;
    qsort(u->room.giant, (size_t)count, sizeof *u->room.giant, ascending);
    return count;
}

/* Price the keys of a route's rotations. */
static void own_route(const tuning *u, const nn_route *r, double price)
{
    int count = r->chain ? list_giants(u, r) : 0;
    for (int i = 0; i < r->count; i++) {
        own(u->owned, r->baby[i], price);
        if (!r->chain)
            own(u->owned, r->giant[i], price);
    }
    for (int i = 0; i < count; i++)
        own(u->owned, hop_to(u->room.giant, i, r->slots), price);
}

/* Prices of the keys of the first `count` routes but one, and of all folds. */
static void own_all(const tuning *u, const nn_route *route, size_t count, size_t without)
{
    for (size_t j = 0; j < u->slots; j++)
        u->owned[j] = 0.0;
    for (size_t k = 0; k < u->count; k++) {
        if (k < count && k != without)
            own_route(u, &route[k], price_of(u, k)->key);
        for (int f = 0; f < route[k].fold_count; f++)
            own(u->owned, route[k].fold[f], price_of(u, k)->fold_key);
    }
}

static double total_cost(const tuning *u, const nn_route *route)
{
    double cost = 0.0;
    for (size_t k = 0; k < u->count; k++) {
        const nn_turn_price *price = price_of(u, k);
        const nn_route *r = &route[k];
        double giants = price->giant * r->giants;
        if (r->slots == 0)
            continue;
        if (r->chain) {
            int hops = 0;
            for (int i = list_giants(u, r); i-- > 0;)
                hops += hop_to(u->room.giant, i, r->slots) != 0;
            giants = price->hop * hops;
        }
        cost += price->baby * r->babies * (double)r->in_parts + giants * (double)r->out_parts +
                fixed_cost(r, price) - price->fold_key * r->fold_count;
    }
    for (size_t j = 0; j < u->slots; j++)
        cost += u->owned[j];
    return cost;
}

/* Split all routes again and again, each against the others' keys, while it gets cheaper. fresh: in
 * the first round the steps of later routes do not count. */
static nn_status descend(const tuning *u, nn_route *route, int fresh, double *cost)
{
    nn_status st = NN_OK;
    *cost = HUGE_VAL;
    for (int round = 0; round < ROUNDS_MAX && st == NN_OK; round++) {
        for (size_t k = 0; k < u->count && st == NN_OK; k++) {
            turning t = {u->owned, u->room, u->slots, route[k].images};
            if (route[k].count == 0)
                continue;
            own_all(u, route, fresh && round == 0 ? k : u->count, k);
            st = split_again(&t, &route[k], price_of(u, k));
        }
        if (st != NN_OK)
            break;
        own_all(u, route, u->count, u->count);
        double now = total_cost(u, route);
        if (now >= *cost)
            break;
        *cost = now;
    }
    return st;
}

static void clear_routes(nn_route *route, size_t count)
{
    for (size_t k = 0; route != NULL && k < count; k++)
        nn_route_clear(&route[k]);
}

/* Scratch for the longest route, and a second copy of all routes. */
static nn_status tuning_init(tuning *u, nn_route **other, const nn_route *route)
{
    size_t longest = 1;
    for (size_t k = 0; k < u->count; k++)
        longest = (size_t)route[k].count > longest ? (size_t)route[k].count : longest;
    u->owned = malloc(u->slots * sizeof *u->owned);
    *other = calloc(u->count + 1, sizeof **other);
    nn_status st = NN_OK;
    if (u->owned == NULL || *other == NULL || !scratch_init(&u->room, u->slots, longest))
        st = NN_ERR_MEMORY;
    for (size_t k = 0; k < u->count && st == NN_OK; k++)
        if (route[k].slots > 0)
            st = nn_route_copy(&(*other)[k], &route[k]);
    return st;
}

nn_status nn_turns_tune(nn_route *route, const nn_turn_price *price, size_t per_price, size_t count,
                        size_t slots, double *cost)
{
    tuning u = {.price = price, .per_price = per_price, .count = count, .slots = slots};
    double other_cost = HUGE_VAL;
    nn_route *other = NULL;
    nn_status st = tuning_init(&u, &other, route);
    if (st == NN_OK)
        st = descend(&u, route, 0, cost);
    if (st == NN_OK)
        st = descend(&u, other, 1, &other_cost);
    for (size_t k = 0; k < count && st == NN_OK && other_cost < *cost; k++) {
        nn_route swap = route[k];
        route[k] = other[k];
        other[k] = swap;
    }
    if (st == NN_OK)
        *cost = fmin(*cost, other_cost);
    clear_routes(other, count);
    free(other);
    free(u.owned);
    scratch_clear(&u.room);
    return st;
}
