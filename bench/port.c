/* What needs no flags: words, two doubles on 64-bit Arm, the chain, memory. */
#include "bench/port.h"

#include "ckks/word/u128.h"

/* By turns the high half, which a butterfly needs once, and the low one, which it needs twice; i is
 * PORT_LOOP's. */
#define WORD_MULTIPLY(chain, x, y) (i % 3 == 0 ? ckks_u128_mul_hi(chain, y) : (chain) * (x))
#define WORD_ADD(x, y) ((x) + (y))

PORT_LOOP(port_portable, uint64_t, "r", PORT_WORD_CHAINS, UINT64_MAX / 3, WORD_MULTIPLY, WORD_ADD)

void port_chain(size_t rounds)
{
    uint64_t x = 3;

    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            x *= x;
            PORT_CHANGED("r", x);
        }
    }
}

/* Asked for so long before its use. */
enum { AHEAD = 6144 };

/* As wide as every machine has it; eight of them are two lines of a cache. */
typedef uint64_t pair __attribute__((vector_size(16)));

enum { PAIRS = 8 };

uint64_t port_read(const void *block, size_t size)
{
    const pair *at = block;
    pair sum[PAIRS] = {{0}}, total = {0};

    for (size_t i = 0; i < size / sizeof *at; i += PAIRS) {
        __builtin_prefetch((const char *)(at + i) + AHEAD);
        __builtin_prefetch((const char *)(at + i) + AHEAD + 64);
#pragma GCC unroll 8
        for (int k = 0; k < PAIRS; k++)
            sum[k] ^= at[i + (size_t)k];
    }
    for (int k = 0; k < PAIRS; k++)
        total ^= sum[k];
    return total[0] ^ total[1];
}

#if defined(__aarch64__)

#include <arm_neon.h>

#define NEON_MULTIPLY(chain, x, y) vfmaq_f64(y, chain, x)

PORT_LOOP(port_neon, float64x2_t, "w", PORT_DOUBLE_CHAINS, vdupq_n_f64(0.5), NEON_MULTIPLY,
          vaddq_f64)

#else

int port_neon(size_t rounds)
{
    (void)rounds;
    return 0;
}

#endif
