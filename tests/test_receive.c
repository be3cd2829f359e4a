/* What comes in: frames of all sizes in pieces of all sizes; bytes changed, lost, repeated, moved;
 * peers that do not keep to the rules. */
#include "channel/link/state.h"

#include "ckks/base/bytes.h"
#include "tests/channels.h"

static uint8_t payload[CHANNEL_MAX_PAYLOAD];

static void fill(void)
{
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = channels_byte(i);
}

/* Send frames of these sizes, carry them in pieces, receive them all. */
static void sizes_in_pieces(int suite, size_t piece, const size_t *sizes, size_t count)
{
    channels w;
    size_t got = 0;
    size_t carried = 0;
    uint32_t clock = 0;

    channels_start(&w, suite);
    for (size_t i = 0; i < count; i++) {
        const channel_frame frame = {.type = (uint16_t)(7 + i),
                                     .flags = (uint16_t)(i * 259),
                                     .stream = (uint32_t)(i * 0x01020304),
                                     .payload = payload + i,
                                     .size = sizes[i]};

        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    }
    while (got < count) {
        channel_frame frame;
        channel_status st;

        carried += channels_carry(&w, 0, piece, &st);
        assert_int_equal(st, CHANNEL_OK);
        assert_int_equal(channel_receive(w.c[1], &frame), 1);
        assert_int_equal(frame.type, 7 + got);
        assert_int_equal(frame.flags, (uint16_t)(got * 259));
        assert_int_equal(frame.stream, (uint32_t)(got * 0x01020304));
        assert_int_equal(frame.size, sizes[got]);
        assert_true(frame.clock > clock);
        clock = frame.clock;
        assert_memory_equal(frame.payload, payload + got, frame.size);
        got++;
    }
    assert_int_equal(channel_counted(w.c[0]).frames_out, count);
    assert_int_equal(channel_counted(w.c[1]).frames_in, count);
    assert_int_equal(channel_counted(w.c[0]).bytes_out, channel_counted(w.c[1]).bytes_in);
    assert_true(channel_counted(w.c[1]).bytes_in > carried);
    channels_free(&w);
}

static void frames_of_all_sizes(void **state)
{
    static const size_t sizes[] = {0,     1,     15,    16,     17, 1000, 65502, 65503,
                                   65504, 65519, 65520, 131022, 0,  0,    3,     150 * 1024};
    static const size_t pieces[] = {1, 2, 17, 1000, 65537, 65538, SIZE_MAX};
    static const size_t largest[] = {CHANNEL_MAX_PAYLOAD - 1, CHANNEL_MAX_PAYLOAD - 1};

    (void)state;
    fill();
    for (int suite = 0; suite < 2; suite++) {
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++)
            sizes_in_pieces(suite, pieces[k], sizes, sizeof sizes / sizeof sizes[0]);
        sizes_in_pieces(suite, 100000, largest, 2);
    }
}

/* A question's answer comes later than the question, whoever has sent more before. */
static void lamport_clock(void **state)
{
    const channel_frame frame = {.type = 1};
    channel_frame got;
    channel_status st;
    channels w;
    uint32_t asked;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_NOISE);
    for (int i = 0; i < 5; i++)
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    (void)channels_carry(&w, 0, SIZE_MAX, &st);
    assert_int_equal(channel_receive(w.c[1], &got), 1);
    while (channel_receive(w.c[1], &got) == 1)
        continue;
    asked = got.clock;
    assert_int_equal(asked, 5);
    assert_int_equal(channel_counted(w.c[1]).clock, 6);
    assert_int_equal(channel_send(w.c[1], &frame), CHANNEL_OK);
    (void)channels_carry(&w, 1, SIZE_MAX, &st);
    assert_int_equal(channel_receive(w.c[0], &got), 1);
    assert_int_equal(got.clock, 7);
    assert_int_equal(channel_counted(w.c[0]).clock, 8);
    channels_free(&w);
}

/* Three records of one frame each, as they would go over the network. */
typedef struct flight {
    uint8_t bytes[3][256];
    size_t n[3];
} flight;

static void take_flight(channels *w, flight *f)
{
    channels_start(w, CHANNEL_SUITE_NOISE);
    for (int i = 0; i < 3; i++) {
        const channel_frame frame = {
            .type = (uint16_t)(i + 1), .payload = payload, .size = (size_t)(20 * i)};
        const uint8_t *out;

        assert_int_equal(channel_send(w->c[0], &frame), CHANNEL_OK);
        out = channel_output(w->c[0], &f->n[i]);
        assert_true(f->n[i] <= sizeof f->bytes[i]);
        memcpy(f->bytes[i], out, f->n[i]);
        channel_consume(w->c[0], f->n[i]);
    }
}

/* Feed n bytes and take all frames. Returns the first failure, or the number of frames. */
static int deliver(channel *c, const uint8_t *bytes, size_t n)
{
    int frames = 0;

    for (;;) {
        channel_frame frame;
        size_t used;
        const channel_status st = channel_feed(c, &used, bytes, n);
        int got;

        if (st != CHANNEL_OK)
            return st;
        bytes += used;
        n -= used;
        while ((got = channel_receive(c, &frame)) == 1)
            frames++;
        if (got < 0)
            return got;
        if (n == 0)
            return frames;
    }
}

static void every_bit_of_a_record_counts(void **state)
{
    flight f;
    channels w;
    size_t n;

    (void)state;
    take_flight(&w, &f);
    n = f.n[0];
    channels_free(&w);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        int got;

        take_flight(&w, &f);
        f.bytes[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
        got = deliver(w.c[1], f.bytes[0], f.n[0]);
        /* A longer size waits for more bytes, which then are wrong. */
        if (got == 0)
            got = deliver(w.c[1], payload, CHANNEL_RECORD_MAX);
        assert_int_equal(got, CHANNEL_ERR_FORGED);
        assert_int_equal(channel_state(w.c[1]), CHANNEL_FAILED);
        channels_free(&w);
    }
}

static void lost_repeated_moved_cut(void **state)
{
    static const struct {
        int order[4]; /* of records, -1: the end */
        int want;
    } cases[] = {{{0, 1, 2, -1}, 1},
                 {{1, -1}, CHANNEL_ERR_FORGED},
                 {{0, 2, -1}, CHANNEL_ERR_FORGED},
                 {{0, 0, -1}, CHANNEL_ERR_FORGED},
                 {{0, 1, 0, -1}, CHANNEL_ERR_FORGED},
                 {{2, 1, 0, -1}, CHANNEL_ERR_FORGED}};

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        flight f;
        channels w;
        int got = 0;

        take_flight(&w, &f);
        for (const int *i = cases[k].order; *i >= 0 && got >= 0; i++)
            got = deliver(w.c[1], f.bytes[*i], f.n[*i]);
        assert_int_equal(got, cases[k].want);
        channels_free(&w);
    }
    for (size_t cut = 1; cut < 36; cut++) {
        flight f;
        channels w;

        take_flight(&w, &f);
        assert_int_equal(deliver(w.c[1], f.bytes[0], f.n[0]), 1);
        assert_int_equal(deliver(w.c[1], f.bytes[1], f.n[1] - cut), 0);
        assert_int_equal(channel_feed_end(w.c[1]), CHANNEL_ERR_CUT);
        channels_free(&w);
    }
}

/* The initiator's own bytes come back, and one session's come in another. */
static void reflected_and_from_elsewhere(void **state)
{
    flight f;
    flight other;
    channels w;
    channels v;

    (void)state;
    take_flight(&w, &f);
    assert_int_equal(deliver(w.c[0], f.bytes[0], f.n[0]), CHANNEL_ERR_FORGED);
    take_flight(&v, &other);
    channels_free(&v);
    channels_init(&v, CHANNEL_SUITE_NOISE);
    (void)testing_u64(&v.entropy.rng); /* other ephemeral keys, the same lasting ones */
    channels_create_both(&v);
    channels_open(&v, SIZE_MAX);
    assert_int_equal(deliver(v.c[1], f.bytes[0], f.n[0]), CHANNEL_ERR_FORGED);
    channels_free(&v);
    channels_free(&w);
}

/* A header as any peer may write one, over the plain suite. */
static int header(uint32_t size, uint16_t type, uint32_t clock)
{
    uint8_t record[CHANNEL_RECORD_HEAD + CHANNEL_FRAME_HEAD] = {CHANNEL_FRAME_HEAD};
    channels w;
    int got;

    channels_init(&w, CHANNEL_SUITE_PLAIN);
    w.options[1].max_payload = 1000;
    channels_create_both(&w);
    channels_open(&w, SIZE_MAX);
    ckks_store_u32le(record + 2, size);
    ckks_store_u16le(record + 6, type);
    ckks_store_u32le(record + 14, clock);
    got = deliver(w.c[1], record, sizeof record);
    assert_true(w.c[1]->text.capacity <= 1024); /* nothing was allocated for what is only claimed */
    channels_free(&w);
    return got;
}

static void claims_are_checked_first(void **state)
{
    (void)state;
    assert_int_equal(header(0, 1, 1), 1);
    assert_int_equal(header(1000, 1, 1), 0);
    assert_int_equal(header(1001, 1, 1), CHANNEL_ERR_LIMIT);
    assert_int_equal(header(UINT32_MAX, 1, 1), CHANNEL_ERR_LIMIT);
    assert_int_equal(header(CHANNEL_MAX_TEXT, CHANNEL_TYPE_CLOSE, 1), 0);
    assert_int_equal(header(CHANNEL_MAX_TEXT + 1, CHANNEL_TYPE_CLOSE, 1), CHANNEL_ERR_LIMIT);
    assert_int_equal(header(0, 1, UINT32_MAX), CHANNEL_ERR_LIMIT);
}

static void garbage_when_open(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(300); i++) {
        uint8_t bytes[600];
        channels w;
        int got;

        channels_start(&w, i % 2);
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)(testing_u64(&rng) & (k % 3 == 1 ? 0 : 0xff));
        got = deliver(w.c[1], bytes, sizeof bytes);
        if (i % 2 == CHANNEL_SUITE_NOISE)
            assert_true(got == CHANNEL_ERR_FORGED || got == 0);
        else
            assert_true(got < 600);
        channels_free(&w);
    }
}

/* A frame waits: nothing more is taken before it is. */
static void at_most_one_frame_waits(void **state)
{
    channel_frame frame = {.type = 1, .payload = payload, .size = 100000};
    channels w;
    size_t n;
    size_t used;
    const uint8_t *out;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_NOISE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(channel_send(w.c[0], &frame), CHANNEL_OK);
    out = channel_output(w.c[0], &n);
    assert_int_equal(channel_feed(w.c[1], &used, out, n), CHANNEL_OK);
    assert_true(used >= 100000 && used < 200000);
    out += used;
    n -= used;
    assert_int_equal(channel_feed(w.c[1], &used, out, n), CHANNEL_OK);
    assert_int_equal(used, 0);
    assert_int_equal(channel_receive(w.c[1], &frame), 1);
    assert_int_equal(channel_feed(w.c[1], &used, out, n), CHANNEL_OK);
    assert_true(used > 0);
    channels_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_all_sizes),
        cmocka_unit_test(lamport_clock),
        cmocka_unit_test(every_bit_of_a_record_counts),
        cmocka_unit_test(lost_repeated_moved_cut),
        cmocka_unit_test(reflected_and_from_elsewhere),
        cmocka_unit_test(claims_are_checked_first),
        cmocka_unit_test(garbage_when_open),
        cmocka_unit_test(at_most_one_frame_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
