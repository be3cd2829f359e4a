/* Cuts: a stride n and an offset cut a step x, read around 0, into a low part in
 * [-offset, n - offset) and the rest, a multiple of n; either may be the baby step. Strides tried:
 * small ones, powers of two, and the distances between runs of steps. */
#include "nn/turns.h"

#include <math.h>
#include <stdlib.h>

enum { SMALL_STRIDES = 24, STRIDES_MAX = 64, ROUNDS_MAX = 4, LOWS = 3 };

typedef struct cut {
    int stride, offset, swap;
} cut;

/* What keys the other routes have, and marks for counting; slots entries each. */
typedef struct turning {
    const double *owned; /* price of the dearest key that another route has; NULL: none has any */
    unsigned char *seen; /* bit 0: a baby, bit 1: a giant of the cut being tried; 0 between them */
    size_t slots, images;
} turning;

nn_turn_price nn_turns_price(const nn_cost_at *at, const nn_cost_at *fold)
{
    nn_turn_price p = {.key = nn_cost_key(at), .fold_key = nn_cost_key(fold)};
    p.baby = nn_cost_baby(at) - p.key;
    p.giant = nn_cost_giant(at, 0) - p.key;
    p.fold = nn_cost_fold(fold) - p.fold_key;
    p.diagonal = nn_cost_diagonal(at);
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

static void cut_step(const turning *t, const cut *c, int step, int *baby, int *giant)
{
    int slots = (int)t->slots, images = (int)t->images;
    int x = (step < slots - slots / 2 ? step : step - slots) / images;
    int high = floor_divide(x + c->offset, c->stride) * c->stride, low = x - high;
    *baby = (c->swap ? high : low) * images & (slots - 1);
    *giant = (c->swap ? low : high) * images & (slots - 1);
}

/* Cost of the rotations of a cut, or something above `budget`. */
static double cut_cost(const turning *t, const cut *c, const nn_route *r,
                       const nn_turn_price *price, double budget)
{
    double cost = 0.0;
    int tried = 0, baby = 0, giant = 0;
    for (; tried < r->count && cost < budget; tried++) {
        cut_step(t, c, r->step[tried], &baby, &giant);
        if (baby != 0 && !(t->seen[baby] & 1)) {
            cost += price->baby + key_price(t, baby, price->key);
            t->seen[baby] |= 1;
        }
        if (giant != 0 && !(t->seen[giant] & 2)) {
            cost += price->giant + key_price(t, giant, price->key);
            t->seen[giant] |= 2;
        }
    }
    while (tried-- > 0) {
        cut_step(t, c, r->step[tried], &baby, &giant);
        t->seen[baby] = t->seen[giant] = 0;
    }
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

/* The cheapest cut of the steps as they are represented now. */
static double best_cut(const turning *t, cut *best, const nn_route *r, const nn_turn_price *price,
                       double budget)
{
    int stride[STRIDES_MAX], count = collect_strides(stride, r);
    for (int k = 0; k < count; k++)
        for (int choice = 0; choice < 4; choice++) {
            cut c = {stride[k], choice / 2 * (stride[k] / 2), choice % 2};
            double cost = cut_cost(t, &c, r, price, budget);
            if (cost < budget) {
                budget = cost;
                *best = c;
            }
        }
    return budget;
}

static int count_distinct(const turning *t, const int *step, int count)
{
    int n = 0;
    for (int k = 0; k < count; k++) {
        n += step[k] != 0 && !t->seen[step[k]];
        t->seen[step[k]] = 1;
    }
    for (int k = 0; k < count; k++)
        t->seen[step[k]] = 0;
    return n;
}

static void apply_cut(const turning *t, const cut *c, nn_route *r)
{
    for (int k = 0; k < r->count; k++)
        cut_step(t, c, r->step[k], &r->baby[k], &r->giant[k]);
    r->babies = count_distinct(t, r->baby, r->count);
    r->giants = count_distinct(t, r->giant, r->count);
}

/* Time and price of what no cut changes. */
static double fixed_cost(const nn_route *r, const nn_turn_price *price)
{
    return price->diagonal * r->count + (price->fold + price->fold_key) * r->fold_count;
}

double nn_turns_least(const nn_route *r, const nn_turn_price *price)
{
    double least = HUGE_VAL;
    /* b babies and g giants, rotation 0 apart, make at most (b + 1)(g + 1) steps. */
    for (int b = 0; b < r->count; b++) {
        int g = (r->count + b) / (b + 1) - 1;
        double cost = b * (price->baby + price->key) + g * (price->giant + price->key);
        least = cost < least ? cost : least;
    }
    return (r->count > 0 ? least : 0.0) + fixed_cost(r, price);
}

double nn_turns_split(nn_route *r, const nn_turn_price *price)
{
    turning t = {.slots = r->slots, .images = r->images};
    cut best = {(int)(r->slots / r->images), 0, 0};
    t.seen = calloc(r->slots, 1);
    if (t.seen == NULL)
        return -1.0;
    double cost = best_cut(&t, &best, r, price, HUGE_VAL);
    apply_cut(&t, &best, r);
    free(t.seen);
    return cost + fixed_cost(r, price);
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
        cut c = {0};
        nn_route trial;
        if (which > 0 && r->group == r->slots / r->images)
            break;
        st = nn_route_copy(&trial, r);
        if (st != NN_OK)
            break;
        nn_route_represent(&trial, low_of(r, which));
        double cost = best_cut(t, &c, &trial, price, budget);
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

/* Prices of the keys of the first `count` routes but one, and of all folds. */
static void own_all(double *owned, const nn_route *route, const nn_turn_price *price, size_t count,
                    size_t all, size_t slots, size_t without)
{
    for (size_t j = 0; j < slots; j++)
        owned[j] = 0.0;
    for (size_t k = 0; k < all; k++) {
        const nn_route *r = &route[k];
        for (int i = 0; i < r->count && k < count && k != without; i++) {
            own(owned, r->baby[i], price[k].key);
            own(owned, r->giant[i], price[k].key);
        }
        for (int f = 0; f < r->fold_count; f++)
            own(owned, r->fold[f], price[k].fold_key);
    }
}

static double total_cost(const nn_route *route, const nn_turn_price *price, size_t count,
                         const double *owned, size_t slots)
{
    double cost = 0.0;
    for (size_t k = 0; k < count; k++)
        cost += price[k].baby * route[k].babies + price[k].giant * route[k].giants +
                price[k].fold * route[k].fold_count + price[k].diagonal * route[k].count;
    for (size_t j = 0; j < slots; j++)
        cost += owned[j];
    return cost;
}

/* What the descent works on. */
typedef struct tuning {
    const nn_turn_price *price;
    size_t count, slots;
    double *owned;
    unsigned char *seen;
} tuning;

/* Split all routes again and again, each against the others' keys, while it gets cheaper. fresh: in
 * the first round the steps of later routes do not count. */
static nn_status descend(const tuning *u, nn_route *route, int fresh, double *cost)
{
    nn_status st = NN_OK;
    *cost = HUGE_VAL;
    for (int round = 0; round < ROUNDS_MAX && st == NN_OK; round++) {
        for (size_t k = 0; k < u->count && st == NN_OK; k++) {
            turning t = {u->owned, u->seen, u->slots, route[k].images};
            size_t settled = fresh && round == 0 ? k : u->count;
            if (route[k].count == 0)
                continue;
            own_all(u->owned, route, u->price, settled, u->count, u->slots, k);
            st = split_again(&t, &route[k], &u->price[k]);
        }
        if (st != NN_OK)
            break;
        own_all(u->owned, route, u->price, u->count, u->count, u->slots, u->count);
        double now = total_cost(route, u->price, u->count, u->owned, u->slots);
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

nn_status nn_turns_tune(nn_route *route, const nn_turn_price *price, size_t count, size_t slots,
                        double *cost)
{
    tuning u = {.price = price, .count = count, .slots = slots};
    double other_cost = HUGE_VAL;
    nn_status st = NN_OK;
    u.owned = malloc(slots * sizeof *u.owned);
    u.seen = calloc(slots, 1);
    nn_route *other = calloc(count + 1, sizeof *other);
    if (u.owned == NULL || u.seen == NULL || other == NULL)
        st = NN_ERR_MEMORY;
    for (size_t k = 0; k < count && st == NN_OK; k++)
        if (route[k].count > 0)
            st = nn_route_copy(&other[k], &route[k]);
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
    free(u.seen);
    return st;
}
