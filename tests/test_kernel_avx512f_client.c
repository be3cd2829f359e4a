/* The client's loops of the family avx512f against the portable ones. */
#include "tests/client_families.h"

static void slots(void **state)
{
    (void)state;
    client_family_check("avx512f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
