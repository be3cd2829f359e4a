/* The handshake against published sessions, both sides; and whatever is changed on the way ends it.
 */
#include "channel/noise/handshake.h"

#include <stdio.h>

#include "tests/testing.h"
#include "tests/vectors/noise.inc"

enum { LONGEST = 256, MESSAGES = 6 };

static size_t unhex(uint8_t *out, const char *hex)
{
    size_t n = 0;

    for (; hex[0] != '\0'; hex += 2) {
        unsigned int byte = 0;

        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_true(n < LONGEST);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

/* Both sides of a published session, the initiator first. */
static void start(channel_handshake h[2], const noise_case *v)
{
    for (int side = 0; side < 2; side++) {
        uint8_t prologue[LONGEST];
        uint8_t secret[LONGEST];
        uint8_t ephemeral[LONGEST];
        channel_keys own;
        const size_t n = unhex(prologue, v->prologue);

        unhex(secret, side == 0 ? v->init_static : v->resp_static);
        unhex(ephemeral, side == 0 ? v->init_ephemeral : v->resp_ephemeral);
        channel_keys_from_secret(&own, secret);
        channel_handshake_init(&h[side], side, ckks_stream_select(), &own, ephemeral, prologue, n);
    }
}

static void transport(channel_handshake h[2], const noise_case *v)
{
    channel_cipher send[2];
    channel_cipher receive[2];

    for (int side = 0; side < 2; side++)
        channel_handshake_split(&h[side], &send[side], &receive[side]);
    for (int i = CHANNEL_HANDSHAKE_MESSAGES; i < MESSAGES && v->message[i] != NULL; i++) {
        uint8_t payload[LONGEST];
        uint8_t want[LONGEST];
        uint8_t got[LONGEST];
        const size_t n = unhex(payload, v->payload[i]);

        assert_int_equal(unhex(want, v->message[i]), n + 16);
        channel_cipher_seal(&send[i % 2], got, NULL, 0, payload, n);
        assert_memory_equal(got, want, n + 16);
        assert_int_equal(channel_cipher_open(&receive[1 - i % 2], got, NULL, 0, want, n), 1);
        assert_memory_equal(got, payload, n);
    }
    for (int side = 0; side < 2; side++) {
        uint8_t key[LONGEST];

        unhex(key, v->rekeyed[side]);
        channel_cipher_rekey(&send[side]);
        channel_cipher_rekey(&receive[1 - side]);
        assert_memory_equal(send[side].key, key, 32);
        assert_memory_equal(receive[1 - side].key, key, 32);
    }
}

static void published_sessions(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof noise_cases / sizeof noise_cases[0]; k++) {
        const noise_case *v = &noise_cases[k];
        channel_handshake h[2];
        uint8_t digest[LONGEST];
        uint8_t key[LONGEST];

        start(h, v);
        for (int i = 0; i < CHANNEL_HANDSHAKE_MESSAGES; i++) {
            uint8_t payload[LONGEST];
            uint8_t want[LONGEST];
            uint8_t got[LONGEST];
            const size_t n = unhex(payload, v->payload[i]);
            const size_t size = unhex(want, v->message[i]);
            size_t got_n = 0;

            assert_int_equal(channel_handshake_write(&h[i % 2], got, &got_n, payload, n),
                             CHANNEL_OK);
            assert_int_equal(got_n, size);
            assert_memory_equal(got, want, size);
            assert_int_equal(channel_handshake_read(&h[1 - i % 2], got, &got_n, want, size),
                             CHANNEL_OK);
            assert_int_equal(got_n, n);
            assert_memory_equal(got, payload, n);
        }
        unhex(digest, v->digest);
        for (int side = 0; side < 2; side++) {
            channel_keys other;

            assert_memory_equal(h[side].symmetric.digest, digest, 32);
            unhex(key, side == 0 ? v->resp_static : v->init_static);
            channel_keys_from_secret(&other, key);
            assert_memory_equal(h[side].peer, other.public_key, 32);
        }
        transport(h, v);
    }
}

/* Run a session whose message number `which` has one bit flipped, or is cut by `cut` bytes.
 * Returns the first status that is not CHANNEL_OK. */
static channel_status session(int which, size_t bit, size_t cut)
{
    channel_handshake h[2];
    channel_status st = CHANNEL_OK;

    start(h, &noise_cases[0]);
    for (int i = 0; i < CHANNEL_HANDSHAKE_MESSAGES && st == CHANNEL_OK; i++) {
        uint8_t message[LONGEST];
        size_t n = 0;

        st = channel_handshake_write(&h[i % 2], message, &n, (const uint8_t *)"abc", 3);
        if (st != CHANNEL_OK)
            break;
        if (i == which) {
            if (cut > 0)
                n = n > cut ? n - cut : 0;
            else
                message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        st = channel_handshake_read(&h[1 - i % 2], message, &n, message, n);
    }
    return st;
}

static void every_bit_counts(void **state)
{
    static const size_t sizes[] = {CHANNEL_HANDSHAKE_FIRST + 3, CHANNEL_HANDSHAKE_SECOND + 3,
                                   CHANNEL_HANDSHAKE_LAST + 3};

    (void)state;
    for (int which = 0; which < CHANNEL_HANDSHAKE_MESSAGES; which++) {
        /* One bit of every byte, all bits of some when there is time. */
        for (size_t byte = 0; byte < sizes[which]; byte++) {
            for (size_t bit = 0; bit < 8; bit += testing_long() ? 1 : 8)
                assert_int_equal(session(which, 8 * byte + (bit + byte) % 8, 0),
                                 CHANNEL_ERR_FORGED);
        }
        for (size_t cut = 1; cut <= sizes[which]; cut++) {
            const channel_status st = session(which, 0, cut);

            assert_true(st == CHANNEL_ERR_FORMAT || st == CHANNEL_ERR_FORGED);
        }
    }
    assert_int_equal(session(-1, 0, 0), CHANNEL_OK);
}

/* A peer that really uses such a point: no message follows that a secret of nobody would seal. */
static void points_of_small_order(void **state)
{
    channel_handshake h[2];
    uint8_t message[LONGEST];
    size_t n = 0;

    (void)state;
    start(h, &noise_cases[0]);
    memset(h[0].ephemeral.public_key, 0, CHANNEL_KEY_BYTES);
    assert_int_equal(channel_handshake_write(&h[0], message, &n, NULL, 0), CHANNEL_OK);
    assert_int_equal(channel_handshake_read(&h[1], message, &n, message, n), CHANNEL_OK);
    assert_int_equal(channel_handshake_write(&h[1], message, &n, NULL, 0), CHANNEL_ERR_FORGED);
}

static void prologues_differ(void **state)
{
    channel_handshake h[2];
    uint8_t message[LONGEST];
    size_t n = 0;

    (void)state;
    start(h, &noise_cases[0]);
    channel_symmetric_mix_hash(&h[1].symmetric, message, 0);
    assert_int_equal(channel_handshake_write(&h[0], message, &n, NULL, 0), CHANNEL_OK);
    assert_int_equal(channel_handshake_read(&h[1], message, &n, message, n), CHANNEL_OK);
    assert_int_equal(channel_handshake_write(&h[1], message, &n, NULL, 0), CHANNEL_OK);
    assert_int_equal(channel_handshake_read(&h[0], message, &n, message, n), CHANNEL_ERR_FORGED);
}

static void split_wipes_the_keys(void **state)
{
    static const channel_keys zero;
    channel_handshake h[2];
    channel_cipher c[2];

    (void)state;
    start(h, &noise_cases[0]);
    channel_handshake_split(&h[0], &c[0], &c[1]);
    assert_memory_equal(&h[0].own, &zero, sizeof zero);
    assert_memory_equal(&h[0].ephemeral, &zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_sessions),    cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(points_of_small_order), cmocka_unit_test(prologues_differ),
        cmocka_unit_test(split_wipes_the_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
