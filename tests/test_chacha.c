/* ChaCha20 against RFC 8439 and an independent implementation. */
#include "ckks/base/bytes.h"
#include "ckks/random/chacha.h"
#include "tests/testing.h"
#include "tests/vectors/chacha.inc"

static void words_equal_bytes(const uint32_t words[16], const uint8_t *bytes)
{
    for (int i = 0; i < 16; i++)
        assert_true(words[i] == ckks_load_u32le(bytes + 4 * i));
}

static void rfc_2_3_2(void **state)
{
    uint8_t key[32];
    uint32_t out[16];

    (void)state;
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    ckks_chacha_block(out, key, UINT64_C(0x0900000000000001), 0x4a000000);
    words_equal_bytes(out, rfc_block);
}

static void rfc_appendix_a1(void **state)
{
    static const struct {
        size_t place;
        uint8_t value;
        uint64_t counter, nonce;
    } cases[] = {{0, 0, 0, 0},
                 {0, 0, 1, 0},
                 {31, 1, 1, 0},
                 {1, 0xff, 2, 0},
                 {0, 0, 0, UINT64_C(0x0200000000000000)}};

    (void)state;
    for (size_t c = 0; c < 5; c++) {
        uint8_t key[32] = {0};
        uint32_t out[16];

        key[cases[c].place] = cases[c].value;
        ckks_chacha_block(out, key, cases[c].counter, cases[c].nonce);
        words_equal_bytes(out, rfc_appendix + 64 * c);
    }
}

static void blocks_cross_the_counter_word(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 5; count++) {
        uint8_t out[6 * 64];

        memset(out, 0xee, sizeof out);
        ckks_chacha_blocks(out, count, stream_seed, 0xfffffffe, UINT64_C(0x123456789abcdef0));
        assert_memory_equal(out, stream_bytes, 64 * count);
        for (size_t i = 64 * count; i < sizeof out; i++)
            assert_int_equal(out[i], 0xee);
    }
}

static void counter_wraps(void **state)
{
    uint8_t out[3 * 64];
    uint32_t last[16];
    uint32_t first[16];

    (void)state;
    ckks_chacha_blocks(out, 3, stream_seed, UINT64_MAX - 1, 5);
    ckks_chacha_block(last, stream_seed, UINT64_MAX, 5);
    ckks_chacha_block(first, stream_seed, 0, 5);
    words_equal_bytes(last, out + 64);
    words_equal_bytes(first, out + 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_2_3_2),
        cmocka_unit_test(rfc_appendix_a1),
        cmocka_unit_test(blocks_cross_the_counter_word),
        cmocka_unit_test(counter_wraps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
