/* Bytes between a socket and the client's machine. */
#define _XOPEN_SOURCE 700

#include "tools/ask/conversation.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/net/identity.h"
#include "tools/net/state.h"

/* The largest plan file is 32 MiB, a response is smaller. */
enum { READ_BYTES = 256 * 1024, MOST = 1 << 26 };

int conversation_take(conversation_options *o, const char *name, const char *value)
{
    if (strcmp(name, "accept-new") == 0)
        o->policy.accept_new = 1;
    else if (strcmp(name, "server-key") == 0)
        o->policy.fingerprint = value;
    else if (strcmp(name, "identity") == 0)
        o->identity = value;
    else if (strcmp(name, "insecure-plain") == 0)
        o->insecure_plain = 1;
    else if (strcmp(name, "timeout") == 0)
        return cli_real(&o->timeout, name, value, 0.1, 86400.0);
    else
        return CLI_DONE;
    return CLI_OK;
}

static int lost(const conversation *c, const char *why)
{
    return cli_fail(CLI_NETWORK, c->at->text, "the connection was lost: %s; try again", why);
}

int conversation_did(const conversation *c, service_status st)
{
    if (st == SERVICE_OK)
        return CLI_OK;
    return cli_fail_status(st, c->at->text, service_client_why(c->client));
}

int conversation_fault(const conversation *c, const service_fault *f)
{
    static const int codes[] = {CLI_NO_FILE, CLI_DAMAGED, CLI_MISMATCH, CLI_REFUSED, CLI_FAULT};
    int code = f->code < SERVICE_FAULT_LATER ? CLI_PROTOCOL : CLI_BUSY;

    if (f->code >= 1 && f->code <= sizeof codes / sizeof codes[0])
        code = codes[f->code - 1];
    return cli_fail(code, c->at->text, "the server says: %s%s", f->text,
                    code == CLI_BUSY ? "; try again later" : "");
}

/* ---- bytes ---- */

/* Writes as far as the socket takes it. */
static int write_some(conversation *c)
{
    for (;;) {
        size_t n;
        const uint8_t *bytes = service_client_output(c->client, &n);
        ssize_t sent;

        if (bytes == NULL)
            return CLI_OK;
        sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return CLI_OK;
        /* What the server said before it hung up may still be read. */
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return CLI_OK;
        if (sent < 0)
            return lost(c, strerror(errno));
        service_client_sent(c->client, (size_t)sent, cli_milliseconds());
    }
}

static int keep(conversation *c, const uint8_t *bytes, size_t n)
{
    c->rest = malloc(n);
    if (c->rest == NULL)
        return cli_fail(CLI_MEMORY, NULL, "no memory for %zu bytes from the server", n);
    memcpy(c->rest, bytes, n);
    c->rest_size = n;
    return CLI_OK;
}

static int read_some(conversation *c)
{
    static uint8_t bytes[READ_BYTES];
    ssize_t got;
    size_t used = 0;
    int st;

    do
        got = recv(c->fd, bytes, sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return CLI_OK;
    if (got <= 0)
        return lost(c, got < 0 ? strerror(errno) : "the server hung up");
    st = conversation_did(
        c, service_client_feed(c->client, &used, bytes, (size_t)got, cli_milliseconds()));
    return st == CLI_OK && used < (size_t)got ? keep(c, bytes + used, (size_t)got - used) : st;
}

/* Brings what was left. Returns 1 when some of it was taken. */
static int feed_rest(conversation *c, int *st)
{
    size_t used = 0;

    if (c->rest_size == 0)
        return 0;
    *st = conversation_did(
        c, service_client_feed(c->client, &used, c->rest, c->rest_size, cli_milliseconds()));
    c->rest_size -= used;
    memmove(c->rest, c->rest + used, c->rest_size);
    if (c->rest_size == 0) {
        free(c->rest);
        c->rest = NULL;
    }
    return used > 0;
}

static int wait_for_socket(const conversation *c)
{
    struct pollfd p = {.fd = c->fd};
    int64_t due = service_client_deadline(c->client), left = -1;
    size_t n;
    int got, events = 0;

    if (c->rest_size == 0)
        events |= POLLIN;
    if (service_client_output(c->client, &n) != NULL)
        events |= POLLOUT;
    p.events = (short)events;
    if (due != SERVICE_NEVER) {
        left = due - cli_milliseconds();
        if (left <= 0)
            return cli_fail(CLI_NETWORK, c->at->text,
                            "the server was silent for too long; try again, or give it more time "
                            "with --timeout");
    }
    got = poll(&p, 1, left < 0 || left > 60000 ? 60000 : (int)left + 1);
    if (got < 0 && errno == ENOMEM)
        return cli_fail(CLI_MEMORY, c->at->text, "no memory to wait for the server");
    if (got < 0 && errno != EINTR)
        return lost(c, strerror(errno));
    return CLI_OK;
}

int conversation_wait(conversation *c, service_news *n)
{
    int st;

    /* Writing comes first: when that fails, the news say why. */
    while ((st = write_some(c)) == CLI_OK) {
        int got = service_client_news(c->client, n);
        if (got == 1)
            return CLI_OK;
        if (got < 0)
            return conversation_did(c, got);
        if (feed_rest(c, &st) && st == CLI_OK)
            continue;
        if (st == CLI_OK)
            st = wait_for_socket(c);
        if (st == CLI_OK && c->rest_size == 0)
            st = read_some(c);
        if (st != CLI_OK)
            break;
    }
    return st;
}

/* ---- the beginning and the end ---- */

static int decide(conversation *c, const conversation_options *o, const service_news *n)
{
    int st = n->has_key ? known_decide(&o->policy, c->at->text, n->key) : CLI_OK;

    if (st == CLI_OK)
        return conversation_did(c, service_client_admit(c->client, cli_milliseconds()));
    service_client_reject(c->client, "not the key that was expected");
    return st;
}

static int greet(conversation *c, const conversation_options *o)
{
    service_news n;
    int st = conversation_wait(c, &n);

    if (st == CLI_OK && n.kind == SERVICE_NEWS_PEER)
        st = decide(c, o, &n);
    if (st == CLI_OK)
        st = conversation_wait(c, &n);
    if (st == CLI_OK && n.kind != SERVICE_NEWS_READY)
        st = cli_fail(CLI_PROTOCOL, c->at->text, "the server does not greet");
    return st;
}

static int make_client(conversation *c, const conversation_options *o, int plain)
{
    const service_pace pace = {(int64_t)(1e3 * o->timeout), 16384};
    channel_options options = {.suite_count = 1};
    char why[256] = "";
    channel_keys keys;
    int st = CLI_OK;

    memset(&keys, 0, sizeof keys);
    options.suites[0] = plain ? CHANNEL_SUITE_PLAIN : CHANNEL_SUITE_NOISE;
    if (!plain)
        st = identity_open(&keys, o->identity, "identity");
    options.keys = &keys;
    if (st == CLI_OK) {
        st = service_client_create(&c->client, &options, &pace, MOST, why, sizeof why);
        st = st == SERVICE_OK ? CLI_OK : cli_fail_status(st, c->at->text, why);
    }
    ckks_wipe(&keys, sizeof keys);
    return st;
}

int conversation_open(conversation *c, const address *at, const conversation_options *o)
{
    int loopback, st;

    *c = (conversation){.at = at, .fd = -1};
    st = address_connect(&c->fd, &loopback, at, o->timeout);
    if (st == CLI_OK && o->insecure_plain && !loopback)
        st = cli_fail(CLI_REFUSED, at->text,
                      "--insecure-plain is for servers on this machine; leave it out, and the "
                      "connection is encrypted");
    if (st == CLI_OK)
        st = make_client(c, o, address_is_local(at) || o->insecure_plain);
    if (st == CLI_OK)
        st = greet(c, o);
    return st;
}

void conversation_close(conversation *c)
{
    if (c->client != NULL && c->fd >= 0 && service_client_close(c->client) == SERVICE_OK) {
        cli_silent(1); /* it is over in any case */
        (void)write_some(c);
        cli_silent(0);
    }
    service_client_free(c->client);
    free(c->rest);
    if (c->fd >= 0)
        close(c->fd);
    *c = (conversation){.fd = -1};
}
