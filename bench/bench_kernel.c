/* The hot loops on one limb, and base conversion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "ckks/context.h"
#include "ckks/kernel.h"
#include "ckks/ntt.h"
#include "ckks/rns.h"

enum { FIRST_LOG_N = 13, LAST_LOG_N = 15, DIGIT = 4, ROWS = 2 * DIGIT + 4 };

typedef struct limbs {
    ckks_context *ctx;
    const ckks_modulus *m;
    uint64_t *block, *row[ROWS]; /* residues modulo the first prime */
    uint32_t *index;
    size_t n;
} limbs;

static int run_forward(void *p)
{
    limbs *k = p;
    ckks_ntt_forward(k->m, k->row[0]);
    return 0;
}

static int run_inverse(void *p)
{
    limbs *k = p;
    ckks_ntt_inverse(k->m, k->row[0]);
    return 0;
}

static int run_add(void *p)
{
    limbs *k = p;
    k->m->kernel->add(k->row[1], k->row[2], k->row[3], k->n, k->m);
    return 0;
}

static int run_mul(void *p)
{
    limbs *k = p;
    k->m->kernel->mul(k->row[1], k->row[2], k->row[3], k->n, k->m);
    return 0;
}

static int run_mul_add(void *p)
{
    limbs *k = p;
    k->m->kernel->mul_add(k->row[1], k->row[2], k->row[3], k->row[4], k->n, k->m);
    return 0;
}

static int run_mul_scalar(void *p)
{
    limbs *k = p;
    k->m->kernel->mul_scalar(k->row[1], k->row[2], k->m->q / 3, k->n, k->m);
    return 0;
}

static int run_sub_mul_scalar(void *p)
{
    limbs *k = p;
    k->m->kernel->sub_mul_scalar(k->row[1], k->row[2], k->row[3], k->m->q / 3, k->n, k->m);
    return 0;
}

static int run_dot(void *p)
{
    limbs *k = p;
    const uint64_t *x[DIGIT], *y[DIGIT];

    for (int i = 0; i < DIGIT; i++) {
        x[i] = k->row[2 + i];
        y[i] = k->row[2 + DIGIT + i];
    }
    k->m->kernel->dot(k->row[1], x, y, DIGIT, k->n, k->m);
    return 0;
}

static int run_dot_scalar(void *p)
{
    limbs *k = p;
    const uint64_t *x[DIGIT];
    uint64_t w[DIGIT];

    for (int i = 0; i < DIGIT; i++) {
        x[i] = k->row[2 + i];
        w[i] = k->m->q / (uint64_t)(i + 3);
    }
    k->m->kernel->dot_scalar(k->row[1], x, w, DIGIT, k->n, k->m);
    return 0;
}

static int run_reduce_centred(void *p)
{
    limbs *k = p;
    k->m->kernel->reduce_centred(k->row[1], k->row[2], k->m->q, k->n, k->m);
    return 0;
}

static int run_permute(void *p)
{
    limbs *k = p;
    k->m->kernel->permute(k->row[1], k->row[2], k->index, k->n);
    return 0;
}

/* From the special primes to the last limb, as every division by them does. */
static int run_convert(void *p)
{
    limbs *k = p;
    const ckks_ring *r = &k->ctx->ring;
    const ckks_basis *basis = ckks_ring_special(r, DIGIT, -1);
    uint64_t *y[DIGIT];
    const uint64_t *x[DIGIT], *from[DIGIT];

    if (basis == NULL)
        return CKKS_ERR_ARG;
    for (int i = 0; i < DIGIT; i++) {
        x[i] = k->row[2 + i];
        y[i] = k->row[2 + DIGIT + i];
        from[i] = y[i];
    }
    ckks_basis_prepare(basis, y, k->row[1], x);
    ckks_basis_convert(basis, k->row[0], 0, from, k->row[1]);
    return 0;
}

static const bench_case cases[] = {
    {"ntt_forward", run_forward, NULL},
    {"ntt_inverse", run_inverse, NULL},
    {"add", run_add, NULL},
    {"mul", run_mul, NULL},
    {"mul_add", run_mul_add, NULL},
    {"mul_scalar", run_mul_scalar, NULL},
    {"sub_mul_scalar", run_sub_mul_scalar, NULL},
    {"dot_4", run_dot, NULL},
    {"dot_scalar_4", run_dot_scalar, NULL},
    {"reduce_centred", run_reduce_centred, NULL},
    {"permute", run_permute, NULL},
    {"convert_4_to_1", run_convert, NULL},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* Without a security level, so that the same primes serve every degree. */
static int make(limbs *k, const bench *b, int log_n, char *why, size_t why_size)
{
    const double bits[DIGIT + 1] = {46.8, 46.8, 46.8, 46.8, 46.8};
    ckks_params params;
    uint64_t least;
    int st;

    memset(k, 0, sizeof *k);
    st = ckks_params_generate(&params, log_n, bits, 1, bits, DIGIT, 0, why, why_size);
    if (st != CKKS_OK)
        return st;
    params.kernel = b->kernel;
    st = ckks_context_create(&k->ctx, &params, why, why_size);
    if (st != CKKS_OK)
        return st;
    k->n = (size_t)1 << log_n;
    k->m = ckks_context_modulus(k->ctx, 0, 1);
    k->block = aligned_alloc(64, ROWS * k->n * sizeof *k->block);
    k->index = malloc(k->n * sizeof *k->index);
    if (k->block == NULL || k->index == NULL)
        return CKKS_ERR_MEMORY;
    /* Every row has to be in range for every prime here. */
    least = params.q[0];
    for (int i = 0; i < DIGIT; i++)
        least = params.p[i] < least ? params.p[i] : least;
    for (size_t r = 0; r < ROWS; r++) {
        k->row[r] = k->block + r * k->n;
        for (size_t i = 0; i < k->n; i++)
            k->row[r][i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) * (r + 1) % least;
    }
    for (size_t i = 0; i < k->n; i++)
        k->index[i] = (uint32_t)((i * 5 + 2) % k->n);
    return CKKS_OK;
}

static void clear(limbs *k)
{
    free(k->block);
    free(k->index);
    ckks_context_free(k->ctx);
}

void bench_kernel(bench *b)
{
    for (int log_n = FIRST_LOG_N; log_n <= LAST_LOG_N; log_n++) {
        char group[64], why[512] = "";
        bench_place place = {group, log_n, 1, DIGIT, b->kernel != NULL ? b->kernel : "auto"};
        limbs k;
        int st;

        snprintf(group, sizeof group, "kernel/N%d", log_n);
        if (!bench_wanted(b, &place, cases, CASES))
            continue;
        st = make(&k, b, log_n, why, sizeof why);
        if (st == CKKS_OK) {
            place.kernel = ckks_context_kernel(k.ctx);
            bench_run(b, &place, cases, CASES, &k);
        } else {
            bench_fail(b, &place, st, why);
        }
        clear(&k);
    }
}
