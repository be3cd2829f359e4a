/* Noise's cipher state: the nonce goes on with each success, a rekey is what the specification
 * says. */
#include "channel/noise/cipher.h"

#include "tests/testing.h"

static const uint8_t key[32] = {1, 2, 3, 4, 5, 6, 7, 8};

static void nonces_go_on(void **state)
{
    const uint8_t text[5] = {9, 8, 7, 6, 5};
    uint8_t sealed[3][sizeof text + 16];
    uint8_t out[sizeof text];
    channel_cipher from;
    channel_cipher to;

    (void)state;
    channel_cipher_init(&from, ckks_stream_select(), key);
    channel_cipher_init(&to, ckks_stream_select(), key);
    for (uint64_t i = 0; i < 3; i++) {
        uint8_t want[sizeof sealed[0]];

        channel_cipher_seal(&from, sealed[i], key, 3, text, sizeof text);
        channel_aead_seal(want, ckks_stream_select(), key, i, key, 3, text, sizeof text);
        assert_memory_equal(sealed[i], want, sizeof want);
    }
    /* What comes too early is refused and does no harm. */
    assert_int_equal(channel_cipher_open(&to, out, key, 3, sealed[1], sizeof text), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(channel_cipher_open(&to, out, key, 3, sealed[i], sizeof text), 1);
    assert_memory_equal(out, text, sizeof text);
    assert_int_equal(channel_cipher_open(&to, out, key, 3, sealed[2], sizeof text), 0);
    assert_int_equal(to.nonce, 3);
}

static void rekey_encrypts_zeros(void **state)
{
    const uint8_t zero[32] = {0};
    uint8_t want[48];
    channel_cipher c;

    (void)state;
    channel_cipher_init(&c, ckks_stream_select(), key);
    c.nonce = 77;
    channel_aead_seal(want, ckks_stream_select(), key, UINT64_MAX, NULL, 0, zero, sizeof zero);
    channel_cipher_rekey(&c);
    assert_memory_equal(c.key, want, sizeof c.key);
    assert_int_equal(c.nonce, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_go_on),
        cmocka_unit_test(rekey_encrypts_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
