/* Four doubles. */
#include "bench/port.h"

#if defined(CKKS_KERNEL_AVX2)

#include <immintrin.h>

PORT_LOOP(port_avx2, __m256d, "x", PORT_DOUBLE_CHAINS, _mm256_set1_pd(0.5), _mm256_fmadd_pd,
          _mm256_add_pd)

#else

int port_avx2(size_t rounds)
{
    (void)rounds;
    return 0;
}

#endif
