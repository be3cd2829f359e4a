/* Ring by ring: arrange at guessed limbs, schedule, arrange anew at the limbs and key shapes of
 * that schedule, schedule again. */
#include "nn/plan_ring.h"

#include <stdlib.h>

#include "nn/why.h"

enum { LOG_N_MIN = 11 };

static size_t slots_of(int ring, int log_n)
{
    return (size_t)1 << (ring == CKKS_RING_REAL ? log_n : log_n - 1);
}

nn_status nn_plan_arrange(nn_arrangement *a, const nn_plan *p, const nn_stages *stages,
                          const nn_costs *costs)
{
    const nn_arrange_job job = {.stages = stages,
                                .slots = p->arrangement.slots,
                                .images = p->arrangement.images,
                                .log_n = p->schedule.log_n,
                                .costs = costs};
    return nn_arrange(a, &job);
}

/* What is tried. */
typedef struct attempt {
    const nn_plan_options *options;
    const nn_stages *stages;
    int ring, log_n;
} attempt;

static nn_status find_schedule(nn_schedule *s, const nn_arrangement *a, const attempt *t, char *why,
                               size_t why_size)
{
    const nn_schedule_job job = {
        .stages = t->stages,
        .arrangement = a,
        .costs = t->options->costs,
        .ring = t->ring,
        .log_n = t->log_n,
        .security_bits = t->options->security_bits,
        .precision_bits = t->options->precision_bits,
    };
    return nn_schedule_find(s, &job, why, why_size);
}

/* Prices at the limbs and key shapes of a schedule. */
static nn_turn_price *prices_of(const nn_schedule *s, const nn_costs *costs)
{
    nn_turn_price *price = calloc(s->count + 1, sizeof *price);
    for (size_t k = 0; k < s->count && price != NULL; k++) {
        const nn_step *step = &s->step[k];
        nn_cost_at at = {costs, s->log_n, step->limbs, step->special, step->alpha, 0.0};
        nn_cost_at fold = at;
        fold.limbs = step->limbs_out;
        fold.special = step->fold_special > 0 ? step->fold_special : step->special;
        fold.alpha = step->fold_alpha > 0 ? step->fold_alpha : step->alpha;
        price[k] = nn_turns_price(&at, &fold);
    }
    return price;
}

/* Arrange and schedule; both are empty on failure. */
static nn_status try_prices(nn_arrangement *a, nn_schedule *s, const attempt *t,
                            const nn_turn_price *price, char *why, size_t why_size)
{
    const nn_arrange_job job = {.stages = t->stages,
                                .slots = slots_of(t->ring, t->log_n),
                                .images = t->options->images,
                                .log_n = t->log_n,
                                .costs = t->options->costs,
                                .price = price};
    *s = (nn_schedule){0};
    nn_status st = nn_arrange(a, &job);
    if (st != NN_OK)
        return st;
    st = find_schedule(s, a, t, why, why_size);
    if (st != NN_OK)
        nn_arrangement_clear(a);
    return st;
}

/* Keep a pair of arrangement and schedule if it is the first or cheaper; releases the other. */
static void keep(nn_plan *p, nn_arrangement *a, nn_schedule *s)
{
    if (p->schedule.step == NULL || s->cost < p->schedule.cost) {
        nn_arrangement old = p->arrangement;
        nn_schedule old_schedule = p->schedule;
        p->arrangement = *a;
        p->schedule = *s;
        *a = old;
        *s = old_schedule;
    }
    nn_arrangement_clear(a);
    nn_schedule_clear(s);
}

/* One ring, first at guessed limbs, then at those that the schedule found for them. */
static nn_status try_ring(nn_plan *p, const attempt *t, char *why, size_t why_size)
{
    nn_arrangement a = {0}, again = {0};
    nn_schedule s = {0}, s_again = {0};
    nn_status st = try_prices(&a, &s, t, NULL, why, why_size);
    if (st != NN_OK)
        return st;
    nn_turn_price *price = prices_of(&s, t->options->costs);
    keep(p, &a, &s);
    if (price == NULL)
        return NN_ERR_MEMORY;
    st = try_prices(&again, &s_again, t, price, NULL, 0);
    free(price);
    if (st == NN_OK)
        keep(p, &again, &s_again);
    return st == NN_ERR_MEMORY ? st : NN_OK;
}

static size_t largest_tensor(const nn_stages *s)
{
    size_t largest = nn_shape_count(s->input);
    for (size_t k = 0; k < s->count; k++) {
        size_t n = nn_shape_count(s->stage[k].out);
        largest = n > largest ? n : largest;
    }
    return largest;
}

nn_status nn_plan_find_ring(nn_plan *p, const nn_plan_options *o, char *why, size_t why_size)
{
    static const int rings[2] = {CKKS_RING_COMPLEX, CKKS_RING_REAL};
    int first = o->log_n != 0 ? o->log_n : LOG_N_MIN;
    int last = o->log_n != 0 ? o->log_n : CKKS_MAX_LOG_N;
    int best = o->ring == NN_RING_COMPLEX ? CKKS_RING_COMPLEX : CKKS_RING_REAL;
    size_t largest = largest_tensor(p->stages);
    nn_status st = nn_why(why, why_size, NN_ERR_PLAN,
                          "a tensor of %zu numbers, %zu images of it, does not fit the %zu slots "
                          "of the largest ring (N = 2^%d); use fewer channels or a stride",
                          largest, o->images, slots_of(best, last), last);
    for (int log_n = first; log_n <= last; log_n++) {
        for (int r = 0; r < 2; r++) {
            const attempt t = {o, p->stages, rings[r], log_n};
            if ((o->ring == NN_RING_COMPLEX && rings[r] != CKKS_RING_COMPLEX) ||
                (o->ring == NN_RING_REAL && rings[r] != CKKS_RING_REAL) ||
                nn_layout_pow2(largest) > slots_of(rings[r], log_n) / o->images)
                continue;
            st = try_ring(p, &t, why, why_size);
            if (st != NN_OK && st != NN_ERR_PLAN && st != NN_ERR_SHAPE)
                return st;
        }
        /* For several images the next degree may be cheaper: each has more slots there. */
        if (p->schedule.step != NULL && (o->images == 1 || log_n > p->schedule.log_n))
            break;
    }
    if (p->schedule.step != NULL)
        return NN_OK;
    return st == NN_ERR_SHAPE ? NN_ERR_PLAN : st;
}
