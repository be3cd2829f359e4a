/* What the channel does with secrets, once, with the secrets marked: X25519, Poly1305 and the AEAD,
 * HKDF, a handshake and the frames behind it. Run plainly it checks the values that come back;
 * under `make check-ct` (valgrind) and `make check-msan` a branch or an index that depends on a
 * secret ends it.
 */
#include "channel/crypto/aead.h"
#include "channel/crypto/hkdf.h"
#include "channel/crypto/x25519.h"
#include "ckks/base/ct.h"
#include "tests/channels.h"

enum { LONG = 70000 };

static const uint8_t secret[32] = {7, 1, 2, 3, 250, 9};

static void agreement(void **state)
{
    uint8_t own[2][32];
    uint8_t key[2][32];
    uint8_t shared[2][32];

    (void)state;
    for (int side = 0; side < 2; side++) {
        memcpy(own[side], secret, sizeof own[side]);
        own[side][1] = (uint8_t)side;
        CKKS_SECRET(own[side], sizeof own[side]);
        channel_x25519_public(key[side], own[side]);
    }
    for (int side = 0; side < 2; side++) {
        /* A point that came encrypted is a secret too. */
        CKKS_SECRET(key[1 - side], sizeof key[1 - side]);
        assert_int_equal(channel_x25519(shared[side], own[side], key[1 - side]), 1);
        CKKS_PUBLIC(shared[side], sizeof shared[side]);
    }
    assert_memory_equal(shared[0], shared[1], 32);
}

static void sealing(void **state)
{
    static const size_t sizes[] = {0, 1, 16, 63, 64, 65, 1000, LONG};
    static uint8_t text[LONG];
    static uint8_t sealed[LONG + CHANNEL_AEAD_TAG_BYTES];
    uint8_t key[32];

    (void)state;
    memcpy(key, secret, sizeof key);
    CKKS_SECRET(key, sizeof key);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const size_t n = sizes[k];

        memset(text, 0x77, n);
        CKKS_SECRET(text, n);
        channel_aead_seal(sealed, ckks_stream_select(), key, k, secret, 5, text, n);
        assert_int_equal(
            channel_aead_open(text, ckks_stream_select(), key, k, secret, 5, sealed, n), 1);
        CKKS_PUBLIC(text, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(text[i], 0x77);
        sealed[n] ^= 1;
        assert_int_equal(
            channel_aead_open(text, ckks_stream_select(), key, k, secret, 5, sealed, n), 0);
    }
}

static void derivation(void **state)
{
    uint8_t chaining[32];
    uint8_t want[2][32];
    uint8_t got[2][32];

    (void)state;
    channel_hkdf(want[0], want[1], secret, secret, 32);
    memcpy(chaining, secret, sizeof chaining);
    CKKS_SECRET(chaining, sizeof chaining);
    channel_hkdf(got[0], got[1], chaining, chaining, 32);
    CKKS_PUBLIC(got, sizeof got);
    assert_memory_equal(got, want, sizeof got);
}

/* The key pairs and the ephemeral ones are marked where they are born. */
static void session(void **state)
{
    static uint8_t payload[LONG];
    const channel_frame frame = {.type = 1, .payload = payload, .size = sizeof payload};
    channels w;

    (void)state;
    channels_start(&w, CHANNEL_SUITE_NOISE);
    for (int side = 0; side < 2; side++) {
        channel_frame got;
        channel_status st;

        memset(payload, 0x55, sizeof payload);
        CKKS_SECRET(payload, sizeof payload);
        assert_int_equal(channel_send(w.c[side], &frame), CHANNEL_OK);
        (void)channels_carry(&w, side, 30000, &st);
        assert_int_equal(st, CHANNEL_OK);
        assert_int_equal(channel_receive(w.c[1 - side], &got), 1);
        assert_int_equal(got.size, sizeof payload);
        CKKS_PUBLIC(got.payload, got.size);
        for (size_t i = 0; i < got.size; i++)
            assert_int_equal(got.payload[i], 0x55);
    }
    assert_int_equal(channel_close(w.c[0], "done"), CHANNEL_OK);
    {
        channel_status st;

        (void)channels_carry(&w, 0, SIZE_MAX, &st);
        assert_int_equal(st, CHANNEL_ERR_REFUSED);
        assert_string_equal(channel_error(w.c[1]), "the peer closed the channel: done");
    }
    channels_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement),
        cmocka_unit_test(sealing),
        cmocka_unit_test(derivation),
        cmocka_unit_test(session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
