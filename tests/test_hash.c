/* BLAKE2s against RFC 7693 and Python's hashlib: every length up to several blocks, cut anywhere.
 */
#include "channel/hash.h"
#include "tests/testing.h"
#include "tests/vectors/hash.inc"

enum { LONGEST = 300 };

static void fill(uint8_t *message)
{
    for (int i = 0; i < LONGEST; i++)
        message[i] = (uint8_t)(7 * i + 3);
}

static void known_answers(void **state)
{
    uint8_t message[LONGEST];
    uint8_t out[CHANNEL_HASH_BYTES];

    (void)state;
    fill(message);
    channel_hash(out, "abc", 3);
    assert_memory_equal(out, hash_abc, sizeof out);
    channel_hash(out, NULL, 0);
    assert_memory_equal(out, hash_empty, sizeof out);
    channel_hash(out, message, CHANNEL_HASH_BLOCK_BYTES);
    assert_memory_equal(out, hash_block, sizeof out);
}

static void every_length(void **state)
{
    uint8_t message[LONGEST];
    uint8_t digest[CHANNEL_HASH_BYTES];
    channel_hash_state all;

    (void)state;
    fill(message);
    channel_hash_init(&all);
    for (size_t n = 0; n <= LONGEST; n++) {
        channel_hash(digest, message, n);
        channel_hash_update(&all, digest, sizeof digest);
    }
    channel_hash_final(&all, digest);
    assert_memory_equal(digest, hash_of_all, sizeof digest);
}

/* Two pieces, for each length and each place to cut, and a copy that goes on by itself. */
static void pieces(void **state)
{
    static const size_t lengths[] = {1, 63, 64, 65, 128, 129, LONGEST};
    uint8_t message[LONGEST];

    (void)state;
    fill(message);
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        uint8_t want[CHANNEL_HASH_BYTES];

        channel_hash(want, message, lengths[k]);
        for (size_t cut = 0; cut <= lengths[k]; cut++) {
            uint8_t got[CHANNEL_HASH_BYTES];
            channel_hash_state s;
            channel_hash_state copy;

            channel_hash_init(&s);
            channel_hash_update(&s, message, cut);
            copy = s;
            channel_hash_update(&s, message + cut, lengths[k] - cut);
            channel_hash_final(&s, got);
            assert_memory_equal(got, want, sizeof got);
            for (size_t i = cut; i < lengths[k]; i++)
                channel_hash_update(&copy, message + i, 1);
            channel_hash_final(&copy, got);
            assert_memory_equal(got, want, sizeof got);
        }
    }
}

static void output_over_input(void **state)
{
    uint8_t message[LONGEST];
    uint8_t want[CHANNEL_HASH_BYTES];

    (void)state;
    fill(message);
    channel_hash(want, message, 100);
    channel_hash(message + 5, message, 100);
    assert_memory_equal(message + 5, want, sizeof want);
}

static void state_is_wiped(void **state)
{
    uint8_t out[CHANNEL_HASH_BYTES];
    channel_hash_state s;
    static const channel_hash_state zero;

    (void)state;
    channel_hash_init(&s);
    channel_hash_update(&s, "secret", 6);
    channel_hash_final(&s, out);
    assert_memory_equal(&s, &zero, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),  cmocka_unit_test(every_length),
        cmocka_unit_test(pieces),         cmocka_unit_test(output_over_input),
        cmocka_unit_test(state_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
