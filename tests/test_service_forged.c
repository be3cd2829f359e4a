/* The server's machine against a client that does not keep to the protocol: written by hand over a
 * bare channel. */
#include "tests/talk.h"

typedef struct forger {
    channel *channel;
    service_server *server;
    channel_keys keys;
} forger;

static void carry(forger *f)
{
    for (int i = 0; i < 8; i++) {
        size_t n, used;
        const uint8_t *bytes = channel_output(f->channel, &n);
        if (bytes != NULL) {
            if (service_server_feed(f->server, &used, bytes, n, 0) != SERVICE_OK)
                used = n;
            channel_consume(f->channel, used);
        }
        bytes = service_server_output(f->server, &n);
        if (bytes != NULL) {
            if (channel_feed(f->channel, &used, bytes, n) != CHANNEL_OK)
                used = n;
            service_server_sent(f->server, used, 0);
        }
    }
}

static void forge_begin(forger *f)
{
    const service_limits limits = {
        .pace = {5000, 1 << 20}, .idle_ms = 60000, .requests = 2, .backlog = 1 << 20};
    channel_options o = {.protocol = "unseen-ask",
                         .min_version = 1,
                         .max_version = 1,
                         .suites = {CHANNEL_SUITE_NOISE},
                         .suite_count = 1,
                         .keys = &f->keys};
    service_event e;

    channel_hash(talk_offer.digest, talk_plan, TALK_PLAN);
    assert_int_equal(channel_keys_create(&f->keys, NULL), CHANNEL_OK);
    assert_int_equal(channel_create(&f->channel, CHANNEL_INITIATOR, &o, NULL, 0), CHANNEL_OK);
    assert_int_equal(service_server_create(&f->server, &o, &limits, 0, NULL, 0), SERVICE_OK);
    carry(f);
    assert_int_equal(channel_accept(f->channel), CHANNEL_OK);
    carry(f);
    assert_int_equal(service_server_event(f->server, &e, 0), 1);
    assert_int_equal(e.kind, SERVICE_EVENT_PEER);
    assert_true(e.has_key);
    assert_memory_equal(e.key, f->keys.public_key, CHANNEL_KEY_BYTES);
    assert_int_equal(service_server_admit(f->server, 0), SERVICE_OK);
}

static void forge_end(forger *f)
{
    channel_free(f->channel);
    service_server_free(f->server);
}

static void forge_send(forger *f, uint16_t type, uint16_t flags, uint32_t stream, const void *bytes,
                       size_t size)
{
    const channel_frame frame = {
        .type = type, .flags = flags, .stream = stream, .payload = bytes, .size = size};
    assert_int_equal(channel_send(f->channel, &frame), CHANNEL_OK);
    carry(f);
}

/* The machine ends with this status, and tells the client why. */
static void forge_refused(forger *f, service_status status, const char *why)
{
    channel_frame frame;
    service_event e;
    int got = 0;

    for (int i = 0; i < 4 && got == 0; i++) {
        carry(f);
        got = service_server_event(f->server, &e, 0);
    }
    assert_int_equal(got, status);
    assert_true(service_server_over(f->server));
    assert_int_equal(service_server_status(f->server), status);
    if (strstr(service_server_why(f->server), why) == NULL)
        fail_msg("why is: %s", service_server_why(f->server));
    do {
        carry(f);
        got = channel_receive(f->channel, &frame);
    } while (got == 1);
    assert_int_equal(got, CHANNEL_ERR_REFUSED);
    assert_non_null(strstr(channel_error(f->channel), why));
    /* Nothing wakes it any more. */
    assert_int_equal(service_server_event(f->server, &e, 0), status);
    assert_false(service_server_hungry(f->server));
    assert_int_equal(service_server_deadline(f->server), SERVICE_NEVER);
    forge_end(f);
}

static void forge_open(forger *f)
{
    uint8_t zeros[SERVICE_DIGEST] = {0};
    service_event e;

    forge_begin(f);
    forge_send(f, 1, 0, 0, zeros, sizeof zeros);
    assert_int_equal(service_server_event(f->server, &e, 0), 1);
    assert_int_equal(service_server_offer(f->server, &talk_offer, 0), SERVICE_OK);
    carry(f);
}

static void types_come_in_their_place(void **state)
{
    uint8_t bytes[100] = {1};
    forger f;

    (void)state;
    for (uint16_t type = 0; type < 40; type++) {
        if (type == 1 || type == 5) /* OPEN, STAT */
            continue;
        forge_begin(&f);
        forge_send(&f, type, 0, 0, bytes, 40);
        forge_refused(&f, SERVICE_ERR_PROTOCOL, "may not come now");
    }
    for (uint16_t type = 3; type <= 4; type++) { /* keys and requests before keys were agreed on */
        forge_open(&f);
        forge_send(&f, type, 0, 1, bytes, 40);
        forge_refused(&f, SERVICE_ERR_PROTOCOL, "may not come now");
    }
}

static void malformed_messages_end_it(void **state)
{
    uint8_t bytes[SERVICE_DIGEST + SERVICE_NAME_MOST + 1];
    forger f;

    (void)state;
    memset(bytes, ' ', sizeof bytes);
    forge_begin(&f);
    forge_send(&f, 1, 0, 0, bytes, 31);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "malformed");
    forge_begin(&f);
    forge_send(&f, 1, 0, 0, bytes, 40); /* a name of blanks */
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "malformed");
    forge_begin(&f);
    forge_send(&f, 1, 0, 0, bytes, sizeof bytes);
    forge_refused(&f, SERVICE_ERR_LIMIT, "more than the 96 bytes");
    forge_begin(&f);
    forge_send(&f, 5, 0, 0, "\3", 1);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "unknown form");
    forge_begin(&f);
    forge_send(&f, 5, 2, 0, "\1", 1);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "unknown flags");
    forge_begin(&f);
    forge_send(&f, 1, 1, 0, NULL, 0);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "empty piece");
    forge_begin(&f);
    forge_send(&f, 1, 1, 0, bytes, 8);
    forge_send(&f, 5, 0, 0, "\1", 1);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "within one of type 1");
}

/* The size of keys has to be that of the plan, before a byte of them is taken. */
static void keys_have_the_size_of_the_plan(void **state)
{
    uint8_t head[40] = {0}, *bytes = talk_bytes(TALK_KEYS, 0);
    service_event e;
    forger f;

    (void)state;
    head[32] = 5;
    forge_open(&f);
    forge_send(&f, 2, 0, 0, head, sizeof head);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "not those that the plan asks for");
    for (int i = 0; i < 4; i++)
        head[32 + i] = (uint8_t)(TALK_KEYS >> (8 * i));
    forge_open(&f);
    forge_send(&f, 2, 0, 0, head, sizeof head);
    assert_int_equal(service_server_event(f.server, &e, 0), 1);
    assert_int_equal(service_server_keys(f.server, 0, 0), SERVICE_OK);
    carry(&f);
    forge_send(&f, 3, 0, 0, bytes, 1000);
    forge_refused(&f, SERVICE_ERR_PROTOCOL, "fewer bytes");
    free(bytes);
}

static void requests_have_the_size_of_the_plan(void **state)
{
    uint8_t head[40] = {0}, *bytes = talk_bytes(TALK_REQUEST + 1, 0);
    service_event e;
    forger f;

    (void)state;
    for (int i = 0; i < 4; i++)
        head[32 + i] = (uint8_t)(TALK_KEYS >> (8 * i));
    for (int oversized = 0; oversized < 2; oversized++) {
        forge_open(&f);
        forge_send(&f, 2, 0, 0, head, sizeof head);
        assert_int_equal(service_server_event(f.server, &e, 0), 1);
        assert_int_equal(service_server_keys(f.server, 1, 0), SERVICE_OK);
        carry(&f);
        if (oversized) {
            forge_send(&f, 4, 0, 1, bytes, TALK_REQUEST + 1);
            forge_refused(&f, SERVICE_ERR_LIMIT, "more than the 200000 bytes");
        } else {
            forge_send(&f, 4, 0, 0, bytes, 10);
            forge_refused(&f, SERVICE_ERR_PROTOCOL, "the number 0");
        }
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_come_in_their_place),
        cmocka_unit_test(malformed_messages_end_it),
        cmocka_unit_test(keys_have_the_size_of_the_plan),
        cmocka_unit_test(requests_have_the_size_of_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
