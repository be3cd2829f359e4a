/* Base64, and small pictures as data URIs for a page. */
#ifndef UNSEEN_TOOLS_PICTURE_H
#define UNSEEN_TOOLS_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PICTURE_SIDE = 256 }; /* the largest picture */

/** The base64 of count bytes (RFC 4648, with padding), a NUL behind it.
 *
 *  Returns: 4 * ceil(count / 3) + 1 bytes, to be freed; NULL without memory
 */
char *picture_base64(const uint8_t *bytes, size_t count);

/** Decode base64 of exactly count bytes.
 *
 *  Returns: 0; -1 when the text is anything else
 */
int picture_of_base64(uint8_t *out, size_t count, const char *text);

/** Write "data:image/bmp;base64,...".
 *
 *  In:      pixels  [channels][height][width]; 1 channel is grey, 3 are red, green and blue
 *           height, width   1 to PICTURE_SIDE
 *  Returns: 0; -1 without memory
 */
int picture_uri(FILE *out, const uint8_t *pixels, size_t channels, size_t height, size_t width);

#endif
