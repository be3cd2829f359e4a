/* Noise's symmetric state: two sides that mix the same stay together, and part for ever at the
 * first difference. Its values are held to published ones by test_handshake. */
#include "channel/noise/symmetric.h"

#include "tests/testing.h"

static const uint8_t secret[32] = {3, 1, 4, 1, 5, 9, 2, 6};

static void start(channel_symmetric *s, const char *prologue)
{
    channel_symmetric_init(s, ckks_stream_select(), "a protocol");
    channel_symmetric_mix_hash(s, (const uint8_t *)prologue, strlen(prologue));
}

static void clear_then_sealed(void **state)
{
    uint8_t text[7] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t message[7 + 16];
    channel_symmetric a;
    channel_symmetric b;

    (void)state;
    start(&a, "p");
    start(&b, "p");
    assert_int_equal(channel_symmetric_overhead(&a), 0);
    assert_int_equal(channel_symmetric_seal(&a, message, text, 7), 7);
    assert_memory_equal(message, text, 7);
    assert_int_equal(channel_symmetric_open(&b, text, message, 7), 1);
    assert_memory_equal(a.digest, b.digest, sizeof a.digest);
    channel_symmetric_mix_key(&a, secret);
    channel_symmetric_mix_key(&b, secret);
    assert_int_equal(channel_symmetric_overhead(&a), 16);
    for (int in_place = 0; in_place < 2; in_place++) {
        uint8_t out[sizeof message];

        assert_int_equal(channel_symmetric_seal(&a, message, text, 7), 23);
        memcpy(out, message, sizeof out);
        assert_int_equal(channel_symmetric_open(&b, out, in_place ? out : message, 23), 1);
        assert_memory_equal(out, text, 7);
        assert_memory_equal(a.digest, b.digest, sizeof a.digest);
    }
    assert_int_equal(channel_symmetric_open(&b, text, message, 15), 0);
}

/* How the second side differs from the first: in nothing, the prologue, the secret, what it saw. */
static int meet(int difference)
{
    uint8_t other[32];
    uint8_t message[3 + 16];
    uint8_t text[3] = {1, 2, 3};
    channel_symmetric a;
    channel_symmetric b;

    memcpy(other, secret, sizeof other);
    other[31] ^= difference == 2 ? 1 : 0;
    start(&a, "p");
    start(&b, difference == 1 ? "q" : "p");
    channel_symmetric_mix_key(&a, secret);
    channel_symmetric_mix_key(&b, other);
    channel_symmetric_mix_hash(&b, text, difference == 3 ? 1 : 0);
    channel_symmetric_mix_hash(&a, text, 0);
    (void)channel_symmetric_seal(&a, message, text, sizeof text);
    return channel_symmetric_open(&b, text, message, sizeof message);
}

static void differences_part(void **state)
{
    (void)state;
    assert_int_equal(meet(0), 1);
    for (int difference = 1; difference <= 3; difference++)
        assert_int_equal(meet(difference), 0);
}

static void split_gives_two_and_wipes(void **state)
{
    static const uint8_t zero[32];
    channel_symmetric s;
    channel_cipher c[2];

    (void)state;
    start(&s, "p");
    channel_symmetric_mix_key(&s, secret);
    channel_symmetric_split(&s, &c[0], &c[1]);
    assert_memory_not_equal(c[0].key, c[1].key, 32);
    assert_memory_equal(s.chaining, zero, 32);
    assert_memory_equal(s.cipher.key, zero, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_then_sealed),
        cmocka_unit_test(differences_part),
        cmocka_unit_test(split_gives_two_and_wipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
