/* The canonical embedding: N/2 complex slots <-> N real coefficients, in double.
 *
 *   slot_j = m(zeta^(5^j)),   zeta = exp(i pi / N),   m(X) = sum over k < N of c_k X^k
 *
 * The N coefficients are kept as N/2 complex numbers: re[k] = c_k, im[k] = c_{k+N/2}.
 *
 * Sparse form: s slots, s a power of two, 1 <= s <= N/2, are a polynomial in Y = X^(N/(2s)): pair
 * k < s belongs at coefficients k N/(2s) and N/2 + k N/(2s). The full vector of slots then repeats
 * with period s.
 *
 * Twiddles are correct to 0.501 ulp. Error: about 2^-53 sqrt(log2 s) of the largest value.
 * Time: constant in the values on machines whose floating-point unit is; see SECURITY.md.
 */
#ifndef UNSEEN_CKKS_KERNEL_FFT_H
#define UNSEEN_CKKS_KERNEL_FFT_H

#include <stddef.h>

#include "ckks/ckks.h"
#include "ckks/kernel/kernel.h"

typedef struct ckks_fft {
    const ckks_kernel_client *kernel;
    int log_n;
    size_t slots;    /* N/2 */
    double *re, *im; /* [h + j] = exp(i pi 5^j / (4 h)), 0 <= j < h, h = 1, 2, ..., N/4 */
    ckks_allocator allocator;
} ckks_fft;

/** Make the tables for ring degree 2^log_n, 2 <= log_n <= 17: the real ring of degree N uses those
 * of 2N.
 *
 *  In:      kernel  computes the transforms; all give the same numbers
 *  Memory:  8 * N bytes
 *  Fails:   CKKS_ERR_MEMORY; *f is then cleared
 */
CKKS_MUST_CHECK ckks_status ckks_fft_init(ckks_fft *f, int log_n, const ckks_kernel *kernel,
                                          const ckks_allocator *alloc);

/** Release the tables; a zero record is fine. */
void ckks_fft_clear(ckks_fft *f);

/** Slots to coefficient pairs, in place; includes the factor 1/s.  Range: s = slots a power of two
 *  <= N/2 */
void ckks_fft_inverse(const ckks_fft *f, double *re, double *im, size_t slots);

/** Coefficient pairs to slots, in place. */
void ckks_fft_forward(const ckks_fft *f, double *re, double *im, size_t slots);

#endif
