/* The k-th allocation and the k-th draw of randomness of a whole session fail, for every k: the
 * side it happens to says so, the other sees the connection end, nothing is lost but the session.
 */
#include <stdlib.h>

#include "tests/channels.h"

enum { PAYLOAD = 200000 };

typedef struct memory {
    int calls, fail_at; /* counted from 1; 0: never */
    int blocks;         /* not given back yet */
} memory;

static void *take(void *user, size_t bytes)
{
    memory *m = user;
    void *p = ++m->calls == m->fail_at ? NULL : malloc(bytes);

    m->blocks += p != NULL;
    return p;
}

static void give(void *user, void *p)
{
    memory *m = user;

    m->blocks -= p != NULL;
    free(p);
}

/* Carry from a side to the other, deciding and receiving as it comes. */
static channel_status step(channels *w, int from)
{
    channel *to = w->c[1 - from];
    channel_frame frame;
    channel_status st;
    int got;

    do {
        if (channels_carry(w, from, 50000, &st) == 0 && st == CHANNEL_OK)
            break;
        if (st == CHANNEL_OK && channel_state(to) == CHANNEL_DECIDE)
            st = channel_accept(to);
        while (st == CHANNEL_OK && (got = channel_receive(to, &frame)) != 0) {
            if (got < 0)
                st = got;
            else
                assert_int_equal(frame.payload[frame.size - 1], channels_byte(frame.size - 1));
        }
    } while (st == CHANNEL_OK);
    return st;
}

/* Create, shake hands, one large frame each way, close. */
static channel_status session(channels *w)
{
    static uint8_t payload[PAYLOAD];
    const channel_frame frame = {.type = 1, .payload = payload, .size = sizeof payload};
    channel_status st = CHANNEL_OK;

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = channels_byte(i);
    for (int side = 0; side < 2 && st == CHANNEL_OK; side++) {
        char why[100] = "";

        st = channel_create(&w->c[side], side, &w->options[side], why, sizeof why);
        assert_int_equal(st == CHANNEL_OK, why[0] == '\0');
        assert_int_equal(st == CHANNEL_OK, w->c[side] != NULL);
    }
    for (int i = 0; i < 4 && st == CHANNEL_OK; i++)
        st = step(w, i % 2);
    for (int side = 0; side < 2 && st == CHANNEL_OK; side++) {
        st = channel_send(w->c[side], &frame);
        if (st == CHANNEL_OK)
            st = step(w, side);
    }
    if (st == CHANNEL_OK)
        st = channel_close(w->c[0], NULL);
    if (st == CHANNEL_OK)
        st = step(w, 0);
    return st;
}

static void every_allocation(void **state)
{
    int k = 1;

    (void)state;
    for (;; k++) {
        memory m = {.fail_at = k};
        channels w;
        channel_status st;

        channels_init(&w, CHANNEL_SUITE_NOISE);
        for (int side = 0; side < 2; side++)
            w.options[side].allocator = (ckks_allocator){take, give, &m};
        st = session(&w);
        if (st == CHANNEL_OK) {
            assert_int_equal(channel_state(w.c[1]), CHANNEL_CLOSED);
            assert_true(m.calls < k);
        } else {
            assert_int_equal(st, CHANNEL_ERR_MEMORY);
            for (int side = 0; side < 2; side++) {
                if (w.c[side] != NULL && channel_state(w.c[side]) != CHANNEL_FAILED)
                    assert_int_equal(channel_feed_end(w.c[side]), CHANNEL_ERR_CUT);
            }
        }
        channels_free(&w);
        assert_int_equal(m.blocks, 0);
        if (st == CHANNEL_OK)
            break;
    }
    assert_true(k > 10);
}

static void every_draw(void **state)
{
    int k = 1;

    (void)state;
    for (;; k++) {
        channels w;
        channel_status st;

        channels_init(&w, CHANNEL_SUITE_NOISE);
        w.entropy.fail_at = w.entropy.calls + k;
        st = session(&w);
        channels_free(&w);
        if (st == CHANNEL_OK)
            break;
        assert_int_equal(st, CHANNEL_ERR_ENTROPY);
    }
    assert_int_equal(k, 3); /* an ephemeral key on each side */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
        cmocka_unit_test(every_draw),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
