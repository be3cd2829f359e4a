/* The only file that names OpenMP. Results never depend on the number of threads.
 *
 * CKKS_PARALLEL_FOR stands before a for loop whose iterations are independent; without OpenMP it is
 * nothing.
 */
#ifndef UNSEEN_CKKS_PARALLEL_H
#define UNSEEN_CKKS_PARALLEL_H

#if defined(_OPENMP)
#include <omp.h>
#define CKKS_PARALLEL_FOR _Pragma("omp parallel for schedule(dynamic, 1)")
#else
#define CKKS_PARALLEL_FOR
#endif

/** Threads that a parallel loop would use. */
static inline int ckks_parallel_threads(void)
{
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
}

#endif
