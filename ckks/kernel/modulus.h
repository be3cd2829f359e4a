/* One prime: constants, roots, tables, chosen kernel. The record itself is in kernel.h. */
#ifndef UNSEEN_CKKS_KERNEL_MODULUS_H
#define UNSEEN_CKKS_KERNEL_MODULUS_H

#include "ckks/kernel/kernel.h"

/** Make the record of the prime q for ring degree 2^log_n.
 *
 *  In:      kind     CKKS_RING_COMPLEX or CKKS_RING_REAL
 *           kernel   serves q; its quotient form is used in the tables
 *           alloc    NULL for malloc
 *  Memory:  32 * N bytes
 *  Fails:   CKKS_ERR_PARAMS (q is no prime of the library or not 1 mod 2N, real: mod 4N),
 *           CKKS_ERR_MEMORY; *m is then cleared
 */
CKKS_MUST_CHECK ckks_status ckks_modulus_init(ckks_modulus *m, uint64_t q, int kind, int log_n,
                                              const ckks_kernel *kernel,
                                              const ckks_allocator *alloc);

/** The same with room for 2 N twiddles that stays the caller's: a ring has its tables in one block,
 *  which huge pages serve. ckks_modulus_clear is not for it. */
CKKS_MUST_CHECK ckks_status ckks_modulus_init_in(ckks_modulus *m, uint64_t q, int kind, int log_n,
                                                 const ckks_kernel *kernel, ckks_twiddle *room);

/** Bytes of that room. */
static inline size_t ckks_modulus_room(int log_n)
{
    return ((size_t)2 << log_n) * sizeof(ckks_twiddle);
}

/** Release the tables and zero the record; a zero record is fine. */
void ckks_modulus_clear(ckks_modulus *m);

#endif
