/* Everything derived from parameters: immutable after creation, without secrets, shared by
 * threads. */
#ifndef UNSEEN_CKKS_PARAMS_CONTEXT_H
#define UNSEEN_CKKS_PARAMS_CONTEXT_H

#include "ckks/ckks.h"
#include "ckks/kernel/fft.h"
#include "ckks/ring/rns.h"

enum {
    /* Size of the canonical parameter block: ring, log_n, q_count, p_count (4 bytes each), primes
     * (8 bytes each, Q then P), security bits, insecure flag (4 bytes each). */
    CKKS_PARAMS_BLOCK_MAX = 16 + 8 * (CKKS_MAX_Q + CKKS_MAX_P) + 8
};

struct ckks_context {
    ckks_params params; /* kernel points into kernel_name, or is NULL */
    char kernel_name[32];
    ckks_ring ring;
    ckks_fft fft; /* of ring degree n; of 2 n for the real ring */
    uint64_t id;
    size_t n;            /* ring degree */
    size_t slots;        /* n / 2; n in the real ring */
    size_t bytes;        /* heap held */
    double slot_norm2;   /* mean |slot|^2 of a polynomial with coefficients of variance 1: n; 2 n */
    double secret_norm2; /* mean |slot|^2 of the secret: two thirds of that */
};

/** Write the canonical block of params; little-endian, the order given above.
 *
 *  Returns  its size, at most CKKS_PARAMS_BLOCK_MAX
 */
size_t ckks_context_block(uint8_t out[CKKS_PARAMS_BLOCK_MAX], const ckks_params *params);

/** The identity of params: equal exactly when the canonical blocks are, but for 2^-64. */
uint64_t ckks_context_hash(const ckks_params *params);

/** log2 of the product of the first `limbs` limbs. */
double ckks_context_log2_q(const ckks_context *ctx, int limbs);

/** The prime of row `row` of a polynomial over (limbs, special). */
static inline const ckks_modulus *ckks_context_modulus(const ckks_context *ctx, int row, int limbs)
{
    return &ctx->ring.modulus[ckks_ring_index(&ctx->ring, row, limbs)];
}

#endif
