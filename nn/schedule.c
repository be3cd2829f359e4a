/* The search for levels and scales.
 *
 * For each number of primes: depth first through the stages, state the limbs left and log2 of the
 * scale, choice how many primes to drop behind a stage. A drop goes down to the floor, or as far as
 * its primes reach: a bit kept at a square costs two behind it, so less is never better. Where it
 * would leave primes too small, the weights of the matrix are made finer. At the end the sizes are
 * known: those of the dropped primes, and for the ones left what no stage's values may wrap around.
 * A branch ends where the least that its stages can cost exceeds the best schedule.
 *
 * Everything is in bits; the exact scales follow from the real primes when the plan is made. */
#include "nn/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/error.h"
#include "nn/shapes.h"
#include "nn/why.h"

enum { RESCALE_MAX = 3, LIMBS_MAX = 30, PROBE_LIMBS = 8, SPARE_BITS_MAX = 3, INPUT_MORE_MAX = 6 };

static const double weight_bits_max = 42.0;
static const double word_bits = 61.5; /* a bias times its scale is encoded in one word */
static const double wrap_margin_bits =
    2.2; /* |message| * scale stays below Q / 4, by real primes too */
static const double key_deviation = 3.24;  /* of the error in a fresh ciphertext */
static const double least_precision = 2.0; /* where nothing depends on it */
static const double spare_cost = 1.01;     /* what a spare bit of precision may cost */
static const double poly_bits_min = 30.0;  /* primes dropped inside polynomials */

/* Least scales of one stage, log2. */
typedef struct scale_floor {
    double out, weight; /* of the output; of the diagonals */
    double key;         /* of the input for hoisted rotations */
} scale_floor;

typedef struct search {
    const nn_schedule_job *job;
    double bound;     /* largest log2(QP) */
    double poly_bits; /* size of the primes that polynomials drop, see make_probe */
    int strict;       /* see nn_shapes_choose */
    nn_schedule now, best;
    nn_work *work; /* per stage */
    nn_error_point *point;
    double *magnitude;   /* per stage, log2 of its largest output or bias; then of the input */
    scale_floor *floor;  /* per stage, at the precision at hand */
    double *own, *rest;  /* [stage][limbs]: least cost of a stage, and of it and all behind it */
    ckks_context *probe; /* for polynomials */
    size_t furthest;     /* stage that no schedule got past, for the message */
} search;

/* Smallest prime of a limb: those = 1 mod 2N lie close enough that the largest below a size is
 * within a twentieth of a bit of it. */
static double prime_bits_min(const search *s)
{
    return s->job->log_n + 10.0;
}

static size_t place(size_t stage, int limbs)
{
    return stage * (LIMBS_MAX + 1) + (size_t)limbs;
}

/* ---- the end of a branch */

/* log2 of the largest number that must not wrap around behind a stage: a value, or a bias as it is
 * added. */
static double magnitude_bits(const nn_stage *stage)
{
    double largest = fmax(stage->range, 1e-30);
    for (size_t o = 0; stage->kind == NN_STAGE_AFFINE && o < stage->affine.rows; o++)
        largest = fmax(largest, fabs(stage->affine.bias[o]));
    return log2(largest);
}

/* Sizes of the limbs: what the steps drop, and for the ones left what keeps every value from
 * wrapping around. Returns 0 when these cannot be had. */
static int set_sizes(search *s)
{
    nn_schedule *now = &s->now;
    double behind = 0.0, need = 0.0;
    int left = now->step[now->count - 1].limbs_out;
    for (size_t k = now->count; k-- > 0;) {
        const nn_step *step = &now->step[k];
        /* Before the drop the scale and the modulus are larger by the same bits. */
        need = fmax(need, step->scale_bits + s->magnitude[k] + wrap_margin_bits - behind);
        if (s->work[k].affine && step->scale_bits + s->magnitude[k] > word_bits)
            return 0;
        behind += step->drop_bits;
        for (int r = 0; r < step->rescale; r++)
            now->q_bits[step->limbs_out + r] = step->drop_bits / step->rescale;
    }
    need = fmax(need, now->input_bits + s->magnitude[now->count] + wrap_margin_bits - behind);
    need = fmax(need / left, prime_bits_min(s));
    for (int l = 0; l < left; l++)
        now->q_bits[l] = need;
    return need <= NN_LIMB_BITS_MAX;
}

static void finish(search *s)
{
    double budget = s->best.cost > 0.0 ? s->best.cost : HUGE_VAL;
    if (!set_sizes(s) || nn_schedule_bits(&s->now, s->now.limbs, 0) > s->bound ||
        !nn_shapes_choose(&s->now, s->work, s->job->costs, s->bound, s->strict, budget))
        return;
    nn_step *keep = s->best.step;
    memcpy(keep, s->now.step, s->now.count * sizeof *keep);
    s->best = s->now;
    s->best.step = keep;
}

/* ---- the stages; least: what those before stage k cost, at least */

static void search_stage(search *s, size_t k, int limbs, double scale_bits, double least);

/* Go on behind a stage that drops primes of so many bits. */
static void drop(search *s, size_t k, int rescale, double before, double bits, double least)
{
    nn_step *step = &s->now.step[k];
    step->rescale = rescale;
    step->drop_bits = bits;
    step->scale_bits = before - bits;
    step->limbs_out = step->limbs - rescale;
    search_stage(s, k + 1, step->limbs_out, step->scale_bits,
                 least + s->own[place(k, step->limbs)]);
}

static void search_affine(search *s, size_t k, double scale_bits, double least)
{
    nn_step *step = &s->now.step[k];
    const scale_floor *floor = &s->floor[k];
    double top = scale_bits + floor->weight - floor->out;
    for (int r = 0; r < step->limbs && r <= RESCALE_MAX; r++) {
        double bits = fmin(r * NN_LIMB_BITS_MAX, fmax(top, 0.0));
        if (r > 1 && (r - 1) * NN_LIMB_BITS_MAX >= top)
            break;
        bits = fmax(bits, r * prime_bits_min(s));
        step->weight_bits = fmax(floor->weight, floor->out + bits - scale_bits);
        if (step->weight_bits <= weight_bits_max)
            drop(s, k, r, scale_bits + step->weight_bits, bits, least);
    }
}

static void search_square(search *s, size_t k, double scale_bits, double least)
{
    nn_step *step = &s->now.step[k];
    double top = 2.0 * scale_bits - s->floor[k].out;
    for (int r = 0; r < step->limbs && r <= RESCALE_MAX; r++) {
        double bits = fmin(r * NN_LIMB_BITS_MAX, top);
        if (top < 0.0 || bits < r * prime_bits_min(s) ||
            (r > 1 && (r - 1) * NN_LIMB_BITS_MAX >= top))
            break;
        drop(s, k, r, 2.0 * scale_bits, bits, least);
    }
}

/* Other polynomials: ckks_poly_eval decides by itself where it rescales; ckks_poly_plan says so. */
static void search_poly(search *s, size_t k, double scale_bits, double least)
{
    const nn_stage *stage = &s->job->stages->stage[k];
    ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
    ckks_scale scale = ckks_scale_from(exp2(scale_bits));
    int left = 0;
    if (ckks_poly_plan(s->probe, &poly, PROBE_LIMBS, scale, nn_step_min_scale(&s->now.step[k]),
                       &left, &scale, &s->work[k].products) != CKKS_OK)
        return;
    int dropped = PROBE_LIMBS - left;
    double bits = dropped * s->poly_bits;
    if (dropped < s->now.step[k].limbs)
        drop(s, k, dropped, ckks_scale_log2(scale) + bits, bits, least);
}

static double dropped_bits(const search *s, size_t stages)
{
    double bits = 0.0;
    for (size_t k = 0; k < stages; k++)
        bits += s->now.step[k].drop_bits;
    return bits;
}

static void search_stage(search *s, size_t k, int limbs, double scale_bits, double least)
{
    s->furthest = k > s->furthest ? k : s->furthest;
    if (k == s->now.count) {
        finish(s);
        return;
    }
    if (s->best.cost > 0.0 && least + s->rest[place(k, limbs)] >= s->best.cost)
        return;
    if (dropped_bits(s, k) + limbs * prime_bits_min(s) > s->bound)
        return;
    s->now.step[k] = (nn_step){.limbs = limbs,
                               .scale_in = scale_bits,
                               .floor_bits = s->floor[k].out,
                               .key_floor_bits = s->floor[k].key};
    if (s->work[k].affine)
        search_affine(s, k, scale_bits, least);
    else if (s->work[k].square)
        search_square(s, k, scale_bits, least);
    else
        search_poly(s, k, scale_bits, least);
}

/* ---- around the search */

static void fill_least(search *s)
{
    for (size_t k = s->now.count; k-- > 0;) {
        for (int limbs = 1; limbs <= LIMBS_MAX; limbs++) {
            double behind = HUGE_VAL;
            for (int r = 0; r <= PROBE_LIMBS && r < limbs; r++)
                behind = fmin(behind, k + 1 < s->now.count ? s->rest[place(k + 1, limbs - r)] : 0);
            s->own[place(k, limbs)] =
                nn_shapes_least(&s->work[k], s->job->costs, s->job->log_n, limbs);
            s->rest[place(k, limbs)] = s->own[place(k, limbs)] + behind;
        }
    }
}

/* The polynomials' own planner wants a context of the real primes. It reads nothing but the primes,
 * so the context is one of a tiny ring, which the same primes serve. */
static int make_probe(search *s)
{
    double bits[PROBE_LIMBS];
    ckks_params params;
    ckks_context_free(s->probe);
    s->probe = NULL;
    for (int l = 0; l < PROBE_LIMBS; l++)
        bits[l] = s->poly_bits;
    if (ckks_params_generate(&params, s->job->ring, s->job->log_n, bits, PROBE_LIMBS, NULL, 0, 0,
                             NULL, 0) != CKKS_OK)
        return 0;
    params.ring = CKKS_RING_COMPLEX;
    params.log_n = CKKS_MIN_LOG_N;
    return ckks_context_create(&s->probe, &params, NULL, 0) == CKKS_OK;
}

static int only_squares(const search *s)
{
    for (size_t k = 0; k < s->now.count; k++)
        if (!s->work[k].affine && !s->work[k].square)
            return 0;
    return 1;
}

/* Scales at which each source of error alone leaves an output error of 2^target_bits. */
static void set_floors(search *s, double target)
{
    double spread = nn_schedule_spread_bits(s->job->ring, s->job->log_n);
    double rounding = nn_schedule_rounding_bits(s->job->ring, s->job->log_n);
    for (size_t k = 0; k < s->now.count; k++) {
        const nn_work *w = &s->work[k];
        double before = log2(s->point[k].gain), behind = log2(s->point[k + 1].gain);
        /* A fold adds up twice as many errors. */
        double folded = behind + 0.5 * w->folds - target;
        s->floor[k] = (scale_floor){.out = rounding + folded, .key = rounding + before - target};
        if (!w->affine && !w->square)
            s->floor[k].out = rounding + fmax(before, behind) + 0.5 - target;
        /* A diagonal's rounding error is 1/sqrt(12) a coefficient; it meets every slot. */
        s->floor[k].weight = spread + 0.5 * log2(fmax(w->diagonals, 1) / 12.0) +
                             log2(fmax(s->point[k].slot, 1e-30)) + folded;
        s->floor[k].out = fmax(s->floor[k].out, rounding + least_precision);
        s->floor[k].weight = fmax(s->floor[k].weight, spread + least_precision);
    }
}

/* The largest gain behind the first stage: where an error counts most. */
static double worst_gain(const search *s)
{
    double worst = s->now.count > 0 ? 0.0 : 1.0;
    for (size_t k = 1; k <= s->now.count; k++)
        worst = fmax(worst, s->point[k].gain);
    return worst;
}

/* All numbers of primes, and sizes of those that polynomials drop, at one precision. */
static nn_status search_all(search *s, nn_schedule *out, double precision)
{
    double target = log2(worst_gain(s)) - precision;
    /* Fresh errors are smaller than those of a rounding, but key switches at that scale are not. */
    double fresh = nn_schedule_spread_bits(s->job->ring, s->job->log_n) + log2(key_deviation) +
                   log2(s->point[0].gain) - target;
    s->now.precision_bits = precision;
    set_floors(s, target);
    s->best = (nn_schedule){.step = calloc(s->now.count + 1, sizeof *s->best.step)};
    if (s->best.step == NULL)
        return NN_ERR_MEMORY;
    int plain = only_squares(s);
    for (s->poly_bits = NN_LIMB_BITS_MAX; s->poly_bits >= poly_bits_min; s->poly_bits -= 1.0) {
        int ready = plain || make_probe(s);
        for (int limbs = 1; limbs <= LIMBS_MAX && ready; limbs++) {
            for (int more = 0; more <= INPUT_MORE_MAX; more++) {
                s->now.limbs = limbs;
                s->now.input_bits = fresh + more;
                search_stage(s, 0, limbs, s->now.input_bits, 0.0);
            }
        }
        if (plain)
            break;
    }
    *out = s->best;
    s->best = (nn_schedule){0};
    if (out->cost > 0.0)
        return NN_OK;
    nn_schedule_clear(out);
    return NN_ERR_PLAN;
}

/* Precision that costs next to nothing is taken. */
static nn_status refine(search *s, nn_schedule *out)
{
    nn_status st = NN_OK;
    for (int bit = 1; bit <= SPARE_BITS_MAX && st == NN_OK; bit++) {
        nn_schedule finer;
        st = search_all(s, &finer, s->job->precision_bits + bit);
        if (st == NN_OK && finer.cost <= spare_cost * out->cost) {
            nn_schedule_clear(out);
            *out = finer;
        } else {
            nn_schedule_clear(&finer);
            return st == NN_ERR_PLAN ? NN_OK : st;
        }
    }
    return st;
}

static nn_status start(search *s)
{
    const nn_stages *stages = s->job->stages;
    size_t count = s->now.count, room = (count + 1) * (LIMBS_MAX + 1);
    s->now.step = calloc(count + 1, sizeof *s->now.step);
    s->work = calloc(count + 1, sizeof *s->work);
    s->point = calloc(count + 1, sizeof *s->point);
    s->floor = calloc(count + 1, sizeof *s->floor);
    s->magnitude = calloc(count + 1, sizeof *s->magnitude);
    s->own = calloc(2 * room, sizeof *s->own);
    if (s->now.step == NULL || s->work == NULL || s->point == NULL || s->floor == NULL ||
        s->magnitude == NULL || s->own == NULL)
        return NN_ERR_MEMORY;
    s->rest = s->own + room;
    for (size_t k = 0; k < count; k++) {
        s->work[k] = nn_shapes_work(stages, s->job->arrangement, k);
        s->magnitude[k] = magnitude_bits(&stages->stage[k]);
    }
    double input = fmax(fabs(stages->input_lo), fabs(stages->input_hi));
    s->magnitude[count] = log2(fmax(input, 1e-30));
    fill_least(s);
    nn_status st = nn_error_points(s->point, stages, s->job->arrangement);
    /* A coefficient is at most sqrt(2) times the root mean square of the slots. */
    for (size_t k = 0; k < count && st == NN_OK; k++)
        s->magnitude[k] = fmax(s->magnitude[k], log2(s->point[k + 1].slot) + 1.0);
    return st;
}

nn_status nn_schedule_find(nn_schedule *out, const nn_schedule_job *job, char *why, size_t why_size)
{
    const nn_stages *stages = job->stages;
    search s = {.job = job, .strict = 1};
    s.bound = ckks_security_max_log2_qp(job->log_n, job->security_bits);
    s.now = (nn_schedule){.ring = job->ring, .log_n = job->log_n, .count = stages->count};
    *out = (nn_schedule){0};
    nn_status st = start(&s);
    if (st == NN_OK)
        st = search_all(&s, out, job->precision_bits);
    if (st == NN_OK)
        st = refine(&s, out);
    if (st == NN_ERR_PLAN) {
        /* Rather a key switch that is less precise than no plan. */
        s.strict = 0;
        st = search_all(&s, out, job->precision_bits);
    }
    free(s.now.step);
    free(s.work);
    free(s.point);
    free(s.floor);
    free(s.magnitude);
    free(s.own);
    ckks_context_free(s.probe);
    if (st == NN_ERR_PLAN) {
        const char *name = s.furthest < stages->count ? stages->stage[s.furthest].name : "output";
        return nn_why(
            why, why_size, st,
            "no %d-bit secure set of primes at N = %d carries the network: within "
            "log2(QP) <= %.0f it gets as far as stage %zu of %zu, '%s'; use fewer layers or "
            "activations of lower degree",
            job->security_bits, 1 << job->log_n, s.bound, s.furthest + 1, stages->count, name);
    }
    if (st != NN_OK)
        nn_schedule_clear(out);
    return st;
}
