/* Automorphisms: coefficient form against the definition, NTT form against coefficient form, the
 * group. */
#include "ckks/kernel/modulus.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "tests/testing.h"

enum { LOG_N = 4, N = 1 << LOG_N };

static void elements(void **state)
{
    (void)state;
    for (int log_n = 3; log_n <= 16; log_n++) {
        const uint64_t mask = (UINT64_C(2) << log_n) - 1;
        const int slots = 1 << (log_n - 1);
        const uint64_t half = 2 * (uint64_t)slots + 1; /* of the turn: 5^(slots/2) = 1 + N */

        assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, 0) == 1);
        assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, 1) == (5 & mask));
        assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, 2) == (25 & mask));
        assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, slots) == 1);
        assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, slots / 2) == half);
        assert_true(ckks_galois_conjugation(log_n) == mask);
        for (int r = 1; r < slots; r += 1 + r) {
            uint64_t g = ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, r);
            uint64_t back = ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, -r);

            assert_true((g * back & mask) == 1);
            assert_true(ckks_galois_inverse(CKKS_RING_COMPLEX, log_n, g) == back);
            assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, r - slots) == g);
            assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, log_n, r + slots) == g);
        }
        assert_true(ckks_galois_inverse(CKKS_RING_COMPLEX, log_n, mask) == mask);
        for (uint64_t g = 1; g <= mask; g += 2)
            assert_true((g * ckks_galois_inverse(CKKS_RING_COMPLEX, log_n, g) & mask) == 1);
    }
    assert_true(ckks_galois_element_n(CKKS_RING_COMPLEX, 16, INT32_MIN) == 1);
}

/* Every odd g: NTT(phi(a)) = permute(NTT(a)), with signs, on all of a toy ring. */
static void forms_agree(void **state)
{
    _Alignas(64) uint64_t a[N];
    _Alignas(64) uint64_t b[N];
    _Alignas(64) uint64_t moved[N];
    int8_t small[N];
    int8_t image[N];
    uint32_t index[N];
    ckks_modulus m;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    assert_int_equal(
        ckks_modulus_init(&m, 97, CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL), CKKS_OK);
    for (uint64_t g = 1; g < 2 * N; g += 2) {
        for (size_t i = 0; i < N; i++)
            small[i] = (int8_t)((int)testing_below(&rng, 43) - 21);
        ckks_galois_apply_coeffs(image, small, CKKS_RING_COMPLEX, LOG_N, g);
        for (uint64_t k = 0; k < N; k++) {
            uint64_t e = g * k % (2 * N);

            assert_int_equal(image[e % N], e < N ? small[k] : -small[k]);
        }
        m.kernel->reduce_i8(a, small, N, &m);
        m.kernel->reduce_i8(b, image, N, &m);
        ckks_ntt_forward(&m, a);
        ckks_ntt_forward(&m, b);
        ckks_galois_table(index, CKKS_RING_COMPLEX, LOG_N, g);
        m.kernel->permute(moved, a, index, N);
        assert_memory_equal(moved, b, sizeof b);
    }
    ckks_modulus_clear(&m);
}

/* Blocks and lanes are the table, for every g of small rings and some of large ones. */
static void blocks_agree(void **state)
{
    enum { LARGE = 1 << 12 };
    static uint32_t index[LARGE], block[LARGE / 8];

    (void)state;
    for (int log_n = 3; log_n <= 12; log_n++) {
        const uint64_t n = UINT64_C(1) << log_n;
        const uint64_t stride = log_n < 8 ? 2 : 2 * (n / 16) + 2;
        for (uint64_t g = 1; g < 2 * n; g += stride) {
            ckks_permutation p = {.block = block};
            ckks_galois_table(index, CKKS_RING_COMPLEX, log_n, g);
            ckks_galois_permutation(&p, CKKS_RING_COMPLEX, log_n, g);
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal((block[i / 8] & ~7u) + p.lane[block[i / 8] & 7][i % 8], index[i]);
        }
    }
}

static void tables_compose(void **state)
{
    uint32_t first[N];
    uint32_t second[N];
    uint32_t both[N];

    (void)state;
    for (uint64_t g = 1; g < 2 * N; g += 2) {
        for (uint64_t h = 1; h < 2 * N; h += 2) {
            ckks_galois_table(first, CKKS_RING_COMPLEX, LOG_N, g);
            ckks_galois_table(second, CKKS_RING_COMPLEX, LOG_N, h);
            ckks_galois_table(both, CKKS_RING_COMPLEX, LOG_N, g * h % (2 * N));
            for (size_t i = 0; i < N; i++)
                assert_int_equal(both[i], first[second[i]]);
        }
    }
}

/* ------------------------------------------------------------------ the real ring */

/* The powers of 5 are all g = 1 mod 4, and there are N of them. */
static void real_elements(void **state)
{
    (void)state;
    for (int log_n = 3; log_n <= 16; log_n++) {
        const uint64_t mask = (UINT64_C(4) << log_n) - 1;
        const int slots = 1 << log_n;

        assert_true(ckks_galois_element_n(CKKS_RING_REAL, log_n, 0) == 1);
        assert_true(ckks_galois_element_n(CKKS_RING_REAL, log_n, 1) == 5);
        assert_true(ckks_galois_element_n(CKKS_RING_REAL, log_n, slots) == 1);
        assert_true(ckks_galois_element_n(CKKS_RING_REAL, log_n, slots / 2) ==
                    2 * (uint64_t)slots + 1);
        for (int r = 1; r < slots; r += 1 + r) {
            uint64_t g = ckks_galois_element_n(CKKS_RING_REAL, log_n, r);
            uint64_t back = ckks_galois_element_n(CKKS_RING_REAL, log_n, -r);

            assert_true(g % 4 == 1 && (g * back & mask) == 1);
            assert_true(ckks_galois_inverse(CKKS_RING_REAL, log_n, g) == back);
            assert_true(ckks_galois_element_n(CKKS_RING_REAL, log_n, r - slots) == g);
        }
    }
}

/* Every g: coefficients by the definition, NTT form by tables, tables by blocks and lanes. */
static void real_forms_agree(void **state)
{
    _Alignas(64) uint64_t a[N];
    _Alignas(64) uint64_t b[N];
    _Alignas(64) uint64_t moved[N];
    int8_t small[N];
    int8_t image[N];
    uint32_t index[N];
    ckks_modulus m;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    assert_int_equal(
        ckks_modulus_init(&m, 193, CKKS_RING_REAL, LOG_N, ckks_kernel_portable(), NULL), CKKS_OK);
    for (uint64_t g = 1; g < 4 * N; g += 4) {
        for (size_t i = 0; i < N; i++)
            small[i] = (int8_t)((int)testing_below(&rng, 43) - 21);
        ckks_galois_apply_coeffs(image, small, CKKS_RING_REAL, LOG_N, g);
        assert_int_equal(image[0], small[0]);
        for (uint64_t k = 1; k < N; k++) {
            /* X^e + X^-e, e modulo 4N; e and -e are one, and 2N - e the negative. */
            uint64_t e = g * k % (4 * N);
            int found = 0;

            for (uint64_t i = 1; i < N; i++) {
                if (e == i || e == 4 * N - i)
                    found += image[i] == small[k];
                if (e == 2 * N - i || e == 2 * N + i)
                    found += image[i] == -small[k];
            }
            assert_int_equal(found, 1);
        }
        m.kernel->reduce_i8(a, small, N, &m);
        m.kernel->reduce_i8(b, image, N, &m);
        ckks_ntt_forward(&m, a);
        ckks_ntt_forward(&m, b);
        ckks_galois_table(index, CKKS_RING_REAL, LOG_N, g);
        m.kernel->permute(moved, a, index, N);
        assert_memory_equal(moved, b, sizeof b);
    }
    ckks_modulus_clear(&m);
}

static void real_blocks_agree(void **state)
{
    enum { LARGE = 1 << 12 };
    static uint32_t index[LARGE], block[LARGE / 8];

    (void)state;
    for (int log_n = 3; log_n <= 12; log_n++) {
        const uint64_t n = UINT64_C(1) << log_n;
        const uint64_t stride = log_n < 8 ? 4 : n / 4 + 4;
        for (uint64_t g = 1; g < 4 * n; g += stride) {
            ckks_permutation p = {.block = block};
            ckks_galois_table(index, CKKS_RING_REAL, log_n, g);
            ckks_galois_permutation(&p, CKKS_RING_REAL, log_n, g);
            for (uint32_t i = 0; i < n; i++)
                assert_int_equal((block[i / 8] & ~7u) + p.lane[block[i / 8] & 7][i % 8], index[i]);
        }
    }
}

static void through_a_ring(void **state)
{
    const uint64_t q[] = {193}; /* = 1 mod 64 */
    ckks_ring r;

    (void)state;
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_COMPLEX, LOG_N, q, 1, NULL, 0, NULL, NULL),
                     CKKS_OK);
    for (int steps = -20; steps <= 20; steps++)
        assert_true(ckks_galois_element(&r, steps) ==
                    ckks_galois_element_n(CKKS_RING_COMPLEX, LOG_N, steps));
    ckks_ring_clear(&r);
    assert_int_equal(ckks_ring_init(&r, CKKS_RING_REAL, LOG_N, q, 1, NULL, 0, NULL, NULL), CKKS_OK);
    for (int steps = -20; steps <= 20; steps++)
        assert_true(ckks_galois_element(&r, steps) ==
                    ckks_galois_element_n(CKKS_RING_REAL, LOG_N, steps));
    ckks_ring_clear(&r);
    assert_int_equal(ckks_ring_init(&r, 2, LOG_N, q, 1, NULL, 0, NULL, NULL), CKKS_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),          cmocka_unit_test(forms_agree),
        cmocka_unit_test(blocks_agree),      cmocka_unit_test(tables_compose),
        cmocka_unit_test(real_elements),     cmocka_unit_test(real_forms_agree),
        cmocka_unit_test(real_blocks_agree), cmocka_unit_test(through_a_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
