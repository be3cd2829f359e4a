/* Index tables of the automorphisms. */
#include "ckks/galois.h"

uint64_t ckks_galois_element(const ckks_ring *r, int steps)
{
    return ckks_galois_element_n(r->log_n, steps);
}

uint64_t ckks_galois_element_n(int log_n, int steps)
{
    const int64_t slots = INT64_C(1) << (log_n - 1);
    const uint64_t mask = (UINT64_C(2) << log_n) - 1;
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

uint64_t ckks_galois_inverse(int log_n, uint64_t element)
{
    const uint64_t mask = (UINT64_C(2) << log_n) - 1;
    uint64_t inverse = element; /* right modulo 8: the square of an odd number is 1 there */

    /* Newton: every step doubles the number of right bits, 3, 6, 12, 24. */
    for (int step = 0; step < 3; step++)
        inverse *= 2 - element * inverse;
    return inverse & mask;
}

static uint32_t reverse_bits(uint32_t x, int bits)
{
    uint32_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* Place i holds the value at psi^e, e = 2 brv(i) + 1; the image's value there is that of the
 * polynomial at psi^(element e). */
void ckks_galois_table(uint32_t *index, int log_n, uint64_t element)
{
    const uint32_t n = UINT32_C(1) << log_n;
    const uint64_t mask = 2 * (uint64_t)n - 1;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t e = (2 * (uint64_t)reverse_bits(i, log_n) + 1) * element & mask;

        index[i] = reverse_bits((uint32_t)(e / 2), log_n);
    }
}

/* Place 8 b + l holds the exponent index j = brv(8 b + l) = brv(b) + (N/8) brv3(l), brv(b) over the
 * upper bits of the place. With e = 2 j + 1 the source index is
 *     (element e - 1) / 2 = [element brv(b) + (element - 1) / 2] + (N/8) element brv3(l)  (mod N).
 * The bracket is low + (N/8) carry: low names the source block, carry mixes the lanes. */
void ckks_galois_permutation(ckks_permutation *p, int log_n, uint64_t element)
{
    const uint64_t blocks = (UINT64_C(1) << log_n) / 8;

    for (uint64_t b = 0; b < blocks; b++) {
        uint64_t j = element * reverse_bits((uint32_t)b, log_n - 3) + element / 2;
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

void ckks_galois_apply_coeffs(int8_t *out, const int8_t *in, int log_n, uint64_t element)
{
    const uint64_t n = UINT64_C(1) << log_n;
    const uint64_t mask = 2 * n - 1;

    for (uint64_t k = 0; k < n; k++) {
        uint64_t e = k * element & mask;

        /* X^N = -1. The exponent is public. */
        if (e < n)
            out[e] = in[k];
        else
            out[e - n] = (int8_t)-in[k];
    }
}
