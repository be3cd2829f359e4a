/* The only file of this folder that names OpenMP: a loop over independent tasks. Which thread runs
 * a task never decides a result, because tasks write to places of their own and whatever is summed
 * over tasks is summed afterwards in the order of their numbers.
 */
#ifndef UNSEEN_TRAIN_PARALLEL_H
#define UNSEEN_TRAIN_PARALLEL_H

#include <stddef.h>

#ifdef _OPENMP
#include <omp.h>
#endif

/** Run body(arg, task, thread) for every task below count, on at most `threads` threads.
 *
 *  thread is below threads and no two running tasks share it, so it may index scratch space.
 */
static inline void train_parallel_for(int threads, size_t count, void (*body)(void *, size_t, int),
                                      void *arg)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1) if (threads > 1)
    for (size_t task = 0; task < count; task++)
        body(arg, task, omp_get_thread_num());
#else
    (void)threads;
    for (size_t task = 0; task < count; task++)
        body(arg, task, 0);
#endif
}

#endif
