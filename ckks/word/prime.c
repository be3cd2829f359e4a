/* Miller-Rabin with the first twelve primes as bases, exact below 2^64, and roots of unity. */
#include "ckks/word/prime.h"

#include "ckks/word/modarith.h"

/* a * b mod n for any 64-bit n; slower than modarith.h, but without its limits. */
static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t n)
{
    uint64_t r;

    (void)ckks_u128_div_var(ckks_u128_mul(a, b), n, &r);
    return r;
}

static uint64_t pow_mod(uint64_t base, uint64_t exponent, uint64_t n)
{
    uint64_t r = 1;

    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1)
            r = mul_mod(r, base, n);
        base = mul_mod(base, base, n);
    }
    return r;
}

/* 1 when base shows that n is composite; n = odd * 2^twos + 1. */
static int is_witness(uint64_t base, uint64_t n, uint64_t odd, int twos)
{
    uint64_t x = pow_mod(base, odd, n);

    if (x == 1 || x == n - 1)
        return 0;
    for (int i = 1; i < twos; i++) {
        x = mul_mod(x, x, n);
        if (x == n - 1)
            return 0;
    }
    return 1;
}

int ckks_prime_is(uint64_t n)
{
    static const uint8_t small[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    uint64_t odd = n - 1;
    int twos = 0;

    if (n < 2)
        return 0;
    for (size_t i = 0; i < sizeof small; i++) {
        if (n % small[i] == 0)
            return n == small[i];
    }
    for (; odd % 2 == 0; odd /= 2)
        twos++;
    for (size_t i = 0; i < sizeof small; i++) {
        if (is_witness(small[i], n, odd, twos))
            return 0;
    }
    return 1;
}

ckks_status ckks_prime_below(uint64_t *out, uint64_t start, uint64_t step)
{
    uint64_t p;

    if (step == 0 || start < 3)
        return CKKS_ERR_PARAMS;
    /* The largest number below start that is 1 modulo step. */
    p = (start - 2) / step * step + 1;
    for (;; p -= step) {
        if (ckks_prime_is(p)) {
            *out = p;
            return CKKS_OK;
        }
        if (p <= step)
            return CKKS_ERR_PARAMS;
    }
}

uint64_t ckks_prime_root(uint64_t q, int log_n)
{
    const ckks_mod m = ckks_mod_init(q);
    const uint64_t n = UINT64_C(1) << log_n;
    uint64_t root = 0;
    uint64_t square;
    uint64_t least;

    if ((q - 1) % (2 * n) != 0)
        return 0;
    for (uint64_t x = 2; x < q; x++) {
        root = ckks_mod_pow_var(x, (q - 1) / (2 * n), &m);
        if (ckks_mod_pow_var(root, n, &m) == q - 1)
            break;
    }
    /* The primitive roots are the odd powers of any one of them. */
    square = ckks_mod_mul(root, root, &m);
    least = root;
    for (uint64_t i = 1; i < n; i++) {
        root = ckks_mod_mul(root, square, &m);
        if (root < least)
            least = root;
    }
    return least;
}
