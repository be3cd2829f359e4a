/* Metadata of an ONNX file, changed in its bytes: all else stays as it was written. */

#ifndef UNSEEN_NN_FIT_ONNX_META_H
#define UNSEEN_NN_FIT_ONNX_META_H

#include <stddef.h>
#include <stdint.h>

#include "nn/status.h"

typedef struct nn_onnx_pair {
    const char *key, *value;
} nn_onnx_pair;

/** Copy a model with metadata set; entries of the same keys are left out of the copy.
 *
 *  Out:    out    the copy, to be released with free(); NULL on failure
 *          size   its length; 0 on failure
 *  In:     bytes  in_size bytes of a model
 *          pair   count pairs
 *  Fails:  NN_ERR_FORMAT (damaged bytes), NN_ERR_MEMORY
 */
NN_MUST_CHECK nn_status nn_onnx_set_meta(uint8_t **out, size_t *size, const uint8_t *bytes,
                                         size_t in_size, const nn_onnx_pair *pair, size_t count);

#endif
