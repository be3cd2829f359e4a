/* Making channels: options that are wrong, what a new one says, trimming. */
#include "channel/link/state.h"

#include "tests/channels.h"

static void refused(channels *w, int role, const char *part)
{
    char why[200] = "";
    channel *c = (channel *)w;

    assert_int_equal(channel_create(&c, role, &w->options[role & 1], why, sizeof why),
                     CHANNEL_ERR_ARG);
    assert_null(c);
    assert_non_null(strstr(why, part));
    channels_init(w, CHANNEL_SUITE_NOISE);
}

static void options_that_are_wrong(void **state)
{
    channels w;
    channel *c = NULL;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    refused(&w, 2, "role");
    w.options[0].protocol = NULL;
    refused(&w, 0, "name");
    w.options[0].protocol = "Upper";
    refused(&w, 0, "name");
    w.options[1].min_version = 4;
    refused(&w, 1, "version");
    w.options[0].suite_count = 0;
    refused(&w, 0, "suites");
    w.options[0].suite_count = CHANNEL_MAX_SUITES + 1;
    refused(&w, 0, "suites");
    w.options[0].suites[0] = 7;
    refused(&w, 0, "no such suite");
    w.options[0].suites[1] = CHANNEL_SUITE_PLAIN;
    w.options[0].suite_count = 2;
    refused(&w, 0, "plain alone");
    w.options[1].keys = NULL;
    refused(&w, 1, "needs keys");
    w.options[0].max_payload = CHANNEL_MAX_PAYLOAD + 1;
    refused(&w, 0, "max_payload");
    assert_int_equal(channel_create(NULL, 0, &w.options[0], NULL, 0), CHANNEL_ERR_ARG);
    assert_int_equal(channel_create(&c, 0, NULL, NULL, 0), CHANNEL_ERR_ARG);
}

static void a_new_one(void **state)
{
    channels w;
    uint8_t key[32] = {42};

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    channels_create_both(&w);
    for (int side = 0; side < 2; side++) {
        channel *c = w.c[side];
        channel_frame frame = {.type = 1};
        size_t n;

        assert_int_equal(channel_state(c), CHANNEL_HANDSHAKE);
        assert_string_equal(channel_error(c), "");
        assert_int_equal(channel_peer_key(c, key), 0);
        assert_int_equal(key[0], 42);
        assert_int_equal(channel_version(c), 0);
        assert_int_equal(channel_suite(c), -1);
        assert_int_equal(channel_peer_max_payload(c), 0);
        assert_int_equal(channel_room(c), 0);
        assert_int_equal(channel_receive(c, &frame), 0);
        assert_int_equal(channel_send(c, &frame), CHANNEL_ERR_STATE);
        assert_int_equal(channel_accept(c), CHANNEL_ERR_STATE);
        assert_int_equal(channel_reject(c, "x"), CHANNEL_ERR_STATE);
        assert_int_equal(channel_state(c), CHANNEL_HANDSHAKE);
        assert_int_equal(channel_counted(c).bytes_in, 0);
        assert_int_equal(channel_output(c, &n) != NULL, side == CHANNEL_INITIATOR);
        assert_int_equal(channel_backlog(c), n);
    }
    channels_free(&w);
    channel_free(NULL);
}

/* The sentences of others are printed: nothing in them may reach a terminal as a command. */
static void notes_are_clean(void **state)
{
    channels w;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.c[0] = channels_create(&w, 0);
    assert_int_equal(channel_note(w.c[0], -5, "a %s \n%d", "\x1b[2J\xff", 3), -5);
    assert_string_equal(channel_error(w.c[0]), "a ?[2J? ?3");
    assert_int_equal(channel_state(w.c[0]), CHANNEL_HANDSHAKE);
    assert_int_equal(channel_fail(w.c[0], CHANNEL_ERR_CUT, "first"), CHANNEL_ERR_CUT);
    assert_int_equal(channel_fail(w.c[0], CHANNEL_ERR_LIMIT, "second"), CHANNEL_ERR_CUT);
    assert_string_equal(channel_error(w.c[0]), "first");
    channels_free(&w);
}

static void every_call_repeats_the_failure(void **state)
{
    const uint8_t garbage[4] = {'G', 'E', 'T', ' '};
    channel_frame frame = {.type = 1};
    channels w;
    size_t used = 99;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.c[1] = channels_create(&w, 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(channel_feed(w.c[1], &used, garbage, sizeof garbage), CHANNEL_ERR_FORMAT);
    assert_int_equal(used, 0);
    assert_int_equal(channel_state(w.c[1]), CHANNEL_FAILED);
    assert_int_equal(channel_feed_end(w.c[1]), CHANNEL_ERR_FORMAT);
    assert_int_equal(channel_receive(w.c[1], &frame), CHANNEL_ERR_FORMAT);
    assert_int_equal(channel_send(w.c[1], &frame), CHANNEL_ERR_FORMAT);
    assert_int_equal(channel_accept(w.c[1]), CHANNEL_ERR_FORMAT);
    assert_int_equal(channel_reject(w.c[1], "x"), CHANNEL_ERR_FORMAT);
    assert_int_equal(channel_close(w.c[1], NULL), CHANNEL_ERR_FORMAT);
    channels_free(&w);
}

static void trim_gives_back(void **state)
{
    static uint8_t payload[CHANNEL_MAX_PAYLOAD];
    const channel_frame frame = {.type = 1, .payload = payload, .size = sizeof payload};
    channel_frame got;
    channel_status st;
    channels w;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_NOISE);
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    assert_true(w.c[0]->out.capacity > sizeof payload);
    channel_trim(w.c[0]);
    assert_true(w.c[0]->out.capacity > sizeof payload); /* it is not empty */
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(channel_receive(w.c[1], &got), 1);
    channel_trim(w.c[1]);
    assert_int_equal(got.payload[sizeof payload - 1], 0); /* still the caller's */
    assert_int_equal(channel_receive(w.c[1], &got), 0);
    for (int side = 0; side < 2; side++) {
        channel_trim(w.c[side]);
        assert_int_equal(w.c[side]->out.capacity + w.c[side]->text.capacity, 0);
    }
    /* It goes on as before. */
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(channel_receive(w.c[1], &got), 1);
    channels_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_are_wrong), cmocka_unit_test(a_new_one),
        cmocka_unit_test(notes_are_clean),        cmocka_unit_test(every_call_repeats_the_failure),
        cmocka_unit_test(trim_gives_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
