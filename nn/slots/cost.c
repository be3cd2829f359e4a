/* Built-in unit times, and the formulas.
 *
 * The tables were measured by `unseen calibrate --kernel NAME` on one core of a 4.1 GHz Zen 5
 * (avx512ifma, avx512f, avx2, portable); neon is the avx2 table times 1.6, four 128-bit units in
 * the place of two 256-bit ones. Ratios decide the plan, so a machine of another speed but the same
 * balance gets the same one; `unseen calibrate` measures where the balance differs.
 *
 * Prices: 1 MiB takes 8.4 ms on a line of 1 Gbit/s. A key's share of that is a thirty-second, for
 * the images that a client sends with one set of keys; a request's is all of it. */
#include "nn/slots/cost.h"

#include <math.h>
#include <string.h>

#define KEY_MS_PER_MIB 0.25
static const double images_per_key = 32.0;
static const double cache_bytes = 786432.0; /* that a sum may have of a cache of 1 MiB */

static const nn_costs table[] = {
    {"avx512ifma", 0.105, 0.106, 0.312, 0.803, 0.280, 0.100, 0.151, 0.171, KEY_MS_PER_MIB},
    {"avx512f", 0.173, 0.160, 1.131, 3.145, 0.940, 0.262, 0.162, 0.175, KEY_MS_PER_MIB},
    {"avx2", 0.255, 0.284, 1.477, 3.634, 1.073, 0.327, 0.378, 0.178, KEY_MS_PER_MIB},
    {"neon", 0.408, 0.454, 2.363, 5.814, 1.717, 0.523, 0.605, 0.285, KEY_MS_PER_MIB},
    {"portable", 1.019, 0.903, 3.377, 3.964, 2.371, 0.656, 0.880, 0.513, KEY_MS_PER_MIB},
};
enum { TABLES = sizeof table / sizeof table[0], PORTABLE = TABLES - 1 };

const nn_costs *nn_costs_builtin(const char *kernel)
{
    const nn_costs *found = &table[PORTABLE];
    ckks_context *ctx = NULL;
    if (kernel == NULL) {
        /* Any ring tells which family serves this machine; a tiny one is made in no time. */
        const double bits = 46.0;
        ckks_params params;
        if (ckks_params_generate(&params, CKKS_RING_COMPLEX, CKKS_MIN_LOG_N, &bits, 1, NULL, 0, 0,
                                 NULL, 0) == CKKS_OK &&
            ckks_context_create(&ctx, &params, NULL, 0) == CKKS_OK)
            kernel = ckks_context_kernel(ctx);
    }
    for (int i = 0; i < TABLES; i++)
        if (kernel != NULL && strcmp(table[i].kernel, kernel) == 0)
            found = &table[i];
    ckks_context_free(ctx);
    return found;
}

/* ---- primitives: times of one row, in ms */

static double places(const nn_cost_at *at)
{
    return (double)((size_t)1 << at->log_n) * 1e-6;
}

static double forward(const nn_cost_at *at)
{
    return 0.5 * at->log_n * places(at) * at->costs->forward_ns;
}

static double inverse(const nn_cost_at *at)
{
    return 0.5 * at->log_n * places(at) * at->costs->inverse_ns;
}

static double pass(const nn_cost_at *at)
{
    return places(at) * at->costs->pass_ns;
}

/* A row converted from so many limbs; the quotient is one more, but one limb is only reduced. */
static double convert(const nn_cost_at *at, double limbs)
{
    return places(at) * at->costs->convert_ns * (limbs > 1.0 ? limbs + 1.0 : 1.0);
}

static double rows(const nn_cost_at *at)
{
    return at->limbs + at->special;
}

static double digits(const nn_cost_at *at)
{
    return (at->limbs + at->alpha - 1) / at->alpha;
}

/* Making a basis ready to be converted from: a product and the quotient for each limb; one limb is
 * ready. */
static double prepare(const nn_cost_at *at, double limbs)
{
    return limbs > 1.0 ? 2.0 * limbs * pass(at) : 0.0;
}

/* All digits at all rows; those of a polynomial in NTT form stand at their own limbs already. */
static double lift(const nn_cost_at *at, int own)
{
    double lifted = digits(at) * rows(at) - (own ? at->limbs : 0);
    double mean = at->limbs / digits(at);
    return lifted * (forward(at) + convert(at, mean));
}

/* Limbs of one digit, prepared. */
static double prepare_digits(const nn_cost_at *at)
{
    return at->alpha > 1 ? prepare(at, at->limbs) : 0.0;
}

static double cut(const nn_cost_at *at)
{
    return at->limbs * inverse(at) + prepare_digits(at);
}

/* Division of one part in NTT form. */
static double divide(const nn_cost_at *at, int merged)
{
    double divisor = at->special + merged;
    return divisor * inverse(at) + prepare(at, divisor) +
           (at->limbs - merged) * (forward(at) + convert(at, divisor) + pass(at));
}

static double key_product(const nn_cost_at *at, int cached)
{
    double ns = cached ? at->costs->key_cached_ns : at->costs->key_memory_ns;
    return digits(at) * rows(at) * places(at) * ns;
}

/* Both parts of a sum modulo Q P, written, read, and read and written again as the next one is
 * added, where they do not stay in a cache of the second level: 32 bytes a place and part. A key
 * is 6. */
static double spill(const nn_cost_at *at)
{
    double bytes = 2.0 * rows(at) * 8.0 * ldexp(1.0, at->log_n);
    return bytes > cache_bytes ? 2.0 * rows(at) * places(at) * at->costs->key_memory_ns : 0.0;
}

/* ---- stages */

double nn_cost_key_bytes(const nn_cost_at *at)
{
    double bits = at->bits > 0.0 ? at->bits : 47.0;
    return digits(at) * rows(at) * (double)((size_t)1 << at->log_n) * bits / 8.0;
}

double nn_cost_key(const nn_cost_at *at)
{
    return nn_cost_key_bytes(at) / 1048576.0 * at->costs->key_ms_per_mib;
}

double nn_cost_wire(const nn_costs *costs, double bytes)
{
    return bytes / 1048576.0 * costs->key_ms_per_mib * images_per_key;
}

double nn_cost_baby(const nn_cost_at *at)
{
    return key_product(at, 0) + nn_cost_key(at);
}

double nn_cost_giant(const nn_cost_at *at, int chain)
{
    /* The second part: back to coefficients, divided by the special primes, cut again. */
    double down = rows(at) * inverse(at) + prepare(at, at->special) +
                  at->limbs * (convert(at, at->special) + pass(at));
    return down + spill(at) + prepare_digits(at) + lift(at, 0) + key_product(at, chain) +
           (chain ? 0.0 : nn_cost_key(at));
}

double nn_cost_diagonal(const nn_cost_at *at)
{
    return rows(at) * places(at) * at->costs->pair_ns;
}

double nn_cost_expand(const nn_cost_at *at)
{
    return rows(at) * (forward(at) + 2.0 * pass(at));
}

double nn_cost_rescale(const nn_cost_at *at, int limbs, int count)
{
    double ms = 0.0;
    for (int l = limbs; l > limbs - count; l--)
        ms += 2.0 * (inverse(at) + prepare(at, 1.0) +
                     (l - 1) * (forward(at) + convert(at, 1.0) + pass(at)));
    return ms;
}

double nn_cost_hoist(const nn_cost_at *at)
{
    return cut(at) + lift(at, 1);
}

double nn_cost_base(const nn_cost_at *at, int babies, int rescale)
{
    int merged = rescale > 0;
    double hoisted = babies > 0 ? nn_cost_hoist(at) : 0.0;
    return hoisted + spill(at) + 2.0 * at->limbs * pass(at) + 2.0 * divide(at, merged) +
           nn_cost_rescale(at, at->limbs - 1, rescale - merged);
}

double nn_cost_switch(const nn_cost_at *at, int merged)
{
    return cut(at) + lift(at, 1) + at->limbs * pass(at) + key_product(at, 0) +
           2.0 * divide(at, merged);
}

double nn_cost_sums(const nn_cost_at *at, double entries)
{
    return 2.0 * at->limbs * entries * places(at) * at->costs->scalar_ns;
}

double nn_cost_add(const nn_cost_at *at)
{
    return 2.0 * at->limbs * pass(at);
}

double nn_cost_encode(const nn_cost_at *at)
{
    return (at->limbs - 1) * (forward(at) + pass(at));
}

double nn_cost_fold(const nn_cost_at *at)
{
    return nn_cost_switch(at, 0) + nn_cost_add(at) + nn_cost_key(at);
}

double nn_cost_square(const nn_cost_at *at, int rescale)
{
    int merged = rescale > 0;
    /* Three products of the parts, one of them doubled, and the second part times P. */
    return 5.0 * at->limbs * pass(at) + nn_cost_switch(at, merged) +
           nn_cost_rescale(at, at->limbs - 1, rescale - merged);
}
