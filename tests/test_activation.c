/* Activation functions: values, names, bends and kinks. */

#include "nn/fit/activation.h"

#include "tests/testing.h"

static void test_values(void **unused)
{
    static const struct {
        nn_activation f;
        double x, y;
    } known[] = {
        {{NN_APPROX_RELU, 0, 0}, -2, 0},
        {{NN_APPROX_LEAKY_RELU, 0.25, 0}, -2, -0.5},
        {{NN_APPROX_LEAKY_RELU, 0.25, 0}, 3, 3},
        {{NN_APPROX_ABS, 0, 0}, -3.5, 3.5},
        {{NN_APPROX_HARD_SWISH, 0, 0}, 1, 2.0 / 3},
        {{NN_APPROX_HARD_SWISH, 0, 0}, -3.5, 0},
        {{NN_APPROX_HARD_SWISH, 0, 0}, 4, 4},
        {{NN_APPROX_HARD_SIGMOID, 0.2, 0.5}, 1, 0.7},
        {{NN_APPROX_HARD_SIGMOID, 0.2, 0.5}, -9, 0},
        {{NN_APPROX_CLIP, 0, 6}, 7, 6},
        {{NN_APPROX_CLIP, -1, 6}, -7, -1},
        {{NN_APPROX_GELU, 0, 0}, 1, 0.8413447460685429},      /* normal distribution at 1 */
        {{NN_APPROX_GELU_TANH, 0, 0}, 1, 0.8411919906082768}, /* by hand: tanh(0.833562) */
        {{NN_APPROX_SWISH, 0, 0}, 1, 0.7310585786300049},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        testing_assert_near(nn_activation_value(&known[k].f, known[k].x), known[k].y, 1e-12);
}

static void test_names(void **unused)
{
    (void)unused;
    for (int k = 0; k < NN_APPROX_FUNCTIONS; k++) {
        const char *name = nn_activation_name((nn_approx_function)k);
        nn_approx_function found = NN_APPROX_FUNCTIONS;

        assert_non_null(name);
        assert_int_equal(nn_activation_find(&found, name, strlen(name)), 1);
        assert_int_equal(found, k);
        assert_int_equal(nn_activation_find(&found, name, strlen(name) - 1), 0);
    }
    assert_null(nn_activation_name(NN_APPROX_FUNCTIONS));
    assert_int_equal(nn_activation_parameters(NN_APPROX_RELU), 0);
    assert_int_equal(nn_activation_parameters(NN_APPROX_LEAKY_RELU), 1);
    assert_int_equal(nn_activation_parameters(NN_APPROX_CLIP), 2);
}

static void test_valid(void **unused)
{
    static const struct {
        nn_activation f;
        int valid;
    } cases[] = {
        {{NN_APPROX_RELU, 0, 0}, 1},           {{NN_APPROX_FUNCTIONS, 0, 0}, 0},
        {{(nn_approx_function)99, 0, 0}, 0},   {{NN_APPROX_CLIP, 1, 1}, 0},
        {{NN_APPROX_CLIP, 1, 2}, 1},           {{NN_APPROX_LEAKY_RELU, (double)INFINITY, 0}, 0},
        {{NN_APPROX_HARD_SIGMOID, 0, 0.5}, 0},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        assert_int_equal(nn_activation_is_valid(&cases[k].f), cases[k].valid);
}

/* base x + bend |x| is the function itself, and only functions with a bend at 0 alone have one. */
static void test_bend(void **unused)
{
    (void)unused;
    for (int k = 0; k < NN_APPROX_FUNCTIONS; k++) {
        const nn_activation f = {(nn_approx_function)k, 0.25, 0.5};
        double base, bend;
        int has = nn_activation_bend(&f, &base, &bend);

        assert_int_equal(has,
                         k == NN_APPROX_RELU || k == NN_APPROX_LEAKY_RELU || k == NN_APPROX_ABS);
        for (double x = -3; has && x <= 3; x += 0.37)
            testing_assert_near(base * x + bend * fabs(x), nn_activation_value(&f, x), 1e-15);
    }
}

/* Between its kinks a function is smooth: second differences are of the size of a step squared. */
static void test_kinks(void **unused)
{
    const double lo = -9, hi = 8, step = 1e-3;

    (void)unused;
    for (int k = 0; k < NN_APPROX_FUNCTIONS; k++) {
        const nn_activation f = {(nn_approx_function)k, k == NN_APPROX_CLIP ? -1.5 : 0.25, 0.5};
        double at[2] = {0, 0};
        int count = nn_activation_kinks(at, &f, lo, hi);

        assert_in_range(count, 0, 2);
        for (double x = lo + step; x < hi - step; x += step) {
            int near = 0;
            for (int i = 0; i < count; i++)
                near |= fabs(x - at[i]) < 1.5 * step;
            double bend = nn_activation_value(&f, x - step) - 2 * nn_activation_value(&f, x) +
                          nn_activation_value(&f, x + step);
            if (!near)
                testing_assert_near(bend, 0, 2 * step * step); /* no second derivative above 2 */
        }
        assert_int_equal(nn_activation_kinks(at, &f, 20, 30), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_names), cmocka_unit_test(test_valid),
        cmocka_unit_test(test_bend),   cmocka_unit_test(test_kinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
