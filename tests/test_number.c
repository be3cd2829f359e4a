/* Decimal numbers against strtod. */

#include "nn/number.h"

#include "tests/testing.h"

static void test_known(void **unused)
{
    static const char *const good[] = {"0",
                                       "-0.5",
                                       "+12",
                                       " 7",
                                       "1e3",
                                       "1.25E-2",
                                       ".5",
                                       "3.",
                                       "1e+2",
                                       "123456789.125",
                                       "2.2250738585072014e-308",
                                       "1e308"};

    (void)unused;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        const char *text = good[k];
        double v = -1, want = strtod(good[k], NULL);

        assert_int_equal(nn_number_read(&v, &text), 1);
        assert_true(nn_number_end(text));
        testing_assert_near(v, want, fabs(want) * ldexp(1, -50));
    }
}

static void test_refused(void **unused)
{
    static const char *const bad[] = {"",    " ",     "-",   ".",   "e5",
                                      "abc", "1e400", "inf", "nan", "+.e1"};

    (void)unused;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        const char *text = bad[k];
        double v = -1;

        assert_int_equal(nn_number_read(&v, &text), 0);
        testing_assert_near(v, -1, 0);
        assert_ptr_equal(text, bad[k]);
    }
}

static void test_rest(void **unused)
{
    const char *text = "1.5 2e 3x";
    double v = 0;

    (void)unused;
    assert_int_equal(nn_number_read(&v, &text), 1);
    assert_false(nn_number_end(text));
    assert_int_equal(nn_number_read(&v, &text), 1);
    testing_assert_near(v, 2, 0);
    assert_string_equal(text, "e 3x");
    assert_true(nn_number_end(" \t"));
    text = "1e999999999999999999999";
    assert_int_equal(nn_number_read(&v, &text), 0);
    text = "1e-999999999999999999999";
    assert_int_equal(nn_number_read(&v, &text), 1);
    testing_assert_near(v, 0, 0);
}

static void test_random(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(1000); n > 0; n--) {
        char buffer[64];
        const char *text = buffer;
        double want = ldexp(testing_uniform(&rng, -1, 1), (int)testing_below(&rng, 200) - 100),
               v = 0;

        (void)snprintf(buffer, sizeof buffer, n % 2 == 0 ? "%.9g" : "%.17g", want);
        want = strtod(buffer, NULL);
        assert_int_equal(nn_number_read(&v, &text), 1);
        testing_assert_near(v, want, fabs(want) * ldexp(1, -48));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
