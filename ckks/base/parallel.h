/* The only file that names OpenMP. Results never depend on the number of threads.
 *
 * CKKS_PARALLEL_ROWS(w) stands before a for loop whose iterations are independent and lets the
 * threads of the worker w share them; without OpenMP it is nothing. An iteration that needs scratch
 * of its own takes the part of its lane, ckks_parallel_lane(), from what was laid out for
 * w->threads lanes before the loop; nothing is taken from the arena inside.
 */
#ifndef UNSEEN_CKKS_BASE_PARALLEL_H
#define UNSEEN_CKKS_BASE_PARALLEL_H

#if defined(_OPENMP)
#include <omp.h>
#define CKKS_PARALLEL_PRAGMA(text) _Pragma(#text)
#define CKKS_PARALLEL_ROWS(w)                                                                      \
    CKKS_PARALLEL_PRAGMA(omp parallel for schedule(static) num_threads((w)->threads)               \
                             if ((w)->threads > 1))
#else
#define CKKS_PARALLEL_ROWS(w)
#endif

enum { CKKS_PARALLEL_MAX = 256 /* threads of a worker */ };

/** Which of the worker's lanes runs this iteration.  Where: inside a loop of CKKS_PARALLEL_ROWS */
static inline int ckks_parallel_lane(void)
{
#if defined(_OPENMP)
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/** How many of the wanted threads there can be: all, or without OpenMP one. */
static inline int ckks_parallel_threads(int wanted)
{
#if defined(_OPENMP)
    return wanted;
#else
    (void)wanted;
    return 1;
#endif
}

#endif
