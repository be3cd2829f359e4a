/* Every code has a name of its own, and nothing else has. */
#include "ckks/ckks.h"
#include "nn/client.h"
#include "tests/testing.h"

static const int codes[] = {
    CKKS_OK,           CKKS_ERR_ARG,    CKKS_ERR_MEMORY,   CKKS_ERR_ENTROPY,
    CKKS_ERR_SELFTEST, CKKS_ERR_PARAMS, CKKS_ERR_INSECURE, CKKS_ERR_MISMATCH,
    CKKS_ERR_LEVEL,    CKKS_ERR_SCALE,  CKKS_ERR_DEGREE,   CKKS_ERR_NO_KEY,
    CKKS_ERR_RANGE,    CKKS_ERR_FORMAT, CKKS_ERR_VERSION,  CKKS_ERR_SPACE};

static void names_differ(void **state)
{
    const size_t count = sizeof codes / sizeof codes[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const char *name = ckks_status_name(codes[i]);

        assert_true(strncmp(name, i == 0 ? "CKKS_OK" : "CKKS_ERR_", i == 0 ? 8 : 9) == 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name, ckks_status_name(codes[j]));
    }
    assert_string_equal(ckks_status_name(CKKS_ERR_LEVEL), "CKKS_ERR_LEVEL");
}

static void unknown_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(ckks_status_name(1), "unknown status");
    assert_string_equal(ckks_status_name(-99), "unknown status");
}

static void network_codes_too(void **state)
{
    (void)state;
    assert_string_equal(nn_status_name(NN_OK), "NN_OK");
    assert_string_equal(nn_status_name(NN_ERR_ARG), "NN_ERR_ARG");
    assert_string_equal(nn_status_name(NN_ERR_STOPPED), "NN_ERR_STOPPED");
    assert_string_equal(nn_status_name(CKKS_ERR_LEVEL), "CKKS_ERR_LEVEL");
    assert_non_null(nn_status_name(-999));
}

static void version_is_there(void **state)
{
    (void)state;
    assert_true(strlen(ckks_version()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_differ),
        cmocka_unit_test(unknown_has_a_text),
        cmocka_unit_test(network_codes_too),
        cmocka_unit_test(version_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
