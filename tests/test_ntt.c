/* Transforms against their definition, the extremes of their input ranges, and products of
 * polynomials. */
#include "ckks/base/cpu.h"
#include "ckks/kernel/modulus.h"
#include "ckks/kernel/ntt.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"
#include "tests/vectors/ntt.inc"

static void known_answers(void **state)
{
    const uint64_t *input = ntt_inputs;
    const uint64_t *output = ntt_outputs;

    (void)state;
    for (size_t c = 0; c < sizeof ntt_logs / sizeof ntt_logs[0]; c++) {
        const size_t n = (size_t)1 << ntt_logs[c];
        _Alignas(64) uint64_t a[64];
        ckks_modulus m;

        assert_int_equal(ckks_modulus_init(&m, ntt_primes[c], CKKS_RING_COMPLEX, ntt_logs[c],
                                           ckks_kernel_portable(), NULL),
                         CKKS_OK);
        memcpy(a, input, n * sizeof *a);
        ckks_ntt_forward(&m, a);
        assert_memory_equal(a, output, n * sizeof *a);
        ckks_ntt_inverse(&m, a);
        assert_memory_equal(a, input, n * sizeof *a);
        input += n;
        output += n;
        ckks_modulus_clear(&m);
    }
}

/* For every N: 4q - 1 everywhere, alternating, and at random; and 2q - 1 for the inverse. The sum
 * of all values at the roots is N times the constant coefficient, and the round trip gives the
 * input modulo q. */
static void extremes(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int log_n = 3; log_n <= (testing_long() ? 16 : 13); log_n++) {
        const size_t n = (size_t)1 << log_n;
        uint64_t *a = aligned_alloc(64, 2 * n * sizeof *a);
        uint64_t *plain = a + n;
        uint64_t q = 0;
        ckks_modulus m;

        assert_non_null(a);
        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, UINT64_C(2) << log_n), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, log_n, ckks_kernel_portable(), NULL),
            CKKS_OK);
        for (int kind = 0; kind < 4; kind++) {
            uint64_t sum = 0;

            for (size_t i = 0; i < n; i++) {
                a[i] = kind == 0   ? 4 * q - 1
                       : kind == 1 ? (i % 2 != 0 ? 4 * q - 1 : 0)
                       : kind == 2 ? (i % 3 != 0 ? 4 * q - 1 : 3 * q)
                                   : testing_residue(&rng, 4 * q);
                plain[i] = a[i] % q;
            }
            ckks_ntt_forward(&m, a);
            for (size_t i = 0; i < n; i++) {
                assert_true(a[i] < q);
                sum = ckks_mod_add(sum, a[i], q);
                if (kind != 1)
                    a[i] += q;
            }
            assert_true(sum == ckks_mod_mul(n, plain[0], &m.mod));
            ckks_ntt_inverse(&m, a);
            assert_memory_equal(a, plain, n * sizeof *a);
            for (size_t i = 0; i < n; i++)
                a[i] = kind == 0 ? 2 * q - 1 : kind == 1 ? (i % 2 != 0 ? 2 * q - 1 : 0) : 2 * q - 2;
            memcpy(plain, a, n * sizeof *a);
            ckks_ntt_inverse(&m, a);
            ckks_ntt_forward(&m, a);
            for (size_t i = 0; i < n; i++)
                assert_true(a[i] == plain[i] % q);
        }
        ckks_modulus_clear(&m);
        free(a);
    }
}

/* Pointwise products are products modulo X^N + 1. */
static void convolution(void **state)
{
    enum { N = 32 };
    _Alignas(64) uint64_t a[N];
    _Alignas(64) uint64_t b[N];
    uint64_t want[N] = {0};
    testing_rng rng;
    uint64_t q = 0;
    ckks_modulus m;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 2 * N), CKKS_OK);
    assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, 5, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    testing_residues(&rng, a, N, q);
    testing_residues(&rng, b, N, q);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            uint64_t p = ckks_mod_mul(a[i], b[j], &m.mod);
            size_t k = (i + j) % N;

            want[k] = i + j < N ? ckks_mod_add(want[k], p, q) : ckks_mod_sub(want[k], p, q);
        }
    }
    ckks_ntt_forward(&m, a);
    ckks_ntt_forward(&m, b);
    m.kernel->mul(a, a, b, N, &m);
    ckks_ntt_inverse(&m, a);
    assert_memory_equal(a, want, sizeof want);
    ckks_modulus_clear(&m);
}

/* ------------------------------------------------------------------ the real ring */

static size_t reverse_bits(size_t x, int bits)
{
    size_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* a_0 + sum of a_k (x^k + x^-k). */
static uint64_t real_value(const uint64_t *a, uint64_t x, const ckks_modulus *m)
{
    const uint64_t inverse = ckks_mod_inv(x, &m->mod);
    uint64_t sum = a[0];
    uint64_t up = 1;
    uint64_t down = 1;

    for (size_t k = 1; k < m->n; k++) {
        up = ckks_mod_mul(up, x, &m->mod);
        down = ckks_mod_mul(down, inverse, &m->mod);
        sum = ckks_mod_add(sum, ckks_mod_mul(a[k], ckks_mod_add(up, down, m->q), &m->mod), m->q);
    }
    return sum;
}

/* Families that run here, and portable. */
static const ckks_kernel *family(int i)
{
    const ckks_kernel *kernel;

    for (int k = 0; (kernel = ckks_kernel_list(k)) != NULL; k++) {
        if (ckks_kernel_select(ckks_cpu_detect(), CKKS_MIN_PRIME, kernel->name) != NULL && i-- == 0)
            return kernel;
    }
    return NULL;
}

/* Every place of every family holds the value at psi^(4 brv(i) + 1), psi of order 4N. */
static void real_definition(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 2);
    for (int f = 0; family(f) != NULL; f++) {
        for (int log_n = 3; log_n <= 8; log_n++) {
            const size_t n = (size_t)1 << log_n;
            _Alignas(64) uint64_t a[256];
            uint64_t before[256];
            uint64_t q = 0;
            ckks_modulus m;

            assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 4 * n), CKKS_OK);
            assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_REAL, log_n, family(f), NULL),
                             CKKS_OK);
            assert_true(ckks_mod_pow_var(m.root, 2 * n, &m.mod) == q - 1);
            testing_residues(&rng, a, n, q);
            memcpy(before, a, n * sizeof *a);
            ckks_ntt_forward(&m, a);
            for (size_t i = 0; i < n; i++) {
                uint64_t x = ckks_mod_pow_var(m.root, 4 * reverse_bits(i, log_n) + 1, &m.mod);

                assert_true(a[i] == real_value(before, x, &m));
            }
            ckks_ntt_inverse(&m, a);
            assert_memory_equal(a, before, n * sizeof *a);
            ckks_modulus_clear(&m);
        }
    }
}

/* For every N: 2q - 1 everywhere, alternating, and at random, both ways and back. */
static void real_extremes(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 3);
    for (int log_n = 3; log_n <= (testing_long() ? 16 : 13); log_n++) {
        const size_t n = (size_t)1 << log_n;
        uint64_t *a = aligned_alloc(64, 2 * n * sizeof *a);
        uint64_t *plain = a + n;
        uint64_t q = 0;

        assert_non_null(a);
        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 4 * n), CKKS_OK);
        for (int f = 0; family(f) != NULL; f++) {
            ckks_modulus m;

            assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_REAL, log_n, family(f), NULL),
                             CKKS_OK);
            for (int kind = 0; kind < 6; kind++) {
                for (size_t i = 0; i < n; i++) {
                    a[i] = kind % 3 == 0   ? 2 * q - 1
                           : kind % 3 == 1 ? (i % 2 != 0 ? 2 * q - 1 : 0)
                                           : testing_residue(&rng, 2 * q);
                    plain[i] = a[i] % q;
                }
                if (kind < 3) {
                    ckks_ntt_forward(&m, a);
                    for (size_t i = 0; i < n; i++)
                        assert_true(a[i] < q);
                    ckks_ntt_inverse(&m, a);
                } else {
                    ckks_ntt_inverse(&m, a);
                    for (size_t i = 0; i < n; i++)
                        assert_true(a[i] < q);
                    ckks_ntt_forward(&m, a);
                }
                assert_memory_equal(a, plain, n * sizeof *a);
            }
            ckks_modulus_clear(&m);
        }
        free(a);
    }
}

/* sum[|k|] += p, where index k stands for X^k + X^-k, and 0 for 1; X^2N = -1. */
static void add_term(uint64_t *sum, size_t k, size_t n, uint64_t p, uint64_t q)
{
    if (k < n)
        sum[k] = ckks_mod_add(sum[k], p, q);
    else if (k > n)
        sum[2 * n - k] = ckks_mod_sub(sum[2 * n - k], p, q);
}

/* (X^i + X^-i) (X^j + X^-j) = (X^(i+j) + X^-(i+j)) + (X^(i-j) + X^-(i-j)), the second one 2 where i
 * is j; X^N + X^-N is 0. */
static void real_convolution(void **state)
{
    enum { N = 32 };
    _Alignas(64) uint64_t a[N];
    _Alignas(64) uint64_t b[N];
    uint64_t want[N] = {0};
    testing_rng rng;
    uint64_t q = 0;
    ckks_modulus m;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 4);
    assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 4 * N), CKKS_OK);
    assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_REAL, 5, family(0), NULL), CKKS_OK);
    testing_residues(&rng, a, N, q);
    testing_residues(&rng, b, N, q);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            uint64_t p = ckks_mod_mul(a[i], b[j], &m.mod);

            add_term(want, i + j, N, p, q);
            if (i == j && i != 0)
                add_term(want, 0, N, ckks_mod_add(p, p, q), q);
            else if (i != 0 && j != 0)
                add_term(want, i > j ? i - j : j - i, N, p, q);
        }
    }
    ckks_ntt_forward(&m, a);
    ckks_ntt_forward(&m, b);
    m.kernel->mul(a, a, b, N, &m);
    ckks_ntt_inverse(&m, a);
    assert_memory_equal(a, want, sizeof want);
    ckks_modulus_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(extremes),
        cmocka_unit_test(convolution),   cmocka_unit_test(real_definition),
        cmocka_unit_test(real_extremes), cmocka_unit_test(real_convolution),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
