/* Sizes of special primes and shapes of keys, see nn/levels/shapes.h. */
#include "nn/levels/shapes.h"

#include <limits.h>
#include <math.h>

static const double special_bits_min = 30.0;
/* Bits by which P exceeds the largest digit at least: real primes are a little below their size. */
static const double hair_bits = 0.05;
/* Standard deviation of the error in a key, and by how many bits a key switch may be worse than a
 * rounding. */
static const double key_deviation = 3.24, worse_bits = 0.5;

enum { SEEN_MAX = 256 };

/* ---- counting */

static int contains(const int *list, int count, int value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return 1;
    return 0;
}

/* x in [0, slots) as the number nearest to 0 that is congruent. */
static int centre(int x, size_t slots)
{
    return x >= (int)(slots / 2) ? x - (int)slots : x;
}

/* The smallest centred giant step above `after`; INT_MAX when there is none. */
static int next_giant(const nn_route *r, int after)
{
    int next = INT_MAX;
    for (int i = 0; i < r->count; i++) {
        int steps = centre(r->giant[i], r->slots);
        if (steps > after && steps < next)
            next = steps;
    }
    return next;
}

/* Rotations and keys of the giants, one after the other as ckks/circuits.h says (chain), or each by
 * its own key. */
static void count_giants(nn_work *w, const nn_route *r)
{
    int seen[SEEN_MAX], seen_count = 0, before = 0, first = 1;
    for (int g = next_giant(r, INT_MIN); g != INT_MAX; before = g, g = next_giant(r, g)) {
        int hop = first ? g : g - before;
        int step = hop < 0 ? hop + (int)r->slots : hop;
        first = 0;
        if (g != 0) {
            w->giants += (int)r->out_parts;
            w->giant_keys += !contains(r->baby, r->count, g < 0 ? g + (int)r->slots : g);
        }
        if (hop == 0)
            continue;
        w->hops += (int)r->out_parts;
        if (contains(seen, seen_count, step) || contains(r->baby, r->count, step))
            continue;
        w->hop_keys++;
        if (seen_count < SEEN_MAX)
            seen[seen_count++] = step;
    }
}

/* One input of an affine stage. */
static void count_route(nn_work *w, const nn_route *r, size_t input)
{
    int in = (int)r->in_parts, out = (int)r->out_parts;
    if (r->kind == NN_ROUTE_SAME) {
        w->same[input] = 1;
        w->scalars += in;
        return;
    }
    w->transforms++;
    w->hoists += r->babies > 0 ? in : 0;
    w->divides += out;
    w->diagonals += r->entries;
    w->input_terms[input] = (r->entries + out - 1) / out;
    w->terms += w->input_terms[input];
    w->folds += r->fold_count * out;
    w->fold_depth = r->fold_count > w->fold_depth ? r->fold_count : w->fold_depth;
    w->babies += r->babies * in;
    w->baby_keys += r->babies;
    w->input_babies[input] = r->babies;
    count_giants(w, r);
}

nn_work nn_shapes_work(const nn_stages *stages, const nn_arrangement *a, size_t stage)
{
    const nn_stage *what = &stages->stage[stage];
    nn_work w = {.affine = what->kind == NN_STAGE_AFFINE, .parts = (int)a->layout[stage + 1].parts};
    for (size_t i = 0; w.affine && i < what->input_count; i++)
        count_route(&w, nn_arrangement_route(a, stage, i), i);
    if (what->kind == NN_STAGE_PRODUCT || nn_stage_is_square(what)) {
        w.square = 1;
        w.products = 1;
    }
    return w;
}

/* ---- what a shape costs */

typedef struct shape {
    int alpha, special, chain;
    double ms, cost; /* time; time and price of keys */
} shape;

/* Products of a polynomial, the limbs falling evenly from the input's to the output's. */
static double poly_ms(const nn_work *w, const nn_cost_at *at, int rescale)
{
    nn_cost_at low = *at;
    double ms = 0.0;
    for (int i = 0; i < w->products; i++) {
        low.limbs = at->limbs - i * rescale / w->products;
        ms += nn_cost_square(&low, 1);
    }
    return ms * w->parts;
}

/* Time of the part of a stage that uses its own key shape, without folds. */
static double stage_ms(const nn_work *w, const nn_cost_at *at, int rescale, int chain)
{
    double key = nn_cost_key(at); /* a price, of which times have nothing */
    if (!w->affine)
        return w->square ? w->parts * nn_cost_square(at, rescale) : poly_ms(w, at, rescale);
    double ms = w->divides * nn_cost_base(at, 0, rescale) + w->diagonals * nn_cost_diagonal(at);
    if (w->hoists > 0)
        ms += w->hoists * nn_cost_hoist(at);
    if (w->scalars > 0)
        ms += w->scalars * (nn_cost_add(at) + nn_cost_rescale(at, at->limbs, rescale));
    return ms + w->babies * (nn_cost_baby(at) - key) +
           (chain ? w->hops * nn_cost_giant(at, 1) : w->giants * (nn_cost_giant(at, 0) - key));
}

/* The same with the price of its keys; a chain where it is cheaper. */
static shape stage_shape(const nn_work *w, const nn_cost_at *at, int rescale)
{
    shape t = {.alpha = at->alpha, .special = at->special};
    double key = nn_cost_key(at), own = stage_ms(w, at, rescale, 0);
    t.ms = own;
    t.cost = own + key;
    if (!w->affine)
        return t;
    double chained = stage_ms(w, at, rescale, 1);
    t.chain = chained + w->hop_keys * key < own + w->giant_keys * key;
    t.ms = t.chain ? chained : own;
    t.cost = t.ms + (w->baby_keys + (t.chain ? w->hop_keys : w->giant_keys)) * key;
    return t;
}

static shape fold_shape(const nn_work *w, const nn_cost_at *at)
{
    shape t = {.alpha = at->alpha, .special = at->special};
    double key = nn_cost_key(at);
    t.ms = w->folds * (nn_cost_fold(at) - key);
    t.cost = t.ms + w->fold_depth * key;
    return t;
}

double nn_shapes_ms(const nn_work *w, const nn_step *step, const nn_costs *costs, int log_n)
{
    nn_cost_at at = {costs, log_n, step->limbs, step->special, step->alpha, 0.0};
    nn_cost_at fold = {costs, log_n, step->limbs_out, step->fold_special, step->fold_alpha, 0.0};
    double ms = stage_ms(w, &at, step->rescale, step->chain);
    if (w->folds > 0)
        ms += fold_shape(w, &fold).ms;
    for (int i = 0; i < NN_INPUTS_MAX; i++)
        ms += step->compact[i] * nn_cost_expand(&at);
    return ms;
}

double nn_shapes_least(const nn_work *w, const nn_costs *costs, int log_n, int limbs)
{
    double least = HUGE_VAL, prime = log_n + 10.0; /* no prime has fewer bits */
    for (int alpha = 1; alpha <= limbs; alpha++) {
        int special = (int)(alpha * prime / NN_SPECIAL_BITS_MAX);
        nn_cost_at at = {costs, log_n, limbs, special > 1 ? special : 1, alpha, prime};
        for (int rescale = 0; rescale < 2 && special <= CKKS_MAX_P; rescale++)
            least = fmin(least, stage_shape(w, &at, rescale).cost);
    }
    return least;
}

/* ---- choosing */

typedef struct chooser {
    nn_schedule *s;
    const nn_work *work;
    const nn_costs *costs;
    double bound;
    int strict;
    double q[NN_LIMBS_MAX + 1], p[CKKS_MAX_P + 1]; /* bits of the first primes together */
    double digit[NN_LIMBS_MAX + 1]
                [NN_LIMBS_MAX + 1]; /* [limbs][alpha]: bits of the largest digit */
    double error[NN_LIMBS_MAX + 1]; /* [digits]: of nn_shapes_error_bits */
} chooser;

/* Bits of the largest digit. */
static double digit_bits(const nn_schedule *s, int limbs, int alpha)
{
    double most = 0.0;
    for (int first = 0; first < limbs; first += alpha) {
        double bits = 0.0;
        for (int l = first; l < first + alpha && l < limbs; l++)
            bits += s->q_bits[l];
        most = fmax(most, bits);
    }
    return most;
}

/* The part of the error that does not depend on sizes. */
static double digits_error_bits(int digits)
{
    return log2(key_deviation * sqrt(1.5 * digits));
}

double nn_shapes_error_bits(const nn_schedule *s, int limbs, int alpha, int special)
{
    return digits_error_bits((limbs + alpha - 1) / alpha) + digit_bits(s, limbs, alpha) -
           nn_schedule_bits(s, 0, special);
}

/* Sizes of limbs, gathered once. */
static void gather(chooser *c)
{
    for (int limbs = 1; limbs <= c->s->limbs; limbs++) {
        c->q[limbs] = c->q[limbs - 1] + c->s->q_bits[limbs - 1];
        c->error[limbs] = digits_error_bits(limbs);
        for (int alpha = 1; alpha <= limbs; alpha++)
            c->digit[limbs][alpha] = digit_bits(c->s, limbs, alpha);
    }
}

/* Whether a key of this shape is precise enough at a scale so many bits above the one at which a
 * rounding may happen. */
static int fits(const chooser *c, const nn_cost_at *at, double spare)
{
    int digits = (at->limbs + at->alpha - 1) / at->alpha;
    double over = c->p[at->special] - c->digit[at->limbs][at->alpha];
    return over >= hair_bits && (!c->strict || c->error[digits] - over <= spare + worse_bits);
}

/* The cheapest shape at some limbs; cost HUGE_VAL when none fits. folds: of the folds. */
static shape cheapest(const chooser *c, const nn_work *w, int limbs, int rescale, double spare,
                      int folds)
{
    shape best = {.cost = HUGE_VAL};
    for (int special = 1; special <= CKKS_MAX_P; special++) {
        if (c->q[limbs] + c->p[special] > c->bound + 1e-9)
            break;
        for (int digits = 1; digits <= limbs; digits++) {
            nn_cost_at at = {c->costs,
                             c->s->log_n,
                             limbs,
                             special,
                             (limbs + digits - 1) / digits,
                             (c->q[limbs] + c->p[special]) / (limbs + special)};
            if (digits != (limbs + at.alpha - 1) / at.alpha || !fits(c, &at, spare))
                continue;
            shape t = folds ? fold_shape(w, &at) : stage_shape(w, &at, rescale);
            best = t.cost < best.cost ? t : best;
        }
    }
    return best;
}

/* Choose for every stage under the special primes at hand; returns the cost, or HUGE_VAL once it
 * exceeds the limit. */
static double choose_all(const chooser *c, double limit)
{
    nn_schedule *s = c->s;
    double cost = 0.0;
    s->ms = 0.0;
    s->special = 1;
    for (size_t k = 0; k < s->count && cost <= limit; k++) {
        nn_step *step = &s->step[k];
        const nn_work *w = &c->work[k];
        /* A giant's or product's key switch happens before the scale comes down. */
        double before = step->scale_bits + step->drop_bits - step->floor_bits;
        for (int i = 0; i < NN_INPUTS_MAX; i++)
            if (w->input_babies[i] > 0)
                before = fmin(before, step->scale_in[i] - step->key_floor_bits[i]);
        shape t = cheapest(c, w, step->limbs, step->rescale, before, 0), fold = {.cost = 0.0};
        if (w->folds > 0)
            fold = cheapest(c, w, step->limbs_out, 0, step->scale_bits - step->floor_bits, 1);
        step->alpha = t.alpha;
        step->special = t.special;
        step->chain = t.chain;
        step->fold_alpha = fold.alpha;
        step->fold_special = fold.special;
        step->ms = t.ms + fold.ms;
        s->ms += step->ms;
        cost += t.cost + fold.cost;
        s->special = t.special > s->special ? t.special : s->special;
        s->special = fold.special > s->special ? fold.special : s->special;
    }
    return cost <= limit ? cost : HUGE_VAL;
}

/* All special primes as large as they may be, but for one at a place (-1: none). */
static void set_special(chooser *c, int place, double bits)
{
    for (int k = 0; k < CKKS_MAX_P; k++) {
        c->s->p_bits[k] = k == place ? bits : NN_SPECIAL_BITS_MAX;
        c->p[k + 1] = c->p[k] + c->s->p_bits[k];
    }
}

/* Requests and responses: limbs as they are packed, whole bits a residue. */
static double wire_cost(const nn_schedule *s, const nn_costs *costs)
{
    int left = s->count > 0 ? s->step[s->count - 1].limbs_out : s->limbs;
    double bits = 0.0;
    for (int l = 0; l < s->limbs; l++)
        bits += (l < left ? 3.0 : 1.0) * ceil(s->q_bits[l]);
    return nn_cost_wire(costs, bits * ldexp(1.0, s->log_n) / 8.0);
}

int nn_shapes_choose(nn_schedule *s, const nn_work *work, const nn_costs *costs, double bound,
                     int strict, double budget)
{
    chooser c = {.s = s, .work = work, .costs = costs, .bound = bound, .strict = strict};
    double wire = wire_cost(s, costs), best = budget - wire, best_bits = 0.0;
    int best_place = -2;
    gather(&c);
    for (int limbs = 0; limbs <= s->limbs; limbs++) {
        /* At 0 limbs: no special prime is smaller. */
        double room = limbs > 0 ? bound - c.q[limbs] : 0.0;
        int place = limbs > 0 ? (int)floor(room / NN_SPECIAL_BITS_MAX) : -1;
        double bits = room - place * NN_SPECIAL_BITS_MAX;
        if (limbs > 0 &&
            (room < special_bits_min || place >= CKKS_MAX_P || bits < special_bits_min))
            continue;
        set_special(&c, place, bits);
        double cost = choose_all(&c, best);
        if (cost < best) {
            best = cost;
            best_place = place;
            best_bits = bits;
        }
    }
    if (best_place == -2)
        return 0;
    set_special(&c, best_place, best_bits);
    s->cost = choose_all(&c, HUGE_VAL) + wire;
    return 1;
}
