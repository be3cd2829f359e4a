/* Exact scales as unevaluated sums of two doubles (double-double arithmetic, about 106 bits).
 *
 * Invariant: |lo| <= ulp(hi)/2. Error of a product or quotient: below 2^-102 relative. Scales are
 *            public.
 * Source: [Dek71]
 */
#include "ckks/ckks.h"

#include <math.h>

static ckks_scale two_sum(double a, double b)
{
    double s = a + b;
    double t = s - a;

    return (ckks_scale){s, (a - (s - t)) + (b - t)};
}

/* a*b exactly: fma is correctly rounded by C11 F.10.10.1, with or without an instruction for it. */
static ckks_scale two_product(double a, double b)
{
    double p = a * b;

    return (ckks_scale){p, fma(a, b, -p)};
}

static ckks_scale subtract(ckks_scale a, ckks_scale b)
{
    ckks_scale s = two_sum(a.hi, -b.hi);
    ckks_scale t = two_sum(a.lo, -b.lo);

    s = two_sum(s.hi, s.lo + t.hi);
    return two_sum(s.hi, s.lo + t.lo);
}

/* A 64-bit integer as hi + lo, exactly: both halves of 32 bits are doubles. */
static ckks_scale from_u64(uint64_t q)
{
    return two_sum((double)(q >> 32) * 4294967296.0, (double)(q & UINT32_MAX));
}

ckks_scale ckks_scale_from(double x)
{
    return (ckks_scale){x, 0.0};
}

ckks_scale ckks_scale_mul(ckks_scale a, ckks_scale b)
{
    ckks_scale p = two_product(a.hi, b.hi);

    return two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

ckks_scale ckks_scale_div(ckks_scale a, ckks_scale b)
{
    /* Long division: two quotient digits. The remainder after the first is right to 2^-104 of a,
     * the second digit to 2^-53 of itself, which is at most 2^-53 of the first. */
    double q0 = a.hi / b.hi;
    ckks_scale r = subtract(a, ckks_scale_mul(b, ckks_scale_from(q0)));

    return two_sum(q0, r.hi / b.hi);
}

ckks_scale ckks_scale_mul_prime(ckks_scale a, uint64_t q)
{
    return ckks_scale_mul(a, from_u64(q));
}

ckks_scale ckks_scale_div_prime(ckks_scale a, uint64_t q)
{
    return ckks_scale_div(a, from_u64(q));
}

int ckks_scale_equal(ckks_scale a, ckks_scale b)
{
    double gap = fabs((a.hi - b.hi) + (a.lo - b.lo));

    /* 2^-60; the subtraction of the high parts is exact when they are within a factor of two. */
    return gap <= 0x1p-60 * fabs(b.hi);
}

double ckks_scale_log2(ckks_scale a)
{
    return log2(a.hi) + a.lo / a.hi * 1.4426950408889634;
}
