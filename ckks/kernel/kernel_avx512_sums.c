/* Several sums over the same rows for the AVX-512 family: four sums share every load. One sum at a
 * time reads a vector for each pair of multiplications, which the second cache cannot deliver as
 * fast as they are done; four of them read a quarter. */
#include "ckks/kernel/kernel_avx512.h"

#if defined(CKKS_KERNEL_AVX512)

#include "ckks/base/check.h"

/* Four sums of two vectors each: sixteen accumulators, two loads, four factors. */
enum { GROUP = 4, WIDTH = 2, RUN = 1024 };

/* `wide` vectors from place i of four sums; wide, 1 or WIDTH, is a constant of the call. In a run
 * of 2^10 terms below 2^46.8 q the low sum stays below 2^62 and the high one, with the carry, below
 * 2^52; then both are brought below 4q. */
INLINE void group(uint64_t *const *out, const uint64_t *const *x, const uint64_t *const *w,
                  size_t count, size_t i, int wide, factor top, const prime *p)
{
    const vec zero = _mm512_setzero_si512();
    vec start[GROUP][WIDTH];

    for (int r = 0; r < GROUP; r++)
        start[r][0] = start[r][1] = zero;
    for (size_t base = 0; base < count; base += RUN) {
        const size_t end = count - base < RUN ? count : base + RUN;
        sums s[GROUP][WIDTH];

        for (int r = 0; r < GROUP; r++)
            s[r][0] = s[r][1] = (sums){zero, zero};
        for (size_t k = base; k < end; k++) {
            const vec a = load(x[k] + i);
            const vec b = wide == WIDTH ? load(x[k] + i + LANES) : zero;

            for (int r = 0; r < GROUP; r++) {
                const vec f = all(w[r][k]);

                gather_term(&s[r][0], a, f);
                if (wide == WIDTH)
                    gather_term(&s[r][1], b, f);
            }
        }
        for (int r = 0; r < GROUP; r++)
            for (int h = 0; h < wide; h++)
                start[r][h] = settle8(add(fold_sums(s[r][h], top, p), start[r][h]), p);
    }
    for (int r = 0; r < GROUP; r++)
        store_rows(out[r] + i, start[r], LANES, wide);
}

void ckks_kernel_avx512_dot_scalars(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                                    const uint64_t *const *w, size_t count, size_t n,
                                    const ckks_modulus *m)
{
    const prime p = prime_of(m);
    const factor top = factor_top(&m->mod);
    size_t r = 0;

    CKKS_VERIFY(count >= 1 && count <= CKKS_KERNEL_MAX_TERMS && n % LANES == 0);
    for (; r + GROUP <= rows; r += GROUP) {
        size_t i = 0;

        for (; i + WIDTH * LANES <= n; i += WIDTH * LANES)
            group(out + r, x, w + r, count, i, WIDTH, top, &p);
        if (i < n)
            group(out + r, x, w + r, count, i, 1, top, &p);
    }
    for (; r < rows; r++)
        m->kernel->dot_scalar(out[r], x, w[r], count, n, m);
}

#endif
