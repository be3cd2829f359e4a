/* The server's machine: a whole conversation in pieces of any size, what may not come, time, the
 * end. */
#include "tests/talk.h"

static void request(talk *t, uint32_t stream, size_t size)
{
    assert_int_equal(
        service_client_request(t->client, stream, talk_bytes(size, (int)stream), size, t->now),
        SERVICE_OK);
}

static void answer(talk *t, uint32_t stream, size_t size)
{
    assert_int_equal(service_server_respond(t->server, stream, talk_bytes(size, 100), size, t->now),
                     SERVICE_OK);
}

static void expect_request(talk *t, uint32_t stream, size_t size)
{
    uint8_t *wanted = talk_bytes(size, (int)stream);
    service_event e;

    talk_expect_event(t, &e, SERVICE_EVENT_REQUEST);
    assert_int_equal(e.stream, stream);
    assert_int_equal(e.bytes_size, size);
    assert_memory_equal(e.bytes, wanted, size);
    free(e.bytes);
    free(wanted);
}

static void expect_response(talk *t, uint32_t stream, size_t size)
{
    uint8_t *wanted = talk_bytes(size, 100);
    service_news n;

    talk_expect_news(t, &n, SERVICE_NEWS_RESPONSE);
    assert_int_equal(n.stream, stream);
    assert_int_equal(n.bytes_size, size);
    assert_memory_equal(n.bytes, wanted, size);
    free(n.bytes);
    free(wanted);
}

/* Keys that the server lacks are sent, then requests are answered, the last one first. */
static void converse(talk *t)
{
    uint8_t digest[SERVICE_DIGEST] = {1};
    service_event e;
    service_news n;

    talk_greet(t);
    talk_open(t);
    assert_int_equal(service_client_keys(t->client, digest, TALK_KEYS, t->now), SERVICE_OK);
    talk_expect_event(t, &e, SERVICE_EVENT_KEYS);
    assert_int_equal(e.size, TALK_KEYS);
    assert_int_equal(service_server_keys(t->server, 0, t->now), SERVICE_OK);
    talk_expect_news(t, &n, SERVICE_NEWS_KEYS);
    assert_int_equal(n.have, 0);
    assert_int_equal(service_client_upload(t->client, talk_keys, TALK_KEYS, t->now), SERVICE_OK);
    talk_expect_event(t, &e, SERVICE_EVENT_UPLOAD);
    assert_int_equal(e.bytes_size, TALK_KEYS);
    assert_memory_equal(e.bytes, talk_keys, TALK_KEYS);
    free(e.bytes);
    assert_int_equal(service_server_keys(t->server, 1, t->now), SERVICE_OK);
    talk_expect_news(t, &n, SERVICE_NEWS_KEYS);
    assert_int_equal(n.have, 1);
    request(t, 5, TALK_REQUEST);
    request(t, 6, 10);
    expect_request(t, 5, TALK_REQUEST);
    expect_request(t, 6, 10);
    answer(t, 6, 300000);
    answer(t, 5, 20);
    expect_response(t, 6, 300000);
    expect_response(t, 5, 20);
}

static void a_whole_conversation(void **state)
{
    static const size_t pieces[] = {SIZE_MAX, 65536, 1000, 37};
    talk t;

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        talk_begin(&t);
        t.piece = pieces[i];
        converse(&t);
        assert_int_equal(service_client_close(t.client), SERVICE_OK);
        talk_to_server(&t);
        assert_int_equal(service_server_event(t.server, &(service_event){.size = 0}, t.now), 0);
        assert_true(service_server_over(t.server));
        assert_int_equal(service_server_status(t.server), SERVICE_OK);
        assert_true(service_server_counts(t.server).bytes_in > TALK_KEYS + TALK_REQUEST);
        talk_end(&t);
    }
}

static void the_same_without_encryption(void **state)
{
    const service_limits limits = {
        .pace = {5000, 1 << 20}, .idle_ms = 60000, .requests = 2, .backlog = 1 << 20};
    talk t;

    (void)state;
    talk_begin_with(&t, CHANNEL_SUITE_PLAIN, &limits);
    converse(&t);
    talk_end(&t);
}

/* A client that has the plan gets its digest only. */
static void a_known_plan_is_not_sent(void **state)
{
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_begin(&t);
    talk_greet(&t);
    assert_int_equal(service_client_open(t.client, "", talk_offer.digest, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_OPEN);
    assert_string_equal(e.name, "");
    assert_int_equal(service_server_offer(t.server, &talk_offer, t.now), SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_PLAN);
    assert_null(n.bytes);
    assert_int_equal(n.requests, 2);
    talk_end(&t);
}

/* Requests beyond what was granted wait outside: the machine takes no more bytes. */
static void too_many_requests_wait(void **state)
{
    service_event e;
    talk t;

    (void)state;
    talk_ready(&t);
    for (uint32_t s = 1; s <= 4; s++)
        request(&t, s, 1000);
    expect_request(&t, 1, 1000);
    expect_request(&t, 2, 1000);
    assert_int_equal(talk_event(&t, &e), 0);
    assert_false(service_server_hungry(t.server));
    assert_int_equal(service_server_pending(t.server), 2);
    /* The client's pause is the server's doing: it is not held against it. */
    assert_int_equal(service_server_deadline(t.server), SERVICE_NEVER);
    answer(&t, 2, 50);
    expect_request(&t, 3, 1000);
    answer(&t, 1, 50);
    expect_request(&t, 4, 1000);
    assert_false(service_server_hungry(t.server));
    talk_end(&t);
}

/* ---- answers ---- */

static void a_peer_can_be_rejected(void **state)
{
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_begin(&t);
    for (int i = 0; i < 4; i++) {
        talk_to_server(&t);
        talk_to_client(&t);
    }
    talk_expect_news(&t, &n, SERVICE_NEWS_PEER);
    assert_int_equal(service_client_admit(t.client, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_PEER);
    assert_memory_equal(e.key, t.client_keys.public_key, CHANNEL_KEY_BYTES);
    service_server_reject(t.server, "you are not on the list");
    assert_true(service_server_over(t.server));
    assert_int_equal(service_server_status(t.server), SERVICE_ERR_REFUSED);
    talk_to_client(&t);
    while (service_client_news(t.client, &n) == 1)
        continue;
    assert_non_null(strstr(service_client_why(t.client), "you are not on the list"));
    talk_end(&t);
}

/* A fault takes the place of any answer, and the conversation goes on from where it was. */
static void faults_leave_the_conversation_open(void **state)
{
    uint8_t digest[SERVICE_DIGEST] = {2};
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_begin(&t);
    talk_greet(&t);
    assert_int_equal(service_client_open(t.client, "other", NULL, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_OPEN);
    assert_int_equal(service_server_fault(t.server, 0, SERVICE_FAULT_NO_MODEL, "no such", t.now),
                     SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_FAULT);
    assert_int_equal(n.fault.code, SERVICE_FAULT_NO_MODEL);
    assert_string_equal(n.fault.text, "no such");
    talk_open(&t);
    assert_int_equal(service_client_keys(t.client, digest, TALK_KEYS, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_KEYS);
    assert_int_equal(service_server_fault(t.server, 0, SERVICE_FAULT_BUSY, "later", t.now),
                     SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_FAULT);
    talk_keys_known(&t);
    request(&t, 9, 10);
    expect_request(&t, 9, 10);
    assert_int_equal(service_server_fault(t.server, 9, SERVICE_FAULT_NO_KEYS, "gone", t.now),
                     SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_FAULT);
    assert_int_equal(n.stream, 9);
    talk_keys_known(&t);
    talk_end(&t);
}

static void answers_nobody_asked_for(void **state)
{
    service_event e;
    talk t;

    (void)state;
    talk_begin(&t);
    assert_int_equal(service_server_admit(t.server, 0), SERVICE_ERR_ARG);
    talk_greet(&t);
    assert_int_equal(service_server_admit(t.server, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_offer(t.server, &talk_offer, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_keys(t.server, 1, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_respond(t.server, 1, NULL, 0, 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_fault(t.server, 0, 1, "", 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_fault(t.server, 1, 1, "", 0), SERVICE_ERR_ARG);
    assert_int_equal(service_server_tell(t.server, "", 0, 0), SERVICE_ERR_ARG);
    assert_int_equal(talk_event(&t, &e), 0);
    talk_end(&t);
}

static void counters_and_progress_are_told(void **state)
{
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_ready(&t);
    assert_int_equal(service_client_stat(t.client, SERVICE_STAT_PROMETHEUS, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_STAT);
    assert_int_equal(e.format, SERVICE_STAT_PROMETHEUS);
    assert_int_equal(service_server_tell(t.server, "text", 4, t.now), SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_STAT);
    assert_int_equal(n.bytes_size, 4);
    assert_memory_equal(n.bytes, "text", 4);
    free(n.bytes);
    request(&t, 3, 10);
    expect_request(&t, 3, 10);
    assert_int_equal(service_server_working(t.server, 3, 2, 5, t.now), SERVICE_OK);
    /* A second word on progress is not queued behind the first. */
    assert_int_equal(service_server_working(t.server, 3, 3, 5, t.now), SERVICE_OK);
    talk_expect_news(&t, &n, SERVICE_NEWS_WORKING);
    assert_int_equal(n.step, 2);
    assert_int_equal(n.steps, 5);
    assert_int_equal(talk_news(&t, &n), 0);
    talk_end(&t);
}

/* ---- time ---- */

static void the_slow_are_sent_away(void **state)
{
    const service_limits limits = {
        .pace = {5000, 1000}, .idle_ms = 60000, .requests = 1, .backlog = 1 << 20};
    service_event e;
    service_news n;
    talk t;
    size_t used, size;
    const uint8_t *bytes;

    (void)state;
    talk_begin_with(&t, CHANNEL_SUITE_NOISE, &limits);
    assert_int_equal(service_server_deadline(t.server), 6000); /* the handshake */
    talk_greet(&t);
    assert_int_equal(service_server_deadline(t.server), 6000); /* and the first message */
    t.now = 3000;
    talk_open(&t);
    assert_int_equal(service_server_deadline(t.server), 63000); /* idle */
    t.now = 10000;
    talk_keys_known(&t);
    request(&t, 1, 10000);
    bytes = service_client_output(t.client, &size);
    assert_non_null(bytes);
    assert_int_equal(service_server_feed(t.server, &used, bytes, 3000, t.now), SERVICE_OK);
    service_client_sent(t.client, used, t.now);
    /* Five seconds of standing still; five, and one for each 1000 bytes that came, in all. */
    assert_int_equal(service_server_deadline(t.server), 15000);
    for (t.now = 14000; t.now < 18000; t.now += 4000) {
        bytes = service_client_output(t.client, &size);
        assert_int_equal(service_server_feed(t.server, &used, bytes, 100, t.now), SERVICE_OK);
        service_client_sent(t.client, used, t.now);
    }
    assert_int_equal(service_server_deadline(t.server), 18000);
    assert_int_equal(talk_event(&t, &e), 1);
    free(e.bytes);
    service_server_late(t.server);
    /* That it is told why has its time, too. */
    assert_int_equal(service_server_deadline(t.server), t.now + 5000);
    assert_true(service_server_over(t.server));
    assert_int_equal(service_server_status(t.server), SERVICE_ERR_TIME);
    talk_to_client(&t);
    while (service_client_news(t.client, &n) == 1)
        continue;
    assert_non_null(strstr(service_client_why(t.client), "too slow"));
    talk_end(&t);
}

/* Memory is set aside for keys that are announced: they have to begin to come. */
static void announced_keys_have_to_come(void **state)
{
    uint8_t digest[SERVICE_DIGEST] = {1};
    service_event e;
    talk t;

    (void)state;
    talk_begin(&t);
    talk_greet(&t);
    talk_open(&t);
    assert_int_equal(service_client_keys(t.client, digest, TALK_KEYS, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_KEYS);
    assert_int_equal(service_server_keys(t.server, 0, t.now), SERVICE_OK);
    talk_to_client(&t);
    assert_int_equal(service_server_deadline(t.server), t.now + 5000);
    t.now += 2000; /* word that the server lives gives no more time */
    assert_int_equal(service_server_working(t.server, 0, 0, 0, t.now), SERVICE_OK);
    talk_to_client(&t);
    assert_int_equal(service_server_deadline(t.server), t.now + 3000);
    talk_end(&t);
}

/* What a client sends waits while it fetches what piled up; that time is not held against it. */
static void who_waited_is_forgiven(void **state)
{
    const service_limits limits = {
        .pace = {5000, 1 << 20}, .idle_ms = 60000, .requests = 2, .backlog = 1000};
    service_event e;
    size_t size, used;
    const uint8_t *bytes;
    talk t;

    (void)state;
    talk_begin_with(&t, CHANNEL_SUITE_NOISE, &limits);
    talk_greet(&t);
    talk_open(&t);
    talk_keys_known(&t);
    request(&t, 1, 10);
    expect_request(&t, 1, 10);
    request(&t, 2, 1000);
    bytes = service_client_output(t.client, &size);
    assert_int_equal(service_server_feed(t.server, &used, bytes, 100, t.now), SERVICE_OK);
    service_client_sent(t.client, used, t.now);
    answer(&t, 1, 2000);
    assert_false(service_server_hungry(t.server));
    for (int i = 0; i < 3; i++) {
        t.now += 4000;
        bytes = service_server_output(t.server, &size);
        service_server_sent(t.server, i < 2 ? 100 : size, t.now);
        assert_int_equal(service_server_hungry(t.server), i == 2);
        assert_true(service_server_deadline(t.server) == t.now + (i < 2 ? 1000 - 4000 * i : 5000));
    }
    assert_int_equal(service_server_event(t.server, &e, t.now), 0);
    talk_end(&t);
}

/* An answer that is not fetched is a fault of the client as well. */
static void answers_have_to_be_taken(void **state)
{
    talk t;

    (void)state;
    talk_ready(&t);
    request(&t, 1, 10);
    expect_request(&t, 1, 10);
    assert_int_equal(service_server_deadline(t.server), SERVICE_NEVER);
    t.now = 20000;
    answer(&t, 1, 1000);
    assert_int_equal(service_server_deadline(t.server), 25000);
    expect_response(&t, 1, 1000);
    assert_int_equal(service_server_deadline(t.server), 80000);
    talk_end(&t);
}

static void bytes_of_a_connection_are_bounded(void **state)
{
    const service_limits limits = {.pace = {5000, 1 << 20},
                                   .idle_ms = 60000,
                                   .requests = 2,
                                   .backlog = 1 << 20,
                                   .bytes = 100000};
    service_event e;
    talk t;

    (void)state;
    talk_begin_with(&t, CHANNEL_SUITE_NOISE, &limits);
    talk_greet(&t);
    talk_open(&t);
    talk_keys_known(&t);
    request(&t, 1, TALK_REQUEST);
    assert_int_equal(talk_event(&t, &e), SERVICE_ERR_LIMIT);
    assert_non_null(strstr(service_server_why(t.server), "more bytes"));
    talk_end(&t);
}

/* ---- the end ---- */

static void finish_answers_what_is_under_way(void **state)
{
    service_event e;
    service_news n;
    talk t;

    (void)state;
    talk_ready(&t);
    request(&t, 1, 10);
    expect_request(&t, 1, 10);
    service_server_finish(t.server, t.now);
    service_server_finish(t.server, t.now); /* once is enough */
    talk_expect_news(&t, &n, SERVICE_NEWS_CLOSING);
    assert_int_equal(talk_event(&t, &e), 0);
    assert_false(service_server_over(t.server));
    request(&t, 2, 10); /* it came too late */
    expect_request(&t, 2, 10);
    assert_int_equal(service_server_fault(t.server, 2, SERVICE_FAULT_CLOSING, "ends", t.now),
                     SERVICE_OK);
    answer(&t, 1, 77);
    talk_expect_news(&t, &n, SERVICE_NEWS_FAULT);
    expect_response(&t, 1, 77);
    assert_int_equal(service_server_event(t.server, &e, t.now), SERVICE_OK);
    assert_true(service_server_over(t.server));
    assert_int_equal(service_server_status(t.server), SERVICE_OK);
    assert_int_equal(talk_news(&t, &n), SERVICE_ERR_CLOSED);
    talk_end(&t);
}

static void finish_before_the_greeting(void **state)
{
    talk t;

    (void)state;
    talk_begin(&t);
    service_server_finish(t.server, t.now);
    assert_true(service_server_over(t.server));
    talk_end(&t);
    service_server_free(NULL);
}

static int dry; /* whether memory has run out */

static void *take_memory(void *user, size_t bytes)
{
    (void)user;
    return dry ? NULL : aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void give_memory(void *user, void *p)
{
    (void)user;
    free(p);
}

/* Without memory for a frame nothing more goes out: the conversation is over at once, and not when
 * the peer will have been silent for long. */
static void no_memory_to_send_ends_it(void **state)
{
    const service_limits limits = {
        .pace = {5000, 1 << 20}, .idle_ms = 60000, .requests = 2, .backlog = 1 << 20};
    channel_options o = {.suites = {CHANNEL_SUITE_PLAIN},
                         .suite_count = 1,
                         .allocator = {take_memory, give_memory, NULL}};
    service_event e;
    size_t n;
    talk t;

    (void)state;
    dry = 0;
    talk_begin_with(&t, CHANNEL_SUITE_PLAIN, &limits);
    service_server_free(t.server);
    assert_int_equal(service_server_create(&t.server, &o, &limits, t.now, NULL, 0), SERVICE_OK);
    talk_greet(&t);
    assert_int_equal(service_client_open(t.client, "net", NULL, t.now), SERVICE_OK);
    talk_expect_event(&t, &e, SERVICE_EVENT_OPEN);
    dry = 1;
    assert_int_equal(service_server_offer(t.server, &talk_offer, t.now), SERVICE_OK);
    assert_null(service_server_output(t.server, &n));
    assert_true(service_server_over(t.server));
    assert_int_equal(service_server_status(t.server), SERVICE_ERR_MEMORY);
    assert_non_null(strstr(service_server_why(t.server), "no memory"));
    talk_end(&t);
}

static void bad_limits_are_refused(void **state)
{
    service_limits limits = {.pace = {1, 0}, .requests = 1};
    channel_options o = {.suites = {CHANNEL_SUITE_PLAIN}, .suite_count = 1};
    service_server *s = NULL;

    (void)state;
    assert_int_equal(service_server_create(&s, &o, &limits, 0, NULL, 0), SERVICE_ERR_ARG);
    limits = (service_limits){.pace = {1, 1}, .requests = 0};
    assert_int_equal(service_server_create(&s, &o, &limits, 0, NULL, 0), SERVICE_ERR_ARG);
    limits.requests = 1;
    o.suite_count = 0;
    assert_int_equal(service_server_create(&s, &o, &limits, 0, NULL, 0), CHANNEL_ERR_ARG);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_conversation),
        cmocka_unit_test(the_same_without_encryption),
        cmocka_unit_test(a_known_plan_is_not_sent),
        cmocka_unit_test(too_many_requests_wait),
        cmocka_unit_test(a_peer_can_be_rejected),
        cmocka_unit_test(faults_leave_the_conversation_open),
        cmocka_unit_test(answers_nobody_asked_for),
        cmocka_unit_test(counters_and_progress_are_told),
        cmocka_unit_test(the_slow_are_sent_away),
        cmocka_unit_test(announced_keys_have_to_come),
        cmocka_unit_test(who_waited_is_forgiven),
        cmocka_unit_test(answers_have_to_be_taken),
        cmocka_unit_test(bytes_of_a_connection_are_bounded),
        cmocka_unit_test(finish_answers_what_is_under_way),
        cmocka_unit_test(finish_before_the_greeting),
        cmocka_unit_test(no_memory_to_send_ends_it),
        cmocka_unit_test(bad_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
