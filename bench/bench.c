/* Choosing, timing and printing cases. */
#define _POSIX_C_SOURCE 200809L

#include "bench/bench.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 31, MOST = 100000 };

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

/* Times of what a case runs and of what is taken off it, by turns. */
typedef struct times {
    double run[MOST], minus[MOST];
    size_t count;
} times;

static int run_once(const bench_case *c, void *fixture, double *run, double *minus)
{
    double begun = machine_now();
    int status = c->run(fixture);

    *run = machine_now() - begun;
    *minus = 0.0;
    if (status == 0 && c->minus != NULL) {
        begun = machine_now();
        status = c->minus(fixture);
        *minus = machine_now() - begun;
    }
    return status;
}

/* One warm-up; then at least LEAST repetitions, more while the time lasts. A case that takes long
 * stops at ten times its time, but never before five repetitions. */
static int measure(const bench *b, const bench_case *c, void *fixture, times *t)
{
    double spent = 0.0;
    int status = 0;

    t->count = 0;
    if (b->seconds > 0.0)
        status = run_once(c, fixture, &t->run[0], &t->minus[0]);
    while (status == 0) {
        const size_t i = t->count++;

        status = run_once(c, fixture, &t->run[i], &t->minus[i]);
        spent += t->run[i] + t->minus[i];
        if (b->seconds <= 0.0 || t->count == MOST)
            break;
        if (spent >= b->seconds &&
            (t->count >= LEAST || (t->count >= 5 && spent >= 10.0 * b->seconds)))
            break;
    }
    return status;
}

/* The floor of a case in seconds, 0 when it has none or the family's limits are not known. */
static double floor_of(const bench *b, const bench_case *c, const char *kernel, const void *fixture)
{
    const bench_machine *m = &b->speed;
    const double op = machine_op(m, kernel);
    bench_cost cost;
    double stream = 0.0, bytes = 0.0;

    if (c->cost == NULL || op <= 0.0)
        return 0.0;
    cost = c->cost(fixture);
    stream = cost.stream_ops * op;
    if (cost.read_bytes > 0.0 && machine_read(m, cost.read_bytes) > 0.0)
        bytes += cost.read_bytes / machine_read(m, cost.read_bytes);
    if (cost.copy_bytes > 0.0 && machine_copy(m, cost.copy_bytes) > 0.0)
        bytes += cost.copy_bytes / machine_copy(m, cost.copy_bytes);
    return (cost.ops * op + (stream > bytes ? stream : bytes)) / b->threads;
}

static void print_row(const bench *b, const bench_place *place, const bench_case *c,
                      const void *fixture, const times *t)
{
    const size_t middle = t->count / 2;
    const double parts = c->parts > 0 ? c->parts : 1;
    const double least = (t->run[0] - t->minus[0]) / parts;
    const double limit = floor_of(b, c, place->kernel, fixture);

    printf("%s/%s,%d,%d,%d,%s,%d,%zu,%.3f,%.3f,%.0f,", place->group, c->name, place->log_n,
           place->limbs, place->special, place->kernel, b->threads, t->count, 1e6 * least,
           1e6 * (t->run[middle] - t->minus[middle]) / parts, least * b->speed.hz);
    if (limit > 0.0)
        printf("%.3f,%.2f,", 1e6 * limit, least / limit);
    else
        printf(",,");
    if (c->bytes != NULL)
        printf("%zu", c->bytes(fixture));
    printf("\n");
    fflush(stdout);
}

static void run_case(bench *b, const bench_place *place, const bench_case *c, void *fixture,
                     times *t)
{
    int status = measure(b, c, fixture, t);

    if (status != 0) {
        char why[160];
        snprintf(why, sizeof why, "%s failed with status %d", c->name, status);
        bench_fail(b, place, status, why);
        return;
    }
    qsort(t->run, t->count, sizeof *t->run, by_size);
    qsort(t->minus, t->count, sizeof *t->minus, by_size);
    print_row(b, place, c, fixture, t);
}

void bench_run(bench *b, const bench_place *place, const bench_case *cases, size_t count,
               void *fixture)
{
    times *t = malloc(sizeof *t);

    if (t == NULL) {
        bench_fail(b, place, 0, "no memory for the times");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (matches(b, place, &cases[i]))
            run_case(b, place, &cases[i], fixture, t);
    }
    free(t);
}
