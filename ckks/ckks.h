/* Public interface of the RNS-CKKS scheme: parameters, context, keys, encoding, encryption,
 * evaluation, decryption and bytes.
 *
 * An image's way through this header: ckks_params_generate -> ckks_context_create ->
 * ckks_worker_create; the client makes a secret key and evaluation keys, encodes and encrypts; the
 * server evaluates with the evaluation keys only; the client decrypts and decodes.
 *
 * Laws that hold for every function here:
 *  - Arguments: worker or context; outputs; in/outs; inputs; counts after their array; scalars
 *    last.
 *  - Status: CKKS_OK (0) or a negative code. On failure every output is unchanged or empty, and
 *    ckks_worker_error(w) holds one sentence with the numbers in it and never a secret.
 *  - An output may be the same object as any input of its type.
 *  - A const object may be shared between threads; a ckks_worker belongs to one thread at a time.
 *  - Objects are made by _create and released by _free (NULL is fine). Operations allocate nothing.
 *  - Terms: N ring degree; slots = N/2 complex positions, in the real ring N real ones; limb = one
 *    prime's residues of a polynomial; a ciphertext with l limbs lives modulo Q_l = q_0 ...
 *    q_{l-1}; rescaling drops the last limb.
 *  - Scales are exact (ckks_scale, 106 bits); a sum of operands of different scale is an error.
 */
#ifndef UNSEEN_CKKS_CKKS_H
#define UNSEEN_CKKS_CKKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#define CKKS_API __attribute__((visibility("default")))
#define CKKS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CKKS_API
#define CKKS_MUST_CHECK
#endif

typedef int ckks_status;

enum {
    CKKS_OK = 0,
    CKKS_ERR_ARG = -1,       /* NULL, foreign or out-of-range argument */
    CKKS_ERR_MEMORY = -2,    /* the allocator refused */
    CKKS_ERR_ENTROPY = -3,   /* the operating system gave no randomness */
    CKKS_ERR_SELFTEST = -4,  /* a kernel computed wrongly on this machine */
    CKKS_ERR_PARAMS = -10,   /* parameters contradict each other */
    CKKS_ERR_INSECURE = -11, /* log2(QP) above the table for this N and security level */
    CKKS_ERR_MISMATCH = -12, /* objects of different contexts or parameters */
    CKKS_ERR_LEVEL = -13,    /* too few limbs, or operands with unequal limbs */
    CKKS_ERR_SCALE = -14,    /* scales differ, or scale out of range */
    CKKS_ERR_DEGREE = -15,  /* a three-part ciphertext where two parts are needed, or the reverse */
    CKKS_ERR_NO_KEY = -16,  /* the evaluation keys lack the one this operation needs */
    CKKS_ERR_RANGE = -17,   /* a value does not fit: not finite, or |value| * scale too large */
    CKKS_ERR_FORMAT = -20,  /* bytes that are not a well-formed object */
    CKKS_ERR_VERSION = -21, /* bytes of a format version this build does not read */
    CKKS_ERR_SPACE = -22    /* the caller's buffer is too small */
};

/** Name of a status code, for example "CKKS_ERR_LEVEL"; never NULL. */
CKKS_API const char *ckks_status_name(ckks_status status);

/** Overwrite memory that held a secret; the compiler cannot remove the call. p may be NULL when
 * bytes is 0. */
CKKS_API void ckks_wipe(void *p, size_t bytes);

/** Version of the library, for example "0.1.0". */
CKKS_API const char *ckks_version(void);

/* ------------------------------------------------------------------ parameters */

enum {
    CKKS_MAX_LOG_N = 16,
    CKKS_MIN_LOG_N = 3, /* below 11 only with insecure_test */
    CKKS_MAX_Q = 40,
    CKKS_MAX_P = 8,
    CKKS_MAX_DIGITS = 40,
    CKKS_SEED_BYTES = 32
};

/** Where memory comes from; all NULL means malloc and free. alloc may return NULL. */
typedef struct ckks_allocator {
    void *(*alloc)(void *user, size_t bytes);
    void (*free)(void *user, void *p);
    void *user;
} ckks_allocator;

/** Where seeds come from; NULL fill means the operating system. fill returns 0 on success. */
typedef struct ckks_entropy_source {
    int (*fill)(void *user, uint8_t *out, size_t bytes);
    void *user;
} ckks_entropy_source;

/** The rings. Both have N coefficients, and the security of both is that of dimension N. The real
 *  one, the polynomials in X + 1/X modulo X^2N + 1, has twice the slots, no imaginary parts and no
 *  conjugation; its rotations turn all N slots.  Source: [KS18] */
enum {
    CKKS_RING_COMPLEX = 0, /* modulo X^N + 1: N/2 complex slots */
    CKKS_RING_REAL = 1     /* N real slots */
};

/** A literal that ckks_context_create checks. Plain values, the caller's own. */
typedef struct ckks_params {
    int ring;               /* CKKS_RING_COMPLEX or CKKS_RING_REAL */
    int log_n;              /* ring degree N = 2^log_n */
    int q_count;            /* limbs of a fresh ciphertext */
    int p_count;            /* special primes for key switching */
    uint64_t q[CKKS_MAX_Q]; /* distinct primes, = 1 mod 2N (real: mod 4N), < 2^46.8 */
    uint64_t p[CKKS_MAX_P]; /* likewise, distinct from q */
    int security_bits;      /* 128, 192 or 256 */
    int insecure_test;      /* 1: no security check; stamped into every byte object */
    const char *kernel;     /* NULL: the fastest that is right; or a name, "portable" */
    ckks_allocator allocator;
    ckks_entropy_source entropy;
} ckks_params;

/** Fill params with the largest unused primes below 2^bits for each requested size, the special
 *  primes before the limbs.
 *
 *  Out:     params   everything set; allocator, entropy and kernel NULL
 *  In:      ring             CKKS_RING_COMPLEX or CKKS_RING_REAL
 *           q_bits, p_bits   sizes in bits, log_n + 3 <= bits <= 46.8
 *           security_bits    128, 192 or 256; 0 sets insecure_test
 *  Fails:   CKKS_ERR_ARG (sizes), CKKS_ERR_PARAMS (not enough primes), CKKS_ERR_INSECURE; why gets
 *           the sentence
 *  Source:  [SEC24] for the security table
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_params_generate(ckks_params *params, int ring, int log_n,
                                                          const double *q_bits, int q_count,
                                                          const double *p_bits, int p_count,
                                                          int security_bits, char *why,
                                                          size_t why_size);

/** Check every rule; names the first one that is broken, with the numbers, in why (may be NULL).
 *  The security table is held against Q here; each evaluation key is held against it by its own
 *  modulus, so special primes that only keys for few limbs use are no fault of the set.
 *
 *  Fails:   CKKS_ERR_PARAMS, CKKS_ERR_INSECURE
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_params_check(const ckks_params *params, char *why,
                                                       size_t why_size);

/** log2 of q_0 ... q_{limbs-1} * p_0 ... p_{special-1}, exact to 2^-40. */
CKKS_API double ckks_params_log2_qp(const ckks_params *params, int limbs, int special);

/** Largest log2(QP) that the guideline allows for a uniform ternary secret; 0 where the table has
 * no row.
 *
 *  In:      security_bits   128, 192, 256
 *  Source:  [SEC24] classical columns
 */
CKKS_API double ckks_security_max_log2_qp(int log_n, int security_bits);

/** The largest of 128, 192, 256 that (log_n, log2_qp) satisfies, or 0. */
CKKS_API int ckks_security_bits(int log_n, double log2_qp);

/* ------------------------------------------------------------------ context and worker */

typedef struct ckks_context ckks_context;

/** Everything derived from params; immutable, without secrets, shareable between threads.
 *
 *  Memory:  about (q_count + p_count) * N * 32 bytes of tables
 *  Fails:   as ckks_params_check; CKKS_ERR_MEMORY; CKKS_ERR_SELFTEST; why (may be NULL) gets the
 *           sentence
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_context_create(ckks_context **out,
                                                         const ckks_params *params, char *why,
                                                         size_t why_size);
/** Release a context; workers of it must be gone. NULL is fine. */
CKKS_API void ckks_context_free(ckks_context *ctx);
/** The parameters it was made from; valid as long as the context. */
CKKS_API const ckks_params *ckks_context_params(const ckks_context *ctx);
/** First 8 bytes of the hash of the canonical parameter block; equal ids mean equal parameters. */
CKKS_API uint64_t ckks_context_id(const ckks_context *ctx);
/** N/2; N in the real ring. */
CKKS_API size_t ckks_context_slots(const ckks_context *ctx);
/** Name of the kernel family in use (that of the first limb). */
CKKS_API const char *ckks_context_kernel(const ckks_context *ctx);
/** Heap held. */
CKKS_API size_t ckks_context_bytes(const ckks_context *ctx);

typedef struct ckks_worker ckks_worker;

/** Scratch and last error text of one thread; the context must outlive it.
 *
 *  In:      circuit_bytes   extra scratch for circuits.h, as their _scratch_bytes functions say; 0
 *           for none
 *  Memory:  ckks_worker_bytes
 *  Fails:   CKKS_ERR_MEMORY
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_worker_create(ckks_worker **out, const ckks_context *ctx,
                                                        size_t circuit_bytes);
/** The same for a worker whose operations share their loops among so many threads, 1..256. Results
 *  are the same for any number. Still one operation at a time, called from one thread; a library
 *  built without OpenMP uses one thread.
 *
 *  After fork: threads of OpenMP do not live on in the child of a process that has used them; use
 *  workers of one thread there.
 *
 *  Memory:  (q_count + 1) * N * 8 bytes of scratch more for each thread, at least 3 * N * 8
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_ARG (threads)
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_worker_create_team(ckks_worker **out,
                                                             const ckks_context *ctx,
                                                             size_t circuit_bytes, int threads);
/** Threads that its operations use. */
CKKS_API int ckks_worker_threads(const ckks_worker *w);
/** Release a worker; NULL is fine. */
CKKS_API void ckks_worker_free(ckks_worker *w);
/** What the last failure was, in one sentence; "" when nothing failed yet. */
CKKS_API const char *ckks_worker_error(const ckks_worker *w);
/** The context it was made for. */
CKKS_API const ckks_context *ckks_worker_context(const ckks_worker *w);
/** Heap held. */
CKKS_API size_t ckks_worker_bytes(const ckks_worker *w);

/* ------------------------------------------------------------------ scale */

/** An exact scale: the sum hi + lo of two doubles, |lo| <= ulp(hi)/2 (about 106 bits). */
typedef struct ckks_scale {
    double hi, lo;
} ckks_scale;

/** The scale x, exactly. */
CKKS_API ckks_scale ckks_scale_from(double x);
/** a * b, relative error below 2^-100. */
CKKS_API ckks_scale ckks_scale_mul(ckks_scale a, ckks_scale b);
/** a / b, relative error below 2^-100. */
CKKS_API ckks_scale ckks_scale_div(ckks_scale a, ckks_scale b);
/** a * q, relative error below 2^-100. */
CKKS_API ckks_scale ckks_scale_mul_prime(ckks_scale a, uint64_t q);
/** a / q, relative error below 2^-100. */
CKKS_API ckks_scale ckks_scale_div_prime(ckks_scale a, uint64_t q);
/** 1 when |a/b - 1| < 2^-60, else 0. */
CKKS_API int ckks_scale_equal(ckks_scale a, ckks_scale b);
/** log2 of the scale. */
CKKS_API double ckks_scale_log2(ckks_scale a);

/* ------------------------------------------------------------------ keys */

typedef struct ckks_secret_key ckks_secret_key;
typedef struct ckks_public_key ckks_public_key;
typedef struct ckks_eval_keys ckks_eval_keys;
enum { CKKS_KEY_RELINEARISE = 0, CKKS_KEY_ROTATE = 1, CKKS_KEY_CONJUGATE = 2 };

/** One evaluation key, for the highest level where it is used. The real ring has no CONJUGATE. */
typedef struct ckks_key_spec {
    int kind;    /* CKKS_KEY_... */
    int steps;   /* rotations: slots to the left, -slots < steps < slots, not 0 */
    int limbs;   /* usable on ciphertexts of 1..limbs limbs */
    int alpha;   /* limbs per digit; digits = ceil(limbs / alpha) */
    int special; /* special primes used, 1..p_count; their product must exceed every digit's */
} ckks_key_spec;

/** Fresh uniform ternary secret from the entropy source.
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_ENTROPY */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_secret_key_create(ckks_worker *w, ckks_secret_key **out);
/** Wipe and release; NULL is fine. */
CKKS_API void ckks_secret_key_free(ckks_secret_key *sk);

/** Public encryption key modulo Q (no special primes).
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_ENTROPY, CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_public_key_create(ckks_worker *w, ckks_public_key **out,
                                                            const ckks_secret_key *sk);
/** Release; NULL is fine. */
CKKS_API void ckks_public_key_free(ckks_public_key *pk);

/** Choose (alpha, special) for a key used at `limbs`: the fastest by a model of the portable
 *  kernels among those that the security table allows.
 *
 *  Out:     spec   alpha and special filled; kind, steps and limbs are read
 *  Fails:   CKKS_ERR_INSECURE when no choice fits, CKKS_ERR_ARG (limbs)
 *  Source:  [HK20] section 3
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_key_spec_choose(const ckks_context *ctx,
                                                          ckks_key_spec *spec);
/** Bytes of one such key in memory. */
CKKS_API size_t ckks_key_spec_memory(const ckks_context *ctx, const ckks_key_spec *spec);
/** Bytes of its seeded, packed form inside written evaluation keys. */
CKKS_API size_t ckks_key_spec_file_bytes(const ckks_context *ctx, const ckks_key_spec *spec);

typedef void (*ckks_progress)(void *user, size_t done, size_t total);
/** Have a worker tell of each key that ckks_eval_keys_create makes; NULL: of none. */
CKKS_API void ckks_worker_tell(ckks_worker *w, ckks_progress progress, void *user);

/** All evaluation keys of the list, each checked against the security table by itself.
 *
 *  In:      specs    count of them; a rotation may appear several times with different limbs
 *  Fails:   CKKS_ERR_ARG (bad spec), CKKS_ERR_INSECURE, CKKS_ERR_MEMORY, CKKS_ERR_ENTROPY,
 *           CKKS_ERR_MISMATCH
 *  Cost:    digits * (limbs + special) transforms and error samples a key
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_keys_create(ckks_worker *w, ckks_eval_keys **out,
                                                           const ckks_secret_key *sk,
                                                           const ckks_key_spec *specs,
                                                           size_t count);
/** Release; no worker may hold them on loan. NULL is fine. */
CKKS_API void ckks_eval_keys_free(ckks_eval_keys *keys);
/** Number of keys. */
CKKS_API size_t ckks_eval_keys_count(const ckks_eval_keys *keys);
/** Heap held. */
CKKS_API size_t ckks_eval_keys_bytes(const ckks_eval_keys *keys);
/** Lend keys to a worker; they stay the caller's and must outlive the loan. NULL ends it.
 *  Fails:   CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_worker_use_keys(ckks_worker *w,
                                                          const ckks_eval_keys *keys);

/* ------------------------------------------------------------------ plaintexts and ciphertexts */

typedef struct ckks_plaintext ckks_plaintext;
typedef struct ckks_ciphertext ckks_ciphertext;

/** An empty plaintext with room for q_count limbs.  Fails: CKKS_ERR_MEMORY, CKKS_ERR_ARG */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_plaintext_create(ckks_plaintext **out,
                                                           const ckks_context *ctx);
/** Wipe and release; NULL is fine. */
CKKS_API void ckks_plaintext_free(ckks_plaintext *p);
/** An empty ciphertext with room for q_count limbs of three parts.
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_ARG */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_ciphertext_create(ckks_ciphertext **out,
                                                            const ckks_context *ctx);
/** The same with room for fewer limbs or parts, to keep results in. It may be the output of an
 *  operation whose result fits, of ckks_eval_rotate_many and of circuits.h but ckks_eval_sums and
 *  ckks_poly_eval never; otherwise these fail with CKKS_ERR_SPACE and change nothing.
 *
 *  In:      limbs   1..q_count
 *           parts   2 or 3
 *  Fails:   CKKS_ERR_MEMORY, CKKS_ERR_ARG
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_ciphertext_create_for(ckks_ciphertext **out,
                                                                const ckks_context *ctx, int limbs,
                                                                int parts);
/** Heap that such a ciphertext takes. */
CKKS_API size_t ckks_ciphertext_memory(const ckks_context *ctx, int limbs, int parts);
/** Release; NULL is fine. */
CKKS_API void ckks_ciphertext_free(ckks_ciphertext *c);
/** out = in, with all known of it.  Fails: CKKS_ERR_ARG, CKKS_ERR_MISMATCH, CKKS_ERR_SPACE */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_ciphertext_copy(ckks_ciphertext *out,
                                                          const ckks_ciphertext *in);

/** Limbs left; 0 when empty. */
CKKS_API int ckks_ciphertext_limbs(const ckks_ciphertext *c);
/** 2, or 3 before relinearisation; 0 when empty. */
CKKS_API int ckks_ciphertext_parts(const ckks_ciphertext *c);
/** Its exact scale. */
CKKS_API ckks_scale ckks_ciphertext_scale(const ckks_ciphertext *c);
/** Largest |slot value| this ciphertext can hold by what is known of its making. */
CKKS_API double ckks_ciphertext_magnitude(const ckks_ciphertext *c);
/** Estimated standard deviation of the error of a slot's real (or imaginary) part, in slots. */
CKKS_API double ckks_ciphertext_error(const ckks_ciphertext *c);
/** log2 of magnitude / error: bits of precision left, by the estimate. */
CKKS_API double ckks_ciphertext_precision_bits(const ckks_ciphertext *c);
/** Declare a tighter bound on |slot| than the one that the library derived (calibration). A
 *  magnitude that is negative or not finite is ignored. */
CKKS_API void ckks_ciphertext_set_magnitude(ckks_ciphertext *c, double magnitude);

/** Encode complex (im != NULL) or real slot values.
 *
 *  In:      re, im    count values each, count <= slots; the other slots are zero; im must be NULL
 *                     in the real ring
 *           limbs     1..q_count
 *           scale     > 0; max|value| * scale < Q_limbs / 4 and < 2^62
 *  Error:   1/sqrt(12) a coefficient; 1/sqrt(6) at scales below N^2, where it is rounded at random,
 *           though alike for the same values, see noise.h
 *  Fails:   CKKS_ERR_ARG, CKKS_ERR_MISMATCH, CKKS_ERR_RANGE (not finite, too large)
 *  Time:    not constant in the values
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_encode(ckks_worker *w, ckks_plaintext *out,
                                                 const double *re, const double *im, size_t count,
                                                 int limbs, ckks_scale scale);
/** Decode to count <= slots values; im may be NULL, the real ring gives it zeros.
 *  Fails:   CKKS_ERR_ARG, CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_decode(ckks_worker *w, double *re, double *im,
                                                 size_t count, const ckks_plaintext *in);

/** Encrypt with the secret key: seeded, the smallest noise, half the bytes when written.
 *  Fails:   CKKS_ERR_ARG (empty), CKKS_ERR_MISMATCH, CKKS_ERR_ENTROPY */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_encrypt(ckks_worker *w, ckks_ciphertext *out,
                                                  const ckks_secret_key *sk,
                                                  const ckks_plaintext *in);
/** Encrypt with the public key.
 *  Fails:   CKKS_ERR_ARG (empty), CKKS_ERR_MISMATCH, CKKS_ERR_ENTROPY */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_encrypt_public(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_public_key *pk,
                                                         const ckks_plaintext *in);
/** Decrypt for the owner of the key alone: the result must never be shown to anybody else
 *  (SECURITY.md).
 *
 *  Fails:   CKKS_ERR_ARG (empty), CKKS_ERR_MISMATCH
 *  Source:  [LM21] for what showing it gives away
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_decrypt(ckks_worker *w, ckks_plaintext *out,
                                                  const ckks_secret_key *sk,
                                                  const ckks_ciphertext *in);
/** Decrypt a result that others will see: adds flooding noise first.
 *
 *  In:      queries           decryptions of this kind that an adversary may see under this key,
 *           >= 1 statistical_bits  30..128
 *  Error:   adds sigma = sqrt(12 queries) * 2^(statistical_bits/2) * (the error estimate of in), a
 *           coefficient
 *  Fails:   CKKS_ERR_RANGE when the message would drown or wrap, CKKS_ERR_MISMATCH,
 *           CKKS_ERR_ENTROPY, CKKS_ERR_DEGREE
 *  Source:  [LMSS22], [LM21]
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_decrypt_to_share(ckks_worker *w, ckks_plaintext *out,
                                                           const ckks_secret_key *sk,
                                                           const ckks_ciphertext *in,
                                                           double queries, int statistical_bits);

/* ------------------------------------------------------------------ evaluation
 * Binary operations need equal limbs; ckks_eval_drop lowers the richer operand. */

/** out = a + b slotwise.
 *
 *  In:      a, b   equal limbs and scales; parts may differ
 *  Error:   that of a and of b
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_SCALE, CKKS_ERR_MISMATCH
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_add(ckks_worker *w, ckks_ciphertext *out,
                                                   const ckks_ciphertext *a,
                                                   const ckks_ciphertext *b);
/** out = a - b slotwise; as ckks_eval_add. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_sub(ckks_worker *w, ckks_ciphertext *out,
                                                   const ckks_ciphertext *a,
                                                   const ckks_ciphertext *b);
/** out = -in.  Fails: CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_negate(ckks_worker *w, ckks_ciphertext *out,
                                                      const ckks_ciphertext *in);
/** out = a + p slotwise; p encoded at a's limbs (or more) and scale.
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_SCALE, CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_add_plain(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *a,
                                                         const ckks_plaintext *p);
/** out = a - p slotwise; as ckks_eval_add_plain. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_sub_plain(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *a,
                                                         const ckks_plaintext *p);
/** out = a * p slotwise; scales multiply.
 *
 *  Error:   |p| times a's, |a| times p's
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_MISMATCH; CKKS_ERR_SCALE when the scale would wrap: when
 *           min(magnitude, 1) * scale >= Q/2. The magnitude is not asked to fit in full, because it
 *           is often far above what the slots really hold.
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_mul_plain(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *a,
                                                         const ckks_plaintext *p);
/** out = a + x in every slot (real x), at a's scale; no polynomial is made.
 *
 *  Fails:   CKKS_ERR_RANGE (not finite, |x| * scale >= Q/4), CKKS_ERR_MISMATCH
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_add_const(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *a, double x);
/** out = a * x in every slot; x is rounded to scale, which multiplies a's. At scale 1 integers are
 *  exact.  Fails: CKKS_ERR_RANGE, CKKS_ERR_SCALE (would wrap), CKKS_ERR_ARG, CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_mul_const(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *a, double x,
                                                         ckks_scale scale);
/** Keep the first `limbs` limbs: value and scale unchanged.  Fails: CKKS_ERR_LEVEL */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_drop(ckks_worker *w, ckks_ciphertext *out,
                                                    const ckks_ciphertext *in, int limbs);
/** Divide by the last prime and drop it: scale / q.
 *
 *  Error:   adds sqrt((1 + 2N/3)/12) a coefficient, in the real ring sqrt((1 + 4N/3)/12)
 *  Fails:   CKKS_ERR_LEVEL when one limb is left
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_rescale(ckks_worker *w, ckks_ciphertext *out,
                                                       const ckks_ciphertext *in);

/** out = a * b as three parts: scales multiply, no key is needed.
 *
 *  Fails:   CKKS_ERR_LEVEL, CKKS_ERR_DEGREE, CKKS_ERR_SCALE (as ckks_eval_mul_plain),
 *           CKKS_ERR_MISMATCH
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_mul_raw(ckks_worker *w, ckks_ciphertext *out,
                                                       const ckks_ciphertext *a,
                                                       const ckks_ciphertext *b);
/** out = a * a as three parts, one product fewer than ckks_eval_mul_raw. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_square_raw(ckks_worker *w, ckks_ciphertext *out,
                                                          const ckks_ciphertext *a);
/** Three parts to two; with rescale != 0 also divides by the last prime, in the same division by P
 *  (one rounding, fewer transforms).
 *
 *  Fails:   CKKS_ERR_NO_KEY, CKKS_ERR_DEGREE, CKKS_ERR_LEVEL, CKKS_ERR_MISMATCH
 *  Source:  [HK20]
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_relinearise(ckks_worker *w, ckks_ciphertext *out,
                                                           const ckks_ciphertext *in, int rescale);
/** out = a * b, relinearised, and rescaled when asked.
 *
 *  Fails:   as ckks_eval_mul_raw and ckks_eval_relinearise
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_mul(ckks_worker *w, ckks_ciphertext *out,
                                                   const ckks_ciphertext *a,
                                                   const ckks_ciphertext *b, int rescale);
/** out = a * a, relinearised, and rescaled when asked. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_square(ckks_worker *w, ckks_ciphertext *out,
                                                      const ckks_ciphertext *a, int rescale);

/** out[j] = in[(j + steps) mod slots]; -slots < steps < slots, 0 copies.
 *
 *  Error:   one key switch and one division by P, see noise.h
 *  Fails:   CKKS_ERR_NO_KEY, CKKS_ERR_DEGREE, CKKS_ERR_ARG (steps), CKKS_ERR_MISMATCH
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_rotate(ckks_worker *w, ckks_ciphertext *out,
                                                      const ckks_ciphertext *in, int steps);
/** Complex conjugate of every slot; CKKS_ERR_ARG in the real ring.
 *  Fails:   CKKS_ERR_NO_KEY, CKKS_ERR_DEGREE, CKKS_ERR_MISMATCH */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_conjugate(ckks_worker *w, ckks_ciphertext *out,
                                                         const ckks_ciphertext *in);
/** out[k] = rotation of in by steps[k]; neighbours whose keys have one shape share the
 *  decomposition (hoisting). No out may be in.
 *
 *  Fails:   as ckks_eval_rotate, before any output changes
 *  Source:  [HS18] section 4
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_rotate_many(ckks_worker *w,
                                                           ckks_ciphertext *const *out,
                                                           const ckks_ciphertext *in,
                                                           const int *steps, size_t count);

/* ------------------------------------------------------------------ bytes: ckks/wire/wire.h */

/** Exact size of the written ciphertext; a seeded one has half the size. */
CKKS_API size_t ckks_ciphertext_wire_bytes(const ckks_ciphertext *c);
/** Exact size of the written secret key. */
CKKS_API size_t ckks_secret_key_wire_bytes(const ckks_secret_key *sk);
/** Exact size of the written public key. */
CKKS_API size_t ckks_public_key_wire_bytes(const ckks_public_key *pk);
/** Exact size of the written evaluation keys. */
CKKS_API size_t ckks_eval_keys_wire_bytes(const ckks_eval_keys *keys);
/** The same, of keys that are not made yet. */
CKKS_API size_t ckks_specs_wire_bytes(const ckks_context *ctx, const ckks_key_spec *specs,
                                      size_t count);
/** Exact size of the written parameters. */
CKKS_API size_t ckks_params_wire_bytes(const ckks_params *params);

/** Write a ciphertext into out (at least wire_bytes); *used gets the size.
 *
 *  Fails:   CKKS_ERR_SPACE, CKKS_ERR_ARG (empty object)
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_ciphertext_write(uint8_t *out, size_t out_size,
                                                           size_t *used, const ckks_ciphertext *c);
/** The same for secret key: the bytes are as secret as the key. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_secret_key_write(uint8_t *out, size_t out_size,
                                                           size_t *used, const ckks_secret_key *sk);
/** The same for public key. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_public_key_write(uint8_t *out, size_t out_size,
                                                           size_t *used, const ckks_public_key *pk);
/** The same for evaluation keys. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_keys_write(uint8_t *out, size_t out_size,
                                                          size_t *used, const ckks_eval_keys *keys);
/** The same for parameters. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_params_write(uint8_t *out, size_t out_size, size_t *used,
                                                       const ckks_params *params);

/** Read a ciphertext from hostile bytes: every field is validated before it is used; *used gets the
 *  bytes consumed. out is unchanged on failure, or empty when a residue was refused.
 *
 *  Fails:   CKKS_ERR_FORMAT, CKKS_ERR_VERSION, CKKS_ERR_MISMATCH (other parameters),
 *           CKKS_ERR_INSECURE, CKKS_ERR_MEMORY; ckks_worker_error says which field and numbers
 */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_ciphertext_read(ckks_worker *w, ckks_ciphertext *out,
                                                          const uint8_t *in, size_t in_size,
                                                          size_t *used);
/** The same for a secret key, into a new object; *out is NULL on failure. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_secret_key_read(ckks_worker *w, ckks_secret_key **out,
                                                          const uint8_t *in, size_t in_size,
                                                          size_t *used);
/** The same for a public key. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_public_key_read(ckks_worker *w, ckks_public_key **out,
                                                          const uint8_t *in, size_t in_size,
                                                          size_t *used);
/** The same for evaluation keys; each is checked against the security table by its own modulus. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_eval_keys_read(ckks_worker *w, ckks_eval_keys **out,
                                                         const uint8_t *in, size_t in_size,
                                                         size_t *used);
/** The same for parameters, which are checked in full; why (may be NULL) gets the sentence.
 *  Allocator, entropy and kernel are left NULL. */
CKKS_API CKKS_MUST_CHECK ckks_status ckks_params_read(ckks_params *out, const uint8_t *in,
                                                      size_t in_size, size_t *used, char *why,
                                                      size_t why_size);

enum {
    CKKS_WIRE_NONE = 0,
    CKKS_WIRE_PARAMS = 1,
    CKKS_WIRE_SECRET_KEY = 2,
    CKKS_WIRE_PUBLIC_KEY = 3,
    CKKS_WIRE_EVAL_KEYS = 4,
    CKKS_WIRE_CIPHERTEXT = 5
};
/** Kind of the object that these bytes claim to be, CKKS_WIRE_NONE when they are none of ours. */
CKKS_API int ckks_wire_kind(const uint8_t *in, size_t in_size);

#ifdef __cplusplus
}
#endif
#endif
