/* Detection is stable, has no unknown bits, and agrees with the compiler's own. */
#include "ckks/base/cpu.h"
#include "tests/testing.h"

static void plausible(void **state)
{
    const ckks_cpu_features f = ckks_cpu_detect();

    (void)state;
    assert_int_equal(f, ckks_cpu_detect());
    assert_int_equal(f & ~(ckks_cpu_features)63, 0);
    if (f & (CKKS_CPU_AVX512_IFMA | CKKS_CPU_AVX512_VBMI))
        assert_true((f & CKKS_CPU_AVX512) != 0);
    if (f & CKKS_CPU_AVX512)
        assert_true((f & CKKS_CPU_AVX2) != 0);
}

static void agrees_with_the_compiler(void **state)
{
    const ckks_cpu_features f = ckks_cpu_detect();

    (void)state;
    (void)f;
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    assert_int_equal((f & CKKS_CPU_AVX2) != 0, __builtin_cpu_supports("avx2") != 0);
    assert_int_equal((f & CKKS_CPU_FMA) != 0, __builtin_cpu_supports("fma") != 0);
    assert_int_equal((f & CKKS_CPU_AVX512) != 0, __builtin_cpu_supports("avx512f") != 0 &&
                                                     __builtin_cpu_supports("avx512dq") != 0 &&
                                                     __builtin_cpu_supports("avx512vl") != 0);
    assert_int_equal((f & CKKS_CPU_AVX512_IFMA) != 0, __builtin_cpu_supports("avx512ifma") != 0);
#elif defined(__aarch64__)
    assert_int_equal(f, CKKS_CPU_NEON);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plausible),
        cmocka_unit_test(agrees_with_the_compiler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
