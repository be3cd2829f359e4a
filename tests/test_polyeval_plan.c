/* Decisions of polynomial evaluation: the cut keeps the polynomial, products are few, limbs are
 * counted. */
#include "tests/scheme.h"

#include "ckks/circuits/polyeval.h"

static double power(int basis, int k, double x)
{
    return basis == CKKS_BASIS_MONOMIAL ? pow(x, k) : cos(k * acos(x));
}

/* The cut polynomial at x, by the tree. */
static double value(const ckks_poly_run *run, int first, int length, double x)
{
    int g = 0;
    double sum = 0.0;

    length = ckks_poly_trim(run, first, length);
    g = ckks_poly_split(run, length);
    if (g > 0)
        return value(run, first + g, length - g, x) * power(run->basis, g, x) +
               value(run, first, g, x);
    for (int i = 0; i < length; i++)
        sum += run->coef[first + i] * power(run->basis, i, x);
    return sum;
}

static ckks_context *context(void)
{
    ckks_params params = scheme_params(10, 16, 46, 1);
    ckks_context *ctx = NULL;

    assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
    return ctx;
}

static void cuts_keep_the_polynomial(void **state)
{
    ckks_context *ctx = context();
    static ckks_poly_run run;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < testing_iters(300); i++) {
        int basis = (int)testing_below(&rng, 2);
        int degree =
            1 + (int)testing_below(&rng, basis == CKKS_BASIS_MONOMIAL ? 8 : CKKS_MAX_POLY_DEGREE);
        double coef[CKKS_MAX_POLY_DEGREE + 1];
        double size = 0.0;
        ckks_polynomial p = {basis, degree, coef};
        int parity = (int)testing_below(&rng, 3); /* 2: all, else only odd or even ones */
        for (int k = 0; k <= degree; k++) {
            coef[k] =
                parity == 2 || k % 2 == parity || k == degree ? testing_uniform(&rng, -1, 1) : 0.0;
            size += fabs(coef[k]);
        }
        assert_int_equal(ckks_poly_cut(&run, ctx, &p), CKKS_OK);
        for (int j = 0; j < 5; j++) {
            double x = testing_uniform(&rng, -1, 1);
            double want = 0.0;
            for (int k = 0; k <= degree; k++)
                want += coef[k] * power(basis, k, x);
            testing_assert_near(value(&run, 0, degree + 1, x), want, 1e-10 * (1.0 + size));
        }
        /* every power that a node or leaf uses is in the list, and is made of powers in the list */
        for (int k = 0; k < run.power_count; k++) {
            assert_non_null(ckks_poly_find(&run, (run.power[k].k + 1) / 2));
            assert_true(run.power[k].k == 1 || ckks_poly_find(&run, run.power[k].k / 2) != NULL);
        }
    }
    ckks_context_free(ctx);
}

static int products(int basis, int degree, const double *coef)
{
    static ckks_poly_run run;
    ckks_polynomial p = {basis, degree, coef};
    ckks_context *ctx = context();

    assert_int_equal(ckks_poly_cut(&run, ctx, &p), CKKS_OK);
    ckks_context_free(ctx);
    return run.products;
}

static void products_are_few(void **state)
{
    double all[256];
    double odd[256];
    double square[] = {0.5, 0, 1};
    double swish[] = {0.1, 0.5, 0.2, 0, -0.01};

    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = 1.0;
        odd[i] = i % 2;
    }
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 1, all), 0);
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 2, square), 1);
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 2, all), 1);
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 3, all), 2);
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 4, all), 2);
    assert_int_equal(products(CKKS_BASIS_MONOMIAL, 4, swish), 2);
    assert_true(products(CKKS_BASIS_MONOMIAL, 7, all) <= 4);
    assert_true(products(CKKS_BASIS_MONOMIAL, 8, all) <= 4);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 15, all) <= 7);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 31, all) <= 11);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 63, all) <= 17);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 119, all) <= 25);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 255, all) <= 36);
    assert_true(products(CKKS_BASIS_CHEBYSHEV, 27, odd) <= 10);
}

static void limbs_and_scales(void **state)
{
    ckks_context *ctx = context();
    double square[] = {0.5, 0, 1};
    double all[] = {1, 1, 1, 1, 1};
    ckks_polynomial p = {CKKS_BASIS_MONOMIAL, 2, square};
    int limbs = 0;
    int count = 0;
    ckks_scale scale = {0.0, 0.0};

    (void)state;
    /* lazy: 2^23 squared is 2^46, which stays; 2^35 squared is 2^70, which cannot give up 46 bits
     */
    assert_int_equal(
        ckks_poly_plan(ctx, &p, 3, ckks_scale_from(0x1p23), 0x1p23, &limbs, &scale, &count),
        CKKS_OK);
    assert_int_equal(limbs, 3);
    assert_int_equal(count, 1);
    assert_true(scale.hi == 0x1p46);
    assert_int_equal(
        ckks_poly_plan(ctx, &p, 3, ckks_scale_from(0x1p35), 0x1p30, &limbs, &scale, NULL), CKKS_OK);
    assert_int_equal(limbs, 3);
    assert_int_equal(
        ckks_poly_plan(ctx, &p, 3, ckks_scale_from(0x1p40), 0x1p30, &limbs, &scale, NULL), CKKS_OK);
    assert_int_equal(limbs, 2);
    assert_true(ckks_scale_equal(
        scale, ckks_scale_div_prime(ckks_scale_from(0x1p80), ckks_context_params(ctx)->q[2])));
    /* degree 4 at 2^23: squares and constants eat two limbs */
    p = (ckks_polynomial){CKKS_BASIS_MONOMIAL, 4, all};
    assert_int_equal(
        ckks_poly_plan(ctx, &p, 3, ckks_scale_from(0x1p23), 0x1p23, &limbs, &scale, NULL), CKKS_OK);
    assert_int_equal(limbs, 1);
    assert_true(scale.hi >= 0x1p23);
    assert_int_equal(
        ckks_poly_plan(ctx, &p, 1, ckks_scale_from(0x1p23), 0x1p23, &limbs, &scale, NULL),
        CKKS_ERR_LEVEL);
    /* nothing is written when it fails, and nothing needs to be asked */
    assert_int_equal(limbs, 1);
    assert_int_equal(ckks_poly_plan(ctx, &p, 9, ckks_scale_from(0x1p40), 0x1p40, NULL, NULL, NULL),
                     CKKS_OK);
    ckks_context_free(ctx);
}

static void refusals(void **state)
{
    ckks_context *ctx = context();
    double coef[300] = {1, 1, 1};
    double zero[4] = {1, 0, 0, 0};
    double bad[3] = {1, 1, NAN};
    double many[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    ckks_scale scale = ckks_scale_from(0x1p30);
    ckks_polynomial good = {CKKS_BASIS_MONOMIAL, 2, coef};
    ckks_polynomial p;
    int limbs = 0;

    (void)state;
    p = good;
    p.basis = 2;
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_scratch_bytes(ctx, &p, 3), 0);
    p = good;
    p.degree = 9;
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    p.degree = 0;
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    p.basis = CKKS_BASIS_CHEBYSHEV;
    p.degree = 256;
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    p = (ckks_polynomial){CKKS_BASIS_MONOMIAL, 3, zero};
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    p = (ckks_polynomial){CKKS_BASIS_MONOMIAL, 2, bad};
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    p.coef = NULL;
    assert_int_equal(ckks_poly_plan(ctx, &p, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(ctx, NULL, 3, scale, 0x1p30, &limbs, NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(NULL, &good, 3, scale, 0x1p30, &limbs, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(ctx, &good, 0, scale, 0x1p30, &limbs, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(ctx, &good, 17, scale, 0x1p30, &limbs, NULL, NULL),
                     CKKS_ERR_ARG);
    assert_int_equal(
        ckks_poly_plan(ctx, &good, 3, ckks_scale_from(NAN), 0x1p30, &limbs, NULL, NULL),
        CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(ctx, &good, 3, scale, NAN, &limbs, NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_plan(ctx, &good, 3, scale, 1.0, &limbs, NULL, NULL), CKKS_ERR_ARG);
    assert_int_equal(ckks_poly_scratch_bytes(ctx, &good, 0), 0);
    assert_int_equal(ckks_poly_scratch_bytes(ctx, &good, 17), 0);
    assert_int_equal(ckks_poly_scratch_bytes(NULL, &good, 1), 0);
    assert_int_equal(ckks_poly_scratch_bytes(ctx, &good, 3), 0); /* every worker has as much */
    p = (ckks_polynomial){CKKS_BASIS_CHEBYSHEV, 15, many};
    assert_true(ckks_poly_scratch_bytes(ctx, &p, 16) > 0);
    ckks_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_keep_the_polynomial),
        cmocka_unit_test(products_are_few),
        cmocka_unit_test(limbs_and_scales),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
