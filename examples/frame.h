/* What client.c and server.c share: an end with a sentence, and frames on a stream, which are 8
 * bytes of length, lowest first, and the bytes. */
#ifndef UNSEEN_EXAMPLES_FRAME_H
#define UNSEEN_EXAMPLES_FRAME_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline void must(int status, const char *what, const char *why)
{
    if (status != 0)
        die(what, why);
}

static inline void frame_write(FILE *to, const uint8_t *bytes, size_t size)
{
    uint8_t head[8];
    for (int k = 0; k < 8; k++)
        head[k] = (uint8_t)((uint64_t)size >> (8 * k));
    if (fwrite(head, 1, 8, to) != 8 || fwrite(bytes, 1, size, to) != size || fflush(to) != 0)
        die("frame", "the other side does not take it");
}

/* The next frame, to be freed, of at most so many bytes; NULL at the end of the stream. */
static inline uint8_t *frame_read(FILE *from, size_t *size, size_t most)
{
    uint8_t head[8], *bytes;
    uint64_t length = 0;
    size_t got = fread(head, 1, 8, from);
    if (got == 0)
        return NULL;
    for (int k = 0; k < 8; k++)
        length |= (uint64_t)head[k] << (8 * k);
    if (got != 8 || length > most)
        die("frame", "cut short, or longer than anything that belongs here");
    bytes = malloc((size_t)length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, from) != length)
        die("frame", "cut short, or no memory for it");
    *size = (size_t)length;
    return bytes;
}

#endif
