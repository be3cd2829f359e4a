/* Which family serves which prime on which machine. */
#include "ckks/kernel/kernel.h"

#include <string.h>

/* Best first. A family needs all of its features and a prime up to its max_prime. */
static const struct {
    const ckks_kernel *(*get)(void);
    ckks_cpu_features needs;
} families[] = {
    {ckks_kernel_avx512, CKKS_CPU_AVX512 | CKKS_CPU_AVX512_IFMA | CKKS_CPU_AVX512_VBMI},
    {ckks_kernel_avx512f, CKKS_CPU_AVX512},
    {ckks_kernel_avx2, CKKS_CPU_AVX2 | CKKS_CPU_FMA},
    {ckks_kernel_neon, CKKS_CPU_NEON},
    {ckks_kernel_portable, 0},
};

enum { FAMILY_COUNT = sizeof families / sizeof families[0] };

const ckks_kernel *ckks_kernel_list(int i)
{
    for (int f = 0; f < FAMILY_COUNT; f++) {
        const ckks_kernel *kernel = families[f].get();

        if (kernel != NULL && i-- == 0)
            return kernel;
    }
    return NULL;
}

const ckks_kernel *ckks_kernel_select(ckks_cpu_features cpu, uint64_t q, const char *name)
{
    for (int i = 0; i < FAMILY_COUNT; i++) {
        const ckks_kernel *kernel = families[i].get();

        if (kernel == NULL || (families[i].needs & ~cpu) != 0 || q > kernel->max_prime)
            continue;
        if (name == NULL || strcmp(name, kernel->name) == 0)
            return kernel;
    }
    return NULL;
}
