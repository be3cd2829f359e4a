/* The transforms of the AVX-512 family against the portable ones, bit for bit: every N, primes from
 * the smallest to the largest, inputs at the ends of their ranges.
 */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { MIN_LOG_N = 3, MAX_LOG_N = 16, MAX_N = 1 << MAX_LOG_N, PRIMES = 7, FILLS = 7 };

static const char name[] = "avx512ifma";

static const ckks_kernel *family(void)
{
    const ckks_kernel *kernel = ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, name);

    if (kernel == NULL) {
        printf("# %s: not in this build, or not on this machine\n", name);
        skip();
    }
    printf("# family %s\n", kernel->name);
    return kernel;
}

/* The smallest prime that 2N allows, others near powers of two, and the largest. */
static uint64_t prime(int i, int log_n)
{
    static const int bits[] = {24, 30, 31, 40, 46};
    const uint64_t step = UINT64_C(2) << log_n;
    uint64_t q = step + 1;

    if (i == 0) {
        while (!ckks_prime_is(q))
            q += step;
        return q;
    }
    assert_int_equal(
        ckks_prime_below(&q, i < 6 ? UINT64_C(1) << bits[i - 1] : CKKS_MAX_PRIME + 1, step),
        CKKS_OK);
    return q;
}

/* Fill number f with words in [0,bound). */
static void fill(uint64_t *a, size_t n, int f, uint64_t bound, testing_rng *rng)
{
    for (size_t i = 0; i < n; i++) {
        switch (f) {
        case 0:
            a[i] = bound - 1;
            break;
        case 1:
            a[i] = 0;
            break;
        case 2:
            a[i] = i % 2 != 0 ? bound - 1 : 0;
            break;
        case 3:
            a[i] = i < n / 2 ? 0 : bound - 1;
            break;
        case 4:
            a[i] = i < n / 2 ? bound - 1 : 0;
            break;
        case 5:
            a[i] = i / 8 % 2 != 0 ? bound - 1 : 1;
            break;
        default:
            a[i] = testing_residue(rng, bound);
            break;
        }
    }
}

static void compare(const ckks_modulus *fast, const ckks_modulus *plain, int f, testing_rng *rng)
{
    static _Alignas(64) uint64_t a[MAX_N + 8];
    static _Alignas(64) uint64_t b[MAX_N + 8];
    const size_t n = fast->n;

    a[n] = b[n] = UINT64_MAX; /* stays */
    fill(a, n, f, 4 * fast->q, rng);
    memcpy(b, a, n * sizeof *a);
    fast->kernel->ntt_forward(a, fast);
    plain->kernel->ntt_forward(b, plain);
    assert_memory_equal(a, b, (n + 1) * sizeof *a);
    fill(a, n, f, 2 * fast->q, rng);
    memcpy(b, a, n * sizeof *a);
    fast->kernel->ntt_inverse(a, fast);
    plain->kernel->ntt_inverse(b, plain);
    assert_memory_equal(a, b, (n + 1) * sizeof *a);
}

static void as_portable(void **state)
{
    const ckks_kernel *kernel = family();
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int log_n = MIN_LOG_N; log_n <= MAX_LOG_N; log_n++) {
        for (int i = 0; i < PRIMES; i++) {
            const uint64_t q = prime(i, log_n);
            ckks_modulus fast;
            ckks_modulus plain;

            assert_int_equal(ckks_modulus_init(&fast, q, CKKS_RING_COMPLEX, log_n, kernel, NULL),
                             CKKS_OK);
            assert_int_equal(ckks_modulus_init(&plain, q, CKKS_RING_COMPLEX, log_n,
                                               ckks_kernel_portable(), NULL),
                             CKKS_OK);
            for (int f = 0; f < FILLS; f++)
                compare(&fast, &plain, f, &rng);
            ckks_modulus_clear(&fast);
            ckks_modulus_clear(&plain);
        }
    }
}

/* Every single 4q - 1 among zeros, where the ranges of the layers are furthest apart. */
static void one_large_coefficient(void **state)
{
    enum { LOG_N = 8, N = 1 << LOG_N };
    static _Alignas(64) uint64_t a[N];
    static _Alignas(64) uint64_t b[N];
    const ckks_kernel *kernel = family();
    const uint64_t q = prime(PRIMES - 1, LOG_N);
    ckks_modulus fast;
    ckks_modulus plain;

    (void)state;
    assert_int_equal(ckks_modulus_init(&fast, q, CKKS_RING_COMPLEX, LOG_N, kernel, NULL), CKKS_OK);
    assert_int_equal(
        ckks_modulus_init(&plain, q, CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL),
        CKKS_OK);
    for (size_t i = 0; i < N; i++) {
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        a[i] = b[i] = 4 * q - 1;
        kernel->ntt_forward(a, &fast);
        plain.kernel->ntt_forward(b, &plain);
        assert_memory_equal(a, b, sizeof a);
        kernel->ntt_inverse(a, &fast);
        for (size_t j = 0; j < N; j++)
            assert_true(a[j] == (j == i ? q - 1 : 0));
    }
    ckks_modulus_clear(&fast);
    ckks_modulus_clear(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_portable),
        cmocka_unit_test(one_large_coefficient),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
