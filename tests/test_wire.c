/* The envelope, its checksum, and packed rows. */
#include "tests/testing.h"

#include "ckks/base/bytes.h"
#include "ckks/wire/wire.h"

static void checksum_known_answers(void **state)
{
    static const uint8_t bytes[8] = {1, 0, 0, 0, 2, 0, 0, 0};
    /* sum of (w + 1) k^(m - i) mod 2^61 - 1 with k = 0x0e3779b97f4a7c15, by big integers */
    const uint64_t p = (UINT64_C(1) << 61) - 1;
    const uint64_t k = UINT64_C(0x0e3779b97f4a7c15);
    uint64_t one = ckks_wire_checksum(0, bytes, 4);
    uint64_t two = 0;

    (void)state;
    assert_int_equal(ckks_wire_checksum(0, bytes, 0), 0);
    assert_int_equal(one, 2 * k % p);
    two = ckks_wire_checksum(one, bytes + 4, 4);
    assert_int_equal(ckks_wire_checksum(0, bytes, 8), two);
    assert_int_equal(two, UINT64_C(0x15d09ccf328bacc6));
    /* a shorter last word is padded with zeros; the length in the header tells them apart */
    assert_int_equal(ckks_wire_checksum(0, bytes, 5), ckks_wire_checksum(one, bytes + 4, 1));
    assert_int_equal(ckks_wire_checksum(one, bytes + 4, 1), two);
}

static void checksum_sees_every_bit(void **state)
{
    uint8_t bytes[67];
    uint64_t sum = 0;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)testing_u64(&rng);
    sum = ckks_wire_checksum(0, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(ckks_wire_checksum(0, bytes, sizeof bytes), sum);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* words in another order */
    for (size_t i = 0; i < 4; i++) {
        uint8_t t = bytes[i];
        bytes[i] = bytes[i + 4];
        bytes[i + 4] = t;
    }
    assert_int_not_equal(ckks_wire_checksum(0, bytes, sizeof bytes), sum);
}

static void rows_round_trip(void **state)
{
    static const uint64_t q[] = {17, 97, 65537, UINT64_C(1099511627689), UINT64_C(122519099764609)};
    enum { N = 64 };
    uint64_t row[N];
    uint64_t back[N];
    uint8_t bytes[N * 8 + 16];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        int bits = 0;
        while (q[i] >> bits != 0)
            bits++;
        for (size_t n = 8; n <= N; n += 8) {
            size_t size = ckks_wire_row_bytes(n, bits);
            assert_int_equal(size * 8, n * (size_t)bits);
            testing_residues(&rng, row, n, q[i]);
            memset(bytes, 0xee, sizeof bytes);
            ckks_wire_pack(bytes, row, n, bits);
            for (size_t k = size; k < size + 8; k++)
                assert_int_equal(bytes[k], 0xee); /* nothing is written past the row */
            assert_int_equal(ckks_wire_unpack(back, bytes, n, bits, q[i]), 1);
            assert_memory_equal(back, row, n * 8);
            /* bit k of residue j stands at bit j bits + k */
            for (size_t bit = 0; bit < n * (size_t)bits; bit++)
                assert_int_equal(bytes[bit / 8] >> bit % 8 & 1,
                                 row[bit / (size_t)bits] >> bit % (size_t)bits & 1);
            row[n / 2] = q[i];
            ckks_wire_pack(bytes, row, n, bits);
            assert_int_equal(ckks_wire_unpack(back, bytes, n, bits, q[i]), 0);
        }
    }
}

static void reseal(uint8_t *in, size_t payload)
{
    uint64_t sum =
        ckks_wire_checksum(ckks_wire_checksum(0, in, 32), in + CKKS_WIRE_HEADER, payload);

    ckks_store_u64le(in + 32, sum);
}

static void envelope(void **state)
{
    uint8_t in[CKKS_WIRE_HEADER + 20];
    ckks_wire_envelope e;
    char why[160] = "";

    (void)state;
    for (size_t i = 0; i < 20; i++)
        in[CKKS_WIRE_HEADER + i] = (uint8_t)i;
    ckks_wire_seal(in, CKKS_WIRE_CIPHERTEXT, CKKS_WIRE_FLAG_SEEDED, 0x1234567890abcdef, 20);
    assert_int_equal(ckks_wire_kind(in, sizeof in), CKKS_WIRE_CIPHERTEXT);
    assert_int_equal(ckks_wire_kind(in, 39), CKKS_WIRE_NONE);
    assert_int_equal(ckks_wire_kind(NULL, 100), CKKS_WIRE_NONE);
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, sizeof in, why, sizeof why),
                     CKKS_OK);
    assert_int_equal(e.payload_bytes, 20);
    assert_ptr_equal(e.payload, in + CKKS_WIRE_HEADER);
    assert_int_equal(e.flags, CKKS_WIRE_FLAG_SEEDED);
    assert_int_equal(e.context_id, 0x1234567890abcdef);
    /* the header as written down */
    assert_memory_equal(in,
                        "\x89"
                        "CKKS\r\n\x1a",
                        8);
    assert_int_equal(ckks_load_u16le(in + 8), 2);
    assert_int_equal(ckks_load_u16le(in + 10), 5);
    assert_int_equal(ckks_load_u64le(in + 24), 20);

    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_EVAL_KEYS, in, sizeof in, why, sizeof why),
                     CKKS_ERR_FORMAT);
    assert_string_equal(why, "these bytes are a ciphertext, not evaluation keys");
    for (size_t size = 0; size < sizeof in; size++)
        assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, size, why, sizeof why),
                         CKKS_ERR_FORMAT);
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, NULL, 0, why, sizeof why),
                     CKKS_ERR_FORMAT);
    for (size_t bit = 0; bit < 8 * sizeof in; bit++) {
        in[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(
            ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, sizeof in, why, sizeof why), CKKS_OK);
        in[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    in[8] = 1;
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, sizeof in, why, sizeof why),
                     CKKS_ERR_VERSION);
    assert_non_null(strstr(why, "version 1"));
    in[8] = 2;
    in[12] = 4;
    reseal(in, 20);
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, sizeof in, why, sizeof why),
                     CKKS_ERR_FORMAT);
    assert_non_null(strstr(why, "flags"));
    ckks_wire_seal(in, CKKS_WIRE_PUBLIC_KEY, CKKS_WIRE_FLAG_SEEDED, 1, 20);
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_PUBLIC_KEY, in, sizeof in, why, sizeof why),
                     CKKS_ERR_FORMAT);
    /* an absurd length */
    ckks_wire_seal(in, CKKS_WIRE_CIPHERTEXT, 0, 1, 20);
    ckks_store_u64le(in + 24, UINT64_MAX);
    assert_int_equal(ckks_wire_open(&e, CKKS_WIRE_CIPHERTEXT, in, sizeof in, why, sizeof why),
                     CKKS_ERR_FORMAT);
    in[10] = 6;
    assert_int_equal(ckks_wire_kind(in, sizeof in), CKKS_WIRE_NONE);
    in[10] = 1;
    in[11] = 1;
    assert_int_equal(ckks_wire_kind(in, sizeof in), CKKS_WIRE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_known_answers),
        cmocka_unit_test(checksum_sees_every_bit),
        cmocka_unit_test(rows_round_trip),
        cmocka_unit_test(envelope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
