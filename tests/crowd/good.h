/* A client that keeps the rules: keys, requests, and every answer looked at. */
#ifndef UNSEEN_TESTS_CROWD_GOOD_H
#define UNSEEN_TESTS_CROWD_GOOD_H

#include "tests/crowd/line.h"
#include "tests/crowd/world.h"

enum { GOOD_WINDOW = 4 };

typedef enum good_stage {
    GOOD_GREETS,
    GOOD_OPENS,
    GOOD_KEYS,  /* it names its keys, or sends them */
    GOOD_HOLDS, /* all is ready, it waits for good_go */
    GOOD_ASKS,
    GOOD_DONE,
    GOOD_LOST /* the server hung up or broke the rules: the reason is printed */
} good_stage;

typedef struct good_request {
    uint32_t stream; /* 0: none */
    size_t picture;
    int64_t at;
} good_request;

typedef struct crowd_good {
    crowd_line line;
    world *w;
    const char *key; /* the server's fingerprint */
    size_t keys;     /* number of its set */
    good_stage stage;
    size_t wanted, answered;
    size_t wrong, busy, uploads; /* wrong answers, times it was told to wait, keys sent */
    good_request under_way[GOOD_WINDOW];
    uint32_t streams;
    int keys_lost;         /* they are to be named again once nothing is under way */
    int64_t wait, longest; /* when to go on; the slowest answer, in ms */
} crowd_good;

/** Connect.
 *
 *  In:      keys     number of its set
 *           wanted   requests to be answered
 */
void good_begin(crowd_good *g, world *w, const char *address, const char *key, size_t keys,
                size_t wanted);

/** Begin with requests. */
void good_go(crowd_good *g);

/** Do what poll's events allow, and what it is time for. */
void good_pump(crowd_good *g, short events);

/** Hang up. */
void good_end(crowd_good *g);

#endif
