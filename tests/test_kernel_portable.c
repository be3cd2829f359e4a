/* Every slot of the portable kernel against modarith.h, at the borders of its ranges, in place and
 * not; the same for every other family that this machine runs, bit for bit against portable.
 */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { LOG_N = 6, N = 1 << LOG_N, MANY = 4096 };

static uint64_t some_q(int i)
{
    static const int bits[] = {17, 30, 31, 40, 46};
    uint64_t start = i == 0 ? 258 : i < 6 ? UINT64_C(1) << bits[i - 1] : CKKS_MAX_PRIME + 1;
    uint64_t q = 0;

    assert_int_equal(ckks_prime_below(&q, start, 2 * N), CKKS_OK);
    return q;
}

enum { SOME_Q = 7 };

typedef struct rows {
    _Alignas(64) uint64_t a[N];
    _Alignas(64) uint64_t b[N];
    _Alignas(64) uint64_t c[N];
    _Alignas(64) uint64_t out[N];
    _Alignas(64) uint64_t want[N];
    _Alignas(64) uint64_t copy[N];
} rows;

static int same(const uint64_t *a, const uint64_t *b)
{
    return memcmp(a, b, N * sizeof *a) == 0;
}

static void binary(rows *r, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;

    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_add(r->a[i], r->b[i], m->q);
    k->add(r->out, r->a, r->b, N, m);
    assert_true(same(r->out, r->want));
    memcpy(r->out, r->b, sizeof r->out);
    k->add(r->out, r->a, r->out, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_sub(r->a[i], r->b[i], m->q);
    k->sub(r->out, r->a, r->b, N, m);
    assert_true(same(r->out, r->want));
    memcpy(r->out, r->a, sizeof r->out);
    k->sub(r->out, r->out, r->b, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = (m->q - r->a[i]) % m->q;
    k->neg(r->out, r->a, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_mul(r->a[i], r->b[i], &m->mod);
    k->mul(r->out, r->a, r->b, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_add(r->want[i], r->c[i], m->q);
    k->mul_add(r->out, r->a, r->b, r->c, N, m);
    assert_true(same(r->out, r->want));
    memcpy(r->out, r->c, sizeof r->out);
    k->mul_add(r->out, r->a, r->b, r->out, N, m);
    assert_true(same(r->out, r->want));
}

static void scalar(rows *r, uint64_t w, const ckks_modulus *m)
{
    const ckks_kernel *k = m->kernel;

    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_add(r->a[i], w, m->q);
    k->add_scalar(r->out, r->a, w, N, m);
    assert_true(same(r->out, r->want));
    /* Any word may be multiplied. */
    for (size_t i = 0; i < N; i++) {
        r->copy[i] = r->a[i] + (i % 2 != 0 ? UINT64_MAX / m->q * m->q - m->q : 0);
        r->want[i] = ckks_mod_mul(r->a[i], w, &m->mod);
    }
    k->mul_scalar(r->out, r->copy, w, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_add(r->want[i], r->b[i], m->q);
    k->mul_scalar_add(r->out, r->copy, w, r->b, N, m);
    assert_true(same(r->out, r->want));
    memcpy(r->out, r->b, sizeof r->out);
    k->mul_scalar_add(r->out, r->copy, w, r->out, N, m);
    assert_true(same(r->out, r->want));
    for (size_t i = 0; i < N; i++)
        r->want[i] = ckks_mod_mul(ckks_mod_sub(r->a[i], r->b[i], m->q), w, &m->mod);
    memcpy(r->out, r->b, sizeof r->out);
    k->sub_mul_scalar(r->out, r->a, r->out, w, N, m);
    assert_true(same(r->out, r->want));
}

static void into(rows *r, testing_rng *rng, const ckks_modulus *m)
{
    static const uint64_t froms[] = {97, 65537, (UINT64_C(1) << 46) - 57, CKKS_MAX_PRIME - 1};
    const ckks_kernel *k = m->kernel;
    int64_t x[N];
    int8_t small[N];

    for (size_t f = 0; f < 4; f++) {
        const int64_t from = (int64_t)froms[f];

        testing_residues(rng, r->copy, N, froms[f]);
        for (size_t i = 0; i < N; i++) {
            int64_t centred =
                (int64_t)r->copy[i] > from / 2 ? (int64_t)r->copy[i] - from : (int64_t)r->copy[i];
            int64_t left = centred % (int64_t)m->q;

            r->want[i] = (uint64_t)(left < 0 ? left + (int64_t)m->q : left);
        }
        k->reduce_centred(r->out, r->copy, froms[f], N, m);
        assert_true(same(r->out, r->want));
    }
    for (size_t i = 0; i < N; i++) {
        r->copy[i] = testing_edge_u64(rng);
        r->want[i] = r->copy[i] % m->q;
    }
    k->reduce(r->copy, r->copy, N, m);
    assert_true(same(r->copy, r->want));
    for (size_t i = 0; i < N; i++) {
        int64_t left;

        memcpy(&x[i], &(uint64_t){testing_edge_u64(rng)}, sizeof x[i]);
        left = x[i] % (int64_t)m->q;
        r->want[i] = (uint64_t)(left < 0 ? left + (int64_t)m->q : left);
    }
    k->reduce_i64(r->out, x, N, m);
    assert_true(same(r->out, r->want));
    for (int round = 0; round < 256 / N; round++) {
        for (int i = 0; i < N; i++) {
            int left;

            small[i] = (int8_t)(round * N + i - 128);
            left = (int)(small[i] % (int64_t)m->q);
            r->want[i] = left < 0 ? m->q - (uint64_t)-left : (uint64_t)left;
        }
        k->reduce_i8(r->out, small, N, m);
        assert_true(same(r->out, r->want));
    }
}

static void elementwise(void **state)
{
    testing_rng rng;
    rows r;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int f = 0; ckks_kernel_list(f) != NULL; f++) {
        const ckks_kernel *kernel =
            ckks_kernel_select(ckks_cpu_detect(), 17, ckks_kernel_list(f)->name);

        for (int i = 0; kernel != NULL && i < SOME_Q; i++) {
            ckks_modulus m;

            if (some_q(i) > kernel->max_prime)
                continue;
            assert_int_equal(
                ckks_modulus_init(&m, some_q(i), CKKS_RING_COMPLEX, LOG_N, kernel, NULL), CKKS_OK);
            for (int t = 0; t < testing_iters(20); t++) {
                testing_residues(&rng, r.a, N, m.q);
                testing_residues(&rng, r.b, N, m.q);
                testing_residues(&rng, r.c, N, m.q);
                binary(&r, &m);
                scalar(&r, testing_residue(&rng, m.q), &m);
                into(&r, &rng, &m);
            }
            ckks_modulus_clear(&m);
        }
    }
}

/* Sums of 1 .. 40 and of the most terms allowed, rows at the largest value allowed among them. */
static void dots(void **state)
{
    static _Alignas(64) uint64_t x_rows[3][N];
    static _Alignas(64) uint64_t y_rows[3][N];
    static const uint64_t *x[MANY];
    static const uint64_t *y[MANY];
    static uint64_t w[MANY];
    testing_rng rng;
    rows r;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 2);
    for (int i = 0; i < SOME_Q; i++) {
        ckks_modulus m;

        assert_int_equal(ckks_modulus_init(&m, some_q(i), CKKS_RING_COMPLEX, LOG_N,
                                           ckks_kernel_portable(), NULL),
                         CKKS_OK);
        testing_residues(&rng, x_rows[0], N, CKKS_MAX_PRIME);
        testing_residues(&rng, y_rows[0], N, m.q);
        for (size_t j = 0; j < N; j++) {
            x_rows[1][j] = CKKS_MAX_PRIME - 1;
            y_rows[1][j] = m.q - 1;
            x_rows[2][j] = m.q - 1;
            y_rows[2][j] = j;
        }
        for (size_t k = 0; k < MANY; k++) {
            x[k] = x_rows[k < 40 ? k % 3 : 1];
            y[k] = y_rows[k < 40 ? k % 2 : 1];
            w[k] = k < 40 ? testing_residue(&rng, m.q) : m.q - 1;
        }
        testing_residues(&rng, r.a, N, m.q);
        memset(r.want, 0, sizeof r.want);
        memset(r.copy, 0, sizeof r.copy);
        for (size_t k = 0; k < MANY; k++) {
            for (size_t j = 0; j < N; j++) {
                uint64_t xj = ckks_mod_reduce_u64(x[k][j], &m.mod);

                r.want[j] = ckks_mod_add(r.want[j], ckks_mod_mul(xj, y[k][j], &m.mod), m.q);
                r.copy[j] = ckks_mod_add(r.copy[j], ckks_mod_mul(xj, w[k], &m.mod), m.q);
            }
            if (k >= 40 && k != MANY - 1)
                continue;
            m.kernel->dot(r.out, x, y, k + 1, N, &m);
            assert_true(same(r.out, r.want));
            m.kernel->dot_scalar(r.out, x, w, k + 1, N, &m);
            assert_true(same(r.out, r.copy));
            memcpy(r.out, r.a, sizeof r.out);
            m.kernel->dot_add(r.out, r.out, x, y, k + 1, N, &m);
            for (size_t j = 0; j < N; j++)
                assert_true(r.out[j] == ckks_mod_add(r.want[j], r.a[j], m.q));
        }
        ckks_modulus_clear(&m);
    }
}

/* An output that is one of the rows of the sum. */
static void dot_alias(void **state)
{
    static _Alignas(64) uint64_t row[20][512];
    static _Alignas(64) uint64_t want[512];
    const uint64_t *x[10];
    const uint64_t *y[10];
    testing_rng rng;
    ckks_modulus m;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 3);
    assert_int_equal(
        ckks_modulus_init(&m, some_q(6), CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL),
        CKKS_OK);
    for (int k = 0; k < 10; k++) {
        testing_residues(&rng, row[2 * k], 512, m.q);
        testing_residues(&rng, row[2 * k + 1], 512, m.q);
        x[k] = row[2 * k];
        y[k] = row[2 * k + 1];
    }
    m.kernel->dot(want, x, y, 10, 512, &m);
    m.kernel->dot(row[7], x, y, 10, 512, &m);
    assert_memory_equal(row[7], want, sizeof want);
    ckks_modulus_clear(&m);
}

static void permutes(void **state)
{
    uint32_t index[N];
    ckks_modulus m;
    rows r;

    (void)state;
    assert_int_equal(
        ckks_modulus_init(&m, some_q(6), CKKS_RING_COMPLEX, LOG_N, ckks_kernel_portable(), NULL),
        CKKS_OK);
    for (size_t i = 0; i < N; i++) {
        r.a[i] = 1000 + i;
        index[i] = (uint32_t)(i * 5 % N);
    }
    m.kernel->permute(r.out, r.a, index, N);
    for (size_t i = 0; i < N; i++)
        assert_true(r.out[i] == 1000 + i * 5 % N);
    ckks_modulus_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elementwise),
        cmocka_unit_test(dots),
        cmocka_unit_test(dot_alias),
        cmocka_unit_test(permutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
