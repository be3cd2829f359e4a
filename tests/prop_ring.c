/* The axioms of a ring, for every prime size, kernel and N: addition, multiplication, the transform
 * and the automorphisms as homomorphisms. The toy ring of N = 8 modulo 17 is exhausted where that
 * is possible: every residue pair, every monomial pair, every automorphism.
 */
#include "ckks/kernel/modulus.h"
#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { MAX_N = 256 };

typedef struct element {
    _Alignas(64) uint64_t c[MAX_N];
} element;

static void add(element *out, const element *a, const element *b, const ckks_modulus *m)
{
    m->kernel->add(out->c, a->c, b->c, m->n, m);
}

static void mul(element *out, const element *a, const element *b, const ckks_modulus *m)
{
    m->kernel->mul(out->c, a->c, b->c, m->n, m);
}

static int equal(const element *a, const element *b, const ckks_modulus *m)
{
    return memcmp(a->c, b->c, m->n * sizeof a->c[0]) == 0;
}

static void axioms(const ckks_modulus *m, testing_rng *rng)
{
    element a;
    element b;
    element c;
    element x;
    element y;
    element z;

    testing_residues(rng, a.c, m->n, m->q);
    testing_residues(rng, b.c, m->n, m->q);
    testing_residues(rng, c.c, m->n, m->q);
    /* a + b = b + a, (a + b) + c = a + (b + c) */
    add(&x, &a, &b, m);
    add(&y, &b, &a, m);
    assert_true(equal(&x, &y, m));
    add(&x, &x, &c, m);
    add(&y, &b, &c, m);
    add(&y, &a, &y, m);
    assert_true(equal(&x, &y, m));
    /* a b = b a, (a b) c = a (b c) */
    mul(&x, &a, &b, m);
    mul(&y, &b, &a, m);
    assert_true(equal(&x, &y, m));
    mul(&x, &x, &c, m);
    mul(&y, &b, &c, m);
    mul(&y, &a, &y, m);
    assert_true(equal(&x, &y, m));
    /* a (b + c) = a b + a c */
    add(&x, &b, &c, m);
    mul(&x, &a, &x, m);
    mul(&y, &a, &b, m);
    mul(&z, &a, &c, m);
    add(&y, &y, &z, m);
    assert_true(equal(&x, &y, m));
    m->kernel->mul_add(y.c, a.c, b.c, z.c, m->n, m);
    assert_true(equal(&x, &y, m));
    /* a - b = a + (-b), a - a = 0 */
    m->kernel->sub(x.c, a.c, b.c, m->n, m);
    m->kernel->neg(y.c, b.c, m->n, m);
    add(&y, &a, &y, m);
    assert_true(equal(&x, &y, m));
    m->kernel->sub(x.c, a.c, a.c, m->n, m);
    memset(&y, 0, sizeof y);
    assert_true(equal(&x, &y, m));
    /* NTT(a + b) = NTT(a) + NTT(b), and it is onto: the inverse brings a back. */
    add(&x, &a, &b, m);
    y = a;
    z = b;
    ckks_ntt_forward(m, x.c);
    ckks_ntt_forward(m, y.c);
    ckks_ntt_forward(m, z.c);
    add(&z, &y, &z, m);
    assert_true(equal(&x, &z, m));
    ckks_ntt_inverse(m, y.c);
    assert_true(equal(&y, &a, m));
}

static void every_prime_kernel_and_size(void **state)
{
    const uint64_t start[] = {UINT64_C(1) << 17, UINT64_C(1) << 30, UINT64_C(1) << 40,
                              (UINT64_C(1) << 46) - 1, CKKS_MAX_PRIME + 1};
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int f = 0; ckks_kernel_list(f) != NULL; f++) {
        for (int p = 0; p < 5; p++) {
            for (int log_n = 3; log_n <= 8; log_n++) {
                const ckks_kernel *kernel =
                    ckks_kernel_select(ckks_cpu_detect(), start[p], ckks_kernel_list(f)->name);
                uint64_t q = 0;
                ckks_modulus m;

                kernel = kernel == NULL ? ckks_kernel_portable() : kernel;
                assert_int_equal(ckks_prime_below(&q, start[p], UINT64_C(2) << log_n), CKKS_OK);
                assert_int_equal(ckks_modulus_init(&m, q, CKKS_RING_COMPLEX, log_n, kernel, NULL),
                                 CKKS_OK);
                for (int t = 0; t < testing_iters(10); t++)
                    axioms(&m, &rng);
                ckks_modulus_clear(&m);
            }
        }
    }
}

/* X^i X^j = X^(i+j), with X^8 = -1, for all i, j and all coefficients: through the transform. */
static void toy_monomials(void **state)
{
    ckks_modulus m;

    (void)state;
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            for (uint64_t u = 0; u < 17; u++) {
                for (uint64_t v = 0; v < 17; v++) {
                    element a = {{0}};
                    element b = {{0}};
                    element want = {{0}};

                    a.c[i] = u;
                    b.c[j] = v;
                    want.c[(i + j) % 8] = (i + j < 8 ? u * v : 17 * 17 - u * v) % 17;
                    ckks_ntt_forward(&m, a.c);
                    ckks_ntt_forward(&m, b.c);
                    mul(&a, &a, &b, &m);
                    ckks_ntt_inverse(&m, a.c);
                    assert_true(equal(&a, &want, &m));
                }
            }
        }
    }
    ckks_modulus_clear(&m);
}

/* Every polynomial with coefficients 0 and 1 and with -1 and 1, all automorphisms: NTT of the image
 * is the permuted NTT; the round trip holds. */
static void toy_automorphisms(void **state)
{
    uint32_t index[8];
    ckks_modulus m;

    (void)state;
    assert_int_equal(ckks_modulus_init(&m, 17, CKKS_RING_COMPLEX, 3, ckks_kernel_portable(), NULL),
                     CKKS_OK);
    for (uint64_t g = 1; g < 16; g += 2) {
        ckks_galois_table(index, CKKS_RING_COMPLEX, 3, g);
        for (int bits = 0; bits < 256; bits++) {
            for (int low = -1; low <= 0; low++) {
                _Alignas(64) uint64_t a[8];
                _Alignas(64) uint64_t b[8];
                _Alignas(64) uint64_t moved[8];
                int8_t small[8];
                int8_t image[8];

                for (int i = 0; i < 8; i++)
                    small[i] = (int8_t)((bits >> i & 1) != 0 ? 1 : low);
                ckks_galois_apply_coeffs(image, small, CKKS_RING_COMPLEX, 3, g);
                m.kernel->reduce_i8(a, small, 8, &m);
                m.kernel->reduce_i8(b, image, 8, &m);
                ckks_ntt_forward(&m, a);
                ckks_ntt_forward(&m, b);
                m.kernel->permute(moved, a, index, 8);
                assert_memory_equal(moved, b, sizeof b);
                ckks_ntt_inverse(&m, a);
                for (int i = 0; i < 8; i++)
                    assert_true(a[i] == (uint64_t)(small[i] + 17) % 17);
            }
        }
    }
    ckks_modulus_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prime_kernel_and_size),
        cmocka_unit_test(toy_monomials),
        cmocka_unit_test(toy_automorphisms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
