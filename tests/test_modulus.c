/* The record of a prime: tables against their definition, refusals, failing allocation. */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

static size_t reverse_bits(size_t x, int bits)
{
    size_t r = 0;

    for (int i = 0; i < bits; i++)
        r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

static void tables(void **state)
{
    static const int logs[] = {3, 4, 9};

    (void)state;
    for (int c = 0; c < 3; c++) {
        uint64_t q = 0;
        ckks_modulus m;

        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, UINT64_C(2) << logs[c]), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, logs[c], ckks_kernel_portable(), NULL),
            CKKS_OK);
        assert_int_equal(m.n, (size_t)1 << logs[c]);
        assert_true(m.root == ckks_prime_root(q, logs[c]));
        assert_true(ckks_mod_mul(m.root, m.root_inverse, &m.mod) == 1);
        assert_true(ckks_mod_mul(m.n, m.n_inverse, &m.mod) == 1);
        for (size_t i = 0; i < m.n; i++) {
            uint64_t w = ckks_mod_pow_var(m.root, reverse_bits(i, logs[c]), &m.mod);
            uint64_t product = ckks_mod_mul(w, m.inverse[i].w, &m.mod);

            assert_true(m.forward[i].w == w);
            assert_true(product == (i < 2 ? m.n_inverse : 1));
            assert_true(m.forward[i].quotient == ckks_mod_shoup(w, &m.mod));
            assert_true(m.inverse[i].quotient == ckks_mod_shoup(m.inverse[i].w, &m.mod));
        }
        ckks_modulus_clear(&m);
        assert_null(m.forward);
        ckks_modulus_clear(&m);
    }
}

/* The tables are the left half of those of twice the size: layer k there, blocks below k / 2. */
static void real_tables(void **state)
{
    static const int logs[] = {3, 4, 9};

    (void)state;
    for (int c = 0; c < 3; c++) {
        uint64_t q = 0;
        ckks_modulus m;
        ckks_modulus twice;

        assert_int_equal(ckks_prime_below(&q, CKKS_MAX_PRIME + 1, UINT64_C(4) << logs[c]), CKKS_OK);
        assert_int_equal(
            ckks_modulus_init(&m, q, CKKS_RING_REAL, logs[c], ckks_kernel_portable(), NULL),
            CKKS_OK);
        assert_int_equal(ckks_modulus_init(&twice, q, CKKS_RING_COMPLEX, logs[c] + 1,
                                           ckks_kernel_portable(), NULL),
                         CKKS_OK);
        assert_true(m.root == twice.root && m.root_inverse == twice.root_inverse);
        assert_true(ckks_mod_mul(2 * m.n, m.n_inverse, &m.mod) == 1);
        assert_true(ckks_mod_pow_var(m.root, m.n, &m.mod) == m.imaginary);
        assert_true(ckks_mod_mul(m.imaginary, m.imaginary, &m.mod) == q - 1);
        assert_true(m.forward[0].w == 1 && m.inverse[0].w == m.n_inverse);
        for (size_t k = 1; k < m.n; k *= 2) {
            for (size_t i = 0; i < k; i++) {
                uint64_t w = m.forward[k + i].w;
                uint64_t product = ckks_mod_mul(w, m.inverse[k + i].w, &m.mod);

                assert_true(w == twice.forward[2 * k + i].w);
                assert_true(product == (k == 1 ? m.n_inverse : 1));
                assert_true(m.forward[k + i].quotient == ckks_mod_shoup(w, &m.mod));
            }
        }
        ckks_modulus_clear(&m);
        ckks_modulus_clear(&twice);
    }
}

static void refusals(void **state)
{
    const uint64_t wrong[] = {
        0, 1, 2, 16, 13, 33, 65 * 257, 19, CKKS_MAX_PRIME + 1, UINT64_MAX, (UINT64_C(1) << 61) - 1};
    ckks_modulus m;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(
            ckks_modulus_init(&m, wrong[i], CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL),
            CKKS_ERR_PARAMS);
        assert_null(m.forward);
    }
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_COMPLEX, 4, ckks_kernel_portable(), NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_modulus_init(&m, 97, CKKS_RING_COMPLEX, 4, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    ckks_modulus_clear(&m);
    /* 17 = 1 mod 16 serves N = 8 in the one ring; the other needs 1 mod 32 */
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_REAL, 3, ckks_kernel_portable(), NULL),
                     CKKS_ERR_PARAMS);
    assert_int_equal(ckks_modulus_init(&m, 97, CKKS_RING_REAL, 3, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    ckks_modulus_clear(&m);
}

static void no_memory(void **state)
{
    testing_alloc t = {.fail_at = 1};
    const ckks_allocator hook = {testing_alloc_get, testing_alloc_put, &t};
    ckks_modulus m;

    (void)state;
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), &hook),
                     CKKS_ERR_MEMORY);
    assert_null(m.forward);
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), &hook),
                     CKKS_OK);
    assert_int_equal(t.live, 1);
    ckks_modulus_clear(&m);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(real_tables),
        cmocka_unit_test(refusals),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
