/* Feature detection by cpuid and xgetbv; on 64-bit Arm the vector unit is part of the architecture.
 *
 * Source: Intel SDM volume 2, CPUID leaves 1 and 7, and volume 1, 13.3 (XCR0)
 */
#include "ckks/base/cpu.h"

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))

#include <cpuid.h>

static uint32_t enabled_state(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

ckks_cpu_features ckks_cpu_detect(void)
{
    ckks_cpu_features features = 0;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
    uint32_t state;

    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    if ((c >> 27 & 1) == 0) /* OSXSAVE: the system uses xsave, so xgetbv exists */
        return 0;
    state = enabled_state();
    if ((state & 0x6) != 0x6) /* xmm and ymm are saved */
        return 0;
    if (c >> 12 & 1)
        features |= CKKS_CPU_FMA;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return features;
    if (b >> 5 & 1)
        features |= CKKS_CPU_AVX2;
    if ((state & 0xe6) != 0xe6) /* opmask and zmm are saved as well */
        return features;
    if ((b >> 16 & 1) && (b >> 17 & 1) && (b >> 31 & 1)) { /* F, DQ, VL */
        features |= CKKS_CPU_AVX512;
        if (b >> 21 & 1)
            features |= CKKS_CPU_AVX512_IFMA;
        if ((b >> 30 & 1) && (c >> 1 & 1)) /* BW, which the compiler takes VBMI to include */
            features |= CKKS_CPU_AVX512_VBMI;
    }
    return features;
}

#else

ckks_cpu_features ckks_cpu_detect(void)
{
#if defined(__aarch64__)
    return CKKS_CPU_NEON;
#else
    return 0;
#endif
}

#endif
