/* A BMP of 24 bits a pixel: two headers, then rows from below, blue first, each of a multiple of
 * four bytes. Every browser reads it, and there is nothing to compress. */
#include "tools/picture.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 54 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *picture_base64(const uint8_t *bytes, size_t count)
{
    char *text = malloc((count + 2) / 3 * 4 + 1), *to = text;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        unsigned long word = (unsigned long)bytes[i] << 16;
        if (left > 1)
            word |= (unsigned long)bytes[i + 1] << 8;
        if (left > 2)
            word |= bytes[i + 2];
        *to++ = alphabet[word >> 18];
        *to++ = alphabet[word >> 12 & 63];
        *to++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[word & 63] : '=';
    }
    *to = '\0';
    return text;
}

/* Six bits, or -1. */
static int digit(char c)
{
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

int picture_of_base64(uint8_t *out, size_t count, const char *text)
{
    if (strlen(text) != (count + 2) / 3 * 4)
        return -1;
    for (size_t i = 0; i < count; i += 3, text += 4) {
        size_t left = count - i < 3 ? count - i : 3;
        unsigned long word = 0;
        for (size_t k = 0; k < 4; k++) {
            int six = k <= left ? digit(text[k]) : text[k] == '=' ? 0 : -1;
            if (six < 0)
                return -1;
            word = word << 6 | (unsigned long)six;
        }
        for (size_t k = 0; k < left; k++)
            out[i + k] = (uint8_t)(word >> (16 - 8 * k));
    }
    return 0;
}

static void put32(uint8_t *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

int picture_uri(FILE *out, const uint8_t *pixels, size_t channels, size_t height, size_t width)
{
    size_t row = (3 * width + 3) / 4 * 4, size = HEAD + row * height, plane = height * width;
    uint8_t *bmp = calloc(size, 1);
    char *text;

    if (bmp == NULL)
        return -1;
    bmp[0] = 'B';
    bmp[1] = 'M';
    put32(bmp + 2, size);
    put32(bmp + 10, HEAD);
    put32(bmp + 14, 40); /* bytes of the second header */
    put32(bmp + 18, width);
    put32(bmp + 22, height);
    bmp[26] = 1; /* planes */
    bmp[28] = 24;
    put32(bmp + 34, row * height);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t k = 0; k < 3; k++)
                bmp[HEAD + (height - 1 - y) * row + 3 * x + k] =
                    pixels[(channels == 3 ? 2 - k : 0) * plane + y * width + x];
    text = picture_base64(bmp, size);
    free(bmp);
    if (text == NULL)
        return -1;
    fprintf(out, "data:image/bmp;base64,%s", text);
    free(text);
    return 0;
}
