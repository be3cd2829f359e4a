/* Folding and unfolding of the real ring for the families that compute in double precision; see
 * kernel_fma.h for what they need and how they multiply.
 */
#ifndef UNSEEN_CKKS_KERNEL_KERNEL_FMA_REAL_H
#define UNSEEN_CKKS_KERNEL_KERNEL_FMA_REAL_H

#include "ckks/kernel/kernel_fma.h"
#include "ckks/kernel/real.h"

#ifdef CKKS_FMA_LANES

/* One pair of places. */
FMA_INLINE void fma_real_pair(uint64_t *a, size_t k, uint64_t w, const ckks_modulus *m)
{
    const uint64_t quotient = ckks_mod_shoup(w, &m->mod);
    const uint64_t x = a[k];
    const uint64_t y = a[m->n - k];

    a[k] = ckks_mod_reduce_u64(x + ckks_mod_mul_shoup_lazy(y, w, quotient, m->q), &m->mod);
    a[m->n - k] = ckks_mod_reduce_u64(y + ckks_mod_mul_shoup_lazy(x, w, quotient, m->q), &m->mod);
}

/* x + w y as a word: in [0,q) when `settled`, a constant of the call; else x + w y + q, which lies
 * in [0,4q) for x and y in [0,2q), as w y is at most 5/8 q in absolute value. */
FMA_INLINE vu fma_real_word(vd sum, int settled, const fma_prime *p)
{
    if (settled)
        return fma_canonical(sum, p);
    return v_word_sub(v_bits(v_add(v_add(sum, p->q), p->round)), p->round_bits);
}

/* a_k += w a_{N-k} for 0 < k < N. LANES places k go together with their mirrors, which are read and
 * written backwards; the first pairs, and N/2, one by one. */
FMA_INLINE void fma_real_pairs(uint64_t *a, uint64_t w, int settled, const ckks_modulus *m)
{
    const fma_prime p = fma_prime_of(m);
    const fma_factor f = fma_factor_of(w, &p);
    const size_t half = m->n / 2;

    for (size_t k = 1; k < LANES && k < half; k++)
        fma_real_pair(a, k, w, m);
    fma_real_pair(a, half, w, m);
    for (size_t k = LANES; k < half; k += LANES) {
        uint64_t *mirror = a + m->n - k - (LANES - 1);
        const vd x = fma_load(a + k, &p);
        const vd y = fma_of_words(v_backwards(v_load(mirror)), &p);
        vd from_y = y;
        vd from_x = x;

        fma_mul_abreast(&from_y, f, &from_x, f, &p);
        v_store(a + k, fma_real_word(v_add(x, from_y), settled, &p));
        v_store(mirror, v_backwards(fma_real_word(v_add(y, from_x), settled, &p)));
    }
}

static void fma_real_fold(uint64_t *a, const ckks_modulus *m)
{
    fma_real_pairs(a, m->q - m->imaginary, 0, m);
}

static void fma_real_unfold(uint64_t *a, const ckks_modulus *m)
{
    a[0] = ckks_mod_add(a[0], a[0], m->q);
    fma_real_pairs(a, m->imaginary, 1, m);
}

#endif
#endif
