/* Interval bounds of stages: they hold, and are tight where they can be. */

#include "nn/stages/stage.h"

#include "tests/failing.h"
#include "tests/stages.h"

static void test_bounds(void **unused)
{
    const double m[4] = {1, -2, 3, 1}, b[2] = {0.5, 0}, square[3] = {0, 0, 1}, zero[3] = {0, 0, 0};
    nn_stages s = {.input = {2, 1, 1}, .input_lo = -1, .input_hi = 3};

    (void)unused;
    stages_matrix(&s, 2, 2, m, b); /* [-1 - 6 + .5, 3 + 2 + .5], [-4, 12] */
    stages_powers(&s, 2, 2, square);
    assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
    testing_assert_near(s.stage[0].range, 12, 1e-12);
    testing_assert_near(s.stage[1].range, 144, 1e-12);
    /* A measurement narrows what follows, and is narrowed by what is proven. */
    s.stage[0].measured = 1;
    s.stage[0].range = 5;
    assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
    testing_assert_near(s.stage[0].range, 5, 0);
    testing_assert_near(s.stage[1].range, 25, 1e-12);
    s.stage[0].range = 1e6;
    assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
    testing_assert_near(s.stage[0].range, 12, 1e-12);
    memcpy(s.stage[1].coef, zero,
           sizeof zero); /* nothing but zeros: any bound is true, but above 0 */
    assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
    testing_assert_near(s.stage[1].range, 1, 0);
    failing_from(1);
    nn_status st = nn_stages_bound(&s, NULL, 0);
    assert_true(failing_stop());
    assert_int_equal(st, NN_ERR_MEMORY);
    nn_stages_clear(&s);
}

/* No value inside of the input's range leaves the interval of a random polynomial. */
static void test_poly_bound(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(100); n > 0; n--) {
        double coef[NN_MONOMIAL_MAX + 1], x, y;
        int degree = 2 + (int)testing_below(&rng, NN_MONOMIAL_MAX - 1);
        nn_stages s = {.input = {1, 1, 1}, .input_lo = testing_uniform(&rng, -2, 1)};

        s.input_hi = s.input_lo + testing_uniform(&rng, 0.1, 2);
        for (int k = 0; k <= degree; k++)
            coef[k] = testing_uniform(&rng, -1, 1);
        stages_powers(&s, 1, degree, coef);
        assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
        for (int k = 0; k <= 50; k++) {
            x = s.input_lo + (s.input_hi - s.input_lo) * k / 50;
            assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
            assert_true(fabs(y) <= s.stage[0].range * (1 + 1e-12));
        }
        nn_stages_clear(&s);
    }
}

static void test_overflow(void **unused)
{
    const double large[3] = {0, 0, 1e300};
    char why[200] = "";
    nn_stages s = {.input = {1, 1, 1}, .input_lo = -1e10, .input_hi = 1e10};

    (void)unused;
    stages_powers(&s, 1, 2, large);
    assert_int_equal(nn_stages_bound(&s, why, sizeof why), NN_ERR_RANGE);
    assert_string_equal(why, "the values after 'p' have no finite bound");
    nn_stages_clear(&s);
}

/* A polynomial in Chebyshev's basis: the bound holds on [-1, 1] and is within a part in 800 of the
 * largest value there, 1 / cos(pi / 64) - 1 at the nodes that are looked at. */
static void test_chebyshev_bound(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(100); n > 0; n--) {
        int degree = 2 + (int)testing_below(&rng, NN_DEGREE_MAX - 1);
        nn_stages s = {.input = {1, 1, 1}, .input_lo = -1, .input_hi = 1};
        double coef[NN_DEGREE_MAX + 1], most = 0;

        for (int k = 0; k <= degree; k++)
            coef[k] = testing_uniform(&rng, -1, 1);
        stages_powers(&s, 1, degree, coef);
        s.stage[0].basis = CKKS_BASIS_CHEBYSHEV;
        assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
        for (int k = 0; k <= 2000; k++) {
            double x = cos(k * 3.14159265358979323846 / 2000), y;
            assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
            most = fmax(most, fabs(y));
        }
        assert_true(most <= s.stage[0].range * (1 + 1e-12));
        /* Up to twice 1.0013 where the middle is far from 0. */
        assert_true(s.stage[0].range <= most * 1.003);
        s.input_hi = 1.5; /* outside, by T_k(1.5) */
        assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
        double x = 1.5, y;
        assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
        assert_true(fabs(y) <= s.stage[0].range * (1 + 1e-12));
        nn_stages_clear(&s);
    }
}

/* A join of two values, and a product. */
static void test_graph_bound(void **unused)
{
    const double m[4] = {1, -2, 3, 1}, half[2] = {0.5, 0.5}, square[3] = {0, 0, 1};
    const nn_shape shape = {2, 1, 1};
    nn_stages s = {.input = shape, .input_lo = -1, .input_hi = 3};
    nn_stage join = {.kind = NN_STAGE_AFFINE, .input_count = 2, .input = {2, 1}, .out = shape},
             product = {.kind = NN_STAGE_PRODUCT, .input_count = 2, .input = {1, 3}, .out = shape};

    (void)unused;
    stages_matrix(&s, 2, 2, m, NULL); /* [-7, 5], [-4, 12] */
    stages_powers(&s, 2, 2,
                  square); /* about the middle -1: 1 + 2 * 6 + 36 = 49; 16 + 64 + 64 = 144 */
    assert_int_equal(nn_affine_diagonal(&join.affine[0], 2, NULL, half), NN_OK);
    assert_int_equal(nn_affine_diagonal(&join.affine[1], 2, half, NULL), NN_OK);
    assert_int_equal(nn_stages_append(&s, &join), NN_OK);
    assert_int_equal(nn_stages_append(&s, &product), NN_OK);
    assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
    testing_assert_near(s.stage[1].range, 144, 1e-12);
    testing_assert_near(s.stage[2].range, 144 + 6 + 0.5, 1e-12);
    testing_assert_near(s.stage[3].range, 12 * 150.5, 1e-10);
    for (long k = 1; k <= 6; k++) { /* the list, the input and four values */
        failing_from(k);
        nn_status st = nn_stages_bound(&s, NULL, 0);
        assert_true(failing_stop());
        assert_int_equal(st, NN_ERR_MEMORY);
    }
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),      cmocka_unit_test(test_poly_bound),
        cmocka_unit_test(test_overflow),    cmocka_unit_test(test_chebyshev_bound),
        cmocka_unit_test(test_graph_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
