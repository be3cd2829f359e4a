/* Decimal numbers against strtod. */

#include "nn/base/number.h"

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

/* Every double comes back, bit for bit, but those at the end of the range, which the reader may
 * refuse; other texts are read as nn_number_read does. */
static void test_exact(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int i = testing_iters(20000); i > 0; i--) {
        uint64_t bits = testing_edge_u64(&rng);
        char text[NN_NUMBER_TEXT], want[64];
        double value, back = -7;

        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value) || fabs(value) > 1e307 || (value != 0.0 && fabs(value) < 1e-307))
            continue;
        const char *p = nn_number_write(text, value);
        (void)snprintf(want, sizeof want, "%.17g", value);
        assert_string_equal(text, want); /* in the C locale */
        assert_int_equal(nn_number_read_exact(&back, &p), 1);
        assert_memory_equal(&back, &value, sizeof value);
        assert_int_equal(*p, '\0');
    }
    const char *other = " 0.100 rest";
    double near = 0;
    assert_int_equal(nn_number_read_exact(&near, &other), 1);
    testing_assert_near(near, 0.1, 1e-16);
    assert_string_equal(other, " rest");
    other = "none";
    assert_int_equal(nn_number_read_exact(&near, &other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known), cmocka_unit_test(test_refused), cmocka_unit_test(test_rest),
        cmocka_unit_test(test_exact), cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
