/* The embedding against its definition in long double, twiddles in ulp, round trips and sparse
 * forms. */
#include "ckks/kernel/fft.h"
#include "tests/client_families.h"

static const long double pi_long = 3.14159265358979323846264338327950288L;

/* slot j = sum over pairs k of (re_k + i im_k) e(k), e(k) = exp(i pi g k / (2 s)), g = 5^j mod 4s,
 * because the coefficient half a ring away stands for a factor zeta^(N/2 5^j) = i. */
static void slots_by_definition(long double *re, long double *im, const double *cr,
                                const double *ci, size_t s)
{
    size_t g = 1;

    for (size_t j = 0; j < s; j++) {
        re[j] = 0;
        im[j] = 0;
        for (size_t k = 0; k < s; k++) {
            long double angle = pi_long * (long double)(g * k % (4 * s)) / (long double)(2 * s);

            re[j] += cr[k] * cosl(angle) - ci[k] * sinl(angle);
            im[j] += cr[k] * sinl(angle) + ci[k] * cosl(angle);
        }
        g = g * 5 % (4 * s);
    }
}

static void by_definition(const ckks_kernel *kernel, testing_rng *rng)
{
    for (int log_n = 3; log_n <= 9; log_n += 3) {
        ckks_fft f;

        assert_int_equal(ckks_fft_init(&f, log_n, kernel, NULL), CKKS_OK);
        assert_int_equal(f.slots, (size_t)1 << (log_n - 1));
        for (size_t s = 1; s <= f.slots; s *= 2) {
            double re[256];
            double im[256];
            double cr[256];
            double ci[256];
            long double wr[256];
            long double wi[256];
            /* Values up to 1: a sum of s terms, each layer adds a relative error of 2^-51 at most.
             */
            const double bound = (double)s * (log_n + 1) * 0x1p-51;

            for (size_t k = 0; k < s; k++) {
                cr[k] = re[k] = testing_uniform(rng, -1, 1);
                ci[k] = im[k] = testing_uniform(rng, -1, 1);
            }
            slots_by_definition(wr, wi, cr, ci, s);
            ckks_fft_forward(&f, re, im, s);
            for (size_t j = 0; j < s; j++) {
                testing_assert_near(re[j], wr[j], bound);
                testing_assert_near(im[j], wi[j], bound);
            }
            ckks_fft_inverse(&f, re, im, s);
            for (size_t k = 0; k < s; k++) {
                testing_assert_near(re[k], cr[k], (log_n + 1) * 0x1p-50);
                testing_assert_near(im[k], ci[k], (log_n + 1) * 0x1p-50);
            }
        }
        ckks_fft_clear(&f);
        ckks_fft_clear(&f);
    }
}

static void definition(void **state)
{
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int f = 0; client_family_here(f) != NULL; f++)
        by_definition(client_family_here(f), &rng);
}

/* |x - want| in units of the last place of want. */
static double ulps(double x, long double want)
{
    int exponent;

    (void)frexpl(want, &exponent);
    return (double)fabsl(ldexpl((long double)x - want, 53 - exponent));
}

/* Some systems have no wider type, and valgrind computes in double whatever the type. */
static int long_double_is_wider(void)
{
    volatile long double one = 1;

    return one + 0x1p-60L != one;
}

static void twiddles(void **state)
{
    double worst = 0;
    ckks_fft f;

    (void)state;
    if (!long_double_is_wider())
        skip();
    assert_int_equal(ckks_fft_init(&f, CKKS_MAX_LOG_N + 1, ckks_kernel_portable(), NULL), CKKS_OK);
    for (size_t h = 1; h < f.slots; h *= 2) {
        size_t g = 1;

        for (size_t j = 0; j < h; j++) {
            /* Reduced to the first octant in whole numbers, so that the reference has no
             * cancellation. */
            size_t quarter = 2 * h;
            size_t within = g % quarter;
            long double angle = pi_long * (long double)within / (long double)(4 * h);
            long double c = cosl(angle);
            long double s = sinl(angle);
            long double wr[4];
            long double wi[4];

            if (2 * within > quarter) {
                long double rest = pi_long * (long double)(quarter - within) / (long double)(4 * h);
                c = sinl(rest);
                s = cosl(rest);
            }
            wr[0] = c, wi[0] = s;
            wr[1] = -s, wi[1] = c;
            wr[2] = -c, wi[2] = -s;
            wr[3] = s, wi[3] = -c;
            worst = fmax(worst, ulps(f.re[h + j], wr[g / quarter]));
            worst = fmax(worst, ulps(f.im[h + j], wi[g / quarter]));
            g = g * 5 % (8 * h);
        }
    }
    printf("# worst twiddle: %.3f ulp\n", worst);
    assert_true(worst <= 0.501);
    ckks_fft_clear(&f);
}

/* Real slots have a real polynomial in the sense of the embedding: with s slots all equal to x the
 * only coefficient is the constant one. */
static void constants(void **state)
{
    ckks_fft f;
    double re[64];
    double im[64];

    (void)state;
    assert_int_equal(ckks_fft_init(&f, 7, ckks_kernel_portable(), NULL), CKKS_OK);
    for (size_t j = 0; j < 64; j++) {
        re[j] = 3.25;
        im[j] = 0;
    }
    ckks_fft_inverse(&f, re, im, 64);
    testing_assert_near(re[0], 3.25, 0x1p-50);
    for (size_t k = 0; k < 64; k++) {
        testing_assert_near(re[k], k == 0 ? 3.25 : 0, 0x1p-50);
        testing_assert_near(im[k], 0, 0x1p-50);
    }
    ckks_fft_clear(&f);
}

/* A polynomial in Y = X^(N/(2s)) has slots of period s. */
static void sparse_repeats(void **state)
{
    enum { ALL = 128, S = 8, GAP = ALL / S };
    double re[ALL] = {0};
    double im[ALL] = {0};
    double sr[S];
    double si[S];
    testing_rng rng;
    ckks_fft f;

    (void)state;
    testing_rng_init(&rng, testing_seed() + 1);
    assert_int_equal(ckks_fft_init(&f, 8, ckks_kernel_portable(), NULL), CKKS_OK);
    for (size_t k = 0; k < S; k++) {
        re[k * GAP] = sr[k] = testing_uniform(&rng, -1, 1);
        im[k * GAP] = si[k] = testing_uniform(&rng, -1, 1);
    }
    ckks_fft_forward(&f, re, im, ALL);
    ckks_fft_forward(&f, sr, si, S);
    for (size_t j = 0; j < ALL; j++) {
        testing_assert_near(re[j], sr[j % S], 16 * 0x1p-50);
        testing_assert_near(im[j], si[j % S], 16 * 0x1p-50);
    }
    ckks_fft_clear(&f);
}

static void no_memory(void **state)
{
    testing_alloc t = {.fail_at = 1};
    const ckks_allocator hook = {testing_alloc_get, testing_alloc_put, &t};
    ckks_fft f;

    (void)state;
    assert_int_equal(ckks_fft_init(&f, 5, ckks_kernel_portable(), &hook), CKKS_ERR_MEMORY);
    assert_null(f.re);
    assert_int_equal(ckks_fft_init(&f, 5, ckks_kernel_portable(), &hook), CKKS_OK);
    ckks_fft_clear(&f);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition),     cmocka_unit_test(twiddles),  cmocka_unit_test(constants),
        cmocka_unit_test(sparse_repeats), cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
