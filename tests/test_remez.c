/* Minimax polynomials: known errors, and Chebyshev's theorem: a polynomial of m coefficients is the
 * best one if and only if its error has m + 1 peaks of alternating sign and equal height. */

#include "nn/fit/remez.h"

#include "nn/fit/project.h"
#include "tests/testing.h"

enum { FINE = 10000 };

static double absolute(const void *user, double t)
{
    (void)user;
    return fabs(t);
}

static double one(const void *user, double t)
{
    (void)user;
    (void)t;
    return 1;
}

static double sign(const void *user, double t)
{
    (void)user;
    return t < 0 ? -1 : 1;
}

static double power(const void *user, double t)
{
    return pow(t, *(const double *)user);
}

static double exponential(const void *user, double t)
{
    return exp(*(const double *)user * t);
}

/* A bent curve with parameters: max(t, a) + b sin(3 t). */
static double bent(const void *user, double t)
{
    const double *a = user;
    return fmax(t, a[0]) + a[1] * sin(3 * t);
}

/* Alternating peaks that reach the level within 2 %, on a fine grid to which a kink belongs; also
 * checks that no point is above it. */
static int count_peaks(const nn_remez_problem *p, const double *coef, double level)
{
    int peaks = 0;
    double last = 0;

    for (int i = 0; i < p->intervals; i++) {
        for (int k = 0; k <= FINE; k++) {
            double u = (1 - cos(acos(-1.0) * k / FINE)) / 2;
            double t = p->interval[i][0] + (p->interval[i][1] - p->interval[i][0]) * u;
            if (p->f == bent && fabs(t - *(const double *)p->user) < 4e-4)
                t = *(const double *)p->user;
            double e = p->f(p->user, t) - nn_project_value(coef, p->degree, t);

            assert_true(fabs(e) <= level * (1 + 1e-6) + 1e-11);
            if (fabs(e) > level * (1 - 0.02) && e * last <= 0) {
                peaks++;
                last = e;
            }
        }
    }
    return peaks;
}

static double solve(const nn_remez_problem *p)
{
    double coef[NN_REMEZ_DEGREE_MAX + 1], error = -1;
    int unknowns = p->basis == NN_REMEZ_ALL   ? p->degree + 1
                   : p->basis == NN_REMEZ_ODD ? (p->degree + 1) / 2
                                              : p->degree / 2 + 1;

    assert_int_equal(nn_remez(coef, &error, p), NN_OK);
    for (int k = 0; k <= p->degree; k++)
        if (p->basis != NN_REMEZ_ALL && k % 2 != (p->basis == NN_REMEZ_ODD))
            testing_assert_near(coef[k], 0, 0);
    if (error > 1e-7) /* else peaks may drown in rounding, for values up to e^9 */
        assert_true(count_peaks(p, coef, error) > unknowns);
    return error;
}

/* t^n by degree n - 1 errs by 2^(1-n), Chebyshev. |t| by even degree n errs by E_n: 1/8 by hand,
 * and from n E_n = 0.270483597111137, 0.277517824675052 (Carpenter and Varga's table of Bernstein's
 * constant). */
static void test_known(void **unused)
{
    nn_remez_problem p = {.f = power, .intervals = 1, .interval = {{-1, 1}}};

    (void)unused;
    for (int n = 2; n <= 20; n++) {
        double exponent = n;
        p.user = &exponent;
        p.degree = n - 1;
        testing_assert_near(solve(&p), exp2(1 - n), 1e-9 * exp2(1 - n) + 1e-14);
    }
    p.f = absolute;
    p.degree = 2;
    testing_assert_near(solve(&p), 0.125, 1e-12);
    p.degree = 4;
    testing_assert_near(solve(&p), 0.270483597111137 / 4, 1e-9);
    p.degree = 8;
    testing_assert_near(solve(&p), 0.277517824675052 / 8, 1e-9);
    p.degree = 9; /* even functions gain nothing by an odd degree */
    testing_assert_near(solve(&p), 0.277517824675052 / 8, 1e-9);
}

/* Even on [0, 1] is the same problem as all on [-1, 1]; odd and 1 on [e, 1] as sign on both sides.
 */
static void test_parity(void **unused)
{
    nn_remez_problem half = {
        .f = absolute, .intervals = 1, .interval = {{0, 1}}, .basis = NN_REMEZ_EVEN};
    nn_remez_problem whole = {.f = absolute, .intervals = 1, .interval = {{-1, 1}}};

    (void)unused;
    for (int degree = 2; degree <= 31; degree += 3) {
        half.degree = whole.degree = degree;
        testing_assert_near(solve(&half), solve(&whole), 1e-9);
    }
    half = (nn_remez_problem){
        .f = one, .intervals = 1, .interval = {{0.05, 1}}, .basis = NN_REMEZ_ODD};
    whole = (nn_remez_problem){.f = sign, .intervals = 2, .interval = {{-1, -0.05}, {0.05, 1}}};
    for (int degree = 1; degree <= 31; degree += 2) {
        half.degree = whole.degree = degree;
        testing_assert_near(solve(&half), solve(&whole), 1e-8);
    }
}

/* Functions that are smooth, bent, steep, on one interval and on two, at every degree. */
static void test_equioscillates(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 1; degree <= NN_REMEZ_DEGREE_MAX; degree++) {
        double a[2] = {testing_uniform(&rng, -0.9, 0.9), testing_uniform(&rng, -0.3, 0.3)};
        double middle = testing_uniform(&rng, -0.5, 0.4), steep = testing_uniform(&rng, 7, 9);
        nn_remez_problem p = {
            .f = bent, .user = a, .intervals = 1, .interval = {{-1, 1}}, .degree = degree};

        (void)solve(&p);
        p.f = exponential;
        p.user = &steep;
        (void)solve(&p);
        if (degree > 16)
            continue; /* between two intervals rounding grows with the degree, see remez.h */
        p.intervals = 2;
        p.interval[0][1] = middle;
        p.interval[1][0] = middle + 0.1;
        p.interval[1][1] = 1;
        (void)solve(&p);
    }
}

static double unbounded(const void *user, double t)
{
    (void)user;
    return 1 / t;
}

static void test_refused(void **unused)
{
    nn_remez_problem good = {.f = absolute, .intervals = 1, .interval = {{-1, 1}}, .degree = 3}, p;
    double coef[NN_REMEZ_DEGREE_MAX + 1] = {-7}, error = -7;

    (void)unused;
    p = good;
    p.degree = 0;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p.degree = NN_REMEZ_DEGREE_MAX + 1;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p = good;
    p.interval[0][1] = 1.5;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p.interval[0][1] = -1;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p = good;
    p.basis = NN_REMEZ_ODD; /* an interval with negative numbers */
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p = good;
    p.intervals = 2; /* they overlap */
    p.interval[1][1] = 1;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_ARG);
    p = good;
    p.f = unbounded;
    p.interval[0][0] = 0;
    assert_int_equal(nn_remez(coef, &error, &p), NN_ERR_RANGE);
    testing_assert_near(coef[0], -7, 0);
    testing_assert_near(error, -7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_parity),
        cmocka_unit_test(test_equioscillates),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
