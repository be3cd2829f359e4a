/* Least squares: polynomials come back, the error is orthogonal, weights count. */

#include "nn/fit/project.h"

#include "tests/testing.h"

/* A function of a test: a polynomial, or exp, or |t - a|. */
typedef struct shape {
    int degree; /* below 0: |t - a| */
    double coef[NN_PROJECT_DEGREE_MAX + 1];
    double a;
} shape;

static double value_at(const void *user, double t)
{
    const shape *s = user;
    return s->degree < 0 ? fabs(t - s->a) : nn_project_value(s->coef, s->degree, t);
}

static void test_chebyshev(void **unused)
{
    double coef[NN_PROJECT_DEGREE_MAX + 1];
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 0; degree <= NN_PROJECT_DEGREE_MAX; degree++) {
        double t = testing_uniform(&rng, -1, 1), sum = 0;

        for (int k = 0; k <= degree; k++) {
            coef[k] = testing_uniform(&rng, -1, 1);
            sum += coef[k] * cos(k * acos(t));
        }
        testing_assert_near(nn_project_value(coef, degree, t), sum, 1e-12);
    }
}

/* A polynomial is its own best approximation, whatever the weights. */
static void test_reproduces(void **unused)
{
    double weight[40], coef[NN_PROJECT_DEGREE_MAX + 1];
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 0; degree <= NN_PROJECT_DEGREE_MAX; degree++) {
        shape s = {.degree = degree};

        for (int k = 0; k <= degree; k++)
            s.coef[k] = testing_uniform(&rng, -1, 1);
        for (int k = 0; k < 40; k++)
            weight[k] = testing_uniform(&rng, 0.1, 1);
        assert_int_equal(nn_project(coef, value_at, &s, degree, NULL, 64, NULL, 0), NN_OK);
        for (int k = 0; k <= degree; k++)
            testing_assert_near(coef[k], s.coef[k], 1e-12);
        assert_int_equal(nn_project(coef, value_at, &s, degree, weight, 40, NULL, 0), NN_OK);
        for (int k = 0; k <= degree; k++)
            testing_assert_near(coef[k], s.coef[k], 1e-10);
    }
}

/* With weights and a bend inside of a panel: the error times every polynomial of the degree, summed
 * by the midpoint rule on a fine grid, is nothing. */
static void test_orthogonal(void **unused)
{
    const double bend = 0.1234;
    const shape s = {.degree = -1, .a = bend};
    const int bins = 10, fine = 200000;
    double weight[10], coef[8];

    (void)unused;
    for (int k = 0; k < bins; k++)
        weight[k] = 1 + k % 3;
    assert_int_equal(nn_project(coef, value_at, &s, 7, weight, bins, &bend, 1), NN_OK);
    for (int p = 0; p <= 7; p++) {
        double sum = 0;
        for (int i = 0; i < fine; i++) {
            double t = -1 + (i + 0.5) * 2 / fine;
            sum += weight[i * bins / fine] * cos(p * acos(t)) *
                   (nn_project_value(coef, 7, t) - value_at(&s, t));
        }
        testing_assert_near(sum * 2 / fine, 0, 1e-9);
    }
}

/* |t| by degree 2 is 15/16 t^2 + 3/16, by hand; weight on a part of the interval alone is a fit of
 * that part: |t| on [0, 1] is t. */
static void test_known(void **unused)
{
    const shape s = {.degree = -1};
    const double right[4] = {0, 0, 1, 1};
    double coef[4];

    (void)unused;
    assert_int_equal(nn_project(coef, value_at, &s, 2, NULL, 2, NULL, 0), NN_OK);
    testing_assert_near(coef[0], 3.0 / 16 + 15.0 / 32, 1e-14);
    testing_assert_near(coef[1], 0, 1e-14);
    testing_assert_near(coef[2], 15.0 / 32, 1e-14);
    assert_int_equal(nn_project(coef, value_at, &s, 3, right, 4, NULL, 0), NN_OK);
    testing_assert_near(coef[1], 1, 1e-11);
    testing_assert_near(coef[0], 0, 1e-11);
}

static double infinite(const void *user, double t)
{
    (void)user;
    return t > 0.9 ? HUGE_VAL : 0;
}

static void test_refused(void **unused)
{
    const shape s = {.degree = -1};
    const double zero[3] = {0, 0, 0}, one[1] = {1};
    double coef[32] = {-7};

    (void)unused;
    assert_int_equal(nn_project(coef, value_at, &s, -1, NULL, 8, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_project(coef, value_at, &s, 32, NULL, 8, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_project(coef, value_at, &s, 3, NULL, 0, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_project(coef, value_at, &s, 3, NULL, NN_PROJECT_PANELS_MAX + 1, NULL, 0),
                     NN_ERR_ARG);
    assert_int_equal(nn_project(coef, value_at, &s, 3, zero, 3, NULL, 0), NN_ERR_RANGE);
    assert_int_equal(nn_project(coef, value_at, &s, 8, one, 1, NULL, 0), NN_ERR_RANGE);
    assert_int_equal(nn_project(coef, infinite, NULL, 3, NULL, 8, NULL, 0), NN_ERR_RANGE);
    testing_assert_near(coef[0], -7, 0);
    assert_int_equal(nn_project(coef, value_at, &s, 7, one, 1, NULL, 0), NN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chebyshev),  cmocka_unit_test(test_reproduces),
        cmocka_unit_test(test_orthogonal), cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
