/* Digits by rows of kernel operations, a tile at a time so that its rows stay near.
 *
 * Error: let y_l = d_l + q_l y_{l+1} be the exact partial sums, e_l the relative error of the
 * computed ones, u = 2^-53, r = |q_l y_{l+1} / y_l|. The product adds u and the sum u: e_l <= r
 * (e_{l+1} + u) + u, but for terms of u^2. The upmost digit that is not zero is exact, and the
 * digits above it change nothing. On it stands r < 2, as |q_l y_{l+1}| >= q_l and |d_l| < q_l / 2:
 * e <= 3u. From there on |y_{l+1}| >= (q_{l+1} + 1) / 2, so that r <= 1 + 1/q_{l+1} <= 1 + 2^-12,
 * and in 31 steps what such factors add to the 2u of each stays below u/2. With the product by the
 * factor: (2 count + 1/2) u.
 */
#include "ckks/ring/radix.h"

enum { TILE = 512, PAIRS = CKKS_MAX_Q * (CKKS_MAX_Q - 1) / 2 };

/* 1 / q_j modulo q_l for all j < l, in that order. */
static void make_inverses(uint64_t *inverse, const ckks_modulus *m, int count)
{
    for (int l = 1; l < count; l++) {
        for (int j = 0; j < l; j++)
            *inverse++ = ckks_mod_inv(ckks_mod_reduce_u64(m[j].q, &m[l].mod), &m[l].mod);
    }
}

/* n places of every row become digits. */
static void make_digits(uint64_t *const *row, uint64_t *t, const ckks_modulus *m, int count,
                        const uint64_t *inverse, size_t n)
{
    for (int l = 1; l < count; l++) {
        const ckks_kernel *kernel = m[l].kernel;

        for (int j = 0; j < l; j++) {
            kernel->reduce_centred(t, row[j], m[j].q, n, &m[l]);
            kernel->sub_mul_scalar(row[l], row[l], t, *inverse++, n, &m[l]);
        }
    }
}

void ckks_radix_real(double *out, uint64_t *rows, const ckks_modulus *m, int count, double factor)
{
    const size_t n = m[0].n;
    const size_t length = n < TILE ? n : TILE;
    uint64_t inverse[PAIRS];
    uint64_t q[CKKS_MAX_Q];

    make_inverses(inverse, m, count);
    for (int l = 0; l < count; l++)
        q[l] = m[l].q;
    for (size_t first = 0; first < n; first += length) {
        uint64_t *row[CKKS_MAX_Q];
        const uint64_t *digit[CKKS_MAX_Q];

        for (int l = 0; l < count; l++)
            digit[l] = row[l] = rows + (size_t)l * n + first;
        make_digits(row, (uint64_t *)(void *)(out + first), m, count, inverse, length);
        m[0].kernel->client->to_real(out + first, digit, q, (size_t)count, factor, length);
    }
}
