/* Transforms against their definition, the extremes of their input ranges, and products of
 * polynomials. */
#include "ckks/modulus.h"
#include "ckks/ntt.h"
#include "ckks/prime.h"
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

        assert_int_equal(
            ckks_modulus_init(&m, ntt_primes[c], ntt_logs[c], ckks_kernel_portable(), NULL),
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
        assert_int_equal(ckks_modulus_init(&m, q, log_n, ckks_kernel_portable(), NULL), CKKS_OK);
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
    assert_int_equal(ckks_modulus_init(&m, q, 5, ckks_kernel_portable(), NULL), CKKS_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(extremes),
        cmocka_unit_test(convolution),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
