/* From HELLO to an open channel: what both sides agree on, what they refuse, and what somebody
 * between them can reach: nothing but an end. */
#include <stdio.h>

#include "channel/link/state.h"
#include "ckks/base/bytes.h"
#include "tests/channels.h"

static void both_suites_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 31, 64, SIZE_MAX};

    (void)state;
    for (int suite = 0; suite < 2; suite++) {
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            channels w;

            channels_init(&w, suite);
            w.options[0].max_version = 2;
            w.options[0].max_payload = 5000;
            channels_create_both(&w);
            channels_open(&w, pieces[k]);
            for (int side = 0; side < 2; side++) {
                uint8_t key[32];

                assert_int_equal(channel_version(w.c[side]), 2);
                assert_int_equal(channel_suite(w.c[side]), suite);
                assert_int_equal(channel_peer_key(w.c[side], key), suite == CHANNEL_SUITE_NOISE);
                if (suite == CHANNEL_SUITE_NOISE)
                    assert_memory_equal(key, w.keys[1 - side].public_key, 32);
            }
            assert_int_equal(channel_peer_max_payload(w.c[0]), CHANNEL_MAX_PAYLOAD);
            assert_int_equal(channel_peer_max_payload(w.c[1]), 5000);
            channels_free(&w);
        }
    }
}

/* Nobody goes on, and no key or frame of the initiator leaves it, before it has accepted. */
static void nothing_before_the_decision(void **state)
{
    const uint8_t byte = 0;
    channel_status st;
    channels w;
    size_t n;
    size_t used = 9;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    channels_create_both(&w);
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(channel_state(w.c[1]), CHANNEL_HANDSHAKE); /* it knows nobody yet */
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(channel_state(w.c[0]), CHANNEL_DECIDE);
    assert_null(channel_output(w.c[0], &n));
    assert_int_equal(channel_feed(w.c[0], &used, &byte, 1), CHANNEL_OK);
    assert_int_equal(used, 0);
    assert_int_equal(channel_accept(w.c[0]), CHANNEL_OK);
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(channel_state(w.c[1]), CHANNEL_DECIDE);
    assert_null(channel_output(w.c[1], &n));
    channels_free(&w);
}

static void initiator_rejects(void **state)
{
    channel_status st;
    channels w;
    size_t n;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    channels_create_both(&w);
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(channel_reject(w.c[0], "not the pinned key"), CHANNEL_OK);
    assert_int_equal(channel_state(w.c[0]), CHANNEL_FAILED);
    assert_non_null(strstr(channel_error(w.c[0]), "not the pinned key"));
    assert_null(channel_output(w.c[0], &n));
    assert_int_equal(channel_feed_end(w.c[1]), CHANNEL_ERR_CUT);
    channels_free(&w);
}

static void responder_rejects_and_says_why(void **state)
{
    (void)state;
    for (int suite = 0; suite < 2; suite++) {
        const channel_frame frame = {.type = 3};
        channel_frame got;
        channel_status st;
        channels w;

        channels_init(&w, suite);
        channels_create_both(&w);
        (void)channels_carry(&w, 0, SIZE_MAX, &st);
        if (suite == CHANNEL_SUITE_NOISE) {
            (void)channels_carry(&w, 1, SIZE_MAX, &st);
            assert_int_equal(channel_accept(w.c[0]), CHANNEL_OK);
            assert_int_equal(channel_send(w.c[0], &frame),
                             CHANNEL_OK); /* at once, with message 3 */
            (void)channels_carry(&w, 0, SIZE_MAX, &st);
        }
        assert_int_equal(channel_state(w.c[1]), CHANNEL_DECIDE);
        assert_int_equal(channel_reject(w.c[1], "your key is not on the list\x1b"), CHANNEL_OK);
        assert_int_equal(channel_receive(w.c[1], &got), CHANNEL_ERR_REFUSED);
        (void)channels_carry(&w, 1, SIZE_MAX, &st);
        if (suite == CHANNEL_SUITE_PLAIN) {
            assert_int_equal(channel_accept(w.c[0]), CHANNEL_OK);
            (void)channels_carry(&w, 1, SIZE_MAX, &st);
        }
        assert_int_equal(st, CHANNEL_ERR_REFUSED);
        assert_non_null(strstr(channel_error(w.c[0]), "your key is not on the list?"));
        channels_free(&w);
    }
}

/* Both sides say what both speak. */
static void refused(channels *w, const char *theirs, const char *ours)
{
    channel_status st;

    channels_create_both(w);
    (void)channels_carry(w, 0, SIZE_MAX, &st);
    assert_int_equal(st, CHANNEL_ERR_VERSION);
    assert_non_null(strstr(channel_error(w->c[1]), theirs));
    assert_non_null(strstr(channel_error(w->c[1]), ours));
    (void)channels_carry(w, 1, 7, &st);
    assert_int_equal(st, CHANNEL_ERR_VERSION);
    assert_non_null(strstr(channel_error(w->c[0]), theirs));
    assert_non_null(strstr(channel_error(w->c[0]), ours));
    channels_free(w);
    channels_init(w, CHANNEL_SUITE_NOISE);
}

static void nothing_in_common(void **state)
{
    channels w;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.options[0].min_version = 5;
    w.options[0].max_version = 6;
    refused(&w, "unseen-test versions 5 to 6 over noise", "unseen-test versions 1 to 3 over noise");
    w.options[0].protocol = "other";
    refused(&w, "other versions 1 to 3 over noise", "unseen-test versions 1 to 3");
    w.options[0].suites[0] = CHANNEL_SUITE_PLAIN;
    refused(&w, "over plain", "over noise");
    w.options[1].suites[0] = CHANNEL_SUITE_PLAIN;
    refused(&w, "over noise", "over plain");
}

static void responder_takes_either(void **state)
{
    (void)state;
    for (int suite = 0; suite < 2; suite++) {
        channels w;

        channels_init(&w, suite);
        w.options[1].suites[0] = CHANNEL_SUITE_NOISE;
        w.options[1].suites[1] = CHANNEL_SUITE_PLAIN;
        w.options[1].suite_count = 2;
        channels_create_both(&w);
        channels_open(&w, SIZE_MAX);
        assert_int_equal(channel_suite(w.c[1]), suite);
        channels_free(&w);
    }
}

/* The state after a handshake of which one byte was changed: message 0, 1 or 2 in the order of
 * sending. */
static channel_status tampered(int message, size_t at, uint8_t flip, size_t *size)
{
    channel_status st = CHANNEL_OK;
    channels w;

    channels_init(&w, CHANNEL_SUITE_NOISE);
    channels_create_both(&w);
    for (int i = 0; i < 3 && st == CHANNEL_OK; i++) {
        uint8_t copy[256];
        size_t n;
        size_t used;
        const uint8_t *bytes = channel_output(w.c[i % 2], &n);

        assert_true(n > 0 && n <= sizeof copy);
        memcpy(copy, bytes, n);
        channel_consume(w.c[i % 2], n);
        if (i == message) {
            *size = n;
            copy[at] ^= flip;
        }
        st = channel_feed(w.c[1 - i % 2], &used, copy, n);
        if (st == CHANNEL_OK && i > 0 && channel_state(w.c[1 - i % 2]) != CHANNEL_DECIDE)
            st = channel_feed_end(
                w.c[1 - i % 2]); /* it waits for more: the one between cannot make it */
        if (st == CHANNEL_OK && i == 1)
            assert_int_equal(channel_accept(w.c[0]), CHANNEL_OK);
    }
    if (st != CHANNEL_OK) {
        /* Whatever happened, not both sides may be satisfied with each other. */
        assert_true(channel_state(w.c[0]) == CHANNEL_FAILED ||
                    channel_state(w.c[1]) == CHANNEL_FAILED);
        assert_true(channel_state(w.c[1]) != CHANNEL_OPEN);
    }
    channels_free(&w);
    return st;
}

static void every_byte_of_the_handshake_counts(void **state)
{
    (void)state;
    for (int message = 0; message < 3; message++) {
        size_t size = 1;

        for (size_t at = 0; at < size; at++) {
            for (int bit = 0; bit < 8; bit += testing_long() ? 1 : 5)
                assert_true(tampered(message, at, (uint8_t)(1 << bit), &size) != CHANNEL_OK);
        }
        assert_true(size > 60);
    }
    {
        size_t size;

        assert_int_equal(tampered(-1, 0, 0, &size), CHANNEL_OK);
    }
}

/* Somebody in between lowers the highest version or offers plain: the responder may agree, the
 * initiator sees that its HELLO did not arrive as it was. */
static void no_silent_downgrade(void **state)
{
    channel_status st;
    channels w;
    size_t n;
    size_t used;
    uint8_t *hello;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    channels_create_both(&w);
    hello = w.c[0]->out.bytes + w.c[0]->out.start;
    assert_int_equal(ckks_load_u16le(hello + 14), 3);
    hello[14] = 1;
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(st, CHANNEL_OK);
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(st, CHANNEL_ERR_FORGED);
    channels_free(&w);

    /* The suite: a responder that takes plain too is told so; its plain answer is none. */
    channels_init(&w, CHANNEL_SUITE_NOISE);
    w.options[1].suites[1] = CHANNEL_SUITE_PLAIN;
    w.options[1].suite_count = 2;
    channels_create_both(&w);
    hello = w.c[0]->out.bytes + w.c[0]->out.start;
    hello[CHANNEL_HELLO_START] = CHANNEL_SUITE_PLAIN;
    st = channel_feed(w.c[1], &used, channel_output(w.c[0], &n), n);
    assert_int_equal(st, CHANNEL_OK);
    assert_int_equal(channel_accept(w.c[1]), CHANNEL_OK);
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(st, CHANNEL_ERR_FORMAT);
    channels_free(&w);
}

/* A HELLO that offers plain among others does not come from this program. */
static void plain_among_several(void **state)
{
    channel_hello hello = {.name = "unseen-test",
                           .min_version = 1,
                           .max_version = 1,
                           .suites = {CHANNEL_SUITE_NOISE, CHANNEL_SUITE_PLAIN},
                           .suite_count = 2,
                           .max_payload = 100};
    uint8_t bytes[CHANNEL_HELLO_BYTES];
    channels w;
    size_t used;

    (void)state;
    channels_init(&w, CHANNEL_SUITE_PLAIN);
    w.c[1] = channels_create(&w, 1);
    assert_int_equal(channel_feed(w.c[1], &used, bytes, channel_hello_write(bytes, &hello)),
                     CHANNEL_ERR_FORMAT);
    channels_free(&w);
}

static void answers_that_were_not_asked_for(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t n;
    } bad[] = {
        {{0, 0}, 2},                                  /* empty */
        {{1, 0, 7}, 3},                               /* no such kind */
        {{3, 0, 0, 1, 2}, 5},                         /* a refusal without a HELLO */
        {{1, 0, 2}, 3},                               /* no handshake in it */
        {{9, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0}, 11},      /* plain */
        {{255, 255}, 2},                              /* too long */
        {{'H', 'T', 'T', 'P', '/', '1', '.', '1'}, 8} /* another protocol */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        channels w;
        size_t used;

        channels_init(&w, CHANNEL_SUITE_NOISE);
        w.c[0] = channels_create(&w, 0);
        assert_int_equal(channel_feed(w.c[0], &used, bad[i].bytes, bad[i].n), CHANNEL_ERR_FORMAT);
        channels_free(&w);
    }
    /* Plain, but not a version that was offered. */
    for (uint8_t version = 0; version < 6; version++) {
        const uint8_t bytes[11] = {9, 0, 1, version, 0, CHANNEL_SUITE_PLAIN, 0, 1};
        channels w;
        size_t used;

        channels_init(&w, CHANNEL_SUITE_PLAIN);
        w.c[0] = channels_create(&w, 0);
        assert_int_equal(channel_feed(w.c[0], &used, bytes, sizeof bytes),
                         version >= 1 && version <= 3 ? CHANNEL_OK : CHANNEL_ERR_FORMAT);
        channels_free(&w);
    }
}

/* Random bytes, and random bytes behind a right beginning. */
static void garbage(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(2000); i++) {
        uint8_t bytes[300];
        channel_status st;
        channels w;
        const int side = i % 2;
        size_t start = 0;
        size_t n;
        size_t used;

        channels_init(&w, CHANNEL_SUITE_NOISE);
        channels_create_both(&w);
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)testing_u64(&rng);
        if (i % 4 >= 2) {
            if (side == 0)
                (void)channels_carry(&w, 0, SIZE_MAX, &st);
            start = (size_t)testing_below(&rng, 60);
            memcpy(bytes, channel_output(w.c[1 - side], &n), start);
        }
        st = channel_feed(w.c[side], &used, bytes, sizeof bytes);
        assert_true(st != CHANNEL_OK || channel_state(w.c[side]) == CHANNEL_HANDSHAKE);
        channels_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_suites_in_pieces),
        cmocka_unit_test(nothing_before_the_decision),
        cmocka_unit_test(initiator_rejects),
        cmocka_unit_test(responder_rejects_and_says_why),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(responder_takes_either),
        cmocka_unit_test(every_byte_of_the_handshake_counts),
        cmocka_unit_test(no_silent_downgrade),
        cmocka_unit_test(plain_among_several),
        cmocka_unit_test(answers_that_were_not_asked_for),
        cmocka_unit_test(garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
