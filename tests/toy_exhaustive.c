/* Toy rings small enough to try everything: N = 8 with primes 17, 97, 113, 193. Divisions and
 * digits for every residue against integer arithmetic, products of every pair of monomials against
 * schoolbook, every automorphism, and the scheme on every pair of unit vectors of four slots.
 */
#include "tests/scheme.h"

#include "ckks/kernel/ntt.h"
#include "ckks/ring/galois.h"
#include "ckks/scheme/keyswitch.h"

enum { N = 8 };

static ckks_params toy(void)
{
    ckks_params params = {0};

    params.log_n = 3;
    params.q_count = 3;
    params.p_count = 1;
    params.q[0] = 17;
    params.q[1] = 97;
    params.q[2] = 113;
    params.p[0] = 193;
    params.security_bits = 128;
    params.insecure_test = 1;
    return params;
}

static int64_t product_of(const ckks_params *params, int limbs, int special)
{
    int64_t product = 1;

    for (int l = 0; l < limbs; l++)
        product *= (int64_t)params->q[l];
    for (int k = 0; k < special; k++)
        product *= (int64_t)params->p[k];
    return product;
}

/* floor((2 x + d) / (2 d)) for odd d: no ties. */
static int64_t round_divide(int64_t x, int64_t d)
{
    int64_t y = 2 * x + d;

    return y >= 0 ? y / (2 * d) : -((2 * d - 1 - y) / (2 * d));
}

static uint64_t residue(int64_t x, uint64_t q)
{
    int64_t r = x % (int64_t)q;

    return (uint64_t)(r < 0 ? r + (int64_t)q : r);
}

/* Every x modulo Q P, N at a time: round(x / P) and round(x / (P q_last)). */
static void every_division(scheme *s, int limbs, int rescale)
{
    int64_t all = product_of(&s->params, limbs, 1);
    int64_t d = (int64_t)s->params.p[0] * (rescale ? (int64_t)s->params.q[limbs - 1] : 1);
    _Alignas(64) uint64_t acc[4 * N] = {0};
    _Alignas(64) uint64_t other[4 * N];

    for (int64_t x = 0; x < all; x += N) {
        for (int row = 0; row < limbs + 1; row++) {
            const ckks_modulus *m = ckks_context_modulus(s->ctx, row, limbs);
            for (int i = 0; i < N; i++)
                acc[row * N + i] = residue(x + i, m->q);
            if (rescale)
                ckks_ntt_forward(m, acc + row * N);
        }
        memcpy(other, acc, sizeof other);
        assert_int_equal(rescale ? ckks_mod_down_pair(s->w, other, acc, other, acc, limbs, 1, 1)
                                 : ckks_mod_down_coeffs(s->w, acc, acc, limbs, 1),
                         CKKS_OK);
        for (int l = 0; l < limbs - rescale; l++) {
            if (rescale)
                ckks_ntt_inverse(&s->ctx->ring.modulus[l], acc + l * N);
            for (int i = 0; i < N; i++) {
                uint64_t want = residue(round_divide(x + i, d), s->params.q[l]);
                if (acc[l * N + i] != want)
                    assert_int_equal(acc[l * N + i], want);
            }
        }
    }
}

static void divisions(void **state)
{
    ckks_params params = toy();
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int limbs = 1; limbs <= 2; limbs++)
        every_division(&s, limbs, 0);
    every_division(&s, 2, 1);
    every_division(&s, 3, 1);
    scheme_stop(&s);
}

/* Every x modulo q_0: its digit at every other prime is the centred representative. Every x
 * modulo Q_3, by rescaling with one prime. */
static void digits_and_rescales(void **state)
{
    ckks_params params = toy();
    int64_t all = product_of(&params, 3, 0);
    _Alignas(64) uint64_t rows[3 * N];
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int limb = 0; limb < 3; limb++) {
        const ckks_basis *basis = ckks_ring_digit(&s.ctx->ring, limb, 1);
        int64_t q = (int64_t)params.q[limb];
        for (int64_t x = 0; x < q; x += N) {
            _Alignas(64) uint64_t y[N];
            _Alignas(64) uint64_t out[N];
            uint64_t *row = y;
            const uint64_t *in = y;
            for (int i = 0; i < N; i++)
                y[i] = residue(x + i, params.q[limb]);
            ckks_basis_prepare(basis, &row, NULL, &in);
            for (int modulus = 0; modulus < 4; modulus++) {
                uint64_t p = modulus < 3 ? params.q[modulus] : params.p[0];
                ckks_basis_convert(basis, out, modulus, &in, NULL);
                for (int i = 0; i < N; i++) {
                    int64_t c = (x + i) % q;
                    assert_int_equal(out[i], residue(c > q / 2 ? c - q : c, p));
                }
            }
        }
    }
    for (int64_t x = 0; x < all; x += N) {
        uint64_t *to = rows;
        const uint64_t *from = rows;
        for (int l = 0; l < 3; l++) {
            for (int i = 0; i < N; i++)
                rows[l * N + i] = residue(x + i, params.q[l]);
            ckks_ntt_forward(&s.ctx->ring.modulus[l], rows + l * N);
        }
        assert_int_equal(ckks_divide_last(s.w, &to, &from, 1, 3), CKKS_OK);
        for (int l = 0; l < 2; l++) {
            ckks_ntt_inverse(&s.ctx->ring.modulus[l], rows + l * N);
            for (int i = 0; i < N; i++) {
                uint64_t want = residue(round_divide(x + i, (int64_t)params.q[2]), params.q[l]);
                if (rows[l * N + i] != want)
                    assert_int_equal(rows[l * N + i], want);
            }
        }
    }
    scheme_stop(&s);
}

/* (a X^i) (b X^j) for every a, b modulo 17 and every i, j. */
static void products_of_monomials(void **state)
{
    ckks_params params = toy();
    const ckks_modulus *m = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    m = &s.ctx->ring.modulus[0];
    for (uint64_t a = 0; a < 17; a++) {
        for (uint64_t b = 0; b < 17; b++) {
            for (int i = 0; i < N; i++) {
                for (int j = 0; j < N; j++) {
                    _Alignas(64) uint64_t x[N] = {0};
                    _Alignas(64) uint64_t y[N] = {0};
                    uint64_t want[N] = {0};
                    x[i] = a;
                    y[j] = b;
                    want[(i + j) % N] = i + j < N ? a * b % 17 : (17 - a * b % 17) % 17;
                    ckks_ntt_forward(m, x);
                    ckks_ntt_forward(m, y);
                    m->kernel->mul(x, x, y, N, m);
                    ckks_ntt_inverse(m, x);
                    assert_memory_equal(x, want, sizeof want);
                }
            }
        }
    }
    scheme_stop(&s);
}

/* X -> X^g for every odd g, on every monomial, in both forms. */
static void automorphisms(void **state)
{
    ckks_params params = toy();
    const ckks_modulus *m = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    m = &s.ctx->ring.modulus[1];
    for (uint64_t g = 1; g < 2 * N; g += 2) {
        uint32_t index[N];
        ckks_galois_table(index, CKKS_RING_COMPLEX, 3, g);
        for (uint64_t i = 0; i < N; i++) {
            _Alignas(64) uint64_t x[N] = {0};
            _Alignas(64) uint64_t y[N];
            uint64_t want[N] = {0};
            uint64_t to = g * i % (2 * N);
            x[i] = 1;
            want[to % N] = to < N ? 1 : 96;
            ckks_ntt_forward(m, x);
            m->kernel->permute(y, x, index, N);
            ckks_ntt_inverse(m, y);
            assert_memory_equal(y, want, sizeof want);
        }
    }
    scheme_stop(&s);
}

/* Four slots, primes of 40 bits: every product of unit vectors, every rotation, every sum. */
static void scheme_on_unit_vectors(void **state)
{
    enum { SLOTS = N / 2 };
    ckks_params params = scheme_params(3, 3, 40, 1);
    ckks_key_spec specs[] = {{CKKS_KEY_RELINEARISE, 0, 3, 1, 1},
                             {CKKS_KEY_ROTATE, 1, 3, 1, 1},
                             {CKKS_KEY_ROTATE, 2, 3, 1, 1},
                             {CKKS_KEY_ROTATE, 3, 3, 1, 1},
                             {CKKS_KEY_CONJUGATE, 0, 3, 1, 1}};
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_keys(&s, specs, 5);
    for (int i = 0; i < 2 * SLOTS; i++) {
        double x[2][SLOTS] = {{0}};
        ckks_ciphertext *a = NULL;
        ckks_ciphertext *c = scheme_empty(&s);
        x[i / SLOTS][i % SLOTS] = 1.0; /* 1 or i in one slot */
        a = scheme_encrypt(&s, x[0], x[1], 3, ckks_scale_from(0x1p36));
        for (int steps = 1 - SLOTS; steps < SLOTS; steps++) {
            double y[2][SLOTS];
            for (int part = 0; part < 2; part++) {
                for (int j = 0; j < SLOTS; j++)
                    y[part][j] = x[part][(j + steps + SLOTS) % SLOTS];
            }
            scheme_ok(s.w, ckks_eval_rotate(s.w, c, a, steps));
            assert_true(scheme_measure(&s, c, y[0], y[1]).max < 0x1p-22);
        }
        scheme_ok(s.w, ckks_eval_conjugate(s.w, c, a));
        for (int j = 0; j < SLOTS; j++)
            x[1][j] = -x[1][j];
        assert_true(scheme_measure(&s, c, x[0], x[1]).max < 0x1p-22);
        for (int j = 0; j < SLOTS; j++)
            x[1][j] = -x[1][j];
        for (int k = 0; k < 2 * SLOTS; k++) {
            double y[2][SLOTS] = {{0}};
            double z[2][SLOTS];
            ckks_ciphertext *b = NULL;
            y[k / SLOTS][k % SLOTS] = 1.0;
            b = scheme_encrypt(&s, y[0], y[1], 3, ckks_scale_from(0x1p36));
            scheme_ok(s.w, ckks_eval_mul(s.w, c, a, b, 1));
            for (int j = 0; j < SLOTS; j++) {
                z[0][j] = x[0][j] * y[0][j] - x[1][j] * y[1][j];
                z[1][j] = x[0][j] * y[1][j] + x[1][j] * y[0][j];
            }
            assert_true(scheme_measure(&s, c, z[0], z[1]).max < 0x1p-22);
            scheme_ok(s.w, ckks_eval_sub(s.w, c, a, b));
            for (int j = 0; j < SLOTS; j++) {
                z[0][j] = x[0][j] - y[0][j];
                z[1][j] = x[1][j] - y[1][j];
            }
            assert_true(scheme_measure(&s, c, z[0], z[1]).max < 0x1p-22);
            ckks_ciphertext_free(b);
        }
        ckks_ciphertext_free(a);
        ckks_ciphertext_free(c);
    }
    scheme_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divisions),
        cmocka_unit_test(digits_and_rescales),
        cmocka_unit_test(products_of_monomials),
        cmocka_unit_test(automorphisms),
        cmocka_unit_test(scheme_on_unit_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
