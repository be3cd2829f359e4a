/* Both sides of a conversation in one process: a client's and a server's machine, and the wire
 * between them, of which bytes can be held back.
 */
#ifndef UNSEEN_TESTS_TALK_H
#define UNSEEN_TESTS_TALK_H

#include "tests/testing.h"

#include "service/client.h"
#include "service/server.h"

enum { TALK_PLAN = 3000, TALK_KEYS = 700000, TALK_REQUEST = 200000, TALK_MOST = 1 << 20 };

static uint8_t talk_plan[TALK_PLAN], talk_keys[TALK_KEYS];
static service_offer talk_offer = {.plan = talk_plan,
                                   .plan_size = TALK_PLAN,
                                   .keys_bytes = TALK_KEYS,
                                   .request_bytes = TALK_REQUEST};

typedef struct talk {
    channel_keys client_keys, server_keys;
    service_client *client;
    service_server *server;
    service_status client_st, server_st; /* the first failure of each */
    size_t piece;                        /* bytes moved at a time */
    int64_t now;
} talk;

static inline void talk_begin_with(talk *t, uint8_t suite, const service_limits *limits)
{
    const service_pace pace = {5000, 1 << 20};
    channel_options o = {.suites = {suite}, .suite_count = 1};

    memset(t, 0, sizeof *t);
    t->piece = SIZE_MAX;
    t->now = 1000;
    assert_int_equal(channel_keys_create(&t->client_keys, NULL), CHANNEL_OK);
    assert_int_equal(channel_keys_create(&t->server_keys, NULL), CHANNEL_OK);
    for (size_t i = 0; i < TALK_PLAN; i++)
        talk_plan[i] = (uint8_t)(7 * i);
    for (size_t i = 0; i < TALK_KEYS; i++)
        talk_keys[i] = (uint8_t)(i * i >> 3);
    channel_hash(talk_offer.digest, talk_plan, TALK_PLAN);
    o.keys = &t->client_keys;
    assert_int_equal(service_client_create(&t->client, &o, &pace, TALK_MOST, NULL, 0), SERVICE_OK);
    o.keys = &t->server_keys;
    assert_int_equal(service_server_create(&t->server, &o, limits, t->now, NULL, 0), SERVICE_OK);
}

static inline void talk_begin(talk *t)
{
    const service_limits limits = {
        .pace = {5000, 1 << 20}, .idle_ms = 60000, .requests = 2, .backlog = 1 << 20};
    talk_begin_with(t, CHANNEL_SUITE_NOISE, &limits);
}

static inline void talk_end(talk *t)
{
    service_client_free(t->client);
    service_server_free(t->server);
}

/** Move what the client has to send, as far as the server takes it. Returns the bytes moved. */
static inline size_t talk_to_server(talk *t)
{
    size_t moved = 0, n, used;
    const uint8_t *bytes;

    while ((bytes = service_client_output(t->client, &n)) != NULL) {
        service_status st;
        n = n < t->piece ? n : t->piece;
        st = service_server_feed(t->server, &used, bytes, n, t->now);
        if (st != SERVICE_OK && t->server_st == SERVICE_OK)
            t->server_st = st;
        service_client_sent(t->client, used, t->now);
        moved += used;
        if (used < n || st != SERVICE_OK)
            break;
    }
    return moved;
}

/** The same the other way. */
static inline size_t talk_to_client(talk *t)
{
    size_t moved = 0, n, used;
    const uint8_t *bytes;

    while ((bytes = service_server_output(t->server, &n)) != NULL) {
        service_status st;
        n = n < t->piece ? n : t->piece;
        st = service_client_feed(t->client, &used, bytes, n, t->now);
        if (st != SERVICE_OK && t->client_st == SERVICE_OK)
            t->client_st = st;
        service_server_sent(t->server, used, t->now);
        moved += used;
        if (used < n || st != SERVICE_OK)
            break;
    }
    return moved;
}

/** Move bytes until the server has an event or a failure, or nothing moves. Returns as
 * service_server_event. */
static inline int talk_event(talk *t, service_event *e)
{
    for (;;) {
        int got = service_server_event(t->server, e, t->now);
        if (got != 0)
            return got;
        if (talk_to_server(t) == 0)
            return 0;
    }
}

/** The same for the client's news. */
static inline int talk_news(talk *t, service_news *n)
{
    for (;;) {
        int got = service_client_news(t->client, n);
        if (got != 0)
            return got;
        if (talk_to_client(t) == 0)
            return 0;
    }
}

static inline void talk_expect_event(talk *t, service_event *e, service_event_kind kind)
{
    assert_int_equal(talk_event(t, e), 1);
    assert_int_equal(e->kind, kind);
}

static inline void talk_expect_news(talk *t, service_news *n, service_news_kind kind)
{
    assert_int_equal(talk_news(t, n), 1);
    assert_int_equal(n->kind, kind);
}

/** The handshake and both decisions. */
static inline void talk_greet(talk *t)
{
    service_event e;
    service_news n;

    /* Who decides first depends on the suite. */
    for (int server = 0, client = 0; !server || client < 2;) {
        if (talk_event(t, &e) == 1) {
            assert_int_equal(e.kind, SERVICE_EVENT_PEER);
            assert_int_equal(service_server_admit(t->server, t->now), SERVICE_OK);
            server = 1;
        }
        if (talk_news(t, &n) == 1) {
            assert_int_equal(n.kind, client == 0 ? SERVICE_NEWS_PEER : SERVICE_NEWS_READY);
            if (client++ == 0)
                assert_int_equal(service_client_admit(t->client, t->now), SERVICE_OK);
        }
        assert_int_equal(t->client_st, SERVICE_OK);
        assert_int_equal(t->server_st, SERVICE_OK);
    }
}

/** The network, of which the client has no plan. */
static inline void talk_open(talk *t)
{
    service_event e;
    service_news n;

    assert_int_equal(service_client_open(t->client, "net", NULL, t->now), SERVICE_OK);
    talk_expect_event(t, &e, SERVICE_EVENT_OPEN);
    assert_string_equal(e.name, "net");
    assert_int_equal(service_server_offer(t->server, &talk_offer, t->now), SERVICE_OK);
    talk_expect_news(t, &n, SERVICE_NEWS_PLAN);
    assert_int_equal(n.bytes_size, TALK_PLAN);
    assert_memory_equal(n.bytes, talk_plan, TALK_PLAN);
    assert_memory_equal(n.digest, talk_offer.digest, SERVICE_DIGEST);
    free(n.bytes);
}

/** The keys, which the server has. */
static inline void talk_keys_known(talk *t)
{
    uint8_t digest[SERVICE_DIGEST];
    service_event e;
    service_news n;

    channel_hash(digest, talk_keys, TALK_KEYS);
    assert_int_equal(service_client_keys(t->client, digest, TALK_KEYS, t->now), SERVICE_OK);
    talk_expect_event(t, &e, SERVICE_EVENT_KEYS);
    assert_memory_equal(e.digest, digest, SERVICE_DIGEST);
    assert_int_equal(service_server_keys(t->server, 1, t->now), SERVICE_OK);
    talk_expect_news(t, &n, SERVICE_NEWS_KEYS);
    assert_int_equal(n.have, 1);
}

/** Up to requests. */
static inline void talk_ready(talk *t)
{
    talk_begin(t);
    talk_greet(t);
    talk_open(t);
    talk_keys_known(t);
}

static inline uint8_t *talk_bytes(size_t size, int first)
{
    uint8_t *b = malloc(size);
    assert_non_null(b);
    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(first + (int)(i % 251));
    return b;
}

#endif
