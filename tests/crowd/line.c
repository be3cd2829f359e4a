/* Bytes between sockets and machines. */
#define _XOPEN_SOURCE 700

#include "tests/crowd/line.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/testing.h"
#include "tools/cli.h"
#include "tools/net/address.h"

enum { READ_BYTES = 1 << 17, MOST = 1 << 26, SILENCE_MS = 60000 };

int line_open(crowd_line *l, const char *text)
{
    const service_pace pace = {SILENCE_MS, 1024};
    channel_options o = {.suites = {CHANNEL_SUITE_NOISE}, .suite_count = 1};
    channel_keys keys;
    address at;

    *l = (crowd_line){.fd = -1};
    assert_int_equal(address_parse(&at, text), CLI_OK);
    if (address_is_local(&at))
        o.suites[0] = CHANNEL_SUITE_PLAIN;
    if (address_connect(&l->fd, NULL, &at, 10.0) != CLI_OK)
        return 0;
    assert_int_equal(channel_keys_create(&keys, NULL), CHANNEL_OK);
    o.keys = &keys;
    assert_int_equal(service_client_create(&l->client, &o, &pace, MOST, NULL, 0), SERVICE_OK);
    return 1;
}

void line_close(crowd_line *l, int reset)
{
    const struct linger at_once = {.l_onoff = 1};

    if (reset && l->fd >= 0)
        (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (l->fd >= 0 && l->client != NULL && service_client_close(l->client) == SERVICE_OK)
        line_write(l, SIZE_MAX);
    service_client_free(l->client);
    free(l->rest);
    if (l->fd >= 0)
        close(l->fd);
    *l = (crowd_line){.fd = -1};
}

short line_events(crowd_line *l, int deaf)
{
    int events = l->rest_size == 0 && !deaf ? POLLIN : 0;
    size_t n;

    if (l->client != NULL && service_client_output(l->client, &n) != NULL)
        events |= POLLOUT;
    return (short)events;
}

void line_write(crowd_line *l, size_t most)
{
    while (!l->over && most > 0) {
        size_t n;
        const uint8_t *bytes = service_client_output(l->client, &n);
        ssize_t sent;

        if (bytes == NULL)
            return;
        sent = send(l->fd, bytes, n < most ? n : most, MSG_NOSIGNAL);
        /* What the server said before it hung up may still be read. */
        if (sent < 0)
            return;
        service_client_sent(l->client, (size_t)sent, cli_milliseconds());
        most -= (size_t)sent;
    }
}

static void keep(crowd_line *l, const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return;
    l->rest = malloc(n);
    assert_non_null(l->rest);
    memcpy(l->rest, bytes, n);
    l->rest_size = n;
}

void line_read(crowd_line *l)
{
    static uint8_t bytes[READ_BYTES];
    size_t used = 0;
    ssize_t got;

    if (l->rest_size > 0 || l->over)
        return;
    got = recv(l->fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 ||
        service_client_feed(l->client, &used, bytes, (size_t)got, cli_milliseconds()) != SERVICE_OK)
        l->over = 1;
    else
        keep(l, bytes + used, (size_t)got - used);
}

/* Brings what was left; returns 1 when some of it was taken. */
static int feed_rest(crowd_line *l)
{
    uint8_t *bytes = l->rest;
    size_t n = l->rest_size, used = 0;

    if (n == 0 || l->over)
        return 0;
    l->rest = NULL;
    l->rest_size = 0;
    if (service_client_feed(l->client, &used, bytes, n, cli_milliseconds()) != SERVICE_OK)
        l->over = 1;
    else
        keep(l, bytes + used, n - used);
    free(bytes);
    return used > 0;
}

int line_news(crowd_line *l, service_news *n)
{
    do {
        int got = l->client != NULL ? service_client_news(l->client, n) : 0;
        if (got == 1)
            return 1;
        if (got < 0)
            l->over = 1;
    } while (feed_rest(l));
    return 0;
}
