/* The search for the steps of a batch.
 *
 * Stage by stage: a state is the limbs and the log2 of the scale of all values that are still
 * needed, choices are how many primes a step drops and how large its scalars are. Of the states
 * behind a stage those stay that no other beats in time, limbs and scales at once. Everything is in
 * bits; the exact scales follow from the real primes when the plan is made.
 *
 * A scalar's rounding error is 1/sqrt(12) over its scale, of one value of the row's many; so scales
 * of scalars need half a bit for each doubling of the entries of a row. */
#include "nn/batch/batch_schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"

enum { RESCALE_MAX = 3, STATES = 48, MORE_LIMBS = 2 };

static const double prime_bits_max = 46.7, prime_bits_min = 30.0;
static const double weight_bits_max = 42.0;
static const double equal_bits = 0.25; /* scales that differ less are as good as each other */

typedef struct state {
    double ms;
    int parent;
    nn_batch_step step;
} state;

/* States behind a stage; limbs and scales of values, [state][value]. */
typedef struct frontier {
    int count;
    state *at;
    int *limbs;
    double *bits;
} frontier;

typedef struct search {
    const nn_batch_job *job;
    size_t stages;
    nn_batch_times time;
    nn_batch_facts *fact;
    nn_batch_schedule now, best;
    state *trail; /* [stage][STATES]: how the states behind each stage came about */
    frontier here, next;
    ckks_context *probe; /* for polynomials, see make_probe */
    size_t furthest;     /* stage that no schedule got past, for the message */
} search;

double nn_batch_poly_floor(const nn_batch_schedule *s)
{
    return s->floor_bits - 0.5;
}

void nn_batch_schedule_clear(nn_batch_schedule *s)
{
    if (s == NULL)
        return;
    free(s->step);
    *s = (nn_batch_schedule){0};
}

size_t nn_batch_source(const nn_batch_schedule *s, const nn_stages *stages, size_t k, size_t i)
{
    size_t value = stages->stage[k].input[i];
    return s->step[k].squared ? stages->stage[value - 1].input[0] : value;
}

int nn_batch_value_limbs(const nn_batch_schedule *s, size_t value)
{
    return value == 0 ? s->limbs : s->step[value - 1].limbs_out;
}

int nn_batch_value_parts(const nn_batch_schedule *s, size_t value)
{
    return value > 0 && s->step[value - 1].lazy ? 3 : 2;
}

int nn_batch_sums_parts(const nn_batch_schedule *s, const nn_stages *stages, size_t k)
{
    return s->step[k].squared ? 3 : nn_batch_value_parts(s, stages->stage[k].input[0]);
}

/* ---- times and limits */

static const nn_stage *stage_of(const search *s, size_t k)
{
    return &s->job->stages->stage[k];
}

static double width(const search *s, size_t k)
{
    return (double)nn_shape_count(stage_of(s, k)->out);
}

static double range_of(const search *s, size_t value)
{
    return nn_stages_range(s->job->stages, value);
}

/* ---- states */

static int *limbs_of(const search *s, const frontier *f, int i)
{
    return f->limbs + (size_t)i * (s->stages + 1);
}

static double *bits_of(const search *s, const frontier *f, int i)
{
    return f->bits + (size_t)i * (s->stages + 1);
}

static int needed(const search *s, size_t value, size_t k)
{
    return value == s->stages || (value > 0 ? s->fact[value - 1].last_use > k
                                            : nn_stages_last_use(s->job->stages, 0) > k);
}

/* Whether state a behind stage k of the next frontier is as good as b in all that counts. */
static int beats(const search *s, size_t k, int a, int b)
{
    const frontier *f = &s->next;
    if (f->at[a].ms > f->at[b].ms)
        return 0;
    for (size_t v = 0; v <= k + 1; v++)
        if (needed(s, v, k) && (limbs_of(s, f, a)[v] < limbs_of(s, f, b)[v] ||
                                bits_of(s, f, a)[v] > bits_of(s, f, b)[v] + equal_bits))
            return 0;
    return 1;
}

static void move_state(const search *s, frontier *f, int to, int from, size_t k)
{
    if (to == from)
        return;
    f->at[to] = f->at[from];
    memcpy(limbs_of(s, f, to), limbs_of(s, f, from), (k + 2) * sizeof(int));
    memcpy(bits_of(s, f, to), bits_of(s, f, from), (k + 2) * sizeof(double));
}

/* Put a step behind state `from`, unless another state is better; those that it beats go. The last
 * place of the frontier is for the newcomer. */
static void add_state(search *s, size_t k, int from, const nn_batch_step *step)
{
    frontier *f = &s->next;
    int mine = f->count, worst = 0;
    double ms = s->here.at[from].ms + step->ms;

    if (!(ms < (s->best.count > 0 ? s->best.ms : HUGE_VAL)))
        return;
    f->at[mine] = (state){ms, from, *step};
    memcpy(limbs_of(s, f, mine), limbs_of(s, &s->here, from), (k + 1) * sizeof(int));
    memcpy(bits_of(s, f, mine), bits_of(s, &s->here, from), (k + 1) * sizeof(double));
    limbs_of(s, f, mine)[k + 1] = step->limbs_out;
    bits_of(s, f, mine)[k + 1] = step->scale_bits;
    for (int i = 0; i < f->count; i++)
        if (beats(s, k, i, mine))
            return;
    for (int i = f->count; i-- > 0;) {
        if (!beats(s, k, mine, i))
            continue;
        move_state(s, f, i, f->count - 1, k);
        move_state(s, f, f->count - 1, mine, k);
        mine = --f->count;
    }
    if (f->count + 1 < STATES) {
        f->count++;
        return;
    }
    for (int i = 1; i <= f->count; i++)
        worst = f->at[i].ms > f->at[worst].ms ? i : worst;
    if (worst != mine)
        move_state(s, f, worst, mine, k);
}

/* ---- the choices of each kind of step */

/* Limbs of all inputs as they are used. */
static int common_limbs(const search *s, size_t k, int from)
{
    const int *limbs = limbs_of(s, &s->here, from);
    int least = NN_BATCH_LIMBS_MAX;
    for (size_t i = 0; i < stage_of(s, k)->input_count; i++) {
        int l = limbs[stage_of(s, k)->input[i]];
        least = l < least ? l : least;
    }
    return least;
}

/* The scale at which all sums meet when at least `wanted` is asked for, and the scales of the
 * scalars that lead there. Scalars that are whole at one scale may have just that one. */
static double meet(const search *s, size_t k, const double *in, double wanted, double *weight)
{
    const nn_batch_facts *f = &s->fact[k];
    size_t inputs = stage_of(s, k)->input_count;
    double out = wanted;

    if (f->even_bits < HUGE_VAL && in[0] + f->even_bits >= wanted) {
        weight[0] = f->even_bits;
        return in[0] + f->even_bits;
    }
    for (size_t i = 0; i < inputs; i++)
        out = fmax(out, in[i] + f->floor_bits[i]);
    for (size_t i = 0; i < inputs; i++)
        weight[i] = out - in[i];
    return out;
}

static double sums_ms(search *s, size_t k, int parts, int rescale, nn_batch_step *step)
{
    const nn_batch_facts *f = &s->fact[k];
    size_t inputs = stage_of(s, k)->input_count;
    double rows = width(s, k), entries = 0.0, ms;

    for (size_t i = 0; i < inputs; i++)
        entries += f->entries[i];
    ms = nn_batch_sums_ms(&s->time, entries, parts, step->limbs) +
         nn_batch_traffic_ms(&s->time,
                             2.0 * (double)f->inputs + parts * rows * (double)(3 * inputs - 2),
                             step->limbs);
    step->alpha = step->special = 0;
    if (parts == 2)
        return ms + nn_batch_rescale_ms(&s->time, rows, step->limbs, rescale);
    ms += nn_batch_relinearise_ms(&s->time, rows, step->limbs, rescale, &step->special);
    step->alpha = step->special;
    return ms;
}

static void try_sums(search *s, size_t k, int from)
{
    const nn_batch_facts *f = &s->fact[k];
    const nn_stage *stage = stage_of(s, k);
    const double *bits = bits_of(s, &s->here, from);
    nn_batch_step step = f->form;
    double in[NN_INPUTS_MAX], out;
    int parts =
        step.squared || (stage->input[0] > 0 && s->fact[stage->input[0] - 1].form.lazy) ? 3 : 2;

    step.limbs = common_limbs(s, k, from);
    for (size_t i = 0; i < stage->input_count; i++)
        in[i] = bits[stage->input[i]];
    for (int r = 0; r < step.limbs && r <= RESCALE_MAX; r++) {
        double drop = r * s->now.limb_bits, largest = 0.0;
        out = meet(s, k, in, r > 0 ? s->now.floor_bits + drop : -HUGE_VAL, step.weight_bits);
        for (size_t i = 0; i < stage->input_count; i++)
            largest = fmax(largest, step.weight_bits[i]);
        if (largest > weight_bits_max || nn_batch_wraps(&s->time, f->magnitude, step.limbs, out))
            break;
        step.rescale = r;
        step.limbs_out = step.limbs - r;
        step.scale_bits = out - drop;
        step.ms = sums_ms(s, k, parts, r, &step);
        if (step.ms < HUGE_VAL)
            add_state(s, k, from, &step);
    }
}

/* Squares that the sums behind will take: their scale alone. */
static void try_inside(search *s, size_t k, int from)
{
    const nn_stage *stage = stage_of(s, k);
    nn_batch_step step = s->fact[k].form;
    step.limbs = step.limbs_out = common_limbs(s, k, from);
    step.scale_bits = 2.0 * bits_of(s, &s->here, from)[stage->input[0]];
    /* Three products and three parts, where the sums have counted two that are read. */
    step.ms = nn_batch_traffic_ms(&s->time, 4.0 * width(s, k), step.limbs);
    if (!nn_batch_wraps(&s->time, stage->range, step.limbs, step.scale_bits))
        add_state(s, k, from, &step);
}

/* A product at this scale, of values of magnitudes below `magnitude`, is there: it stays as it is
 * or is relinearised. ms is what came before. */
static void finish_product(search *s, size_t k, int from, nn_batch_step *step, int limbs,
                           double bits, double ms)
{
    double count = width(s, k);
    int size = 0;

    if (nn_batch_wraps(&s->time, s->fact[k].magnitude, limbs, bits))
        return;
    if (step->lazy) {
        step->limbs_out = limbs;
        step->scale_bits = bits;
        step->ms = ms;
        add_state(s, k, from, step);
        return;
    }
    for (int r = 0; r < limbs && r <= RESCALE_MAX; r++) {
        double out = bits - r * s->now.limb_bits;
        if (r > 0 && out < s->now.floor_bits)
            break;
        step->ms = ms + nn_batch_relinearise_ms(&s->time, count, limbs, r, &size);
        if (step->ms == HUGE_VAL)
            return;
        step->rescale = r;
        step->limbs_out = limbs - r;
        step->scale_bits = out;
        if (step->kind == NN_BATCH_QUARTIC)
            step->outer_alpha = step->outer_special = size;
        else
            step->alpha = step->special = size;
        add_state(s, k, from, step);
    }
}

static void try_product(search *s, size_t k, int from)
{
    const nn_stage *stage = stage_of(s, k);
    const double *bits = bits_of(s, &s->here, from);
    nn_batch_step step = s->fact[k].form;
    double sum = bits[stage->input[0]] + bits[stage->input[stage->input_count - 1]];
    double range = range_of(s, stage->input[0]) + fabs(s->fact[k].poly.shift);

    step.limbs = common_limbs(s, k, from);
    if (step.kind == NN_BATCH_SQUARE && nn_batch_wraps(&s->time, range * range, step.limbs, sum))
        return;
    finish_product(s, k, from, &step, step.limbs, sum,
                   nn_batch_traffic_ms(&s->time, 9.0 * width(s, k), step.limbs));
}

/* (x^2 + inner)^2 + slope x + constant: the two summands meet at the scale of the outer square. */
static void try_quartic(search *s, size_t k, int from)
{
    const nn_stage *stage = stage_of(s, k);
    const nn_batch_form *form = &s->fact[k].poly;
    nn_batch_step step = s->fact[k].form;
    double in = bits_of(s, &s->here, from)[stage->input[0]], count = width(s, k);
    double range = range_of(s, stage->input[0]), square = range * range + fabs(form->inner);

    step.limbs = common_limbs(s, k, from);
    if (nn_batch_wraps(&s->time, square, step.limbs, 2.0 * in))
        return;
    for (int r = 0; r < step.limbs && r <= RESCALE_MAX; r++) {
        double bits = 2.0 * in - r * s->now.limb_bits, slope = 2.0 * bits - in;
        int limbs = step.limbs - r;
        if (r > 0 && bits < s->now.floor_bits)
            break;
        if (nn_batch_wraps(&s->time, square * square, limbs, 2.0 * bits) ||
            (form->slope != 0.0 && slope < nn_batch_scalar_bits(1, s->job->precision_bits)))
            continue;
        step.inner_rescale = r;
        double ms = nn_batch_relinearise_ms(&s->time, count, step.limbs, r, &step.special);
        step.alpha = step.special;
        if (ms == HUGE_VAL)
            return;
        ms += nn_batch_traffic_ms(&s->time, 9.0 * count, step.limbs);
        ms += nn_batch_traffic_ms(&s->time, (form->slope != 0.0 ? 15.0 : 9.0) * count, limbs);
        finish_product(s, k, from, &step, limbs, 2.0 * bits, ms);
    }
}

/* Other polynomials: ckks_poly_eval decides by itself where it rescales; ckks_poly_plan says so. */
static void try_poly(search *s, size_t k, int from)
{
    const nn_stage *stage = stage_of(s, k);
    ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    ckks_scale scale = ckks_scale_from(exp2(bits_of(s, &s->here, from)[stage->input[0]]));
    nn_batch_step step = s->fact[k].form;
    int left = 0, products = 0;

    step.limbs = common_limbs(s, k, from);
    double base = nn_batch_switch_ms(&s->time, step.limbs, 1, &step.special);
    step.alpha = step.special;
    if (base == HUGE_VAL ||
        ckks_poly_plan(s->probe, &poly, step.limbs, scale, exp2(nn_batch_poly_floor(&s->now)),
                       &left, &scale, &products) != CKKS_OK)
        return;
    step.limbs_out = left;
    step.rescale = step.limbs - left;
    step.scale_bits = ckks_scale_log2(scale);
    step.ms = width(s, k) * products * base;
    if (!nn_batch_wraps(&s->time, stage->range, left, step.scale_bits))
        add_state(s, k, from, &step);
}

static void try_stage(search *s, size_t k, int from)
{
    switch (s->fact[k].form.kind) {
    case NN_BATCH_SUMS:
        try_sums(s, k, from);
        break;
    case NN_BATCH_INSIDE:
        try_inside(s, k, from);
        break;
    case NN_BATCH_QUARTIC:
        try_quartic(s, k, from);
        break;
    case NN_BATCH_POLY:
        try_poly(s, k, from);
        break;
    default:
        try_product(s, k, from);
    }
}

/* ---- sizes and numbers of primes */

/* The polynomials' own planner wants a context of the real primes. It reads nothing but the primes,
 * so the context is one of a tiny ring, which the same primes serve. */
static int make_probe(search *s)
{
    double bits[CKKS_MAX_Q], special[1] = {NN_BATCH_SPECIAL_BITS};
    ckks_params params;
    ckks_context_free(s->probe);
    s->probe = NULL;
    for (int l = 0; l < s->now.limbs; l++)
        bits[l] = l == 0 ? s->now.first_bits : s->now.limb_bits;
    if (ckks_params_generate(&params, s->now.ring, s->now.log_n, bits, s->now.limbs, special, 1, 0,
                             NULL, 0) != CKKS_OK)
        return 0;
    params.log_n = CKKS_MIN_LOG_N;
    return ckks_context_create(&s->probe, &params, NULL, 0) == CKKS_OK;
}

static int has_kind(const search *s, int (*is)(nn_batch_kind kind))
{
    for (size_t k = 0; k < s->stages; k++)
        if (is(s->fact[k].form.kind))
            return 1;
    return 0;
}

static int is_poly(nn_batch_kind kind)
{
    return kind == NN_BATCH_POLY;
}

static int wants_key(nn_batch_kind kind)
{
    return kind != NN_BATCH_SUMS;
}

/* The fastest state behind the last stage, and how it came about. */
static void keep_best(search *s)
{
    int at = 0;
    nn_batch_step *step = s->best.step;
    const state *end = s->trail + (s->stages - 1) * STATES;

    for (int i = 1; i < s->here.count; i++)
        at = end[i].ms < end[at].ms ? i : at;
    s->best = s->now;
    s->best.step = step;
    s->best.count = s->stages;
    s->best.ms = end[at].ms;
    for (size_t k = s->stages; k-- > 0; at = s->trail[k * STATES + (size_t)at].parent)
        step[k] = s->trail[k * STATES + (size_t)at].step;
}

/* One number and size of primes. */
static void search_stages(search *s)
{
    nn_batch_times_set(&s->time, s->now.limb_bits);
    s->here.count = 1;
    s->here.at[0] = (state){.ms = 0.0};
    s->here.limbs[0] = s->now.limbs;
    s->here.bits[0] = s->now.input_bits;
    for (size_t k = 0; k < s->stages; k++) {
        frontier swap = s->here;
        s->next.count = 0;
        for (int from = 0; from < s->here.count; from++)
            try_stage(s, k, from);
        s->furthest = k > s->furthest ? k : s->furthest;
        if (s->next.count == 0)
            return;
        memcpy(s->trail + k * STATES, s->next.at, (size_t)s->next.count * sizeof(state));
        s->here = s->next;
        s->next = swap;
    }
    keep_best(s);
}

/* All sizes of the primes q_1..q_{limbs-1} in steps of one bit, the largest the bound allows first:
 * of schedules that take the same time the first one stays. */
static void search_limbs(search *s, int limbs, double special)
{
    nn_batch_schedule *now = &s->now;
    double top = prime_bits_max, room = s->time.bound - now->first_bits - special;
    int probes = has_kind(s, is_poly);
    now->limbs = limbs;
    if (limbs > 1)
        top = fmin(top, room / (limbs - 1) - 0.01);
    for (double bits = top; bits >= prime_bits_min; bits -= 1.0) {
        now->limb_bits = bits;
        if (!probes || make_probe(s))
            search_stages(s);
        if (limbs == 1)
            break;
    }
}

static nn_status search_all(search *s, nn_batch_schedule *out)
{
    double special = has_kind(s, wants_key) ? NN_BATCH_SPECIAL_BITS : 0.0;
    int first = 0;
    for (int limbs = 1; limbs <= NN_BATCH_LIMBS_MAX; limbs++) {
        if (s->now.first_bits + (limbs - 1) * prime_bits_min + special > s->time.bound ||
            (first > 0 && limbs > first + MORE_LIMBS))
            break;
        search_limbs(s, limbs, special);
        if (first == 0 && s->best.count > 0)
            first = limbs;
    }
    if (s->best.count == 0)
        return NN_ERR_PLAN;
    *out = s->best;
    s->best.step = NULL;
    return NN_OK;
}

/* ---- the whole */

static nn_status make_frontier(const search *s, frontier *f)
{
    f->at = calloc(STATES, sizeof *f->at);
    f->limbs = calloc(STATES * (s->stages + 1), sizeof *f->limbs);
    f->bits = calloc(STATES * (s->stages + 1), sizeof *f->bits);
    return f->at != NULL && f->limbs != NULL && f->bits != NULL ? NN_OK : NN_ERR_MEMORY;
}

static void free_frontier(frontier *f)
{
    free(f->at);
    free(f->limbs);
    free(f->bits);
}

static nn_status begin(search *s, const nn_batch_job *job)
{
    s->job = job;
    s->stages = job->stages->count;
    s->time =
        (nn_batch_times){.costs = job->costs, .log_n = job->log_n, .first_bits = prime_bits_max};
    s->time.bound = ckks_security_max_log2_qp(job->log_n, job->security_bits);
    nn_batch_times_set(&s->time, prime_bits_min);
    s->now = (nn_batch_schedule){.ring = job->ring, .log_n = job->log_n};
    s->now.first_bits = prime_bits_max;
    s->now.floor_bits = nn_batch_rounding_bits(job->ring, job->log_n) + job->precision_bits;
    s->now.input_bits = nn_batch_fresh_bits(job->ring, job->log_n) + job->precision_bits;
    s->fact = calloc(s->stages + 1, sizeof *s->fact);
    s->trail = calloc(s->stages * STATES + 1, sizeof *s->trail);
    s->best.step = calloc(s->stages + 1, sizeof *s->best.step);
    if (s->fact == NULL || s->trail == NULL || s->best.step == NULL ||
        make_frontier(s, &s->here) != NN_OK || make_frontier(s, &s->next) != NN_OK)
        return NN_ERR_MEMORY;
    nn_batch_facts_find(s->fact, job, &s->time);
    return NN_OK;
}

nn_status nn_batch_schedule_find(nn_batch_schedule *out, const nn_batch_job *job, char *why,
                                 size_t why_size)
{
    search s = {.job = NULL};
    *out = (nn_batch_schedule){0};
    nn_status st = begin(&s, job);
    if (st == NN_OK)
        st = search_all(&s, out);
    free(s.fact);
    free(s.trail);
    free(s.best.step);
    free_frontier(&s.here);
    free_frontier(&s.next);
    ckks_context_free(s.probe);
    if (st != NN_ERR_PLAN)
        return st;
    return nn_why(why, why_size, st,
                  "no %d-bit secure set of primes at N = %d carries the network in batches: within "
                  "log2(QP) <= %.0f it gets as far as stage %zu of %zu, '%s'",
                  job->security_bits, 1 << job->log_n, s.time.bound, s.furthest + 1, s.stages,
                  s.furthest < s.stages ? job->stages->stage[s.furthest].name : "output");
}
