/* Bytes between a socket and a conversation. */
#define _XOPEN_SOURCE 700

#include "tools/serve/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/cli.h"

enum { READ_BYTES = 256 * 1024, WRITE_TURNS = 16 };

service_status connection_create(connection **out, int fd, uint64_t serial,
                                 const channel_options *options, const service_limits *limits)
{
    connection *c = calloc(1, sizeof *c);
    service_status st = SERVICE_ERR_MEMORY;

    *out = NULL;
    if (c != NULL)
        st = service_server_create(&c->server, options, limits, cli_milliseconds(), NULL, 0);
    if (st != SERVICE_OK) {
        free(c);
        close(fd);
        return st;
    }
    c->fd = fd;
    c->serial = c->client = serial;
    c->begun = cli_seconds();
    *out = c;
    return SERVICE_OK;
}

void connection_free(connection *c)
{
    if (c == NULL)
        return;
    close(c->fd);
    service_server_free(c->server);
    free(c->rest);
    free(c);
}

/* Keeps what the conversation did not take; when even that is impossible, the connection ends. */
static void keep(connection *c, const uint8_t *bytes, size_t n)
{
    c->rest = malloc(n);
    c->rest_size = c->rest != NULL ? n : 0;
    if (c->rest != NULL)
        memcpy(c->rest, bytes, n);
    else
        c->hung_up = 1;
}

/* What is wrong with the bytes, the conversation itself remembers. */
static size_t feed(connection *c, const uint8_t *bytes, size_t n)
{
    size_t used = 0;

    if (service_server_feed(c->server, &used, bytes, n, cli_milliseconds()) != SERVICE_OK)
        return n;
    return used;
}

void connection_feed_rest(connection *c)
{
    size_t used;

    if (c->rest_size == 0)
        return;
    used = feed(c, c->rest, c->rest_size);
    c->rest_size -= used;
    if (c->rest_size == 0) {
        free(c->rest);
        c->rest = NULL;
    } else if (used > 0) {
        memmove(c->rest, c->rest + used, c->rest_size);
    }
}

void connection_read(connection *c)
{
    static uint8_t bytes[READ_BYTES]; /* one thread serves */
    ssize_t got;
    size_t used;

    if (c->rest_size > 0)
        return;
    do
        got = recv(c->fd, bytes, sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (got <= 0) {
        /* Nobody of ours closes one direction only: answers would be lost. */
        c->hung_up = 1;
        return;
    }
    used = feed(c, bytes, (size_t)got);
    if (used < (size_t)got)
        keep(c, bytes + used, (size_t)got - used);
}

void connection_write(connection *c)
{
    for (int turn = 0; turn < WRITE_TURNS && !c->hung_up; turn++) {
        size_t n;
        const uint8_t *bytes = service_server_output(c->server, &n);
        ssize_t sent;

        if (bytes == NULL)
            return;
        do
            sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0) {
            c->hung_up |= errno != EAGAIN && errno != EWOULDBLOCK;
            return;
        }
        service_server_sent(c->server, (size_t)sent, cli_milliseconds());
    }
}

int connection_ready(const connection *c)
{
    return c->rest_size > 0 && !c->hung_up && service_server_hungry(c->server);
}

short connection_events(connection *c)
{
    size_t n;
    int events = 0;

    if (c->rest_size == 0 && service_server_hungry(c->server))
        events |= POLLIN;
    if (service_server_output(c->server, &n) != NULL)
        events |= POLLOUT;
    return (short)events;
}
