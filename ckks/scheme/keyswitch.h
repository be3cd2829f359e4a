/* Hybrid key switching: cut a polynomial into digits of alpha limbs, lift each digit to every prime
 * of (limbs, special), multiply by the key, divide by the special primes.
 *
 * Loops are prime-major: one target row at a time, for all digits, so that a row's twiddles stay
 * near. The threads of a worker share the rows; a lane is one thread's part of the scratch.
 *
 * An automorphism f is applied to the digits on their way into the product: with a key from f(s) to
 * s,  f(c0) + sum over d of f(u_d) key_d  stands in its final order, and the same digits serve
 * every automorphism. Letters: row = target prime (limbs first, then special), d = digit, i =
 * coefficient. No secret passes through here. Source: [HK20] section 3, [BMTH21]
 */
#ifndef UNSEEN_CKKS_SCHEME_KEYSWITCH_H
#define UNSEEN_CKKS_SCHEME_KEYSWITCH_H

#include "ckks/scheme/object.h"
#include "ckks/scheme/worker.h"

/** A polynomial cut into digits. */
typedef struct ckks_digits {
    int limbs, special, alpha;
    int count;           /* ceil(limbs / alpha) */
    const uint64_t *ntt; /* its rows in NTT form, used where a row belongs to the digit; or NULL */
    uint64_t *y;         /* limbs rows: the coefficient form, prepared for base conversion */
    uint64_t *v;         /* count rows: the quotients of the conversion */
    uint64_t *lifted;    /* [threads][count] rows: the digits at one target row, for each lane */
} ckks_digits;

/** Rows of scratch that ckks_digits_init takes. */
static inline size_t ckks_digits_rows(int limbs, int alpha, int threads)
{
    return (size_t)limbs + (1 + (size_t)threads) * (size_t)((limbs + alpha - 1) / alpha);
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
 *  Out:     u     count pointers, to d->lifted or d->ntt; valid until the lane's next call
 *  In:      lane  0 .. threads of the worker - 1
 *  Cost:    one conversion and one transform for each digit that the row does not belong to
 */
void ckks_digits_row(const ckks_context *ctx, const ckks_digits *d,
                     const uint64_t *u[CKKS_MAX_DIGITS], int row, int lane);

/** The operands of dot_key (kernel.h) for the digits times the key at this row, without
 *  automorphism and with nothing to add: the caller sets turn, turned and add.
 *
 *  In:      u    the digits at this row; the record points to it
 *           key  for at least d->limbs limbs, of the alpha and special of d
 */
ckks_key_product ckks_keyswitch_product(const ckks_context *ctx, const uint64_t *const *u,
                                        const ckks_digits *d, const ckks_key *key, int row);

/** Rows of scratch that dividing both parts of a ciphertext takes. */
static inline size_t ckks_mod_down_rows(int threads)
{
    return 2 + (size_t)threads;
}

/** out = round(acc / P), or round(acc / (P q_last)) when rescale is set, for both parts of a
 *  ciphertext; exact rounding, centred.
 *
 *  In:      acc0, acc1   (limbs, special) rows in NTT form, used up
 *  Out:     out0, out1   limbs (or limbs - 1) rows; each may be its acc
 *  Memory:  ckks_mod_down_rows of scratch
 *  Cost:    for each part special (+ 1) inverse and limbs (- 1) forward transforms
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_mod_down_pair(ckks_worker *w, uint64_t *out0, uint64_t *out1, uint64_t *acc0,
                               uint64_t *acc1, int limbs, int special, int rescale);

/** One part without rescale, acc and out in coefficient form. */
ckks_status ckks_mod_down_coeffs(ckks_worker *w, uint64_t *out, uint64_t *acc, int limbs,
                                 int special);

/** out = round(in / q_last), NTT form; out has limbs - 1 rows a part and may be in.
 *
 *  In:      parts  1 .. 3
 *  Memory:  parts rows of scratch and one for each thread
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_divide_last(ckks_worker *w, uint64_t *const *out, const uint64_t *const *in,
                             int parts, int limbs);

/** Rows of scratch that ckks_keyswitch takes at most, whatever the digits of its key. */
static inline size_t ckks_keyswitch_rows(int limbs, int special, int threads)
{
    return 2 * (size_t)(limbs + special) + ckks_digits_rows(limbs, 1, threads);
}

/** The cheapest lent key for a job, or NULL: the right kind and element, limbs at least as many.
 *
 *  In:      alpha, special   0: any; else exactly these
 */
const ckks_key *ckks_keyswitch_find(const ckks_worker *w, int kind, uint64_t element, int limbs,
                                    int alpha, int special);

/** (out0, out1) = round((P init0 + <c, key>_0) / B), round((P init1 + <c, key>_1) / B), B = P or P
 * q_last; for a key without automorphism.
 *
 *  In:      c             limbs rows, NTT form
 *           init0, init1  limbs rows, NTT form; init1 may be NULL
 *  Out:     out0, out1    limbs (- 1) rows; may be c, init0, init1
 *  Memory:  ckks_keyswitch_rows of scratch
 *  Fails:   CKKS_ERR_MEMORY
 */
ckks_status ckks_keyswitch(ckks_worker *w, uint64_t *out0, uint64_t *out1, const uint64_t *c,
                           const uint64_t *init0, const uint64_t *init1, const ckks_key *key,
                           int limbs, int rescale);

#endif
