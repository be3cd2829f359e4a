/* The gzip wrapping around deflate: headers, checksums, several members in one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/inflate.h"
#include "tools/result.h"

uint32_t inflate_crc32(uint32_t crc, const uint8_t *bytes, size_t size)
{
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int b = 0; b < 8; b++)
            c = (c >> 1) ^ (0xedb88320u & (0u - (c & 1u)));
        table[i] = c;
    }
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xffu];
    return ~crc;
}

int inflate_is_gzip(const uint8_t *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The length of the member's header, or 0 when it is cut off or not one. */
static size_t header_length(const uint8_t *in, size_t size)
{
    enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };
    if (size < 10 || !inflate_is_gzip(in, size) || in[2] != 8 || (in[3] & RESERVED) != 0)
        return 0;
    size_t at = 10;
    int flags = in[3];
    if (flags & FEXTRA) {
        if (size - at < 2)
            return 0;
        size_t extra = (size_t)in[at] | (size_t)in[at + 1] << 8;
        at += 2;
        if (extra > size - at)
            return 0;
        at += extra;
    }
    for (int text = FNAME; text <= FCOMMENT; text *= 2) {
        if (!(flags & text))
            continue;
        const uint8_t *end = at < size ? memchr(in + at, 0, size - at) : NULL;
        if (end == NULL)
            return 0;
        at = (size_t)(end - in) + 1;
    }
    if (flags & FHCRC) {
        if (size - at < 2 ||
            (inflate_crc32(0, in, at) & 0xffffu) != ((uint32_t)in[at] | (uint32_t)in[at + 1] << 8))
            return 0;
        at += 2;
    }
    return at;
}

/* One member at in; *used is its whole length. */
static int member(uint8_t **out, size_t *out_size, size_t *used, const uint8_t *in, size_t size,
                  size_t limit, char *why, size_t why_size)
{
    *out = NULL;
    *out_size = 0;
    *used = 0;
    size_t head = header_length(in, size);
    if (head == 0) {
        snprintf(why, why_size, "this is not a gzip file, or its header is cut off");
        return TOOL_ERR_FORMAT;
    }
    size_t body;
    int st = inflate_raw(out, out_size, &body, in + head, size - head, limit, why, why_size);
    if (st != TOOL_OK)
        return st;
    const uint8_t *tail = in + head + body;
    if (size - head - body < 8) {
        snprintf(why, why_size, "the gzip file ends before its checksum");
        st = TOOL_ERR_FORMAT;
    } else if (load32(tail) != inflate_crc32(0, *out, *out_size) ||
               load32(tail + 4) != (uint32_t)(*out_size & 0xffffffffu)) {
        snprintf(why, why_size, "the gzip checksum does not match: the file is damaged");
        st = TOOL_ERR_FORMAT;
    }
    if (st != TOOL_OK) {
        free(*out);
        *out = NULL;
        *out_size = 0;
        return st;
    }
    *used = head + body + 8;
    return TOOL_OK;
}

static int only_zeros(const uint8_t *in, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (in[i] != 0)
            return 0;
    return 1;
}

int inflate_gzip(uint8_t **out, size_t *out_size, const uint8_t *bytes, size_t size, size_t limit,
                 char *why, size_t why_size)
{
    size_t used;
    int st = member(out, out_size, &used, bytes, size, limit, why, why_size);
    while (st == TOOL_OK && !only_zeros(bytes + used, size - used)) {
        uint8_t *more;
        size_t more_size;
        size_t more_used;
        st = member(&more, &more_size, &more_used, bytes + used, size - used, limit - *out_size,
                    why, why_size);
        if (st != TOOL_OK)
            break;
        uint8_t *grown = realloc(*out, *out_size + more_size + 1);
        if (grown == NULL) {
            free(more);
            snprintf(why, why_size, "no memory for the unpacked data");
            st = TOOL_ERR_MEMORY;
            break;
        }
        memcpy(grown + *out_size, more, more_size);
        free(more);
        *out = grown;
        *out_size += more_size;
        used += more_used;
    }
    if (st != TOOL_OK) {
        free(*out);
        *out = NULL;
        *out_size = 0;
    }
    return st;
}
