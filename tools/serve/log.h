/* A server's log: one line an event on stderr, "TIME event=NAME key=value ..." or a JSON object.
 * Nothing of a key, an image or a weight is ever given to it. One thread.
 */
#ifndef UNSEEN_TOOLS_SERVE_LOG_H
#define UNSEEN_TOOLS_SERVE_LOG_H

#include <stdint.h>

/** Choose the form and whether there are lines at all. */
void log_form(int json, int quiet);

/** Begin a line. */
void log_begin(const char *event);
/** A word or sentence; quoted where it must be. */
void log_text(const char *key, const char *value);
/** A whole number. */
void log_number(const char *key, uint64_t value);
/** Milliseconds, from seconds. */
void log_ms(const char *key, double seconds);
/** Write the line, in one piece. */
void log_end(void);

#endif
