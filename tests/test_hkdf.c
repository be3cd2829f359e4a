/* HMAC and HKDF against Python's hmac. */
#include "channel/crypto/hkdf.h"

#include "tests/testing.h"
#include "tests/vectors/hkdf.inc"

enum { LONGEST = 130 };

static void fill(uint8_t *pattern)
{
    for (int i = 0; i < LONGEST; i++)
        pattern[i] = (uint8_t)(7 * i + 3);
}

static void macs_of_every_length(void **state)
{
    uint8_t pattern[LONGEST];
    uint8_t out[CHANNEL_HASH_BYTES];
    channel_hash_state s;

    (void)state;
    fill(pattern);
    channel_hash_init(&s);
    for (size_t n = 0; n <= LONGEST; n++) {
        channel_hmac(out, hkdf_chaining, pattern, n);
        channel_hash_update(&s, out, sizeof out);
    }
    channel_hash_final(&s, out);
    assert_memory_equal(out, hkdf_macs, sizeof out);
}

static void two_outputs(void **state)
{
    uint8_t pattern[LONGEST];
    uint8_t first[CHANNEL_HASH_BYTES];
    uint8_t second[CHANNEL_HASH_BYTES];

    (void)state;
    fill(pattern);
    channel_hkdf(first, second, hkdf_chaining, NULL, 0);
    assert_memory_equal(first, hkdf_empty, 32);
    assert_memory_equal(second, hkdf_empty + 32, 32);
    memcpy(first, hkdf_chaining, sizeof first);
    channel_hkdf(first, second, first, pattern, 32);
    assert_memory_equal(first, hkdf_full, 32);
    assert_memory_equal(second, hkdf_full + 32, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macs_of_every_length),
        cmocka_unit_test(two_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
