/* Making a plan for batches: find the ring and the schedule, replace every size in bits by the real
 * primes, and foretell. */
#include "nn/batch_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/schedule.h"
#include "nn/why.h"

enum { LOG_N_MIN = 11, SPARE_BITS_MAX = 6 };

static const double default_precision_bits = 14.0;
static const double spare_slowdown = 1.01; /* what a spare bit of precision may cost */

size_t nn_batch_inputs(const nn_batch *b, size_t step)
{
    size_t stage = b->schedule.step[step].stage;
    return stage == 0 ? b->pixel_count : nn_shape_count(b->stages->stage[stage].in);
}

size_t nn_batch_outputs(const nn_batch *b, size_t step)
{
    const nn_batch_step *s = &b->schedule.step[step];
    return nn_shape_count(b->stages->stage[s->stage + s->stages - 1].out);
}

/* ---- the choice of the ring */

typedef struct choice {
    const nn_stages *stages;
    nn_plan_options options;
    const nn_costs *costs;
    size_t images;
    nn_batch_schedule best; /* empty: none yet */
} choice;

static size_t slots_of(const nn_batch_schedule *s)
{
    return (size_t)1 << (s->ring == CKKS_RING_REAL ? s->log_n : s->log_n - 1);
}

/* Time for all images, or for one when there are many. */
static double total_ms(const choice *c, const nn_batch_schedule *s)
{
    size_t slots = slots_of(s);
    return c->images == 0 ? s->ms / (double)slots
                          : s->ms * (double)((c->images + slots - 1) / slots);
}

/* What a ring is tried with. */
typedef struct attempt {
    int ring, log_n;
    double precision;
    double below; /* time that it must undercut */
} attempt;

/* The best schedule of one ring at one precision takes the place of the best so far. */
static nn_status try_ring(choice *c, attempt a, char *why, size_t why_size)
{
    nn_batch_job job = {.stages = c->stages,
                        .costs = c->costs,
                        .ring = a.ring,
                        .log_n = a.log_n,
                        .security_bits = c->options.security_bits,
                        .precision_bits = a.precision};
    nn_batch_schedule found;
    nn_status st = nn_batch_schedule_find(&found, &job, why, why_size);
    if (st == NN_OK && !(total_ms(c, &found) < a.below)) {
        nn_batch_schedule_clear(&found);
        return NN_ERR_STOPPED;
    }
    if (st == NN_OK) {
        nn_batch_schedule_clear(&c->best);
        c->best = found;
    }
    return st;
}

static int ring_allowed(const choice *c, int ring, int log_n)
{
    int only = c->options.ring == NN_RING_REAL ? CKKS_RING_REAL : CKKS_RING_COMPLEX;
    nn_batch_schedule empty = {.ring = ring, .log_n = log_n};
    return (c->options.ring == NN_RING_ANY || ring == only) &&
           slots_of(&empty) >= c->options.images;
}

/* Both rings of one degree. */
static nn_status try_degree(choice *c, int log_n, char *why, size_t why_size)
{
    static const int rings[2] = {CKKS_RING_COMPLEX, CKKS_RING_REAL};
    for (int i = 0; i < 2; i++) {
        attempt a = {rings[i], log_n, c->options.precision_bits, HUGE_VAL};
        if (!ring_allowed(c, rings[i], log_n))
            continue;
        a.below = c->best.count > 0 ? total_ms(c, &c->best) : HUGE_VAL;
        if (try_ring(c, a, why, why_size) == NN_ERR_MEMORY)
            return NN_ERR_MEMORY;
    }
    return NN_OK;
}

/* A ring twice as large is hardly faster for an image once the network fits: two degrees above the
 * first that carries it are tried. Then precision that costs no time is taken. */
static nn_status find_ring(choice *c, char *why, size_t why_size)
{
    int first = c->options.log_n != 0 ? c->options.log_n : LOG_N_MIN;
    int last = c->options.log_n != 0 ? c->options.log_n : CKKS_MAX_LOG_N, fits = 0;
    nn_status st =
        nn_why(why, why_size, NN_ERR_PLAN, "no ring has slots for %zu images", c->options.images);
    for (int log_n = first; log_n <= last; log_n++) {
        if (try_degree(c, log_n, why, why_size) == NN_ERR_MEMORY)
            return NN_ERR_MEMORY;
        if (c->best.count > 0 && fits == 0) {
            fits = log_n;
            last = last < fits + 2 ? last : fits + 2;
        }
    }
    if (c->best.count == 0)
        return st;
    attempt finer = {c->best.ring, c->best.log_n, c->options.precision_bits,
                     spare_slowdown * total_ms(c, &c->best)};
    do
        finer.precision += 1.0;
    while (finer.precision <= c->options.precision_bits + SPARE_BITS_MAX &&
           (st = try_ring(c, finer, NULL, 0)) == NN_OK);
    return st == NN_ERR_MEMORY ? st : NN_OK;
}

/* ---- exact */

static nn_status make_params(nn_batch *b, int security_bits, char *why, size_t why_size)
{
    const nn_batch_schedule *s = &b->schedule;
    double q[CKKS_MAX_Q], special[CKKS_MAX_P];
    int special_count = 0;
    for (size_t k = 0; k < s->count; k++)
        special_count = s->step[k].special > special_count ? s->step[k].special : special_count;
    for (int l = 0; l < s->limbs; l++)
        q[l] = l == 0 ? s->first_bits : s->limb_bits;
    for (int l = 0; l < special_count; l++)
        special[l] = NN_BATCH_SPECIAL_BITS;
    return ckks_params_generate(&b->params, s->ring, s->log_n, q, s->limbs, special, special_count,
                                security_bits, why, why_size);
}

static ckks_scale drop(const nn_batch *b, ckks_scale scale, int limbs, int count)
{
    for (int l = 0; l < count; l++)
        scale = ckks_scale_div_prime(scale, b->params.q[limbs - 1 - l]);
    return scale;
}

/* The scale behind a polynomial, which decides by itself where it rescales. */
static nn_status exact_poly(nn_batch *b, const ckks_context *ctx, size_t k, ckks_scale *scale,
                            char *why, size_t why_size)
{
    nn_batch_step *step = &b->schedule.step[k];
    const nn_stage *stage = &b->stages->stage[step->stage];
    ckks_polynomial poly = {CKKS_BASIS_MONOMIAL, stage->degree, stage->coef};
    int left = 0;
    b->exact[k].min_scale = exp2(nn_batch_poly_floor(&b->schedule));
    if (ckks_poly_plan(ctx, &poly, step->limbs, *scale, b->exact[k].min_scale, &left, scale,
                       NULL) != CKKS_OK ||
        left != step->limbs_out)
        return nn_why(why, why_size, NN_ERR_PLAN,
                      "the activation '%s' of degree %d leaves %d of %d limbs, not %d", stage->name,
                      stage->degree, left, step->limbs, step->limbs_out);
    return NN_OK;
}

static nn_status make_exact(nn_batch *b, const ckks_context *ctx, char *why, size_t why_size)
{
    ckks_scale scale = ckks_scale_from(exp2(b->schedule.input_bits));
    for (size_t k = 0; k < b->schedule.count; k++) {
        const nn_batch_step *step = &b->schedule.step[k];
        nn_batch_exact *e = &b->exact[k];
        e->scale_in = scale;
        e->inner = ckks_scale_from(exp2(step->inner_bits));
        e->outer = ckks_scale_from(exp2(step->outer_bits));
        if (step->kind == NN_BATCH_POLY) {
            nn_status st = exact_poly(b, ctx, k, &scale, why, why_size);
            if (st != NN_OK)
                return st;
        } else {
            if (nn_batch_inner(step, b->stages) != NULL)
                scale = ckks_scale_mul(scale, e->inner);
            if (step->kind != NN_BATCH_SUMS)
                scale = ckks_scale_mul(scale, scale);
            if (nn_batch_outer(step, b->stages) != NULL)
                scale = ckks_scale_mul(scale, e->outer);
            scale = drop(b, scale, step->limbs, step->rescale);
        }
        e->scale_out = scale;
    }
    return NN_OK;
}

/* One relinearisation key for each shape, at the most limbs at which it is used. */
static nn_status make_keys(nn_batch *b)
{
    const nn_batch_schedule *s = &b->schedule;
    b->key = calloc(s->count + 1, sizeof *b->key);
    if (b->key == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        size_t at = 0;
        if (step->special == 0)
            continue;
        while (at < b->key_count &&
               (b->key[at].alpha != step->alpha || b->key[at].special != step->special))
            at++;
        if (at == b->key_count)
            b->key[b->key_count++] = (ckks_key_spec){
                .kind = CKKS_KEY_RELINEARISE, .alpha = step->alpha, .special = step->special};
        if (step->limbs > b->key[at].limbs)
            b->key[at].limbs = step->limbs;
    }
    return NN_OK;
}

/* Pixels that a weight touches; all when no matrix comes first. */
static nn_status find_pixels(nn_batch *b, char *why, size_t why_size)
{
    size_t count = nn_shape_count(b->stages->input);
    const nn_affine *first = nn_batch_inner(&b->schedule.step[0], b->stages);
    unsigned char *used = calloc(count, 1);
    b->pixel = malloc(count * sizeof *b->pixel);
    if (used == NULL || b->pixel == NULL) {
        free(used);
        return NN_ERR_MEMORY;
    }
    if (first == NULL)
        memset(used, 1, count);
    for (size_t k = 0; first != NULL && k < nn_affine_nonzeros(first); k++)
        used[first->col[k]] = 1;
    for (size_t p = 0; p < count; p++)
        if (used[p])
            b->pixel[b->pixel_count++] = (uint32_t)p;
    free(used);
    if (b->pixel_count == 0)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "all weights of '%s' are zero: the output does not depend on the image",
                      b->stages->stage[0].name);
    return NN_OK;
}

static nn_status complete(nn_batch *b, const nn_plan_options *o, char *why, size_t why_size)
{
    ckks_context *ctx = NULL;
    nn_status st = find_pixels(b, why, why_size);
    if (st == NN_OK)
        st = make_params(b, o->security_bits, why, why_size);
    if (st == NN_OK)
        st = ckks_context_create(&ctx, &b->params, why, why_size);
    if (st == NN_OK)
        st = make_exact(b, ctx, why, why_size);
    if (st == NN_OK)
        st = make_keys(b);
    if (st == NN_OK) {
        nn_batch_foretell(b, ctx);
        if (o->memory > 0 && b->forecast.server_memory > o->memory)
            st = nn_why(why, why_size, NN_ERR_PLAN,
                        "batches need %.0f MiB on the server and %.0f are allowed",
                        (double)b->forecast.server_memory / 1048576.0,
                        (double)o->memory / 1048576.0);
    }
    ckks_context_free(ctx);
    return st;
}

static nn_status check_options(nn_plan_options *o, char *why, size_t why_size)
{
    o->security_bits = o->security_bits != 0 ? o->security_bits : 128;
    o->precision_bits = o->precision_bits > 0.0 ? o->precision_bits : default_precision_bits;
    if (o->security_bits != 128 && o->security_bits != 192 && o->security_bits != 256)
        return nn_why(why, why_size, NN_ERR_ARG, "security of %d bits; there are 128, 192 and 256",
                      o->security_bits);
    if (o->log_n != 0 && (o->log_n < LOG_N_MIN || o->log_n > CKKS_MAX_LOG_N))
        return nn_why(why, why_size, NN_ERR_ARG, "N = 2^%d; the table has 2^%d to 2^%d", o->log_n,
                      LOG_N_MIN, CKKS_MAX_LOG_N);
    return NN_OK;
}

nn_status nn_batch_create(nn_batch **out, const nn_model *m, const nn_plan_options *options,
                          size_t images, char *why, size_t why_size)
{
    *out = NULL;
    choice c = {.stages = &m->merged, .images = images};
    c.options = options != NULL ? *options : (nn_plan_options){0};
    nn_status st = check_options(&c.options, why, why_size);
    if (st != NN_OK)
        return st;
    c.costs = c.options.costs != NULL ? c.options.costs : nn_costs_builtin(NULL);
    nn_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory");
    b->stages = &m->merged;
    st = find_ring(&c, why, why_size);
    b->schedule = c.best;
    if (st == NN_OK) {
        b->exact = calloc(b->schedule.count, sizeof *b->exact);
        st = b->exact != NULL ? complete(b, &c.options, why, why_size) : NN_ERR_MEMORY;
    }
    if (st == NN_OK) {
        *out = b;
        return NN_OK;
    }
    nn_batch_free(b);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}

void nn_batch_free(nn_batch *b)
{
    if (b == NULL)
        return;
    nn_batch_schedule_clear(&b->schedule);
    free(b->exact);
    free(b->key);
    free(b->pixel);
    free(b);
}

const ckks_params *nn_batch_params(const nn_batch *b)
{
    return &b->params;
}

const nn_batch_foretold *nn_batch_forecast(const nn_batch *b)
{
    return &b->forecast;
}
