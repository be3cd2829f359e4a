/* What a test and the library tests/faults.c, loaded into the program under test, tell each other:
 * which call of a kind is to fail, how many there were, and what was never given back.
 */
#ifndef UNSEEN_TESTS_FAULTS_H
#define UNSEEN_TESTS_FAULTS_H

#include <stdint.h>

/* The kinds of calls that are counted, each in the order in which the program makes them. */
typedef enum faults_kind {
    FAULTS_MEMORY,  /* malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup, realpath */
    FAULTS_MAP,     /* mmap */
    FAULTS_ENTROPY, /* getrandom, getentropy */
    FAULTS_THREAD,  /* pthread_create */
    FAULTS_LOOK,    /* stat, fstat, access, fchmod, ftruncate */
    FAULTS_OPEN,    /* open, mkstemp, fopen, opendir, mkdir, pipe, eventfd */
    FAULTS_READ,    /* read, pread, and what a stream reads */
    FAULTS_WRITE,   /* write, and what a stream or stdout writes */
    FAULTS_SYNC,    /* fsync */
    FAULTS_RENAME,  /* rename, link */
    FAULTS_CLOSE, /* close, and that of a stream or stdout; the descriptor is closed all the same */
    FAULTS_SOCKET,  /* socket, bind, listen, connect, setsockopt, getsockname, getaddrinfo */
    FAULTS_ACCEPT,  /* accept, accept4 */
    FAULTS_SEND,    /* send, sendmsg */
    FAULTS_RECEIVE, /* recv, recvmsg */
    FAULTS_POLL,    /* poll, ppoll */
    FAULTS_KINDS
} faults_kind;

/* The environment variable that names the file of the board; it and the library are taken out of
 * the environment before the program's main begins. */
#define FAULTS_BOARD "UNSEEN_FAULTS_BOARD"

/* Errors that are none: the call does a part of what was asked for; SIGINT comes before it. */
enum { FAULTS_SHORT = -1, FAULTS_INTERRUPT = -2 };

/* In a file that both sides map. */
typedef struct faults_board {
    /* From the test. */
    int32_t kind;  /* a faults_kind */
    int32_t error; /* the errno, or FAULTS_SHORT, FAULTS_INTERRUPT */
    int64_t k;     /* the call to fail, from 1; 0: none */
    /* From the library, as the program goes. */
    int64_t calls[FAULTS_KINDS];
    int64_t hits;   /* 1 once the call was there */
    int64_t blocks; /* of memory, that the program holds */
    int64_t files;  /* descriptors beyond 2, that the program holds */
} faults_board;

#endif
