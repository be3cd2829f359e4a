/* Stages: computing by hand, intervals that hold and are tight where they can be. */

#include "nn/stage.h"

#include "tests/failing.h"
#include "tests/testing.h"

static void add_affine(nn_stages *s, size_t rows, size_t cols, const double *m, const double *b)
{
    nn_stage stage = {
        .kind = NN_STAGE_AFFINE, .in = {cols, 1, 1}, .out = {rows, 1, 1}, .name = "a"};

    assert_int_equal(nn_affine_dense(&stage.affine, rows, cols, m, b), NN_OK);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    assert_null(stage.affine.row_start); /* moved */
}

static void add_poly(nn_stages *s, size_t count, int degree, const double *coef)
{
    nn_stage stage = {.kind = NN_STAGE_POLY,
                      .in = {count, 1, 1},
                      .out = {count, 1, 1},
                      .degree = degree,
                      .name = "p"};

    memcpy(stage.coef, coef, (size_t)(degree + 1) * sizeof *coef);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static void test_apply(void **unused)
{
    const double m[6] = {1, 2, 3, 4, 5, 6}, b[3] = {0, 0, 1}, sum[3] = {1, 1, 1},
                 coef[3] = {1, 0, 2};
    const double x[2] = {1, -1};
    double out[3], peak[3] = {0, 100, 0};
    nn_stages s = {.input = {2, 1, 1}};

    (void)unused;
    assert_int_equal(nn_stages_output_count(&s), 2);
    assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK); /* no stage: the input */
    testing_assert_near(out[1], -1, 0);
    add_affine(&s, 3, 2, m, b); /* -1, -1, 0 */
    add_poly(&s, 3, 2, coef);   /* 3, 3, 1 */
    add_affine(&s, 1, 3, sum, NULL);
    assert_int_equal(nn_stages_output_count(&s), 1);
    assert_int_equal(nn_stages_apply(&s, out, peak, x), NN_OK);
    testing_assert_near(out[0], 7, 0);
    testing_assert_near(peak[0], 1, 0);
    testing_assert_near(peak[1], 100, 0); /* only raised */
    testing_assert_near(peak[2], 7, 0);
    for (long k = 1; k <= 2; k++) {
        failing_from(k);
        nn_status st = nn_stages_apply(&s, out, NULL, x);
        assert_true(failing_stop());
        assert_int_equal(st, NN_ERR_MEMORY);
    }
    nn_stages_clear(&s);
    assert_int_equal(s.count, 0);
    nn_stages_clear(&s);
    nn_stages_clear(NULL);
}

static void test_bounds(void **unused)
{
    const double m[4] = {1, -2, 3, 1}, b[2] = {0.5, 0}, square[3] = {0, 0, 1}, zero[3] = {0, 0, 0};
    nn_stages s = {.input = {2, 1, 1}, .input_lo = -1, .input_hi = 3};

    (void)unused;
    add_affine(&s, 2, 2, m, b); /* [-1 - 6 + .5, 3 + 2 + .5], [-4, 12] */
    add_poly(&s, 2, 2, square);
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
        double coef[NN_DEGREE_MAX + 1], x, y;
        int degree = 2 + (int)testing_below(&rng, NN_DEGREE_MAX - 1);
        nn_stages s = {.input = {1, 1, 1}, .input_lo = testing_uniform(&rng, -2, 1)};

        s.input_hi = s.input_lo + testing_uniform(&rng, 0.1, 2);
        for (int k = 0; k <= degree; k++)
            coef[k] = testing_uniform(&rng, -1, 1);
        add_poly(&s, 1, degree, coef);
        assert_int_equal(nn_stages_bound(&s, NULL, 0), NN_OK);
        for (int k = 0; k <= 50; k++) {
            x = s.input_lo + (s.input_hi - s.input_lo) * k / 50;
            assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
            assert_true(fabs(y) <= s.stage[0].range * (1 + 1e-12));
        }
        nn_stages_clear(&s);
    }
}

static void test_per_element(void **unused)
{
    nn_stage stage = {.kind = NN_STAGE_POLY, .in = {2, 1, 1}, .out = {2, 1, 1}, .degree = 2};
    nn_stages s = {.input = {2, 1, 1}, .input_lo = 0, .input_hi = 1};
    const double coef[6] = {1, 2, 3, 4, 5, 6}, x[2] = {1, 10};
    double y[2];

    (void)unused;
    stage.element = malloc(sizeof coef);
    assert_non_null(stage.element);
    memcpy(stage.element, coef, sizeof coef);
    testing_assert_near(nn_stage_coef(&stage, 1, 0), 3, 0);
    testing_assert_near(nn_stage_coef(&stage, 2, 1), 6, 0);
    assert_int_equal(nn_stages_append(&s, &stage), NN_OK);
    assert_int_equal(nn_stages_apply(&s, y, NULL, x), NN_OK);
    testing_assert_near(y[0], 1 + 3 + 5, 0);
    testing_assert_near(y[1], 2 + 40 + 600, 0);
    failing_from(1);
    nn_status st = nn_stages_append(&s, &stage);
    assert_true(failing_stop());
    assert_int_equal(st, NN_ERR_MEMORY);
    assert_int_equal(s.count, 1);
    nn_stages_clear(&s);
}

static void test_overflow(void **unused)
{
    const double large[3] = {0, 0, 1e300};
    char why[200] = "";
    nn_stages s = {.input = {1, 1, 1}, .input_lo = -1e10, .input_hi = 1e10};

    (void)unused;
    add_poly(&s, 1, 2, large);
    assert_int_equal(nn_stages_bound(&s, why, sizeof why), NN_ERR_RANGE);
    assert_string_equal(why, "the values after 'p' have no finite bound");
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_poly_bound), cmocka_unit_test(test_per_element),
        cmocka_unit_test(test_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
