/* The public part of a plan, and its file.
 *
 * Format of a plan file, version 4, all numbers little-endian:
 *
 *   offset  bytes  field
 *        0      8  magic "UNSEENPL"
 *        8      4  version, 4
 *       12      4  length of the whole file, L
 *       16      8  model id (digest of the ONNX file)
 *       24     12  input shape C, H, W, 4 bytes each
 *       36      4  number of outputs, m
 *       40     16  range of the input, lo and hi, IEEE double
 *       56     16  scale of the request, hi and lo, IEEE double
 *       72     16  scale of the response, likewise
 *       88      4  limbs of the response
 *       92      4  images side by side, k, a power of two
 *       96      4  slots of one image in a ciphertext, s, a power of two; k s is the number of all
 *                  slots
 *      100      4  number of keys, n
 *      104      4  ciphertexts of the request, r
 *      108      4  ciphertexts of the response, t
 *      112      4  tail that the client computes of the outputs, nn_tail (nn/tail.h)
 *      116   20 n  keys: kind, steps, limbs, alpha, special; 4 bytes each, signed
 *        -  4 r s  input: for every slot of an image, ciphertext by ciphertext, 0, or 1 + the
 * element of it that goes there
 *        -    4 m  output: the slot of every output, in [0, t s): slot mod s of ciphertext slot / s
 *        -      -  parameters, as ckks_params_write writes them
 *      L-8      8  FNV-1a, 64 bits, of all bytes before: against damage, not forgery
 *
 * Slot j of image i is slot k j + i of its ciphertext. What the file tells about the network is its
 * geometry: sizes of kernels and strides show in which pixels lie beside each other, the number of
 * layers in limbs and keys. Single weights show nowhere, other than by being zero or not; ranges
 * and overall sizes of weights had a say in the sizes of primes and in the scales.
 *
 * On reading, every field is bounded before it is used, and the parameters are checked against the
 * security table.
 */
#ifndef UNSEEN_NN_RUN_CLIENT_H
#define UNSEEN_NN_RUN_CLIENT_H

#include "nn/client.h"
#include "nn/slots/layout.h"

enum { NN_CLIENT_KEYS_MAX = 4096, NN_CLIENT_BYTES_MAX = 1 << 25 };

struct nn_client {
    ckks_params params;
    uint64_t model_id;
    nn_shape input;
    size_t outputs;
    double lo, hi;
    ckks_scale request_scale, response_scale;
    int response_limbs;
    nn_tail tail;
    ckks_key_spec *key;
    size_t key_count;
    size_t images;
    size_t slots;               /* of one image in a ciphertext */
    size_t requests, responses; /* ciphertexts, 1..NN_PARTS_MAX */
    uint32_t *in;               /* [requests * slots]: 0, or 1 + the element that goes there */
    uint32_t *out;              /* [outputs]: each one's slot, in [0, responses * slots) */
};

/** Numbers of a client as doubles, each held to the plan's range [lo, hi].
 *
 *  Returns  count, or the place of the first that is outside or no number; out is then cut short
 */
size_t nn_client_take(double *out, const float *in, size_t count, double lo, double hi);

/** Whether a response has the limbs and the scale that the plan says.  Fails: NN_ERR_MISMATCH */
NN_MUST_CHECK nn_status nn_client_check_response(const ckks_ciphertext *in, int limbs,
                                                 ckks_scale scale, char *why, size_t why_size);

#endif
