/* One prime: constants, roots, tables, chosen kernel. The record itself is in kernel.h. */
#ifndef UNSEEN_CKKS_MODULUS_H
#define UNSEEN_CKKS_MODULUS_H

#include "ckks/kernel.h"

/** Make the record of the prime q for ring degree 2^log_n.
 *
 *  In:      kernel   serves q; its quotient form is used in the tables
 *           alloc    NULL for malloc
 *  Memory:  32 * N bytes
 *  Fails:   CKKS_ERR_PARAMS (q is no prime of the library or not 1 mod 2N), CKKS_ERR_MEMORY; *m is
 *           then cleared
 */
CKKS_MUST_CHECK ckks_status ckks_modulus_init(ckks_modulus *m, uint64_t q, int log_n,
                                              const ckks_kernel *kernel,
                                              const ckks_allocator *alloc);

/** Release the tables and zero the record; a zero record is fine. */
void ckks_modulus_clear(ckks_modulus *m);

#endif
