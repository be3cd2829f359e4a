/* The fold of the real ring in the AVX-512 family against the portable one: all lengths, also those
 * shorter than a vector and its mirror. tests/test_real.c holds both against the definition.
 */
#include "ckks/kernel/real.h"

#include "tests/families.h"

static void lengths(void **state)
{
    const ckks_kernel *kernel = family_of("avx512ifma");
    testing_rng rng;

    (void)state;
    if (kernel == NULL)
        skip();
    testing_rng_init(&rng, testing_seed());
    for (int log_n = 3; log_n <= 13; log_n++) {
        const size_t n = (size_t)1 << log_n;
        uint64_t *a = aligned_alloc(64, 2 * n * sizeof *a);
        uint64_t *b = a + n;
        uint64_t q = 0;
        ckks_modulus m;

        assert_non_null(a);
        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, 4 * n), CKKS_OK);
        assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_REAL, log_n, kernel, NULL), CKKS_OK);
        for (int t = 0; t < testing_iters(4); t++) {
            testing_residues(&rng, a, n, 2 * q);
            memcpy(b, a, n * sizeof *a);
            kernel->real_fold(a, &m);
            ckks_real_fold(b, &m);
            for (size_t k = 0; k < n; k++) {
                assert_true(a[k] < 4 * q);
                assert_true(a[k] % q == b[k] % q);
                a[k] = b[k] = b[k] % q;
            }
            kernel->real_unfold(a, &m);
            ckks_real_unfold(b, &m);
            assert_memory_equal(a, b, n * sizeof *a);
        }
        ckks_modulus_clear(&m);
        free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
