/* The server's machine, and a hostile client: frames of any type, at any time, and an owner who
 * answers as the input says, late or never.
 */
#include <stdlib.h>

#include "service/server.h"
#include "tests/fuzz/service_world.h"

enum { KEYS = 300, REQUEST = 200, REQUESTS = 2, MOST_BYTES = 100000, STALL = 5000, IDLE = 60000 };

const char fuzz_name[] = "service_server";
size_t fuzz_taken;

static const uint8_t plan[100] = {1, 2, 3};
static const service_offer offer = {.plan = plan,
                                    .plan_size = sizeof plan,
                                    .digest = {4, 5, 6},
                                    .keys_bytes = KEYS,
                                    .request_bytes = REQUEST};

typedef struct owner {
    service_world w;
    service_server *s;
    service_event_kind waits; /* an event that the owner has not answered, 0 for none */
    uint32_t stream[REQUESTS];
    uint32_t pending;
    int stats, offered, wanted, finished;
} owner;

/* An action does what it is there for, or comes when it is not the time. */
static void did(owner *o, service_status st, int asked)
{
    fuzz_must(st == (asked || service_server_over(o->s) ? SERVICE_OK : SERVICE_ERR_ARG));
}

static void answer_peer(owner *o, unsigned how)
{
    if (how == 0)
        service_server_reject(o->s, "not this one");
    else
        did(o, service_server_admit(o->s, o->w.now), o->waits == SERVICE_EVENT_PEER);
    if (o->waits == SERVICE_EVENT_PEER)
        o->waits = 0;
}

static void answer_open(owner *o)
{
    int asked = o->waits == SERVICE_EVENT_OPEN;

    did(o, service_server_offer(o->s, &offer, o->w.now), asked);
    if (asked) {
        o->offered = 1;
        o->waits = 0;
    }
}

static void answer_keys(owner *o, int have)
{
    int asked = o->waits == SERVICE_EVENT_KEYS || (o->waits == SERVICE_EVENT_UPLOAD && have);

    did(o, service_server_keys(o->s, have, o->w.now), asked);
    if (asked) {
        o->wanted = !have;
        o->waits = 0;
    }
}

static void answer_request(owner *o, int fault)
{
    int asked = o->pending > 0;
    uint32_t stream = asked ? o->stream[--o->pending] : 1;

    if (fault)
        did(o, service_server_fault(o->s, stream, SERVICE_FAULT_NO_KEYS, "gone\n", o->w.now),
            asked);
    else
        did(o, service_server_respond(o->s, stream, calloc(1, 900), 900, o->w.now), asked);
}

static void answer_by_fault(owner *o)
{
    int asked = o->waits >= SERVICE_EVENT_OPEN;

    did(o, service_server_fault(o->s, 0, SERVICE_FAULT_BUSY, "later", o->w.now), asked);
    if (asked)
        o->waits = 0;
}

static void answer_stat(owner *o)
{
    did(o, service_server_tell(o->s, "{}", 2, o->w.now), o->stats > 0);
    o->stats -= o->stats > 0;
}

/* ---- what the machine says */

static void on_request(owner *o, const service_event *e)
{
    fuzz_must(o->offered && !o->wanted && e->stream != 0 && e->bytes_size <= REQUEST);
    fuzz_must(o->pending < REQUESTS);
    o->stream[o->pending++] = e->stream;
}

static void on_event(owner *o, const service_event *e)
{
    fuzz_must(o->waits == 0);
    switch (e->kind) {
    case SERVICE_EVENT_PEER:
        fuzz_must(!e->has_key);
        break;
    case SERVICE_EVENT_OPEN:
        fuzz_must(*e->name == '\0' || service_name_good(e->name));
        o->offered = 0;
        break;
    case SERVICE_EVENT_KEYS:
        fuzz_must(o->offered && e->size == KEYS);
        break;
    case SERVICE_EVENT_UPLOAD:
        fuzz_must(o->wanted && e->bytes_size == KEYS);
        break;
    case SERVICE_EVENT_REQUEST:
        on_request(o, e);
        fuzz_taken++;
        return;
    case SERVICE_EVENT_STAT:
        fuzz_must(e->format >= SERVICE_STAT_JSON && e->format <= SERVICE_STAT_PROMETHEUS);
        o->stats++;
        return;
    }
    o->waits = e->kind;
}

/* Everything that can be asked of it is well-formed in every state. */
static void look(owner *o)
{
    int64_t due = service_server_deadline(o->s);
    int over = service_server_over(o->s);

    fuzz_must(due == SERVICE_NEVER || due >= 1000);
    fuzz_must(strlen(service_server_why(o->s)) < 400);
    fuzz_must(!over || !service_server_hungry(o->s));
    fuzz_must(over || service_server_status(o->s) == SERVICE_OK);
    fuzz_must(over || service_server_pending(o->s) == o->pending);
    fuzz_must(service_server_counts(o->s).bytes_in <= MOST_BYTES + SERVICE_WORLD_PAYLOAD + 100);
    /* Who neither is waited for nor waits is sent away one day. */
    fuzz_must(due != SERVICE_NEVER || over || o->waits != 0 || o->pending > 0 || o->stats > 0);
}

static void listen_to(owner *o)
{
    service_event e;
    int got;

    while ((got = service_server_event(o->s, &e, o->w.now)) == 1) {
        on_event(o, &e);
        free(e.bytes);
        look(o);
    }
    fuzz_must(got == 0 || (service_server_over(o->s) && got == service_server_status(o->s)));
}

/* ---- bytes */

static void carry_in(owner *o)
{
    size_t n, used;
    const uint8_t *bytes;

    while ((bytes = channel_output(o->w.peer, &n)) != NULL) {
        service_status st;
        n = n < o->w.piece ? n : o->w.piece;
        st = service_server_feed(o->s, &used, bytes, n, o->w.now);
        fuzz_must(used <= n && (st == SERVICE_OK || service_server_over(o->s)));
        channel_consume(o->w.peer, used);
        listen_to(o);
        if (used == 0)
            break;
    }
}

static void carry_out(owner *o, size_t most)
{
    size_t n;
    const uint8_t *bytes;

    while ((bytes = service_server_output(o->s, &n)) != NULL) {
        n = n < most ? n : most;
        service_world_hear(&o->w, bytes, n);
        service_server_sent(o->s, n, o->w.now);
        if (most != SIZE_MAX)
            break;
    }
    listen_to(o);
}

static void wait(owner *o, unsigned seconds)
{
    int64_t due = service_server_deadline(o->s);

    o->w.now += 1000 * (int64_t)seconds;
    if (due == SERVICE_NEVER || o->w.now < due)
        return;
    service_server_late(o->s);
    fuzz_must(service_server_over(o->s));
}

static void step(owner *o)
{
    switch (service_world_byte(&o->w) % 16) {
    case 0:
    case 1:
        service_world_send(&o->w);
        break;
    case 2:
        answer_peer(o, service_world_byte(&o->w));
        break;
    case 3:
        answer_open(o);
        break;
    case 4:
        answer_keys(o, service_world_byte(&o->w) & 1);
        break;
    case 5:
        answer_request(o, service_world_byte(&o->w) & 1);
        break;
    case 6:
        answer_by_fault(o);
        break;
    case 7:
        answer_stat(o);
        break;
    case 8:
        wait(o, service_world_byte(&o->w));
        break;
    case 9:
        service_server_finish(o->s, o->w.now);
        break;
    case 10:
        fuzz_must(service_server_working(o->s, 1, 2, 3, o->w.now) == SERVICE_OK);
        break;
    case 11:
        if (channel_state(o->w.peer) == CHANNEL_OPEN)
            fuzz_must(channel_close(o->w.peer, "enough") == CHANNEL_OK);
        break;
    case 12:
        carry_out(o, service_world_byte(&o->w));
        return;
    case 13:
        carry_in(o);
        return;
    default:
        carry_in(o);
        carry_out(o, SIZE_MAX);
        return;
    }
    listen_to(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    const service_limits limits = {.pace = {STALL, 1000},
                                   .idle_ms = IDLE,
                                   .requests = REQUESTS,
                                   .bytes = MOST_BYTES,
                                   .backlog = 1000};
    owner o = {.s = NULL};
    channel_options options;

    if (size == 0)
        return 0;
    service_world_begin(&o.w, CHANNEL_INITIATOR, in, size);
    options = service_world_options(&o.w);
    fuzz_must(service_server_create(&o.s, &options, &limits, o.w.now, NULL, 0) == SERVICE_OK);
    for (int k = 0; k < SERVICE_WORLD_STEPS && o.w.at < size; k++) {
        step(&o);
        look(&o);
    }
    carry_in(&o);
    carry_out(&o, SIZE_MAX);
    look(&o);
    service_server_free(o.s);
    service_world_end(&o.w);
    return 0;
}
