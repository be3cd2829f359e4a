/* Folding and unfolding of the real ring in the AVX-512 family: eight places k go together with
 * their eight mirrors N - k, which are read and written backwards. The first seven pairs, and N/2,
 * are done one by one.
 *
 * Source: kernel_avx512.h for the products
 */
#include "ckks/kernel/kernel_avx512.h"

#if defined(CKKS_KERNEL_AVX512)

INLINE vec backwards(vec x)
{
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0), x);
}

/* x + y f in [0, x + 2q); above bit 52 anything. */
INLINE vec product_add(vec x, vec y, factor f, const prime *p)
{
    return low(low(x, y, f.w), high(_mm512_setzero_si512(), y, f.quotient), p->minus);
}

/* One pair of places; settled: to [0,q), from [0,q). */
INLINE void one_pair(uint64_t *a, size_t k, uint64_t w, const ckks_modulus *m, int settled)
{
    const uint64_t quotient = ckks_mod_shoup(w, &m->mod);
    const uint64_t x = a[k];
    const uint64_t y = a[m->n - k];
    const uint64_t from_y = ckks_mod_mul_shoup(y, w, quotient, m->q);
    const uint64_t from_x = ckks_mod_mul_shoup(x, w, quotient, m->q);

    a[k] = settled ? ckks_mod_add(x, from_y, m->q) : x + from_y;
    a[m->n - k] = settled ? ckks_mod_add(y, from_x, m->q) : y + from_x;
}

/* a_k += w a_{N-k} for 0 < k < N. settled is a constant of the call. */
INLINE void all_pairs(uint64_t *a, uint64_t w, const ckks_modulus *m, int settled)
{
    const prime p = prime_of(m);
    const factor f = factor_of(w, &m->mod);
    const size_t half = m->n / 2;

    for (size_t k = 1; k < LANES && k < half; k++)
        one_pair(a, k, w, m, settled);
    for (size_t k = LANES; k < half; k += LANES) {
        uint64_t *mirror = a + m->n - k - (LANES - 1);
        const vec x = load(a + k);
        const vec y = backwards(_mm512_loadu_si512(mirror));
        const vec left = product_add(x, y, f, &p);
        const vec right = product_add(y, x, f, &p);

        store(a + k, settled ? settle4(left, &p) : _mm512_and_si512(left, p.mask));
        _mm512_storeu_si512(
            mirror, backwards(settled ? settle4(right, &p) : _mm512_and_si512(right, p.mask)));
    }
    one_pair(a, half, w, m, settled);
}

void ckks_kernel_avx512_real_fold(uint64_t *a, const ckks_modulus *m)
{
    all_pairs(a, m->q - m->imaginary, m, 0);
}

void ckks_kernel_avx512_real_unfold(uint64_t *a, const ckks_modulus *m)
{
    a[0] = ckks_mod_add(a[0], a[0], m->q);
    all_pairs(a, m->imaginary, m, 1);
}

#endif
