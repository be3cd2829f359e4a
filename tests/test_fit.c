/* Fits by hand: values, depth, validity, metadata. */

#include "nn/fit/fit.h"

#include "tests/failing.h"
#include "tests/testing.h"

/* ReLU by x^2 / 2 + x / 2 + 1/16 on [-1, 1], the minimax fit of degree 2: its error is 1/16. */
static nn_fit square(double r)
{
    nn_fit fit = {.kind = NN_FIT_POLY, .lo = -r, .hi = r, .count = 1};

    fit.f.function = NN_APPROX_RELU;
    fit.poly[0] = (nn_fit_poly){2, {r * (0.25 + 0.0625), r * 0.5, r * 0.25}};
    return fit;
}

static void test_value(void **unused)
{
    nn_fit fit = square(3), off = square(1);

    (void)unused;
    for (double x = -3; x <= 3; x += 0.1)
        testing_assert_near(nn_fit_value(&fit, x), x * x / 6 + x / 2 + 3.0 / 16, 1e-14);
    testing_assert_near(nn_fit_measure(&fit), 3.0 / 16, 1e-9);
    /* An interval that does not lie around 0: T_1 runs from -1 at lo to 1 at hi. */
    off.lo = 2;
    off.hi = 6;
    off.poly[0] = (nn_fit_poly){1, {4, 2}};
    for (double x = 2; x <= 6; x += 0.25)
        testing_assert_near(nn_fit_value(&off, x), x, 1e-14);
    testing_assert_near(nn_fit_measure(&off), 0, 1e-14);
}

/* s(t) = (3 t - t^3) / 2 composed with itself: s = 9/8 T_1 - 1/8 T_3. */
static void test_sign(void **unused)
{
    static const nn_activation all[] = {
        {NN_APPROX_RELU, 0, 0}, {NN_APPROX_LEAKY_RELU, 0.25, 0}, {NN_APPROX_ABS, 0, 0}};
    nn_fit fit = {.kind = NN_FIT_SIGN, .lo = -2, .hi = 2, .count = 2};

    (void)unused;
    fit.poly[0] = fit.poly[1] = (nn_fit_poly){3, {0, 1.125, 0, -0.125}};
    for (size_t k = 0; k < 3; k++) {
        fit.f = all[k];
        assert_int_equal(nn_fit_is_valid(&fit), 1);
        for (double x = -2; x <= 2; x += 0.125) {
            double t = x / 2, s = (3 * t - t * t * t) / 2, want;
            s = (3 * s - s * s * s) / 2;
            want = k == 0 ? x * (1 + s) / 2 : k == 1 ? x * (1.25 + 0.75 * s) / 2 : x * s;
            testing_assert_near(nn_fit_composed(&fit, x), s, 1e-14);
            testing_assert_near(nn_fit_value(&fit, x), want, 1e-14);
        }
    }
    assert_int_equal(nn_fit_depth(&fit), 2 + 2 + 1);
    /* The largest |x| (1 - s(x / 2)), by a fine grid of its own. */
    double worst = 0;
    for (int i = 0; i <= 100000; i++)
        worst = fmax(worst, fabs(nn_fit_value(&fit, i * 2e-5) - i * 2e-5));
    testing_assert_near(nn_fit_measure(&fit), worst, 1e-6);
}

static void test_depth(void **unused)
{
    static const int depth[NN_FIT_DEGREE_MAX + 1] = {0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4,
                                                     4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5,
                                                     5, 5, 5, 5, 5, 5, 5, 5, 5, 5};

    (void)unused;
    for (int d = 1; d <= NN_FIT_DEGREE_MAX; d++) {
        nn_fit fit = {.kind = NN_FIT_POLY, .count = 1, .poly = {{.degree = d}}};
        assert_int_equal(nn_fit_depth(&fit), depth[d]);
    }
}

static void test_valid(void **unused)
{
    const nn_fit good = square(1);
    nn_fit fit;

    (void)unused;
    assert_int_equal(nn_fit_is_valid(&good), 1);
#define BAD(change)                                                                                \
    do {                                                                                           \
        fit = good;                                                                                \
        change;                                                                                    \
        assert_int_equal(nn_fit_is_valid(&fit), 0);                                                \
    } while (0)
    BAD(fit.kind = (nn_fit_kind)2);
    BAD(fit.f.function = NN_APPROX_FUNCTIONS);
    BAD(fit.lo = fit.hi);
    BAD(fit.lo = -(double)INFINITY);
    BAD((fit.lo = -1e308, fit.hi = 1e308));
    BAD(fit.error = -1);
    BAD(fit.error = (double)NAN);
    BAD(fit.count = 0);
    BAD(fit.count = 2);
    BAD(fit.poly[0].degree = 0);
    BAD(fit.poly[0].degree = NN_FIT_DEGREE_MAX + 1);
    BAD(fit.poly[0].coef[2] = (double)NAN);
    BAD((fit.kind = NN_FIT_SIGN, fit.lo = -2));
    BAD((fit.kind = NN_FIT_SIGN, fit.f.function = NN_APPROX_SWISH));
#undef BAD
}

static void test_metadata(void **unused)
{
    const nn_fit fit = square(2.5);
    nn_fit got = {.count = -7};
    nn_graph *g = NULL;
    char why[200] = "";
    int found = 7;

    (void)unused;
    assert_int_equal(nn_graph_create(&g), NN_OK);
    assert_int_equal(nn_fit_get(&got, &found, g, "act", why, sizeof why), NN_OK);
    assert_int_equal(found, 0);
    assert_int_equal(got.count, -7);
    assert_int_equal(nn_fit_set(g, "act", &fit), NN_OK);
    assert_non_null(nn_graph_meta_get(g, "unseen.fit.act"));
    assert_int_equal(nn_fit_get(&got, &found, g, "act", why, sizeof why), NN_OK);
    assert_int_equal(found, 1);
    for (double x = -2.5; x <= 2.5; x += 0.5)
        testing_assert_near(nn_fit_value(&got, x), nn_fit_value(&fit, x), 0);
    nn_graph_meta(g, "unseen.fit.act", "nonsense");
    assert_int_equal(nn_fit_get(&got, &found, g, "act", why, sizeof why), NN_ERR_FORMAT);
    assert_non_null(strstr(why, "unseen.fit.act"));
    assert_int_equal(found, 0);
    nn_graph_free(g);
}

static void test_no_memory(void **unused)
{
    const nn_fit fit = square(1);
    nn_graph *g = NULL;

    (void)unused;
    for (long k = 1;; k++) {
        assert_int_equal(nn_graph_create(&g), NN_OK);
        failing_from(k);
        nn_status st = nn_fit_set(g, "act", &fit);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            break;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
        nn_graph_free(g);
    }
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),    cmocka_unit_test(test_sign),
        cmocka_unit_test(test_depth),    cmocka_unit_test(test_valid),
        cmocka_unit_test(test_metadata), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
