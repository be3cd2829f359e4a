/* Public interface of the client's side: a plan file in, keys, requests out, responses in, labels.
 *
 * The way through this header: nn_client_read; ckks_context_create, ckks_worker_create and
 * ckks_secret_key_create; ckks_eval_keys_create for nn_client_keys; nn_client_encrypt; and when the
 * response is there nn_client_decrypt, and nn_tail_apply where the network ends in a softmax.
 *
 * It needs no model and no planner, and a library can be built of no more (configure
 * --enable-client-only). The laws are those of nn/nn.h.
 */
#ifndef UNSEEN_NN_CLIENT_H
#define UNSEEN_NN_CLIENT_H

#include "ckks/ckks.h"
#include "nn/shape.h"
#include "nn/status.h"
#include "nn/tail.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Name of any status of nn/ or ckks/, for example "NN_ERR_PLAN"; never NULL. */
NN_API const char *nn_status_name(nn_status status);

/* The public part of a plan: parameters, key list, input and output layout. No weights. */
typedef struct nn_client nn_client;

/** Size of the plan file (format: nn/run/client.h). */
NN_API size_t nn_client_wire_bytes(const nn_client *c);

/** Write the plan file.
 *
 *  Out:    out    nn_client_wire_bytes
 *          used   its size; 0 on failure
 *  Fails:  CKKS_ERR_SPACE
 */
NN_API NN_MUST_CHECK nn_status nn_client_write(uint8_t *out, size_t out_size, size_t *used,
                                               const nn_client *c);
/** Read a plan file: hostile bytes, every field checked.
 *
 *  Fails:  NN_ERR_FORMAT, CKKS_ERR_VERSION, CKKS_ERR_INSECURE, NN_ERR_MEMORY
 */
NN_API NN_MUST_CHECK nn_status nn_client_read(nn_client **out, const uint8_t *in, size_t size,
                                              char *why, size_t why_size);
/** Release; NULL is fine. */
NN_API void nn_client_free(nn_client *c);

/** The parameters, for ckks_context_create; owned by c. */
NN_API const ckks_params *nn_client_params(const nn_client *c);

/** nn_model_id of the network that the plan is for. */
NN_API uint64_t nn_client_model_id(const nn_client *c);

/** Shape (C,H,W) of one image. */
NN_API nn_shape nn_client_input(const nn_client *c);

/** Number of logits. */
NN_API size_t nn_client_outputs(const nn_client *c);

/** What the network ends in after its logits: nn_tail_apply makes its own outputs of what
 *  nn_client_decrypt gives. */
NN_API nn_tail nn_client_tail(const nn_client *c);

/** Images side by side in one request, 1 or more; together they cost the server what one costs. */
NN_API size_t nn_client_images(const nn_client *c);

/** The exact evaluation keys to make, nn_client_key_count of them; owned by c. */
NN_API const ckks_key_spec *nn_client_keys(const nn_client *c);

/** Number of evaluation keys. */
NN_API size_t nn_client_key_count(const nn_client *c);

/** Ciphertexts of a request: more than one where the image has more numbers than a ciphertext has
 *  slots. */
NN_API size_t nn_client_requests(const nn_client *c);

/** Ciphertexts of a response, likewise. */
NN_API size_t nn_client_responses(const nn_client *c);

/** Lay out, encode and encrypt one image of nn_shape_count(input) numbers.
 *
 *  Out:    out    nn_client_requests different ciphertexts
 *  Fails:  NN_ERR_RANGE when a number is not finite or outside the input range of the plan
 *          (ckks_worker_error has no say then; why gets the sentence), NN_ERR_MISMATCH, ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_client_encrypt(ckks_worker *w, ckks_ciphertext *const *out,
                                                 const nn_client *c, const ckks_secret_key *sk,
                                                 const float *image, char *why, size_t why_size);
/** The same for several images side by side.
 *
 *  In:     images   count images, one after the other
 *          count    1..nn_client_images; the places of the others stay zero
 *  Fails:  NN_ERR_ARG (count), as nn_client_encrypt
 */
NN_API NN_MUST_CHECK nn_status nn_client_encrypt_many(ckks_worker *w, ckks_ciphertext *const *out,
                                                      const nn_client *c, const ckks_secret_key *sk,
                                                      const float *images, size_t count, char *why,
                                                      size_t why_size);
/** Decrypt and read the logits, for the owner of the key alone (SECURITY.md).
 *
 *  Out:    logits   nn_client_outputs numbers
 *  In:     in       nn_client_responses ciphertexts, in their order
 *  Error:  about the forecast's logit_error
 *  Fails:  NN_ERR_MISMATCH (not the response of this plan), NN_ERR_MEMORY, ckks codes
 */
NN_API NN_MUST_CHECK nn_status nn_client_decrypt(ckks_worker *w, float *logits, const nn_client *c,
                                                 const ckks_secret_key *sk,
                                                 const ckks_ciphertext *const *in, char *why,
                                                 size_t why_size);

/** The same for the first count images of the response.
 *
 *  Out:    logits   count times nn_client_outputs numbers, image by image
 *  In:     count    1..nn_client_images
 *  Fails:  NN_ERR_ARG (count), as nn_client_decrypt
 */
NN_API NN_MUST_CHECK nn_status nn_client_decrypt_many(ckks_worker *w, float *logits, size_t count,
                                                      const nn_client *c, const ckks_secret_key *sk,
                                                      const ckks_ciphertext *const *in, char *why,
                                                      size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
