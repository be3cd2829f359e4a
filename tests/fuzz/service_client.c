/* The client's machine, and a hostile server: frames of any type, at any time, and a user who asks
 * as the input says.
 */
#include <stdlib.h>

#include "service/client.h"
#include "tests/fuzz/service_world.h"

enum { MOST = 1000, STALL = 5000, STREAMS = 200 };

const char fuzz_name[] = "service_client";
size_t fuzz_taken;

typedef struct user {
    service_world w;
    service_client *c;
    int met, ready, over;             /* what has happened */
    int opens, keys, stats, requests; /* questions without an answer */
} user;

/* A question is taken when it is the time for it. */
static void asked(service_status st, int fits, int *count)
{
    fuzz_must(st == (fits ? SERVICE_OK : SERVICE_ERR_ARG));
    *count += fits;
}

static void ask_open(user *u, unsigned how)
{
    static const char *const names[] = {"", "net", "no name", "a.b-c_9"};
    const uint8_t digest[SERVICE_DIGEST] = {1};
    const char *name = names[how & 3];
    service_status st = service_client_open(u->c, name, (how & 4) != 0 ? digest : NULL, u->w.now);

    asked(st, u->ready && u->requests == 0 && (how & 3) != 2, &u->opens);
}

static void ask_keys(user *u, unsigned size)
{
    const uint8_t digest[SERVICE_DIGEST] = {2};
    service_status st = service_client_keys(u->c, digest, size, u->w.now);

    asked(st, u->ready && u->requests == 0 && size > 0, &u->keys);
}

static void upload(user *u)
{
    static const uint8_t bytes[10000];
    service_status st = service_client_upload(u->c, bytes, sizeof bytes, u->w.now);

    asked(st, u->ready, &u->keys);
}

static void request(user *u, uint32_t stream)
{
    uint8_t *bytes = calloc(1, 100);
    service_status st;

    fuzz_must(bytes != NULL);
    st = service_client_request(u->c, stream, bytes, 100, u->w.now);
    asked(st, u->ready && stream > 0, &u->requests);
}

static void ask_stat(user *u, int format)
{
    service_status st = service_client_stat(u->c, format, u->w.now);

    asked(st, u->ready && format >= SERVICE_STAT_JSON && format <= SERVICE_STAT_PROMETHEUS,
          &u->stats);
}

static void decide(user *u, unsigned how)
{
    if (how == 0 && u->met && !u->ready)
        service_client_reject(u->c, "not this one");
    else if (service_client_admit(u->c, u->w.now) == SERVICE_OK)
        fuzz_must(u->met);
}

/* ---- what the machine says */

static void one_of(int *count)
{
    fuzz_must(*count > 0);
    *count -= 1;
}

static void on_fault(user *u, const service_news *n)
{
    fuzz_must(n->fault.code != 0 && strlen(n->fault.text) <= SERVICE_TEXT_MOST);
    fuzz_must(u->opens > 0 || u->keys > 0 || u->requests > 0);
    if (n->stream != 0 && u->requests > 0)
        u->requests--;
    else if (u->keys > 0)
        u->keys--;
    else if (u->opens > 0)
        u->opens--;
}

static void on_news(user *u, const service_news *n)
{
    fuzz_must(n->bytes_size <= MOST && (n->bytes != NULL) == (n->bytes_size > 0));
    fuzz_must(n->kind <= SERVICE_NEWS_READY || u->ready);
    switch (n->kind) {
    case SERVICE_NEWS_PEER:
        fuzz_must(!n->has_key && !u->ready);
        u->met = 1;
        break;
    case SERVICE_NEWS_READY:
        fuzz_must(u->met && !u->ready);
        u->ready = 1;
        break;
    case SERVICE_NEWS_PLAN:
        one_of(&u->opens);
        fuzz_must(n->requests > 0);
        break;
    case SERVICE_NEWS_KEYS:
        one_of(&u->keys);
        fuzz_must(n->have == 0 || n->have == 1);
        break;
    case SERVICE_NEWS_RESPONSE:
        one_of(&u->requests);
        fuzz_taken++;
        break;
    case SERVICE_NEWS_FAULT:
        on_fault(u, n);
        break;
    case SERVICE_NEWS_WORKING:
        fuzz_must(n->step <= n->steps && (u->requests > 0 || u->keys > 0));
        break;
    case SERVICE_NEWS_STAT:
        one_of(&u->stats);
        break;
    case SERVICE_NEWS_CLOSING:
        break;
    }
}

static void listen_to(user *u)
{
    service_news n;
    int got = 0, news = 0;

    while (!u->over && (got = service_client_news(u->c, &n)) == 1) {
        on_news(u, &n);
        free(n.bytes);
        if (n.kind == SERVICE_NEWS_PEER)
            return; /* again until the decision */
        fuzz_must(++news < 10000);
    }
    if (got < 0) {
        fuzz_must(*service_client_why(u->c) != '\0');
        u->over = 1;
    }
}

static void look(const user *u)
{
    int64_t due = service_client_deadline(u->c);

    fuzz_must(due == SERVICE_NEVER || due >= 1000);
    fuzz_must(strlen(service_client_why(u->c)) < 400);
    /* A server that owes an answer is not waited for for ever. */
    fuzz_must(due != SERVICE_NEVER || u->opens + u->keys + u->stats + u->requests == 0);
}

/* ---- bytes */

static void carry_in(user *u)
{
    size_t n, used;
    const uint8_t *bytes;

    while (!u->over && (bytes = channel_output(u->w.peer, &n)) != NULL) {
        service_status st;
        n = n < u->w.piece ? n : u->w.piece;
        st = service_client_feed(u->c, &used, bytes, n, u->w.now);
        fuzz_must(used <= n);
        channel_consume(u->w.peer, used);
        u->over |= st != SERVICE_OK;
        listen_to(u);
        if (used == 0)
            break;
    }
}

static void carry_out(user *u, size_t most)
{
    size_t n;
    const uint8_t *bytes;

    while ((bytes = service_client_output(u->c, &n)) != NULL) {
        n = n < most ? n : most;
        service_world_hear(&u->w, bytes, n);
        service_client_sent(u->c, n, u->w.now);
        if (most != SIZE_MAX)
            break;
    }
}

static void step(user *u)
{
    unsigned what = service_world_byte(&u->w) % 16;

    switch (what) {
    case 0:
    case 1:
        service_world_send(&u->w);
        break;
    case 2:
        decide(u, service_world_byte(&u->w));
        break;
    case 3:
        ask_open(u, service_world_byte(&u->w));
        break;
    case 4:
        ask_keys(u, service_world_byte(&u->w));
        break;
    case 5:
        upload(u);
        break;
    case 6:
        request(u, service_world_byte(&u->w) % STREAMS);
        break;
    case 7:
        ask_stat(u, (int)service_world_byte(&u->w) % 4);
        break;
    case 8:
        u->w.now += 1000 * (int64_t)service_world_byte(&u->w);
        break;
    case 9:
        if (channel_state(u->w.peer) == CHANNEL_OPEN)
            fuzz_must(channel_close(u->w.peer, "enough") == CHANNEL_OK);
        break;
    case 10:
        carry_out(u, service_world_byte(&u->w));
        break;
    case 11:
        carry_in(u);
        break;
    default:
        carry_out(u, SIZE_MAX);
        carry_in(u);
    }
    listen_to(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    const service_pace pace = {STALL, 1000};
    user u = {.c = NULL};
    channel_options options;

    if (size == 0)
        return 0;
    service_world_begin(&u.w, CHANNEL_RESPONDER, in, size);
    options = service_world_options(&u.w);
    fuzz_must(service_client_create(&u.c, &options, &pace, MOST, NULL, 0) == SERVICE_OK);
    for (int k = 0; k < SERVICE_WORLD_STEPS && u.w.at < size && !u.over; k++) {
        step(&u);
        look(&u);
    }
    if (!u.over)
        (void)!service_client_close(u.c);
    carry_out(&u, SIZE_MAX);
    service_client_free(u.c);
    service_world_end(&u.w);
    return 0;
}
