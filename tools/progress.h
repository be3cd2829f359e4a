/* One line on stderr that says how far a long job is and how long it will take. */
#ifndef UNSEEN_TOOLS_PROGRESS_H
#define UNSEEN_TOOLS_PROGRESS_H

#include <stddef.h>

typedef struct progress {
    const char *what;
    size_t total;
    double begun, drawn; /* seconds */
    int shown;           /* whether there is a terminal to draw on */
    int dirty;           /* whether a line stands there now */
} progress;

/** Start; shows nothing unless cli_progress() says so.
 *
 *  In:      what   a few words, kept
 *           total  steps in all, 0 when that is not known
 */
void progress_begin(progress *p, const char *what, size_t total);

/** Draw the line for `done` finished steps, at most ten times a second.
 *
 *  In:      detail   more words for the end of the line, or NULL
 */
void progress_show(progress *p, size_t done, const char *detail);

/** Take the line away. */
void progress_end(progress *p);

/** A duration for people, "4 s", "3:07" or "2:03:07", in text (32 bytes). Returns text. */
const char *progress_time(char text[32], double seconds);

#endif
