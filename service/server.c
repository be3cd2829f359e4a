/* The server's machine. What may come in each state is set in one place, permit(). */
#include "service/server.h"

#include <stdlib.h>
#include <string.h>

#include "service/link.h"
#include "service/message.h"

typedef enum state {
    GREETING, /* the handshake, and the decision about the peer */
    ADMITTED, /* no network yet */
    OFFERED,  /* a network, no keys */
    WANTED,   /* its keys are to come */
    LOADING,  /* they came and are looked at */
    READY,    /* requests */
    OVER
} state;

struct service_server {
    service_link link;
    service_limits limits;
    state state;
    const service_offer *offer;
    service_keys keys;
    service_open open;
    service_event_kind asked; /* of an event that waits for its answer, 0 for none */
    uint32_t pending;
    int stats;     /* STAT events not answered */
    int finishing; /* no more requests */
    service_status status;
    int64_t quiet_since, now; /* now: the latest time that it was told */
    char note[240];           /* why it is over */
};

static uint32_t bit(int type)
{
    return (uint32_t)1 << type;
}

static void permit(service_server *s)
{
    size_t *limit = s->link.limit;
    uint32_t allowed = 0;

    limit[SERVICE_TYPE_OPEN] = SERVICE_DIGEST + SERVICE_NAME_MOST;
    limit[SERVICE_TYPE_KEYS] = SERVICE_KEYS_BYTES;
    limit[SERVICE_TYPE_STAT] = 1;
    if (s->offer != NULL) {
        limit[SERVICE_TYPE_KEYS_DATA] = (size_t)s->offer->keys_bytes;
        limit[SERVICE_TYPE_REQUEST] = s->offer->request_bytes;
    }
    switch (s->state) {
    case ADMITTED:
        allowed = bit(SERVICE_TYPE_OPEN) | bit(SERVICE_TYPE_STAT);
        break;
    case OFFERED:
        allowed = bit(SERVICE_TYPE_OPEN) | bit(SERVICE_TYPE_KEYS) | bit(SERVICE_TYPE_STAT);
        break;
    case WANTED:
        allowed = bit(SERVICE_TYPE_KEYS_DATA);
        break;
    case READY:
        allowed = bit(SERVICE_TYPE_REQUEST) | bit(SERVICE_TYPE_STAT);
        if (s->pending == 0)
            allowed |= bit(SERVICE_TYPE_OPEN) | bit(SERVICE_TYPE_KEYS);
        break;
    case GREETING:
    case LOADING:
    case OVER:
        break;
    }
    s->link.allowed = allowed;
}

/* The first reason stays. */
static service_status end(service_server *s, service_status status, const char *why)
{
    if (s->state != OVER) {
        size_t n = strlen(why) < sizeof s->note ? strlen(why) : sizeof s->note - 1;
        memcpy(s->note, why, n);
        s->note[n] = '\0';
        s->status = status;
        s->state = OVER;
        s->asked = 0;
        /* Even its last words have to be taken in time. */
        if (s->link.out_since == SERVICE_NEVER)
            s->link.out_since = s->link.out_last = s->now;
        permit(s);
    }
    return status;
}

static service_status fail(service_server *s, service_status status)
{
    return end(s, status, service_link_why(&s->link));
}

/* Our own complaint about the peer goes to it as well, where the channel still can. */
static service_status blame(service_server *s, service_status status, const char *why)
{
    if (channel_state(s->link.channel) == CHANNEL_OPEN &&
        channel_close(s->link.channel, why) != CHANNEL_OK)
        status = SERVICE_ERR_MEMORY;
    return end(s, status, why);
}

service_status service_server_create(service_server **out, const channel_options *options,
                                     const service_limits *limits, int64_t now, char *why,
                                     size_t why_size)
{
    channel_options o = *options;
    service_server *s;
    service_status st;

    *out = NULL;
    if (limits->requests == 0 || limits->pace.bytes_per_second < 1)
        return SERVICE_ERR_ARG;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return SERVICE_ERR_MEMORY;
    o.protocol = SERVICE_PROTOCOL;
    o.min_version = o.max_version = SERVICE_VERSION;
    st = service_link_init(&s->link, CHANNEL_RESPONDER, &o, &limits->pace, why, why_size);
    if (st != SERVICE_OK) {
        service_server_free(s);
        return st;
    }
    s->limits = *limits;
    service_link_expect(&s->link, now);
    s->quiet_since = s->now = now;
    permit(s);
    *out = s;
    return SERVICE_OK;
}

void service_server_free(service_server *s)
{
    if (s == NULL)
        return;
    service_link_clear(&s->link);
    free(s);
}

service_status service_server_feed(service_server *s, size_t *used, const uint8_t *bytes, size_t n,
                                   int64_t now)
{
    service_status st;

    *used = n;
    s->now = now;
    if (s->state == OVER)
        return SERVICE_OK;
    st = service_link_feed(&s->link, used, bytes, n, now);
    if (st != SERVICE_OK)
        return fail(s, st);
    if (s->limits.bytes != 0 && channel_counted(s->link.channel).bytes_in > s->limits.bytes)
        return blame(s, SERVICE_ERR_LIMIT, "more bytes came than one connection is granted");
    return SERVICE_OK;
}

/* ---- messages to events ---- */

static int ask(service_server *s, service_event *e, service_event_kind kind)
{
    e->kind = kind;
    s->asked = kind;
    return 1;
}

static int bad(service_server *s, const char *what)
{
    return blame(s, SERVICE_ERR_PROTOCOL, what);
}

static int on_open(service_server *s, service_event *e, const service_message *m)
{
    if (!service_open_read(&s->open, m->bytes, m->size))
        return bad(s, "the message that opens a network is malformed");
    s->state = ADMITTED;
    s->offer = NULL;
    e->name = s->open.name;
    return ask(s, e, SERVICE_EVENT_OPEN);
}

static int on_keys(service_server *s, service_event *e, const service_message *m)
{
    if (!service_keys_read(&s->keys, m->bytes, m->size))
        return bad(s, "the message that names keys is malformed");
    if (s->keys.size != s->offer->keys_bytes)
        return bad(s, "evaluation keys of this size are not those that the plan asks for");
    s->state = OFFERED;
    e->size = s->keys.size;
    memcpy(e->digest, s->keys.digest, SERVICE_DIGEST);
    return ask(s, e, SERVICE_EVENT_KEYS);
}

static int on_keys_data(service_server *s, service_event *e, service_message *m)
{
    if (m->size != s->keys.size)
        return bad(s, "fewer bytes of evaluation keys came than were announced");
    s->state = LOADING;
    memcpy(e->digest, s->keys.digest, SERVICE_DIGEST);
    e->bytes = m->bytes;
    e->bytes_size = m->size;
    m->bytes = NULL;
    return ask(s, e, SERVICE_EVENT_UPLOAD);
}

static int on_request(service_server *s, service_event *e, service_message *m)
{
    if (m->stream == 0)
        return bad(s, "a request has the number 0");
    s->pending++;
    e->kind = SERVICE_EVENT_REQUEST;
    e->stream = m->stream;
    e->bytes = m->bytes;
    e->bytes_size = m->size;
    m->bytes = NULL;
    return 1;
}

static int on_stat(service_server *s, service_event *e, const service_message *m)
{
    if (m->size != 1 || m->bytes[0] < SERVICE_STAT_JSON || m->bytes[0] > SERVICE_STAT_PROMETHEUS)
        return bad(s, "the counters are asked for in an unknown form");
    s->stats++;
    e->kind = SERVICE_EVENT_STAT;
    e->format = m->bytes[0];
    return 1;
}

static int dispatch(service_server *s, service_event *e, service_message *m)
{
    int got;

    switch (m->type) {
    case SERVICE_TYPE_OPEN:
        got = on_open(s, e, m);
        break;
    case SERVICE_TYPE_KEYS:
        got = on_keys(s, e, m);
        break;
    case SERVICE_TYPE_KEYS_DATA:
        got = on_keys_data(s, e, m);
        break;
    case SERVICE_TYPE_REQUEST:
        got = on_request(s, e, m);
        break;
    default:
        got = on_stat(s, e, m);
        break;
    }
    free(m->bytes);
    permit(s);
    return got;
}

/* Whether another message may be looked at: nothing waits for an answer that decides what it means,
 * and what is under way leaves room. */
static int open_for_more(const service_server *s)
{
    return s->state != OVER && s->asked == 0 && s->pending < s->limits.requests && s->stats < 4 &&
           service_link_backlog(&s->link) <= s->limits.backlog;
}

static void check_channel(service_server *s)
{
    channel_phase phase = channel_state(s->link.channel);

    if (phase == CHANNEL_CLOSED)
        end(s, SERVICE_OK, "");
    else if (phase == CHANNEL_FAILED)
        end(s, SERVICE_ERR_CLOSED, channel_error(s->link.channel));
}

/* After service_server_finish: the end, once nothing is owed any more. */
static void settle(service_server *s)
{
    if (s->finishing && s->state != OVER && s->pending == 0 && s->asked == 0 && s->stats == 0 &&
        service_link_backlog(&s->link) == 0) {
        if (channel_close(s->link.channel, NULL) == CHANNEL_OK)
            end(s, SERVICE_OK, "");
        else
            end(s, SERVICE_ERR_MEMORY, channel_error(s->link.channel));
    }
}

int service_server_event(service_server *s, service_event *e, int64_t now)
{
    service_message m;
    int got;

    memset(e, 0, sizeof *e);
    s->now = now;
    if (!open_for_more(s))
        return s->state == OVER ? s->status : 0;
    if (s->state == GREETING) {
        if (channel_state(s->link.channel) != CHANNEL_DECIDE)
            return 0;
        e->has_key = channel_peer_key(s->link.channel, e->key);
        return ask(s, e, SERVICE_EVENT_PEER);
    }
    got = service_link_receive(&s->link, &m);
    if (got == 1) {
        s->quiet_since = now;
        return dispatch(s, e, &m);
    }
    if (got == SERVICE_ERR_PROTOCOL || got == SERVICE_ERR_LIMIT)
        return blame(s, got, service_link_why(&s->link));
    if (got < 0)
        return fail(s, got);
    check_channel(s);
    settle(s);
    return s->state == OVER ? s->status : 0;
}

/* ---- output and time ---- */

const uint8_t *service_server_output(service_server *s, size_t *n)
{
    const uint8_t *bytes = service_link_output(&s->link, n);

    /* What the peer did wrong was found when it came; what fails here is memory for frames. */
    if (channel_state(s->link.channel) == CHANNEL_FAILED)
        end(s, SERVICE_ERR_MEMORY, channel_error(s->link.channel));
    return bytes;
}

void service_server_sent(service_server *s, size_t n, int64_t now)
{
    int full = !open_for_more(s);

    service_link_sent(&s->link, n, now);
    s->quiet_since = s->now = now;
    if (full && open_for_more(s))
        service_link_forgive(&s->link, now);
    settle(s);
}

int service_server_hungry(const service_server *s)
{
    return open_for_more(s);
}

int64_t service_server_deadline(const service_server *s)
{
    int waits = s->pending > 0 || s->asked != 0 || s->stats > 0; /* the client, for us */
    int64_t due;

    if (s->state == OVER)
        return service_link_deadline(&s->link, 0);
    due = service_link_deadline(&s->link, open_for_more(s));
    if (due != SERVICE_NEVER || waits)
        return due;
    return s->quiet_since + s->limits.idle_ms;
}

void service_server_late(service_server *s)
{
    blame(s, SERVICE_ERR_TIME, "the other side was too slow, or silent for too long");
}

int service_server_over(const service_server *s)
{
    return s->state == OVER;
}

const char *service_server_why(const service_server *s)
{
    return s->note;
}

service_status service_server_status(const service_server *s)
{
    return s->status;
}

uint32_t service_server_pending(const service_server *s)
{
    return s->pending;
}

channel_counts service_server_counts(const service_server *s)
{
    return channel_counted(s->link.channel);
}

/* ---- answers ---- */

/* What every answer ends with: st is that of queueing it. */
static service_status answered(service_server *s, service_status st, int64_t now)
{
    if (st != SERVICE_OK)
        return fail(s, st);
    s->quiet_since = s->now = now;
    service_link_forgive(&s->link, now);
    permit(s);
    return SERVICE_OK;
}

service_status service_server_admit(service_server *s, int64_t now)
{
    channel_status st;

    if (s->state == OVER)
        return SERVICE_OK;
    if (s->asked != SERVICE_EVENT_PEER)
        return SERVICE_ERR_ARG;
    s->asked = 0;
    st = channel_accept(s->link.channel);
    if (st != CHANNEL_OK)
        return end(s, st, channel_error(s->link.channel));
    s->state = ADMITTED;
    return answered(s, SERVICE_OK, now);
}

void service_server_reject(service_server *s, const char *why)
{
    if (s->state != OVER && s->asked == SERVICE_EVENT_PEER) {
        channel_status st = channel_reject(s->link.channel, why);
        end(s, st == CHANNEL_OK ? SERVICE_ERR_REFUSED : st, why);
    }
}

service_status service_server_offer(service_server *s, const service_offer *offer, int64_t now)
{
    int known = memcmp(s->open.plan, offer->digest, SERVICE_DIGEST) == 0;
    size_t size = SERVICE_PLAN_HEAD + (known ? 0 : offer->plan_size);
    service_plan_head head = {.requests = s->limits.requests};
    uint8_t *bytes;

    if (s->state == OVER)
        return SERVICE_OK;
    if (s->asked != SERVICE_EVENT_OPEN)
        return SERVICE_ERR_ARG;
    bytes = malloc(size);
    if (bytes == NULL)
        return end(s, SERVICE_ERR_MEMORY, "no memory for a plan");
    memcpy(head.digest, offer->digest, SERVICE_DIGEST);
    service_plan_head_write(bytes, &head);
    if (!known)
        memcpy(bytes + SERVICE_PLAN_HEAD, offer->plan, offer->plan_size);
    s->asked = 0;
    s->offer = offer;
    s->state = OFFERED;
    return answered(s, service_link_send(&s->link, SERVICE_TYPE_PLAN, 0, bytes, size, now), now);
}

service_status service_server_keys(service_server *s, int have, int64_t now)
{
    uint8_t bytes[SERVICE_STATE_BYTES];
    service_keys_state m = {.have = have};

    if (s->state == OVER)
        return SERVICE_OK;
    if (s->asked != SERVICE_EVENT_KEYS && (s->asked != SERVICE_EVENT_UPLOAD || !have))
        return SERVICE_ERR_ARG;
    s->asked = 0;
    s->state = have ? READY : WANTED;
    memcpy(m.digest, s->keys.digest, SERVICE_DIGEST);
    service_keys_state_write(bytes, &m);
    /* Memory is set aside for keys on their way: they have to come. */
    if (!have)
        service_link_expect(&s->link, now);
    return answered(
        s, service_link_copy(&s->link, SERVICE_TYPE_KEYS_STATE, 0, bytes, sizeof bytes, now), now);
}

service_status service_server_respond(service_server *s, uint32_t stream, uint8_t *bytes,
                                      size_t size, int64_t now)
{
    if (s->state == OVER || s->pending == 0) {
        free(bytes);
        return s->state == OVER ? SERVICE_OK : SERVICE_ERR_ARG;
    }
    s->pending--;
    return answered(s, service_link_send(&s->link, SERVICE_TYPE_RESPONSE, stream, bytes, size, now),
                    now);
}

/* Where the conversation stands after the answer to `asked` was a fault. */
static state after_fault(const service_server *s)
{
    if (s->asked == SERVICE_EVENT_OPEN)
        return ADMITTED;
    return s->asked == SERVICE_EVENT_KEYS || s->asked == SERVICE_EVENT_UPLOAD ? OFFERED : s->state;
}

service_status service_server_fault(service_server *s, uint32_t stream, uint16_t code,
                                    const char *text, int64_t now)
{
    uint8_t bytes[2 + SERVICE_TEXT_MOST];
    service_fault m;

    if (s->state == OVER)
        return SERVICE_OK;
    if (stream == 0 ? s->asked < SERVICE_EVENT_OPEN : s->pending == 0)
        return SERVICE_ERR_ARG;
    if (stream == 0) {
        s->state = after_fault(s);
        s->asked = 0;
    } else {
        s->pending--;
    }
    service_fault_set(&m, code, text);
    return answered(s,
                    service_link_copy(&s->link, SERVICE_TYPE_FAULT, stream, bytes,
                                      service_fault_write(bytes, &m), now),
                    now);
}

service_status service_server_tell(service_server *s, const char *text, size_t size, int64_t now)
{
    if (s->state == OVER)
        return SERVICE_OK;
    if (s->stats == 0)
        return SERVICE_ERR_ARG;
    s->stats--;
    return answered(s, service_link_copy(&s->link, SERVICE_TYPE_STAT_TEXT, 0, text, size, now),
                    now);
}

service_status service_server_working(service_server *s, uint32_t stream, uint32_t step,
                                      uint32_t steps, int64_t now)
{
    uint8_t bytes[SERVICE_WORKING_BYTES];
    const service_working m = {step, steps};
    service_status st;

    if (s->state == OVER || service_link_backlog(&s->link) > 0)
        return SERVICE_OK;
    service_working_write(bytes, &m);
    st = service_link_copy(&s->link, SERVICE_TYPE_WORKING, stream, bytes, sizeof bytes, now);
    /* No answer: it gives the client no more time for what it is to send. */
    return st == SERVICE_OK ? st : fail(s, st);
}

void service_server_finish(service_server *s, int64_t now)
{
    if (s->state == OVER || s->finishing)
        return;
    s->finishing = 1;
    if (s->state == GREETING)
        (void)end(s, SERVICE_OK, "");
    else if (service_link_copy(&s->link, SERVICE_TYPE_CLOSING, 0, NULL, 0, now) != SERVICE_OK)
        (void)fail(s, SERVICE_ERR_MEMORY);
}
