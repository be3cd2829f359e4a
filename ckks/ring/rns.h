/* The ring, Z[X]/(X^N + 1) or the real ring (ntt.h), modulo products of primes: all moduli, and
 * exact change of basis.
 *
 * Moduli are numbered 0 .. q_count-1 for Q, then q_count .. for P. A polynomial "over (limbs,
 * special)" is limbs + special rows of N words: Q_0 .. Q_{limbs-1}, then P_0 .. P_{special-1};
 * ckks_ring_index turns a row into the number of its modulus.
 *
 * Change of basis. Let D be the product of the primes d_0 .. d_{c-1} of a basis, x an integer with
 * residues x_k. With y_k = [x_k (D/d_k)^-1] mod d_k in [0,d_k),
 *
 *     x = sum over k of y_k D/d_k  -  v D,      v = round(sum over k of y_k / d_k)
 *
 * is the representative in [-D/2, D/2). v is computed by one integer formula, the same in every
 * kernel: with b_k bits in d_k and C_k = floor(2^(51+b_k) / d_k) < 2^52,
 *
 *     V = sum over k of floor(y_k 2^(51-b_k) C_k / 2^52),      v = (V + 2^49) >> 50.
 *
 * Each term is below y_k/d_k 2^50 by less than 1 + 2^-1 (from the floor, and from C_k, because
 * y_k 2^(51-b_k) / 2^52 < 1/2). So v is exact unless x/D mod 1 is within 1.5 c 2^-50 above 1/2, and
 * then the result is the representative x of [-D/2, D/2] plus or minus D: still congruent, still of
 * the same size up to that fraction.
 *
 * Source: [HPS19] for the form, with fixed point in the place of floating point
 */
#ifndef UNSEEN_CKKS_RING_RNS_H
#define UNSEEN_CKKS_RING_RNS_H

#include <stddef.h>
#include <stdint.h>

#include "ckks/ckks.h"
#include "ckks/kernel/kernel.h"

enum {
    CKKS_MAX_MODULI = CKKS_MAX_Q + CKKS_MAX_P,
    CKKS_MAX_BASIS = 16 /* primes in one basis */
};

typedef struct ckks_ring ckks_ring;

/** An ordered set D of moduli with the constants of the conversion to every modulus of the ring. */
typedef struct ckks_basis {
    const ckks_ring *ring;
    int count;
    int index[CKKS_MAX_BASIS];         /* numbers of the moduli, in the order of the rows */
    int bits[CKKS_MAX_BASIS];          /* b_k */
    uint64_t weight[CKKS_MAX_BASIS];   /* (D/d_k)^-1 mod d_k */
    uint64_t fraction[CKKS_MAX_BASIS]; /* C_k */
    double log2;                       /* log2 D */
    const uint64_t *product;           /* [m] = D mod modulus m; 0 for the basis's own */
    const uint64_t *inverse;           /* [m] = D^-1 mod modulus m; 0 for the basis's own */
    const uint64_t
        *cofactor; /* [m (count+1) + k] = D/d_k mod modulus m, k < count; then -D mod m */
} ckks_basis;

struct ckks_ring {
    int kind; /* CKKS_RING_COMPLEX, CKKS_RING_REAL */
    int log_n;
    size_t n;
    int q_count, p_count;
    ckks_modulus *modulus; /* Q first, then P */
    ckks_twiddle *tables;  /* of all moduli */
    ckks_allocator alloc;
    /* private: all bases, and where they begin */
    ckks_basis *basis;
    uint64_t *words;
    size_t basis_count, word_count;
    int digit_first[CKKS_MAX_Q], digit_limit[CKKS_MAX_Q];
    int special_first;
};

/** Everything that depends on the primes alone: tables, bases, kernels chosen and tested.
 *
 *  Out:     r        stays where it is: bases point to it
 *  In:      kind     CKKS_RING_COMPLEX or CKKS_RING_REAL
 *           q, p     distinct primes of the library, = 1 mod 2N (4N); 1 <= q_count <= CKKS_MAX_Q,
 *                    0 <= p_count <= CKKS_MAX_P
 *           kernel   NULL, or the name of the family that must be used
 *           alloc    NULL for malloc; copied
 *  Fails:   CKKS_ERR_ARG (counts, kind, log_n, unknown kernel), CKKS_ERR_PARAMS (primes),
 *           CKKS_ERR_MEMORY, CKKS_ERR_SELFTEST; *r is then cleared
 */
CKKS_MUST_CHECK ckks_status ckks_ring_init(ckks_ring *r, int kind, int log_n, const uint64_t *q,
                                           int q_count, const uint64_t *p, int p_count,
                                           const char *kernel, const ckks_allocator *alloc);

/** Release everything and zero the record; a zero record is fine. */
void ckks_ring_clear(ckks_ring *r);

/** Heap that the ring holds. */
size_t ckks_ring_bytes(const ckks_ring *r);

/** Number of the modulus of a row of a polynomial over (limbs, special). */
static inline int ckks_ring_index(const ckks_ring *r, int row, int limbs)
{
    return row < limbs ? row : r->q_count + row - limbs;
}

/** The basis Q_first .. Q_{first+count-1}. NULL when there is none: count 1 always exists; more
 *  primes when their product is at most twice that of all special primes, count <= CKKS_MAX_BASIS.
 *  A rescale by the last limb uses ckks_ring_digit(r, limbs - 1, 1). */
const ckks_basis *ckks_ring_digit(const ckks_ring *r, int first, int count);

/** The basis of mod-down: P_0 .. P_{special-1}, and for with_q >= 0 the prime Q_{with_q} BEFORE
 *  them, so that its rows are with_q, with_q + 1, ... of a polynomial over (with_q + 1, special).
 *
 *  In:      special   0 .. p_count; 0 only with with_q >= 0
 *           with_q    -1, or 0 .. q_count-1
 *  NULL when out of range.
 */
const ckks_basis *ckks_ring_special(const ckks_ring *r, int special, int with_q);

/** First step: weights and quotient.
 *
 *     y[k] = x[k] (D/d_k)^-1 mod d_k,   v = round(sum of y[k] / d_k)
 *
 *  Out:     y        count rows in [0,d_k); row k may be x[k]
 *           v        one row, small numbers; not written (may be NULL) when count is 1
 *  In:      x        count rows in [0,d_k), coefficient form
 *  Time:    constant
 */
void ckks_basis_prepare(const ckks_basis *b, uint64_t *const *y, uint64_t *v,
                        const uint64_t *const *x);

/** The quotient of the first step alone, for places first .. first + n - 1 of rows that the weights
 *  are already in; nothing when count is 1.
 *
 *  In:      y        count rows in [0,d_k)
 *           first, n multiples of 8
 */
void ckks_basis_quotient(const ckks_basis *b, uint64_t *v, const uint64_t *const *y, size_t first,
                         size_t n);

/** Second step: the representative of x in [-D/2, D/2) modulo one modulus, coefficient form.
 *
 *  Out:     out      in [0,q) of that modulus; may be any row of y, or v
 *  In:      modulus  number in the ring; also one of the basis's own
 *           y, v     from ckks_basis_prepare; v is not read when count is 1
 *  Time:    constant
 *  Cost:    count + 1 multiplications and one reduction a coefficient; count 1: one reduction
 */
void ckks_basis_convert(const ckks_basis *b, uint64_t *out, int modulus, const uint64_t *const *y,
                        const uint64_t *v);

#endif
