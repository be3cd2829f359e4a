/* See noise.h. Plain doubles: the estimates are public and need a few bits only. */
#include "ckks/scheme/noise.h"

#include <math.h>

double ckks_noise_add(double a, double b)
{
    return sqrt(a * a + b * b);
}

/* Deviation of a slot's real part when coefficients have deviation 1. */
static double spread(const ckks_context *ctx)
{
    return sqrt(ctx->params.ring == CKKS_RING_REAL ? ctx->slot_norm2 : ctx->slot_norm2 / 2.0);
}

double ckks_noise_slot(const ckks_context *ctx, double sigma, ckks_scale scale)
{
    return sigma * spread(ctx) / scale.hi;
}

double ckks_noise_coefficient(const ckks_context *ctx, double error, ckks_scale scale)
{
    return error * scale.hi / spread(ctx);
}

double ckks_noise_sigma(void)
{
    return sqrt(10.5); /* 42 fair coins, weight 1/2: variance 42/4 */
}

int ckks_noise_dithers(const ckks_context *ctx, ckks_scale scale)
{
    return scale.hi < (double)ctx->n * (double)ctx->n;
}

double ckks_noise_encode(const ckks_context *ctx, ckks_scale scale)
{
    /* At random: f (1 - f) of a fraction f, all fractions alike. */
    return ckks_noise_slot(ctx, sqrt(ckks_noise_dithers(ctx, scale) ? 1.0 / 6.0 : 1.0 / 12.0),
                           scale);
}

double ckks_noise_encrypt(const ckks_context *ctx, ckks_scale scale)
{
    return ckks_noise_slot(ctx, ckks_noise_sigma(), scale);
}

double ckks_noise_encrypt_public(const ckks_context *ctx, ckks_scale scale)
{
    /* e0 + v e + e1 s: v and s are ternary, two thirds of their coefficients are not zero. */
    return ckks_noise_slot(ctx, ckks_noise_sigma() * sqrt(1.0 + 2.0 * ctx->secret_norm2), scale);
}

double ckks_noise_divide(const ckks_context *ctx, int parts, ckks_scale scale_after)
{
    double h = ctx->secret_norm2;
    double fourth = ctx->params.ring == CKKS_RING_REAL ? 3.0 : 2.0; /* moment of a slot, over h^2 */
    double variance = (1.0 + h + (parts == 3 ? fourth * h * h : 0.0)) / 12.0;

    return ckks_noise_slot(ctx, sqrt(variance), scale_after);
}

double ckks_noise_divide_c1(const ckks_context *ctx, ckks_scale scale_after)
{
    return ckks_noise_slot(ctx, sqrt(ctx->secret_norm2 / 12.0), scale_after);
}

double ckks_noise_keyswitch(const ckks_context *ctx, int limbs, int alpha, int special,
                            ckks_scale scale)
{
    double log2_p = ckks_params_log2_qp(&ctx->params, 0, special);
    double sum = 0.0;

    for (int first = 0; first < limbs; first += alpha) {
        double log2_d = 0.0;
        for (int i = first; i < limbs && i < first + alpha; i++)
            log2_d += log2((double)ctx->params.q[i]);
        sum += exp2(2.0 * (log2_d - log2_p));
    }
    return ckks_noise_slot(ctx, ckks_noise_sigma() * sqrt(ctx->slot_norm2 * sum / 12.0), scale);
}

double ckks_noise_mul(double magnitude_a, double error_a, double magnitude_b, double error_b)
{
    double x = magnitude_a * error_b;
    double y = magnitude_b * error_a;
    double z = error_a * error_b;

    return sqrt(x * x + y * y + 2.0 * z * z);
}
