/* Which family is chosen. */
#include "ckks/kernel/kernel.h"

#include "tests/testing.h"

static void selection(void **state)
{
    const ckks_kernel *portable = ckks_kernel_portable();

    (void)state;
    assert_string_equal(portable->name, "portable");
    assert_true(portable->max_prime == CKKS_MAX_PRIME);
    assert_ptr_equal(ckks_kernel_select(0, 17, NULL), portable);
    assert_ptr_equal(ckks_kernel_select(0, CKKS_MAX_PRIME, "portable"), portable);
    assert_ptr_equal(ckks_kernel_select(ckks_cpu_detect(), 97, "portable"), portable);
    assert_non_null(ckks_kernel_select(ckks_cpu_detect(), 97, NULL));
    assert_null(ckks_kernel_select(0, CKKS_MAX_PRIME + 1, NULL));
    assert_null(ckks_kernel_select(ckks_cpu_detect(), 97, "abacus"));
    assert_null(ckks_kernel_select(ckks_cpu_detect(), 97, ""));
}

static void the_list_ends_with_portable(void **state)
{
    int count = 0;

    (void)state;
    while (ckks_kernel_list(count) != NULL)
        count++;
    assert_true(count >= 1);
    assert_ptr_equal(ckks_kernel_list(count - 1), ckks_kernel_portable());
    assert_null(ckks_kernel_list(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection),
        cmocka_unit_test(the_list_ends_with_portable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
