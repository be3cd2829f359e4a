/* Making a plan for batches: find stages, ring and schedule, replace every size in bits by the real
 * primes, and foretell. */
#include "nn/batch/batch_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/levels/scales.h"
#include "nn/stages/refuse.h"

enum { LOG_N_MIN = 11, SPARE_BITS_MAX = 6 };

static const double default_precision_bits = 14.0;
static const double spare_slowdown = 1.01; /* what a spare bit of precision may cost */
/* Where sizes are not known forecasts of errors take them from bounds, and may be so many times too
 * large. */
static const double pessimism = 64.0;

ckks_scale nn_batch_value_scale(const nn_batch *b, size_t value)
{
    return value == 0 ? b->scale_in : b->exact[value - 1].scale_out;
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
static double total_ms(size_t images, const nn_batch_schedule *s)
{
    size_t slots = slots_of(s);
    return images == 0 ? s->ms / (double)slots : s->ms * (double)((images + slots - 1) / slots);
}

/* What a ring is tried with. */
typedef struct attempt {
    int ring, log_n;
    double precision;
    double below; /* time that it must undercut */
} attempt;

/* More memory than is allowed: bytes of the server, of these so many for values. */
static nn_status refuse_memory(const nn_stages *s, const nn_plan_options *o, size_t images,
                               double bytes, double values, char *why, size_t why_size)
{
    const double mib = 1048576.0;
    size_t widest = 0;
    for (size_t k = 1; k < s->count; k++)
        if (nn_stages_width(s, k + 1) > nn_stages_width(s, widest + 1))
            widest = k;
    return nn_why(
        why, why_size, NN_ERR_PLAN,
        "a batch of %zu images needs %.0f MiB on the server, %.0f of these for values "
        "that are alive together, above the %.0f MiB that are allowed (--memory); the "
        "widest layer, '%s', has %zu numbers, each a ciphertext; allow more, or pack fewer "
        "images together (--batch, --images)",
        images, bytes / mib, values / mib, (double)o->memory / mib, s->stage[widest].name,
        nn_stages_width(s, widest + 1));
}

/* Whether the values that are alive together fit into the bound, when blocks are small. */
static nn_status check_values(const choice *c, const nn_batch_schedule *s, char *why,
                              size_t why_size)
{
    nn_batch_order order;
    nn_batch_peak peak;
    double bytes = 0.0;
    nn_status st = nn_batch_order_find(&order, c->stages, s, 1);
    if (st == NN_OK)
        st = nn_batch_order_peak(&order, &peak);
    nn_batch_order_clear(&order);
    for (int limbs = 1; st == NN_OK && limbs <= s->limbs; limbs++)
        for (int parts = 2; parts <= 3; parts++)
            bytes += (double)peak.most[nn_batch_size_of(limbs, parts)] * limbs * parts *
                     ldexp(8.0, s->log_n);
    if (st != NN_OK || bytes <= (double)c->options.memory)
        return st;
    return refuse_memory(c->stages, &c->options, slots_of(s), bytes, bytes, why, why_size);
}

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
    if (st == NN_OK && !(total_ms(c->images, &found) < a.below)) {
        nn_batch_schedule_clear(&found);
        return NN_ERR_STOPPED;
    }
    if (st == NN_OK)
        st = check_values(c, &found, why, why_size);
    nn_batch_schedule_clear(st == NN_OK ? &c->best : &found);
    if (st == NN_OK)
        c->best = found;
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
        a.below = c->best.count > 0 ? total_ms(c->images, &c->best) : HUGE_VAL;
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
                     spare_slowdown * total_ms(c->images, &c->best)};
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
    for (size_t k = 0; k < s->count; k++) {
        int most = s->step[k].special > s->step[k].outer_special ? s->step[k].special
                                                                 : s->step[k].outer_special;
        special_count = most > special_count ? most : special_count;
    }
    for (int l = 0; l < s->limbs; l++)
        q[l] = l == 0 ? s->first_bits : s->limb_bits;
    for (int l = 0; l < special_count; l++)
        special[l] = NN_BATCH_SPECIAL_BITS;
    return ckks_params_generate(&b->params, s->ring, s->log_n, q, s->limbs, special, special_count,
                                security_bits, why, why_size);
}

/* The scale behind a polynomial, which decides by itself where it rescales. */
static nn_status exact_poly(nn_batch *b, const ckks_context *ctx, size_t k, ckks_scale in,
                            char *why, size_t why_size)
{
    nn_batch_step *step = &b->schedule.step[k];
    const nn_stage *stage = &b->stages.stage[k];
    ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    int left = 0;
    b->exact[k].min_scale = exp2(nn_batch_poly_floor(&b->schedule));
    if (ckks_poly_plan(ctx, &poly, step->limbs, in, b->exact[k].min_scale, &left,
                       &b->exact[k].scale_out, NULL) != CKKS_OK ||
        left != step->limbs_out)
        return nn_why(why, why_size, NN_ERR_PLAN,
                      "the activation '%s' of degree %d leaves %d of %d limbs, not %d", stage->name,
                      stage->degree, left, step->limbs, step->limbs_out);
    return NN_OK;
}

/* All summands meet at one scale: a scalar's scale is what its value lacks. */
static void exact_sums(nn_batch *b, size_t k)
{
    const nn_batch_step *step = &b->schedule.step[k];
    nn_batch_exact *e = &b->exact[k];
    ckks_scale out = nn_scale_before(&b->params, step->scale_bits, step->limbs, step->limbs_out);

    for (size_t i = 0; i < b->stages.stage[k].input_count; i++) {
        size_t source = nn_batch_source(&b->schedule, &b->stages, k, i);
        ckks_scale in = nn_batch_value_scale(b, source);
        e->weight[i] = ckks_scale_div(out, step->squared ? ckks_scale_mul(in, in) : in);
    }
    e->scale_out = nn_scale_behind(&b->params, out, step->limbs, step->limbs_out);
}

static void exact_product(nn_batch *b, size_t k)
{
    const nn_batch_step *step = &b->schedule.step[k];
    const nn_stage *stage = &b->stages.stage[k];
    nn_batch_exact *e = &b->exact[k];
    ckks_scale in = nn_batch_value_scale(b, stage->input[0]), out;
    int limbs = step->limbs;

    out = ckks_scale_mul(in, nn_batch_value_scale(b, stage->input[stage->input_count - 1]));
    if (step->kind == NN_BATCH_QUARTIC) {
        limbs -= step->inner_rescale;
        out = nn_scale_behind(&b->params, out, step->limbs, limbs);
        out = ckks_scale_mul(out, out);
        e->slope = ckks_scale_div(out, in);
    }
    e->scale_out = nn_scale_behind(&b->params, out, limbs, step->limbs_out);
}

static nn_status make_exact(nn_batch *b, const ckks_context *ctx, char *why, size_t why_size)
{
    nn_status st = NN_OK;
    b->scale_in = ckks_scale_from(exp2(b->schedule.input_bits));
    for (size_t k = 0; k < b->schedule.count && st == NN_OK; k++) {
        const nn_batch_step *step = &b->schedule.step[k];
        if (step->kind == NN_BATCH_POLY)
            st = exact_poly(b, ctx, k, nn_batch_value_scale(b, b->stages.stage[k].input[0]), why,
                            why_size);
        else if (step->kind == NN_BATCH_SUMS)
            exact_sums(b, k);
        else
            exact_product(b, k);
    }
    return st;
}

/* One relinearisation key for each shape, at the most limbs at which it is used. */
static void add_key(nn_batch *b, int limbs, int alpha, int special)
{
    size_t at = 0;
    if (special == 0)
        return;
    while (at < b->key_count && (b->key[at].alpha != alpha || b->key[at].special != special))
        at++;
    if (at == b->key_count)
        b->key[b->key_count++] =
            (ckks_key_spec){.kind = CKKS_KEY_RELINEARISE, .alpha = alpha, .special = special};
    if (limbs > b->key[at].limbs)
        b->key[at].limbs = limbs;
}

static nn_status make_keys(nn_batch *b)
{
    const nn_batch_schedule *s = &b->schedule;
    b->key = calloc(2 * s->count + 1, sizeof *b->key);
    if (b->key == NULL)
        return NN_ERR_MEMORY;
    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        add_key(b, step->limbs, step->alpha, step->special);
        add_key(b, step->limbs - step->inner_rescale, step->outer_alpha, step->outer_special);
    }
    return NN_OK;
}

/* Pixels that anything reads. */
static nn_status find_pixels(nn_batch *b, char *why, size_t why_size)
{
    size_t count = b->order.base[1];
    b->pixel = malloc(count * sizeof *b->pixel);
    if (b->pixel == NULL)
        return NN_ERR_MEMORY;
    for (size_t p = 0; p < count; p++)
        if (b->order.uses[p] > 0)
            b->pixel[b->pixel_count++] = (uint32_t)p;
    if (b->pixel_count == 0)
        return nn_why(why, why_size, NN_ERR_UNSUPPORTED,
                      "weights of '%s' are zero: the output does not depend on the image",
                      b->stages.stage[0].name);
    return NN_OK;
}

/* Larger blocks are faster, smaller ones keep fewer values alive. */
static nn_status find_order(nn_batch *b, const ckks_context *ctx, size_t memory, size_t side)
{
    nn_batch_order_clear(&b->order);
    nn_status st = nn_batch_order_find(&b->order, &b->stages, &b->schedule, side);
    if (st == NN_OK)
        st = nn_batch_order_peak(&b->order, &b->peak);
    b->pixel_count = 0;
    for (size_t p = 0; st == NN_OK && p < b->order.base[1]; p++)
        b->pixel_count += b->order.uses[p] > 0;
    if (st == NN_OK)
        st = nn_batch_foretell(b, ctx);
    b->pixel_count = 0;
    return st == NN_OK && side > 1 && b->forecast.server_memory > memory
               ? find_order(b, ctx, memory, side / 2)
               : st;
}

static nn_status complete(nn_batch *b, const nn_plan_options *o, char *why, size_t why_size)
{
    ckks_context *ctx = NULL;
    nn_status st = make_params(b, o->security_bits, why, why_size);
    if (st == NN_OK)
        st = ckks_context_create(&ctx, &b->params, why, why_size);
    if (st == NN_OK)
        st = make_exact(b, ctx, why, why_size);
    if (st == NN_OK)
        st = make_keys(b);
    if (st == NN_OK)
        st = find_order(b, ctx, o->memory, 2);
    if (st == NN_OK)
        st = find_pixels(b, why, why_size);
    if (st == NN_OK)
        st = nn_refuse_logits(&b->stages, b->forecast.logit_error / pessimism, o->precision_bits,
                              why, why_size);
    if (st == NN_OK && b->forecast.server_memory > o->memory)
        st = refuse_memory(&b->stages, o, b->forecast.images, (double)b->forecast.server_memory,
                           (double)b->forecast.value_memory, why, why_size);
    ckks_context_free(ctx);
    return st;
}

static nn_status check_options(nn_plan_options *o, char *why, size_t why_size)
{
    o->security_bits = o->security_bits != 0 ? o->security_bits : 128;
    o->precision_bits = o->precision_bits > 0.0 ? o->precision_bits : default_precision_bits;
    o->memory = o->memory != 0 ? o->memory : NN_MEMORY_DEFAULT;
    if (o->security_bits != 128 && o->security_bits != 192 && o->security_bits != 256)
        return nn_why(why, why_size, NN_ERR_ARG, "security of %d bits; there are 128, 192 and 256",
                      o->security_bits);
    if (o->log_n != 0 && (o->log_n < LOG_N_MIN || o->log_n > CKKS_MAX_LOG_N))
        return nn_why(why, why_size, NN_ERR_ARG, "N = 2^%d; the table has 2^%d to 2^%d", o->log_n,
                      LOG_N_MIN, CKKS_MAX_LOG_N);
    return NN_OK;
}

static nn_status plan_stages(nn_batch *b, const nn_plan_options *o, size_t images, char *why,
                             size_t why_size)
{
    choice c = {.stages = &b->stages, .options = *o, .images = images};
    c.costs = o->costs != NULL ? o->costs : nn_costs_builtin(NULL);
    nn_status st = find_ring(&c, why, why_size);
    b->schedule = c.best;
    return st;
}

static int has_pools(const nn_stages *s)
{
    for (size_t k = 0; k < s->count; k++)
        if (s->stage[k].kind == NN_STAGE_AFFINE && s->stage[k].origin == NN_FROM_POOL)
            return 1;
    return 0;
}

/* The network with its pools on their own, sums of values as they are, and the network with pools
 * merged into what stands behind: the faster one is kept. */
static nn_status plan_both(nn_batch *b, const nn_model *m, const nn_plan_options *o, size_t images,
                           char *why, size_t why_size)
{
    nn_batch merged = {.schedule = {0}};
    nn_status st = nn_batch_stages(&b->stages, m, o->passes_off | NN_PASS_POOL, why, why_size);
    int both = st == NN_OK && (o->passes_off & NN_PASS_POOL) == 0 && has_pools(&b->stages);

    if (st == NN_OK)
        st = nn_refuse_stages(&b->stages, why, why_size);
    if (st == NN_OK)
        st = plan_stages(b, o, images, why, why_size);
    if (!both || st == NN_ERR_MEMORY)
        return st;
    if (nn_batch_stages(&merged.stages, m, o->passes_off, NULL, 0) == NN_OK &&
        plan_stages(&merged, o, images, NULL, 0) == NN_OK &&
        (st != NN_OK || total_ms(images, &merged.schedule) < total_ms(images, &b->schedule))) {
        nn_batch swap = *b;
        *b = merged;
        merged = swap;
        st = NN_OK;
    }
    nn_stages_clear(&merged.stages);
    nn_batch_schedule_clear(&merged.schedule);
    return st;
}

/* All that follows from stages and schedule; on failure the plan is released. */
static nn_status finish_plan(nn_batch **out, nn_batch *b, nn_status st, const nn_plan_options *o,
                             char *why, size_t why_size)
{
    if (st == NN_OK) {
        b->exact = calloc(b->schedule.count, sizeof *b->exact);
        st = b->exact != NULL ? complete(b, o, why, why_size) : NN_ERR_MEMORY;
    }
    if (st == NN_OK) {
        *out = b;
        return NN_OK;
    }
    nn_batch_free(b);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}

nn_status nn_batch_create(nn_batch **out, const nn_model *m, const nn_plan_options *options,
                          size_t images, char *why, size_t why_size)
{
    *out = NULL;
    nn_plan_options o = options != NULL ? *options : (nn_plan_options){0};
    nn_status st = check_options(&o, why, why_size);
    if (st != NN_OK)
        return st;
    nn_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory");
    st = plan_both(b, m, &o, images, why, why_size);
    return finish_plan(out, b, st, &o, why, why_size);
}

nn_status nn_batch_of_stages(nn_batch **out, nn_stages *stages, const nn_plan_options *options,
                             size_t images, char *why, size_t why_size)
{
    *out = NULL;
    nn_plan_options o = options != NULL ? *options : (nn_plan_options){0};
    nn_batch *b = calloc(1, sizeof *b);
    nn_status st = check_options(&o, why, why_size);
    if (st != NN_OK || b == NULL) {
        free(b);
        nn_stages_clear(stages);
        return st != NN_OK ? st : nn_why(why, why_size, NN_ERR_MEMORY, "out of memory");
    }
    b->stages = *stages;
    *stages = (nn_stages){.count = 0};
    st = nn_batch_even(&b->stages);
    if (st == NN_OK)
        st = plan_stages(b, &o, images, why, why_size);
    return finish_plan(out, b, st, &o, why, why_size);
}

void nn_batch_free(nn_batch *b)
{
    if (b == NULL)
        return;
    nn_stages_clear(&b->stages);
    nn_batch_schedule_clear(&b->schedule);
    nn_batch_order_clear(&b->order);
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
