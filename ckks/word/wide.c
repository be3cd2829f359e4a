/* Multi-word integers: schoolbook, because the numbers are few and made once. */
#include "ckks/word/wide.h"

#include <math.h>
#include <string.h>

#include "ckks/base/check.h"
#include "ckks/word/u128.h"

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
