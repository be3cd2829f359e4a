/* Eight doubles. */
#include "bench/port.h"

#if defined(CKKS_KERNEL_AVX512F)

#include <immintrin.h>

PORT_LOOP(port_avx512f, __m512d, "v", PORT_DOUBLE_CHAINS, _mm512_set1_pd(0.5), _mm512_fmadd_pd,
          _mm512_add_pd)

#else

int port_avx512f(size_t rounds)
{
    (void)rounds;
    return 0;
}

#endif
