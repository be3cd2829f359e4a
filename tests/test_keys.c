/* Key pairs and fingerprints. */
#include "channel/channel.h"
#include "channel/crypto/x25519.h"
#include "tests/channels.h"

static void pairs_fit(void **state)
{
    channels w;
    channel_keys again;
    uint8_t want[32];

    (void)state;
    channels_init(&w, CHANNEL_SUITE_NOISE);
    assert_memory_not_equal(w.keys[0].secret, w.keys[1].secret, 32);
    channel_x25519_public(want, w.keys[0].secret);
    assert_memory_equal(w.keys[0].public_key, want, 32);
    channel_keys_from_secret(&again, w.keys[0].secret);
    assert_memory_equal(&again, &w.keys[0], sizeof again);
    channel_keys_from_secret(&again, again.secret);
    assert_memory_equal(&again, &w.keys[0], sizeof again);
}

static void systems_entropy(void **state)
{
    channel_keys a;
    channel_keys b;

    (void)state;
    assert_int_equal(channel_keys_create(&a, NULL), CHANNEL_OK);
    assert_int_equal(channel_keys_create(&b, NULL), CHANNEL_OK);
    assert_memory_not_equal(a.secret, b.secret, 32);
}

static void without_entropy(void **state)
{
    static const channel_keys zero;
    channels_entropy e = {.fail_at = 1};
    const ckks_entropy_source source = {channels_fill, &e};
    channel_keys keys;

    (void)state;
    memset(&keys, 1, sizeof keys);
    assert_int_equal(channel_keys_create(NULL, &source), CHANNEL_ERR_ARG);
    assert_int_equal(channel_keys_create(&keys, &source), CHANNEL_ERR_ENTROPY);
    assert_memory_equal(&keys, &zero, sizeof keys);
}

/* Of 32 zeros, by Python's hashlib: blake2s(b"unseen key" + bytes(32)). */
static void fingerprints(void **state)
{
    uint8_t key[32] = {0};
    char text[CHANNEL_FINGERPRINT_CHARS];
    char other[CHANNEL_FINGERPRINT_CHARS];

    (void)state;
    channel_fingerprint(text, key);
    assert_string_equal(text, "b7a5-3861-f2b0-1116-cd0c-5319-6230-e838");
    key[31] = 1;
    channel_fingerprint(other, key);
    assert_string_not_equal(text, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_fit),
        cmocka_unit_test(systems_entropy),
        cmocka_unit_test(without_entropy),
        cmocka_unit_test(fingerprints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
