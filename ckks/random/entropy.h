/* Seeds from the operating system, or from the source that ckks_params names. */
#ifndef UNSEEN_CKKS_RANDOM_ENTROPY_H
#define UNSEEN_CKKS_RANDOM_ENTROPY_H

#include <stdint.h>

#include "ckks/ckks.h"

/** 32 bytes from the operating system: getrandom on Linux, getentropy elsewhere.
 *
 *  Fails:   CKKS_ERR_ENTROPY; out is then all zero and must not be used
 */
CKKS_MUST_CHECK ckks_status ckks_entropy(uint8_t out[CKKS_SEED_BYTES]);

/** The same from a source; NULL, or a source with NULL fill, means the operating system. The bytes
 *  are marked secret.
 *
 *  Fails:   CKKS_ERR_ENTROPY; out is then all zero
 */
CKKS_MUST_CHECK ckks_status ckks_entropy_from(const ckks_entropy_source *source,
                                              uint8_t out[CKKS_SEED_BYTES]);

#endif
