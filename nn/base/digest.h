/* A digest of bytes: FNV-1a, 64 bits. It tells files apart by accident, not against an adversary.
 */
#ifndef UNSEEN_NN_BASE_DIGEST_H
#define UNSEEN_NN_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/** Digest of size bytes.  Source: [FNV] */
uint64_t nn_digest(const uint8_t *bytes, size_t size);

#endif
