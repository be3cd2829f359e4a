/* What stands at the end of a classifier and needs no encryption: Softmax, LogSoftmax and ArgMax
 * do not change which class is largest, and the client computes them of the decrypted logits. */

#ifndef UNSEEN_NN_TAIL_H
#define UNSEEN_NN_TAIL_H

#include <stddef.h>

#include "nn/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Plan files hold these numbers. */
typedef enum nn_tail {
    NN_TAIL_NONE = 0,
    NN_TAIL_SOFTMAX = 1,
    NN_TAIL_LOG_SOFTMAX = 2,
    NN_TAIL_ARG_MAX = 3,      /* of equals the first */
    NN_TAIL_ARG_MAX_LAST = 4, /* of equals the last */
    NN_TAIL_COUNT = 5
} nn_tail;

/** Compute a tail of one image's logits: what the network itself gives.
 *
 *  Out:     out    count numbers, the logits themselves without a tail; for ArgMax out[0] is the
 *                  class; may be logits
 *  Returns: how many numbers out has: count, or 1
 */
NN_API size_t nn_tail_apply(float *out, nn_tail tail, const float *logits, size_t count);

/** The ONNX operator that a tail amounts to, "Softmax"; "none". */
NN_API const char *nn_tail_name(nn_tail tail);

#ifdef __cplusplus
}
#endif

#endif
