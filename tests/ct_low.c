/* Secrets of the lower layers marked for the checkers: generator, samplers, arithmetic, kernels,
 * transform, embedding of a secret under an automorphism, residues to numbers, entropy and wiping.
 * `make check-ct` and `make check-msan` run this program where the marks are seen; elsewhere it is
 * a plain test of the same calls.
 *
 * That the checker sees anything at all is the business of ct_leak.
 */
#include "ckks/base/ct.h"
#include "ckks/base/mem.h"
#include "ckks/kernel/modulus.h"
#include "ckks/kernel/ntt.h"
#include "ckks/random/entropy.h"
#include "ckks/ring/galois.h"
#include "ckks/ring/radix.h"
#include "ckks/ring/rns.h"
#include "ckks/ring/sample.h"
#include "ckks/word/prime.h"
#include "tests/client_families.h"

enum { LOG_N = 7, N = 1 << LOG_N, DRAWS = 1000 };

static const uint64_t ring_q[] = {122519099764097, 1099511623297};
static const uint64_t ring_p[] = {122519099756801};

/* Primes of this size are looked up, so that the list above needs no explanation. */
static void make_ring(ckks_ring *r)
{
    uint64_t q[2];
    uint64_t p[1];

    assert_int_equal(ckks_prime_below(&q[0], ring_q[0], 2 * N), CKKS_OK);
    assert_int_equal(ckks_prime_below(&q[1], ring_q[1], 2 * N), CKKS_OK);
    assert_int_equal(ckks_prime_below(&p[0], ring_p[0], 2 * N), CKKS_OK);
    assert_int_equal(ckks_ring_init(r, CKKS_RING_COMPLEX, LOG_N, q, 2, p, 1, "portable", NULL),
                     CKKS_OK);
}

static void draw(const ckks_kernel *kernel)
{
    static uint8_t seed[CKKS_SEED_BYTES];
    static uint8_t child[CKKS_SEED_BYTES];
    static uint8_t bytes[1000];
    static int8_t small[DRAWS];
    static int64_t wide[DRAWS];
    uint64_t ones = 0;
    ckks_rng rng;

    assert_int_equal(ckks_entropy(seed), CKKS_OK);
    CKKS_SECRET(seed, sizeof seed);
    ckks_seed_derive(child, seed, CKKS_LABEL_WORKER, 3);
    ckks_rng_init(&rng, kernel, child, CKKS_LABEL_SECRET, 0);
    ckks_rng_bytes(&rng, bytes, sizeof bytes);
    ckks_sample_ternary(small, DRAWS, &rng);
    for (size_t i = 0; i < DRAWS; i++)
        ones |= (uint64_t)(small[i] + 1);
    ckks_sample_error(small, DRAWS, &rng);
    ckks_sample_gaussian_wide(wide, DRAWS, 1e9, &rng);
    for (size_t i = 0; i < DRAWS; i++)
        ones |= (uint64_t)wide[i] | (uint64_t)(small[i] + 21) | bytes[i];
    ckks_rng_clear(&rng);
    ckks_wipe(seed, sizeof seed);
    /* Only that something was drawn leaves this function. */
    CKKS_PUBLIC(&ones, sizeof ones);
    assert_true(ones != 0);
}

static void random_and_samplers(void **state)
{
    (void)state;
    for (int f = 0; client_family_here(f) != NULL; f++)
        draw(client_family_here(f));
}

/* Secret residues become numbers, those are transformed and rounded again. */
static void numbers(void **state)
{
    static const double bits[2] = {46.0, 30.0};
    static _Alignas(64) uint64_t rows[2 * N];
    static _Alignas(64) double x[N];
    static int64_t rounded[N];

    (void)state;
    for (int f = 0; client_family_here(f) != NULL; f++) {
        const ckks_kernel *kernel = client_family_here(f);
        ckks_modulus m[2];
        ckks_fft fft;

        assert_int_equal(ckks_fft_init(&fft, LOG_N, kernel, NULL), CKKS_OK);
        for (int l = 0; l < 2; l++) {
            uint64_t q = 0;

            assert_int_equal(ckks_prime_below(&q, (uint64_t)exp2(bits[l]), 2 * N), CKKS_OK);
            assert_int_equal(ckks_modulus_init(&m[l], q, CKKS_RING_COMPLEX, LOG_N, kernel, NULL),
                             CKKS_OK);
            for (size_t i = 0; i < N; i++)
                rows[(size_t)l * N + i] = i * i * i; /* of both primes: small numbers */
        }
        CKKS_SECRET(rows, sizeof rows);
        ckks_radix_real(x, rows, m, 2, 0x1p-4);
        ckks_fft_forward(&fft, x, x + N / 2, N / 2);
        ckks_fft_inverse(&fft, x, x + N / 2, N / 2);
        kernel->client->round(rounded, x, 0x1p4, N);
        CKKS_PUBLIC(rounded, sizeof rounded);
        for (int64_t i = 0; i < N; i++)
            assert_true(rounded[i] == i * i * i);
        for (int l = 0; l < 2; l++)
            ckks_modulus_clear(&m[l]);
        ckks_fft_clear(&fft);
    }
}

static void kernels(void **state)
{
    static _Alignas(64) uint64_t a[3][N];
    static _Alignas(64) uint64_t b[3][N];
    static _Alignas(64) uint64_t v[N];
    static _Alignas(64) uint64_t out[N];
    static int8_t small[N];
    static int8_t image[N];
    static int64_t x[N];
    uint32_t index[N];
    ckks_ring r;

    (void)state;
    make_ring(&r);
    ckks_galois_table(index, CKKS_RING_COMPLEX, LOG_N, 5);
    for (int l = 0; l < 3; l++) {
        const ckks_modulus *m = &r.modulus[l];
        const ckks_kernel *k = m->kernel;
        const uint64_t *rows[2] = {a[l], b[l]};
        const uint64_t w[2] = {3, m->q - 1};

        for (int i = 0; i < N; i++) {
            small[i] = (int8_t)(i % 3 - 1);
            x[i] = (int64_t)i * i * i - 1000;
        }
        CKKS_SECRET(small, sizeof small);
        CKKS_SECRET(x, sizeof x);
        ckks_galois_apply_coeffs(image, small, CKKS_RING_COMPLEX, LOG_N, 2 * N - 1);
        k->reduce_i8(a[l], image, N, m);
        k->reduce_i64(b[l], x, N, m);
        ckks_ntt_forward(m, a[l]);
        ckks_ntt_forward(m, b[l]);
        k->mul(out, a[l], b[l], N, m);
        k->mul_add(out, out, b[l], a[l], N, m);
        k->add(out, out, b[l], N, m);
        k->sub(out, out, a[l], N, m);
        k->neg(out, out, N, m);
        k->add_scalar(out, out, 5, N, m);
        k->mul_scalar(out, out, 7, N, m);
        k->mul_scalar_add(out, out, 7, b[l], N, m);
        k->sub_mul_scalar(out, out, a[l], 9, N, m);
        k->dot(out, rows, rows, 2, N, m);
        k->dot_add(out, out, rows, rows, 2, N, m);
        k->dot_scalar(out, rows, w, 2, N, m);
        k->permute(v, out, index, N);
        ckks_ntt_inverse(m, v);
        k->reduce(out, v, N, m);
        k->reduce_centred(a[l], v, m->q, N, m);
    }
    {
        const ckks_basis *basis = ckks_ring_special(&r, 1, 1);
        const uint64_t *rows[2] = {a[1], a[2]};
        uint64_t *y[2] = {a[1], a[2]};

        ckks_basis_prepare(basis, y, v, rows);
        ckks_basis_convert(basis, out, 0, rows, v);
    }
    CKKS_PUBLIC(out, sizeof out);
    for (size_t i = 0; i < N; i++)
        assert_true(out[i] < r.modulus[0].q);
    ckks_ring_clear(&r);
}

static void one_residue(void **state)
{
    const ckks_mod m = ckks_mod_init(CKKS_MAX_PRIME - 1);
    uint64_t x = 123456789;
    uint64_t y = CKKS_MAX_PRIME - 5;
    uint64_t r;

    (void)state;
    CKKS_SECRET(&x, sizeof x);
    CKKS_SECRET(&y, sizeof y);
    r = ckks_mod_add(x, y, m.q);
    r = ckks_mod_sub(r, y, m.q);
    r = ckks_mod_mul(ckks_mod_neg(r, m.q), y, &m);
    r = ckks_mod_mul_shoup(r, y, ckks_mod_shoup(y, &m), m.q);
    r = ckks_mod_add(r, ckks_mod_reduce_i64((int64_t)r - 77, &m), m.q);
    r = ckks_mod_mul(r, ckks_mod_inv(x, &m), &m);
    r = ckks_ct_select(ckks_ct_mask_less(r, x), r, x) & ckks_ct_mask_nonzero(y);
    CKKS_PUBLIC(&r, sizeof r);
    assert_true(r < m.q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_and_samplers),
        cmocka_unit_test(numbers),
        cmocka_unit_test(kernels),
        cmocka_unit_test(one_residue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
