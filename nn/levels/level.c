/* See nn/levels/level.h. */
#include "nn/levels/level.h"

#include <math.h>
#include <string.h>

enum { RESCALE_MAX = 3 };

static const double weight_bits_max = 42.0;
static const double hair = 1e-9;

int nn_level_alive(nn_level_live *live, const nn_stages *stages, size_t k)
{
    live->count = 0;
    for (size_t v = 0; v <= k; v++) {
        if (nn_stages_last_use(stages, v) < k)
            continue;
        if (live->count == NN_LIVE_MAX)
            return 0;
        live->value[live->count++] = v;
    }
    return 1;
}

static int place_of(const nn_level_live *live, size_t value)
{
    for (int i = 0; i < live->count; i++)
        if (live->value[i] == value)
            return i;
    return 0;
}

/* What a stage takes: scales of its inputs, and the primes that the lowest one has lost. */
typedef struct taken {
    size_t count;
    int lost;
    double scale[NN_INPUTS_MAX];
} taken;

static taken take(const nn_levels_job *job, const nn_level_live *live, size_t k,
                  const nn_level_state *from)
{
    const nn_stage *stage = &job->stages->stage[k];
    taken t = {.count = stage->input_count};
    for (size_t i = 0; i < t.count; i++) {
        int at = place_of(live, stage->input[i]);
        t.scale[i] = from->scale[at];
        t.lost = from->dropped[at] > t.lost ? from->dropped[at] : t.lost;
    }
    return t;
}

int nn_level_choices(nn_level_choice *list, const nn_levels_job *job, const nn_level_live *live,
                     size_t k, const nn_level_state *from)
{
    taken t = take(job, live, k, from);
    int count = 0, poly = !job->work[k].affine && !job->work[k].square;
    /* Where other values have lost more primes already: at those limbs, or where none is shared. */
    for (int shared = t.lost < from->top; shared >= 0; shared--) {
        int start = shared ? t.lost : from->top;
        for (int c = 0; c < (poly ? NN_POWERS_SIZES : RESCALE_MAX + 1); c++)
            list[count++] = (nn_level_choice){.start = (signed char)start,
                                              .rescale = (signed char)(poly ? 0 : c),
                                              .size = (signed char)(poly ? c : -1)};
    }
    return count;
}

/* The primes that a drop takes: those that other values have lost have their sizes. */
typedef struct drop {
    int fixed, free;
    double fixed_bits, bits; /* of the fixed ones; of all */
} drop;

static drop find_drop(const nn_level_state *from, int start, int rescale)
{
    drop d = {0};
    for (int i = start; i < start + rescale && i < from->top; i++, d.fixed++)
        d.fixed_bits += from->size[i];
    d.free = rescale - d.fixed;
    d.bits = d.fixed_bits;
    return d;
}

/* Size the primes that are free so that the drop takes `room` bits, as far as they reach. Returns 0
 * when fewer primes would do. */
static int size_drop(drop *d, double room)
{
    double left = fmax(room - d->fixed_bits, 0.0);
    if (d->free > 1 && (d->free - 1) * NN_LIMB_BITS_MAX >= left)
        return 0;
    if (d->fixed > 0 && d->free > 0 && left <= hair)
        return 0;
    d->bits = d->fixed_bits + fmin(d->free * NN_LIMB_BITS_MAX, left);
    return 1;
}

/* log2 of the scale at which the summands of an affine stage meet, at least: that of one which is
 * multiplied by 1 exactly, where all others can be brought to it; *plain: else. */
static double meeting(const nn_levels_job *job, size_t k, const taken *t, double *plain)
{
    const nn_level_floor *floor = &job->floor[k];
    double best = -1.0;
    *plain = 0.0;
    for (size_t i = 0; i < t->count; i++)
        *plain = fmax(*plain, t->scale[i] + floor->weight[i]);
    for (size_t j = 0; j < t->count; j++) {
        int others = job->work[k].same[j];
        for (size_t i = 0; i < t->count && others; i++)
            others = i == j || t->scale[i] + floor->weight[i] <= t->scale[j];
        best = others ? t->scale[j] : best;
    }
    return best;
}

/* Weights and drop of an affine stage; returns log2 of the scale before the drop, 0 when there is
 * none. */
static double affine(const nn_levels_job *job, size_t k, const taken *t, drop *d, double *weight)
{
    double floor = job->floor[k].out, plain = 0.0, exact = meeting(job, k, t, &plain);
    double meet = exact > 0.0 ? exact : plain;
    if (!size_drop(d, meet - floor))
        return 0.0;
    d->bits = fmax(d->bits, d->fixed_bits + d->free * job->prime_bits_min);
    if (floor + d->bits > meet + hair)
        meet = fmax(plain, floor + d->bits);
    for (size_t i = 0; i < t->count; i++) {
        weight[i] = meet - t->scale[i];
        if (weight[i] > weight_bits_max)
            return 0.0;
    }
    return meet;
}

static double product(const nn_levels_job *job, size_t k, const taken *t, drop *d)
{
    double before = t->scale[0] + t->scale[t->count - 1], room = before - job->floor[k].out;
    if (room < 0.0 || !size_drop(d, room) || d->bits > room + hair ||
        d->bits < d->fixed_bits + d->free * job->prime_bits_min)
        return 0.0;
    return before;
}

static double polynomial(const nn_levels_job *job, size_t k, const taken *t,
                         const nn_level_state *from, nn_level_choice *choice, drop *d,
                         nn_power *power)
{
    double bits = nn_powers_bits(choice->size);
    if (!nn_powers_plan(job->powers, power, &job->stages->stage[k], choice->size, t->scale[0],
                        job->floor[k].out))
        return 0.0;
    choice->rescale = (signed char)power->dropped;
    *d = find_drop(from, choice->start, power->dropped);
    for (int i = choice->start; i < choice->start + d->fixed; i++)
        if (fabs(from->size[i] - bits) > hair)
            return 0.0;
    d->bits = power->dropped * bits;
    return power->before_bits;
}

/* The state behind the stage, which gave a value of so many lost primes at so many bits. */
static double step_on(nn_level_state *to, const nn_level_live live[2], size_t k,
                      const nn_level_state *from, nn_level_choice choice, const drop *d,
                      double scale)
{
    double each = d->free > 0 ? (d->bits - d->fixed_bits) / d->free : 0.0, fresh = 0.0;
    int lost = choice.start + choice.rescale;
    *to = (nn_level_state){.live = live[1].count, .top = lost > from->top ? lost : from->top};
    to->low = to->top;
    for (int i = 0; i < to->live; i++) {
        int own = live[1].value[i] == k + 1, at = own ? 0 : place_of(&live[0], live[1].value[i]);
        to->dropped[i] = own ? lost : from->dropped[at];
        to->scale[i] = own ? scale : from->scale[at];
        to->low = to->dropped[i] < to->low ? to->dropped[i] : to->low;
    }
    for (int i = from->top; i < lost; i++)
        fresh += each;
    for (int i = to->low; i < to->top; i++)
        to->size[i] = i < from->top ? from->size[i] : each;
    return fresh;
}

int nn_level_apply(nn_level_state *to, nn_step *step, double *bits, const nn_levels_job *job,
                   const nn_level_live live[2], size_t k, const nn_level_state *from,
                   nn_level_choice choice, int limbs)
{
    taken t = take(job, &live[0], k, from);
    drop d = find_drop(from, choice.start, choice.rescale);
    nn_power power = {0};
    double weight[NN_INPUTS_MAX] = {0.0}, before = 0.0;
    if (job->work[k].affine)
        before = affine(job, k, &t, &d, weight);
    else if (job->work[k].square)
        before = product(job, k, &t, &d);
    else
        before = polynomial(job, k, &t, from, &choice, &d, &power);
    if (before <= 0.0 || choice.start + choice.rescale >= NN_LIMBS_MAX)
        return 0;
    *bits = step_on(to, live, k, from, choice, &d, before - d.bits);
    if (step == NULL)
        return 1;
    *step = (nn_step){.limbs = limbs - choice.start,
                      .rescale = choice.rescale,
                      .limbs_out = limbs - choice.start - choice.rescale,
                      .floor_bits = job->floor[k].out,
                      .drop_bits = d.bits,
                      .scale_bits = before - d.bits,
                      .min_scale_bits = power.min_scale_bits,
                      .products = choice.size >= 0 ? power.products : job->work[k].products};
    memcpy(step->weight_bits, weight, sizeof weight);
    memcpy(step->scale_in, t.scale, sizeof t.scale);
    memcpy(step->key_floor_bits, job->floor[k].key, sizeof step->key_floor_bits);
    return 1;
}
