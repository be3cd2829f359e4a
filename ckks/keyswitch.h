/* Hybrid key switching: cut a polynomial into digits of alpha limbs, lift each digit to every prime
 * of (limbs, special), multiply by the key, divide by the special primes.
 *
 * Loops are prime-major: one target row at a time, for all digits, so that a row's twiddles stay
 * near.
 * Letters: row = target prime (limbs first, then special), d = digit, i = coefficient.
 * No secret passes through here. Source: [HK20] section 3, [BMTH21]
 */
#ifndef UNSEEN_CKKS_KEYSWITCH_H
#define UNSEEN_CKKS_KEYSWITCH_H

#include "ckks/object.h"
#include "ckks/worker.h"

/** A polynomial cut into digits. */
typedef struct ckks_digits {
    int limbs, special, alpha;
    int count;           /* ceil(limbs / alpha) */
    const uint64_t *ntt; /* its rows in NTT form, used where a row belongs to the digit; or NULL */
    uint64_t *y;         /* limbs rows: the coefficient form, prepared for base conversion */
    uint64_t *v;         /* count rows: the quotients of the conversion */
    uint64_t *lifted;    /* count rows: the digits at one target row */
} ckks_digits;

/** Rows of scratch that ckks_digits_init takes. */
static inline size_t ckks_digits_rows(int limbs, int alpha)
{
    return (size_t)limbs + 2 * (size_t)((limbs + alpha - 1) / alpha);
}

/** Cut a polynomial given in NTT form.
 *
 *  In:      ntt     limbs rows of N words; must live as long as d
 *  Memory:  ckks_digits_rows of the worker's scratch, until the caller releases its mark
 *  Cost:    limbs inverse transforms
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_digits_init(ckks_worker *w, ckks_digits *d, const uint64_t *ntt, int limbs,
                             int alpha, int special);

/** The same from coefficient form, which is consumed: y is the caller's rows. */
ckks_status ckks_digits_init_coeffs(ckks_worker *w, ckks_digits *d, uint64_t *y, int limbs,
                                    int alpha, int special);

/** All digits at one target row, NTT form.
 *
 *  Out:     u     count pointers, to d->lifted or d->ntt; valid until the next call
 *  Cost:    one conversion and one transform for each digit that the row does not belong to
 */
void ckks_digits_row(const ckks_context *ctx, const ckks_digits *d,
                     const uint64_t *u[CKKS_MAX_DIGITS], int row);

/** acc0, acc1 = sum over digits of u times the key at this row; canonical.
 *
 *  In:      init0, init1   rows to add, or NULL
 */
void ckks_keyswitch_row(const ckks_context *ctx, uint64_t *acc0, uint64_t *acc1,
                        const uint64_t *const *u, const ckks_digits *d, const ckks_key *key,
                        int row, const uint64_t *init0, const uint64_t *init1);

/** out = round(acc / P), or round(acc / (P q_last)) when rescale is set; exact rounding, centred.
 *
 *  In:      acc    (limbs, special) rows in NTT form, used up
 *  Out:     out    limbs (or limbs - 1) rows; may be acc
 *  Cost:    special (+ 1) inverse and limbs (- 1) forward transforms
 *  Fails:   CKKS_ERR_MEMORY (two rows of scratch)
 */
ckks_status ckks_mod_down(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs, int special,
                          int rescale);

/** The same without rescale, acc and out in coefficient form. */
ckks_status ckks_mod_down_coeffs(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs,
                                 int special);

/** out = round(in / q_last) for one part in NTT form; out has limbs - 1 rows and may be in. */
ckks_status ckks_divide_last(ckks_worker *w, uint64_t *out, const uint64_t *in, int limbs);

/** The cheapest lent key for a job, or NULL: the right kind and element, limbs at least as many.
 *
 *  In:      alpha, special   0: any; else exactly these
 */
const ckks_key *ckks_keyswitch_find(const ckks_worker *w, int kind, uint64_t element, int limbs,
                                    int alpha, int special);

/** (out0, out1) = round((P init0 + <c, key>_0) / B), round((P init1 + <c, key>_1) / B), B = P or P
 * q_last.
 *
 *  In:      c             limbs rows, NTT form
 *           init0, init1  limbs rows, NTT form; init1 may be NULL
 *  Out:     out0, out1    limbs (- 1) rows; may be c, init0, init1
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_keyswitch(ckks_worker *w, uint64_t *out0, uint64_t *out1, const uint64_t *c,
                           const uint64_t *init0, const uint64_t *init1, const ckks_key *key,
                           int limbs, int rescale);

#endif
