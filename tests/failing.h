/* The k-th allocation fails: malloc, calloc and realloc of the code under test, wrapped by the
 * linker
 * (-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc in the test's LDFLAGS).
 *
 *     for (long k = 1;; k++) {
 *         failing_from(k);
 *         nn_status st = run();
 *         if (!failing_stop())
 *             break;                      // k was beyond the last allocation: st is a success
 *         assert_int_equal(st, NN_ERR_MEMORY);
 *     }
 */
#ifndef UNSEEN_TESTS_FAILING_H
#define UNSEEN_TESTS_FAILING_H

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static long failing_left; /* allocations until the failing one; 0: none fails */
static int failing_hit;

/** From now on the k-th allocation fails, and only that one. */
static inline void failing_from(long k)
{
    failing_left = k;
    failing_hit = 0;
}

/** No allocation fails any more. Returns 1 when one did. */
static inline int failing_stop(void)
{
    failing_left = 0;
    return failing_hit;
}

static inline int failing_now(void)
{
    if (failing_left == 0 || --failing_left > 0)
        return 0;
    failing_hit = 1;
    return 1;
}

void *__wrap_malloc(size_t size)
{
    return failing_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return failing_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return failing_now() ? NULL : __real_realloc(p, size);
}

#endif
