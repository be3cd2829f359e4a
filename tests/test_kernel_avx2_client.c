/* The client's loops of the family avx2 against the portable ones. */
#include "tests/client_families.h"

static void slots(void **state)
{
    (void)state;
    client_family_check("avx2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
