/* Times, room and kinds of steps: see nn/batch/batch_facts.h. */
#include "nn/batch/batch_facts.h"

#include <math.h>
#include <string.h>

enum { TYPICAL_LIMBS = 6 };

static const double weight_margin_bits = 1.0; /* scalars' rounding stays this far below the rest */
static const double wrap_margin_bits = 2.0;   /* |message| * scale stays below Q / 4 */

/* Mean square of a slot when coefficients have variance 1, and how much of it is in the real part,
 * see ckks/scheme/noise.h. */
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

/* ---- times and room */

void nn_batch_times_set(nn_batch_times *t, double limb_bits)
{
    t->limb_bits = limb_bits;
    memset(t->shape, 0, sizeof t->shape);
}

static nn_cost_at cost_at(const nn_batch_times *t, int limbs, int alpha, int special)
{
    return (nn_cost_at){
        .costs = t->costs, .log_n = t->log_n, .limbs = limbs, .special = special, .alpha = alpha};
}

double nn_batch_traffic_ms(const nn_batch_times *t, double parts, int limbs)
{
    return parts * limbs * ldexp(1e-6, t->log_n) * t->costs->pass_ns;
}

double nn_batch_rescale_ms(const nn_batch_times *t, double count, int limbs, int primes)
{
    nn_cost_at at = cost_at(t, limbs, 1, 0);
    return primes > 0 ? count * nn_cost_rescale(&at, limbs, primes) : 0.0;
}

double nn_batch_q_bits(const nn_batch_times *t, int limbs)
{
    return t->first_bits + (limbs - 1) * t->limb_bits;
}

/* Fastest key shape at so many limbs that the bound allows, in *size; the time of one
 * relinearisation that drops `merged` primes at once, HUGE_VAL when there is none. */
double nn_batch_switch_ms(nn_batch_times *t, int limbs, int merged, int *size)
{
    int most = (int)floor((t->bound - nn_batch_q_bits(t, limbs)) / NN_BATCH_SPECIAL_BITS);
    most = most < limbs ? most : limbs;
    most = most < CKKS_MAX_P ? most : CKKS_MAX_P;
    if (!t->shape[limbs][merged].known) {
        t->shape[limbs][merged].known = 1;
        t->shape[limbs][merged].size = 0;
        t->shape[limbs][merged].ms = HUGE_VAL;
        for (int special = 1; special <= most; special++) {
            nn_cost_at at = cost_at(t, limbs, special, special);
            double ms = nn_cost_switch(&at, merged);
            if (ms < t->shape[limbs][merged].ms) {
                t->shape[limbs][merged].ms = ms;
                t->shape[limbs][merged].size = special;
            }
        }
    }
    *size = t->shape[limbs][merged].size;
    return t->shape[limbs][merged].ms;
}

double nn_batch_relinearise_ms(nn_batch_times *t, double count, int limbs, int rescale, int *size)
{
    double ms = nn_batch_switch_ms(t, limbs, rescale > 0, size);
    return ms == HUGE_VAL ? ms : count * ms + nn_batch_rescale_ms(t, count, limbs - 1, rescale - 1);
}

int nn_batch_wraps(const nn_batch_times *t, double magnitude, int limbs, double bits)
{
    return bits + log2(fmax(magnitude, 1e-30)) + wrap_margin_bits > nn_batch_q_bits(t, limbs);
}

double nn_batch_sums_ms(const nn_batch_times *t, double entries, int parts, int limbs)
{
    nn_cost_at at = cost_at(t, limbs, 1, 0);
    return nn_cost_sums(&at, entries) * parts / 2.0;
}

/* ---- facts */

double nn_batch_scalar_bits(size_t widest, double precision_bits)
{
    return 0.5 * log2((double)(widest > 0 ? widest : 1) / 12.0) + precision_bits +
           weight_margin_bits;
}

/* The only stage that takes the value of stage k, if it is affine and takes no other; else 0. */
static size_t only_taker(const nn_stages *stages, size_t k)
{
    size_t taker = 0;
    for (size_t next = k + 1; next < stages->count; next++)
        for (size_t i = 0; i < stages->stage[next].input_count; i++)
            if (stages->stage[next].input[i] == k + 1) {
                if (taker != 0 || stages->stage[next].kind != NN_STAGE_AFFINE ||
                    stages->stage[next].input_count != 1)
                    return 0;
                taker = next;
            }
    return taker;
}

/* Whether relinearising behind the sums is cheaper: fewer rows, but three parts. */
static int lazy_pays(const nn_batch_job *job, nn_batch_times *t, size_t k, size_t taker)
{
    int limbs = TYPICAL_LIMBS, size = 0;
    while (limbs > 1 && nn_batch_switch_ms(t, limbs, 1, &size) == HUGE_VAL)
        limbs--;
    double one = nn_batch_switch_ms(t, limbs, 1, &size);
    double entries = (double)nn_stage_nonzeros(&job->stages->stage[taker]);
    double third = 0.5 * nn_batch_sums_ms(t, entries, 2, limbs);
    return (double)nn_stages_width(job->stages, taker + 1) * one + third <
           (double)nn_stages_width(job->stages, k + 1) * one;
}

static void find_kind(nn_batch_facts *fact, const nn_batch_job *job, nn_batch_times *t, size_t k)
{
    const nn_stage *stage = &job->stages->stage[k];
    nn_batch_facts *f = &fact[k];
    size_t taker = only_taker(job->stages, k);

    f->last_use = nn_stages_last_use(job->stages, k + 1);
    if (stage->kind == NN_STAGE_AFFINE)
        return;
    if (stage->kind == NN_STAGE_POLY)
        f->poly = nn_batch_form_of(stage);
    f->form.kind = stage->kind == NN_STAGE_PRODUCT ? NN_BATCH_PRODUCT
                   : f->poly.degree == 2           ? NN_BATCH_SQUARE
                   : f->poly.degree == 4           ? NN_BATCH_QUARTIC
                                                   : NN_BATCH_POLY;
    f->form.lazy = f->form.kind != NN_BATCH_POLY && taker != 0 && lazy_pays(job, t, k, taker);
    if (f->form.lazy && f->form.kind == NN_BATCH_SQUARE && f->poly.shift == 0.0 &&
        f->poly.constant == 0.0) {
        f->form.kind = NN_BATCH_INSIDE;
        fact[taker].form.squared = 1;
    }
}

static void find_sums(nn_batch_facts *f, const nn_batch_job *job, size_t k)
{
    const nn_stage *stage = &job->stages->stage[k];

    f->even_bits = HUGE_VAL;
    for (size_t i = 0; i < stage->input_count && stage->kind == NN_STAGE_AFFINE; i++) {
        const nn_affine *a = &stage->affine[i];
        size_t widest = 0;
        for (size_t r = 0; r < a->rows; r++) {
            size_t count = a->row_start[r + 1] - a->row_start[r];
            widest = count > widest ? count : widest;
        }
        f->entries[i] = (double)nn_affine_nonzeros(a);
        f->floor_bits[i] = nn_batch_scalar_bits(widest, job->precision_bits);
        f->inputs += a->cols;
    }
    if (stage->kind == NN_STAGE_AFFINE && stage->input_count == 1) {
        double weight = nn_batch_weight(&stage->affine[0]);
        f->even_bits = weight > 0.0 ? -log2(weight) : HUGE_VAL;
    }
}

void nn_batch_facts_find(nn_batch_facts *fact, const nn_batch_job *job, nn_batch_times *t)
{
    for (size_t k = 0; k < job->stages->count; k++) {
        find_kind(fact, job, t, k);
        find_sums(&fact[k], job, k);
        fact[k].magnitude =
            fmax(nn_stage_magnitude(&job->stages->stage[k]), fabs(fact[k].poly.constant));
    }
}
