/* Clients that do not keep the rules, each in a way of its own, again and again: a connection that
 * the server ends is made anew.
 */
#ifndef UNSEEN_TESTS_CROWD_BAD_H
#define UNSEEN_TESTS_CROWD_BAD_H

#include "tests/crowd/line.h"
#include "tests/crowd/world.h"
#include "tests/testing.h"

typedef enum bad_kind {
    BAD_SILENT,    /* connects and says nothing */
    BAD_HALF,      /* half of its first message, then nothing */
    BAD_IDLE,      /* the handshake, then nothing */
    BAD_SLOW,      /* one byte at a time, a second apart */
    BAD_DEAF,      /* sends requests and reads no answer */
    BAD_GARBAGE,   /* random bytes from the beginning */
    BAD_SPOILED,   /* random bytes after the handshake */
    BAD_SIZES,     /* messages of wrong sizes, or out of turn */
    BAD_HALF_KEYS, /* announces keys, sends half of them and stops */
    BAD_NO_KEYS,   /* announces keys and sends none */
    BAD_JUNK_KEYS, /* keys of the right size that are none */
    BAD_RESET,     /* half of a request, then an error of the connection */
    BAD_FLOOD,     /* asks for the counters and the plan without end, and reads nothing */
    BAD_STORM,     /* connects and hangs up */
    BAD_KINDS
} bad_kind;

typedef struct crowd_bad {
    crowd_line line;
    bad_kind kind;
    world *w;
    const char *address;
    testing_rng rng;
    int stage;      /* 0 before the handshake, 1 after it, 2 with a plan, 3 with keys, 4 done */
    int64_t due;    /* when the next thing is to be done */
    size_t rebuffs; /* times that the connection ended, or a fault was reported */
    int64_t deaf;   /* since when it has read nothing, 0: it reads */
    int hears;      /* even if it is of those that read nothing */
    uint8_t *junk;  /* BAD_JUNK_KEYS: lives as long as the line */
} crowd_bad;

/** Connect the first time. */
void bad_begin(crowd_bad *b, bad_kind kind, world *w, const char *address, uint64_t seed);

/** What to wait for: poll's events. */
short bad_events(crowd_bad *b);

/** Do what poll's events allow, and what it is time for. */
void bad_pump(crowd_bad *b, short events);

/** Hang up. */
void bad_end(crowd_bad *b);

#endif
