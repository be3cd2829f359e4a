/* The threads that compute for a server. Jobs go in by a fair queue and come out finished; the
 * thread that serves the network only waits for a byte on a pipe.
 */
#ifndef UNSEEN_TOOLS_SERVE_POOL_H
#define UNSEEN_TOOLS_SERVE_POOL_H

#include "tools/serve/host.h"

typedef enum job_kind { JOB_KEYS, JOB_REQUEST } job_kind;

typedef struct job {
    job_kind kind;
    uint64_t connection; /* that it came by */
    uint64_t client;     /* whose turn it is */
    uint32_t stream;
    const host *host;
    uint8_t digest[SERVICE_DIGEST]; /* JOB_KEYS */
    file_bytes bytes;               /* keys or request */
    host_keys *keys;                /* JOB_REQUEST: on loan; JOB_KEYS: what came of it */
    double arrived, begun, done;    /* cli_seconds() */
    int status;                     /* an exit code */
    char why[SERVICE_TEXT_MOST + 1];
    file_bytes answer; /* JOB_REQUEST: a response, to be sealed with the request's digest */
    uint8_t request[ENVELOPE_DIGEST]; /* JOB_REQUEST: that digest, the submitter's to fill in while
                                       * the job runs */
    struct job *next;
} job;

/** Release a job and what it holds. */
void job_free(job *j);

typedef struct pool pool;

typedef struct pool_options {
    int lanes;                /* jobs computed side by side */
    int threads;              /* of each */
    size_t most, most_client; /* jobs that wait, in all and of one client */
} pool_options;

/** Start the threads.
 *
 *  In:      hosts   count of them, outlive the pool
 *  Returns: CLI_OK or an exit code after the message was printed
 */
int pool_create(pool **out, const pool_options *options, const host *hosts, size_t count);

/** Stop jobs that run, drop the others, end the threads; NULL is fine. */
void pool_free(pool *p);

/** A file descriptor that is readable while pool_finished has something. */
int pool_signal(const pool *p);

/** Hand a job over.  Returns: SERVICE_OK, SERVICE_ERR_LIMIT or SERVICE_ERR_MEMORY: it is still the
 * caller's */
service_status pool_submit(pool *p, job *j);

/** A job that is done, NULL when there is none. */
job *pool_finished(pool *p);

/** Drop the jobs of a connection that wait and stop those that run: nobody hears their answers.
 * They come back as finished jobs with a status. */
void pool_cancel(pool *p, uint64_t connection);

/** Jobs that wait and that run. */
void pool_figures(pool *p, size_t *waiting, size_t *running);

/** Tell how far the running jobs are. */
void pool_working(pool *p,
                  void (*tell)(void *user, uint64_t connection, uint32_t stream, uint32_t step,
                               uint32_t steps),
                  void *user);

#endif
