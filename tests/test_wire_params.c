/* Parameters as bytes: round trip, every bit damaged, every field set to nonsense under a valid
 * checksum. */
#include "tests/scheme.h"

#include "ckks/base/bytes.h"
#include "ckks/wire/wire.h"

static size_t write_params(uint8_t *out, size_t size, const ckks_params *params)
{
    size_t used = 0;

    assert_int_equal(ckks_params_write(out, size, &used, params), CKKS_OK);
    assert_int_equal(used, ckks_params_wire_bytes(params));
    return used;
}

static void round_trip(void **state)
{
    double q[] = {46.8, 46, 46};
    double p[] = {46.8, 46.8};
    ckks_params params;
    ckks_params back;
    uint8_t bytes[400];
    size_t size = 0;
    size_t used = 0;
    char why[200] = "";

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ckks_params_generate(&params, i < 2 ? CKKS_RING_COMPLEX : CKKS_RING_REAL,
                                              13, q, 3, p, 2, i % 2 ? 0 : 128, why, sizeof why),
                         CKKS_OK);
        size = write_params(bytes, sizeof bytes, &params);
        assert_int_equal(ckks_wire_kind(bytes, size), CKKS_WIRE_PARAMS);
        memset(&back, 0xee, sizeof back);
        assert_int_equal(ckks_params_read(&back, bytes, sizeof bytes, &used, why, sizeof why),
                         CKKS_OK);
        assert_int_equal(used, size);
        assert_memory_equal(&back, &params, sizeof params);
    }
    assert_int_equal(ckks_params_write(bytes, size - 1, &used, &params), CKKS_ERR_SPACE);
    assert_int_equal(ckks_params_write(NULL, size, &used, &params), CKKS_ERR_ARG);
    assert_int_equal(ckks_params_write(bytes, size, NULL, &params), CKKS_ERR_ARG);
    assert_int_equal(ckks_params_read(NULL, bytes, size, &used, why, sizeof why), CKKS_ERR_ARG);
    assert_int_equal(ckks_params_read(&back, bytes, size, NULL, why, sizeof why), CKKS_ERR_ARG);
    params.q[1]++;
    assert_int_equal(ckks_params_write(bytes, sizeof bytes, &used, &params), CKKS_ERR_ARG);
}

static void damage(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    ckks_params back = {0};
    ckks_params zero = {0};
    uint8_t bytes[200];
    size_t size = write_params(bytes, sizeof bytes, &params);
    size_t used = 0;
    char why[200] = "";

    (void)state;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(ckks_params_read(&back, bytes, size, &used, NULL, 0), CKKS_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < size; n++)
        assert_int_equal(ckks_params_read(&back, bytes, n, &used, why, sizeof why),
                         CKKS_ERR_FORMAT);
    assert_memory_equal(&back, &zero, sizeof back);
    assert_int_equal(used, 0);
}

/* Set one 32-bit field of the payload, seal again, expect a refusal. */
static void set_field(const ckks_params *params, size_t at, uint32_t value, ckks_status status)
{
    uint8_t bytes[200];
    ckks_params back;
    size_t size = write_params(bytes, sizeof bytes, params);
    size_t used = 0;
    char why[200] = "";

    ckks_store_u32le(bytes + CKKS_WIRE_HEADER + at, value);
    ckks_wire_seal(bytes, CKKS_WIRE_PARAMS, CKKS_WIRE_FLAG_INSECURE, ckks_context_hash(params),
                   size - CKKS_WIRE_HEADER);
    assert_int_equal(ckks_params_read(&back, bytes, size, &used, why, sizeof why), status);
    assert_int_not_equal(why[0], 0);
}

static void nonsense(void **state)
{
    ckks_params params = scheme_params(10, 2, 40, 1);
    uint8_t bytes[200];
    ckks_params back;
    size_t size = write_params(bytes, sizeof bytes, &params);
    size_t used = 0;
    char why[200] = "";

    (void)state;
    set_field(&params, 0, 1, CKKS_ERR_FORMAT); /* ring: its identity is another, its primes too */
    set_field(&params, 0, 2, CKKS_ERR_FORMAT);
    set_field(&params, 4, 17, CKKS_ERR_FORMAT); /* log_n */
    set_field(&params, 4, 0, CKKS_ERR_FORMAT);
    set_field(&params, 4, 0x80000000u, CKKS_ERR_FORMAT);
    set_field(&params, 8, 0, CKKS_ERR_FORMAT); /* q_count */
    set_field(&params, 8, 3, CKKS_ERR_FORMAT);
    set_field(&params, 8, 0xffffffffu, CKKS_ERR_FORMAT);
    set_field(&params, 12, 9, CKKS_ERR_FORMAT);     /* p_count */
    set_field(&params, 16, 12345, CKKS_ERR_FORMAT); /* a prime */
    set_field(&params, 40, 100, CKKS_ERR_FORMAT);   /* security bits */
    set_field(&params, 40, 0xffffffffu, CKKS_ERR_FORMAT);
    set_field(&params, 44, 2, CKKS_ERR_FORMAT); /* insecure_test */
    set_field(&params, 44, 0,
              CKKS_ERR_INSECURE); /* the check is not escaped by clearing the stamp */
    /* identity and stamp of the header must be those of the block */
    ckks_wire_seal(bytes, CKKS_WIRE_PARAMS, CKKS_WIRE_FLAG_INSECURE, ckks_context_hash(&params) ^ 1,
                   size - CKKS_WIRE_HEADER);
    assert_int_equal(ckks_params_read(&back, bytes, size, &used, why, sizeof why), CKKS_ERR_FORMAT);
    ckks_wire_seal(bytes, CKKS_WIRE_PARAMS, 0, ckks_context_hash(&params), size - CKKS_WIRE_HEADER);
    assert_int_equal(ckks_params_read(&back, bytes, size, &used, why, sizeof why), CKKS_ERR_FORMAT);
    ckks_wire_seal(bytes, CKKS_WIRE_PARAMS, CKKS_WIRE_FLAG_INSECURE, ckks_context_hash(&params),
                   10);
    assert_int_equal(ckks_params_read(&back, bytes, size, &used, why, sizeof why), CKKS_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(damage),
        cmocka_unit_test(nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
