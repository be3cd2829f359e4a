/* The samplers; their laws and orders are in the header. */
#include "ckks/sample.h"

#include <math.h>

#include "ckks/bytes.h"
#include "ckks/check.h"
#include "ckks/ct.h"

enum { UNIFORM_WORDS = 128, COINS = 42, WIDE_TOP = 7, WIDE_MAX_TERMS = WIDE_TOP + 50 };

void ckks_sample_uniform(uint64_t *out, const ckks_modulus *m, const uint8_t seed[CKKS_SEED_BYTES],
                         uint64_t stream)
{
    const uint64_t mask = (UINT64_C(1) << 52) - 1;
    const uint64_t least = (UINT64_C(1) << 52) % m->q;
    uint8_t bytes[8 * UNIFORM_WORDS];
    ckks_rng rng;
    size_t i = 0;

    ckks_rng_init(&rng, seed, CKKS_LABEL_UNIFORM, stream);
    while (i < m->n) {
        ckks_rng_bytes(&rng, bytes, sizeof bytes);
        for (size_t w = 0; w < UNIFORM_WORDS && i < m->n; w++) {
            ckks_u128 p = ckks_u128_mul(ckks_load_u64le(bytes + 8 * w) & mask, m->q);

            out[i] = ckks_u128_shr(p, 52);
            i += (ckks_u128_lo(p) & mask) >= least;
        }
    }
    ckks_rng_clear(&rng);
}

void ckks_sample_ternary(int8_t *out, size_t n, ckks_rng *rng)
{
    size_t i = 0;

    while (i < n) {
        uint64_t word = ckks_rng_u64(rng);

        for (int pair = 0; pair < 32 && i < n; pair++, word >>= 2) {
            uint64_t value = word & 3;
            uint64_t keep = 1 ^ (value & value >> 1);

            /* Whether a pair is skipped says nothing about the pairs that are kept. */
            CKKS_PUBLIC(&keep, sizeof keep);
            out[i] = (int8_t)((int)value - 1);
            i += (size_t)keep;
        }
    }
}

/* The number of ones among the lowest 42 bits, minus 21; without a table. */
static int64_t coins(uint64_t word)
{
    uint64_t x = word & ((UINT64_C(1) << COINS) - 1);

    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int64_t)(x * UINT64_C(0x0101010101010101) >> 56) - COINS / 2;
}

void ckks_sample_error(int8_t *out, size_t n, ckks_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int8_t)coins(ckks_rng_u64(rng));
}

/* The weights for W, heaviest first; returns how many. Their squares sum to *squares. */
static int wide_weights(int64_t weight[WIDE_MAX_TERMS], int64_t top, double *squares)
{
    int count = 0;

    *squares = 0;
    for (; count < WIDE_TOP; count++)
        weight[count] = top;
    for (int64_t w = top;; w = (w + 1) / 2) {
        weight[count++] = w;
        if (w == 1)
            break;
    }
    for (int t = 0; t < count; t++)
        *squares += (double)weight[t] * (double)weight[t];
    return count;
}

static double wide_std(double squares)
{
    return sqrt(squares * (COINS / 4.0));
}

/* The smallest W whose sum reaches sigma, by bisection: the sum of squares grows with W. */
static int wide_choose(int64_t weight[WIDE_MAX_TERMS], double sigma, double *squares)
{
    int64_t low = 0;
    int64_t high = INT64_C(1) << 47; /* reaches 9 * 2^47 > 2^50 */

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        (void)wide_weights(weight, middle, squares);
        if (wide_std(*squares) < sigma)
            low = middle;
        else
            high = middle;
    }
    return wide_weights(weight, high, squares);
}

double ckks_sample_wide_std(double sigma)
{
    int64_t weight[WIDE_MAX_TERMS];
    double squares;

    (void)wide_choose(weight, sigma, &squares);
    return wide_std(squares);
}

void ckks_sample_gaussian_wide(int64_t *out, size_t n, double sigma, ckks_rng *rng)
{
    int64_t weight[WIDE_MAX_TERMS];
    double squares;
    int count = wide_choose(weight, sigma, &squares);

    CKKS_VERIFY(sigma > 0 && sigma <= 0x1p50);
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;

        for (int t = 0; t < count; t++)
            sum += weight[t] * coins(ckks_rng_u64(rng));
        out[i] = sum;
    }
}
