/* The public part of a plan, and its file.
 *
 * Format of a plan file, version 1, all numbers little-endian:
 *
 *   offset  bytes  field
 *        0      8  magic "UNSEENPL"
 *        8      4  version, 1
 *       12      4  length of the whole file, L
 *       16      8  model id (digest of the ONNX file)
 *       24     12  input shape C, H, W, 4 bytes each
 *       36      4  number of outputs
 *       40     16  range of the input, lo and hi, IEEE double
 *       56     16  scale of the request, hi and lo, IEEE double
 *       72     16  scale of the response, likewise
 *       88      4  limbs of the response
 *       92      4  number of keys, n
 *       96   20 n  keys: kind, steps, limbs, alpha, special; 4 bytes each, signed
 *        -      -  input layout, then output layout, each:
 *                  period 4, elements e 4, replicas r 4, positions 4 e, starts 4 r
 *        -      -  parameters, as ckks_params_write writes them
 *      L-8      8  FNV-1a, 64 bits, of all bytes before: against damage, not forgery
 *
 * On reading, every field is bounded before it is used, and the parameters are checked against the
 * security table.
 */
#ifndef UNSEEN_NN_CLIENT_H
#define UNSEEN_NN_CLIENT_H

#include "nn/layout.h"
#include "nn/nn.h"

enum { NN_CLIENT_KEYS_MAX = 4096, NN_CLIENT_BYTES_MAX = 1 << 24 };

struct nn_client {
    ckks_params params;
    uint64_t model_id;
    nn_shape input;
    size_t outputs;
    double lo, hi;
    ckks_scale request_scale, response_scale;
    int response_limbs;
    ckks_key_spec *key;
    size_t key_count;
    nn_layout in, out;
};

#endif
