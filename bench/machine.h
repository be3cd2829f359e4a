/* The machine's own limits, measured in the run that they are compared with: the clock by a chain
 * of multiplications, 3 cycles each, the arithmetic units by loops without dependencies, the memory
 * by walks through blocks of several sizes. */
#ifndef UNSEEN_BENCH_MACHINE_H
#define UNSEEN_BENCH_MACHINE_H

#include <stddef.h>

enum { MACHINE_BLOCKS = 5, MACHINE_FIRST_LOG = 18, MACHINE_FAMILIES = 5 };

typedef struct bench_machine {
    double hz;
    double rate[MACHINE_FAMILIES]; /* operations of a butterfly a cycle, 0: cannot run */
    /* Bytes a second of blocks of 2^18, 2^20, ... bytes; copying counts both directions. */
    double read[MACHINE_BLOCKS], copy[MACHINE_BLOCKS];
} bench_machine;

/** Seconds of a clock that only goes forward. */
double machine_now(void);

/** Fails:   leaves the bandwidths 0 without memory */
void machine_measure(bench_machine *m);

/** One line each for the clock, the multipliers and the bandwidths, for the head of the CSV. */
void machine_print(const bench_machine *m);

/** Seconds of an op of bench_cost on a family of kernels, 0 when that is not known.
 *
 *  A butterfly is 3 multiplications and 2 additions of words, or 4 and 4 of doubles; that and the
 *  family's lanes and rate give the ratio of an op to one of IFMA.
 *  Source:  design notes 2.3, 2.7, 2.8
 */
double machine_op(const bench_machine *m, const char *kernel);

/** Bytes a second at which a block of this size is read again and again, or copied. */
double machine_read(const bench_machine *m, double bytes);
double machine_copy(const bench_machine *m, double bytes);

#endif
