/* Parameter sets and the objects that the cases of the scheme work on. */
#ifndef UNSEEN_BENCH_FIXTURE_H
#define UNSEEN_BENCH_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"
#include "bench/cost.h"
#include "ckks/circuits.h"

typedef struct fixture_preset {
    const char *name;
    const char *table; /* its name in the table of targets, NULL when it is not there */
    int log_n;
    int limbs;
    double first_bits, limb_bits; /* of the first limb, and of the others */
    int special;
    double special_bits; /* of each */
    double scale_bits;
} fixture_preset;

/** The parameter sets that are benched, all at 128 bits; fixture_preset_count of them. */
extern const fixture_preset fixture_presets[];
extern const size_t fixture_preset_count;

typedef struct fixture {
    const fixture_preset *preset;
    ckks_context *ctx;
    ckks_worker *worker;
    ckks_secret_key *sk;
    ckks_plaintext *plain;
    ckks_ciphertext *a, *b, *out;
    double *values; /* one per slot, in [-1, 1] */
    size_t slots;
    ckks_scale scale;
} fixture;

/** The name, degree and counts of a preset for a row; the group is written into text. */
bench_place fixture_place(const bench *b, const fixture_preset *preset, const char *kind,
                          char text[64]);

/** The same as a shape for cost.h, with the key's special primes and digits. */
cost_shape fixture_shape(const fixture_preset *preset, int limbs, const ckks_key_spec *key);

/** Make parameters, context, worker, secret key, one plaintext and two encryptions.
 *
 *  In:      circuit_bytes   called with the context and the worker's threads for its scratch; NULL
 *                           for none
 *  Returns: 0, or a status; to be released with fixture_clear in both cases; why gets a sentence
 */
int fixture_init(fixture *f, const bench *b, const fixture_preset *preset,
                 size_t (*circuit_bytes)(const ckks_context *ctx, int threads), char *why,
                 size_t why_size);

/** Release everything; all zero is fine. */
void fixture_clear(fixture *f);

/** Encrypt the fixture's values at this many limbs. */
int fixture_encrypt(fixture *f, ckks_ciphertext *out, int limbs);

/** A ckks_diagonal_fill: every diagonal holds the values of the fixture that user points to. */
ckks_status fixture_diagonal(void *user, int k, double *value);

#endif
