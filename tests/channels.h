/* Two channels that talk to each other in one process, for tests of channel/. */
#ifndef UNSEEN_TESTS_CHANNELS_H
#define UNSEEN_TESTS_CHANNELS_H

#include "channel/channel.h"
#include "tests/testing.h"

/* An entropy source that repeats itself, and can fail at one of its calls. */
typedef struct channels_entropy {
    testing_rng rng;
    int calls, fail_at; /* counted from 1; 0: never */
} channels_entropy;

static inline int channels_fill(void *user, uint8_t *out, size_t bytes)
{
    channels_entropy *e = user;

    if (++e->calls == e->fail_at)
        return -1;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)testing_u64(&e->rng);
    return 0;
}

typedef struct channels {
    channels_entropy entropy;
    channel_keys keys[2];
    channel_options options[2];
    channel *c[2]; /* the initiator, the responder */
} channels;

/* Options of both sides as most tests want them, with keys; no channels yet. */
static inline void channels_init(channels *w, int suite)
{
    *w = (channels){0};
    testing_rng_init(&w->entropy.rng, testing_seed());
    for (int side = 0; side < 2; side++) {
        const ckks_entropy_source source = {channels_fill, &w->entropy};

        assert_int_equal(channel_keys_create(&w->keys[side], &source), CHANNEL_OK);
        w->options[side] = (channel_options){.protocol = "unseen-test",
                                             .min_version = 1,
                                             .max_version = 3,
                                             .suites = {(uint8_t)suite},
                                             .suite_count = 1,
                                             .keys = &w->keys[side],
                                             .entropy = source};
    }
}

static inline channel *channels_create(const channels *w, int side)
{
    char why[200] = "";
    channel *c = NULL;

    assert_int_equal(channel_create(&c, side, &w->options[side], why, sizeof why), CHANNEL_OK);
    assert_string_equal(why, "");
    assert_non_null(c);
    return c;
}

static inline void channels_create_both(channels *w)
{
    for (int side = 0; side < 2; side++)
        w->c[side] = channels_create(w, side);
}

static inline void channels_free(channels *w)
{
    for (int side = 0; side < 2; side++) {
        channel_free(w->c[side]);
        w->c[side] = NULL;
    }
}

/* Carry what `from` has to send to the other side in pieces of `piece` bytes, as far as it takes
 * it. Returns the bytes that were carried; *st is the last status of feeding. */
static inline size_t channels_carry(channels *w, int from, size_t piece, channel_status *st)
{
    size_t carried = 0;
    size_t n;

    *st = CHANNEL_OK;
    for (;;) {
        const uint8_t *bytes = channel_output(w->c[from], &n);
        size_t used = 0;

        if (n == 0)
            return carried;
        *st = channel_feed(w->c[1 - from], &used, bytes, n < piece ? n : piece);
        channel_consume(w->c[from], used);
        carried += used;
        if (*st != CHANNEL_OK || used == 0)
            return carried;
    }
}

/* Accept on both sides and carry until both are open. */
static inline void channels_open(channels *w, size_t piece)
{
    for (int round = 0; round < 8; round++) {
        for (int side = 0; side < 2; side++) {
            channel_status st;

            (void)channels_carry(w, side, piece, &st);
            assert_int_equal(st, CHANNEL_OK);
            if (channel_state(w->c[1 - side]) == CHANNEL_DECIDE)
                assert_int_equal(channel_accept(w->c[1 - side]), CHANNEL_OK);
        }
    }
    for (int side = 0; side < 2; side++)
        assert_int_equal(channel_state(w->c[side]), CHANNEL_OPEN);
}

/* Both sides, open. */
static inline void channels_start(channels *w, int suite)
{
    channels_init(w, suite);
    channels_create_both(w);
    channels_open(w, SIZE_MAX);
}

/* Byte i of the payload that tests send. */
static inline uint8_t channels_byte(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

#endif
