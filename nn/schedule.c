/* The search for levels and scales.
 *
 * State on the way through the stages: limbs left and log2 of the scale. Choices: how many primes
 * to drop behind each stage. Everything is in bits; the exact scales follow from the real primes
 * when the plan is made. Cost model: one butterfly 1.15 ns, one lazy multiply-accumulate 0.8 ns,
 * the portable kernels at 3 GHz; only ratios matter for the choice. */
#include "nn/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/why.h"

enum { RESCALE_MAX = 3, LIMBS_MAX = 30, SPARE_BITS_MAX = 3 };

/* The special primes are the largest there are; a digit of as many limbs must stay below them, so
 * the limbs are a little smaller. */
static const double special_bits = 46.8, prime_bits_max = 46.7, prime_bits_min = 30.0;
static const double weight_bits_max = 42.0;
static const double spare_slowdown = 1.02;
static const double wrap_margin_bits = 2.0; /* |message| * scale stays below Q / 4 */

typedef struct search {
    const nn_stages *stages;
    const nn_arrangement *arrangement;
    double bound; /* largest log2(QP) */
    double precision;
    double weight_floor; /* least log2 scale of diagonals */
    nn_schedule now, best;
    nn_step *step;
    ckks_context *probe; /* for polynomials, see make_probe */
    size_t furthest;     /* stage that no schedule got past, for the message */
} search;

double nn_schedule_rounding_bits(int log_n)
{
    double n = ldexp(1.0, log_n);
    return 0.5 * log2(n / 18.0 * n / 2.0);
}

int nn_stage_is_square(const nn_stage *stage)
{
    return stage->kind == NN_STAGE_POLY && stage->degree == 2 && stage->coef[0] == 0.0 &&
           stage->coef[1] == 0.0 && stage->coef[2] == 1.0;
}

double nn_schedule_poly_floor(const nn_schedule *s)
{
    return s->floor_bits - 0.5;
}

void nn_schedule_clear(nn_schedule *s)
{
    if (s == NULL)
        return;
    free(s->step);
    *s = (nn_schedule){0};
}

static double ntt_ms(int log_n)
{
    return ldexp(1.0, log_n - 1) * log_n * 1.15e-6;
}

static double mac_ms(int log_n)
{
    return ldexp(1.0, log_n) * 0.8e-6;
}

/* Time of a key switch, or of a hoisted one with count rotations, in key shape (digits, special).
 */
static double switch_ms(int log_n, int limbs, int digits, int special)
{
    double rows = limbs + special;
    return (digits + 2) * rows * ntt_ms(log_n) + 2 * digits * rows * mac_ms(log_n) +
           (digits * rows * (limbs / digits + 2) + 2 * limbs * (special + 1)) * mac_ms(log_n);
}

/* Time of a matrix by diagonals, [BMTH21] double hoisting. */
static double affine_ms(const nn_route *r, int log_n, int limbs, int digits, int special)
{
    double rows = limbs + special, ntt = ntt_ms(log_n), mac = mac_ms(log_n);
    double transforms = rows * (digits * (r->giants + (r->babies > 0)) + r->giants + 2);
    double products = 2 * rows * (digits * (r->babies + r->giants) + r->count);
    double conversions = digits * rows * (limbs / digits + 2) * (r->giants + 1);
    return transforms * ntt + (products + conversions) * mac;
}

/* Largest number of special primes of which log2(Q_limbs P) stays within the bound. */
static int special_max(const search *s, int limbs)
{
    double q = s->now.first_bits + (limbs - 1) * s->now.limb_bits;
    int k = (int)floor((s->bound - q) / s->now.special_bits);
    return k < s->now.special ? k : s->now.special;
}

/* Cheapest key shape for an affine stage at its limbs; a digit must not exceed the special primes.
 */
static double choose_shape(const search *s, const nn_route *r, nn_step *step)
{
    double best = HUGE_VAL;
    for (int special = 1; special <= special_max(s, step->limbs); special++) {
        int alpha = special < step->limbs ? special : step->limbs;
        int digits = (step->limbs + alpha - 1) / alpha;
        double ms = r != NULL ? affine_ms(r, s->now.log_n, step->limbs, digits, special)
                              : switch_ms(s->now.log_n, step->limbs, digits, special);
        if (ms < best) {
            best = ms;
            step->alpha = alpha;
            step->special = special;
        }
    }
    return best;
}

static double modulus_bits(const search *s, int limbs)
{
    return s->now.first_bits + (limbs - 1) * s->now.limb_bits;
}

static int wraps(const search *s, size_t k, int limbs, double scale_bits)
{
    double magnitude = log2(fmax(s->stages->stage[k].range, 1e-30));
    return scale_bits + magnitude + wrap_margin_bits > modulus_bits(s, limbs);
}

static void search_stage(search *s, size_t k, int limbs, double scale_bits, double ms);

static void next_stage(search *s, size_t k, double ms)
{
    search_stage(s, k + 1, s->step[k].limbs_out, s->step[k].scale_bits, ms + s->step[k].ms);
}

static void search_affine(search *s, size_t k, double scale_bits, double ms)
{
    nn_step *step = &s->step[k];
    const nn_route *route = &s->arrangement->route[k];
    double q = s->now.limb_bits, floor_bits = s->now.floor_bits;
    double base = choose_shape(s, route, step);
    if (base == HUGE_VAL)
        return;
    for (int r = 0; r < step->limbs && r <= RESCALE_MAX; r++) {
        double weight = fmax(s->weight_floor, floor_bits + r * q - scale_bits);
        if (weight > weight_bits_max || wraps(s, k, step->limbs, scale_bits + weight))
            break;
        step->rescale = r;
        step->weight_bits = weight;
        step->scale_bits = scale_bits + weight - r * q;
        step->limbs_out = step->limbs - r;
        nn_step fold = {.limbs = step->limbs_out};
        step->ms = base + (r > 1 ? 2 * (r - 1) * step->limbs * ntt_ms(s->now.log_n) : 0.0);
        if (route->fold_count > 0)
            step->ms += route->fold_count * choose_shape(s, NULL, &fold);
        next_stage(s, k, ms);
    }
}

static void search_square(search *s, size_t k, double scale_bits, double ms)
{
    nn_step *step = &s->step[k];
    double base = choose_shape(s, NULL, step);
    if (base == HUGE_VAL || wraps(s, k, step->limbs, 2 * scale_bits))
        return;
    for (int r = 0; r < step->limbs && r <= RESCALE_MAX; r++) {
        double out = 2 * scale_bits - r * s->now.limb_bits;
        if (out < s->now.floor_bits)
            break;
        step->rescale = r;
        step->weight_bits = 0.0;
        step->scale_bits = out;
        step->limbs_out = step->limbs - r;
        step->ms = base + (r > 1 ? 2 * (r - 1) * step->limbs * ntt_ms(s->now.log_n) : 0.0);
        next_stage(s, k, ms);
    }
}

/* Other polynomials: ckks_poly_eval decides by itself where it rescales; ckks_poly_plan says so. */
static void search_poly(search *s, size_t k, double scale_bits, double ms)
{
    nn_step *step = &s->step[k];
    const nn_stage *stage = &s->stages->stage[k];
    ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
    ckks_scale scale = ckks_scale_from(exp2(scale_bits));
    double floor = exp2(nn_schedule_poly_floor(&s->now)), base = choose_shape(s, NULL, step);
    int left = 0, products = 0;
    if (base == HUGE_VAL || ckks_poly_plan(s->probe, &poly, step->limbs, scale, floor, &left,
                                           &scale, &products) != CKKS_OK)
        return;
    step->rescale = step->limbs - left;
    step->weight_bits = 0.0;
    step->scale_bits = ckks_scale_log2(scale);
    step->limbs_out = left;
    step->ms = products * base;
    if (!wraps(s, k, left, step->scale_bits))
        next_stage(s, k, ms);
}

static void search_stage(search *s, size_t k, int limbs, double scale_bits, double ms)
{
    s->furthest = k > s->furthest ? k : s->furthest;
    if (s->best.step != NULL && s->best.ms > 0.0 && ms > s->best.ms)
        return;
    if (k == s->stages->count) {
        nn_step *keep = s->best.step;
        memcpy(keep, s->step, k * sizeof *keep);
        s->best = s->now;
        s->best.step = keep;
        s->best.ms = ms;
        return;
    }
    const nn_stage *stage = &s->stages->stage[k];
    s->step[k] = (nn_step){.limbs = limbs};
    if (stage->kind == NN_STAGE_AFFINE)
        search_affine(s, k, scale_bits, ms);
    else if (nn_stage_is_square(stage))
        search_square(s, k, scale_bits, ms);
    else
        search_poly(s, k, scale_bits, ms);
}

/* The polynomials' own planner wants a context of the real primes. It reads nothing but the primes,
 * so the context is one of a tiny ring, which the same primes serve. */
static int make_probe(search *s)
{
    double bits[CKKS_MAX_Q], special[1] = {s->now.special_bits};
    ckks_params params;
    ckks_context_free(s->probe);
    s->probe = NULL;
    for (int l = 0; l < s->now.limbs; l++)
        bits[l] = l == 0 ? s->now.first_bits : s->now.limb_bits;
    if (ckks_params_generate(&params, s->now.log_n, bits, s->now.limbs, special, 1, 0, NULL, 0) !=
        CKKS_OK)
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

/* All sizes of the primes q_1..q_{limbs-1} in steps of one bit, the largest the bound allows first:
 * of schedules that take the same time the last one stays, with the smallest primes. */
static void search_limbs(search *s, int limbs, int special)
{
    nn_schedule *now = &s->now;
    now->limbs = limbs;
    now->special = special;
    double top = prime_bits_max;
    double room = s->bound - now->first_bits - now->special_bits;
    if (limbs > 1)
        top = fmin(top, room / (limbs - 1) - 0.01);
    for (double bits = top; bits >= prime_bits_min; bits -= 1.0) {
        now->limb_bits = bits;
        if (only_squares(s->stages) || make_probe(s))
            search_stage(s, 0, limbs, now->input_bits, 0.0);
        if (limbs == 1)
            break;
    }
}

/* All numbers and sizes of primes, at one precision. */
static nn_status search_all(search *s, nn_schedule *out)
{
    double n = ldexp(1.0, s->now.log_n);
    /* A diagonal's rounding error is 1/sqrt(12) a coefficient, sqrt(N/12) a slot. */
    s->weight_floor = 0.5 * log2(n / 12.0) + s->precision + 2.0;
    s->now.floor_bits = nn_schedule_rounding_bits(s->now.log_n) + s->precision;
    s->now.input_bits = s->now.floor_bits;
    s->best = (nn_schedule){.step = calloc(s->stages->count + 1, sizeof *s->best.step)};
    if (s->best.step == NULL)
        return NN_ERR_MEMORY;
    for (int limbs = 1; limbs <= LIMBS_MAX; limbs++) {
        double least = s->now.first_bits + (limbs - 1) * prime_bits_min + s->now.special_bits;
        if (least > s->bound)
            break;
        search_limbs(s, limbs, limbs < CKKS_MAX_P ? limbs : CKKS_MAX_P);
    }
    *out = s->best;
    s->best = (nn_schedule){0};
    if (out->ms > 0.0)
        return NN_OK;
    nn_schedule_clear(out);
    return NN_ERR_PLAN;
}

nn_status nn_schedule_find(nn_schedule *out, const nn_stages *stages, const nn_arrangement *a,
                           int log_n, int security_bits, double precision_bits, char *why,
                           size_t why_size)
{
    search s = {.stages = stages, .arrangement = a, .precision = precision_bits};
    s.bound = ckks_security_max_log2_qp(log_n, security_bits);
    s.now = (nn_schedule){.log_n = log_n, .count = stages->count};
    s.now.first_bits = prime_bits_max;
    s.now.special_bits = special_bits;
    *out = (nn_schedule){0};
    s.step = calloc(stages->count + 1, sizeof *s.step);
    if (s.step == NULL)
        return NN_ERR_MEMORY;
    nn_status st = search_all(&s, out);
    /* Precision that costs no time is taken. */
    for (int bit = 1; bit <= SPARE_BITS_MAX && st == NN_OK; bit++) {
        nn_schedule finer;
        s.precision = precision_bits + bit;
        st = search_all(&s, &finer);
        if (st == NN_OK && finer.ms <= spare_slowdown * out->ms) {
            nn_schedule_clear(out);
            *out = finer;
        } else {
            nn_schedule_clear(&finer);
            st = st == NN_ERR_PLAN ? NN_OK : st;
            break;
        }
    }
    free(s.step);
    ckks_context_free(s.probe);
    if (st == NN_ERR_PLAN) {
        const char *name = s.furthest < stages->count ? stages->stage[s.furthest].name : "output";
        return nn_why(
            why, why_size, st,
            "no %d-bit secure set of primes at N = %d carries the network: within "
            "log2(QP) <= %.0f it gets as far as stage %zu of %zu, '%s'; use fewer layers or "
            "activations of lower degree",
            security_bits, 1 << log_n, s.bound, s.furthest + 1, stages->count, name);
    }
    if (st != NN_OK)
        nn_schedule_clear(out);
    return st;
}
