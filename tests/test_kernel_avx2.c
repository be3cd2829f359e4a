/* The AVX2 family gives the same bits as the portable one; skipped where it cannot run. */
#include "tests/families.h"

static void rows(void **state)
{
    const ckks_kernel *kernel = family_of("avx2");

    (void)state;
    if (kernel == NULL)
        skip();
    family_check_rows(kernel);
}

static void transforms(void **state)
{
    const ckks_kernel *kernel = family_of("avx2");

    (void)state;
    if (kernel == NULL)
        skip();
    family_check_transforms(kernel);
}

/* It needs AVX2 and FMA, both, and comes before portable. */
static void selection(void **state)
{
    const ckks_kernel *kernel = ckks_kernel_avx2();

    (void)state;
    if (kernel == NULL)
        skip();
    assert_string_equal(kernel->name, "avx2");
    assert_true(kernel->max_prime == CKKS_MAX_PRIME);
    assert_ptr_equal(ckks_kernel_select(CKKS_CPU_AVX2 | CKKS_CPU_FMA, 97, NULL), kernel);
    assert_ptr_equal(ckks_kernel_select(CKKS_CPU_AVX2, 97, NULL), ckks_kernel_portable());
    assert_ptr_equal(ckks_kernel_select(CKKS_CPU_FMA, 97, NULL), ckks_kernel_portable());
    assert_null(ckks_kernel_select(CKKS_CPU_FMA, 97, "avx2"));
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
