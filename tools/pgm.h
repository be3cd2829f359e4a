/* Grey pictures in the PGM format (P5 binary, P2 text), and as text for a terminal. */
#ifndef UNSEEN_TOOLS_PGM_H
#define UNSEEN_TOOLS_PGM_H

#include <stddef.h>
#include <stdint.h>

enum { PGM_MAX_SIDE = 4096 };

typedef struct pgm_image {
    size_t width;
    size_t height;
    uint8_t *pixels; /* height rows of width, 0 = black, 255 = white, from malloc */
} pgm_image;

/** Read a picture out of the bytes of a PGM file.
 *
 *  Pixels are scaled to 0..255 whatever the file's own maximum (at most 255). Comments are skipped.
 *
 *  Out:     out    filled; to be released with pgm_free
 *           why    on failure, one sentence
 *  In:      bytes  size bytes
 *  Fails:   TOOL_ERR_FORMAT, TOOL_ERR_MEMORY; out is then empty
 */
int pgm_parse(pgm_image *out, const uint8_t *bytes, size_t size, char *why, size_t why_size);

/** Release what a reader filled; an empty picture is fine. */
void pgm_free(pgm_image *image);

/** Draw a picture with characters, dark background assumed: one line of text for two rows, since a
 *  character is about twice as high as wide. Lines end with a newline and have no trailing spaces.
 *
 *  Out:     text    ended by NUL; cut after the last whole line that fits
 *  In:      size    at least 1; (width + 1) * ((height + 1) / 2) + 1 is always enough
 *           pixels  height rows of width
 *  Returns: the length of the text
 */
size_t pgm_text_art(char *text, size_t size, const uint8_t *pixels, size_t width, size_t height);

#endif
