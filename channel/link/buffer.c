/* A queue of bytes in one piece. */
#include "channel/link/buffer.h"

#include <string.h>

#include "ckks/base/check.h"
#include "ckks/base/mem.h"

enum { SMALLEST = 512 };

uint8_t *channel_buffer_reserve(channel_buffer *b, const ckks_allocator *a, size_t n)
{
    const size_t size = b->end - b->start;
    size_t capacity = b->capacity > SMALLEST ? b->capacity : (size_t)SMALLEST;
    uint8_t *bytes;

    if (n > SIZE_MAX / 4 - size)
        return NULL;
    if (b->bytes != NULL && n <= b->capacity - b->end)
        return b->bytes + b->end;
    if (b->bytes != NULL && size + n <= b->capacity && b->start >= size) {
        if (size > 0)
            memmove(b->bytes, b->bytes + b->start, size);
        b->start = 0;
        b->end = size;
        return b->bytes + size;
    }
    if (b->capacity > 0)
        capacity *= 2;
    while (capacity < size + n)
        capacity *= 2;
    bytes = ckks_mem_alloc(a, capacity);
    if (bytes == NULL)
        return NULL;
    if (size > 0)
        memcpy(bytes, b->bytes + b->start, size);
    ckks_mem_free_wipe(a, b->bytes, b->capacity);
    *b = (channel_buffer){.bytes = bytes, .end = size, .capacity = capacity};
    return bytes + size;
}

void channel_buffer_add(channel_buffer *b, size_t n)
{
    CKKS_VERIFY(n <= b->capacity - b->end);
    b->end += n;
}

void channel_buffer_drop(channel_buffer *b, size_t n)
{
    CKKS_VERIFY(n <= b->end - b->start);
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}

void channel_buffer_clear(channel_buffer *b, const ckks_allocator *a)
{
    ckks_mem_free_wipe(a, b->bytes, b->capacity);
    *b = (channel_buffer){0};
}
