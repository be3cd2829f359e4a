/* See tools/measure.h. The parameters are of no security: secrets are made and forgotten here. */
#include "tools/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/cli.h"

enum {
    RINGS = 2,
    LIMBS = 6,
    SPECIAL = 5,
    TERMS_MAX = 96,
    KEYS_MAX = 64,
    SUM_ROWS = 4,
    SUM_COLS = 16
};

static const int ring_log_n[RINGS] = {13, 14};
static const double limb_bits = 40.0, special_bits = 46.8, scale_bits = 24.0;

/* An operation with its keys. */
typedef struct job {
    nn_cost_sample *sample;
    int ring;
    ckks_eval_keys *keys;
    ckks_lintrans *transform;
    ckks_sums *sums;
    ckks_ciphertext *in;
    clock_t time, one; /* shortest so far, 0 when not measured; one: of encoding at one limb */
} job;

typedef struct bed {
    ckks_context *ctx;
    ckks_worker *worker;
    ckks_secret_key *sk;
    ckks_plaintext *plain;
    ckks_ciphertext *out, *sum[SUM_ROWS];
    double *values;
} bed;

typedef struct workload {
    measurement *m;
    bed bed[RINGS];
    job job[MEASURE_SAMPLES_MAX];
} workload;

/* What is measured in both rings: operation, log_n, limbs, special, alpha, cached, babies, giants,
 * diagonals. Transforms have diagonals for every pair of a baby and a giant. */
static const nn_cost_sample kinds[] = {
    {NN_COST_ADD, 0, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_ENCODE, 0, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_RESCALE, 0, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_RESCALE, 0, 2, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 0, 4, 1, 1, 1, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 0, 3, 2, 2, 1, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 0, 2, 2, 2, 1, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 0, 3, 3, 3, 1, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 0, 5, 5, 5, 1, 0, 0, 0, 0.0},
    {NN_COST_SUMS, 0, 3, 1, 1, 0, 0, 0, SUM_ROWS *SUM_COLS, 0.0},
    {NN_COST_SQUARE, 0, 3, 2, 2, 1, 0, 0, 0, 0.0},
    {NN_COST_SQUARE, 0, 2, 2, 2, 1, 0, 0, 0, 0.0},
    {NN_COST_TRANSFORM, 0, 4, 1, 1, 0, 15, 0, 16, 0.0},
    {NN_COST_TRANSFORM, 0, 4, 2, 2, 0, 11, 2, 36, 0.0},
    {NN_COST_TRANSFORM, 0, 3, 2, 2, 0, 15, 3, 64, 0.0},
    {NN_COST_TRANSFORM, 0, 4, 4, 4, 0, 7, 3, 32, 0.0},
    {NN_COST_TRANSFORM, 0, 3, 3, 3, 0, 3, 5, 24, 0.0},
    {NN_COST_TRANSFORM, 0, 2, 2, 2, 0, 7, 11, 96, 0.0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* The shorter of two times; 0 is none. */
static clock_t least(clock_t a, clock_t b)
{
    return a == 0 || b < a ? b : a;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The shape of a transform; step has room for two lists. */
static ckks_lintrans_shape shape_of(const nn_cost_sample *s, int step[2][TERMS_MAX])
{
    int babies = s->babies + 1;

    for (int i = 0; i < s->diagonals; i++) {
        step[0][i] = i % babies;
        step[1][i] = i / babies * babies;
    }
    return (ckks_lintrans_shape){.limbs = s->limbs,
                                 .special = s->special,
                                 .alpha = s->alpha,
                                 .step_count = s->diagonals,
                                 .baby = step[0],
                                 .giant = step[1]};
}

/* Scratch for every transform, and more than the sums take. */
static size_t scratch_bytes(const ckks_context *ctx)
{
    size_t scratch = 0;

    for (int k = 0; k < KINDS; k++) {
        int step[2][TERMS_MAX];
        ckks_lintrans_shape shape = shape_of(&kinds[k], step);
        if (kinds[k].operation == NN_COST_TRANSFORM)
            scratch = larger(scratch, ckks_lintrans_scratch_bytes(ctx, &shape, 1));
    }
    return scratch;
}

static int make_objects(bed *b)
{
    size_t slots = ckks_context_slots(b->ctx);
    int st = ckks_secret_key_create(b->worker, &b->sk);

    if (st == CKKS_OK)
        st = ckks_plaintext_create(&b->plain, b->ctx);
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&b->out, b->ctx);
    for (int i = 0; i < SUM_ROWS && st == CKKS_OK; i++)
        st = ckks_ciphertext_create(&b->sum[i], b->ctx);
    b->values = malloc(slots * sizeof *b->values);
    if (b->values == NULL)
        return CKKS_ERR_MEMORY;
    for (size_t j = 0; j < slots; j++)
        b->values[j] = (double)(j * 7919 % 2048) / 1024.0 - 1.0;
    return st;
}

static int make_bed(bed *b, int log_n, const char *kernel, char *why, size_t why_size)
{
    double q[LIMBS], special[SPECIAL];
    ckks_params params;
    int st;

    for (int i = 0; i < LIMBS; i++)
        q[i] = limb_bits;
    for (int i = 0; i < SPECIAL; i++)
        special[i] = special_bits;
    st = ckks_params_generate(&params, CKKS_RING_COMPLEX, log_n, q, LIMBS, special, SPECIAL, 0, why,
                              why_size);
    params.kernel = kernel;
    if (st == CKKS_OK)
        st = ckks_context_create(&b->ctx, &params, why, why_size);
    if (st == CKKS_OK)
        st = ckks_worker_create(&b->worker, b->ctx, scratch_bytes(b->ctx));
    return st == CKKS_OK ? make_objects(b) : st;
}

/* Every diagonal holds the bed's values. */
static ckks_status fill(void *user, int k, double *value)
{
    const bed *b = user;

    (void)k;
    memcpy(value, b->values, ckks_context_slots(b->ctx) * sizeof *value);
    return CKKS_OK;
}

static int make_transform(bed *b, job *j, ckks_key_spec *spec, size_t *keys)
{
    int step[2][TERMS_MAX];
    ckks_lintrans_shape shape = shape_of(j->sample, step);

    *keys = ckks_lintrans_keys(b->ctx, spec, KEYS_MAX, &shape);
    return ckks_lintrans_create(b->worker, &j->transform, &shape, fill, b,
                                ckks_scale_from(exp2(scale_bits)));
}

static int make_sums(bed *b, job *j)
{
    size_t start[SUM_ROWS + 1];
    uint32_t col[SUM_ROWS * SUM_COLS];
    const ckks_scalars m = {SUM_ROWS, SUM_COLS, start, col, b->values, NULL, 0.0};

    for (size_t i = 0; i < SUM_ROWS * SUM_COLS; i++)
        col[i] = (uint32_t)(i % SUM_COLS);
    for (size_t k = 0; k <= SUM_ROWS; k++)
        start[k] = k * SUM_COLS;
    return ckks_sums_create(b->worker, &j->sums, &m, ckks_scale_from(exp2(scale_bits)));
}

static int run_sums(const bed *b, const job *j)
{
    const ckks_ciphertext *in[SUM_COLS];

    for (int i = 0; i < SUM_COLS; i++)
        in[i] = j->in;
    return ckks_eval_sums(b->worker, b->sum, in, j->sums, NULL);
}

static int encode(const bed *b, int limbs)
{
    return ckks_encode(b->worker, b->plain, b->values, NULL, ckks_context_slots(b->ctx), limbs,
                       ckks_scale_from(exp2(scale_bits)));
}

static int make_job(workload *l, job *j)
{
    bed *b = &l->bed[j->ring];
    const nn_cost_sample *s = j->sample;
    ckks_key_spec spec[KEYS_MAX] = {{CKKS_KEY_ROTATE, 1, s->limbs, s->alpha, s->special}};
    size_t keys = s->operation == NN_COST_ROTATE || s->operation == NN_COST_SQUARE;
    int st = CKKS_OK;

    if (s->operation == NN_COST_SQUARE)
        spec[0] = (ckks_key_spec){CKKS_KEY_RELINEARISE, 0, s->limbs, s->alpha, s->special};
    if (s->operation == NN_COST_TRANSFORM)
        st = make_transform(b, j, spec, &keys);
    if (s->operation == NN_COST_SUMS)
        st = make_sums(b, j);
    if (st == CKKS_OK && keys > 0)
        st = ckks_eval_keys_create(b->worker, &j->keys, b->sk, spec, keys);
    if (st == CKKS_OK)
        st = ckks_ciphertext_create(&j->in, b->ctx);
    if (st == CKKS_OK)
        st = encode(b, s->limbs);
    return st == CKKS_OK ? ckks_encrypt(b->worker, j->in, b->sk, b->plain) : st;
}

static int run_once(const bed *b, const job *j)
{
    const ckks_ciphertext *in = j->in;

    switch (j->sample->operation) {
    case NN_COST_ADD:
        return ckks_eval_add(b->worker, b->out, j->in, j->in);
    case NN_COST_ENCODE:
        return encode(b, j->sample->limbs);
    case NN_COST_RESCALE:
        return ckks_eval_rescale(b->worker, b->out, j->in);
    case NN_COST_ROTATE:
        return ckks_eval_rotate(b->worker, b->out, j->in, 1);
    case NN_COST_SUMS:
        return run_sums(b, j);
    case NN_COST_SQUARE:
        return ckks_eval_square(b->worker, b->out, j->in, 1);
    default:
        return ckks_lintrans_apply(b->worker, &b->out, &in, j->transform);
    }
}

/* Time one job in processor time, which other programs lengthen least; what is to have its key in
 * the cache runs once beforehand. */
static int time_job(workload *l, job *j)
{
    const bed *b = &l->bed[j->ring];
    int operation = j->sample->operation;
    int st = ckks_worker_use_keys(b->worker, j->keys);

    if (st == CKKS_OK && operation != NN_COST_TRANSFORM)
        st = run_once(b, j);
    clock_t start = clock();
    if (st == CKKS_OK)
        st = run_once(b, j);
    clock_t time = clock() - start;
    if (st == CKKS_OK && operation == NN_COST_ENCODE) {
        start = clock();
        st = encode(b, 1);
        j->one = least(j->one, clock() - start);
    }
    j->time = least(j->time, time);
    return st;
}

static void clear(workload *l)
{
    for (size_t i = 0; i < l->m->count; i++) {
        ckks_lintrans_free(l->job[i].transform);
        ckks_sums_free(l->job[i].sums);
        ckks_ciphertext_free(l->job[i].in);
    }
    for (int r = 0; r < RINGS; r++) {
        free(l->bed[r].values);
        ckks_ciphertext_free(l->bed[r].out);
        for (int i = 0; i < SUM_ROWS; i++)
            ckks_ciphertext_free(l->bed[r].sum[i]);
        ckks_plaintext_free(l->bed[r].plain);
        ckks_secret_key_free(l->bed[r].sk);
        ckks_worker_free(l->bed[r].worker);
    }
    /* The keys were on loan to the workers. */
    for (size_t i = 0; i < l->m->count; i++)
        ckks_eval_keys_free(l->job[i].keys);
    for (int r = 0; r < RINGS; r++)
        ckks_context_free(l->bed[r].ctx);
}

int measure_run(measurement *m, const char *kernel, double seconds, char *why, size_t why_size)
{
    workload l = {.m = m};
    int st = CKKS_OK, failed = 0;

    *m = (measurement){.count = 0};
    why[0] = '\0';
    for (int r = 0; r < RINGS && st == CKKS_OK; r++) {
        st = make_bed(&l.bed[r], ring_log_n[r], kernel, why, why_size);
        for (int k = 0; k < KINDS && st == CKKS_OK; k++) {
            job *j = &l.job[m->count];
            *j = (job){.sample = &m->sample[m->count], .ring = r};
            *j->sample = kinds[k];
            j->sample->log_n = ring_log_n[r];
            m->count++;
            st = make_job(&l, j);
            failed = st == CKKS_OK ? failed : r;
        }
    }
    if (st == CKKS_OK)
        snprintf(m->kernel, sizeof m->kernel, "%s", ckks_context_kernel(l.bed[0].ctx));
    double start = cli_seconds();
    do {
        for (size_t i = 0; i < m->count && st == CKKS_OK; i++) {
            st = time_job(&l, &l.job[i]);
            failed = st == CKKS_OK ? failed : l.job[i].ring;
        }
    } while (st == CKKS_OK && cli_seconds() - start < seconds);
    /* A difference that noise swallowed says nothing. */
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        m->sample[kept] = m->sample[i];
        m->sample[kept].ms = 1e3 * (double)(l.job[i].time - l.job[i].one) / (double)CLOCKS_PER_SEC;
        kept += m->sample[kept].ms > 0.0;
    }
    if (st != CKKS_OK && why[0] == '\0' && l.bed[failed].worker != NULL)
        snprintf(why, why_size, "%s", ckks_worker_error(l.bed[failed].worker));
    clear(&l);
    m->count = st == CKKS_OK ? kept : m->count; /* after the jobs of all were released */
    return st;
}
