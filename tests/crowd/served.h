/* A process `unseen serve` that a test starts, looks at and ends. */
#ifndef UNSEEN_TESTS_CROWD_SERVED_H
#define UNSEEN_TESTS_CROWD_SERVED_H

#include <sys/types.h>

#include "channel/channel.h"

typedef struct served {
    pid_t pid;                                         /* 0: none */
    char address[300], key[CHANNEL_FINGERPRINT_CHARS]; /* as it printed them */
} served;

/** Start `program LINE`, with what it prints in the files NAME.out and NAME.log.
 *
 *  In:      line   words between single spaces
 *  Returns: its process
 */
pid_t served_spawn(const char *program, const char *line, const char *name);

/** Start `program serve LINE`, printing to server.out and server.log, and wait until it is ready;
 * fails the test when it does not come to that. */
void served_start(served *s, const char *program, const char *line);

/** Send a signal and wait for the end.
 *
 *  Returns: the exit status, or 128 + the signal; -1 when it was still there after `seconds`, and
 *           was killed
 */
int served_end(served *s, int signal, double seconds);

/** A line of /proc/PID/status in KiB, such as "VmRSS:"; -1 where there is none. */
long served_memory(const served *s, const char *name);

/** Descriptors that it has open; -1 where the system does not tell. */
int served_descriptors(const served *s);

/** Seconds of processor time that it took so far; negative where the system does not tell. */
double served_seconds(const served *s);

#endif
