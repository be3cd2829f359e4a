/* The serving thread. */
#define _XOPEN_SOURCE 700

#include "tools/serve/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/doomed.h"
#include "tools/serve/log.h"
#include "tools/serve/serving.h"

enum { BEAT_MS = 2000, ACCEPTS = 32 };

typedef struct loop {
    const loop_options *o;
    serving s;           /* room for o->connections of them */
    struct pollfd *poll; /* signals, pool, listeners, connections */
    uint64_t serial;
    int64_t polled;    /* when it was last looked who sent something */
    int64_t beat;      /* when running jobs were last told of */
    int64_t no_accept; /* until when nobody is accepted, for want of descriptors */
    int64_t draining;  /* when to end at the latest; 0: not ending */
} loop;

/* ---- signals ---- */

static volatile sig_atomic_t stops;
static int stop_pipe[2] = {-1, -1};

static void on_stop(int number)
{
    int error = errno;

    (void)number;
    if (++stops > 1) {
        doomed_remove();
        _exit(CLI_BUSY);
    }
    if (write(stop_pipe[1], "", 1) < 0)
        stops = 1; /* the pipe is full, so the reader wakes all the same */
    errno = error;
}

static int watch_signals(void)
{
    struct sigaction a;

    stops = 0;
    if (pipe(stop_pipe) != 0 || address_prepare(stop_pipe[0]) != 0 ||
        address_prepare(stop_pipe[1]) != 0)
        return cli_fail(cli_exit_of_errno(errno), NULL, "no pipe can be had: %s", strerror(errno));
    memset(&a, 0, sizeof a);
    a.sa_handler = on_stop;
    sigemptyset(&a.sa_mask);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    a.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &a, NULL);
    return CLI_OK;
}

/* ---- connections ---- */

/* Returns 0 when nobody more waits. */
static int accept_one(loop *l, const loop_listener *at)
{
    channel_options options = {.keys = &l->o->keys, .suite_count = 1};
    char peer[ADDRESS_TEXT];
    connection *c;
    int fd = address_accept(at->fd, peer);

    if (fd < 0) {
        /* Without descriptors it would be tried again at once, for ever. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            l->no_accept = cli_milliseconds() + 100;
        return 0;
    }
    COUNT(&l->s, connections_total)++;
    if (l->s.count >= l->o->connections) {
        COUNT(&l->s, connections_refused_total)++;
        close(fd);
        return 1;
    }
    options.suites[0] = at->plain ? CHANNEL_SUITE_PLAIN : CHANNEL_SUITE_NOISE;
    if (connection_create(&c, fd, ++l->serial, &options, &l->o->limits) != SERVICE_OK) {
        COUNT(&l->s, connections_refused_total)++;
        return 1;
    }
    memcpy(c->peer, peer, sizeof c->peer);
    l->s.connection[l->s.count++] = c;
    log_begin("connect");
    log_number("connection", c->serial);
    log_text("from", c->peer);
    log_end();
    return 1;
}

/* Some at a time: those who are connected have their turns between. */
static void accept_some(loop *l, const loop_listener *at)
{
    for (int i = 0; i < ACCEPTS && accept_one(l, at); i++)
        continue;
}

static void drop(loop *l, size_t i)
{
    connection *c = l->s.connection[i];
    channel_counts n = service_server_counts(c->server);
    service_status st = service_server_status(c->server);

    COUNT(&l->s, received_bytes_total) += n.bytes_in;
    COUNT(&l->s, sent_bytes_total) += n.bytes_out;
    if (st == SERVICE_ERR_TIME)
        COUNT(&l->s, connections_timed_out_total)++;
    else if (st != SERVICE_OK && st != SERVICE_ERR_REFUSED)
        COUNT(&l->s, connections_failed_total)++;
    serving_leave(&l->s, c);
    log_begin("disconnect");
    log_number("connection", c->serial);
    log_number("received", n.bytes_in);
    log_number("sent", n.bytes_out);
    log_ms("ms", cli_seconds() - c->begun);
    log_text("why", service_server_why(c->server));
    log_end();
    connection_free(c);
    l->s.connection[i] = l->s.connection[--l->s.count];
}

/* Whether a connection has to go: it is over and its last words are sent, or nobody hears them. */
static int is_gone(connection *c)
{
    size_t n;

    if (c->hung_up)
        return 1;
    if (service_server_over(c->server))
        return service_server_output(c->server, &n) == NULL;
    return 0;
}

/* By the time of the last look: what came later, while this thread was busy, is not late. */
static void look_at_clocks(loop *l)
{
    for (size_t i = l->s.count; i-- > 0;) {
        connection *c = l->s.connection[i];
        int64_t due = service_server_deadline(c->server);
        if (due != SERVICE_NEVER && l->polled >= due) {
            service_server_late(c->server);
            connection_write(c); /* its last words, if it takes them */
            c->hung_up = 1;
        }
        if (is_gone(c))
            drop(l, i);
    }
}

static void beat(loop *l)
{
    int64_t now = cli_milliseconds();

    if (now - l->beat < BEAT_MS)
        return;
    l->beat = now;
    serving_beat(&l->s);
    serving_finished(&l->s); /* should a thread's word on its pipe have been lost */
}

/* Milliseconds until something is due. */
static int next_deadline(const loop *l)
{
    int64_t now = cli_milliseconds(), wait = l->no_accept > now ? l->no_accept - now : BEAT_MS;

    for (size_t i = 0; i < l->s.count; i++) {
        int64_t due = service_server_deadline(l->s.connection[i]->server);
        if (connection_ready(l->s.connection[i]))
            return 0;
        if (due != SERVICE_NEVER && due - now < wait)
            wait = due > now ? due - now : 0;
    }
    return (int)wait + 1;
}

/* ---- the end ---- */

static void begin_drain(loop *l)
{
    char byte;

    while (read(stop_pipe[0], &byte, 1) > 0)
        continue;
    if (l->draining != 0)
        return;
    l->s.draining = 1;
    l->draining = cli_milliseconds() + (int64_t)(1e3 * l->o->grace) + 1;
    log_begin("drain");
    log_number("connections", l->s.count);
    log_end();
    for (size_t i = 0; i < l->s.count; i++) {
        service_server_finish(l->s.connection[i]->server, cli_milliseconds());
        serving_converse(&l->s, l->s.connection[i]);
    }
}

/* ---- the loop ---- */

static size_t fill_poll(loop *l)
{
    int accepting = l->draining == 0 && cli_milliseconds() >= l->no_accept;
    size_t n = 0;

    l->poll[n++] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
    l->poll[n++] = (struct pollfd){.fd = pool_signal(l->s.pool), .events = POLLIN};
    /* A negative descriptor is skipped: nobody is accepted any more. */
    for (size_t i = 0; i < l->o->listeners; i++)
        l->poll[n++] =
            (struct pollfd){.fd = accepting ? l->o->listener[i].fd : -1, .events = POLLIN};
    for (size_t i = 0; i < l->s.count; i++)
        l->poll[n++] = (struct pollfd){.fd = l->s.connection[i]->fd,
                                       .events = connection_events(l->s.connection[i])};
    return n;
}

/* Connections keep their places until look_at_clocks, so the entries of poll fit. */
static void serve_connections(loop *l, const struct pollfd *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        connection *c = l->s.connection[i];
        if ((p[i].revents & POLLIN) != 0)
            connection_read(c);
        if (p[i].revents != 0 || connection_ready(c))
            serving_converse(&l->s, c);
        if ((p[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            c->hung_up = 1;
    }
}

static int turn(loop *l)
{
    const struct timespec pause = {0, 10000000};
    size_t n = fill_poll(l), count = l->s.count;
    int got = poll(l->poll, (nfds_t)n, next_deadline(l));

    if (got < 0 && errno == ENOMEM)
        (void)nanosleep(&pause, NULL); /* it may be there again */
    else if (got < 0 && errno != EINTR && errno != EAGAIN)
        return cli_fail(CLI_MEMORY, NULL, "waiting for the network failed: %s", strerror(errno));
    l->polled = cli_milliseconds();
    if (got >= 0) {
        serve_connections(l, l->poll + 2 + l->o->listeners, count);
        if (l->poll[1].revents != 0)
            serving_finished(&l->s);
        for (size_t i = 0; i < l->o->listeners; i++) {
            if (l->poll[2 + i].revents != 0)
                accept_some(l, &l->o->listener[i]);
        }
    }
    if (stops > 0)
        begin_drain(l);
    beat(l);
    look_at_clocks(l);
    return CLI_OK;
}

static int prepare(loop *l)
{
    l->s.connection = calloc(l->o->connections, sizeof *l->s.connection);
    l->poll = calloc(2 + l->o->listeners + l->o->connections, sizeof *l->poll);
    if (l->s.connection == NULL || l->poll == NULL ||
        service_keyring_create(&l->s.keyring, l->o->key_memory, host_keys_free) != SERVICE_OK)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu connections", l->o->connections);
    return watch_signals();
}

static void clean_up(loop *l)
{
    while (l->s.count > 0)
        drop(l, l->s.count - 1);
    for (int i = 0; i < 2; i++) {
        if (stop_pipe[i] >= 0)
            close(stop_pipe[i]);
        stop_pipe[i] = -1;
    }
    free(l->poll);
    free(l->s.connection);
}

int loop_run(const loop_options *o, const host *hosts, size_t count, pool *p)
{
    loop l = {.o = o,
              .s = {.hosts = hosts,
                    .host_count = count,
                    .pool = p,
                    .allow = o->allow,
                    .connections_client = o->connections_client,
                    .begun = cli_seconds()}};
    int st = prepare(&l);

    if (st == CLI_OK)
        st = o->ready(o->user);
    while (st == CLI_OK && (l.draining == 0 || (l.s.count > 0 && cli_milliseconds() < l.draining)))
        st = turn(&l);
    if (st == CLI_OK && l.s.count > 0)
        st = cli_fail(CLI_BUSY, NULL,
                      "%zu connections were still busy after %.0f seconds and were cut", l.s.count,
                      o->grace);
    clean_up(&l);
    /* The threads end before the keys that they compute with. */
    pool_free(p);
    service_keyring_free(l.s.keyring);
    return st;
}
