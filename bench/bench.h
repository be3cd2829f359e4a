/* The bench harness: cases with a name, a warm-up, repetitions, one row of CSV each.
 *
 * A group is a table of cases that share a fixture, which is made only when one of them is wanted.
 * Rows are printed as they come: name, log_n, limbs, special, kernel, threads, repetitions, minimum
 * and median in microseconds, the minimum in cycles of the measured clock, the floor of cost.h in
 * microseconds and minimum / floor where there is one, and bytes of the object at hand where that
 * means something.
 */
#ifndef UNSEEN_BENCH_BENCH_H
#define UNSEEN_BENCH_BENCH_H

#include <stddef.h>

#include "bench/machine.h"

typedef struct bench {
    const char *only;    /* part of a name, or a pattern with * and ?; NULL for all */
    const char *kernel;  /* family of kernels to force, NULL for the best */
    int threads;         /* of the workers, when the library can */
    double seconds;      /* per case; 0 runs each case once */
    int max_log_n;       /* leave out cases above this ring degree */
    int list;            /* print names, run nothing */
    size_t matched;      /* cases wanted so far */
    int failed;          /* a case or a fixture could not run */
    bench_machine speed; /* measured first */
} bench;

/* What a row says besides the times. */
typedef struct bench_place {
    const char *group; /* the name's first part, "eval/L13-3" */
    int log_n, limbs, special;
    const char *kernel;
} bench_place;

/* What a case needs at least. Time is at least that of ops, and then of stream_ops or of the bytes,
 * whichever is longer. An op is a vector operation on eight residues, as ckks_kernel_avx512 has
 * them; other families take longer for one, see machine_op. */
typedef struct bench_cost {
    double ops, stream_ops;
    double read_bytes; /* that come by once, such as a key's */
    double copy_bytes; /* read and written */
} bench_cost;

/* One case. run returns 0, or a status that stops the case. Fields left out are NULL or 0. */
typedef struct bench_case {
    const char *name;
    int (*run)(void *fixture);
    size_t (*bytes)(const void *fixture);
    bench_cost (*cost)(const void *fixture);
    int (*minus)(void *fixture); /* the case is what run takes longer than this, ... */
    int parts;                   /* ... divided by so many */
} bench_case;

/** Whether any of the cases is wanted; with --list prints those that are, and says no. */
int bench_wanted(bench *b, const bench_place *place, const bench_case *cases, size_t count);

/** Measure those of the cases that are wanted, and print their rows. */
void bench_run(bench *b, const bench_place *place, const bench_case *cases, size_t count,
               void *fixture);

/** Note that a fixture could not be made; why may be empty, then the status is told. */
void bench_fail(bench *b, const bench_place *place, int status, const char *why);

/* The groups. */
void bench_kernel(bench *b);
void bench_client(bench *b);
void bench_eval(bench *b);
void bench_table(bench *b);
void bench_circuits(bench *b);
void bench_channel(bench *b);
void bench_nn(bench *b, const char *data);

#endif
