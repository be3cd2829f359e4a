/* How far a long job is, how fast, and how long it will take, on stderr: on a terminal one line
 * that is redrawn, elsewhere on demand a line now and then, or a JSON object a line for programs.
 *
 * While a job runs a thread redraws, so that time goes on within long steps. Jobs may be nested;
 * only the outer one is redrawn so.
 */
#ifndef UNSEEN_TOOLS_PROGRESS_H
#define UNSEEN_TOOLS_PROGRESS_H

#include <stddef.h>

enum { PROGRESS_DETAIL = 120 };

typedef struct progress {
    const char *what;
    size_t total, done;
    double begun, counted;  /* seconds: of the start, of the start of this count */
    double advanced, drawn; /* of the last step, of the last drawing */
    int how;                /* CLI_PROGRESS_... */
    char detail[PROGRESS_DETAIL];
} progress;

/** Start; shows nothing unless cli_progress() says so.
 *
 *  In:      p       stays where it is until progress_end
 *           what    a few words, kept
 *           total   steps in all, 0 when that is not known
 */
void progress_begin(progress *p, const char *what, size_t total);

/** Tell of `done` finished steps; may be called by any thread, and out of order: the most counts.
 *
 *  In:      detail   more words for the end of the line, copied, or NULL
 */
void progress_show(progress *p, size_t done, const char *detail);

/** The same, where only now it is known how many steps there are, or a new count begins, which
 *  another total or `done` = 0 tells: then the pace is that of the new one. */
void progress_show_of(progress *p, size_t done, size_t total, const char *detail);

/** The two above as what a library tells: user is the progress. */
void progress_of_keys(void *user, size_t done, size_t total);
int progress_of_step(void *user, size_t step, size_t steps, const char *name);

/** Take the line away; a second call does nothing. */
void progress_end(progress *p);

/** A duration for people, "4 s", "3:07" or "2:03:07", in text (32 bytes). Returns text. */
const char *progress_time(char text[32], double seconds);

#endif
