/* Ring by ring: arrange at guessed limbs, schedule, arrange anew at the limbs and key shapes of
 * that schedule, schedule again. A ring that is too small for the levels is passed over before
 * anything is arranged. */
#include "nn/plan/plan_ring.h"

#include <stdlib.h>

#include "nn/base/why.h"

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
    const nn_error_point *gains; /* per value */
    nn_powers *powers;           /* NULL: there are no polynomials but squares */
    int ring, log_n;
    double more_room;
} attempt;

static nn_schedule_job schedule_job(const nn_arrangement *a, const attempt *t)
{
    return (nn_schedule_job){.stages = t->stages,
                             .arrangement = a,
                             .gains = t->gains,
                             .powers = t->powers,
                             .costs = t->options->costs,
                             .ring = t->ring,
                             .log_n = t->log_n,
                             .security_bits = t->options->security_bits,
                             .precision_bits = t->options->precision_bits,
                             .more_room = t->more_room};
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
    if (st == NN_ERR_SHAPE)
        return nn_why(why, why_size, st,
                      "a tensor of %zu numbers, %zu images of it, does not fit the %zu slots of a "
                      "ciphertext at N = %d, or needs too many of them",
                      nn_stages_width(t->stages, 0), t->options->images, job.slots, 1 << t->log_n);
    if (st != NN_OK)
        return st;
    nn_schedule_job schedule = schedule_job(a, t);
    st = nn_schedule_find(s, &schedule, why, why_size);
    if (st != NN_OK)
        nn_arrangement_clear(a);
    return st;
}

/* Keep a pair of arrangement and schedule if it is the first or cheaper; releases the other.
 * Returns whether it was kept. */
static int keep(nn_plan *p, nn_arrangement *a, nn_schedule *s)
{
    int better = p->schedule.step == NULL || s->cost < p->schedule.cost;
    if (better) {
        nn_arrangement old = p->arrangement;
        nn_schedule old_schedule = p->schedule;
        p->arrangement = *a;
        p->schedule = *s;
        *a = old;
        *s = old_schedule;
    }
    nn_arrangement_clear(a);
    nn_schedule_clear(s);
    return better;
}

static void note(nn_plan_try *now, const nn_schedule *s)
{
    if (!now->fits || s->cost < now->cost) {
        now->fits = 1;
        now->limbs = s->limbs;
        now->special = s->special;
        now->cost = s->cost;
        now->ms = s->ms;
    }
}

/* One ring, first at guessed limbs, then at those that the schedule found for them. */
static nn_status try_ring(nn_plan *p, const attempt *t, nn_plan_try *now)
{
    nn_arrangement a = {0}, again = {0};
    nn_schedule s = {0}, s_again = {0};
    nn_status st = try_prices(&a, &s, t, NULL, now->why, sizeof now->why);
    if (st != NN_OK)
        return st;
    nn_turn_price *price = prices_of(&s, t->options->costs);
    note(now, &s);
    int kept = keep(p, &a, &s);
    if (price == NULL)
        return NN_ERR_MEMORY;
    st = try_prices(&again, &s_again, t, price, NULL, 0);
    free(price);
    if (st == NN_OK) {
        note(now, &s_again);
        kept |= keep(p, &again, &s_again);
    }
    for (size_t k = 0; k < p->try_count && kept; k++)
        p->tried[k].taken = 0;
    now->taken = kept;
    return st == NN_ERR_MEMORY ? st : NN_OK;
}

static size_t largest_tensor(const nn_stages *s)
{
    size_t largest = 0;
    for (size_t v = 0; v <= s->count; v++) {
        size_t n = nn_stages_width(s, v);
        largest = n > largest ? n : largest;
    }
    return largest;
}

/* Whether a ring is to be tried at all: several images need room in one ciphertext, and where one
 * ring of a degree needs two ciphertexts for what the other has room for, the other will be
 * cheaper.
 */
static int sensible(const nn_plan_options *o, int ring, int log_n, size_t largest)
{
    size_t room = slots_of(ring, log_n) / o->images, tensor = nn_layout_pow2(largest);
    if ((o->ring == NN_RING_COMPLEX && ring != CKKS_RING_COMPLEX) ||
        (o->ring == NN_RING_REAL && ring != CKKS_RING_REAL))
        return 0;
    if (o->images > 1 && tensor > room)
        return 0;
    return tensor <= room || ring == CKKS_RING_REAL || o->ring == NN_RING_COMPLEX;
}

/* Try the rings of one degree. */
static nn_status try_degree(nn_plan *p, attempt *t, size_t largest)
{
    static const int rings[2] = {CKKS_RING_COMPLEX, CKKS_RING_REAL};
    for (int r = 0; r < 2; r++) {
        t->ring = rings[r];
        if (!sensible(t->options, t->ring, t->log_n, largest) || p->try_count == NN_TRIES_MAX)
            continue;
        nn_plan_try *now = &p->tried[p->try_count];
        *now = (nn_plan_try){.ring = t->ring, .log_n = t->log_n};
        nn_schedule_job job = schedule_job(NULL, t);
        nn_status st = nn_schedule_possible(&job, now->why, sizeof now->why);
        if (st == NN_OK)
            st = try_ring(p, t, now);
        p->try_count++;
        if (st != NN_OK && st != NN_ERR_PLAN && st != NN_ERR_SHAPE)
            return st;
    }
    return NN_OK;
}

static int has_polynomials(const nn_stages *s)
{
    for (size_t k = 0; k < s->count; k++)
        if (s->stage[k].kind == NN_STAGE_POLY && !nn_stage_is_square(&s->stage[k]))
            return 1;
    return 0;
}

/* Whether the next degree may be cheaper than the one that was found. */
static int go_on(const nn_plan *p, const nn_plan_options *o, int log_n, size_t largest)
{
    int parts = largest > p->arrangement.slots / o->images;
    if (p->schedule.step == NULL)
        return 1;
    return log_n == p->schedule.log_n && (o->images > 1 || parts || o->alternatives);
}

nn_status nn_plan_find_ring(nn_plan *p, const nn_plan_options *o, double more_room, char *why,
                            size_t why_size)
{
    int first = o->log_n != 0 ? o->log_n : LOG_N_MIN;
    int last = o->log_n != 0 ? o->log_n : CKKS_MAX_LOG_N;
    size_t largest = largest_tensor(p->stages);
    nn_error_point *gains = calloc(p->stages->count + 1, sizeof *gains);
    attempt t = {.options = o, .stages = p->stages, .gains = gains, .more_room = more_room};
    nn_status st = gains != NULL ? nn_error_gains(gains, p->stages) : NN_ERR_MEMORY;
    if (st == NN_OK && has_polynomials(p->stages))
        st = nn_powers_create(&t.powers);
    for (t.log_n = first; t.log_n <= last && st == NN_OK; t.log_n++) {
        st = try_degree(p, &t, largest);
        if (!go_on(p, o, t.log_n, largest))
            break;
    }
    nn_powers_free(t.powers);
    free(gains);
    if (st != NN_OK || p->schedule.step != NULL)
        return st;
    if (p->try_count > 0)
        return nn_why(why, why_size, NN_ERR_PLAN, "%s", p->tried[p->try_count - 1].why);
    return nn_why(why, why_size, NN_ERR_PLAN,
                  "a tensor of %zu numbers, %zu images of it, does not fit the %zu slots of the "
                  "largest ring (N = 2^%d); use fewer channels or a stride",
                  largest, o->images,
                  slots_of(o->ring == NN_RING_COMPLEX ? CKKS_RING_COMPLEX : CKKS_RING_REAL, last),
                  last);
}
