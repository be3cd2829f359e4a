/* Counters as text. */
#include "service/counters.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SERVICE_COUNTERS_ROW(name, kind, help) {#name, #kind, help},
static const struct {
    const char *name, *kind, *help;
} rows[SERVICE_COUNT_END] = {SERVICE_COUNTERS(SERVICE_COUNTERS_ROW)};

static const double bounds[SERVICE_TIME_CLASSES] = {
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0};

void service_times_add(service_times *t, double seconds)
{
    size_t k = 0;

    if (!(seconds > 0.0))
        seconds = 0.0;
    while (k < SERVICE_TIME_CLASSES && seconds > bounds[k])
        k++;
    t->times[k]++;
    t->count++;
    t->sum += seconds;
}

/* A text that grows in the caller's buffer and is counted beyond its end. */
typedef struct text {
    char *at;
    size_t size, used;
} text;

static void add(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(text *t, const char *format, ...)
{
    size_t left = t->used < t->size ? t->size - t->used : 0;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(left > 0 ? t->at + t->used : NULL, left, format, arguments);
    va_end(arguments);
    t->used += n > 0 ? (size_t)n : 0;
}

/* The bound of the class in which the share-th time lies; the last bound for what is beyond. */
static double percentile(const service_times *t, double share)
{
    uint64_t seen = 0;
    size_t k = 0;

    for (; k < SERVICE_TIME_CLASSES - 1; k++) {
        seen += t->times[k];
        if ((double)seen >= share * (double)t->count)
            break;
    }
    return t->count > 0 ? bounds[k] : 0.0;
}

static void json_times(text *out, const char *name, const service_times *t)
{
    add(out, ",\n  \"%s\": {\"count\": %" PRIu64 ", \"sum\": %.6f, \"p50\": %g, \"p99\": %g}", name,
        t->count, t->sum, percentile(t, 0.5), percentile(t, 0.99));
}

size_t service_counters_json(const service_counters *c, char *to, size_t size)
{
    text out = {to, size, 0};

    for (size_t k = 0; k < SERVICE_COUNT_END; k++)
        add(&out, "%s\n  \"%s\": %" PRIu64, k == 0 ? "{" : ",", rows[k].name, c->value[k]);
    json_times(&out, "wait_seconds", &c->wait);
    json_times(&out, "infer_seconds", &c->infer);
    add(&out, "\n}\n");
    return out.used;
}

static void histogram(text *out, const char *name, const char *help, const service_times *t)
{
    uint64_t seen = 0;

    add(out, "# HELP unseen_%s %s\n# TYPE unseen_%s histogram\n", name, help, name);
    for (size_t k = 0; k < SERVICE_TIME_CLASSES; k++) {
        seen += t->times[k];
        add(out, "unseen_%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[k], seen);
    }
    add(out, "unseen_%s_bucket{le=\"+Inf\"} %" PRIu64 "\nunseen_%s_sum %.6f\n", name, t->count,
        name, t->sum);
    add(out, "unseen_%s_count %" PRIu64 "\n", name, t->count);
}

size_t service_counters_prometheus(const service_counters *c, char *to, size_t size)
{
    text out = {to, size, 0};

    for (size_t k = 0; k < SERVICE_COUNT_END; k++)
        add(&out, "# HELP unseen_%s %s\n# TYPE unseen_%s %s\nunseen_%s %" PRIu64 "\n", rows[k].name,
            rows[k].help, rows[k].name, rows[k].kind, rows[k].name, c->value[k]);
    histogram(&out, "wait_seconds", "time from request to computation", &c->wait);
    histogram(&out, "infer_seconds", "time of computation", &c->infer);
    return out.used;
}
