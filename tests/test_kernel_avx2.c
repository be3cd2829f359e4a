/* The AVX2 family gives the same bits as the portable one; skipped where it cannot run. */
#include "tests/families.h"

int main(void)
{
    return family_main("avx2", ckks_kernel_avx2(), CKKS_CPU_AVX2 | CKKS_CPU_FMA);
}
