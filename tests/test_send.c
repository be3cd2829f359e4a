/* What goes out: how frames share records, how much may wait, what is refused. */
#include "channel/link/state.h"

#include "ckks/base/bytes.h"
#include "tests/channels.h"

static uint8_t payload[CHANNEL_MAX_PAYLOAD];

static channel_frame frame_of(size_t size)
{
    return (channel_frame){.type = 7, .flags = 1, .stream = 2, .payload = payload, .size = size};
}

/* In the plain suite the bytes are there to be looked at. */
static void bytes_as_the_header_says(void **state)
{
    static const uint8_t want[] = {2 + 16, 0, 2, 0, 0, 0, 7, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 8};
    channels w;
    const uint8_t *out;
    size_t n;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_PLAIN);
    payload[0] = 9;
    payload[1] = 8;
    assert_int_equal(
        channel_send(
            w.c[0],
            &(channel_frame){
                .type = 7, .flags = 1, .stream = 2, .clock = 99, .payload = payload, .size = 2}),
        CHANNEL_OK);
    out = channel_output(w.c[0], &n);
    assert_int_equal(n, sizeof want);
    assert_memory_equal(out, want, sizeof want);
    channels_free(&w);
}

static void small_frames_share_records(void **state)
{
    const channel_frame frame = frame_of(100);
    channels w;
    size_t n;
    size_t again;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_NOISE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    assert_int_equal(channel_backlog(w.c[0]), 10 * 116 + CHANNEL_RECORD_ADDED);
    (void)channel_output(w.c[0], &n);
    assert_int_equal(n, 10 * 116 + CHANNEL_RECORD_ADDED);
    assert_int_equal(channel_backlog(w.c[0]), n);
    (void)channel_output(w.c[0], &again);
    assert_int_equal(again, n); /* sealed once */
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    (void)channel_output(w.c[0], &again);
    assert_int_equal(again, n + 116 + CHANNEL_RECORD_ADDED);
    channel_consume(w.c[0], 5);
    (void)channel_output(w.c[0], &again);
    assert_int_equal(again, n + 116 + CHANNEL_RECORD_ADDED - 5);
    channels_free(&w);
}

/* Frames whose ends fall before, at and behind the end of a record. */
static void large_frames_fill_records(void **state)
{
    (void)state;
    for (size_t over = 0; over < 4; over++) {
        const size_t size = 2 * CHANNEL_RECORD_TEXT - CHANNEL_FRAME_HEAD + over - 1;
        const channel_frame frame = frame_of(size);
        const uint8_t *out;
        channels w;
        size_t n;

        channels_start(&w, CHANNEL_SUITE_NOISE);
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
        out = channel_output(w.c[0], &n);
        assert_int_equal(n, size + CHANNEL_FRAME_HEAD +
                                (over > 1 ? 3 : 2) * (size_t)CHANNEL_RECORD_ADDED);
        assert_int_equal(ckks_load_u16le(out), CHANNEL_RECORD_MAX);
        channels_free(&w);
    }
}

/* While something waits, whatever channel_room says fits and nothing that leads over the limit
 * does. */
static void backlog_is_bounded(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 70000, 200000};
    testing_rng rng;
    channels w;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.options[0].max_backlog = 300000;
    channels_create_both(&w);
    channels_open(&w, SIZE_MAX);
    for (int i = 0; i < testing_iters(3000); i++) {
        const channel_frame frame = frame_of(sizes[testing_below(&rng, 6)]);
        const size_t room = channel_room(w.c[0]);
        const size_t before = channel_backlog(w.c[0]);
        const channel_status st = channel_send(w.c[0], &frame);

        if (frame.size > 0 && frame.size <= room)
            assert_int_equal(st, CHANNEL_OK);
        if (st != CHANNEL_OK) {
            assert_int_equal(st, CHANNEL_ERR_FULL);
            assert_int_equal(channel_backlog(w.c[0]), before);
            assert_int_equal(channel_state(w.c[0]), CHANNEL_OPEN);
        }
        assert_true(channel_backlog(w.c[0]) <= 300000);
        if (testing_below(&rng, 8) == 0) {
            size_t n;

            (void)channel_output(w.c[0], &n);
            channel_consume(w.c[0], (size_t)testing_below(&rng, n + 1));
        }
    }
    channels_free(&w);
}

static void a_largest_frame_always_goes_alone(void **state)
{
    const channel_frame frame = frame_of(CHANNEL_MAX_PAYLOAD);
    channels w;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.options[0].max_backlog = 1;
    channels_create_both(&w);
    channels_open(&w, SIZE_MAX);
    assert_int_equal(channel_room(w.c[0]), CHANNEL_MAX_PAYLOAD);
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    assert_int_equal(channel_room(w.c[0]), 0);
    assert_int_equal(channel_send(w.c[0], &(channel_frame){.type = 1}), CHANNEL_ERR_FULL);
    channels_free(&w);
}

static void what_is_refused(void **state)
{
    channel_frame frame = frame_of(1001);
    channels w;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.options[1].max_payload = 1000;
    channels_create_both(&w);
    channels_open(&w, SIZE_MAX);
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_ERR_ARG);
    assert_non_null(strstr(channel_error(w.c[0]), "1001"));
    frame.size = CHANNEL_MAX_PAYLOAD + 1;
    assert_int_equal(channel_send(w.c[1], &frame), CHANNEL_ERR_ARG);
    frame.size = 1;
    frame.type = CHANNEL_TYPE_CLOSE;
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_ERR_ARG);
    assert_int_equal(channel_backlog(w.c[0]), 0);
    w.c[0]->counts.clock = UINT32_MAX;
    frame.type = 1;
    assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_ERR_LIMIT);
    assert_int_equal(channel_state(w.c[0]), CHANNEL_FAILED);
    channels_free(&w);
}

static void closing(void **state)
{
    static const char *const why[] = {NULL, "the model is gone"};
    const channel_frame frame = frame_of(10);

    (void)state;
    for (int i = 0; i < 2; i++) {
        channel_frame got;
        channel_status st;
        channels w;
        size_t used = 0;

        channels_start(&w, CHANNEL_SUITE_NOISE);
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
        assert_int_equal(channel_close(w.c[0], why[i]), CHANNEL_OK);
        assert_int_equal(channel_state(w.c[0]), CHANNEL_CLOSED);
        assert_int_equal(channel_close(w.c[0], NULL), CHANNEL_OK); /* nothing more */
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_ERR_STATE);
        (void)channels_carry(&w, 0, SIZE_MAX, &st);
        assert_int_equal(st, CHANNEL_OK);
        assert_int_equal(channel_receive(w.c[1], &got), 1); /* what was sent before */
        assert_int_equal(channel_receive(w.c[1], &got), i == 0 ? 0 : CHANNEL_ERR_REFUSED);
        assert_int_equal(channel_state(w.c[1]), i == 0 ? CHANNEL_CLOSED : CHANNEL_FAILED);
        if (i == 0) {
            assert_int_equal(channel_feed_end(w.c[1]), CHANNEL_OK);
            assert_int_equal(channel_feed(w.c[1], &used, payload, 77), CHANNEL_OK);
            assert_int_equal(used, 77);
        } else {
            assert_non_null(strstr(channel_error(w.c[1]), why[i]));
        }
        channels_free(&w);
    }
}

static void long_reasons_are_cut(void **state)
{
    char why[CHANNEL_MAX_TEXT + 2];
    channel_status st;
    channels w;

    (void)state;
    memset(why, 'w', sizeof why);
    why[sizeof why - 1] = '\0';
    channels_start(&w, CHANNEL_SUITE_NOISE);
    assert_int_equal(channel_close(w.c[1], why), CHANNEL_OK);
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(st, CHANNEL_ERR_REFUSED);
    why[CHANNEL_MAX_TEXT] = '\0';
    assert_non_null(strstr(channel_error(w.c[0]), why));
    channels_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_as_the_header_says),
        cmocka_unit_test(small_frames_share_records),
        cmocka_unit_test(large_frames_fill_records),
        cmocka_unit_test(backlog_is_bounded),
        cmocka_unit_test(a_largest_frame_always_goes_alone),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(closing),
        cmocka_unit_test(long_reasons_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
