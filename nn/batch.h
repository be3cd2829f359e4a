/* Public interface of batch packing: one ciphertext for each number of the network, one image in
 * each slot, thousands of images at a time.
 *
 *   server: nn_batch_create (a model) -> nn_batch_program_create
 *   client: nn_batch_client_of -> keys for nn_batch_client_keys -> nn_batch_client_encrypt, one
 *           request for each pixel that the network looks at, with that pixel of all images
 *   server: nn_batch_run with the client's evaluation keys, which asks for requests when it needs
 *           them and hands over responses when they are ready
 *   client: nn_batch_client_decrypt, one response for each logit, with that logit of all images
 *
 * Weights are scalars here: no rotations, no rotation keys, and a whole set of images costs as much
 * as one. Of each layer only the lines that are in use are kept. The laws of nn/nn.h hold.
 * Source: [GDLL16]
 */
#ifndef UNSEEN_NN_BATCH_H
#define UNSEEN_NN_BATCH_H

#include <stddef.h>

#include "ckks/circuits.h"
#include "ckks/ckks.h"
#include "nn/nn.h"
#include "nn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ the plan */

typedef struct nn_batch nn_batch;

/** What a plan for batches foretells. A set is all the ciphertexts of up to `images` images. */
typedef struct nn_batch_foretold {
    int security_bits, ring, log_n, limbs, special;
    double log2_q, log2_qp;               /* log2_qp: the largest over all keys */
    size_t images;                        /* slots: images of a set */
    size_t requests, responses;           /* ciphertexts of a set */
    size_t relinearisations;              /* key switches of a set */
    size_t scalar_products;               /* weights times ciphertexts of a set */
    size_t keys;                          /* evaluation keys, all for relinearisation */
    size_t eval_key_bytes;                /* as a file */
    size_t eval_key_memory;               /* loaded */
    size_t request_bytes, response_bytes; /* of a set */
    size_t weight_memory;
    size_t value_memory;  /* ciphertexts, the most that are alive together */
    size_t server_memory; /* context + keys + weights + scratch of one worker + ciphertexts */
    size_t peak_memory;   /* client and server in one process, one thread */
    size_t thread_memory; /* what every further thread adds to that */
    double infer_ms;      /* of a set, on one core */
    double logit_error;   /* predicted standard deviation of a logit's error */
} nn_batch_foretold;

/** Decide everything: ring, primes, levels, scales, and which squares are relinearised where.
 *
 *  In:     m         need not outlive the plan
 *          options   NULL for the defaults; images: least number of slots
 *          images    how many there are in all: the ring is chosen by the time for these; 0: many
 *  Fails:  NN_ERR_UNSUPPORTED (the output does not depend on the image), NN_ERR_PLAN (no secure
 *          parameter set carries the network, or none within the memory), NN_ERR_RANGE (a range is
 *          not known, or so large that logits drown), NN_ERR_MEMORY, NN_ERR_ARG
 *  Cost:   a second or so; deterministic
 */
NN_API NN_MUST_CHECK nn_status nn_batch_create(nn_batch **out, const nn_model *m,
                                               const nn_plan_options *options, size_t images,
                                               char *why, size_t why_size);
/** Release; NULL is fine. Programs of it must be gone. */
NN_API void nn_batch_free(nn_batch *b);

/** The parameters, for ckks_context_create; owned by the plan. */
NN_API const ckks_params *nn_batch_params(const nn_batch *b);

/** What the plan foretells; owned by the plan. Bytes and memory hold within 10 %. */
NN_API const nn_batch_foretold *nn_batch_forecast(const nn_batch *b);

/* ------------------------------------------------------------------ the client's side */

/* The public part of the plan. No weights, but which pixels have none. */
typedef struct nn_batch_client nn_batch_client;

/** A copy of its own.  Fails: NN_ERR_MEMORY */
NN_API NN_MUST_CHECK nn_status nn_batch_client_of(nn_batch_client **out, const nn_batch *b);
/** Release; NULL is fine. */
NN_API void nn_batch_client_free(nn_batch_client *c);

/** The exact evaluation keys to make, nn_batch_client_key_count of them; owned by c. */
NN_API const ckks_key_spec *nn_batch_client_keys(const nn_batch_client *c);
/** Number of evaluation keys. */
NN_API size_t nn_batch_client_key_count(const nn_batch_client *c);

/** Most images of a set: the slots. */
NN_API size_t nn_batch_client_images(const nn_batch_client *c);

/** Number of requests: pixels that the network looks at. */
NN_API size_t nn_batch_client_requests(const nn_batch_client *c);

/** The place of a request's pixel in the flattened image, request < nn_batch_client_requests. */
NN_API size_t nn_batch_client_pixel(const nn_batch_client *c, size_t request);

/** Number of responses: logits. */
NN_API size_t nn_batch_client_responses(const nn_batch_client *c);

/** Encode and encrypt one pixel of all images of a set; slots of images that are not there are 0.
 *
 *  In:     value    count numbers, pixel nn_batch_client_pixel(c, request) of each image
 *  Fails:  NN_ERR_RANGE (not finite or outside the input range of the plan), NN_ERR_ARG (count
 * above nn_batch_client_images), ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_batch_client_encrypt(ckks_worker *w, ckks_ciphertext *out,
                                                       const nn_batch_client *c,
                                                       const ckks_secret_key *sk,
                                                       const float *value, size_t count, char *why,
                                                       size_t why_size);
/** Decrypt one logit of all images, for the owner of the key alone (SECURITY.md).
 *
 *  Out:    value    count numbers
 *  Error:  about the forecast's logit_error
 *  Fails:  NN_ERR_MISMATCH (not a response of this plan), NN_ERR_ARG (count), ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_batch_client_decrypt(ckks_worker *w, float *value, size_t count,
                                                       const nn_batch_client *c,
                                                       const ckks_secret_key *sk,
                                                       const ckks_ciphertext *in, char *why,
                                                       size_t why_size);

/* ------------------------------------------------------------------ the server's side */

/* A plan whose weights fit one context. Immutable, shareable between threads. */
typedef struct nn_batch_program nn_batch_program;

/** Round all weights once, to see that they fit; they are rounded again where they are used, which
 *  costs next to nothing, and not kept.
 *
 *  In:     b, ctx   must outlive the program; ctx made of nn_batch_params(b)
 *  Fails:  NN_ERR_MEMORY, CKKS_ERR_RANGE (a weight too large), other ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_batch_program_create(nn_batch_program **out, const nn_batch *b,
                                                       const ckks_context *ctx, char *why,
                                                       size_t why_size);
/** Release; NULL is fine. */
NN_API void nn_batch_program_free(nn_batch_program *p);
/** Circuit scratch that a worker of so many threads needs (ckks_worker_create_team). */
NN_API size_t nn_batch_program_scratch_bytes(const nn_batch_program *p, int threads);

/** Hands over a request: called when it is first needed, once for each, by several threads at once,
 *  each with a worker of its own that has no circuit scratch.
 *
 *  Out:     out   the request, what nn_batch_client_encrypt makes; it has no room for more
 *  Returns  NN_OK, or what the run shall fail with
 */
typedef nn_status (*nn_batch_pull)(void *user, ckks_worker *w, size_t request,
                                   ckks_ciphertext *out);

/** Takes a response, which is the run's own and gone afterwards. Returns as above. */
typedef nn_status (*nn_batch_push)(void *user, ckks_worker *w, size_t response,
                                   const ckks_ciphertext *in);

/* Who is at the other end of a run. */
typedef struct nn_batch_link {
    void *user; /* of all three */
    nn_batch_pull pull;
    nn_batch_push push;
    nn_progress progress; /* after each block of values, or NULL */
} nn_batch_link;

/** Infer, blind, a whole set.
 *
 *  In/out:  w    lent the client's evaluation keys, with the scratch of
 *                nn_batch_program_scratch_bytes
 *  Memory:  the forecast's value_memory, with two ciphertexts of full size more for each thread but
 *           the first
 *  Fails:   CKKS_ERR_NO_KEY, NN_ERR_MISMATCH (not the requests of this plan), NN_ERR_MEMORY,
 *           NN_ERR_STOPPED, ckks codes, as link's functions
 */
NN_API NN_MUST_CHECK nn_status nn_batch_run(const nn_batch_program *p, ckks_worker *w,
                                            const nn_batch_link *link, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
