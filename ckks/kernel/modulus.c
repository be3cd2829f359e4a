/* Building the record of one prime. */
#include "ckks/kernel/modulus.h"

#include <string.h>

#include "ckks/base/mem.h"
#include "ckks/word/prime.h"

static size_t reverse_bits(size_t x, int bits)
{
    size_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* Where the power base^e stands in the tables, or 0 for nowhere. Complex: e < N stands at brv(e).
 * Real: e < 2N stands at brv(e) = 2k + i in the tables of twice the size, and for i < k, the first
 * half of a layer, at k + i here. */
static size_t place_of(size_t e, const ckks_modulus *m)
{
    size_t place = 0;
    size_t layer = 1;

    if (m->kind == CKKS_RING_COMPLEX)
        return reverse_bits(e, m->log_n);
    place = reverse_bits(e, m->log_n + 1);
    while (4 * layer <= place)
        layer *= 2;
    return place < 2 * layer || place >= 3 * layer ? 0 : place - layer;
}

/* All powers of base, each in its place; table[0] = 1. */
static void fill_powers(ckks_twiddle *table, uint64_t base, const ckks_modulus *m)
{
    const size_t count = m->kind == CKKS_RING_COMPLEX ? m->n : 2 * m->n;
    uint64_t power = base;

    for (size_t e = 1; e < count; e++) {
        table[place_of(e, m)].w = power;
        power = ckks_mod_mul(power, base, &m->mod);
    }
    table[0].w = 1;
}

static void fill_quotients(ckks_twiddle *table, const ckks_modulus *m)
{
    for (size_t i = 0; i < m->n; i++)
        table[i].quotient = m->kernel->quotient(table[i].w, &m->mod);
}

ckks_status ckks_modulus_init_in(ckks_modulus *m, uint64_t q, int kind, int log_n,
                                 const ckks_kernel *kernel, ckks_twiddle *room)
{
    const int real = kind == CKKS_RING_REAL;

    memset(m, 0, sizeof *m);
    if (q < CKKS_MIN_PRIME || q > CKKS_MAX_PRIME || q > kernel->max_prime ||
        (q - 1) % (UINT64_C(2) << (log_n + real)) != 0 || !ckks_prime_is(q))
        return CKKS_ERR_PARAMS;
    m->q = q;
    m->mod = ckks_mod_init(q);
    m->bits = m->mod.bits;
    m->kind = kind;
    m->log_n = log_n;
    m->n = (size_t)1 << log_n;
    m->kernel = kernel;
    m->forward = room;
    m->inverse = room + m->n;
    m->root = ckks_prime_root(q, log_n + real);
    m->root_inverse = ckks_mod_inv(m->root, &m->mod);
    m->n_inverse = ckks_mod_inv(ckks_mod_reduce_u64(m->n << real, &m->mod), &m->mod);
    m->imaginary = real ? ckks_mod_pow_var(m->root, m->n, &m->mod) : 0;
    fill_powers(m->forward, m->root, m);
    fill_powers(m->inverse, m->root_inverse, m);
    m->inverse[0].w = m->n_inverse;
    m->inverse[1].w = ckks_mod_mul(m->inverse[1].w, m->n_inverse, &m->mod);
    fill_quotients(m->forward, m);
    fill_quotients(m->inverse, m);
    kernel->arrange(m);
    return CKKS_OK;
}

ckks_status ckks_modulus_init(ckks_modulus *m, uint64_t q, int kind, int log_n,
                              const ckks_kernel *kernel, const ckks_allocator *alloc)
{
    ckks_twiddle *room = ckks_mem_alloc(alloc, ckks_modulus_room(log_n));
    ckks_status st = CKKS_ERR_MEMORY;

    memset(m, 0, sizeof *m);
    if (room != NULL)
        st = ckks_modulus_init_in(m, q, kind, log_n, kernel, room);
    if (st != CKKS_OK)
        ckks_mem_free(alloc, room, ckks_modulus_room(log_n));
    else if (alloc != NULL)
        m->allocator = *alloc;
    return st;
}

void ckks_modulus_clear(ckks_modulus *m)
{
    ckks_allocator allocator = m->allocator;

    ckks_mem_free(&allocator, m->forward, ckks_modulus_room(m->log_n));
    memset(m, 0, sizeof *m);
}
