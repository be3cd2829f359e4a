/* Making fits: published coefficients, known errors, and each method at what it is best at. */

#include "nn/fit/fit_make.h"

#include "tests/failing.h"
#include "tests/testing.h"

static const nn_activation relu = {NN_APPROX_RELU, 0, 0}, swish = {NN_APPROX_SWISH, 0, 0};

/* Swish by degree 4 on [-r, r], least squares, as [ISY20] gives it: three digits. */
static void test_published(void **unused)
{
    static const struct {
        double r, c0, c2, c4, error;
    } known[] = {
        {3, 0.0108, 0.2212, -0.008248, 0.024},  {4, 0.03347, 0.19566, -0.005075, 0.064},
        {5, 0.07066, 0.17003, -0.00315, 0.116}, {6, 0.1198, 0.1473, -0.002012, 0.172},
        {7, 0.1773, 0.1282, -0.001328, 0.225},  {8, 0.2401, 0.11257, -0.000908, 0.275},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        const double r = known[k].r;
        double c[5];
        nn_fit fit;

        assert_int_equal(nn_fit_make(&fit, &swish, -r, r, NN_FIT_LEAST_SQUARES, 4, NULL, 0), NN_OK);
        nn_approx_from_chebyshev(c, fit.poly[0].coef, 4, r);
        testing_assert_near(c[0], known[k].c0, 5e-3 * known[k].c0);
        testing_assert_near(c[1], 0.5, 1e-12);
        testing_assert_near(c[2], known[k].c2, 3e-3 * known[k].c2);
        testing_assert_near(c[4], known[k].c4, 3e-3 * -known[k].c4 + 1e-6);
        testing_assert_near(fit.error, known[k].error, 1e-3);
        assert_int_equal(nn_fit_is_valid(&fit), 1);
    }
}

/* ReLU = x / 2 + |x| / 2, so its errors are half of those of |x|: 1/8, and n E_n = 0.27048...,
 * 0.27752... for n = 4, 8; on [-r, r] r times as large. */
static void test_relu(void **unused)
{
    static const double known[9] = {
        [2] = 0.125 / 2, [4] = 0.270483597111137 / 8, [8] = 0.277517824675052 / 16};

    (void)unused;
    for (int degree = 2; degree <= 8; degree *= 2) {
        for (double r = 1; r < 20; r *= 3) {
            nn_fit fit;
            assert_int_equal(nn_fit_make(&fit, &relu, -r, r, NN_FIT_MINIMAX, degree, NULL, 0),
                             NN_OK);
            testing_assert_near(fit.error, r * known[degree], 1e-6 * r);
        }
    }
}

/* Mean square and largest error on a grid, weighted by a function. */
static void errors(const nn_fit *fit, double *mean, double *largest, double (*weight)(double x))
{
    double sum = 0, all = 0;

    *largest = 0;
    /* With both ends: there the error may be largest, and steep. */
    for (int i = 0; i <= 20000; i++) {
        double x = fit->lo + (fit->hi - fit->lo) * i / 20000, w = weight(x);
        double e = nn_fit_value(fit, x) - nn_activation_value(&fit->f, x);

        sum += w * e * e;
        all += w;
        *largest = fmax(*largest, fabs(e));
    }
    *mean = sum / all;
}

static double even(double x)
{
    (void)x;
    return 1;
}

/* Minimax has the least largest error and least squares the least mean square, for every function,
 * any range and degree; interpolation meets the function at Chebyshev's points. */
static void test_best(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = testing_iters(12); i > 0; i--) {
        const nn_activation f = {(nn_approx_function)testing_below(&rng, NN_APPROX_FUNCTIONS), 0.2,
                                 0.7};
        double lo = testing_uniform(&rng, -12, 1), hi = lo + testing_uniform(&rng, 1, 15);
        int degree = 1 + (int)testing_below(&rng, NN_FIT_DEGREE_MAX);
        double mean[3], largest[3];
        nn_fit fit[3];

        for (int m = 0; m < 3; m++) {
            assert_int_equal(nn_fit_make(&fit[m], &f, lo, hi, (nn_fit_method)m, degree, NULL, 0),
                             NN_OK);
            assert_int_equal(nn_fit_is_valid(&fit[m]), 1);
            errors(&fit[m], &mean[m], &largest[m], even);
            testing_assert_near(largest[m], fit[m].error, 0.05 * fit[m].error + 1e-6);
        }
        for (int m = 0; m < 3; m++) {
            assert_true(mean[NN_FIT_LEAST_SQUARES] <= mean[m] * (1 + 1e-3) + 1e-20);
            assert_true(largest[NN_FIT_MINIMAX] <= largest[m] * (1 + 1e-3) + 1e-10);
        }
        for (int j = 0; j <= degree; j++) {
            double t = cos((j + 0.5) * acos(-1.0) / (degree + 1));
            double x = ((hi - lo) * t + lo + hi) / 2;
            testing_assert_near(nn_fit_value(&fit[NN_FIT_CHEBYSHEV], x), nn_activation_value(&f, x),
                                1e-11);
        }
    }
}

/* A kink close to an end, so that the first points see a line, which a polynomial meets exactly;
 * and values so small that 1 + erf or 1 + tanh would lose them. */
static void test_one_side(void **unused)
{
    static const struct {
        nn_approx_function function;
        double lo, hi;
        int degree;
    } list[] = {
        {NN_APPROX_RELU, -10.843671605811526, 0.02362541823574027, 8},
        {NN_APPROX_RELU, -11.761896010264381, 0.030548057767907366, 27},
        {NN_APPROX_ABS, -11.117911840118866, 0.031582028658242223, 13},
        {NN_APPROX_HARD_SWISH, -5.7801846459428301, -2.9963329602470958, 15},
        {NN_APPROX_HARD_SIGMOID, -7.0145462366726488, -3.4964198312638493, 9},
        {NN_APPROX_CLIP, -10.999797582751091, 0.32500882773231687, 11},
        {NN_APPROX_GELU, -9.398929436211791, -5.6252391708284888, 21},
        {NN_APPROX_GELU_TANH, -6.4485352693622495, -4.5293613441507246, 17},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        const nn_activation f = {list[i].function, 0.2, 0.7};
        double mean[2], largest[2];
        nn_fit fit[2];

        for (int m = 0; m < 2; m++) {
            assert_int_equal(nn_fit_make(&fit[m], &f, list[i].lo, list[i].hi,
                                         m == 0 ? NN_FIT_MINIMAX : NN_FIT_LEAST_SQUARES,
                                         list[i].degree, NULL, 0),
                             NN_OK);
            errors(&fit[m], &mean[m], &largest[m], even);
        }
        assert_true(largest[0] <= largest[1] * (1 + 1e-3));
    }
}

/* A normal distribution: what is near 0 counts. */
static double bell(double x)
{
    return exp(-x * x / 2);
}

static void test_weights(void **unused)
{
    enum { BINS = 128 };
    double weight[BINS], mean[2], largest[2];
    nn_fit even_fit, fit;

    (void)unused;
    for (int k = 0; k < BINS; k++)
        weight[k] = 1e6 * bell(-8 + 16 * (k + 0.5) / BINS);
    assert_int_equal(nn_fit_make(&even_fit, &relu, -8, 8, NN_FIT_LEAST_SQUARES, 6, NULL, 0), NN_OK);
    assert_int_equal(nn_fit_make(&fit, &relu, -8, 8, NN_FIT_LEAST_SQUARES, 6, weight, BINS), NN_OK);
    errors(&even_fit, &mean[0], &largest[0], bell);
    errors(&fit, &mean[1], &largest[1], bell);
    assert_true(mean[1] < mean[0] / 2);
    assert_true(fit.error < 8); /* the twentieth keeps the ends in bounds */
    /* Nothing counted is the same as all alike. */
    memset(weight, 0, sizeof weight);
    assert_int_equal(nn_fit_make(&fit, &relu, -8, 8, NN_FIT_LEAST_SQUARES, 6, weight, BINS), NN_OK);
    assert_memory_equal(fit.poly[0].coef, even_fit.poly[0].coef, sizeof fit.poly[0].coef);
}

static void test_sign(void **unused)
{
    static const nn_activation bent[3] = {
        {NN_APPROX_RELU, 0, 0}, {NN_APPROX_LEAKY_RELU, 0.1, 0}, {NN_APPROX_ABS, 0, 0}};

    (void)unused;
    for (int k = 0; k < 3; k++) {
        for (double error = 0.5; error > 0.01; error /= 4) {
            nn_fit fit, less;

            assert_int_equal(nn_fit_make_sign(&fit, &bent[k], 5, error, 20), NN_OK);
            assert_int_equal(nn_fit_is_valid(&fit), 1);
            assert_int_equal(fit.kind, NN_FIT_SIGN);
            assert_true(fit.error <= error * 1.001);
            assert_int_equal(nn_fit_make_sign(&less, &bent[k], 5, error, nn_fit_depth(&fit) - 1),
                             NN_ERR_RANGE);
        }
    }
}

static void test_refused(void **unused)
{
    const nn_activation clip = {NN_APPROX_CLIP, 1, 0};
    const double one[1] = {1};
    nn_fit fit = {.count = -7};

    (void)unused;
    assert_int_equal(nn_fit_make(&fit, &clip, -1, 1, NN_FIT_MINIMAX, 3, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_fit_make(&fit, &relu, 1, 1, NN_FIT_MINIMAX, 3, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_fit_make(&fit, &relu, -1e308, 1e308, NN_FIT_MINIMAX, 3, NULL, 0),
                     NN_ERR_ARG);
    assert_int_equal(nn_fit_make(&fit, &relu, -1, 1, NN_FIT_MINIMAX, 0, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_fit_make(&fit, &relu, -1, 1, NN_FIT_MINIMAX, 32, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_fit_make(&fit, &relu, -1, 1, NN_FIT_LEAST_SQUARES, 3, one, 0), NN_ERR_ARG);
    assert_int_equal(nn_fit_make_sign(&fit, &swish, 1, 0.1, 9), NN_ERR_ARG);
    assert_int_equal(nn_fit_make_sign(&fit, &relu, 0, 0.1, 9), NN_ERR_ARG);
    assert_int_equal(nn_fit_make_sign(&fit, &relu, 1, 0, 9), NN_ERR_ARG);
    assert_int_equal(fit.count, -7);
    assert_string_equal(nn_fit_method_name(NN_FIT_LEAST_SQUARES), "ls");
    assert_string_equal(nn_fit_method_name(NN_FIT_CHEBYSHEV), "chebyshev");
    assert_string_equal(nn_fit_method_name(NN_FIT_MINIMAX), "minimax");
}

static void test_no_memory(void **unused)
{
    double weight[4] = {1, 2, 3, 4};
    nn_fit fit;

    (void)unused;
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_fit_make(&fit, &relu, -1, 1, NN_FIT_LEAST_SQUARES, 3, weight, 4);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            return;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_relu),
        cmocka_unit_test(test_best),      cmocka_unit_test(test_one_side),
        cmocka_unit_test(test_weights),   cmocka_unit_test(test_sign),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
