/* Netpbm's grey format, 8 bits, with bounds on everything that the header says. */
#include "tools/pgm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/result.h"

typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t at;
} cursor;

static int is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blank(cursor *c)
{
    while (c->at < c->size) {
        if (c->bytes[c->at] == '#')
            while (c->at < c->size && c->bytes[c->at] != '\n')
                c->at++;
        else if (is_space(c->bytes[c->at]))
            c->at++;
        else
            return;
    }
}

/* The next decimal number, at most `limit`; -1 when there is none. */
static int take_number(cursor *c, size_t limit, size_t *value)
{
    skip_blank(c);
    size_t start = c->at;
    size_t v = 0;
    while (c->at < c->size && c->bytes[c->at] >= '0' && c->bytes[c->at] <= '9') {
        v = v * 10 + (size_t)(c->bytes[c->at++] - '0');
        if (v > limit)
            return -1;
    }
    *value = v;
    return c->at > start ? 0 : -1;
}

static int refuse(pgm_image *out, char *why, size_t why_size, const char *what)
{
    pgm_free(out);
    snprintf(why, why_size, "%s", what);
    return TOOL_ERR_FORMAT;
}

static int take_pixels(pgm_image *out, cursor *c, int text, size_t top, char *why, size_t why_size)
{
    size_t count = out->width * out->height;
    for (size_t i = 0; i < count; i++) {
        size_t v;
        if (text) {
            if (take_number(c, top, &v) != 0)
                return refuse(out, why, why_size, "the picture ends early or has a bad pixel");
        } else {
            if (c->at == c->size)
                return refuse(out, why, why_size, "the picture ends before its last pixel");
            v = c->bytes[c->at++];
            if (v > top)
                return refuse(out, why, why_size, "a pixel is above the picture's own maximum");
        }
        out->pixels[i] = (uint8_t)((v * 255 + top / 2) / top);
    }
    skip_blank(c);
    if (c->at != c->size)
        return refuse(out, why, why_size, "there are bytes after the last pixel");
    return TOOL_OK;
}

int pgm_parse(pgm_image *out, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    cursor c = {bytes, size, 2};
    size_t top;
    memset(out, 0, sizeof *out);
    if (size < 3 || bytes[0] != 'P' || (bytes[1] != '2' && bytes[1] != '5') ||
        !(is_space(bytes[2]) || bytes[2] == '#'))
        return refuse(out, why, why_size, "this is not a grey PGM picture (P2 or P5)");
    int text = bytes[1] == '2';
    if (take_number(&c, PGM_MAX_SIDE, &out->width) != 0 ||
        take_number(&c, PGM_MAX_SIDE, &out->height) != 0 || out->width == 0 || out->height == 0)
        return refuse(out, why, why_size, "the picture's sides must be from 1 to 4096");
    if (take_number(&c, 255, &top) != 0 || top == 0)
        return refuse(out, why, why_size, "the picture's maximum must be from 1 to 255");
    /* exactly one blank stands between the header and binary pixels */
    if (c.at == size || !is_space(bytes[c.at]))
        return refuse(out, why, why_size, "the picture ends inside its header");
    c.at++;
    out->pixels = malloc(out->width * out->height);
    if (out->pixels == NULL) {
        refuse(out, why, why_size, "no memory for the picture");
        return TOOL_ERR_MEMORY;
    }
    return take_pixels(out, &c, text, top, why, why_size);
}

void pgm_free(pgm_image *image)
{
    free(image->pixels);
    memset(image, 0, sizeof *image);
}

size_t pgm_text_art(char *text, size_t size, const uint8_t *pixels, size_t width, size_t height)
{
    static const char ramp[] = " .:-=+*#%@";
    size_t used = 0;
    for (size_t y = 0; y < height; y += 2) {
        const uint8_t *upper = pixels + y * width;
        const uint8_t *lower = y + 1 < height ? upper + width : upper;
        size_t end = 0; /* columns up to the last one that is not blank */
        for (size_t x = 0; x < width; x++)
            end = (upper[x] + lower[x]) * 9 / 510 > 0 ? x + 1 : end;
        if (size - used < end + 2)
            break;
        for (size_t x = 0; x < end; x++)
            text[used++] = ramp[(upper[x] + lower[x]) * 9 / 510]; /* 510 is the most: index <= 9 */
        text[used++] = '\n';
    }
    text[used] = '\0';
    return used;
}
