/* Folding and unfolding of the real ring: every family against the definition, at the edges of the
 * ranges, and on the way back.
 */
#include "ckks/kernel/real.h"

#include "tests/families.h"

/* Inputs below bound: largest, largest and 0 in turn, at random. */
static void fill(uint64_t *a, size_t n, int kind, uint64_t bound, testing_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        a[i] = kind == 0   ? bound - 1
               : kind == 1 ? (i % 2 != 0 ? bound - 1 : 0)
               : kind == 2 ? (i < n / 2 ? bound - 1 : bound / 2)
                           : testing_residue(rng, bound);
}

/* a_k - i a_{N-k}, canonical; with sign 1 a_k + i a_{N-k}, and 2 a_0. */
static void definition(uint64_t *want, const uint64_t *a, int sign, const ckks_modulus *m)
{
    want[0] = sign ? ckks_mod_add(a[0] % m->q, a[0] % m->q, m->q) : a[0] % m->q;
    for (size_t k = 1; k < m->n; k++) {
        uint64_t mirror = ckks_mod_mul(a[m->n - k] % m->q, m->imaginary, &m->mod);

        want[k] = sign ? ckks_mod_add(a[k] % m->q, mirror, m->q)
                       : ckks_mod_sub(a[k] % m->q, mirror, m->q);
    }
}

static void check(const ckks_kernel *kernel, int log_n, uint64_t q, testing_rng *rng)
{
    const size_t n = (size_t)1 << log_n;
    uint64_t *a = aligned_alloc(64, 3 * n * sizeof *a);
    uint64_t *want = a + n;
    uint64_t *before = want + n;
    ckks_modulus m;

    assert_non_null(a);
    assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_REAL, log_n, kernel, NULL), CKKS_OK);
    assert_true(ckks_mod_mul(m.imaginary, m.imaginary, &m.mod) == q - 1);
    for (int kind = 0; kind < 5; kind++) {
        fill(a, n, kind, 2 * q, rng);
        memcpy(before, a, n * sizeof *a);
        definition(want, a, 0, &m);
        kernel->real_fold(a, &m);
        for (size_t k = 0; k < n; k++) {
            assert_true(a[k] < 4 * q);
            assert_true(a[k] % q == want[k]);
            a[k] = want[k];
        }
        kernel->real_unfold(a, &m);
        for (size_t k = 0; k < n; k++)
            assert_true(a[k] == ckks_mod_add(before[k] % q, before[k] % q, q));
        fill(a, n, kind, q, rng);
        definition(want, a, 1, &m);
        kernel->real_unfold(a, &m);
        assert_memory_equal(a, want, n * sizeof *a);
    }
    ckks_modulus_clear(&m);
    free(a);
}

static void families_agree(void **state)
{
    testing_rng rng;
    const ckks_kernel *kernel;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; (kernel = ckks_kernel_list(i)) != NULL; i++) {
        uint64_t q = 0;

        if (family_of(kernel->name) == NULL)
            continue;
        assert_non_null(kernel->real_fold);
        assert_non_null(kernel->real_unfold);
        for (int log_n = 3; log_n <= 9; log_n++) {
            for (int p = 0; (q = family_prime(p, UINT64_C(4) << log_n)) != 0; p++)
                check(kernel, log_n, q, &rng);
        }
        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, UINT64_C(4) << 16), CKKS_OK);
        check(kernel, 16, q, &rng);
    }
}

/* Small numbers by hand: N = 8, q = 97, i = 22 or -22, as 22^2 = 5 * 97 - 1. */
static void by_hand(void **state)
{
    _Alignas(64) uint64_t a[8] = {5, 1, 0, 0, 3, 0, 0, 2};
    uint64_t i = 0;
    ckks_modulus m;

    (void)state;
    assert_int_equal(ckks_modulus_init(&m, 97, CKKS_RING_REAL, 3, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    i = m.imaginary;
    assert_true(i == 22 || i == 75);
    ckks_real_fold(a, &m);
    assert_true(a[0] == 5 && a[2] % 97 == 0 && a[6] % 97 == 0);
    assert_true(a[1] % 97 == (1 + 2 * (97 - i)) % 97 && a[7] % 97 == (2 + 97 - i) % 97);
    assert_true(a[4] % 97 == 3 * (1 + 97 - i) % 97);
    ckks_modulus_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(families_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
