/* Index tables of the automorphisms. */
#include "ckks/ring/galois.h"

/* log2 of the order of X: exponents are taken modulo 2N, in the real ring modulo 4N. */
static int log_order(int kind, int log_n)
{
    return log_n + (kind == CKKS_RING_REAL ? 2 : 1);
}

/* What parts neighbours among the exponents of the roots, e = step j + 1: 2, in the real ring 4. */
static uint64_t step_of(int kind)
{
    return kind == CKKS_RING_REAL ? 4 : 2;
}

uint64_t ckks_galois_element(const ckks_ring *r, int steps)
{
    return ckks_galois_element_n(r->kind, r->log_n, steps);
}

uint64_t ckks_galois_element_n(int kind, int log_n, int steps)
{
    const int order = log_order(kind, log_n);
    const int64_t slots = INT64_C(1) << (order - 2); /* powers of 5 */
    const uint64_t mask = (UINT64_C(1) << order) - 1;
    uint64_t left = (uint64_t)((steps % slots + slots) % slots);
    uint64_t power = 5;
    uint64_t element = 1;

    for (; left != 0; left >>= 1) {
        if (left & 1)
            element = element * power & mask;
        power = power * power & mask;
    }
    return element;
}

uint64_t ckks_galois_conjugation(int log_n)
{
    return (UINT64_C(2) << log_n) - 1;
}

uint64_t ckks_galois_inverse(int kind, int log_n, uint64_t element)
{
    const uint64_t mask = (UINT64_C(1) << log_order(kind, log_n)) - 1;
    uint64_t inverse = element; /* right modulo 8: the square of an odd number is 1 there */

    /* Newton: every step doubles the number of right bits, 3, 6, 12, 24. */
    for (int step = 0; step < 3; step++)
        inverse *= 2 - element * inverse;
    return inverse & mask;
}

/* Of a number of 0 to 32 bits: pairs of neighbours change places, then pairs of pairs. */
static uint32_t reverse_bits(uint32_t x, int bits)
{
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    x = (x >> 8 & 0x00ff00ff) | (x & 0x00ff00ff) << 8;
    return (uint32_t)((uint64_t)(x >> 16 | x << 16) >> (32 - bits));
}

/* Place i holds the value at psi^e, e = step brv(i) + 1; the image's value there is that of the
 * polynomial at psi^(element e). */
void ckks_galois_table(uint32_t *index, int kind, int log_n, uint64_t element)
{
    const uint32_t n = UINT32_C(1) << log_n;
    const uint64_t step = step_of(kind);
    const uint64_t mask = step * n - 1;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t e = (step * reverse_bits(i, log_n) + 1) * element & mask;

        index[i] = reverse_bits((uint32_t)(e / step), log_n);
    }
}

/* Place 8 b + l holds the exponent index j = brv(8 b + l) = brv(b) + (N/8) brv3(l), brv(b) over the
 * upper bits of the place. With e = step j + 1 the source index is
 *     (element e - 1) / step = [element brv(b) + (element - 1) / step] + (N/8) element brv3(l)
 * modulo N. The bracket is low + (N/8) carry: low names the source block, carry mixes the lanes. */
void ckks_galois_permutation(ckks_permutation *p, int kind, int log_n, uint64_t element)
{
    const uint64_t blocks = (UINT64_C(1) << log_n) / 8;
    const uint64_t offset = element / step_of(kind);

    for (uint64_t b = 0; b < blocks; b++) {
        uint64_t j = element * reverse_bits((uint32_t)b, log_n - 3) + offset;
        uint32_t from = reverse_bits((uint32_t)(j & (blocks - 1)), log_n - 3);

        p->block[b] = from * 8 + (uint32_t)(j / blocks & 7);
    }
    for (uint32_t carry = 0; carry < 8; carry++) {
        for (uint32_t l = 0; l < 8; l++) {
            uint32_t top = (uint32_t)element * reverse_bits(l, 3) + carry;

            p->lane[carry][l] = (uint8_t)reverse_bits(top & 7, 3);
        }
    }
}

void ckks_galois_apply_coeffs(int8_t *out, const int8_t *in, int kind, int log_n, uint64_t element)
{
    const uint64_t n = UINT64_C(1) << log_n;
    const uint64_t mask = (UINT64_C(1) << log_order(kind, log_n)) - 1;

    for (uint64_t k = 0; k < n; k++) {
        uint64_t e = k * element & mask;

        /* Exponents are public. Real: e and -e are one, and X^2N = -1 makes X^e + X^-e the negative
         * of that for 2N - e; e = N is no multiple of an odd number by k < N. Complex: X^N = -1. */
        if (kind == CKKS_RING_REAL) {
            e = e > 2 * n ? 4 * n - e : e;
            out[e < n ? e : 2 * n - e] = (int8_t)(e < n ? in[k] : -in[k]);
        } else {
            out[e < n ? e : e - n] = (int8_t)(e < n ? in[k] : -in[k]);
        }
    }
}
