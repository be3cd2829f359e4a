/* The text of fits: every bit comes back, and hostile text is refused. */

#include "nn/fit/fit.h"

#include "tests/testing.h"

/* A number of any size, but of text that is read back: the reader refuses what is near the end of
 * the range of doubles. */
static double draw(testing_rng *rng)
{
    switch (testing_below(rng, 6)) {
    case 0:
        return 0;
    case 1:
        return (double)testing_below(rng, 1000) - 500;
    case 2:
        return ldexp(testing_uniform(rng, -1, 1), (int)testing_below(rng, 1800) - 900);
    default:
        return testing_uniform(rng, -2, 2);
    }
}

static nn_fit draw_fit(testing_rng *rng)
{
    nn_fit fit = {.kind = testing_below(rng, 2) ? NN_FIT_POLY : NN_FIT_SIGN};

    fit.hi = exp2(testing_uniform(rng, -20, 20));
    if (fit.kind == NN_FIT_SIGN) {
        const nn_approx_function bent[3] = {NN_APPROX_RELU, NN_APPROX_LEAKY_RELU, NN_APPROX_ABS};
        fit.f.function = bent[testing_below(rng, 3)];
        fit.lo = -fit.hi;
        fit.count = 1 + (int)testing_below(rng, NN_FIT_POLYS_MAX);
    } else {
        fit.f.function = (nn_approx_function)testing_below(rng, NN_APPROX_FUNCTIONS);
        fit.lo = fit.hi - exp2(testing_uniform(rng, -10, 20));
        fit.count = 1;
    }
    if (nn_activation_parameters(fit.f.function) > 0)
        fit.f.a = testing_uniform(rng, 0.01, 0.5);
    if (nn_activation_parameters(fit.f.function) > 1)
        fit.f.b = testing_uniform(rng, 0.5, 8);
    fit.error = fabs(draw(rng));
    for (int k = 0; k < fit.count; k++) {
        fit.poly[k].degree = 1 + (int)testing_below(rng, NN_FIT_DEGREE_MAX);
        for (int i = 0; i <= fit.poly[k].degree; i++)
            fit.poly[k].coef[i] = draw(rng);
    }
    assert_int_equal(nn_fit_is_valid(&fit), 1);
    return fit;
}

static void assert_same(const nn_fit *a, const nn_fit *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->f.function, b->f.function);
    assert_memory_equal(&a->f.a, &b->f.a, sizeof a->f.a);
    assert_memory_equal(&a->f.b, &b->f.b, sizeof a->f.b);
    assert_memory_equal(&a->lo, &b->lo, sizeof a->lo);
    assert_memory_equal(&a->hi, &b->hi, sizeof a->hi);
    assert_memory_equal(&a->error, &b->error, sizeof a->error);
    assert_int_equal(a->count, b->count);
    for (int k = 0; k < NN_FIT_POLYS_MAX; k++) {
        assert_int_equal(a->poly[k].degree, b->poly[k].degree);
        assert_memory_equal(a->poly[k].coef, b->poly[k].coef, sizeof a->poly[k].coef);
    }
}

static void test_round_trip(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = testing_iters(300); i > 0; i--) {
        nn_fit fit = draw_fit(&rng), back = {.count = 0};
        char text[NN_FIT_TEXT], why[200] = "", again[NN_FIT_TEXT];
        size_t length = nn_fit_print(text, sizeof text, &fit);

        assert_int_equal(length, strlen(text));
        if (nn_fit_parse(&back, text, why, sizeof why) != NN_OK)
            fail_msg("%s: %s", text, why);
        assert_same(&fit, &back);
        assert_int_equal(nn_fit_print(again, 40, &back), length); /* cut */
        assert_int_equal(strlen(again), 39);
        assert_int_equal(strncmp(again, text, 39), 0);
        assert_int_equal(nn_fit_print(NULL, 0, &back), length);
    }
}

/* The largest fit that there is fits into NN_FIT_TEXT. */
static void test_largest(void **unused)
{
    nn_fit fit = {.kind = NN_FIT_SIGN, .count = NN_FIT_POLYS_MAX};

    (void)unused;
    fit.f = (nn_activation){NN_APPROX_LEAKY_RELU, -1.2345678901234567e-300, 0};
    fit.hi = 1.2345678901234567e+100;
    fit.lo = -fit.hi;
    fit.error = fit.hi;
    for (int k = 0; k < fit.count; k++) {
        fit.poly[k].degree = NN_FIT_DEGREE_MAX;
        for (int i = 0; i <= NN_FIT_DEGREE_MAX; i++)
            fit.poly[k].coef[i] = -1.2345678901234567e-300;
    }
    assert_true(nn_fit_print(NULL, 0, &fit) < NN_FIT_TEXT);
}

static void test_known(void **unused)
{
    static const char text[] = "1 poly swish -4 4 0.0625 1 2 0.5 2 0.25";
    char again[100];
    nn_fit fit;

    (void)unused;
    assert_int_equal(nn_fit_parse(&fit, text, NULL, 0), NN_OK);
    assert_int_equal(fit.f.function, NN_APPROX_SWISH);
    testing_assert_near(nn_fit_value(&fit, 4), 0.5 + 2 + 0.25, 0);
    testing_assert_near(nn_fit_value(&fit, 0), 0.5 - 0.25, 0);
    nn_fit_print(again, sizeof again, &fit);
    assert_string_equal(again, text);
}

static void test_refused(void **unused)
{
    static const char *const bad[] = {
        "",
        "2 poly relu -1 1 0 1 1 0 1",
        "x poly relu -1 1 0 1 1 0 1",
        "1 spline relu -1 1 0 1 1 0 1",
        "1 pol relu -1 1 0 1 1 0 1",
        "1 poly rel -1 1 0 1 1 0 1",
        "1 poly relux -1 1 0 1 1 0 1",
        "1 poly relu 1 -1 0 1 1 0 1",
        "1 poly relu -1 1 -1 1 1 0 1",
        "1 poly relu -1 1 0 0",
        "1 poly relu -1 1 0 2 1 0 1 1 0 1",
        "1 poly relu -1 1 0 5 1 0 1",
        "1 poly relu -1 1 0 1 0 1",
        "1 poly relu -1 1 0 1 32 0 1",
        "1 poly relu -1 1 0 1 1.5 0 1",
        "1 poly relu -1 1 0 1 1 0",
        "1 poly relu -1 1 0 1 1 0 1 2",
        "1 poly relu -1 1 0 1 1 0 1x",
        "1 poly relu -1 1 0 1 1 0 nan",
        "1 poly relu -1 1 0 1 1 0 1e999",
        "1 poly leaky_relu -1 1 0 1 1 0 1",
        "1 poly clip 2 1 -1 1 0 1 1 0 1",
        "1 sign relu -1 2 0 1 1 0 1",
        "1 sign swish -1 1 0 1 1 0 1",
        "1 poly relu -1 1 0 99999999999999999999 1 0 1",
    };
    nn_fit fit = {.count = -7};

    (void)unused;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        char why[200] = "";
        if (nn_fit_parse(&fit, bad[k], why, sizeof why) != NN_ERR_FORMAT)
            fail_msg("taken: %s", bad[k]);
        assert_true(strlen(why) > 20);
        assert_int_equal(fit.count, -7);
    }
}

/* Every prefix and every changed character of a good text: no crash, and what is taken is valid. */
static void test_hostile(void **unused)
{
    static const char good[] = "1 sign leaky_relu 0.125 -3 3 0.5 2 3 0 1 0 -0.125 1 0 1.5e-1";
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = testing_iters(4000); i > 0; i--) {
        char text[sizeof good];
        nn_fit fit;

        memcpy(text, good, sizeof good);
        for (uint64_t k = testing_below(&rng, 4); k > 0; k--)
            text[testing_below(&rng, sizeof good - 1)] = (char)(1 + testing_below(&rng, 127));
        text[testing_below(&rng, sizeof good)] = '\0';
        if (nn_fit_parse(&fit, text, NULL, 0) == NN_OK)
            assert_int_equal(nn_fit_is_valid(&fit), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_largest),
        cmocka_unit_test(test_known),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
