/* The self-test passes right kernels, and finds a kernel that is wrong in any one slot. */
#include "ckks/kernel/modulus.h"
#include "ckks/word/prime.h"
#include "tests/testing.h"

enum { LOG_N = 7, N = 1 << LOG_N };

static uint64_t prime(int i, int ring)
{
    const uint64_t start[] = {ring == CKKS_RING_REAL ? 7682 : 258, UINT64_C(1) << 30,
                              CKKS_MAX_PRIME + 1};
    uint64_t q = 0;

    assert_int_equal(ckks_prime_below(&q, start[i], ring == CKKS_RING_REAL ? 4 * N : 2 * N),
                     CKKS_OK);
    return q;
}

static void right_kernels_pass(void **state)
{
    static _Alignas(64) uint64_t scratch[2 * N];

    (void)state;
    for (int f = 0; ckks_kernel_list(f) != NULL; f++) {
        const ckks_kernel *kernel =
            ckks_kernel_select(ckks_cpu_detect(), CKKS_MAX_PRIME, ckks_kernel_list(f)->name);

        if (kernel == NULL)
            continue;
        printf("# self-test of %s\n", kernel->name);
        for (int i = 0; i < 6; i++) {
            const int ring = i < 3 ? CKKS_RING_COMPLEX : CKKS_RING_REAL;
            ckks_modulus m;

            assert_int_equal(ckks_modulus_init(&m, prime(i % 3, ring), ring, LOG_N, kernel, NULL),
                             CKKS_OK);
            assert_int_equal(ckks_kernel_selftest(&m, scratch), CKKS_OK);
            ckks_modulus_clear(&m);
        }
    }
}

/* ------------------------------------------------------------------ wrong kernels */

/* The last lane is forgotten. */
static void bad_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                    const ckks_modulus *m)
{
    ckks_kernel_portable()->add(out, a, b, n, m);
    out[n - 1] = a[n - 1];
}

/* Not reduced. */
static void bad_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                    const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] - b[i] + m->q;
}

/* -0 = q. */
static void bad_neg(uint64_t *out, const uint64_t *a, size_t n, const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = m->q - a[i];
}

/* Wrong when the output is the first input. */
static void bad_mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n,
                    const ckks_modulus *m)
{
    memset(out, 0, n * sizeof *out);
    ckks_kernel_portable()->mul(out, a, b, n, m);
}

static void bad_mul_add(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *c,
                        size_t n, const ckks_modulus *m)
{
    (void)c;
    ckks_kernel_portable()->mul(out, a, b, n, m);
}

static void bad_add_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                           const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] + w > m->q ? a[i] + w - m->q : a[i] + w;
}

/* The product by Shoup with a quotient that is one too small, and without its last subtraction. */
static void bad_mul_scalar(uint64_t *out, const uint64_t *a, uint64_t w, size_t n,
                           const ckks_modulus *m)
{
    uint64_t w_shoup = ckks_mod_shoup(w, &m->mod);

    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_mul_shoup_lazy(a[i], w, w_shoup - (w != 0), m->q);
}

static void bad_mul_scalar_add(uint64_t *out, const uint64_t *a, uint64_t w, const uint64_t *b,
                               size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->mul_scalar(out, a, w, n, m);
    ckks_kernel_portable()->add(out, out, b, n, m);
}

static void bad_sub_mul_scalar(uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
                               size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->sub_mul_scalar(out, b, a, w, n, m);
}

static void bad_reduce(uint64_t *out, const uint64_t *x, size_t n, const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] - ckks_u128_mul_hi(x[i], m->mod.one) * m->q;
}

/* The middle of the interval on the wrong side. */
static void bad_reduce_centred(uint64_t *out, const uint64_t *x, uint64_t from, size_t n,
                               const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_sub(x[i] % m->q, x[i] >= from / 2 ? from % m->q : 0, m->q);
}

/* Fails for negative numbers alone. */
static void bad_reduce_i64(uint64_t *out, const int64_t *x, size_t n, const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint64_t)x[i] % m->q;
}

static void bad_reduce_i8(uint64_t *out, const int8_t *x, size_t n, const ckks_modulus *m)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ckks_mod_reduce_i64(x[i] == -128 ? 0 : x[i], &m->mod);
}

/* One term too few when there are many. */
static void bad_dot(uint64_t *out, const uint64_t *const *x, const uint64_t *const *y, size_t count,
                    size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->dot(out, x, y, count > 32 ? 32 : count, n, m);
}

/* The initial row is lost when it is the output. */
static void bad_dot_add(uint64_t *out, const uint64_t *init, const uint64_t *const *x,
                        const uint64_t *const *y, size_t count, size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->dot(out, x, y, count, n, m);
    ckks_kernel_portable()->add(out, out, init, n, m);
}

static void bad_dot_scalar(uint64_t *out, const uint64_t *const *x, const uint64_t *w, size_t count,
                           size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->dot_scalar(out, x, w, count, n, m);
    out[0] += m->q;
}

/* The last sum is that of the one before. */
static void bad_dot_scalars(uint64_t *const *out, size_t rows, const uint64_t *const *x,
                            const uint64_t *const *w, size_t count, size_t n, const ckks_modulus *m)
{
    for (size_t r = 0; r < rows; r++)
        ckks_kernel_portable()->dot_scalar(out[r], x, w[r > 0 && r + 1 == rows ? r - 1 : r], count,
                                           n, m);
}

/* Rounds down. */
static void bad_round_quotient(uint64_t *v, const uint64_t *const *y, const uint64_t *c,
                               const int *bits, size_t count, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = 0;
        for (size_t k = 0; k < count; k++)
            v[i] += ckks_u128_mul_hi(y[k][i] << (63 - bits[k]), c[k]);
        v[i] >>= 50;
    }
}

static void bad_permute(uint64_t *out, const uint64_t *in, const uint32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[index[i]] = in[i];
}

/* Right but for not being below q. */
static void bad_ntt_forward(uint64_t *a, const ckks_modulus *m)
{
    ckks_kernel_portable()->ntt_forward(a, m);
    a[m->n - 1] += m->q;
}

/* Takes its input for canonical. */
static void bad_ntt_input(uint64_t *a, const ckks_modulus *m)
{
    for (size_t i = 0; i < m->n; i++)
        a[i] = ckks_mod_once(a[i], m->q);
    if (a[0] < m->q)
        ckks_kernel_portable()->ntt_forward(a, m);
}

static void bad_ntt_inverse(uint64_t *a, const ckks_modulus *m)
{
    uint64_t last = a[m->n - 1];

    a[m->n - 1] = ckks_mod_add(last % m->q, 1, m->q);
    ckks_kernel_portable()->ntt_inverse(a, m);
}

/* One digit too few when there are many. */
static void bad_dot_key(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                        size_t n, const ckks_modulus *m)
{
    ckks_key_product fewer = *p;

    fewer.count = p->count > 16 ? 16 : p->count;
    ckks_kernel_portable()->dot_key(out0, out1, &fewer, first, n, m);
}

/* The added row stays where it is. */
static void bad_turned(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                       size_t n, const ckks_modulus *m)
{
    ckks_key_product without = *p;

    without.turned = NULL;
    ckks_kernel_portable()->dot_key(out0, out1, &without, first, n, m);
    if (p->turned != NULL)
        ckks_kernel_portable()->add(out0, out0, p->turned + first, n, m);
}

/* The blocks move, their lanes do not. */
static void bad_lanes(uint64_t *out0, uint64_t *out1, const ckks_key_product *p, size_t first,
                      size_t n, const ckks_modulus *m)
{
    ckks_permutation blocks = {.block = p->turn != NULL ? p->turn->block : NULL};
    ckks_key_product wrong = *p;

    for (size_t i = 0; i < 64; i++)
        blocks.lane[i / 8][i % 8] = (uint8_t)(i % 8);
    wrong.turn = p->turn != NULL ? &blocks : NULL;
    ckks_kernel_portable()->dot_key(out0, out1, &wrong, first, n, m);
}

static void bad_dot_pair(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                         const uint8_t *y, size_t count, size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->dot_pair(out0, out1, x, pick, y, count > 32 ? 32 : count, n, m);
}

/* The parts change places. */
static void bad_parts(uint64_t *out0, uint64_t *out1, const uint64_t *x, const uint16_t *pick,
                      const uint8_t *y, size_t count, size_t n, const ckks_modulus *m)
{
    ckks_kernel_portable()->dot_pair(out1, out0, x, pick, y, count, n, m);
}

/* Above its range in one place. */
static void bad_real_fold(uint64_t *a, const ckks_modulus *m)
{
    ckks_kernel_portable()->real_fold(a, m);
    a[m->n / 2] += 4 * m->q;
}

static void bad_real_unfold(uint64_t *a, const ckks_modulus *m)
{
    const uint64_t first = a[0];

    ckks_kernel_portable()->real_unfold(a, m);
    a[0] = first;
}

enum { BAD_EVERYWHERE = 27, BAD = 29 };

/* All wrong but the first; the last two in the real ring only. */
static void make_bad(ckks_kernel bad[BAD])
{
    for (int i = 0; i < BAD; i++)
        bad[i] = *ckks_kernel_portable();
    bad[1].add = bad_add;
    bad[2].sub = bad_sub;
    bad[3].neg = bad_neg;
    bad[4].mul = bad_mul;
    bad[5].mul_add = bad_mul_add;
    bad[6].add_scalar = bad_add_scalar;
    bad[7].mul_scalar = bad_mul_scalar;
    bad[8].mul_scalar_add = bad_mul_scalar_add;
    bad[9].sub_mul_scalar = bad_sub_mul_scalar;
    bad[10].reduce = bad_reduce;
    bad[11].reduce_centred = bad_reduce_centred;
    bad[12].reduce_i64 = bad_reduce_i64;
    bad[13].reduce_i8 = bad_reduce_i8;
    bad[14].dot = bad_dot;
    bad[15].dot_add = bad_dot_add;
    bad[16].dot_scalar = bad_dot_scalar;
    bad[17].round_quotient = bad_round_quotient;
    bad[18].permute = bad_permute;
    bad[19].ntt_forward = bad_ntt_forward;
    bad[20].ntt_inverse = bad_ntt_inverse;
    bad[21].dot_key = bad_dot_key;
    bad[22].dot_key = bad_turned;
    bad[23].dot_key = bad_lanes;
    bad[24].dot_pair = bad_dot_pair;
    bad[25].dot_pair = bad_parts;
    bad[26].dot_scalars = bad_dot_scalars;
    bad[27].real_fold = bad_real_fold;
    bad[28].real_unfold = bad_real_unfold;
}

static void wrong_kernels_are_found(void **state)
{
    static _Alignas(64) uint64_t scratch[2 * N];
    ckks_kernel bad[BAD];
    ckks_modulus m;

    (void)state;
    make_bad(bad);
    for (int p = 0; p < 6; p++) {
        const int ring = p < 3 ? CKKS_RING_COMPLEX : CKKS_RING_REAL;

        assert_int_equal(
            ckks_modulus_init(&m, prime(p % 3, ring), ring, LOG_N, ckks_kernel_portable(), NULL),
            CKKS_OK);
        for (int i = 0; i < (ring == CKKS_RING_REAL ? BAD : BAD_EVERYWHERE); i++) {
            m.kernel = &bad[i];
            if (ckks_kernel_selftest(&m, scratch) != (i == 0 ? CKKS_OK : CKKS_ERR_SELFTEST))
                fail_msg("broken kernel %d was not found, prime %d", i, p);
        }
        bad[0].ntt_forward = bad_ntt_input;
        m.kernel = &bad[0];
        assert_int_equal(ckks_kernel_selftest(&m, scratch), CKKS_ERR_SELFTEST);
        bad[0] = *ckks_kernel_portable();
        ckks_modulus_clear(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_kernels_pass),
        cmocka_unit_test(wrong_kernels_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
