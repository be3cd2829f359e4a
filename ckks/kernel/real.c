/* Folding and unfolding of the real ring in portable C. Places k and N - k go together; N/2 is a
 * pair of its own, and 0 is none.
 */
#include "ckks/kernel/real.h"

void ckks_real_fold(uint64_t *a, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const uint64_t w = q - m->imaginary; /* -i */
    const uint64_t quotient = ckks_mod_shoup(w, &m->mod);

    /* A product is below 2q whatever the word. */
    for (size_t k = 1; k <= m->n / 2; k++) {
        const uint64_t x = a[k];
        const uint64_t y = a[m->n - k];

        a[k] = x + ckks_mod_mul_shoup_lazy(y, w, quotient, q);
        a[m->n - k] = y + ckks_mod_mul_shoup_lazy(x, w, quotient, q);
    }
}

void ckks_real_unfold(uint64_t *a, const ckks_modulus *m)
{
    const uint64_t q = m->q;
    const uint64_t w = m->imaginary;
    const uint64_t quotient = ckks_mod_shoup(w, &m->mod);

    a[0] = ckks_mod_add(a[0], a[0], q);
    for (size_t k = 1; k <= m->n / 2; k++) {
        const uint64_t x = a[k];
        const uint64_t y = a[m->n - k];

        a[k] = ckks_mod_add(x, ckks_mod_mul_shoup(y, w, quotient, q), q);
        a[m->n - k] = ckks_mod_add(y, ckks_mod_mul_shoup(x, w, quotient, q), q);
    }
}
