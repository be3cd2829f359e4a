/* A queue of bytes in one piece: added at the end, dropped from the start.
 *
 * Growing doubles, and what is left moves to the front only when as much has been dropped, so every
 * byte is copied a bounded number of times, and at most four times what has been in it is
 * allocated.
 */
#ifndef UNSEEN_CHANNEL_LINK_BUFFER_H
#define UNSEEN_CHANNEL_LINK_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ckks.h"

/* All zero is an empty one. */
typedef struct channel_buffer {
    uint8_t *bytes;
    size_t start, end; /* what is in it: bytes[start] to bytes[end - 1] */
    size_t capacity;
} channel_buffer;

/** Where the n = end - start bytes are; they move in channel_buffer_reserve only. */
static inline uint8_t *channel_buffer_head(const channel_buffer *b)
{
    return b->bytes == NULL ? NULL : b->bytes + b->start;
}

static inline size_t channel_buffer_size(const channel_buffer *b)
{
    return b->end - b->start;
}

/** Room for n more bytes behind the end. Returns it, or NULL when memory is short: b is as it was.
 */
uint8_t *channel_buffer_reserve(channel_buffer *b, const ckks_allocator *a, size_t n);

/** Count the first n bytes of what was reserved as added. */
void channel_buffer_add(channel_buffer *b, size_t n);

/** Forget the first n bytes.  Range: n <= size */
void channel_buffer_drop(channel_buffer *b, size_t n);

/** Wipe and give back; b is empty then. */
void channel_buffer_clear(channel_buffer *b, const ckks_allocator *a);

#endif
