/* Loads and stores against bytes written by hand, at every alignment. */
#include "ckks/base/bytes.h"
#include "tests/testing.h"

static void known_bytes(void **state)
{
    static const uint8_t bytes[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    (void)state;
    assert_int_equal(ckks_load_u16le(bytes), 0x2301);
    assert_true(ckks_load_u32le(bytes) == 0x67452301);
    assert_true(ckks_load_u32le(bytes + 4) == 0xefcdab89);
    assert_true(ckks_load_u64le(bytes) == UINT64_C(0xefcdab8967452301));
}

static void store_then_load(void **state)
{
    testing_rng rng;
    uint8_t room[24];

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t shift = 0; shift < 8; shift++) {
        uint64_t x = testing_edge_u64(&rng);
        double real = testing_uniform(&rng, -1e9, 1e9);

        memset(room, 0x5a, sizeof room);
        ckks_store_u64le(room + 4 + shift, x);
        assert_true(ckks_load_u64le(room + 4 + shift) == x);
        assert_int_equal(room[3 + shift], 0x5a);
        assert_int_equal(room[12 + shift], 0x5a);
        ckks_store_u32le(room + shift, (uint32_t)x);
        assert_true(ckks_load_u32le(room + shift) == (uint32_t)x);
        ckks_store_u16le(room + shift, (uint16_t)x);
        assert_true(ckks_load_u16le(room + shift) == (uint16_t)x);
        ckks_store_f64le(room + shift, real);
        assert_true(ckks_load_f64le(room + shift) == real);
    }
    ckks_store_f64le(room, 1.0);
    assert_true(ckks_load_u64le(room) == UINT64_C(0x3ff0000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_bytes),
        cmocka_unit_test(store_then_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
