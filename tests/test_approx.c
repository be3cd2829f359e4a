/* Least-squares fits against published coefficients, and the Chebyshev basis. */

#include "nn/fit/approx.h"

#include "tests/testing.h"

/* Fits of degree 4 on [-r, r], as published for networks over encrypted data, and their largest
 * errors: three digits of each. */
static const struct {
    nn_approx_function f;
    int degree;
    double r, c0, c2, c4, error; /* error 0: not published */
} known[] = {
    {NN_APPROX_SWISH, 4, 3, 0.0108, 0.2212, -0.008248, 0.024},
    {NN_APPROX_SWISH, 4, 4, 0.03347, 0.19566, -0.005075, 0.064},
    {NN_APPROX_SWISH, 4, 5, 0.07066, 0.17003, -0.00315, 0.116},
    {NN_APPROX_SWISH, 4, 6, 0.1198, 0.1473, -0.002012, 0.172},
    {NN_APPROX_SWISH, 4, 7, 0.1773, 0.1282, -0.001328, 0.225},
    {NN_APPROX_SWISH, 4, 8, 0.2401, 0.11257, -0.000908, 0.275},
    {NN_APPROX_RELU, 2, 4, 0.375373, 0.117071, 0, 0},
    {NN_APPROX_RELU, 2, 6, 0.563059, 0.078047, 0, 0},
    {NN_APPROX_RELU, 4, 4, 0.234606, 0.204875, -0.0063896, 0},
    {NN_APPROX_RELU, 4, 6, 0.3516, 0.1367, -0.0019, 0},
};

static void test_published(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        double c[5] = {0}, error = 0;

        assert_int_equal(nn_approx_fit(c, &error, known[k].f, known[k].degree, known[k].r), NN_OK);
        testing_assert_near(c[0], known[k].c0, 5e-3 * fabs(known[k].c0));
        testing_assert_near(c[1], 0.5, 1e-12);
        testing_assert_near(c[2], known[k].c2, 3e-3 * fabs(known[k].c2));
        testing_assert_near(c[4], known[k].c4, 3e-2 * fabs(known[k].c4));
        if (known[k].error > 0)
            testing_assert_near(error, known[k].error, 1e-3);
    }
}

/* The error is orthogonal to every polynomial of the degree: Simpson's rule on a fine grid. */
static void test_orthogonal(void **unused)
{
    static const nn_approx_function all[] = {NN_APPROX_RELU, NN_APPROX_SWISH, NN_APPROX_GELU,
                                             NN_APPROX_SIGMOID, NN_APPROX_TANH};

    (void)unused;
    for (size_t f = 0; f < 5; f++) {
        for (int degree = 1; degree <= 15; degree += 7) {
            double c[16], r = 2.5;
            const int n = 4000;

            assert_int_equal(nn_approx_fit(c, NULL, all[f], degree, r), NN_OK);
            for (int p = 0; p <= degree; p++) {
                double sum = 0;
                for (int i = 0; i <= n; i++) {
                    double u = 2.0 * i / n - 1, x = r * u;
                    double weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
                    sum += weight * pow(u, p) *
                           (nn_approx_horner(c, degree, x) - nn_approx_value(all[f], x));
                }
                testing_assert_near(sum * 2 / (3.0 * n), 0, 1e-9);
            }
        }
    }
}

/* The fit of an odd function is odd, and values against independent ones. */
static void test_symmetry(void **unused)
{
    double c[12];

    (void)unused;
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_TANH, 11, 4), NN_OK);
    for (int k = 0; k <= 10; k += 2)
        testing_assert_near(c[k], 0, 1e-13); /* odd */
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_SIGMOID, 11, 4), NN_OK);
    testing_assert_near(c[0], 0.5, 1e-13); /* sigmoid - 1/2 is odd */
    for (int k = 2; k <= 10; k += 2)
        testing_assert_near(c[k], 0, 1e-13);
    testing_assert_near(nn_approx_value(NN_APPROX_GELU, 1.5), 1.5 * 0.9331927987311419, 1e-15);
    /* Far below 0, to as many digits; from 60 digits of Python's decimal. */
    testing_assert_near(nn_approx_value(NN_APPROX_GELU, -8), -4.9767684594174273e-15, 1e-28);
    testing_assert_near(nn_approx_value(NN_APPROX_GELU_TANH, -6), -8.439646700762297e-11, 1e-24);
    testing_assert_near(nn_approx_value(NN_APPROX_RELU, -2), 0, 0);
}

static void test_chebyshev(void **unused)
{
    const double powers[5] = {1, 2, 3, 4, 5};
    double c[32], back[32];
    testing_rng rng;

    (void)unused;
    /* x^4 = (T4 + 4 T2 + 3) / 8, x^3 = (T3 + 3 T1) / 4, x^2 = (T2 + 1) / 2 */
    nn_approx_to_chebyshev(c, powers, 4, 1);
    testing_assert_near(c[0], 1 + 1.5 + 15.0 / 8, 1e-15);
    testing_assert_near(c[1], 2 + 3, 1e-15);
    testing_assert_near(c[2], 1.5 + 2.5, 1e-15);
    testing_assert_near(c[3], 1, 1e-15);
    testing_assert_near(c[4], 5.0 / 8, 1e-15);
    testing_rng_init(&rng, testing_seed());
    for (int degree = 0; degree <= 16; degree++) {
        double r = testing_uniform(&rng, 0.5, 2), u = testing_uniform(&rng, -1, 1), sum = 0;

        for (int k = 0; k <= degree; k++)
            back[k] = c[k] = testing_uniform(&rng, -1, 1);
        nn_approx_to_chebyshev(back, back, degree, r); /* in place */
        for (int k = 0; k <= degree; k++)
            sum += back[k] * cos(k * acos(u));
        double want = nn_approx_horner(c, degree, r * u);
        testing_assert_near(sum, want, 1e-9 * pow(2, degree));
        nn_approx_from_chebyshev(back, back, degree, r);
        for (int k = 0; k <= degree; k++)
            testing_assert_near(back[k] * pow(r, k), c[k] * pow(r, k), 1e-15 * pow(7, degree));
    }
}

static void test_refused(void **unused)
{
    double c[NN_APPROX_DEGREE_MAX + 1] = {-7};

    (void)unused;
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_RELU, 0, 1), NN_ERR_ARG);
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_RELU, NN_APPROX_DEGREE_MAX + 1, 1),
                     NN_ERR_ARG);
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_RELU, 2, 0), NN_ERR_ARG);
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_RELU, 2, (double)INFINITY), NN_ERR_ARG);
    assert_int_equal(nn_approx_fit(c, NULL, (nn_approx_function)17, 2, 1), NN_ERR_ARG);
    assert_int_equal(nn_approx_fit(NULL, NULL, NN_APPROX_RELU, 2, 1), NN_ERR_ARG);
    testing_assert_near(c[0], -7, 0);
    assert_int_equal(nn_approx_fit(c, NULL, NN_APPROX_RELU, NN_APPROX_DEGREE_MAX, 1), NN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_orthogonal),
        cmocka_unit_test(test_symmetry),  cmocka_unit_test(test_chebyshev),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
