/* Multi-word integers: schoolbook, because the numbers are few and made once; the sum of
 * ckks_wide_crt_real alone is hot.
 */
#include "ckks/wide.h"

#include <math.h>
#include <string.h>

#include "ckks/check.h"

void ckks_wide_set(ckks_wide *out, uint64_t x)
{
    memset(out, 0, sizeof *out);
    out->word[0] = x;
}

uint64_t ckks_wide_mul_u64(ckks_wide *x, uint64_t w)
{
    uint64_t carry = 0;

    for (int i = 0; i < CKKS_WIDE_WORDS; i++) {
        /* (2^64-1)^2 + 2^64 - 1 < 2^128 */
        ckks_u128 t = ckks_u128_add_u64(ckks_u128_mul(x->word[i], w), carry);

        x->word[i] = ckks_u128_lo(t);
        carry = ckks_u128_hi(t);
    }
    return carry;
}

uint64_t ckks_wide_div_u64(ckks_wide *x, uint64_t d)
{
    uint64_t r = 0;

    for (int i = CKKS_WIDE_WORDS - 1; i >= 0; i--)
        x->word[i] = ckks_u128_div_var(ckks_u128_make(r, x->word[i]), d, &r);
    return r;
}

uint64_t ckks_wide_mod_u64(const ckks_wide *x, uint64_t d)
{
    ckks_wide copy = *x;

    return ckks_wide_div_u64(&copy, d);
}

int ckks_wide_compare(const ckks_wide *a, const ckks_wide *b)
{
    for (int i = CKKS_WIDE_WORDS - 1; i >= 0; i--) {
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

void ckks_wide_product(ckks_wide *out, const uint64_t *factor, int count)
{
    ckks_wide_set(out, 1);
    for (int i = 0; i < count; i++) {
        uint64_t lost = ckks_wide_mul_u64(out, factor[i]);

        CKKS_VERIFY(lost == 0);
        (void)lost;
    }
}

/* x = m 2^exponent with m in [2^63, 2^64) and the bits below it cut off; x > 0. Cutting changes x
 * by less than 2^-63 of itself. */
static uint64_t normalise(const uint64_t *word, int words, int *exponent)
{
    int top = words - 1;
    int shift = 0;
    uint64_t m;

    while (top > 0 && word[top] == 0)
        top--;
    m = word[top];
    while (shift < 63 && m << shift >> 63 == 0)
        shift++;
    m <<= shift;
    if (shift > 0 && top > 0)
        m |= word[top - 1] >> (64 - shift);
    *exponent = 64 * top - shift;
    return m;
}

static double real_of(const uint64_t *word, int words)
{
    int exponent;
    uint64_t m = normalise(word, words, &exponent);

    return ldexp((double)m, exponent);
}

double ckks_wide_real(const ckks_wide *x)
{
    return real_of(x->word, CKKS_WIDE_WORDS);
}

double ckks_wide_log2(const ckks_wide *x)
{
    int exponent;
    uint64_t m = normalise(x->word, CKKS_WIDE_WORDS, &exponent);

    return log2((double)m) + exponent;
}

double ckks_wide_log2_product(const uint64_t *factor, int count)
{
    ckks_wide product;

    ckks_wide_product(&product, factor, count);
    return ckks_wide_log2(&product);
}

void ckks_wide_crt_init(ckks_wide_crt *crt, const uint64_t *q, int count)
{
    int used = CKKS_WIDE_WORDS;

    crt->count = count;
    ckks_wide_product(&crt->product, q, count);
    crt->half = crt->product;
    (void)ckks_wide_div_u64(&crt->half, 2);
    while (crt->product.word[used - 1] == 0)
        used--;
    /* Sums stay below 2Q; one word more when its top bit is taken. */
    crt->words = used + (crt->product.word[used - 1] >> 62 != 0 ? 1 : 0);
    for (int l = 0; l < count; l++) {
        crt->mod[l] = ckks_mod_init(q[l]);
        crt->cofactor[l] = crt->product;
        (void)ckks_wide_div_u64(&crt->cofactor[l], q[l]);
        crt->inverse[l] = ckks_mod_inv(ckks_wide_mod_u64(&crt->cofactor[l], q[l]), &crt->mod[l]);
    }
}

/* sum += y * x over `words` words. */
static void accumulate(uint64_t *sum, const uint64_t *x, uint64_t y, int words)
{
    uint64_t carry = 0;

    for (int i = 0; i < words; i++) {
        /* (2^64-1)^2 + 2 (2^64-1) < 2^128 */
        ckks_u128 t = ckks_u128_add_u64(ckks_u128_mac(ckks_u128_make(0, carry), x[i], y), sum[i]);

        sum[i] = ckks_u128_lo(t);
        carry = ckks_u128_hi(t);
    }
}

/* out = a - b; returns the borrow, 0 or 1. out may be a or b. */
static uint64_t subtract(uint64_t *out, const uint64_t *a, const uint64_t *b, int words)
{
    uint64_t borrow = 0;

    for (int i = 0; i < words; i++) {
        uint64_t x = a[i];
        uint64_t y = b[i];
        uint64_t difference = x - y - borrow;

        borrow = ((~x & y) | ((~x | y) & difference)) >> 63;
        out[i] = difference;
    }
    return borrow;
}

/* out = mask ? a : out */
static void replace(uint64_t *out, const uint64_t *a, uint64_t mask, int words)
{
    for (int i = 0; i < words; i++)
        out[i] ^= (out[i] ^ a[i]) & mask;
}

double ckks_wide_crt_real(const ckks_wide_crt *crt, const uint64_t *x, size_t stride)
{
    uint64_t sum[CKKS_WIDE_WORDS];
    uint64_t other[CKKS_WIDE_WORDS];
    uint64_t above;
    double magnitude;

    memset(sum, 0, sizeof sum);
    for (int l = 0; l < crt->count; l++) {
        uint64_t y = ckks_mod_mul(x[(size_t)l * stride], crt->inverse[l], &crt->mod[l]);

        /* y (Q/q_l) < Q: the sum is below 2Q, and below Q again after one subtraction. */
        accumulate(sum, crt->cofactor[l].word, y, crt->words);
        replace(sum, other, subtract(other, sum, crt->product.word, crt->words) - 1, crt->words);
    }
    above = subtract(other, crt->half.word, sum, crt->words); /* 1 when sum > Q/2 */
    (void)subtract(other, crt->product.word, sum, crt->words);
    replace(sum, other, 0 - above, crt->words);
    magnitude = real_of(sum, crt->words);
    return above ? -magnitude : magnitude;
}
