/* Messages in pieces: sizes around the bounds, order, backlog, allocations that fail. The channel
 * below is plain, so that frames can be written by hand. */
#include "service/link.h"

#include "tests/failing.h"
#include "tests/testing.h"

static const service_pace pace = {1000, 1000};

typedef struct two {
    service_link a, b;
} two;

static void make(service_link *l, int role)
{
    const channel_options o = {.protocol = "test",
                               .min_version = 1,
                               .max_version = 1,
                               .suites = {CHANNEL_SUITE_PLAIN},
                               .suite_count = 1};
    assert_int_equal(service_link_init(l, role, &o, &pace, NULL, 0), SERVICE_OK);
}

/* Moves all that the one has to send and the other takes. */
static void carry(service_link *from, service_link *to)
{
    const uint8_t *bytes;
    size_t n, used;

    while ((bytes = service_link_output(from, &n)) != NULL) {
        assert_int_equal(service_link_feed(to, &used, bytes, n, 0), SERVICE_OK);
        service_link_sent(from, used, 0);
        if (used < n)
            break;
    }
}

static void begin(two *t)
{
    make(&t->a, CHANNEL_INITIATOR);
    make(&t->b, CHANNEL_RESPONDER);
    carry(&t->a, &t->b);
    assert_int_equal(channel_accept(t->b.channel), CHANNEL_OK);
    carry(&t->b, &t->a);
    assert_int_equal(channel_accept(t->a.channel), CHANNEL_OK);
    carry(&t->a, &t->b);
    assert_int_equal(channel_state(t->a.channel), CHANNEL_OPEN);
    assert_int_equal(channel_state(t->b.channel), CHANNEL_OPEN);
    for (int i = 0; i < SERVICE_TYPES; i++)
        t->b.limit[i] = 3 * SERVICE_PIECE;
    t->b.allowed = UINT32_MAX;
}

static void end(two *t)
{
    service_link_clear(&t->a);
    service_link_clear(&t->b);
    service_link_clear(&t->b); /* all zero is fine */
}

static uint8_t *numbers(size_t size)
{
    uint8_t *b = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        b[i] = (uint8_t)(i * 2654435761u >> 24);
    return b;
}

static int receive(two *t, service_message *m)
{
    int got;

    while ((got = service_link_receive(&t->b, m)) == 0) {
        size_t n;
        if (service_link_output(&t->a, &n) == NULL)
            return 0;
        carry(&t->a, &t->b);
    }
    return got;
}

static void sizes_around_the_bounds(void **state)
{
    static const size_t size[] = {
        0,
        1,
        SERVICE_PIECE - 1,
        SERVICE_PIECE,
        SERVICE_PIECE + 1,
        2 * SERVICE_PIECE,
        3 * SERVICE_PIECE - 1,
        3 * SERVICE_PIECE,
    };
    two t;

    (void)state;
    begin(&t);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        uint8_t *bytes = numbers(size[i]);
        service_message m;
        service_status st = i % 3 == 0 ? service_link_send(&t.a, 3, 7, numbers(size[i]), size[i], 0)
                            : i % 3 == 1 ? service_link_copy(&t.a, 3, 7, bytes, size[i], 0)
                                         : service_link_lend(&t.a, 3, 7, bytes, size[i], 0);
        assert_int_equal(st, SERVICE_OK);
        assert_true(service_link_backlog(&t.a) >= size[i]);
        assert_int_equal(receive(&t, &m), 1);
        assert_int_equal(m.type, 3);
        assert_int_equal(m.stream, 7);
        assert_int_equal(m.size, size[i]);
        assert_memory_equal(m.size > 0 ? m.bytes : bytes, bytes, size[i]);
        assert_int_equal(service_link_backlog(&t.a), 0);
        free(m.bytes);
        free(bytes);
    }
    end(&t);
}

static void messages_keep_their_order(void **state)
{
    two t;

    (void)state;
    begin(&t);
    for (uint32_t s = 1; s <= 50; s++)
        assert_int_equal(
            service_link_send(&t.a, (uint16_t)(s % 5), s, numbers(s * 3000), s * 3000, 0),
            SERVICE_OK);
    for (uint32_t s = 1; s <= 50; s++) {
        service_message m;
        assert_int_equal(receive(&t, &m), 1);
        assert_int_equal(m.stream, s);
        assert_int_equal(m.type, s % 5);
        assert_int_equal(m.size, s * 3000);
        free(m.bytes);
    }
    end(&t);
}

static void refused(two *t, service_status status, const char *why)
{
    service_message m;

    assert_int_equal(receive(t, &m), status);
    if (strstr(service_link_why(&t->b), why) == NULL)
        fail_msg("why is: %s", service_link_why(&t->b));
    end(t);
}

static void what_may_not_come(void **state)
{
    two t;

    (void)state;
    begin(&t);
    t.b.allowed = ~(uint32_t)8;
    assert_int_equal(service_link_copy(&t.a, 3, 0, "x", 1, 0), SERVICE_OK);
    refused(&t, SERVICE_ERR_PROTOCOL, "type 3, which may not come now");
    begin(&t);
    assert_int_equal(service_link_copy(&t.a, SERVICE_TYPES, 0, "x", 1, 0), SERVICE_OK);
    refused(&t, SERVICE_ERR_PROTOCOL, "type 32");
    begin(&t);
    t.b.limit[4] = 10;
    assert_int_equal(service_link_copy(&t.a, 4, 0, "elevenbytes", 11, 0), SERVICE_OK);
    refused(&t, SERVICE_ERR_LIMIT, "the 10 bytes");
    begin(&t); /* the second piece is too much: nothing grew beyond the limit */
    t.b.limit[4] = SERVICE_PIECE + 10;
    assert_int_equal(
        service_link_send(&t.a, 4, 0, numbers(SERVICE_PIECE + 11), SERVICE_PIECE + 11, 0),
        SERVICE_OK);
    refused(&t, SERVICE_ERR_LIMIT, "more than the 262154 bytes");
}

/* What is allocated follows what came, whatever the limit is. */
static void memory_follows_what_came(void **state)
{
    const channel_frame piece = {.type = 2,
                                 .flags = SERVICE_FLAG_MORE,
                                 .payload = (const uint8_t *)"0123456789",
                                 .size = 10};
    service_message m;
    two t;

    (void)state;
    begin(&t);
    t.b.limit[2] = SIZE_MAX / 2;
    assert_int_equal(channel_send(t.a.channel, &piece), CHANNEL_OK);
    carry(&t.a, &t.b);
    assert_int_equal(service_link_receive(&t.b, &m), 0);
    assert_true(t.b.in_room <= 20);
    end(&t);
}

static void deadlines(void **state)
{
    size_t n, used;
    const uint8_t *bytes;
    two t;

    (void)state;
    begin(&t);
    t.a.in_since = t.b.in_since = SERVICE_NEVER;
    assert_int_equal(service_link_deadline(&t.b, 1), SERVICE_NEVER);
    assert_int_equal(service_link_copy(&t.a, 3, 0, "0123456789", 10, 500), SERVICE_OK);
    assert_int_equal(service_link_deadline(&t.a, 1), 1500); /* it has to be taken */
    bytes = service_link_output(&t.a, &n);
    assert_int_equal(service_link_feed(&t.b, &used, bytes, 5, 700), SERVICE_OK);
    service_link_sent(&t.a, 5, 700);
    assert_int_equal(service_link_deadline(&t.b, 1), 1700);
    assert_int_equal(service_link_deadline(&t.b, 0), SERVICE_NEVER);
    service_link_forgive(&t.b, 900);
    assert_int_equal(service_link_deadline(&t.b, 1), 1900);
    /* Bytes that came fast give no leave to stand still. */
    t.b.in_got = 1000000000;
    t.b.in_last = 1000;
    assert_int_equal(service_link_deadline(&t.b, 1), 2000);
    t.a.out_sent = 1000000000;
    assert_int_equal(service_link_deadline(&t.a, 1), 1700);
    carry(&t.a, &t.b);
    assert_int_equal(service_link_deadline(&t.a, 1), SERVICE_NEVER);
    end(&t);
}

static void no_memory_is_a_status(void **state)
{
    service_message m;
    two t;

    (void)state;
    begin(&t);
    for (long k = 1; k <= 2; k++) {
        failing_from(k);
        assert_int_equal(service_link_copy(&t.a, 3, 0, "abc", 3, 0), SERVICE_ERR_MEMORY);
        assert_true(failing_stop());
        assert_int_equal(service_link_backlog(&t.a), 0);
    }
    assert_int_equal(service_link_copy(&t.a, 3, 0, "abc", 3, 0), SERVICE_OK);
    carry(&t.a, &t.b);
    failing_from(1);
    assert_int_equal(service_link_receive(&t.b, &m), SERVICE_ERR_MEMORY);
    assert_true(failing_stop());
    assert_non_null(strstr(service_link_why(&t.b), "no memory"));
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_around_the_bounds),
        cmocka_unit_test(messages_keep_their_order),
        cmocka_unit_test(what_may_not_come),
        cmocka_unit_test(memory_follows_what_came),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(no_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
