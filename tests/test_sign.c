/* Composite signs: the degrees that are published for each precision reach it, and ours are best.
 */

#include "nn/fit/sign.h"

#include "tests/testing.h"

enum { FINE = 4000 };

static double value_at(const nn_sign *s, double t)
{
    for (int k = 0; k < s->count; k++)
        t = nn_fit_chebyshev(&s->poly[k], t);
    return t;
}

/* Odd, within [-1, 1] but for the last polynomial, and the errors that it says, on a grid of its
 * own. */
static void check(const nn_sign *s)
{
    double error = 0, bend = 0;

    for (int k = 0; k < s->count; k++) {
        for (int i = 0; i <= s->poly[k].degree; i += 2)
            testing_assert_near(s->poly[k].coef[i], 0, 0);
        for (int i = s->poly[k].degree + 1; i <= NN_FIT_DEGREE_MAX; i++)
            testing_assert_near(s->poly[k].coef[i], 0, 0);
    }
    for (int i = 1; i <= FINE; i++) {
        double t = pow((double)i / FINE, 3), e = fabs(value_at(s, t) - 1), inner = t;

        for (int k = 0; k + 1 < s->count; k++) {
            inner = nn_fit_chebyshev(&s->poly[k], inner);
            assert_true(fabs(inner) <= 1 + 1e-9);
        }
        bend = fmax(bend, t * e);
        if (t >= s->threshold)
            error = fmax(error, e);
    }
    /* Both grids miss the peaks by a little. */
    testing_assert_near(error, s->error, 0.04 * s->error + 1e-9);
    testing_assert_near(bend, s->bend, 0.04 * s->bend + 1e-9);
}

/* [LLLN21], table of degrees by which x (1 + s(x)) / 2 is within 2^-alpha of ReLU on [-1, 1]. */
static const struct {
    int alpha, count, degree[3];
} published[] = {
    {4, 1, {5}},          {5, 1, {13}},          {6, 2, {3, 7}},        {7, 2, {7, 7}},
    {8, 2, {7, 15}},      {9, 2, {15, 15}},      {10, 3, {7, 7, 13}},   {11, 3, {7, 7, 27}},
    {12, 3, {7, 15, 27}}, {13, 3, {15, 15, 27}}, {14, 3, {15, 27, 29}},
};

static void test_published(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof published / sizeof published[0]; k++) {
        const int alpha = published[k].alpha;
        nn_sign s;

        assert_int_equal(nn_sign_balance(&s, published[k].degree, published[k].count), NN_OK);
        check(&s);
        assert_true(s.bend / 2 <= exp2(-alpha));
        assert_true(s.bend / 2 > exp2(-alpha - 1)); /* the table has the least degrees */
    }
}

/* One polynomial: the error of sign by degree 1 on [e, 1] is (1 - e) / (1 + e), by hand; composing
 * helps, and a smaller threshold costs precision. */
static void test_compose(void **unused)
{
    const int three[1] = {3}, twice[2] = {3, 3}, seven[2] = {7, 7};
    nn_sign a, b, c;

    (void)unused;
    assert_int_equal(nn_sign_compose(&a, three, 1, 0.2), NN_OK);
    assert_int_equal(nn_sign_compose(&b, twice, 2, 0.2), NN_OK);
    assert_int_equal(nn_sign_compose(&c, seven, 2, 0.2), NN_OK);
    check(&a);
    check(&b);
    check(&c);
    assert_true(a.error < 0.8 / 1.2);
    assert_true(b.error < a.error && c.error < b.error);
    assert_int_equal(nn_sign_compose(&a, seven, 2, 0.1), NN_OK);
    assert_true(a.error > c.error);
}

static int depth_of(const nn_sign *s)
{
    int depth = 0;
    for (int k = 0; k < s->count; k++)
        for (int reach = 1; reach < s->poly[k].degree + 1; reach *= 2)
            depth++;
    return depth;
}

/* The bound is reached, and not with a level less. */
static void test_choose(void **unused)
{
    (void)unused;
    for (int bits = 2; bits <= 6; bits++) {
        nn_sign s, less;

        assert_int_equal(nn_sign_choose(&s, exp2(-bits), 20), NN_OK);
        check(&s);
        assert_true(s.bend <= exp2(-bits));
        assert_int_equal(nn_sign_choose(&less, exp2(-bits), depth_of(&s)), NN_OK);
        assert_int_equal(nn_sign_choose(&less, exp2(-bits), depth_of(&s) - 1), NN_ERR_RANGE);
    }
}

static void test_refused(void **unused)
{
    const int even[1] = {4}, good[1] = {7}, high[1] = {33}, low[1] = {1};
    nn_sign s = {.threshold = -7};

    (void)unused;
    assert_int_equal(nn_sign_compose(&s, even, 1, 0.1), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, high, 1, 0.1), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, low, 1, 0.1), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, good, 0, 0.1), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, good, 5, 0.1), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, good, 1, 0), NN_ERR_ARG);
    assert_int_equal(nn_sign_compose(&s, good, 1, 1), NN_ERR_ARG);
    assert_int_equal(nn_sign_balance(&s, even, 1), NN_ERR_ARG);
    assert_int_equal(nn_sign_choose(&s, 0, 20), NN_ERR_ARG);
    assert_int_equal(nn_sign_choose(&s, 0.01, 2), NN_ERR_RANGE);
    testing_assert_near(s.threshold, -7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_compose),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
