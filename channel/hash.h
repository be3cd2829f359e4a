/* BLAKE2s-256: a digest that no adversary can forge, for files, keys and transcripts.
 *
 * Time: depends on the number of bytes alone.  Source: [RFC7693]
 */
#ifndef UNSEEN_CHANNEL_HASH_H
#define UNSEEN_CHANNEL_HASH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#define CHANNEL_API __attribute__((visibility("default")))
#define CHANNEL_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CHANNEL_API
#define CHANNEL_MUST_CHECK
#endif

enum { CHANNEL_HASH_BYTES = 32, CHANNEL_HASH_BLOCK_BYTES = 64 };

/** A digest that is being computed. Plain values: a copy goes on by itself. */
typedef struct channel_hash_state {
    uint32_t h[8];
    uint64_t count; /* bytes compressed so far */
    uint8_t block[CHANNEL_HASH_BLOCK_BYTES];
    size_t used; /* bytes that wait in block */
} channel_hash_state;

/** Begin a digest. */
CHANNEL_API void channel_hash_init(channel_hash_state *s);

/** Take n more bytes; bytes may be NULL when n is 0. */
CHANNEL_API void channel_hash_update(channel_hash_state *s, const void *bytes, size_t n);

/** The digest of all bytes taken. s is wiped: begin anew. */
CHANNEL_API void channel_hash_final(channel_hash_state *s, uint8_t out[CHANNEL_HASH_BYTES]);

/** The digest of n bytes; out may overlap them. */
CHANNEL_API void channel_hash(uint8_t out[CHANNEL_HASH_BYTES], const void *bytes, size_t n);

#ifdef __cplusplus
}
#endif

#endif
