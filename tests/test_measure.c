/* Measuring: every operation runs and takes time, the unit times explain them, and the family that
 * was asked for is the one that ran. */
#include "tests/testing.h"

#include "tools/measure.h"

static void test_once(void **state)
{
    (void)state;
    static measurement m;
    char why[200];
    nn_costs c = *nn_costs_builtin(NULL);
    double misfit = 0.0;
    assert_int_equal(measure_run(&m, NULL, 0.0, why, sizeof why), CKKS_OK);
    assert_string_equal(m.kernel, nn_costs_builtin(NULL)->kernel);
    assert_in_range(m.count, 16, MEASURE_SAMPLES_MAX);
    for (size_t i = 0; i < m.count; i++)
        assert_true(m.sample[i].ms > 0.0);
    assert_int_equal(nn_costs_fit(&c, &misfit, m.sample, m.count), NN_OK);
    /* One run of each, maybe on a busy machine; a formula that counts wrongly misses by more. */
    assert_true(misfit < 0.6);
}

static void test_no_such_family(void **state)
{
    (void)state;
    measurement m;
    char why[200];
    assert_true(measure_run(&m, "abacus", 0.0, why, sizeof why) != CKKS_OK);
    assert_non_null(strstr(why, "kernel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_no_such_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
