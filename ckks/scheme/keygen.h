/* Rules of evaluation keys, and the model by which their shape is chosen. */
#ifndef UNSEEN_CKKS_SCHEME_KEYGEN_H
#define UNSEEN_CKKS_SCHEME_KEYGEN_H

#include "ckks/params/context.h"
#include "ckks/scheme/object.h"

/** Stream of the public part a of a key: one for each digit and modulus, so that any row can be
 * made alone. */
static inline uint64_t ckks_key_stream(int digit, int modulus)
{
    return ((uint64_t)digit << 32) | (uint64_t)modulus;
}

/** Check one key's shape and its own log2(Q_limbs P_special) against the security table.
 *
 *  Fails:   CKKS_ERR_ARG, CKKS_ERR_INSECURE; why gets the sentence
 */
ckks_status ckks_key_spec_check(const ckks_context *ctx, const ckks_key_spec *spec, char *why,
                                size_t why_size);

/** Predicted time of one key switch at spec->limbs, in cycles of the portable kernels (a
 * relative number). */
double ckks_key_spec_cost(const ckks_context *ctx, const ckks_key_spec *spec);

/** Galois element of a spec; 1 for relinearisation. */
uint64_t ckks_key_spec_element(const ckks_context *ctx, const ckks_key_spec *spec);

/** Fill the rows of sk from its coefficients. */
void ckks_secret_key_expand(const ckks_context *ctx, ckks_secret_key *sk);

/** One row of part 1 of a key from its seed, as it stands in the key. */
void ckks_key_expand_row(const ckks_context *ctx, const ckks_key *key, int row, int digit,
                         uint64_t *out);

/** Fill part 1 of the public key from its seed. */
void ckks_public_key_expand_mask(const ckks_context *ctx, ckks_public_key *pk);

#endif
