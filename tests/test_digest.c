/* The digest against published values of FNV-1a. */
#include "nn/base/digest.h"

#include "tests/testing.h"

static void test_known_answers(void **state)
{
    (void)state;
    assert_true(nn_digest((const uint8_t *)"", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(nn_digest((const uint8_t *)"a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(nn_digest((const uint8_t *)"foobar", 6) == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
