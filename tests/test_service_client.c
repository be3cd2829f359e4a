/* The client's machine against a server that does not keep to the protocol, and its own limits. The
 * good conversation is in test_service_server. */
#include "tests/talk.h"

/* A server written by hand over a bare channel. */
typedef struct forger {
    channel *channel;
    service_client *client;
    channel_keys keys;
} forger;

static void carry(forger *f)
{
    for (int i = 0; i < 8; i++) {
        size_t n, used;
        const uint8_t *bytes = service_client_output(f->client, &n);
        if (bytes != NULL) {
            assert_int_equal(channel_feed(f->channel, &used, bytes, n), CHANNEL_OK);
            service_client_sent(f->client, used, 0);
        }
        bytes = channel_output(f->channel, &n);
        if (bytes != NULL) {
            if (service_client_feed(f->client, &used, bytes, n, 0) != SERVICE_OK)
                used = n;
            channel_consume(f->channel, used);
        }
    }
}

static void begin(forger *f)
{
    const service_pace pace = {5000, 1 << 20};
    channel_options o = {.protocol = "unseen-ask",
                         .min_version = 1,
                         .max_version = 1,
                         .suites = {CHANNEL_SUITE_NOISE},
                         .suite_count = 1,
                         .keys = &f->keys};
    service_news n;

    assert_int_equal(channel_keys_create(&f->keys, NULL), CHANNEL_OK);
    assert_int_equal(channel_create(&f->channel, CHANNEL_RESPONDER, &o, NULL, 0), CHANNEL_OK);
    assert_int_equal(service_client_create(&f->client, &o, &pace, 1000, NULL, 0), SERVICE_OK);
    carry(f);
    assert_int_equal(service_client_news(f->client, &n), 1);
    assert_int_equal(n.kind, SERVICE_NEWS_PEER);
    assert_true(n.has_key);
    assert_memory_equal(n.key, f->keys.public_key, CHANNEL_KEY_BYTES);
    assert_int_equal(service_client_admit(f->client, 0), SERVICE_OK);
    carry(f);
    assert_int_equal(channel_accept(f->channel), CHANNEL_OK);
    carry(f);
    assert_int_equal(service_client_news(f->client, &n), 1);
    assert_int_equal(n.kind, SERVICE_NEWS_READY);
}

static void end(forger *f)
{
    channel_free(f->channel);
    service_client_free(f->client);
}

/* The client's messages are of no interest here. */
static void swallow(forger *f)
{
    channel_frame frame;

    carry(f);
    while (channel_receive(f->channel, &frame) == 1)
        carry(f);
}

static void say(forger *f, uint16_t type, uint32_t stream, const void *bytes, size_t size)
{
    const channel_frame frame = {.type = type, .stream = stream, .payload = bytes, .size = size};

    swallow(f);
    assert_int_equal(channel_send(f->channel, &frame), CHANNEL_OK);
    carry(f);
}

static void refused(forger *f, service_status status, const char *why)
{
    service_news n;
    int got = 0;

    for (int i = 0; i < 4 && got == 0; i++) {
        carry(f);
        got = service_client_news(f->client, &n);
    }
    assert_int_equal(got, status);
    if (strstr(service_client_why(f->client), why) == NULL)
        fail_msg("why is: %s", service_client_why(f->client));
    end(f);
}

static void nothing_comes_unasked(void **state)
{
    static const uint8_t bytes[64] = {1};
    forger f;

    (void)state;
    for (uint16_t type = 0; type < 40; type++) {
        if (type == 22) /* CLOSING */
            continue;
        begin(&f);
        say(&f, type, 0, bytes, 40);
        refused(&f, SERVICE_ERR_PROTOCOL, "may not come now");
    }
    /* One answer to one question. */
    begin(&f);
    assert_int_equal(service_client_stat(f.client, SERVICE_STAT_JSON, 0), SERVICE_OK);
    say(&f, 21, 0, "{}", 2);
    say(&f, 21, 0, "{}", 2);
    {
        service_news n;
        assert_int_equal(service_client_news(f.client, &n), 1);
        free(n.bytes);
    }
    refused(&f, SERVICE_ERR_PROTOCOL, "may not come now");
}

static void malformed_answers(void **state)
{
    static const uint8_t bytes[64] = {0};
    static uint8_t large[2000];
    forger f;

    (void)state;
    begin(&f);
    assert_int_equal(service_client_open(f.client, "a", NULL, 0), SERVICE_OK);
    say(&f, 16, 0, bytes, 39);
    refused(&f, SERVICE_ERR_PROTOCOL, "plan is malformed");
    begin(&f);
    assert_int_equal(service_client_open(f.client, "a", NULL, 0), SERVICE_OK);
    say(&f, 19, 0, bytes, 1);
    refused(&f, SERVICE_ERR_PROTOCOL, "fault is malformed");
    begin(&f);
    assert_int_equal(service_client_keys(f.client, bytes, 5, 0), SERVICE_OK);
    say(&f, 17, 0, bytes, 32);
    refused(&f, SERVICE_ERR_PROTOCOL, "keys is malformed");
    begin(&f);
    assert_int_equal(service_client_request(f.client, 1, NULL, 0, 0), SERVICE_OK);
    say(&f, 20, 1, "\2\0\0\0\1\0\0\0", 8);
    refused(&f, SERVICE_ERR_PROTOCOL, "progress is malformed");
    begin(&f);
    assert_int_equal(service_client_request(f.client, 1, NULL, 0, 0), SERVICE_OK);
    say(&f, 18, 1, large, 1001);
    refused(&f, SERVICE_ERR_LIMIT, "more than the 1000 bytes");
}

/* A client that does not want this server sends nothing but its HELLO. */
static void a_server_can_be_rejected(void **state)
{
    service_event e;
    service_news n;
    size_t left;
    talk t;

    (void)state;
    talk_begin(&t);
    talk_to_server(&t);
    talk_to_client(&t);
    talk_expect_news(&t, &n, SERVICE_NEWS_PEER);
    assert_memory_equal(n.key, t.server_keys.public_key, CHANNEL_KEY_BYTES);
    assert_null(service_client_output(t.client, &left));
    service_client_reject(t.client, "another key");
    assert_null(service_client_output(t.client, &left));
    assert_true(service_client_news(t.client, &n) < 0);
    assert_int_equal(service_server_event(t.server, &e, t.now), 0);
    talk_end(&t);
}

static void actions_out_of_their_time(void **state)
{
    uint8_t digest[SERVICE_DIGEST] = {0};
    talk t;

    (void)state;
    talk_begin(&t);
    assert_int_equal(service_client_open(t.client, "", NULL, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_keys(t.client, digest, 1, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_upload(t.client, digest, 1, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_request(t.client, 1, malloc(1), 1, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_stat(t.client, SERVICE_STAT_JSON, 0), SERVICE_ERR_ARG);
    assert_int_not_equal(service_client_admit(t.client, 0), SERVICE_OK);
    talk_greet(&t);
    assert_int_equal(service_client_open(t.client, "no name", NULL, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_keys(t.client, digest, 0, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_upload(t.client, digest, 0, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_request(t.client, 0, malloc(1), 1, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_stat(t.client, 3, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_request(t.client, 1, NULL, 0, 0), SERVICE_OK);
    /* Not while a request is under way. */
    assert_int_equal(service_client_open(t.client, "", NULL, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_client_keys(t.client, digest, 1, 0), SERVICE_ERR_ARG);
    talk_end(&t);
}

static void a_silent_server_is_noticed(void **state)
{
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_begin(&t);
    talk_to_server(&t);
    assert_int_equal(service_client_deadline(t.client), 6000);
    talk_to_client(&t);
    talk_expect_news(&t, &n, SERVICE_NEWS_PEER);
    talk_end(&t);

    talk_ready(&t);
    assert_int_equal(service_client_deadline(t.client), SERVICE_NEVER); /* nothing is expected */
    t.now = 50000;
    assert_int_equal(service_client_request(t.client, 1, NULL, 0, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_REQUEST);
    assert_int_equal(service_client_deadline(t.client), 55000);
    t.now = 54000;
    assert_int_equal(service_server_working(t.server, 1, 1, 2, t.now), SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_WORKING);
    assert_int_equal(service_client_deadline(t.client), 59000);
    talk_end(&t);
    service_client_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_unasked),      cmocka_unit_test(malformed_answers),
        cmocka_unit_test(a_server_can_be_rejected),   cmocka_unit_test(actions_out_of_their_time),
        cmocka_unit_test(a_silent_server_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
