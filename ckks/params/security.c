/* The largest log2(QP) of the guideline for each ring degree and security level.
 *
 * Uniform ternary secret, error of standard deviation 3.19 or more, classical attacks. A prime
 * counts when any published key or ciphertext uses it, special primes included. Both rings have the
 * same rows: in either a sample is N samples of learning with errors in dimension N, with secrets
 * and errors of the same law, and no attack is known that gains from the structure of one of them.
 *
 * Source: [SEC24] tables of maximal moduli, classical columns; [KS18] for the real ring
 */
#include "ckks/ckks.h"

enum { FIRST_LOG_N = 11, LAST_LOG_N = 16, LEVEL_COUNT = 3 };

static const int level_bits[LEVEL_COUNT] = {128, 192, 256};

static const double max_log2_qp[LAST_LOG_N - FIRST_LOG_N + 1][LEVEL_COUNT] = {
    {53, 36, 27},    {106, 73, 56},   {214, 147, 114},
    {430, 297, 230}, {868, 597, 462}, {1747, 1199, 929},
};

double ckks_security_max_log2_qp(int log_n, int security_bits)
{
    if (log_n < FIRST_LOG_N || log_n > LAST_LOG_N)
        return 0.0;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (level_bits[i] == security_bits)
            return max_log2_qp[log_n - FIRST_LOG_N][i];
    }
    return 0.0;
}

int ckks_security_bits(int log_n, double log2_qp)
{
    for (int i = LEVEL_COUNT - 1; i >= 0; i--) {
        double max = ckks_security_max_log2_qp(log_n, level_bits[i]);
        /* written so that a NaN and a degree without a row satisfy nothing */
        if (max > 0.0 && log2_qp <= max)
            return level_bits[i];
    }
    return 0;
}
