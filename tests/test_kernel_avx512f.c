/* The AVX-512 F family gives the same bits as the portable one; skipped where it cannot run. */
#include "tests/families.h"

int main(void)
{
    return family_main("avx512f", ckks_kernel_avx512f(), CKKS_CPU_AVX512);
}
