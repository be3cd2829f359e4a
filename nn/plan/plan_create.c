/* Making a plan: run the passes, find ring, arrangement and schedule, then replace every size in
 * bits by the real primes and foretell. Optional merges are tried one by one. */
#include <math.h>
#include <stdlib.h>

#include "nn/base/why.h"
#include "nn/plan/plan_forecast.h"
#include "nn/plan/plan_keys.h"
#include "nn/plan/plan_ring.h"
#include "nn/plan/plan_steps.h"
#include "nn/stages/refuse.h"

enum {
    LOG_N_MIN = 11,
    TRIES_MAX = 4,
    DEARER_MAX = 4, /* times that keys become four times as dear */
    CANDIDATES_TRIED = 4
};

static const double default_precision_bits = 13.0;
/* Where the default leaves labels that cannot be told apart, more are taken, up to this. */
static const double free_precision_bits = 20.0;
/* Entries of matrices up to which the network as it stands in the file is arranged for comparison.
 */
static const size_t compare_max = (size_t)2 << 20;

/* One plan in the making. */
typedef struct making {
    const nn_model *model;
    nn_plan_options options; /* without defaults */
    int free_precision;      /* nobody asked for one: options' may grow */
    const nn_costs *here;    /* the machine that will run it */
    char *why;
    size_t why_size;
} making;

/* ---- refusals */

static nn_status refuse_options(const making *m)
{
    const nn_plan_options *o = &m->options;
    if (o->security_bits != 128 && o->security_bits != 192 && o->security_bits != 256)
        return nn_why(m->why, m->why_size, NN_ERR_ARG,
                      "security of %d bits; there are 128, 192 and 256", o->security_bits);
    if (o->log_n != 0 && (o->log_n < LOG_N_MIN || o->log_n > CKKS_MAX_LOG_N))
        return nn_why(m->why, m->why_size, NN_ERR_ARG, "N = 2^%d; the table has 2^%d to 2^%d",
                      o->log_n, LOG_N_MIN, CKKS_MAX_LOG_N);
    if (o->images > (size_t)1 << CKKS_MAX_LOG_N || nn_layout_pow2(o->images) != o->images)
        return nn_why(m->why, m->why_size, NN_ERR_ARG,
                      "%zu images side by side; it must be a power of 2", o->images);
    if (o->ring < NN_RING_ANY || o->ring > NN_RING_REAL)
        return nn_why(m->why, m->why_size, NN_ERR_ARG, "ring %d; there are 0, 1 and 2", o->ring);
    if (o->passes_off > NN_PASS_ALL)
        return nn_why(m->why, m->why_size, NN_ERR_ARG, "passes 0x%x; there are 0x%x", o->passes_off,
                      (unsigned)NN_PASS_ALL);
    return NN_OK;
}

/* ---- one plan of given stages */

static nn_status complete(nn_plan *p, const making *m)
{
    const nn_plan_options *o = &m->options;
    ckks_context *ctx = NULL;
    nn_status st = nn_plan_make_params(p, o->security_bits, m->why, m->why_size);
    if (st == NN_OK)
        st = ckks_context_create(&ctx, &p->params, m->why, m->why_size);
    if (st == NN_OK)
        st = nn_plan_make_steps(p, ctx, m->why, m->why_size);
    if (st == NN_OK)
        st = nn_plan_make_keys(p, ctx);
    if (st == NN_OK)
        st = nn_plan_foretell(p, ctx, m->here);
    if (st == NN_OK)
        st = nn_plan_fit(p, ctx, m->here, o->memory);
    ckks_context_free(ctx);
    return st;
}

/* Find and complete; the nominal primes may promise what the real ones do not hold: a slightly
 * other scale will, or more room. */
static nn_status plan_once(nn_plan *p, const making *m, const nn_costs *costs)
{
    nn_plan_options o = m->options;
    nn_status st = NN_ERR_MISMATCH;
    o.costs = costs;
    for (int tries = 0; tries < TRIES_MAX && st == NN_ERR_MISMATCH; tries++) {
        nn_arrangement_clear(&p->arrangement);
        nn_schedule_clear(&p->schedule);
        p->try_count = 0;
        st = nn_plan_find_ring(p, &o, 6.0 * tries, m->why, m->why_size);
        if (st == NN_OK)
            st = complete(p, m);
        o.precision_bits += 0.37;
    }
    return st == NN_ERR_MISMATCH ? NN_ERR_PLAN : st;
}

static nn_status refuse_memory(const nn_plan *p, const making *m)
{
    const double mib = 1048576.0;
    size_t heaviest = 0;
    for (size_t k = 1; k < p->stages->count; k++)
        if (p->step[k].weight_memory > p->step[heaviest].weight_memory)
            heaviest = k;
    return nn_why(m->why, m->why_size, NN_ERR_PLAN,
                  "the server needs %.1f MiB even with its weights compact and as few keys as can "
                  "be, above the %.1f MiB that are allowed (--memory); most weights, %.1f MiB, "
                  "belong to '%s'; allow more, use fewer channels there, or fewer images at a time "
                  "(--batch, --images)",
                  (double)p->forecast.server_memory / mib, (double)m->options.memory / mib,
                  (double)p->step[heaviest].weight_memory / mib, p->stages->stage[heaviest].name);
}

/* Whether the plan computes what the network does. */
static nn_status refuse_errors(const nn_plan *p, const making *m)
{
    nn_status st = nn_refuse_logits(p->stages, p->forecast.logit_error, m->options.precision_bits,
                                    m->why, m->why_size);
    for (size_t k = 0; k < p->stages->count && st == NN_OK; k++)
        st = nn_refuse_noise(p->stages, k, p->step[k].size, p->step[k].error, m->why, m->why_size);
    return st;
}

/* The same with the precision that labels need, when it is free. */
static nn_status plan_precisely(nn_plan *p, making *m, const nn_costs *costs)
{
    double *bits = &m->options.precision_bits;
    nn_status st = plan_once(p, m, costs);
    while (m->free_precision && st == NN_OK) {
        double needed = nn_refuse_precision(p->stages, p->forecast.logit_error, *bits);
        needed = fmin(needed, free_precision_bits);
        if (!(needed > *bits))
            break;
        *bits = needed;
        st = plan_once(p, m, costs);
    }
    return st;
}

/* The same within the memory: while it is too much, keys are made dearer, so that there are fewer.
 */
static nn_status plan_within(nn_plan *p, making *m)
{
    const nn_plan_options *o = &m->options;
    nn_costs costs = *o->costs;
    nn_status st = plan_precisely(p, m, &costs);
    for (int d = 0; d < DEARER_MAX && st == NN_OK && p->forecast.server_memory > o->memory; d++) {
        costs.key_ms_per_mib = 4.0 * fmax(costs.key_ms_per_mib, 0.25);
        st = plan_once(p, m, &costs);
    }
    if (st == NN_OK)
        st = refuse_errors(p, m);
    return st == NN_OK && p->forecast.server_memory > o->memory ? refuse_memory(p, m) : st;
}

/* ---- stages */

/* A plan of the model with these passes; report says what else could be left unmerged. */
static nn_status plan_passes(nn_plan **out, making *m, uint64_t keep, nn_rewrite_report *report)
{
    const nn_rewrite_options passes = {NN_PASS_ALL & ~m->options.passes_off, keep};
    nn_plan *p = *out = calloc(1, sizeof *p);
    nn_status st = NN_ERR_MEMORY;
    if (p != NULL)
        p->stages = calloc(1, sizeof *p->stages);
    if (p != NULL && p->stages != NULL)
        st = nn_model_stages(m->model, &passes, p->stages, report, m->why, m->why_size);
    if (st == NN_OK)
        st = nn_refuse_stages(p->stages, m->why, m->why_size);
    if (st == NN_OK) {
        p->model = m->model;
        p->passes = passes.passes;
        p->keep = keep;
        for (uint64_t bits = keep & report->candidates; bits != 0; bits &= bits - 1)
            p->kept++;
        p->step = calloc(p->stages->count + 1, sizeof *p->step);
        st = p->step != NULL ? plan_within(p, m) : NN_ERR_MEMORY;
    }
    if (st == NN_OK)
        return st;
    nn_plan_free(p);
    *out = NULL;
    return st == NN_ERR_MEMORY ? nn_why(m->why, m->why_size, st, "out of memory") : st;
}

/* The candidate that grows most and is not in `seen`; -1 when there is none. */
static int next_candidate(const nn_rewrite_report *r, uint64_t seen)
{
    double most = 0.0;
    int best = -1;
    for (int c = 0; c < NN_REWRITE_CANDIDATES_MAX; c++) {
        const nn_rewrite_candidate *candidate = &r->candidate[c];
        double growth = (double)candidate->merged / fmax((double)candidate->apart, 1.0);
        if ((r->candidates & ~seen) >> c & 1 && growth > most) {
            most = growth;
            best = c;
        }
    }
    return best;
}

/* Leave optional merges out, one by one, where that is cheaper in the same ring. */
static nn_status try_candidates(nn_plan **p, const making *m, const nn_rewrite_report *report)
{
    making again = *m;
    nn_rewrite_report unused;
    uint64_t seen = 0;
    again.options.log_n = (*p)->schedule.log_n;
    again.options.ring = (*p)->schedule.ring == CKKS_RING_REAL ? NN_RING_REAL : NN_RING_COMPLEX;
    again.why = NULL;
    again.why_size = 0;
    for (int tried = 0; tried < CANDIDATES_TRIED; tried++) {
        int c = next_candidate(report, seen);
        nn_plan *other = NULL;
        if (c < 0)
            break;
        seen |= (uint64_t)1 << c;
        nn_status st = plan_passes(&other, &again, (*p)->keep | (uint64_t)1 << c, &unused);
        if (st == NN_ERR_MEMORY)
            return st;
        if (st == NN_OK && other->schedule.cost < (*p)->schedule.cost) {
            nn_plan *swap = *p;
            *p = other;
            other = swap;
            for (size_t t = 0; t < other->try_count; t++)
                (*p)->tried[t] = other->tried[t];
            (*p)->try_count = other->try_count;
        }
        nn_plan_free(other);
    }
    return NN_OK;
}

/* ---- before and after */

static nn_model_cost cost_of(const nn_cost *c, size_t rotations)
{
    return (nn_model_cost){c->levels, c->multiplications, c->constants,
                           rotations, c->affine_stages,   c->poly_stages + c->product_stages};
}

/* What the network costs as it stands in the file, arranged in the plan's ring unless it is large.
 */
static nn_status compare(nn_plan *p, const making *m)
{
    const nn_rewrite_options none = {0, 0};
    nn_stages raw = {0};
    nn_arrangement a;
    size_t rotations = 0;
    nn_cost after = nn_rewrite_cost(p->stages);
    p->after = cost_of(&after, nn_arrangement_rotations(&p->arrangement));
    nn_status st = nn_model_stages(m->model, &none, &raw, NULL, NULL, 0);
    if (st != NN_OK)
        return st;
    nn_cost before = nn_rewrite_cost(&raw);
    if (before.constants <= compare_max && after.constants <= compare_max) {
        st = nn_plan_arrange(&a, p, &raw, m->options.costs);
        if (st == NN_OK) {
            rotations = nn_arrangement_rotations(&a);
            nn_arrangement_clear(&a);
        }
    }
    p->before = cost_of(&before, rotations);
    nn_stages_clear(&raw);
    /* As it stands in the file it need not fit into the ring. */
    return st == NN_ERR_MEMORY ? st : NN_OK;
}

nn_status nn_model_count(const nn_model *m, unsigned passes_off, nn_model_cost *cost, char *why,
                         size_t why_size)
{
    const nn_rewrite_options passes = {NN_PASS_ALL & ~passes_off, 0};
    nn_stages stages = {0};
    nn_status st = nn_model_stages(m, &passes, &stages, NULL, why, why_size);
    if (st == NN_OK) {
        nn_cost c = nn_rewrite_cost(&stages);
        *cost = cost_of(&c, 0);
    }
    nn_stages_clear(&stages);
    return st;
}

nn_status nn_plan_create(nn_plan **out, const nn_model *model, const nn_plan_options *options,
                         char *why, size_t why_size)
{
    making m = {.model = model, .why = why, .why_size = why_size};
    nn_plan_options *o = &m.options;
    nn_rewrite_report *report = calloc(1, sizeof *report);
    *out = NULL;
    if (options != NULL)
        *o = *options;
    o->security_bits = o->security_bits != 0 ? o->security_bits : 128;
    m.free_precision = !(o->precision_bits > 0.0);
    o->precision_bits = o->precision_bits > 0.0 ? o->precision_bits : default_precision_bits;
    /* What is decided must not depend on the machine: a plan made on one serves requests on all. */
    m.here = o->costs != NULL ? o->costs : nn_costs_builtin(NULL);
    o->costs = o->costs != NULL ? o->costs : nn_costs_builtin(NN_COSTS_REFERENCE);
    o->images = o->images != 0 ? o->images : 1;
    o->memory = o->memory != 0 ? o->memory : NN_MEMORY_DEFAULT;
    nn_plan *p = NULL;
    nn_status st = refuse_options(&m);
    if (st == NN_OK && report == NULL)
        st = NN_ERR_MEMORY;
    if (st == NN_OK)
        st = plan_passes(&p, &m, 0, report);
    if (st == NN_ERR_SHAPE && report->candidates == 0)
        st = plan_passes(&p, &m, UINT64_MAX, report); /* a merged matrix was too large */
    if (st == NN_OK)
        st = try_candidates(&p, &m, report);
    if (st == NN_OK)
        st = compare(p, &m);
    free(report);
    if (st == NN_OK) {
        *out = p;
        return st;
    }
    nn_plan_free(p);
    return st == NN_ERR_MEMORY ? nn_why(why, why_size, st, "out of memory") : st;
}
