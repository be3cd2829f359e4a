/* Written objects, looked at without their parameters. */
#include "tests/testing.h"

#include "ckks/base/bytes.h"
#include "ckks/wire/look.h"
#include "ckks/wire/wire.h"

/* What is told without parameters, and that whatever spoils an object is found. */
static void look(void **state)
{
    uint8_t in[CKKS_WIRE_HEADER + 48 + 8] = {0};
    const size_t size = CKKS_WIRE_HEADER + 48;
    ckks_wire_info info;
    char why[200];

    (void)state;
    ckks_store_u32le(in + CKKS_WIRE_HEADER, 5);
    ckks_store_u32le(in + CKKS_WIRE_HEADER + 4, 2);
    ckks_wire_seal(in, CKKS_WIRE_CIPHERTEXT, CKKS_WIRE_FLAG_SEEDED | CKKS_WIRE_FLAG_INSECURE, 77,
                   48);
    assert_int_equal(ckks_wire_look(&info, in, sizeof in, why, sizeof why), CKKS_OK);
    assert_int_equal(info.kind, CKKS_WIRE_CIPHERTEXT);
    assert_int_equal(info.version, CKKS_WIRE_VERSION);
    assert_int_equal(info.context_id, 77);
    assert_int_equal(info.bytes, size); /* and 8 more are there */
    assert_true(info.limbs == 5 && info.parts == 2 && info.seeded == 1 && info.insecure == 1);
    assert_true(info.ring == 0 && info.keys == 0);

    for (size_t bit = 0; bit < 8 * size; bit++) {
        in[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(ckks_wire_look(&info, in, sizeof in, why, sizeof why), CKKS_OK);
        assert_true(info.kind == 0 && strlen(why) > 20);
        in[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(ckks_wire_look(&info, in, cut, NULL, 0), CKKS_ERR_FORMAT);
    assert_int_equal(ckks_wire_look(&info, NULL, 0, NULL, 0), CKKS_ERR_FORMAT);
    assert_int_equal(ckks_wire_look(NULL, in, size, NULL, 0), CKKS_ERR_ARG);

    ckks_wire_seal(in, CKKS_WIRE_SECRET_KEY, 0, 77, 48);
    assert_int_equal(ckks_wire_look(&info, in, size, NULL, 0), CKKS_OK);
    assert_true(info.ring == 192 && info.limbs == 0 && info.keys == 0 && info.insecure == 0);
    ckks_wire_seal(in, CKKS_WIRE_EVAL_KEYS, 0, 77, 48);
    assert_int_equal(ckks_wire_look(&info, in, size, NULL, 0), CKKS_OK);
    assert_true(info.keys == 5 && info.ring == 0);
    /* Heads that lack their own fields. */
    ckks_wire_seal(in, CKKS_WIRE_CIPHERTEXT, 0, 77, 39);
    assert_int_equal(ckks_wire_look(&info, in, size, NULL, 0), CKKS_OK);
    assert_int_equal(info.limbs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
