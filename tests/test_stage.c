/* Stages: computing by hand, chains and graphs; what takes a value, and until when. */

#include "nn/stages/stage.h"

#include "tests/failing.h"
#include "tests/stages.h"

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
    stages_matrix(&s, 3, 2, m, b); /* -1, -1, 0 */
    stages_powers(&s, 3, 2, coef); /* 3, 3, 1 */
    stages_matrix(&s, 1, 3, sum, NULL);
    assert_int_equal(nn_stages_output_count(&s), 1);
    assert_int_equal(nn_stages_apply(&s, out, peak, x), NN_OK);
    testing_assert_near(out[0], 7, 0);
    testing_assert_near(peak[0], 1, 0);
    testing_assert_near(peak[1], 100, 0); /* only raised */
    testing_assert_near(peak[2], 7, 0);
    for (long k = 1; k <= 4; k++) { /* the list of values, and each value */
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

static void test_per_element(void **unused)
{
    nn_stage stage = {.kind = NN_STAGE_POLY, .input_count = 1, .out = {2, 1, 1}, .degree = 2};
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

/* x -> a = 2x, b = T_3(x), c = a b, d = c - a + 1: values are kept as long as they are taken. */
static void graph(nn_stages *s)
{
    const double two[2] = {2, 2}, minus[2] = {-1, -1}, one[2] = {1, 1};
    const nn_shape shape = {2, 1, 1};
    nn_stage stage = {.kind = NN_STAGE_AFFINE, .input_count = 1, .out = shape, .name = "a"};

    *s = (nn_stages){.input = shape, .input_lo = -1, .input_hi = 1};
    assert_int_equal(nn_affine_diagonal(&stage.affine[0], 2, two, NULL), NN_OK);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    stage = (nn_stage){.kind = NN_STAGE_POLY, .input_count = 1, .out = shape, .name = "b"};
    stage.basis = CKKS_BASIS_CHEBYSHEV;
    stage.degree = 3;
    stage.coef[3] = 1;
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    stage = (nn_stage){.kind = NN_STAGE_PRODUCT, .input_count = 2, .input = {1, 2}, .out = shape};
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
    stage = (nn_stage){.kind = NN_STAGE_AFFINE, .input_count = 2, .input = {3, 1}, .out = shape};
    assert_int_equal(nn_affine_diagonal(&stage.affine[0], 2, NULL, one), NN_OK);
    assert_int_equal(nn_affine_diagonal(&stage.affine[1], 2, minus, NULL), NN_OK);
    assert_int_equal(nn_stages_append(s, &stage), NN_OK);
}

static void test_graph(void **unused)
{
    const double x[2] = {0.5, -0.75};
    double out[2], peak[4] = {0};
    nn_stages s;

    (void)unused;
    graph(&s);
    s.stage[0].range = 2.0;
    assert_true(nn_stage_magnitude(&s.stage[0]) == 2.0);
    s.stage[3].range = 2.0;
    s.stage[3].affine[1].bias[1] = -5.0;
    assert_true(nn_stage_magnitude(&s.stage[3]) == 5.0);
    s.stage[3].affine[1].bias[1] = 0.0;
    assert_int_equal(nn_stages_last_use(&s, 0), 1);
    assert_int_equal(nn_stages_last_use(&s, 1), 3);
    assert_int_equal(nn_stages_last_use(&s, 2), 2);
    assert_int_equal(nn_stages_last_use(&s, 4), 4);
    assert_int_equal(nn_stages_uses(&s, 0), 2);
    assert_int_equal(nn_stages_uses(&s, 1), 2);
    assert_int_equal(nn_stages_uses(&s, 4), 1);
    assert_int_equal(nn_stages_width(&s, 3), 2);
    assert_int_equal(nn_stages_shape(&s, 0).c, 2);
    assert_int_equal(nn_stage_nonzeros(&s.stage[3]), 4);
    assert_false(nn_stage_is_identity(&s.stage[3]));
    assert_int_equal(nn_stages_apply(&s, out, peak, x), NN_OK);
    for (int i = 0; i < 2; i++)
        testing_assert_near(out[i], 2 * x[i] * cos(3 * acos(x[i])) - 2 * x[i] + 1, 1e-14);
    testing_assert_near(peak[0], 1.5, 0);
    s.stage[3].range = 7;
    testing_assert_near(nn_stages_range(&s, 4), 7, 0);
    testing_assert_near(nn_stages_range(&s, 0), 1, 0);
    for (long k = 1; k <= 5; k++) {
        failing_from(k);
        nn_status st = nn_stages_apply(&s, out, NULL, x);
        assert_true(failing_stop());
        assert_int_equal(st, NN_ERR_MEMORY);
    }
    nn_stages_clear(&s);
}

/* What the new output does not depend on goes, and the rest is renumbered. */
static void test_prune(void **unused)
{
    const double x[2] = {0.5, -0.75};
    double out[2];
    nn_stages s;

    (void)unused;
    graph(&s);
    nn_stages_prune(&s, 4); /* nothing to drop */
    assert_int_equal(s.count, 4);
    s.stage[3].input[0] = 2; /* T_3(x) - 2 x + 1: the product is dead */
    nn_stages_prune(&s, 4);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.stage[2].input[0], 2);
    assert_int_equal(s.stage[2].input[1], 1);
    assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
    testing_assert_near(out[0], -1 - 2 * 0.5 + 1, 1e-14);
    nn_stages_prune(&s, 2); /* T_3 alone */
    assert_int_equal(s.count, 1);
    assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
    testing_assert_near(out[0], -1, 1e-14);
    nn_stages_clear(&s);
}

/* Clenshaw's recurrence against cos(k acos x). */
static void test_chebyshev(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(100); n > 0; n--) {
        int degree = 1 + (int)testing_below(&rng, NN_DEGREE_MAX);
        nn_stages s = {.input = {1, 1, 1}};
        double coef[NN_DEGREE_MAX + 1], x = testing_uniform(&rng, -1, 1), y, want = 0;

        for (int k = 0; k <= degree; k++) {
            coef[k] = testing_uniform(&rng, -1, 1);
            want += coef[k] * cos(k * acos(x));
        }
        stages_powers(&s, 1, degree, coef);
        s.stage[0].basis = CKKS_BASIS_CHEBYSHEV;
        assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
        testing_assert_near(y, want, 1e-12);
        nn_stages_clear(&s);
    }
}

static void test_too_many(void **unused)
{
    nn_stages s = {.input = {1, 1, 1}};
    nn_stage stage = {.kind = NN_STAGE_POLY, .input_count = 1, .out = {1, 1, 1}, .degree = 2};

    (void)unused;
    while (s.count < NN_STAGES_MAX) {
        nn_stage copy = stage;
        assert_int_equal(nn_stages_append(&s, &copy), NN_OK);
    }
    assert_int_equal(nn_stages_append(&s, &stage), NN_ERR_SHAPE);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply),     cmocka_unit_test(test_per_element),
        cmocka_unit_test(test_graph),     cmocka_unit_test(test_prune),
        cmocka_unit_test(test_chebyshev), cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
