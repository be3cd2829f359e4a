/* Large things that are kept by digest within a budget of bytes, the least recently used out first:
 * the evaluation keys of a server's clients.
 *
 * What is in use is never put out. Not locked: one thread at a time.
 */
#ifndef UNSEEN_SERVICE_KEYRING_H
#define UNSEEN_SERVICE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "service/service.h"

typedef struct service_keyring service_keyring;

/** An empty ring.
 *
 *  In:      budget   bytes, the sum of what service_keyring_put is told
 *           release  is called for what is put out
 *  Fails:   SERVICE_ERR_MEMORY
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_keyring_create(service_keyring **out,
                                                                     size_t budget,
                                                                     void (*release)(void *value));

/** Release everything; nothing may be in use. NULL is fine. */
SERVICE_API void service_keyring_free(service_keyring *k);

/** What is kept under a digest, in use until service_keyring_give; NULL when there is nothing. */
SERVICE_API void *service_keyring_take(service_keyring *k, const uint8_t digest[SERVICE_DIGEST]);

/** The end of one use. */
SERVICE_API void service_keyring_give(service_keyring *k, const void *value);

/** Set bytes of the budget aside for values on their way; what is not in use goes until they fit.
 *
 *  Returns: 1, or 0 when what is in use, or set aside, leaves too little: nothing has gone then
 */
SERVICE_API int service_keyring_reserve(service_keyring *k, size_t bytes);

/** They are free again. */
SERVICE_API void service_keyring_unreserve(service_keyring *k, size_t bytes);

/** Keep a value, in use once; others that are not in use go until it fits.
 *
 *  In:      digest   nothing is kept under it yet
 *           value    not NULL, owned by the ring on success
 *  Fails:   SERVICE_ERR_LIMIT (what is in use or set aside leaves too little), SERVICE_ERR_MEMORY,
 *           SERVICE_ERR_ARG (there is one already)
 */
SERVICE_API SERVICE_MUST_CHECK service_status service_keyring_put(
    service_keyring *k, const uint8_t digest[SERVICE_DIGEST], void *value, size_t bytes);

/** How many are kept, their bytes, and how many were put out since the beginning. */
SERVICE_API void service_keyring_figures(const service_keyring *k, size_t *count, size_t *bytes,
                                         uint64_t *evicted);

#endif
