/* A model and the files beside it that hold its constants, as one file.
 *
 * Newer exporters write weights next to the model: a constant then has data_location EXTERNAL and
 * the name, offset and length of its bytes. Everything behind this header wants one run of bytes,
 * not least because the digest of a model (nn_model_id) has to cover its weights; so the constants
 * are put in here, and the rest of the bytes stays as it is.
 *
 * The bytes are hostile: a location is a plain file name without a separator, not "." or "..";
 * offset and length lie inside of the file, and the length is what type and dimensions say. */

#ifndef UNSEEN_NN_ONNX_EMBED_H
#define UNSEEN_NN_ONNX_EMBED_H

#include <stddef.h>
#include <stdint.h>

#include "nn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NN_ONNX_LOCATION_MAX = 255 }; /* characters of a file's name */

/** Gives the bytes of a file that stands beside the model; called again for the same name when
 *  several constants lie in it.
 *
 *  Out:     bytes  must stay valid until the call that was given this function returns
 *           size   how many
 *           why    on failure, one sentence (why_size bytes)
 *  In:      user   as given
 *           name   a plain file name, checked
 *  Returns: NN_OK, or a status that is passed on
 */
typedef nn_status (*nn_onnx_open)(void *user, const char *name, const uint8_t **bytes, size_t *size,
                                  char *why, size_t why_size);

/** 1 when a model keeps constants in other files; 0 when it does not, or is damaged.
 *
 *  Cost:  a pass over the constants' fields
 */
NN_API int nn_onnx_is_external(const uint8_t *bytes, size_t size);

/** Put the constants of other files into the model.
 *
 *  Out:    out       the bytes of a model without external constants, to be released with free();
 *                    NULL on failure
 *          out_size  their number; 0 on failure
 *          why       on failure, one sentence (why_size bytes, may be NULL with 0)
 *  In:     bytes     size bytes, hostile, not kept
 *          open      called for each external constant
 *  Memory: the model with its weights, twice for a moment
 *  Fails:  NN_ERR_FORMAT (damaged bytes, a range outside of the file, a length that does not fit),
 *          NN_ERR_UNSUPPORTED (a location that is no plain file name), NN_ERR_MEMORY, NN_ERR_ARG,
 *          what open returns
 */
NN_API NN_MUST_CHECK nn_status nn_onnx_embed(uint8_t **out, size_t *out_size, const uint8_t *bytes,
                                             size_t size, nn_onnx_open open, void *user, char *why,
                                             size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
