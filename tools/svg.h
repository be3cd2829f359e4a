/* Elements of SVG, and text within SVG and HTML. Pictures stand for themselves: no fonts, scripts
 * or images from elsewhere; they read in light and dark.
 */
#ifndef UNSEEN_TOOLS_SVG_H
#define UNSEEN_TOOLS_SVG_H

#include <stddef.h>
#include <stdio.h>

/** Text as content or as the value of a quoted attribute: what is markup is escaped, control
 *  characters and bytes that are no UTF-8 become U+FFFD.
 *
 *  In:      most   characters; where there are more, an ellipsis is the last; 0: no limit
 */
void svg_escape(FILE *out, const char *text, size_t most);

/** Open a picture with its name and its description for those who do not see it.
 *
 *  In:      id      of the picture, a plain word; NULL where it is a document of its own, which
 *                   brings its style
 *           about   may be NULL
 */
void svg_open(FILE *out, const char *id, double width, double height, const char *title,
              const char *about);
void svg_close(FILE *out);

/** The style of all pictures, as CSS; a page has it once in its head. Classes: s0 to s5 are fills
 *  of series, "beyond" of what exceeds a limit; "title", "soft" are texts; "grid", "limit" lines;
 *  "page" is the ground. */
void svg_style(FILE *out);

/* Where x is in a text: its "start", "middle" or "end". */
void svg_text(FILE *out, const char *class, double x, double y, const char *anchor,
              const char *text, size_t most);
/** A rectangle with round corners; about is shown where the pointer rests on it, NULL for none. */
void svg_rect(FILE *out, const char *class, double x, double y, double width, double height,
              const char *about);
void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2);

#endif
