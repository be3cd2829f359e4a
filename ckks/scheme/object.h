/* Storage of plaintexts, ciphertexts and keys.
 *
 * Every object is one heap block header plus one 64-byte-aligned block of rows (N words each,
 * canonical residues, NTT form). An object knows the identity of its context, not a pointer to it.
 */
#ifndef UNSEEN_CKKS_SCHEME_OBJECT_H
#define UNSEEN_CKKS_SCHEME_OBJECT_H

#include "ckks/kernel/pack.h"
#include "ckks/params/context.h"

/** What an object must know of its parameters to be written without its context. */
typedef struct ckks_form {
    int q_count, p_count;
    int insecure;                          /* parameters that were never checked for security */
    uint8_t bits[CKKS_MAX_Q + CKKS_MAX_P]; /* of each prime, Q first */
} ckks_form;

struct ckks_plaintext {
    uint64_t context_id;
    ckks_allocator allocator;
    size_t n;
    int capacity; /* limbs that fit */
    int limbs;    /* 0: empty */
    ckks_scale scale;
    double magnitude; /* largest |slot| */
    double error;     /* standard deviation of a slot's error */
    uint64_t *rows;   /* [capacity][n] */
};

struct ckks_ciphertext {
    uint64_t context_id;
    ckks_allocator allocator;
    ckks_form form;
    size_t n;
    int capacity; /* limbs that fit in each part */
    int room;     /* parts that fit, 2 or 3 */
    int limbs;    /* 0: empty */
    int parts;    /* 2 or 3 */
    int seeded; /* part 1 is the expansion of seed and nothing was done to it but dropping limbs */
    uint8_t seed[CKKS_SEED_BYTES];
    ckks_scale scale;
    double magnitude;
    double error;
    uint64_t *rows; /* [room][capacity][n] */
};

struct ckks_secret_key {
    uint64_t context_id;
    ckks_allocator allocator;
    ckks_form form;
    size_t n;
    int rows_count;
    int8_t *coefs;  /* [n], -1, 0, 1 */
    uint64_t *rows; /* [q_count + p_count][n] */
};

struct ckks_public_key {
    uint64_t context_id;
    ckks_allocator allocator;
    ckks_form form;
    size_t n;
    int q_count;
    uint8_t seed[CKKS_SEED_BYTES]; /* of part 1, public */
    uint64_t *rows;                /* [2][q_count][n] */
};

/** One evaluation key, from s(X^element), or s^2, to s. Rows run over the limbs, then the special
 *  primes; part 1 is the expansion of the seed.
 *
 *  packed   [limbs + special][n / tile][digits][2 parts][tile], see pack.h, and the slack behind it
 */
typedef struct ckks_key {
    ckks_key_spec spec;
    uint64_t element; /* Galois element; 1 for relinearisation */
    int digits;
    uint8_t seed[CKKS_SEED_BYTES]; /* of part 1, public */
    uint8_t *packed;
} ckks_key;

struct ckks_eval_keys {
    uint64_t context_id;
    ckks_allocator allocator;
    ckks_form form;
    size_t n;
    size_t count;
    size_t bytes;
    ckks_key *key;
};

static inline uint64_t *ckks_plaintext_row(const ckks_plaintext *p, int limb)
{
    return p->rows + (size_t)limb * p->n;
}

static inline uint64_t *ckks_ciphertext_row(const ckks_ciphertext *c, int part, int limb)
{
    return c->rows + ((size_t)part * (size_t)c->capacity + (size_t)limb) * c->n;
}

/** One row of a key, all digits and both parts: what dot_key of kernel.h streams. */
static inline const uint8_t *ckks_key_packed(const ckks_key *k, size_t n, int row)
{
    return k->packed + (size_t)row * ckks_packed_bytes(2 * (size_t)k->digits, n);
}

/** Put one row of one part of one digit into its place in the key.  Range: words below 2^48 */
static inline void ckks_key_put(ckks_key *k, size_t n, int row, int part, int digit,
                                const uint64_t *in)
{
    const size_t streams = 2 * (size_t)k->digits;

    ckks_pack_row(k->packed + (size_t)row * ckks_packed_bytes(streams, n), in,
                  2 * (size_t)digit + (size_t)part, streams, n);
}

/** The reverse. */
static inline void ckks_key_get(const ckks_key *k, size_t n, int row, int part, int digit,
                                uint64_t *out)
{
    ckks_unpack_row(out, ckks_key_packed(k, n, row), 2 * (size_t)digit + (size_t)part,
                    2 * (size_t)k->digits, n);
}

/** The form of a context's objects. */
ckks_form ckks_form_of(const ckks_context *ctx);

/** Bytes of one key's packed rows with the slack. */
size_t ckks_key_bytes(const ckks_key_spec *spec, size_t n);

/** Number of digits: ceil(limbs / alpha). */
static inline int ckks_key_spec_digits(const ckks_key_spec *spec)
{
    return (spec->limbs + spec->alpha - 1) / spec->alpha;
}

/** Empty keys, rows allocated but not filled.  Fails: CKKS_ERR_MEMORY */
ckks_status ckks_secret_key_alloc(ckks_secret_key **out, const ckks_context *ctx);
ckks_status ckks_public_key_alloc(ckks_public_key **out, const ckks_context *ctx);

/** Room for count keys without rows; ckks_eval_keys_add gives each its rows.  Fails:
 * CKKS_ERR_MEMORY */
ckks_status ckks_eval_keys_alloc(ckks_eval_keys **out, const ckks_context *ctx, size_t count);
/** The next key of the set, with rows for spec.  Fails: CKKS_ERR_MEMORY */
ckks_status ckks_eval_keys_add(ckks_eval_keys *keys, ckks_key **out, const ckks_key_spec *spec);

/** 1 when so many limbs of so many parts fit, else 0. */
static inline int ckks_ciphertext_fits(const ckks_ciphertext *c, int limbs, int parts)
{
    return limbs <= c->capacity && parts <= c->room;
}

/** ckks_ciphertext_copy without the residues of the limbs from `limbs` on.
 *
 *  In:      limbs   1..in->limbs, or 0 when in is empty
 *  Fails:   as there
 */
ckks_status ckks_ciphertext_copy_limbs(ckks_ciphertext *out, const ckks_ciphertext *in, int limbs);

/** Make empty: nothing of the value is left in the header. */
void ckks_ciphertext_reset(ckks_ciphertext *c);
void ckks_plaintext_reset(ckks_plaintext *p);

#endif
