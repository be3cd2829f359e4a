/* The error model: standard deviation of a slot's error, in slot units, carried beside every
 * ciphertext.
 *
 * An error polynomial with independent coefficients of standard deviation s shifts the real (and
 * the imaginary) part of every slot by s sqrt(N/2) / scale. Errors of different origin add in
 * squares. Slotwise factors are taken at their declared magnitude, so the estimate holds for a slot
 * that reaches it and is an upper estimate elsewhere. Formulas, as coefficient deviations (h = 2N/3
 * the secret's squared length):
 *
 *   rounding (encode, constants)    1/sqrt(12)
 *   error distribution              sqrt(21/2), centred binomial of 42 coins
 *   secret-key encryption           sqrt(21/2)
 *   public-key encryption           sqrt(21/2) sqrt(1 + 4N/3)
 *   division (rescale, mod-down)    sqrt((1 + h)/12); three parts: sqrt((1 + h + 2 h^2)/12)
 *   key switch before the mod-down  sqrt(21/2) sqrt(N sum_d D_d^2 / 12) / P
 *   product                         m1 e2 + m2 e1 + e1 e2, slotwise
 *
 * Source: [CKKS17], [KPP22]; tests/test_noise.c holds measured errors against all of these.
 */
#ifndef UNSEEN_CKKS_NOISE_H
#define UNSEEN_CKKS_NOISE_H

#include "ckks/context.h"

/** Square root of a sum of squares. */
double ckks_noise_add(double a, double b);

/** Slot error of an error polynomial whose coefficients have deviation sigma. */
double ckks_noise_slot(const ckks_context *ctx, double sigma, ckks_scale scale);

/** Coefficient deviation of the error distribution. */
double ckks_noise_sigma(void);

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
