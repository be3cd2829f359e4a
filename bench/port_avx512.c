/* Eight 52-bit words. */
#include "bench/port.h"

#if defined(CKKS_KERNEL_AVX512)

#include <immintrin.h>

PORT_LOOP(port_ifma, __m512i, "v", PORT_WORD_CHAINS, _mm512_set1_epi64(3), _mm512_madd52lo_epu64,
          _mm512_add_epi64)

#else

int port_ifma(size_t rounds)
{
    (void)rounds;
    return 0;
}

#endif
