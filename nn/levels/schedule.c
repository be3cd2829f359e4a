/* Precision by precision: floors of scales from the errors that are allowed, the ways through the
 * levels (nn/levels/levels.h) for every number of primes, and for each way the sizes of the primes
 * that are left, special primes and key shapes (nn/levels/shapes.h).
 *
 * Everything is in bits; the exact scales follow from the real primes when the plan is made. */
#include "nn/levels/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/levels/error.h"
#include "nn/levels/levels.h"
#include "nn/levels/shapes.h"

enum { SPARE_BITS_MAX = 3, WAYS_MAX = 160, RESCALE_SPARE = 4 };

static const double word_bits = 61.5; /* a bias times its scale is encoded in one word */
static const double wrap_margin_bits =
    2.2; /* |message| * scale stays below Q / 4, by real primes too */
static const double key_deviation = 3.24;  /* of the error in a fresh ciphertext */
static const double least_precision = 2.0; /* where nothing depends on it */
static const double spare_cost = 1.01;     /* what a spare bit of precision may cost */
static const double same_bits = 4.0;       /* of the scalar 1, at least */
static const double special_bits_min = 30.0;
/* Errors stay so many bits below the values that they are in, also where the output hardly depends
 * on these: a polynomial of a value that drowns in them would no longer pass them on linearly. */
static const double clear_bits = 6.0;
/* Smaller numbers have the room of this one: operations take none to be below 1, and want Q above
 * twice the scale. */
static const double least_magnitude = 0.5;
static const double tiny_size = 0.01; /* what is smaller should be scaled up */

typedef struct search {
    const nn_schedule_job *job;
    double bound; /* largest log2(QP) */
    int strict;   /* see nn_shapes_choose */
    nn_schedule now, best;
    nn_work *work; /* per stage */
    nn_error_point *point;
    double *magnitude;     /* per value, log2 of its largest element or bias */
    double *room, *word;   /* per value, of nn_levels_job */
    nn_level_floor *floor; /* per stage, at the precision at hand */
    double *own;           /* [stage][limbs]: least cost of a stage */
    nn_powers *powers;     /* for polynomials */
    size_t furthest;       /* stage that no schedule got past, for the message */
    double least_bits;     /* log2 Q that the levels need at least, likewise; 0: not known */
} search;

/* Smallest prime of a limb: those = 1 mod 2N lie close enough that the largest below a size is
 * within a twentieth of a bit of it. */
static double prime_bits_min(const search *s)
{
    return s->job->log_n + 10.0;
}

/* ---- the end of a way */

/* log2 of the largest number that must not wrap around behind a stage. */
static double magnitude_bits(const nn_stage *stage)
{
    return log2(fmax(nn_stage_magnitude(stage), least_magnitude));
}

/* Sizes of the limbs that are left at the end: what keeps every value from wrapping around. Returns
 * 0 when these cannot be had. */
static int set_sizes(search *s)
{
    nn_schedule *now = &s->now;
    int left = now->count > 0 ? now->step[now->count - 1].limbs_out : now->limbs;
    double behind[NN_LIMBS_MAX + 1] = {0.0}, need = 0.0; /* bits of the primes left .. limbs - 1 */
    for (int l = left; l < now->limbs; l++)
        behind[l + 1] = behind[l] + now->q_bits[l];
    for (size_t k = 0; k < now->count; k++) {
        const nn_step *step = &now->step[k];
        /* Before the drop the scale and the modulus are larger by the same bits. */
        need = fmax(need, step->scale_bits + s->magnitude[k + 1] + wrap_margin_bits +
                              s->job->more_room - behind[step->limbs_out]);
    }
    need = fmax(need, now->input_bits + s->magnitude[0] + wrap_margin_bits - behind[now->limbs]);
    need = fmax(need / left, prime_bits_min(s));
    for (int l = 0; l < left; l++)
        now->q_bits[l] = need;
    return need <= NN_LIMB_BITS_MAX;
}

static double finish(void *user, nn_schedule *now)
{
    search *s = user;
    double budget = s->best.cost > 0.0 ? s->best.cost : HUGE_VAL;
    for (size_t k = 0; k < now->count; k++)
        if (!s->work[k].affine && !s->work[k].square)
            s->work[k].products = now->step[k].products;
    if (!set_sizes(s) || nn_schedule_bits(now, now->limbs, 0) > s->bound ||
        !nn_shapes_choose(now, s->work, s->job->costs, s->bound, s->strict, budget))
        return budget;
    nn_step *keep = s->best.step;
    memcpy(keep, now->step, now->count * sizeof *keep);
    s->best = *now;
    s->best.step = keep;
    return s->best.cost;
}

/* ---- around the search */

static void fill_least(search *s)
{
    for (size_t k = 0; k < s->now.count; k++)
        for (int limbs = 1; limbs <= NN_LIMBS_MAX; limbs++)
            s->own[k * (NN_LIMBS_MAX + 1) + (size_t)limbs] =
                nn_shapes_least(&s->work[k], s->job->costs, s->job->log_n, limbs);
}

/* log2 of the error that each source may leave in a value: an output error of 2^target, and less
 * than the value itself. */
static double allowed(const search *s, size_t value, double target)
{
    const nn_error_point *point = &s->point[value];
    return fmin(target - log2(fmax(point->gain, 1e-30)),
                log2(fmax(point->size, 1e-30)) - clear_bits);
}

/* Least log2 of the scales of the weights, and of inputs, of an affine stage. */
static void set_weight_floors(search *s, size_t k, double folded, double target)
{
    const nn_stage *stage = &s->job->stages->stage[k];
    const nn_work *w = &s->work[k];
    double spread = nn_schedule_spread_bits(s->job->ring, s->job->log_n);
    double rounding = nn_schedule_rounding_bits(s->job->ring, s->job->log_n);
    double inputs = 0.5 * log2((double)stage->input_count);
    for (size_t i = 0; i < stage->input_count; i++) {
        const nn_error_point *in = &s->point[stage->input[i]];
        double slot = log2(fmax(in->slot, 1e-30)) + folded + inputs;
        /* A diagonal's rounding error meets every slot. The scalar 1 has one of at most a half,
         * which meets its own. */
        double weight =
            nn_schedule_weight_bits(s->job->ring, s->job->log_n, w->input_terms[i]) + slot;
        s->floor[k].weight[i] =
            w->same[i] ? fmax(slot - 1.0, same_bits) : fmax(weight, spread + least_precision);
        s->floor[k].key[i] = rounding - allowed(s, stage->input[i], target);
    }
}

/* Scales at which each source of error alone leaves as much as is allowed. */
static void set_floors(search *s, double target)
{
    double rounding = nn_schedule_rounding_bits(s->job->ring, s->job->log_n);
    for (size_t k = 0; k < s->now.count; k++) {
        const nn_work *w = &s->work[k];
        const nn_stage *stage = &s->job->stages->stage[k];
        double before = allowed(s, stage->input[0], target), behind = allowed(s, k + 1, target);
        /* A fold adds up twice as many errors; so does every further transform. */
        double folded = 0.5 * w->fold_depth - behind;
        s->floor[k] = (nn_level_floor){.out = rounding + folded};
        if (w->transforms > 1)
            s->floor[k].out += 0.5 * log2(w->transforms);
        if (w->affine)
            set_weight_floors(s, k, folded, target);
        /* Other polynomials round at every product. */
        if (!w->affine && !w->square)
            s->floor[k].out = rounding - fmin(before, behind) + 0.5 * log2(fmax(w->products, 2.0));
        s->floor[k].out = fmax(s->floor[k].out, rounding + least_precision);
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

/* The graph of levels at one precision; job must outlive it. */
static nn_status make_levels(search *s, nn_levels **levels, nn_levels_job *job, double precision)
{
    double target = log2(worst_gain(s)) - precision;
    /* Fresh errors are smaller than those of a rounding, but key switches at that scale are not. */
    double fresh = nn_schedule_spread_bits(s->job->ring, s->job->log_n) + log2(key_deviation) -
                   allowed(s, 0, target);
    set_floors(s, target);
    *job = (nn_levels_job){.stages = s->job->stages,
                           .work = s->work,
                           .floor = s->floor,
                           .powers = s->powers,
                           .prime_bits_min = prime_bits_min(s),
                           .input_bits = fresh,
                           .own = s->own,
                           .magnitude = s->room,
                           .word = s->word,
                           .bound = s->bound};
    for (size_t v = 0; v <= s->now.count; v++) {
        s->room[v] = s->magnitude[v] + wrap_margin_bits + s->job->more_room;
        s->word[v] = v > 0 && s->work[v - 1].affine ? word_bits - s->magnitude[v] : HUGE_VAL;
    }
    s->least_bits = 0.0;
    s->now.precision_bits = precision;
    double reached = 0.0;
    nn_status st = nn_levels_create(levels, job, &s->furthest, &reached);
    if (st == NN_OK) {
        s->least_bits = nn_levels_least_bits(*levels);
        s->furthest = nn_levels_reach(*levels, s->bound - special_bits_min);
    } else if (st == NN_ERR_PLAN && reached > (NN_LIMBS_MAX - RESCALE_SPARE) * prime_bits_min(s)) {
        s->least_bits = HUGE_VAL; /* no more primes may be dropped */
    }
    return st;
}

/* All numbers of primes at one precision. */
static nn_status search_all(search *s, nn_schedule *out, double precision)
{
    nn_levels *levels = NULL;
    nn_levels_job job;
    s->best = (nn_schedule){.step = calloc(s->now.count + 1, sizeof *s->best.step)};
    nn_status st = s->best.step != NULL ? make_levels(s, &levels, &job, precision) : NN_ERR_MEMORY;
    for (int limbs = 1; limbs <= NN_LIMBS_MAX && st == NN_OK; limbs++) {
        s->now.limbs = limbs;
        st = nn_levels_walk(levels, &s->now, WAYS_MAX, s->best.cost > 0.0 ? s->best.cost : HUGE_VAL,
                            finish, s);
    }
    nn_levels_free(levels);
    *out = s->best;
    s->best = (nn_schedule){0};
    if (st == NN_OK && out->cost > 0.0)
        return NN_OK;
    nn_schedule_clear(out);
    return st == NN_OK ? NN_ERR_PLAN : st;
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

/* Operations of a stage before it is arranged: no more than there must be. */
static nn_work bare_work(const nn_stage *stage)
{
    nn_work w = {.affine = stage->kind == NN_STAGE_AFFINE, .parts = 1};
    for (size_t i = 0; w.affine && i < stage->input_count; i++) {
        w.same[i] = (unsigned char)nn_affine_is_identity(&stage->affine[i]);
        w.input_terms[i] = 1;
    }
    w.square = stage->kind == NN_STAGE_PRODUCT || nn_stage_is_square(stage);
    w.products = w.square;
    return w;
}

static nn_status make_work(search *s)
{
    const nn_stages *stages = s->job->stages;
    int plain = 1;
    for (size_t k = 0; k < s->now.count; k++) {
        s->work[k] = s->job->arrangement != NULL ? nn_shapes_work(stages, s->job->arrangement, k)
                                                 : bare_work(&stages->stage[k]);
        plain = plain && (s->work[k].affine || s->work[k].square);
    }
    nn_status st = NN_OK;
    s->powers = s->job->powers;
    if (!plain && s->powers == NULL)
        st = nn_powers_create(&s->powers);
    for (size_t k = 0; k < s->now.count && st == NN_OK && !plain; k++)
        if (!s->work[k].affine && !s->work[k].square)
            s->work[k].products = nn_powers_products(s->powers, &stages->stage[k]);
    return st;
}

static nn_status make_points(search *s)
{
    const nn_stages *stages = s->job->stages;
    size_t count = s->now.count;
    nn_status st = NN_OK;
    if (s->job->gains != NULL)
        memcpy(s->point, s->job->gains, (count + 1) * sizeof *s->point);
    else
        st = nn_error_gains(s->point, stages);
    if (st == NN_OK && s->job->arrangement != NULL)
        st = nn_error_slots(s->point, stages, s->job->arrangement);
    double input = fmax(fabs(stages->input_lo), fabs(stages->input_hi));
    s->magnitude[0] = log2(fmax(input, least_magnitude));
    /* A coefficient is at most sqrt(2) times the root mean square of the slots. */
    for (size_t v = 1; v <= count && st == NN_OK; v++)
        s->magnitude[v] = fmax(magnitude_bits(&stages->stage[v - 1]), log2(s->point[v].slot) + 1.0);
    return st;
}

static nn_status start(search *s, const nn_schedule_job *job)
{
    size_t count = job->stages->count;
    *s = (search){.job = job, .strict = 1};
    s->bound = ckks_security_max_log2_qp(job->log_n, job->security_bits);
    s->now = (nn_schedule){.ring = job->ring, .log_n = job->log_n, .count = count};
    s->now.step = calloc(count + 1, sizeof *s->now.step);
    s->work = calloc(count + 1, sizeof *s->work);
    s->point = calloc(count + 1, sizeof *s->point);
    s->floor = calloc(count + 1, sizeof *s->floor);
    s->magnitude = calloc(3 * (count + 1), sizeof *s->magnitude);
    s->own = calloc((count + 1) * (NN_LIMBS_MAX + 1), sizeof *s->own);
    if (s->now.step == NULL || s->work == NULL || s->point == NULL || s->floor == NULL ||
        s->magnitude == NULL || s->own == NULL)
        return NN_ERR_MEMORY;
    s->room = s->magnitude + count + 1;
    s->word = s->room + count + 1;
    nn_status st = make_work(s);
    return st == NN_OK ? make_points(s) : st;
}

static void end(search *s)
{
    free(s->now.step);
    free(s->work);
    free(s->point);
    free(s->floor);
    free(s->magnitude);
    free(s->own);
    if (s->job->powers == NULL)
        nn_powers_free(s->powers);
}

/* Why there is no schedule: the levels alone need more than there is, or the levels with the
 * special primes do, or a scale cannot be had at all. */
static nn_status refuse(const search *s, char *why, size_t why_size)
{
    const nn_stages *stages = s->job->stages;
    size_t at = s->furthest < stages->count ? s->furthest : stages->count - 1;
    int n = 1 << s->job->log_n;
    if (stages->count == 0)
        return nn_why(why, why_size, NN_ERR_PLAN, "the network has no layers to compute");
    const char *name = stages->stage[at].name;
    double size = s->point[at + 1].size;
    if (s->least_bits <= 0.0)
        return nn_why(why, why_size, NN_ERR_PLAN,
                      "no scale carries stage %zu of %zu, '%s', at N = %d: %.0f bits of precision, "
                      "a range of %g and numbers of about %.2g need more than a prime or a word "
                      "holds; ask for less precision (--precision), or scale its weights and range "
                      "%s",
                      at + 1, stages->count, name, n, s->job->precision_bits,
                      stages->stage[at].range, size, size < tiny_size ? "up" : "down");
    if (s->least_bits == HUGE_VAL)
        return nn_why(why, why_size, NN_ERR_PLAN,
                      "the network is too deep for N = %d and log2(QP) <= %.0f: with %d primes it "
                      "gets as far as stage %zu of %zu, '%s'; use fewer layers or activations of "
                      "lower degree",
                      n, s->bound, NN_LIMBS_MAX, at + 1, stages->count, name);
    return nn_why(why, why_size, NN_ERR_PLAN,
                  "no %d-bit secure set of primes at N = %d carries the network: within "
                  "log2(QP) <= %.0f it gets as far as stage %zu of %zu, '%s'; the levels alone "
                  "need %.0f bits, keys at least 30 more; use fewer layers, activations of lower "
                  "degree%s or less precision (--precision)",
                  s->job->security_bits, n, s->bound, at + 1, stages->count, name, s->least_bits,
                  s->job->log_n < CKKS_MAX_LOG_N ? ", a larger N (--log-n)" : "");
}

nn_status nn_schedule_find(nn_schedule *out, const nn_schedule_job *job, char *why, size_t why_size)
{
    search s;
    *out = (nn_schedule){0};
    nn_status st = start(&s, job);
    if (st == NN_OK) {
        fill_least(&s);
        st = search_all(&s, out, job->precision_bits);
    }
    if (st == NN_OK)
        st = refine(&s, out);
    if (st == NN_ERR_PLAN) {
        /* Rather a key switch that is less precise than no plan. */
        s.strict = 0;
        st = search_all(&s, out, job->precision_bits);
    }
    if (st == NN_ERR_PLAN)
        st = refuse(&s, why, why_size);
    if (st != NN_OK)
        nn_schedule_clear(out);
    end(&s);
    return st;
}

nn_status nn_schedule_possible(const nn_schedule_job *job, char *why, size_t why_size)
{
    nn_schedule_job bare = *job;
    nn_levels *levels = NULL;
    nn_levels_job levels_job;
    search s;
    bare.arrangement = NULL;
    nn_status st = start(&s, &bare);
    if (st == NN_OK)
        st = make_levels(&s, &levels, &levels_job, job->precision_bits);
    if (st == NN_OK && s.least_bits + special_bits_min > s.bound)
        st = NN_ERR_PLAN;
    nn_levels_free(levels);
    if (st == NN_ERR_PLAN)
        st = refuse(&s, why, why_size);
    end(&s);
    return st;
}
