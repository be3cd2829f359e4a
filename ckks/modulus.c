/* Building the record of one prime. */
#include "ckks/modulus.h"

#include <string.h>

#include "ckks/mem.h"
#include "ckks/prime.h"

static size_t table_bytes(const ckks_modulus *m)
{
    return 2 * m->n * sizeof(ckks_twiddle);
}

static size_t reverse_bits(size_t x, int bits)
{
    size_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* table[brv(i)] = base^i */
static void fill_powers(ckks_twiddle *table, uint64_t base, const ckks_modulus *m)
{
    uint64_t power = 1;

    for (size_t i = 0; i < m->n; i++) {
        table[reverse_bits(i, m->log_n)].w = power;
        power = ckks_mod_mul(power, base, &m->mod);
    }
}

static void fill_quotients(ckks_twiddle *table, const ckks_modulus *m)
{
    for (size_t i = 0; i < m->n; i++)
        table[i].quotient = m->kernel->quotient(table[i].w, &m->mod);
}

ckks_status ckks_modulus_init(ckks_modulus *m, uint64_t q, int log_n, const ckks_kernel *kernel,
                              const ckks_allocator *alloc)
{
    memset(m, 0, sizeof *m);
    if (q < CKKS_MIN_PRIME || q > CKKS_MAX_PRIME || q > kernel->max_prime ||
        (q - 1) % (UINT64_C(2) << log_n) != 0 || !ckks_prime_is(q))
        return CKKS_ERR_PARAMS;
    m->q = q;
    m->mod = ckks_mod_init(q);
    m->bits = m->mod.bits;
    m->log_n = log_n;
    m->n = (size_t)1 << log_n;
    m->kernel = kernel;
    if (alloc != NULL)
        m->allocator = *alloc;
    m->forward = ckks_mem_alloc(&m->allocator, table_bytes(m));
    if (m->forward == NULL) {
        memset(m, 0, sizeof *m);
        return CKKS_ERR_MEMORY;
    }
    m->inverse = m->forward + m->n;
    m->root = ckks_prime_root(q, log_n);
    m->root_inverse = ckks_mod_inv(m->root, &m->mod);
    m->n_inverse = ckks_mod_inv(ckks_mod_reduce_u64(m->n, &m->mod), &m->mod);
    fill_powers(m->forward, m->root, m);
    fill_powers(m->inverse, m->root_inverse, m);
    m->inverse[0].w = m->n_inverse;
    m->inverse[1].w = ckks_mod_mul(m->inverse[1].w, m->n_inverse, &m->mod);
    fill_quotients(m->forward, m);
    fill_quotients(m->inverse, m);
    kernel->arrange(m);
    return CKKS_OK;
}

void ckks_modulus_clear(ckks_modulus *m)
{
    ckks_allocator allocator = m->allocator;

    ckks_mem_free(&allocator, m->forward, table_bytes(m));
    memset(m, 0, sizeof *m);
}
