/* Which vector units the processor has and the operating system saves. */
#ifndef UNSEEN_CKKS_BASE_CPU_H
#define UNSEEN_CKKS_BASE_CPU_H

#include <stdint.h>

enum {
    CKKS_CPU_AVX2 = 1,   /* AVX2 */
    CKKS_CPU_FMA = 2,    /* FMA3 */
    CKKS_CPU_AVX512 = 4, /* AVX-512 F, DQ, VL */
    CKKS_CPU_AVX512_IFMA = 8,
    CKKS_CPU_AVX512_VBMI = 16, /* with BW */
    CKKS_CPU_NEON = 32
};

typedef uint32_t ckks_cpu_features; /* a set of CKKS_CPU_... */

/** What may be used here and now: cpuid and xgetbv on x86, NEON on 64-bit Arm, else nothing. */
ckks_cpu_features ckks_cpu_detect(void);

#endif
