/* What a server counts, and the two forms in which it tells it: JSON, and the text format of
 * Prometheus (exposition format 0.0.4).
 *
 * Plain numbers; who owns them locks them. Nothing in them comes from an image, a key or a weight.
 */
#ifndef UNSEEN_SERVICE_COUNTERS_H
#define UNSEEN_SERVICE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "service/service.h"

/* Each row: name, kind (counter: only grows; gauge: as it is now), what it tells. */
#define SERVICE_COUNTERS(row)                                                                      \
    row(uptime_seconds, gauge, "seconds since the start") row(connections, gauge,                  \
                                                              "connections that are open")         \
        row(connections_total, counter,                                                            \
            "connections accepted") row(connections_refused_total, counter,                        \
                                        "connections turned away: too many, or not allowed")       \
            row(connections_failed_total, counter,                                                 \
                "connections ended by a fault of the other side")                                  \
                row(connections_timed_out_total, counter,                                          \
                    "connections ended because the other side was slow")                           \
                    row(requests_total, counter, "requests received whole") row(                   \
                        responses_total, counter, "requests answered")                             \
                        row(request_errors_total, counter, "requests answered by an error") row(   \
                            requests_waiting, gauge, "requests that wait for a thread")            \
                            row(requests_running, gauge, "requests that are computed") row(        \
                                keys_uploaded_total, counter,                                      \
                                "sets of evaluation keys received and loaded")                     \
                                row(keys_refused_total, counter,                                   \
                                    "sets of evaluation keys that were damaged or too large")      \
                                    row(keys_kept, gauge, "sets of evaluation keys in memory")     \
                                        row(keys_bytes, gauge, "bytes of them in memory") row(     \
                                            keys_evicted_total, counter,                           \
                                            "sets of evaluation keys put out for others")          \
                                            row(received_bytes_total, counter, "bytes received")   \
                                                row(sent_bytes_total, counter, "bytes sent")

#define SERVICE_COUNTERS_ID(name, kind, help) SERVICE_COUNT_##name,
enum { SERVICE_COUNTERS(SERVICE_COUNTERS_ID) SERVICE_COUNT_END };
#undef SERVICE_COUNTERS_ID

/* Upper bounds of the classes of times, in seconds: 1, 2, 5 times powers of ten from a millisecond
 * to 100 seconds; beyond the last is one more class. */
enum { SERVICE_TIME_CLASSES = 16 };

typedef struct service_times {
    uint64_t times[SERVICE_TIME_CLASSES + 1]; /* not summed up */
    uint64_t count;
    double sum; /* seconds */
} service_times;

typedef struct service_counters {
    uint64_t value[SERVICE_COUNT_END];
    service_times wait;  /* from a request's last byte to the beginning of its computation */
    service_times infer; /* the computation */
} service_counters;

/** Count one time; what is not positive counts as 0. */
SERVICE_API void service_times_add(service_times *t, double seconds);

/** One JSON object, with a member for each counter and "wait_seconds" and "infer_seconds":
 *  {count, sum, p50, p99}; a percentile is the upper bound of its class.
 *
 *  Out:     text   size bytes, ended by NUL when size > 0
 *  Returns  the length needed, without the NUL
 */
SERVICE_API size_t service_counters_json(const service_counters *c, char *text, size_t size);

/** The same for Prometheus, every name begins with unseen_; times are histograms. */
SERVICE_API size_t service_counters_prometheus(const service_counters *c, char *text, size_t size);

#endif
