/* See nn/levels/powers.h. */
#include "nn/levels/powers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIMBS = 12, CACHE = 4096 };

/* Real primes lie this close to their nominal size, and scales made of them. */
static const double off_bits = 0.05;

/* An answer that was found before: the same questions come up again and again. */
typedef struct answer {
    uint64_t polynomial; /* digest of basis and coefficients; 0: none */
    int size, possible;
    double scale_bits, floor_bits;
    nn_power power;
} answer;

struct nn_powers {
    ckks_context *ctx[NN_POWERS_SIZES];
    answer cache[CACHE];
};

static uint64_t mix(uint64_t hash, const void *from, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, from, size);
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 31;
}

static uint64_t digest(const nn_stage *stage)
{
    uint64_t hash =
        mix(mix(1, &stage->basis, sizeof stage->basis), &stage->degree, sizeof stage->degree);
    for (int k = 0; k <= stage->degree; k++)
        hash = mix(hash, &stage->coef[k], sizeof stage->coef[k]);
    return hash | 1;
}

double nn_powers_bits(int size)
{
    return NN_POWERS_BITS_MAX - size;
}

/* The planner of polynomials reads nothing of a context but the primes, so those for the largest
 * ring serve, in a context of a tiny one. */
static ckks_status make(ckks_context **ctx, int size)
{
    double bits[LIMBS];
    ckks_params params;
    for (int l = 0; l < LIMBS; l++)
        bits[l] = nn_powers_bits(size);
    ckks_status st = ckks_params_generate(&params, CKKS_RING_COMPLEX, CKKS_MAX_LOG_N, bits, LIMBS,
                                          NULL, 0, 0, NULL, 0);
    params.log_n = CKKS_MIN_LOG_N;
    return st == CKKS_OK ? ckks_context_create(ctx, &params, NULL, 0) : st;
}

nn_status nn_powers_create(nn_powers **out)
{
    nn_powers *p = *out = calloc(1, sizeof *p);
    nn_status st = p != NULL ? NN_OK : NN_ERR_MEMORY;
    for (int size = 0; size < NN_POWERS_SIZES && st == NN_OK; size++) {
        ckks_status made = make(&p->ctx[size], size);
        st = made == CKKS_OK ? NN_OK : made == CKKS_ERR_MEMORY ? NN_ERR_MEMORY : NN_ERR_PLAN;
    }
    if (st == NN_OK)
        return st;
    nn_powers_free(p);
    *out = NULL;
    return st;
}

void nn_powers_free(nn_powers *p)
{
    for (int size = 0; p != NULL && size < NN_POWERS_SIZES; size++)
        ckks_context_free(p->ctx[size]);
    free(p);
}

static int plan(const nn_powers *p, nn_power *out, const nn_stage *stage, int size,
                double scale_bits, double min_bits)
{
    ckks_polynomial poly = {stage->basis, stage->degree, stage->coef};
    ckks_scale scale = ckks_scale_from(exp2(scale_bits));
    int left = 0;
    if (ckks_poly_plan(p->ctx[size], &poly, LIMBS, scale, exp2(min_bits), &left, &scale,
                       &out->products) != CKKS_OK)
        return 0;
    out->dropped = LIMBS - left;
    out->before_bits = ckks_scale_log2(scale) + out->dropped * nn_powers_bits(size);
    out->min_scale_bits = min_bits;
    return 1;
}

/* The first least scale at which the decisions stay the same when all is off a little: lower scales
 * and a higher least scale hinder a drop, the opposite allows it. */
static int find(const nn_powers *p, nn_power *out, const nn_stage *stage, int size,
                double scale_bits, double floor_bits)
{
    static const double below[] = {0.5, 0.3, 0.7, 0.9, 1.1};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        double min = floor_bits - below[i];
        nn_power near;
        if (plan(p, out, stage, size, scale_bits, min) &&
            plan(p, &near, stage, size, scale_bits - off_bits, min + off_bits) &&
            near.dropped == out->dropped &&
            plan(p, &near, stage, size, scale_bits + off_bits, min - off_bits) &&
            near.dropped == out->dropped)
            return 1;
    }
    return 0;
}

int nn_powers_plan(nn_powers *p, nn_power *out, const nn_stage *stage, int size, double scale_bits,
                   double floor_bits)
{
    uint64_t polynomial = digest(stage);
    uint64_t hash = mix(mix(mix(polynomial, &size, sizeof size), &scale_bits, sizeof scale_bits),
                        &floor_bits, sizeof floor_bits);
    answer *a = &p->cache[hash % CACHE];
    if (a->polynomial != polynomial || a->size != size || a->scale_bits != scale_bits ||
        a->floor_bits != floor_bits) {
        *a = (answer){polynomial, size, 0, scale_bits, floor_bits, {0}};
        a->possible = find(p, &a->power, stage, size, scale_bits, floor_bits);
    }
    *out = a->power;
    return a->possible;
}

int nn_powers_products(const nn_powers *p, const nn_stage *stage)
{
    nn_power power;
    /* Scales at which all degrees up to 31 fit into LIMBS primes of the largest size. */
    return plan(p, &power, stage, 0, 40.0, 28.0) ? power.products : 0;
}
