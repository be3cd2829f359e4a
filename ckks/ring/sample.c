/* The samplers; their laws and orders are in the header. */
#include "ckks/ring/sample.h"

#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"

enum { CHUNK = 512, COINS = 42, WIDE_TOP = 7, WIDE_MAX_TERMS = WIDE_TOP + 50 };

/* Words to draw for `wanted` residues: those that are skipped, less than one in 32, and a few more,
 * up to whole blocks of the key stream of the widest kernel. */
static size_t uniform_words(size_t wanted)
{
    const size_t words = (wanted + wanted / 16 + 128) / 128 * 128;

    return words < CHUNK ? words : CHUNK;
}

void ckks_sample_uniform(uint64_t *out, const ckks_modulus *m, const uint8_t seed[CKKS_SEED_BYTES],
                         uint64_t stream)
{
    uint64_t word[CHUNK];
    uint64_t last[CHUNK];
    ckks_rng rng;
    size_t i = 0;

    ckks_rng_init(&rng, m->kernel, seed, CKKS_LABEL_UNIFORM, stream);
    while (i < m->n) {
        const size_t left = m->n - i;
        const size_t words = uniform_words(left);

        ckks_rng_words(&rng, word, words);
        if (left >= words) {
            i += rng.kernel->uniform(out + i, word, words, m);
        } else {
            const size_t kept = rng.kernel->uniform(last, word, words, m);

            memcpy(out + i, last, (kept < left ? kept : left) * sizeof *out);
            i += kept;
        }
    }
    ckks_rng_clear(&rng);
}

void ckks_sample_ternary(int8_t *out, size_t n, ckks_rng *rng)
{
    enum { WORDS = 64, PAIRS = 32 };
    uint64_t word[WORDS];
    int8_t value[PAIRS * WORDS];
    size_t i = 0;

    while (i < n) {
        /* So many words are needed in any case. */
        const size_t left = (n - i + PAIRS - 1) / PAIRS;
        const size_t words = left < WORDS ? left : WORDS;
        size_t kept;

        ckks_rng_words(rng, word, words);
        kept = rng->kernel->ternary(value, word, words);
        kept = kept < n - i ? kept : n - i;
        memcpy(out + i, value, kept);
        i += kept;
    }
    ckks_wipe(word, sizeof word);
    ckks_wipe(value, sizeof value);
}

void ckks_sample_error(int8_t *out, size_t n, ckks_rng *rng)
{
    uint64_t word[CHUNK];

    for (size_t i = 0; i < n; i += CHUNK) {
        const size_t words = n - i < CHUNK ? n - i : CHUNK;

        ckks_rng_words(rng, word, words);
        rng->kernel->binomial(out + i, word, words);
    }
    ckks_wipe(word, sizeof word);
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
    const int count = wide_choose(weight, sigma, &squares);
    const size_t terms = (size_t)count;
    uint64_t word[CHUNK];
    int8_t coins[CHUNK];

    CKKS_VERIFY(sigma > 0 && sigma <= 0x1p50);
    for (size_t i = 0; i < n;) {
        const size_t room = CHUNK / terms;
        const size_t end = n - i < room ? n : i + room;
        const int8_t *next = coins;

        ckks_rng_words(rng, word, (end - i) * terms);
        rng->kernel->binomial(coins, word, (end - i) * terms);
        for (; i < end; i++) {
            int64_t sum = 0;

            for (int t = 0; t < count; t++)
                sum += weight[t] * *next++;
            out[i] = sum;
        }
    }
    ckks_wipe(word, sizeof word);
    ckks_wipe(coins, sizeof coins);
}
