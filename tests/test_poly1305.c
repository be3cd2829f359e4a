/* Poly1305 against RFC 8439 and an independent computation on integers. */
#include "channel/crypto/poly1305.h"

#include <stdio.h>

#include "channel/hash.h"
#include "tests/testing.h"
#include "tests/vectors/poly1305.inc"

enum { LONGEST = 200, STEP = 7, START = 3 };

static size_t unhex(uint8_t *out, const char *hex)
{
    size_t n = 0;

    for (; hex[0] != '\0'; hex += 2) {
        unsigned int byte = 0;

        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static void tag_of(uint8_t tag[16], const uint8_t *key, const uint8_t *message, size_t n)
{
    channel_poly1305 p;

    channel_poly1305_init(&p, key);
    channel_poly1305_update(&p, message, n);
    channel_poly1305_final(&p, tag);
}

static void rfc_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof poly1305_rfc / sizeof poly1305_rfc[0]; i++) {
        uint8_t key[32];
        uint8_t message[64];
        uint8_t want[16];
        uint8_t got[16];
        size_t n;

        assert_int_equal(unhex(key, poly1305_rfc[i].key), 32);
        assert_int_equal(unhex(want, poly1305_rfc[i].tag), 16);
        n = unhex(message, poly1305_rfc[i].message);
        tag_of(got, key, message, n);
        assert_memory_equal(got, want, 16);
    }
}

/* Every length, in one call and in two that meet at each whole block. */
static void every_length(const uint8_t *key, const uint8_t *message, const uint8_t *want)
{
    channel_hash_state s;
    uint8_t digest[CHANNEL_HASH_BYTES];

    channel_hash_init(&s);
    for (size_t n = 0; n <= LONGEST; n++) {
        uint8_t tag[16];

        tag_of(tag, key, message, n);
        channel_hash_update(&s, tag, sizeof tag);
        for (size_t cut = 0; cut <= n; cut += 16) {
            channel_poly1305 p;
            uint8_t again[16];

            channel_poly1305_init(&p, key);
            channel_poly1305_update(&p, message, cut);
            channel_poly1305_update(&p, message + cut, n - cut);
            channel_poly1305_final(&p, again);
            assert_memory_equal(again, tag, sizeof tag);
        }
    }
    channel_hash_final(&s, digest);
    assert_memory_equal(digest, want, sizeof digest);
}

static void all_ones(void **state)
{
    uint8_t ones[LONGEST];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    every_length(ones, ones, poly1305_ones);
}

static void a_pattern(void **state)
{
    uint8_t pattern[LONGEST];

    (void)state;
    for (int i = 0; i < LONGEST; i++)
        pattern[i] = (uint8_t)(STEP * i + START);
    every_length(pattern, pattern, poly1305_seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_edges),
        cmocka_unit_test(all_ones),
        cmocka_unit_test(a_pattern),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
