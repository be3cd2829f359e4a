/* The NEON family gives the same bits as the portable one; skipped where it cannot run. */
#include "tests/families.h"

static void rows(void **state)
{
    const ckks_kernel *kernel = family_of("neon");

    (void)state;
    if (kernel == NULL)
        skip();
    family_check_rows(kernel);
}

static void transforms(void **state)
{
    const ckks_kernel *kernel = family_of("neon");

    (void)state;
    if (kernel == NULL)
        skip();
    family_check_transforms(kernel);
}

/* It needs NEON, and comes before portable. */
static void selection(void **state)
{
    const ckks_kernel *kernel = ckks_kernel_neon();

    (void)state;
    if (kernel == NULL)
        skip();
    assert_string_equal(kernel->name, "neon");
    assert_true(kernel->max_prime == CKKS_MAX_PRIME);
    assert_ptr_equal(ckks_kernel_select(CKKS_CPU_NEON, 97, NULL), kernel);
    assert_null(ckks_kernel_select(0, 97, "neon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection),
        cmocka_unit_test(rows),
        cmocka_unit_test(transforms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
