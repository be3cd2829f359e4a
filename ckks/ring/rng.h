/* Seed -> independent streams by purpose.
 *
 * A seed is a ChaCha20 key. From it come child seeds (label, index) and generators (label, stream);
 * the two kinds and all labels are kept apart by the nonce, so no two uses of a seed share key
 * stream:
 *
 *   child seed   = first 32 bytes of ChaCha(seed, counter = index,  nonce = label + 2^32)
 *   generator    = ChaCha(key, counter = 0, 1, ..., nonce = stream)
 *      with key  = first 32 bytes of ChaCha(seed, counter = 0,      nonce = label + 2 * 2^32)
 *
 * Time: constant.  State and output are secret unless the seed is published.
 */
#ifndef UNSEEN_CKKS_RING_RNG_H
#define UNSEEN_CKKS_RING_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ckks.h"
#include "ckks/kernel/kernel.h"

/* Purposes. A label is part of what a seed means, so numbers are never reused. */
enum {
    CKKS_LABEL_UNIFORM = 1, /* public uniform polynomials, sample.h */
    CKKS_LABEL_SECRET = 2,  /* ternary secrets */
    CKKS_LABEL_ERROR = 3,   /* errors */
    CKKS_LABEL_MASK = 4,    /* ternary masks of public-key encryption */
    CKKS_LABEL_FLOOD = 5,   /* flooding noise */
    CKKS_LABEL_PUBLIC = 6,  /* seeds that will be published */
    CKKS_LABEL_KEY = 7,     /* seeds of single evaluation keys */
    CKKS_LABEL_WORKER = 8,  /* a worker's successive seeds */
    CKKS_LABEL_HASH = 9,    /* parameter ids */
    CKKS_LABEL_FREE = 64    /* from here on: anything else */
};

enum { CKKS_RNG_BUFFER = 256 };

typedef struct ckks_rng {
    const ckks_kernel_client *kernel;
    uint8_t key[CKKS_SEED_BYTES];
    uint64_t counter, stream;
    size_t used; /* bytes of buffer already given out */
    uint8_t buffer[CKKS_RNG_BUFFER];
} ckks_rng;

/** Start the generator (label, stream) of a seed.
 *
 *  In:      kernel  makes the key stream, and the samplers' values of it (sample.h); whichever it
 * is, the bytes are the same
 */
void ckks_rng_init(ckks_rng *rng, const ckks_kernel *kernel, const uint8_t seed[CKKS_SEED_BYTES],
                   uint32_t label, uint64_t stream);

/** The next 8 bytes, little-endian. Mixing with ckks_rng_bytes keeps the order of bytes. */
uint64_t ckks_rng_u64(ckks_rng *rng);

/** The next `bytes` bytes. */
void ckks_rng_bytes(ckks_rng *rng, void *out, size_t bytes);

/** The next `count` words, as so many calls of ckks_rng_u64. */
void ckks_rng_words(ckks_rng *rng, uint64_t *out, size_t count);

/** Wipe the state. */
void ckks_rng_clear(ckks_rng *rng);

/** Child seed (label, index) of a seed; out may be seed. */
void ckks_seed_derive(uint8_t out[CKKS_SEED_BYTES], const uint8_t seed[CKKS_SEED_BYTES],
                      uint32_t label, uint64_t index);

#endif
