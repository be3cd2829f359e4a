/* X25519 against RFC 7748 and an independent ladder on integers. */
#include "channel/crypto/x25519.h"
#include "channel/hash.h"
#include "tests/testing.h"
#include "tests/vectors/x25519.inc"

static void rfc_products(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof x25519_rfc; at += 96) {
        uint8_t out[32];

        assert_int_equal(channel_x25519(out, x25519_rfc + at, x25519_rfc + at + 32), 1);
        assert_memory_equal(out, x25519_rfc + at + 64, 32);
    }
    {
        uint8_t out[32];

        channel_x25519_public(out, x25519_rfc + 96 * 3);
        assert_memory_equal(out, x25519_rfc + 96 * 3 + 64, 32);
    }
}

static void rfc_iterations(void **state)
{
    const int last = testing_long() ? 1000000 : 1000;
    uint8_t k[32] = {9};
    uint8_t u[32] = {9};

    (void)state;
    for (int i = 1; i <= last; i++) {
        uint8_t old[32];

        memcpy(old, k, sizeof old);
        assert_int_equal(channel_x25519(k, k, u), 1);
        memcpy(u, old, sizeof u);
        if (i == 1)
            assert_memory_equal(k, x25519_iterated, 32);
        else if (i == 1000)
            assert_memory_equal(k, x25519_iterated + 32, 32);
        else if (i == 1000000)
            assert_memory_equal(k, x25519_iterated + 64, 32);
    }
}

static void small_order_shares_nothing(void **state)
{
    static const uint8_t zero[32];

    (void)state;
    for (size_t at = 0; at < sizeof x25519_small; at += 32) {
        uint8_t out[32] = {1};
        uint8_t upper[32];

        assert_int_equal(channel_x25519(out, x25519_secret, x25519_small + at), 0);
        assert_memory_equal(out, zero, 32);
        /* The top bit is not looked at. */
        memcpy(upper, x25519_small + at, 32);
        upper[31] |= 0x80;
        assert_int_equal(channel_x25519(out, x25519_secret, upper), 0);
    }
}

static void edges_of_the_field(void **state)
{
    channel_hash_state s;
    uint8_t out[32];

    (void)state;
    channel_hash_init(&s);
    for (size_t at = 0; at < sizeof x25519_edges; at += 32) {
        assert_int_equal(channel_x25519(out, x25519_secret, x25519_edges + at), 1);
        channel_hash_update(&s, out, sizeof out);
    }
    channel_hash_final(&s, out);
    assert_memory_equal(out, x25519_edges_digest, sizeof out);
}

/* The outputs stand where the inputs were. */
static void chain_in_place(void **state)
{
    channel_hash_state s;
    uint8_t k[32];
    uint8_t u[32] = {9};
    uint8_t digest[32];

    (void)state;
    memset(k, 7, sizeof k);
    channel_hash_init(&s);
    for (int i = 0; i < 64; i++) {
        uint8_t old[32];

        memcpy(old, k, sizeof old);
        if (i % 2 == 0) {
            assert_int_equal(channel_x25519(k, k, u), 1);
        } else {
            assert_int_equal(channel_x25519(u, k, u), 1);
            memcpy(k, u, sizeof k);
        }
        memcpy(u, old, sizeof u);
        channel_hash_update(&s, k, sizeof k);
    }
    channel_hash_final(&s, digest);
    assert_memory_equal(digest, x25519_chain_digest, sizeof digest);
}

static void both_sides_agree(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(20); i++) {
        uint8_t secret[2][32];
        uint8_t key[2][32];
        uint8_t shared[2][32];

        for (int side = 0; side < 2; side++) {
            for (int k = 0; k < 32; k++)
                secret[side][k] = (uint8_t)testing_u64(&rng);
            channel_x25519_public(key[side], secret[side]);
        }
        for (int side = 0; side < 2; side++)
            assert_int_equal(channel_x25519(shared[side], secret[side], key[1 - side]), 1);
        assert_memory_equal(shared[0], shared[1], 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_products),
        cmocka_unit_test(rfc_iterations),
        cmocka_unit_test(small_order_shares_nothing),
        cmocka_unit_test(edges_of_the_field),
        cmocka_unit_test(chain_in_place),
        cmocka_unit_test(both_sides_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
