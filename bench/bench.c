/* Choosing, timing and printing cases. */
#define _POSIX_C_SOURCE 200809L

#include "bench/bench.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEAST = 31, MOST = 100000 };

static double now(void)
{
    struct timespec t = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int matches(const bench *b, const bench_place *place, const bench_case *c)
{
    char name[128];

    if (b->only == NULL)
        return 1;
    snprintf(name, sizeof name, "%s/%s", place->group, c->name);
    if (strpbrk(b->only, "*?[") != NULL)
        return fnmatch(b->only, name, 0) == 0;
    return strstr(name, b->only) != NULL;
}

int bench_wanted(bench *b, const bench_place *place, const bench_case *cases, size_t count)
{
    size_t wanted = 0;

    if (place->log_n > b->max_log_n)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (!matches(b, place, &cases[i]))
            continue;
        wanted++;
        if (b->list)
            printf("%s/%s\n", place->group, cases[i].name);
    }
    b->matched += wanted;
    return wanted > 0 && !b->list;
}

void bench_fail(bench *b, const bench_place *place, int status, const char *why)
{
    b->failed = 1;
    fflush(stdout);
    if (*why != '\0')
        fprintf(stderr, "unseen-bench: %s: %s\n", place->group, why);
    else
        fprintf(stderr, "unseen-bench: %s: cannot be set up, status %d\n", place->group, status);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One warm-up; then at least LEAST repetitions, more while the time lasts. A case that takes long
 * stops at ten times its time, but never before five repetitions. */
static size_t measure(const bench *b, const bench_case *c, void *fixture, double *times,
                      int *status)
{
    double begun, spent = 0.0;
    size_t count = 0;

    if (b->seconds > 0.0) {
        *status = c->run(fixture);
        if (*status != 0)
            return 0;
    }
    do {
        begun = now();
        *status = c->run(fixture);
        times[count] = now() - begun;
        spent += times[count++];
    } while (*status == 0 && b->seconds > 0.0 && count < MOST &&
             (spent < b->seconds || (count < LEAST && (count < 5 || spent < 10.0 * b->seconds))));
    return count;
}

static void run_case(bench *b, const bench_place *place, const bench_case *c, void *fixture,
                     double *times)
{
    int status = 0;
    size_t count = measure(b, c, fixture, times, &status);

    if (status != 0) {
        char why[160];
        snprintf(why, sizeof why, "%s failed with status %d", c->name, status);
        bench_fail(b, place, status, why);
        return;
    }
    qsort(times, count, sizeof *times, by_size);
    printf("%s/%s,%d,%d,%d,%s,1,%zu,%.3f,%.3f,", place->group, c->name, place->log_n, place->limbs,
           place->special, place->kernel, count, 1e6 * times[0], 1e6 * times[count / 2]);
    if (c->bytes != NULL)
        printf("%zu", c->bytes(fixture));
    printf("\n");
    fflush(stdout);
}

void bench_run(bench *b, const bench_place *place, const bench_case *cases, size_t count,
               void *fixture)
{
    double *times = malloc(MOST * sizeof *times);

    if (times == NULL) {
        bench_fail(b, place, 0, "no memory for the times");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (matches(b, place, &cases[i]))
            run_case(b, place, &cases[i], fixture, times);
    }
    free(times);
}
