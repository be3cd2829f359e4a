/* The hot loops on one limb, and base conversion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/cost.h"
#include "ckks/kernel/kernel.h"
#include "ckks/kernel/ntt.h"
#include "ckks/kernel/pack.h"
#include "ckks/params/context.h"
#include "ckks/ring/galois.h"
#include "ckks/ring/rns.h"

enum { FIRST_LOG_N = 12, LAST_LOG_N = 16, DIGIT = 4, PICKS = 16, ROWS = 2 * DIGIT + 4 };

typedef struct limbs {
    ckks_context *ctx;
    const ckks_modulus *m;
    uint64_t *block, *row[ROWS]; /* residues modulo the first prime */
    uint32_t *index;
    ckks_permutation turn;
    uint8_t *packed; /* PICKS streams of residues, of which a key uses 2 * DIGIT */
    uint64_t *tiles; /* PICKS of both parts */
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

/* Both sums of a rotation, key packed. */
static int run_dot_key(void *p)
{
    limbs *k = p;
    const uint64_t *x[DIGIT];
    const ckks_key_product product = {x, DIGIT, k->packed, DIGIT, &k->turn, NULL, {NULL, NULL}};

    for (int i = 0; i < DIGIT; i++)
        x[i] = k->row[2 + i];
    k->m->kernel->dot_key(k->row[0], k->row[1], &product, 0, k->n, k->m);
    return 0;
}

/* One giant step of a matrix, tile by tile. */
static int run_dot_pair(void *p)
{
    limbs *k = p;
    const size_t tile = ckks_tile(k->n);
    uint16_t pick[PICKS];

    for (int i = 0; i < PICKS; i++)
        pick[i] = (uint16_t)i;
    for (size_t i = 0; i < k->n; i += tile)
        k->m->kernel->dot_pair(k->row[0] + i, k->row[1] + i, k->tiles, pick,
                               k->packed + ckks_packed_bytes(PICKS, i), PICKS, tile, k->m);
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

/* Ops for eight residues, and words read or written for each. */
static bench_cost limb(const void *p, double ops, double words)
{
    return cost_limbs(((const limbs *)p)->m->log_n, 1.0, ops, words);
}

static bench_cost floor_forward(const void *p)
{
    return cost_forward(((const limbs *)p)->m->log_n, 1.0);
}

static bench_cost floor_inverse(const void *p)
{
    return cost_inverse(((const limbs *)p)->m->log_n, 1.0);
}

static bench_cost floor_add(const void *p)
{
    return limb(p, 3.0, 3.0);
}

static bench_cost floor_mul(const void *p)
{
    return limb(p, 9.0, 3.0);
}

static bench_cost floor_mul_add(const void *p)
{
    return limb(p, 9.0, 4.0);
}

static bench_cost floor_scalar(const void *p)
{
    return limb(p, 5.0, 2.0);
}

static bench_cost floor_sub_mul_scalar(const void *p)
{
    return limb(p, 7.0, 3.0);
}

static bench_cost floor_dot(const void *p)
{
    return limb(p, 2.0 * DIGIT + 8.0, 2.0 * DIGIT + 1.0);
}

static bench_cost floor_dot_scalar(const void *p)
{
    return limb(p, 2.0 * DIGIT + 8.0, DIGIT + 1.0);
}

static bench_cost floor_permute(const void *p)
{
    return limb(p, 1.0, 2.0);
}

static bench_cost floor_convert(const void *p)
{
    return limb(p, 2.0 * DIGIT + 9.0, 2.0 * DIGIT + 1.0);
}

/* streams of packed residues and what is done with them */
static bench_cost packed(const void *p, double ops, double streams)
{
    const bench_cost reading = {0.0, 0.0,
                                streams * CKKS_PACKED_BYTES * (double)((const limbs *)p)->n, 0.0};

    return cost_add(limb(p, ops, 0.0), reading);
}

static bench_cost floor_dot_key(const void *p)
{
    return packed(p, 4.0 * DIGIT + 16.0, 2.0 * DIGIT);
}

static bench_cost floor_dot_pair(const void *p)
{
    return packed(p, 4.0 * PICKS + 16.0, PICKS);
}

static const bench_case cases[] = {
    {.name = "ntt_forward", .run = run_forward, .cost = floor_forward},
    {.name = "ntt_inverse", .run = run_inverse, .cost = floor_inverse},
    {.name = "add", .run = run_add, .cost = floor_add},
    {.name = "mul", .run = run_mul, .cost = floor_mul},
    {.name = "mul_add", .run = run_mul_add, .cost = floor_mul_add},
    {.name = "mul_scalar", .run = run_mul_scalar, .cost = floor_scalar},
    {.name = "sub_mul_scalar", .run = run_sub_mul_scalar, .cost = floor_sub_mul_scalar},
    {.name = "dot_4", .run = run_dot, .cost = floor_dot},
    {.name = "dot_scalar_4", .run = run_dot_scalar, .cost = floor_dot_scalar},
    {.name = "dot_key_4", .run = run_dot_key, .cost = floor_dot_key},
    {.name = "dot_pair_16", .run = run_dot_pair, .cost = floor_dot_pair},
    {.name = "reduce_centred", .run = run_reduce_centred, .cost = floor_scalar},
    {.name = "permute", .run = run_permute, .cost = floor_permute},
    {.name = "convert_4_to_1", .run = run_convert, .cost = floor_convert},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* Every row has to be in range for every prime here. */
static int make_rows(limbs *k, const ckks_params *params)
{
    const size_t places = ROWS * k->n, tile_places = PICKS * 2 * ckks_tile(k->n);
    uint64_t least = params->q[0];

    for (int i = 0; i < DIGIT; i++)
        least = params->p[i] < least ? params->p[i] : least;
    k->block = aligned_alloc(64, (places + tile_places) * sizeof *k->block);
    k->index = malloc(k->n * sizeof *k->index);
    k->turn.block = malloc(k->n / 8 * sizeof *k->turn.block);
    k->packed = malloc(ckks_packed_bytes(PICKS, k->n) + CKKS_PACKED_SLACK);
    if (k->block == NULL || k->index == NULL || k->turn.block == NULL || k->packed == NULL)
        return CKKS_ERR_MEMORY;
    for (size_t i = 0; i < places + tile_places; i++)
        k->block[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) % least;
    for (size_t r = 0; r < ROWS; r++)
        k->row[r] = k->block + r * k->n;
    k->tiles = k->block + places;
    for (size_t s = 0; s < PICKS; s++)
        ckks_pack_row(k->packed, k->row[s % ROWS], s, PICKS, k->n);
    ckks_galois_permutation(&k->turn, CKKS_RING_COMPLEX, k->m->log_n, 5);
    ckks_galois_table(k->index, CKKS_RING_COMPLEX, k->m->log_n, 5);
    return CKKS_OK;
}

/* Without a security level, so that the same primes serve every degree. */
static int make(limbs *k, const bench *b, int log_n, char *why, size_t why_size)
{
    const double bits[DIGIT + 1] = {46.8, 46.8, 46.8, 46.8, 46.8};
    ckks_params params;
    int st;

    memset(k, 0, sizeof *k);
    st = ckks_params_generate(&params, CKKS_RING_COMPLEX, log_n, bits, 1, bits, DIGIT, 0, why,
                              why_size);
    if (st != CKKS_OK)
        return st;
    params.kernel = b->kernel;
    st = ckks_context_create(&k->ctx, &params, why, why_size);
    if (st != CKKS_OK)
        return st;
    k->n = (size_t)1 << log_n;
    k->m = ckks_context_modulus(k->ctx, 0, 1);
    return make_rows(k, &params);
}

static void clear(limbs *k)
{
    free(k->block);
    free(k->index);
    free(k->turn.block);
    free(k->packed);
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
