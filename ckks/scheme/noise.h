/* The error model: standard deviation of a slot's error, in slot units, carried beside every
 * ciphertext.
 *
 * Let g be the mean of |slot|^2 over the slots of a polynomial whose coefficients are independent,
 * of mean 0 and variance 1:
 *
 *   complex ring   slot = sum of a_k zeta^(k e), so g = N, half of it in the real part
 *   real ring      slot = a_0 + sum over 0 < k < N of 2 a_k cos(k e pi / 2N), so g = 1 + 2 (N - 1),
 *                  for which 2N is taken, all of it real
 *
 * An error polynomial whose coefficients have deviation s thus shifts the real (and the imaginary)
 * part of a slot by s sqrt(N/2) / scale, in the real ring by s sqrt(2N) / scale. A product of
 * independent polynomials multiplies their mean squares, slot by slot. The secret's is h = 2g/3.
 * Errors of different origin add in squares. Slotwise factors are taken at their declared
 * magnitude, so the estimate holds for a slot that reaches it and is an upper estimate elsewhere.
 * Formulas, as coefficient deviations:
 *
 *   rounding (encode, constants)    1/sqrt(12); 1/sqrt(6) where encode dithers
 *   error distribution              sqrt(21/2), centred binomial of 42 coins
 *   secret-key encryption           sqrt(21/2)
 *   public-key encryption           sqrt(21/2) sqrt(1 + 2h)
 *   division (rescale, mod-down)    sqrt((1 + h)/12); three parts: sqrt((1 + h + f h^2)/12), where
 *                                   the mean of |slot of s^2|^2 is f h^2: a slot of s is nearly
 *                                   Gaussian, so f = 2 when it is complex, f = 3 when it is real
 *   key switch before the mod-down  sqrt(21/2) sqrt(g sum_d D_d^2 / 12) / P
 *   product                         m1 e2 + m2 e1 + e1 e2, slotwise
 *
 * Source: [CKKS17], [KPP22]; [KS18] for the real ring; tests/test_noise.c holds measured errors
 * against all of these.
 */
#ifndef UNSEEN_CKKS_SCHEME_NOISE_H
#define UNSEEN_CKKS_SCHEME_NOISE_H

#include "ckks/params/context.h"

/** Square root of a sum of squares. */
double ckks_noise_add(double a, double b);

/** Slot error of an error polynomial whose coefficients have deviation sigma. */
double ckks_noise_slot(const ckks_context *ctx, double sigma, ckks_scale scale);

/** Its inverse: the coefficient deviation that gives this slot error. */
double ckks_noise_coefficient(const ckks_context *ctx, double error, ckks_scale scale);

/** Coefficient deviation of the error distribution. */
double ckks_noise_sigma(void);

/** Whether encode rounds at random at this scale: below N^2, where rounding to nearest would leave
 * an error that depends on the values when these are in few slots, see encode.c. */
int ckks_noise_dithers(const ckks_context *ctx, ckks_scale scale);

/** Slot error of rounding an encoding to integers. */
double ckks_noise_encode(const ckks_context *ctx, ckks_scale scale);

/** Slot error of fresh encryptions, without the encoding's. */
double ckks_noise_encrypt(const ckks_context *ctx, ckks_scale scale);
double ckks_noise_encrypt_public(const ckks_context *ctx, ckks_scale scale);

/** Slot error that one division adds, at the scale after it; parts 2 or 3. */
double ckks_noise_divide(const ckks_context *ctx, int parts, ckks_scale scale_after);

/** The same for the second part alone (a division of c1 only, as in giant steps). */
double ckks_noise_divide_c1(const ckks_context *ctx, ckks_scale scale_after);

/** Slot error of one key switch without its final division, at this scale. */
double ckks_noise_keyswitch(const ckks_context *ctx, int limbs, int alpha, int special,
                            ckks_scale scale);

/** Slot error of a product from magnitudes and errors of the factors. */
double ckks_noise_mul(double magnitude_a, double error_a, double magnitude_b, double error_b);

#endif
