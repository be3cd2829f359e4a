/* The NEON family gives the same bits as the portable one; skipped where it cannot run. */
#include "tests/families.h"

int main(void)
{
    return family_main("neon", ckks_kernel_neon(), CKKS_CPU_NEON);
}
