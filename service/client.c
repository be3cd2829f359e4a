/* The client's machine. The server is no more trusted than the client is by it: each of its
 * messages may come only where it was asked for. */
#include "service/client.h"

#include <stdlib.h>
#include <string.h>

#include "service/link.h"
#include "service/message.h"

struct service_client {
    service_link link;
    size_t most;
    int admitted; /* 0 before the decision, 1 after it, 2 once the channel is open */
    int opens, keys, stats, requests; /* answers that are expected */
    int64_t since; /* when the server last did something, or was asked; SERVICE_NEVER */
};

static uint32_t bit(int type)
{
    return (uint32_t)1 << type;
}

static void permit(service_client *c)
{
    uint32_t allowed = 0;

    if (c->admitted == 2)
        allowed = bit(SERVICE_TYPE_CLOSING);
    if (c->opens > 0)
        allowed |= bit(SERVICE_TYPE_PLAN) | bit(SERVICE_TYPE_FAULT);
    if (c->keys > 0)
        allowed |=
            bit(SERVICE_TYPE_KEYS_STATE) | bit(SERVICE_TYPE_WORKING) | bit(SERVICE_TYPE_FAULT);
    if (c->requests > 0)
        allowed |= bit(SERVICE_TYPE_RESPONSE) | bit(SERVICE_TYPE_WORKING) | bit(SERVICE_TYPE_FAULT);
    if (c->stats > 0)
        allowed |= bit(SERVICE_TYPE_STAT_TEXT);
    c->link.allowed = allowed;
}

static int expecting(const service_client *c)
{
    return c->admitted != 2 || c->opens > 0 || c->keys > 0 || c->stats > 0 || c->requests > 0;
}

service_status service_client_create(service_client **out, const channel_options *options,
                                     const service_pace *pace, size_t most, char *why,
                                     size_t why_size)
{
    channel_options o = *options;
    service_client *c = calloc(1, sizeof *c);
    service_status st;

    *out = NULL;
    if (c == NULL)
        return SERVICE_ERR_MEMORY;
    o.protocol = SERVICE_PROTOCOL;
    o.min_version = o.max_version = SERVICE_VERSION;
    st = service_link_init(&c->link, CHANNEL_INITIATOR, &o, pace, why, why_size);
    if (st != SERVICE_OK) {
        service_client_free(c);
        return st;
    }
    c->most = most;
    c->since = SERVICE_NEVER;
    c->link.limit[SERVICE_TYPE_PLAN] = most;
    c->link.limit[SERVICE_TYPE_KEYS_STATE] = SERVICE_STATE_BYTES;
    c->link.limit[SERVICE_TYPE_RESPONSE] = most;
    c->link.limit[SERVICE_TYPE_FAULT] = 2 + SERVICE_TEXT_MOST;
    c->link.limit[SERVICE_TYPE_WORKING] = SERVICE_WORKING_BYTES;
    c->link.limit[SERVICE_TYPE_STAT_TEXT] = most;
    *out = c;
    return SERVICE_OK;
}

void service_client_free(service_client *c)
{
    if (c == NULL)
        return;
    service_link_clear(&c->link);
    free(c);
}

service_status service_client_feed(service_client *c, size_t *used, const uint8_t *bytes, size_t n,
                                   int64_t now)
{
    if (n > 0)
        c->since = now;
    return service_link_feed(&c->link, used, bytes, n, now);
}

/* ---- what came ---- */

static int malformed(service_client *c, const char *what)
{
    return service_link_fail(&c->link, SERVICE_ERR_PROTOCOL, "the server's %s is malformed", what);
}

static int on_plan(service_client *c, service_news *n, service_message *m)
{
    service_plan_head head;

    if (!service_plan_head_read(&head, m->bytes, m->size))
        return malformed(c, "plan");
    c->opens--;
    n->kind = SERVICE_NEWS_PLAN;
    n->requests = head.requests;
    memcpy(n->digest, head.digest, SERVICE_DIGEST);
    n->bytes_size = m->size - SERVICE_PLAN_HEAD;
    if (n->bytes_size > 0) {
        memmove(m->bytes, m->bytes + SERVICE_PLAN_HEAD, n->bytes_size);
        n->bytes = m->bytes;
        m->bytes = NULL;
    }
    return 1;
}

static int on_keys_state(service_client *c, service_news *n, const service_message *m)
{
    service_keys_state state;

    if (!service_keys_state_read(&state, m->bytes, m->size))
        return malformed(c, "word on keys");
    c->keys--;
    n->kind = SERVICE_NEWS_KEYS;
    n->have = state.have;
    memcpy(n->digest, state.digest, SERVICE_DIGEST);
    return 1;
}

static int on_fault(service_client *c, service_news *n, const service_message *m)
{
    if (!service_fault_read(&n->fault, m->bytes, m->size))
        return malformed(c, "report of a fault");
    if (m->stream != 0 && c->requests > 0)
        c->requests--;
    else if (c->keys > 0)
        c->keys--;
    else if (c->opens > 0)
        c->opens--;
    n->kind = SERVICE_NEWS_FAULT;
    n->stream = m->stream;
    return 1;
}

static int on_working(service_client *c, service_news *n, const service_message *m)
{
    service_working w;

    if (!service_working_read(&w, m->bytes, m->size))
        return malformed(c, "word on progress");
    n->kind = SERVICE_NEWS_WORKING;
    n->stream = m->stream;
    n->step = w.step;
    n->steps = w.steps;
    return 1;
}

static int on_bytes(service_news *n, service_message *m, service_news_kind kind)
{
    n->kind = kind;
    n->stream = m->stream;
    n->bytes = m->bytes;
    n->bytes_size = m->size;
    m->bytes = NULL;
    return 1;
}

static int dispatch(service_client *c, service_news *n, service_message *m)
{
    int got = 1;

    switch (m->type) {
    case SERVICE_TYPE_PLAN:
        got = on_plan(c, n, m);
        break;
    case SERVICE_TYPE_KEYS_STATE:
        got = on_keys_state(c, n, m);
        break;
    case SERVICE_TYPE_FAULT:
        got = on_fault(c, n, m);
        break;
    case SERVICE_TYPE_WORKING:
        got = on_working(c, n, m);
        break;
    case SERVICE_TYPE_RESPONSE:
        c->requests--;
        got = on_bytes(n, m, SERVICE_NEWS_RESPONSE);
        break;
    case SERVICE_TYPE_STAT_TEXT:
        c->stats--;
        got = on_bytes(n, m, SERVICE_NEWS_STAT);
        break;
    default:
        n->kind = SERVICE_NEWS_CLOSING;
        break;
    }
    free(m->bytes);
    permit(c);
    return got;
}

/* The steps up to the open channel. */
static int greeting(service_client *c, service_news *n)
{
    channel_phase phase = channel_state(c->link.channel);

    if (c->admitted == 0 && phase == CHANNEL_DECIDE) {
        n->kind = SERVICE_NEWS_PEER;
        n->has_key = channel_peer_key(c->link.channel, n->key);
        c->since = SERVICE_NEVER; /* a person may be asked now */
        return 1;
    }
    if (c->admitted == 1 && phase == CHANNEL_OPEN) {
        c->admitted = 2;
        permit(c);
        n->kind = SERVICE_NEWS_READY;
        return 1;
    }
    return 0;
}

int service_client_news(service_client *c, service_news *n)
{
    channel_phase phase = channel_state(c->link.channel);
    service_message m;
    int got;

    memset(n, 0, sizeof *n);
    if (c->admitted < 2 && (phase == CHANNEL_DECIDE || phase == CHANNEL_OPEN))
        return greeting(c, n);
    got = service_link_receive(&c->link, &m);
    if (got == 1)
        return dispatch(c, n, &m);
    if (got < 0)
        return got;
    phase = channel_state(c->link.channel);
    if (phase == CHANNEL_CLOSED)
        return service_link_fail(&c->link, SERVICE_ERR_CLOSED, "the server ended the connection");
    if (phase == CHANNEL_FAILED)
        return service_link_fail(&c->link, SERVICE_ERR_CLOSED, "%s",
                                 channel_error(c->link.channel));
    return 0;
}

/* ---- output and time ---- */

const uint8_t *service_client_output(service_client *c, size_t *n)
{
    return service_link_output(&c->link, n);
}

void service_client_sent(service_client *c, size_t n, int64_t now)
{
    service_link_sent(&c->link, n, now);
    c->since = now;
}

int64_t service_client_deadline(const service_client *c)
{
    int64_t due = service_link_deadline(&c->link, 1);
    int64_t silent = c->since + c->link.pace.stall_ms;

    if (c->since == SERVICE_NEVER || !expecting(c))
        return due;
    return due != SERVICE_NEVER && due < silent ? due : silent;
}

const char *service_client_why(const service_client *c)
{
    return service_link_why(&c->link);
}

channel_counts service_client_counts(const service_client *c)
{
    return channel_counted(c->link.channel);
}

/* ---- actions ---- */

service_status service_client_admit(service_client *c, int64_t now)
{
    channel_status st = channel_accept(c->link.channel);

    if (st != CHANNEL_OK)
        return service_link_fail(&c->link, st, "%s", channel_error(c->link.channel));
    c->admitted = 1;
    c->since = now;
    service_link_forgive(&c->link, now);
    return SERVICE_OK;
}

void service_client_reject(service_client *c, const char *why)
{
    if (channel_reject(c->link.channel, why) != CHANNEL_OK)
        c->since = SERVICE_NEVER; /* it was over already */
}

/* What every question ends with: st is that of queueing it. */
static service_status asked(service_client *c, service_status st, int *count, int64_t now)
{
    if (st == SERVICE_OK) {
        *count += 1;
        c->since = now;
        service_link_forgive(&c->link, now);
        permit(c);
    }
    return st;
}

service_status service_client_open(service_client *c, const char *name, const uint8_t *plan,
                                   int64_t now)
{
    uint8_t bytes[SERVICE_DIGEST + SERVICE_NAME_MOST];
    service_open m = {.name = ""};

    if (c->admitted != 2 || c->requests > 0 || (*name != '\0' && !service_name_good(name)))
        return SERVICE_ERR_ARG;
    memcpy(m.name, name, strlen(name));
    if (plan != NULL)
        memcpy(m.plan, plan, SERVICE_DIGEST);
    return asked(c,
                 service_link_copy(&c->link, SERVICE_TYPE_OPEN, 0, bytes,
                                   service_open_write(bytes, &m), now),
                 &c->opens, now);
}

service_status service_client_keys(service_client *c, const uint8_t digest[SERVICE_DIGEST],
                                   uint64_t size, int64_t now)
{
    uint8_t bytes[SERVICE_KEYS_BYTES];
    service_keys m = {.size = size};

    if (c->admitted != 2 || c->requests > 0 || size == 0)
        return SERVICE_ERR_ARG;
    memcpy(m.digest, digest, SERVICE_DIGEST);
    service_keys_write(bytes, &m);
    return asked(c, service_link_copy(&c->link, SERVICE_TYPE_KEYS, 0, bytes, sizeof bytes, now),
                 &c->keys, now);
}

service_status service_client_upload(service_client *c, const uint8_t *bytes, size_t size,
                                     int64_t now)
{
    if (c->admitted != 2 || size == 0)
        return SERVICE_ERR_ARG;
    return asked(c, service_link_lend(&c->link, SERVICE_TYPE_KEYS_DATA, 0, bytes, size, now),
                 &c->keys, now);
}

service_status service_client_request(service_client *c, uint32_t stream, uint8_t *bytes,
                                      size_t size, int64_t now)
{
    if (c->admitted != 2 || stream == 0) {
        free(bytes);
        return SERVICE_ERR_ARG;
    }
    return asked(c, service_link_send(&c->link, SERVICE_TYPE_REQUEST, stream, bytes, size, now),
                 &c->requests, now);
}

service_status service_client_stat(service_client *c, int format, int64_t now)
{
    uint8_t byte = (uint8_t)format;

    if (c->admitted != 2 || format < SERVICE_STAT_JSON || format > SERVICE_STAT_PROMETHEUS)
        return SERVICE_ERR_ARG;
    return asked(c, service_link_copy(&c->link, SERVICE_TYPE_STAT, 0, &byte, 1, now), &c->stats,
                 now);
}

service_status service_client_close(service_client *c)
{
    channel_status st = channel_close(c->link.channel, NULL);
    return st == CHANNEL_OK ? SERVICE_OK
                            : service_link_fail(&c->link, st, "%s", channel_error(c->link.channel));
}
