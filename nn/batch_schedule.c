/* The search for the steps of a batch.
 *
 * Depth first through the stages: state the limbs left and log2 of the scale, choices how stages
 * are grouped and how many primes a step drops. Everything is in bits; the exact scales follow from
 * the real primes when the plan is made.
 *
 * A scalar's rounding error is 1/sqrt(12) over its scale, of one value of the row's many; so scales
 * of scalars need half a bit for each doubling of the entries of a row. */
#include "nn/batch_schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/schedule.h"
#include "nn/why.h"

enum { RESCALE_MAX = 3, LIMBS_MAX = 30 };

static const double prime_bits_max = 46.7, prime_bits_min = 30.0;
static const double weight_bits_max = 42.0;
static const double weight_margin_bits = 1.0; /* scalars' rounding stays this far below the rest */
static const double wrap_margin_bits = 2.0;   /* |message| * scale stays below Q / 4 */

typedef struct search {
    const nn_batch_job *job;
    double bound; /* largest log2(QP) */
    nn_batch_schedule now, best;
    nn_batch_step *step;
    ckks_context *probe; /* for polynomials, see make_probe */
    size_t furthest;     /* stage that no schedule got past, for the message */
} search;

/* Mean square of a slot when coefficients have variance 1, and how much of it is in the real part,
 * see ckks/noise.h. */
static double slot_square(int ring, int log_n)
{
    return ldexp(1.0, log_n + (ring == CKKS_RING_REAL));
}

static double spread_square(int ring, int log_n)
{
    return slot_square(ring, log_n) * (ring == CKKS_RING_REAL ? 1.0 : 0.5);
}

double nn_batch_rounding_bits(int ring, int log_n)
{
    double variance = (1.0 + 2.0 / 3.0 * slot_square(ring, log_n)) / 12.0;
    return 0.5 * log2(variance * spread_square(ring, log_n));
}

double nn_batch_fresh_bits(int ring, int log_n)
{
    return 0.5 * log2(10.5 * spread_square(ring, log_n));
}

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

const nn_affine *nn_batch_inner(const nn_batch_step *step, const nn_stages *stages)
{
    int has =
        step->kind == NN_BATCH_SUMS || (step->kind == NN_BATCH_SQUARED_SUMS && step->stages == 3);
    return has ? &stages->stage[step->stage].affine : NULL;
}

const nn_affine *nn_batch_outer(const nn_batch_step *step, const nn_stages *stages)
{
    int has = step->kind == NN_BATCH_SQUARED_SUMS;
    return has ? &stages->stage[step->stage + step->stages - 1].affine : NULL;
}

/* ---- times and limits */

static nn_cost_at cost_at(const search *s, int limbs, int alpha, int special)
{
    return (nn_cost_at){.costs = s->job->costs,
                        .log_n = s->now.log_n,
                        .limbs = limbs,
                        .special = special,
                        .alpha = alpha};
}

static double sums_ms(const search *s, const nn_affine *a, int parts, int limbs)
{
    nn_cost_at at = cost_at(s, limbs, 1, 0);
    return nn_cost_sums(&at, (double)nn_affine_nonzeros(a)) * parts / 2.0;
}

/* Reading the inputs of a step and writing its outputs, so many parts in all. */
static double traffic_ms(const search *s, size_t parts, int limbs)
{
    return (double)parts * limbs * ldexp(1e-6, s->now.log_n) * s->job->costs->pass_ns;
}

/* Dropping primes from both parts of so many ciphertexts. */
static double rescale_ms(const search *s, size_t count, int limbs, int primes)
{
    nn_cost_at at = cost_at(s, limbs, 1, 0);
    return primes > 0 ? (double)count * nn_cost_rescale(&at, limbs, primes) : 0.0;
}

/* Fastest key shape at so many limbs that the bound allows; the time of one relinearisation that
 * drops `merged` primes at once, HUGE_VAL when there is none. */
static double choose_shape(const search *s, nn_batch_step *step, int merged)
{
    double q = s->now.first_bits + (step->limbs - 1) * s->now.limb_bits, best = HUGE_VAL;
    int most = (int)floor((s->bound - q) / NN_BATCH_SPECIAL_BITS);
    most = most < step->limbs ? most : step->limbs;
    most = most < CKKS_MAX_P ? most : CKKS_MAX_P;
    for (int special = 1; special <= most; special++) {
        nn_cost_at at = cost_at(s, step->limbs, special, special);
        double ms = nn_cost_switch(&at, merged);
        if (ms < best) {
            best = ms;
            step->alpha = step->special = special;
        }
    }
    return best;
}

/* Whether the output of stage k, at this scale, could reach a quarter of the modulus. */
static int wraps(const search *s, size_t k, int limbs, double scale_bits)
{
    double magnitude = log2(fmax(s->job->stages->stage[k].range, 1e-30));
    double q = s->now.first_bits + (limbs - 1) * s->now.limb_bits;
    return scale_bits + magnitude + wrap_margin_bits > q;
}

static double weight_floor(const search *s, const nn_affine *a)
{
    size_t widest = 1;
    for (size_t r = 0; r < a->rows; r++) {
        size_t count = a->row_start[r + 1] - a->row_start[r];
        widest = count > widest ? count : widest;
    }
    return 0.5 * log2((double)widest / 12.0) + s->job->precision_bits + weight_margin_bits;
}

/* ---- the choices */

static void search_stage(search *s, size_t k, size_t count, int limbs, double scale_bits,
                         double ms);

static void next_stage(search *s, size_t count, double ms)
{
    const nn_batch_step *step = &s->step[count];
    search_stage(s, step->stage + step->stages, count + 1, step->limbs_out, step->scale_bits,
                 ms + step->ms);
}

static void search_sums(search *s, size_t k, size_t count, double scale_bits, double ms)
{
    const nn_affine *a = &s->job->stages->stage[k].affine;
    nn_batch_step *step = &s->step[count];
    double base = sums_ms(s, a, 2, step->limbs), least = weight_floor(s, a);
    base += traffic_ms(s, 2 * (a->cols + a->rows), step->limbs);
    nn_batch_step plain = {.kind = NN_BATCH_SUMS, .stage = k, .stages = 1, .limbs = step->limbs};
    for (int r = 0; r < plain.limbs && r <= RESCALE_MAX; r++) {
        double q = r * s->now.limb_bits, bits = fmax(least, s->now.floor_bits + q - scale_bits);
        if (bits > weight_bits_max || wraps(s, k, plain.limbs, scale_bits + bits))
            break;
        *step = plain;
        step->rescale = r;
        step->limbs_out = plain.limbs - r;
        step->inner_bits = bits;
        step->scale_bits = scale_bits + bits - q;
        step->ms = base + rescale_ms(s, a->rows, plain.limbs, r);
        next_stage(s, count, ms);
    }
}

/* What comes before the last sums of [sums,] squares, sums: the scale of what is squared, and the
 * time of the tiles. Returns 0 when something wraps around. */
static int before_last_sums(const search *s, nn_batch_step *all, double *middle, double *ms)
{
    size_t k = all->stage, last = k + all->stages - 1;
    const nn_affine *inner = all->stages == 3 ? &s->job->stages->stage[k].affine : NULL;
    const nn_affine *outer = &s->job->stages->stage[last].affine;
    size_t inputs = inner != NULL ? inner->cols : outer->cols;
    *ms =
        traffic_ms(s, 2 * inputs + 3 * outer->rows, all->limbs) + sums_ms(s, outer, 3, all->limbs);
    if (inner != NULL) {
        all->inner_bits = weight_floor(s, inner);
        *middle += all->inner_bits;
        *ms += sums_ms(s, inner, 2, all->limbs);
    }
    return !(inner != NULL && wraps(s, k, all->limbs, *middle)) &&
           !wraps(s, last - 1, all->limbs, 2.0 * *middle);
}

/* [Sums,] squares, sums: three parts until the last sums are relinearised. */
static void search_squared_sums(search *s, size_t k, size_t stages, size_t count, double scale_bits,
                                double ms)
{
    const nn_affine *outer = &s->job->stages->stage[k + stages - 1].affine;
    nn_batch_step *step = &s->step[count];
    nn_batch_step all = {
        .kind = NN_BATCH_SQUARED_SUMS, .stage = k, .stages = stages, .limbs = step->limbs};
    double base, middle = scale_bits, least = weight_floor(s, outer);
    if (!before_last_sums(s, &all, &middle, &base))
        return;
    for (int r = 0; r < all.limbs && r <= RESCALE_MAX; r++) {
        double q = r * s->now.limb_bits, bits = fmax(least, s->now.floor_bits + q - 2.0 * middle);
        if (bits > weight_bits_max || wraps(s, k + stages - 1, all.limbs, 2.0 * middle + bits))
            break;
        *step = all;
        step->rescale = r;
        step->limbs_out = all.limbs - r;
        step->outer_bits = bits;
        step->scale_bits = 2.0 * middle + bits - q;
        step->ms = base + (double)outer->rows * choose_shape(s, step, r > 0) +
                   rescale_ms(s, outer->rows, all.limbs - 1, r - 1);
        if (step->ms < HUGE_VAL)
            next_stage(s, count, ms);
    }
}

static void search_square(search *s, size_t k, size_t count, double scale_bits, double ms)
{
    nn_batch_step *step = &s->step[count];
    nn_batch_step square = {.kind = NN_BATCH_SQUARE, .stage = k, .stages = 1, .limbs = step->limbs};
    double values = (double)nn_shape_count(s->job->stages->stage[k].in);
    if (wraps(s, k, square.limbs, 2.0 * scale_bits))
        return;
    for (int r = 0; r < square.limbs && r <= RESCALE_MAX; r++) {
        double out = 2.0 * scale_bits - r * s->now.limb_bits;
        if (out < s->now.floor_bits)
            break;
        *step = square;
        step->rescale = r;
        step->limbs_out = square.limbs - r;
        step->scale_bits = out;
        if (choose_shape(s, step, r > 0) == HUGE_VAL)
            return;
        nn_cost_at at = cost_at(s, square.limbs, step->alpha, step->special);
        step->ms = values * nn_cost_square(&at, r);
        next_stage(s, count, ms);
    }
}

/* Other polynomials: ckks_poly_eval decides by itself where it rescales; ckks_poly_plan says so. */
static void search_poly(search *s, size_t k, size_t count, double scale_bits, double ms)
{
    const nn_stage *stage = &s->job->stages->stage[k];
    nn_batch_step *step = &s->step[count];
    ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
    ckks_scale scale = ckks_scale_from(exp2(scale_bits));
    int left = 0, products = 0, limbs = step->limbs;
    *step = (nn_batch_step){.kind = NN_BATCH_POLY, .stage = k, .stages = 1, .limbs = limbs};
    double base = choose_shape(s, step, 1);
    if (base == HUGE_VAL ||
        ckks_poly_plan(s->probe, &poly, limbs, scale, exp2(nn_batch_poly_floor(&s->now)), &left,
                       &scale, &products) != CKKS_OK)
        return;
    step->limbs_out = left;
    step->rescale = limbs - left;
    step->scale_bits = ckks_scale_log2(scale);
    step->ms = (double)nn_shape_count(stage->in) * products * base;
    if (!wraps(s, k, left, step->scale_bits))
        next_stage(s, count, ms);
}

static int is_affine(const search *s, size_t k)
{
    return k < s->job->stages->count && s->job->stages->stage[k].kind == NN_STAGE_AFFINE;
}

static int is_square(const search *s, size_t k)
{
    return k < s->job->stages->count && nn_stage_is_square(&s->job->stages->stage[k]);
}

static void search_stage(search *s, size_t k, size_t count, int limbs, double scale_bits, double ms)
{
    s->furthest = k > s->furthest ? k : s->furthest;
    if (s->best.ms > 0.0 && ms > s->best.ms)
        return;
    if (k == s->job->stages->count) {
        nn_batch_step *keep = s->best.step;
        memcpy(keep, s->step, count * sizeof *keep);
        s->best = s->now;
        s->best.step = keep;
        s->best.count = count;
        s->best.ms = ms;
        return;
    }
    s->step[count] = (nn_batch_step){.limbs = limbs};
    if (is_affine(s, k)) {
        if (is_square(s, k + 1) && is_affine(s, k + 2))
            search_squared_sums(s, k, 3, count, scale_bits, ms);
        s->step[count] = (nn_batch_step){.limbs = limbs};
        search_sums(s, k, count, scale_bits, ms);
    } else if (is_square(s, k)) {
        if (is_affine(s, k + 1))
            search_squared_sums(s, k, 2, count, scale_bits, ms);
        s->step[count] = (nn_batch_step){.limbs = limbs};
        search_square(s, k, count, scale_bits, ms);
    } else {
        search_poly(s, k, count, scale_bits, ms);
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

static int only_squares(const nn_stages *stages)
{
    for (size_t k = 0; k < stages->count; k++)
        if (stages->stage[k].kind == NN_STAGE_POLY && !nn_stage_is_square(&stages->stage[k]))
            return 0;
    return 1;
}

/* Whether any step needs a key, and with it a special prime. */
static int has_products(const nn_stages *stages)
{
    for (size_t k = 0; k < stages->count; k++)
        if (stages->stage[k].kind == NN_STAGE_POLY)
            return 1;
    return 0;
}

/* All sizes of the primes q_1..q_{limbs-1} in steps of one bit, the largest the bound allows first:
 * of schedules that take the same time the last one stays, with the smallest primes. */
static void search_limbs(search *s, int limbs, double special)
{
    nn_batch_schedule *now = &s->now;
    double top = prime_bits_max, room = s->bound - now->first_bits - special;
    now->limbs = limbs;
    if (limbs > 1)
        top = fmin(top, room / (limbs - 1) - 0.01);
    for (double bits = top; bits >= prime_bits_min; bits -= 1.0) {
        now->limb_bits = bits;
        if (only_squares(s->job->stages) || make_probe(s))
            search_stage(s, 0, 0, limbs, now->input_bits, 0.0);
        if (limbs == 1)
            break;
    }
}

static nn_status search_all(search *s, nn_batch_schedule *out)
{
    double special = has_products(s->job->stages) ? NN_BATCH_SPECIAL_BITS : 0.0;
    s->best.step = calloc(s->job->stages->count + 1, sizeof *s->best.step);
    if (s->best.step == NULL)
        return NN_ERR_MEMORY;
    for (int limbs = 1; limbs <= LIMBS_MAX; limbs++) {
        if (s->now.first_bits + (limbs - 1) * prime_bits_min + special > s->bound)
            break;
        search_limbs(s, limbs, special);
    }
    *out = s->best;
    if (out->count > 0)
        return NN_OK;
    nn_batch_schedule_clear(out);
    return NN_ERR_PLAN;
}

nn_status nn_batch_schedule_find(nn_batch_schedule *out, const nn_batch_job *job, char *why,
                                 size_t why_size)
{
    const nn_stages *stages = job->stages;
    search s = {.job = job};
    s.bound = ckks_security_max_log2_qp(job->log_n, job->security_bits);
    s.now = (nn_batch_schedule){.ring = job->ring, .log_n = job->log_n};
    s.now.first_bits = prime_bits_max;
    s.now.floor_bits = nn_batch_rounding_bits(job->ring, job->log_n) + job->precision_bits;
    s.now.input_bits = nn_batch_fresh_bits(job->ring, job->log_n) + job->precision_bits;
    *out = (nn_batch_schedule){0};
    s.step = calloc(stages->count + 1, sizeof *s.step);
    nn_status st = s.step == NULL ? NN_ERR_MEMORY : search_all(&s, out);
    free(s.step);
    ckks_context_free(s.probe);
    if (st != NN_ERR_PLAN)
        return st;
    return nn_why(why, why_size, st,
                  "no %d-bit secure set of primes at N = %d carries the network in batches: within "
                  "log2(QP) <= %.0f it gets as far as stage %zu of %zu, '%s'",
                  job->security_bits, 1 << job->log_n, s.bound, s.furthest + 1, stages->count,
                  s.furthest < stages->count ? stages->stage[s.furthest].name : "output");
}
