/* A client's socket and machine, as many of them as wanted in one thread. */
#ifndef UNSEEN_TESTS_CROWD_LINE_H
#define UNSEEN_TESTS_CROWD_LINE_H

#include "service/client.h"

typedef struct crowd_line {
    int fd; /* -1: none */
    service_client *client;
    uint8_t *rest; /* bytes that came and were not taken yet */
    size_t rest_size;
    int over; /* the server hung up, or the conversation failed */
} crowd_line;

/** Connect with a key pair of its own.  Returns: 1, or 0 when nobody answers */
int line_open(crowd_line *l, const char *address);

/** Hang up; reset: without a word, so that the other side sees an error. All zero but fd -1 is
 * fine. */
void line_close(crowd_line *l, int reset);

/** What to wait for: poll's events; deaf: nothing is read. */
short line_events(crowd_line *l, int deaf);

/** Write what there is, as far as it is taken, `most` bytes at most. */
void line_write(crowd_line *l, size_t most);

/** Read what has come. */
void line_read(crowd_line *l);

/** The next news.  Returns: 1, or 0 when there is none; l->over tells of the end */
int line_news(crowd_line *l, service_news *n);

#endif
