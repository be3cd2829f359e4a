/* Computing threads behind one lock. */
#define _XOPEN_SOURCE 700

#include "tools/serve/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/queue.h"
#include "tools/cli.h"
#include "tools/net/address.h"

/* One thread, or the first of a team. */
typedef struct lane {
    pool *pool;
    pthread_t thread;
    int started;
    network_bench *bench; /* one for each network, made at its first job */
    const job *running;
    int unwanted; /* nobody waits for what is running */
    uint32_t step, steps;
} lane;

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    service_queue *queue;
    job *first, **last; /* finished */
    int pipe[2], stopping;
    pool_options options;
    const host *hosts;
    size_t host_count;
    lane *lane;
};

void job_free(job *j)
{
    if (j == NULL)
        return;
    file_free(&j->bytes);
    file_free(&j->answer);
    free(j);
}

static int on_step(void *user, size_t step, size_t steps, const char *name)
{
    lane *l = user;
    int stop;

    (void)name;
    pthread_mutex_lock(&l->pool->lock);
    l->step = (uint32_t)step;
    l->steps = (uint32_t)steps;
    stop = l->unwanted || l->pool->stopping;
    pthread_mutex_unlock(&l->pool->lock);
    return stop;
}

static void compute(lane *l, job *j)
{
    const nn_watch watch = {.progress = on_step, .user = l};
    network_bench *b = &l->bench[j->host->number];

    cli_silent(1);
    j->begun = cli_seconds();
    j->status =
        b->worker != NULL ? CLI_OK : network_bench_make(b, &j->host->net, l->pool->options.threads);
    if (j->status == CLI_OK && j->kind == JOB_KEYS)
        j->status = host_load_keys(&j->keys, j->host, b, &j->bytes, j->digest);
    else if (j->status == CLI_OK)
        j->status = host_infer(&j->answer, &j->begun, j->host, b, j->keys, &j->bytes, &watch);
    j->done = cli_seconds();
    if (j->status != CLI_OK)
        snprintf(j->why, sizeof j->why, "%s", cli_sentence());
    /* Here and not in the thread that serves: a large block takes its time to be given back. That
     * of a request is small, and may still be read there. */
    if (j->kind == JOB_KEYS)
        file_free(&j->bytes);
}

/* With the lock held. */
static void finish(pool *p, job *j)
{
    j->next = NULL;
    *p->last = j;
    p->last = &j->next;
    /* A full pipe wakes the reader as well. */
    while (write(p->pipe[1], "", 1) < 0 && errno == EINTR)
        continue;
}

static void *run(void *user)
{
    lane *l = user;
    pool *p = l->pool;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        job *j = service_queue_pop(p->queue);
        if (j == NULL && p->stopping)
            break;
        if (j == NULL) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        l->running = j;
        l->step = l->steps = 0;
        l->unwanted = 0;
        pthread_mutex_unlock(&p->lock);
        compute(l, j);
        pthread_mutex_lock(&p->lock);
        l->running = NULL;
        finish(p, j);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are for the thread that serves. */
static int start_lanes(pool *p)
{
    sigset_t all, before;
    int error = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < p->options.lanes && error == 0; i++) {
        lane *l = &p->lane[i];
        l->pool = p;
        l->bench = calloc(p->host_count, sizeof *l->bench);
        error = l->bench != NULL ? pthread_create(&l->thread, NULL, run, l) : ENOMEM;
        l->started = error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? CLI_OK
                      : cli_fail(CLI_MEMORY, NULL, "%d threads cannot be started: %s",
                                 p->options.lanes, strerror(error));
}

static int open_pipe(pool *p)
{
    p->pipe[0] = p->pipe[1] = -1;
    if (pipe(p->pipe) == 0 && address_prepare(p->pipe[0]) == 0 && address_prepare(p->pipe[1]) == 0)
        return CLI_OK;
    return cli_fail(cli_exit_of_errno(errno), NULL, "no pipe can be had: %s", strerror(errno));
}

int pool_create(pool **out, const pool_options *options, const host *hosts, size_t count)
{
    pool *p = calloc(1, sizeof *p);
    int st;

    *out = p;
    if (p == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for threads");
    p->options = *options;
    p->hosts = hosts;
    p->host_count = count;
    p->last = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    st = open_pipe(p);
    p->lane = calloc((size_t)options->lanes, sizeof *p->lane);
    if (st == CLI_OK &&
        (p->lane == NULL ||
         service_queue_create(&p->queue, options->most, options->most_client) != SERVICE_OK))
        st = cli_fail(CLI_MEMORY, NULL, "no memory for %d threads", options->lanes);
    if (st == CLI_OK)
        st = start_lanes(p);
    if (st != CLI_OK) {
        pool_free(p);
        *out = NULL;
    }
    return st;
}

static int any(void *user, void *what)
{
    (void)user;
    job_free(what);
    return 1;
}

static void stop_lanes(pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = 1;
    if (p->queue != NULL)
        service_queue_drop(p->queue, any, NULL);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; p->lane != NULL && i < p->options.lanes; i++) {
        lane *l = &p->lane[i];
        if (l->started)
            pthread_join(l->thread, NULL);
        for (size_t k = 0; l->bench != NULL && k < p->host_count; k++)
            network_bench_free(&l->bench[k]);
        free(l->bench);
    }
}

void pool_free(pool *p)
{
    job *j;

    if (p == NULL)
        return;
    stop_lanes(p);
    while ((j = pool_finished(p)) != NULL) {
        /* Keys that were loaded meanwhile belong to nobody yet. */
        if (j->kind == JOB_KEYS)
            host_keys_free(j->keys);
        job_free(j);
    }
    service_queue_free(p->queue);
    free(p->lane);
    for (int i = 0; i < 2; i++) {
        if (p->pipe[i] >= 0)
            close(p->pipe[i]);
    }
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int pool_signal(const pool *p)
{
    return p->pipe[0];
}

service_status pool_submit(pool *p, job *j)
{
    service_status st;

    pthread_mutex_lock(&p->lock);
    st = service_queue_push(p->queue, j->client, j);
    if (st == SERVICE_OK)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    return st;
}

job *pool_finished(pool *p)
{
    char bytes[256];
    job *j;

    pthread_mutex_lock(&p->lock);
    j = p->first;
    if (j != NULL)
        p->first = j->next;
    if (p->first == NULL) {
        p->last = &p->first;
        while (read(p->pipe[0], bytes, sizeof bytes) > 0)
            continue;
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

typedef struct cancelling {
    pool *pool;
    uint64_t connection;
} cancelling;

static int of_connection(void *user, void *what)
{
    const cancelling *c = user;
    job *j = what;

    if (j->connection != c->connection)
        return 0;
    j->status = CLI_NETWORK;
    finish(c->pool, j);
    return 1;
}

void pool_cancel(pool *p, uint64_t connection)
{
    cancelling c = {p, connection};

    pthread_mutex_lock(&p->lock);
    service_queue_drop(p->queue, of_connection, &c);
    for (int i = 0; i < p->options.lanes; i++) {
        lane *l = &p->lane[i];
        if (l->running != NULL && l->running->connection == connection)
            l->unwanted = 1;
    }
    pthread_mutex_unlock(&p->lock);
}

void pool_figures(pool *p, size_t *waiting, size_t *running)
{
    *running = 0;
    pthread_mutex_lock(&p->lock);
    *waiting = service_queue_length(p->queue);
    for (int i = 0; i < p->options.lanes; i++)
        *running += p->lane[i].running != NULL;
    pthread_mutex_unlock(&p->lock);
}

void pool_working(pool *p,
                  void (*tell)(void *user, uint64_t connection, uint32_t stream, uint32_t step,
                               uint32_t steps),
                  void *user)
{
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->options.lanes; i++) {
        const lane *l = &p->lane[i];
        if (l->running != NULL)
            tell(user, l->running->connection, l->running->stream, l->step, l->steps);
    }
    pthread_mutex_unlock(&p->lock);
}
