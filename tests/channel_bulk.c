/* Both sides send as much as they can at once, 16 MiB each and with TEST_LONG 1 GiB, through pipes
 * that hold little: nobody waits for ever, nothing is lost, memory stays what the options allow. */
#include "channel/link/state.h"
#include "tests/channels.h"

enum { PIPE = 40000, BACKLOG = 3 << 20 };

/* Bytes on their way to a side. */
typedef struct pipe {
    uint8_t bytes[PIPE];
    size_t start, end;
} pipe;

typedef struct party {
    uint64_t to_send, sent, received;
    uint64_t frames;
} party;

static uint8_t pattern[CHANNEL_MAX_PAYLOAD + 256];

/* Some frames, as long as there is room. Frame i is the pattern from byte i mod 256 on. */
static int send_some(channel *c, party *p, testing_rng *rng)
{
    int done = 0;

    while (p->sent < p->to_send) {
        size_t size = (size_t)testing_below(rng, testing_below(rng, 4) == 0 ? 1u << 20 : 3000u);
        channel_frame frame = {.type = 1, .payload = pattern + p->frames % 256};
        channel_status st;

        if (size > p->to_send - p->sent)
            size = (size_t)(p->to_send - p->sent);
        frame.size = size;
        st = channel_send(c, &frame);
        if (st == CHANNEL_ERR_FULL)
            break;
        assert_int_equal(st, CHANNEL_OK);
        p->sent += size;
        p->frames++;
        done = 1;
    }
    return done;
}

/* What fits into the pipe. */
static int write_some(channel *c, pipe *to)
{
    size_t n;
    const uint8_t *out = channel_output(c, &n);

    if (to->start > 0) {
        memmove(to->bytes, to->bytes + to->start, to->end - to->start);
        to->end -= to->start;
        to->start = 0;
    }
    if (n > PIPE - to->end)
        n = PIPE - to->end;
    if (n > 0) {
        memcpy(to->bytes + to->end, out, n);
        to->end += n;
        channel_consume(c, n);
    }
    return n > 0;
}

static int read_some(channel *c, pipe *from, party *p, uint64_t *frames)
{
    channel_frame frame;
    size_t used;
    int got;

    assert_int_equal(channel_feed(c, &used, from->bytes + from->start, from->end - from->start),
                     CHANNEL_OK);
    from->start += used;
    if (channel_state(c) == CHANNEL_DECIDE)
        assert_int_equal(channel_accept(c), CHANNEL_OK);
    while ((got = channel_receive(c, &frame)) == 1) {
        assert_memory_equal(frame.payload, pattern + *frames % 256, frame.size);
        p->received += frame.size;
        ++*frames;
    }
    assert_int_equal(got, 0);
    return used > 0;
}

static void both_at_once(int suite, uint64_t amount)
{
    static pipe pipes[2]; /* to the initiator, to the responder */
    party parties[2] = {{.to_send = amount}, {.to_send = amount}};
    uint64_t frames[2] = {0, 0};
    testing_rng rng;
    channels w;

    testing_rng_init(&rng, testing_seed());
    memset(pipes, 0, sizeof pipes);
    channels_init(&w, suite);
    for (int side = 0; side < 2; side++)
        w.options[side].max_backlog = BACKLOG;
    channels_create_both(&w);
    while (parties[0].received < amount || parties[1].received < amount) {
        int moved = 0;

        for (int side = 0; side < 2; side++) {
            channel *c = w.c[side];

            if (channel_state(c) == CHANNEL_OPEN)
                moved |= send_some(c, &parties[side], &rng);
            moved |= write_some(c, &pipes[1 - side]);
            moved |= read_some(c, &pipes[side], &parties[side], &frames[side]);
            assert_true(channel_backlog(c) <= BACKLOG);
            assert_true(c->out.capacity <= 4 * BACKLOG);
            assert_true(c->text.capacity <= 4 * CHANNEL_MAX_PAYLOAD);
            assert_true(c->in.capacity <= 4 * CHANNEL_RECORD_MAX);
        }
        assert_true(moved);
    }
    for (int side = 0; side < 2; side++) {
        assert_int_equal(parties[side].received, amount);
        assert_int_equal(frames[side], parties[1 - side].frames);
    }
    channels_free(&w);
}

static void noise(void **state)
{
    (void)state;
    both_at_once(CHANNEL_SUITE_NOISE, testing_long() ? UINT64_C(1) << 30 : UINT64_C(16) << 20);
}

static void plain(void **state)
{
    (void)state;
    both_at_once(CHANNEL_SUITE_PLAIN, UINT64_C(16) << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise),
        cmocka_unit_test(plain),
    };

    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = channels_byte(i);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
