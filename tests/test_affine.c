/* Affine maps against dense arithmetic. */

#include "nn/stages/affine.h"

#include "tests/failing.h"
#include "tests/testing.h"

enum { SIDE = 9 };

/* A random sparse map, and the same as a dense matrix with the bias behind. */
static void draw(nn_affine *a, double dense[SIDE][SIDE + 1], size_t rows, size_t cols,
                 testing_rng *rng)
{
    assert_int_equal(nn_affine_begin(a, rows, cols), NN_OK);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < cols; k++) {
            dense[i][k] = testing_below(rng, 3) == 0 ? testing_uniform(rng, -1, 1) : 0;
            assert_int_equal(nn_affine_push(a, k, dense[i][k]), NN_OK);
        }
        dense[i][SIDE] = testing_uniform(rng, -1, 1);
        assert_int_equal(nn_affine_end_row(a, dense[i][SIDE]), NN_OK);
    }
}

/* The map computes what the dense matrix computes, and keeps its invariants. */
static void compare(const nn_affine *a, double dense[SIDE][SIDE + 1], testing_rng *rng)
{
    double x[SIDE], y[SIDE];

    for (size_t k = 0; k < a->cols; k++)
        x[k] = testing_uniform(rng, -1, 1);
    nn_affine_apply(a, y, x);
    for (size_t i = 0; i < a->rows; i++) {
        double want = dense[i][SIDE];
        for (size_t k = 0; k < a->cols; k++)
            want += dense[i][k] * x[k];
        testing_assert_near(y[i], want, 1e-13); /* 100 roundings of numbers below 10 */
        for (size_t e = a->row_start[i]; e < a->row_start[i + 1]; e++) {
            assert_true(a->value[e] != 0);
            assert_true(e == a->row_start[i] || a->col[e] > a->col[e - 1]);
        }
    }
    assert_int_equal(a->row_start[0], 0);
    assert_int_equal(a->row_start[a->rows], nn_affine_nonzeros(a));
}

static void test_random(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(200); n > 0; n--) {
        size_t p = 1 + testing_below(&rng, SIDE), q = 1 + testing_below(&rng, SIDE),
               r = 1 + testing_below(&rng, SIDE);
        double first[SIDE][SIDE + 1], second[SIDE][SIDE + 1], both[SIDE][SIDE + 1];
        double scale[SIDE], shift[SIDE];
        nn_affine a, b, c, d;

        draw(&a, first, q, p, &rng);
        draw(&b, second, r, q, &rng);
        compare(&a, first, &rng);
        assert_int_equal(nn_affine_compose(&c, &b, &a), NN_OK);
        for (size_t i = 0; i < r; i++) {
            both[i][SIDE] = second[i][SIDE];
            for (size_t m = 0; m < q; m++)
                both[i][SIDE] += second[i][m] * first[m][SIDE];
            for (size_t k = 0; k < p; k++) {
                both[i][k] = 0;
                for (size_t m = 0; m < q; m++)
                    both[i][k] += second[i][m] * first[m][k];
            }
        }
        compare(&c, both, &rng);
        assert_int_equal(nn_affine_copy(&d, &c), NN_OK);
        nn_affine_clear(&c);
        for (size_t i = 0; i < SIDE; i++) {
            scale[i] = testing_below(&rng, 4) == 0 ? 0 : testing_uniform(&rng, -2, 2);
            shift[i] = testing_uniform(&rng, -1, 1);
        }
        assert_int_equal(nn_affine_scale_rows(&d, scale, shift), NN_OK);
        for (size_t i = 0; i < r; i++) {
            for (size_t k = 0; k < p; k++)
                both[i][k] *= scale[i];
            both[i][SIDE] = scale[i] * (both[i][SIDE] + shift[i]);
        }
        compare(&d, both, &rng);
        assert_int_equal(nn_affine_scale_cols(&d, scale, shift), NN_OK);
        for (size_t i = 0; i < r; i++) {
            for (size_t k = 0; k < p; k++) {
                both[i][SIDE] += both[i][k] * shift[k];
                both[i][k] *= scale[k];
            }
        }
        compare(&d, both, &rng);
        assert_int_equal(nn_affine_scale_rows(&d, NULL, NULL), NN_OK);
        assert_int_equal(nn_affine_scale_cols(&d, NULL, NULL), NN_OK);
        compare(&d, both, &rng);
        nn_affine_clear(&a);
        nn_affine_clear(&b);
        nn_affine_clear(&d);
    }
}

static void test_makers(void **unused)
{
    const double two[2] = {2, 0}, m[6] = {1, 0, 2, 0, 3, 0}, x[3] = {10, 20, 30};
    const size_t from[4] = {2, 0, 0, 1}, bad[1] = {3};
    double y[4];
    nn_affine a;

    (void)unused;
    assert_int_equal(nn_affine_diagonal(&a, 2, two, two), NN_OK);
    nn_affine_apply(&a, y, x);
    testing_assert_near(y[0], 22, 0);
    testing_assert_near(y[1], 0, 0);
    assert_int_equal(nn_affine_nonzeros(&a), 1);
    assert_false(nn_affine_is_identity(&a));
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_diagonal(&a, 3, NULL, NULL), NN_OK);
    assert_true(nn_affine_is_identity(&a));
    assert_true(nn_affine_is_linear(&a));
    a.bias[1] = 1; /* a bias is no part of the matrix */
    assert_true(nn_affine_is_identity(&a));
    assert_false(nn_affine_is_linear(&a));
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_dense(&a, 2, 3, m, two), NN_OK);
    nn_affine_apply(&a, y, x);
    testing_assert_near(y[0], 72, 0);
    testing_assert_near(y[1], 60, 0);
    assert_int_equal(nn_affine_nonzeros(&a), 3);
    assert_false(nn_affine_is_identity(&a));
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_permutation(&a, 4, 3, from), NN_OK);
    nn_affine_apply(&a, y, x);
    testing_assert_near(y[0], 30, 0);
    testing_assert_near(y[3], 20, 0);
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_permutation(&a, 1, 3, bad), NN_ERR_ARG);
    assert_null(a.row_start);
}

/* What kind of matrix it is: number, diagonal, selection, other. */
static void test_kinds(void **unused)
{
    const double three[3] = {3, 3, 3}, mixed[3] = {1, 0, -2}, full[9] = {1, 2, 0, 0, 1, 0, 0, 0, 1};
    const size_t from[3] = {2, 0, 0};
    double factor = 7, scale[3];
    nn_affine a;

    (void)unused;
    assert_int_equal(nn_affine_diagonal(&a, 3, three, three), NN_OK);
    assert_true(nn_affine_is_scalar(&a, &factor));
    testing_assert_near(factor, 3, 0);
    assert_true(nn_affine_is_diagonal(&a) && nn_affine_is_selection(&a));
    nn_affine_clear(&a);
    factor = 7;
    assert_int_equal(nn_affine_diagonal(&a, 3, mixed, NULL), NN_OK);
    assert_false(nn_affine_is_scalar(&a, &factor));
    testing_assert_near(factor, 7, 0);
    assert_true(nn_affine_is_diagonal(&a));
    nn_affine_get_diagonal(&a, scale);
    for (int i = 0; i < 3; i++)
        testing_assert_near(scale[i], mixed[i], 0);
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_permutation(&a, 3, 3, from), NN_OK);
    assert_false(nn_affine_is_scalar(&a, &factor) || nn_affine_is_diagonal(&a));
    assert_true(nn_affine_is_selection(&a));
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_dense(&a, 3, 3, full, NULL), NN_OK);
    assert_false(nn_affine_is_selection(&a) || nn_affine_is_diagonal(&a));
    assert_false(nn_affine_is_scalar(&a, &factor));
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_permutation(&a, 2, 3, from), NN_OK); /* not square */
    assert_false(nn_affine_is_scalar(&a, &factor) || nn_affine_is_diagonal(&a));
    nn_affine_clear(&a);
}

/* A sum with entries of one matrix only, of both, and that cancel. */
static void test_sum(void **unused)
{
    const double m[6] = {1, 0, 2, 0, 3, 4}, n[6] = {0, 5, -2, 6, 0, 1}, b[2] = {1, 2},
                 x[3] = {1, 10, 100};
    double y[2];
    nn_affine one, two, sum;

    (void)unused;
    assert_int_equal(nn_affine_dense(&one, 2, 3, m, b), NN_OK);
    assert_int_equal(nn_affine_dense(&two, 2, 3, n, b), NN_OK);
    assert_int_equal(nn_affine_sum(&sum, &one, &two), NN_OK);
    assert_int_equal(nn_affine_nonzeros(&sum), 5);
    nn_affine_apply(&sum, y, x);
    testing_assert_near(y[0], 1 + 50 + 2, 0);
    testing_assert_near(y[1], 6 + 30 + 500 + 4, 0);
    nn_affine_apply_then_add(&one, y, x);
    testing_assert_near(y[0], 53 + 1 + 200 + 1, 0);
    nn_affine_clear(&sum);
    nn_affine_clear(&two);
    assert_int_equal(nn_affine_dense(&two, 3, 2, n, NULL), NN_OK);
    assert_int_equal(nn_affine_sum(&sum, &one, &two), NN_ERR_SHAPE);
    assert_null(sum.row_start);
    nn_affine_clear(&one);
    nn_affine_clear(&two);
}

static void test_refused(void **unused)
{
    const double large[1] = {1e308}, small[1] = {1e-308};
    nn_affine a, b, c;

    (void)unused;
    assert_int_equal(nn_affine_begin(&a, 0, 1), NN_ERR_SHAPE);
    assert_int_equal(nn_affine_begin(&a, 1, NN_AFFINE_SIDE_MAX + 1), NN_ERR_SHAPE);
    assert_int_equal(nn_affine_nonzeros(&a), 0);
    nn_affine_clear(&a);
    nn_affine_clear(NULL);
    assert_int_equal(nn_affine_begin(&a, 1, 3), NN_OK);
    assert_int_equal(nn_affine_push(&a, 1, (double)NAN), NN_ERR_RANGE);
    assert_int_equal(nn_affine_push(&a, 3, 1), NN_ERR_ARG);
    assert_int_equal(nn_affine_push(&a, 1, 1), NN_OK);
    assert_int_equal(nn_affine_push(&a, 1, 1), NN_ERR_ARG); /* not ascending */
    assert_int_equal(nn_affine_push(&a, 0, 1), NN_ERR_ARG);
    assert_int_equal(nn_affine_end_row(&a, (double)INFINITY), NN_ERR_RANGE);
    assert_int_equal(nn_affine_end_row(&a, 0), NN_OK);
    assert_int_equal(nn_affine_end_row(&a, 0), NN_ERR_ARG);
    assert_int_equal(nn_affine_push(&a, 2, 1), NN_ERR_ARG);
    assert_int_equal(nn_affine_compose(&c, &a, &a), NN_ERR_SHAPE);
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_diagonal(&a, 1, large, NULL), NN_OK);
    assert_int_equal(nn_affine_diagonal(&b, 1, large, large), NN_OK);
    assert_int_equal(nn_affine_compose(&c, &a, &b), NN_ERR_RANGE);
    assert_null(c.row_start);
    assert_int_equal(nn_affine_scale_rows(&a, large, NULL), NN_ERR_RANGE);
    nn_affine_clear(&a);
    assert_int_equal(nn_affine_diagonal(&a, 1, small, NULL), NN_OK);
    assert_int_equal(nn_affine_scale_rows(&a, small, NULL), NN_OK); /* underflows to an empty map */
    assert_int_equal(nn_affine_nonzeros(&a), 0);
    assert_int_equal(nn_affine_scale_cols(&b, large, NULL), NN_ERR_RANGE);
    assert_int_equal(nn_affine_scale_cols(&b, NULL, large), NN_ERR_RANGE);
    nn_affine_clear(&a);
    nn_affine_clear(&b);
}

static void test_failing_allocations(void **unused)
{
    const double *none = NULL;
    nn_affine a, b;

    (void)unused;
    assert_int_equal(nn_affine_diagonal(&a, 2000, none, none), NN_OK);
    for (int which = 0; which < 4; which++) {
        for (long k = 1;; k++) {
            failing_from(k);
            nn_status st = which == 0   ? nn_affine_copy(&b, &a)
                           : which == 1 ? nn_affine_compose(&b, &a, &a)
                           : which == 2 ? nn_affine_sum(&b, &a, &a)
                                        : nn_affine_diagonal(&b, 2000, none, none);
            int hit = failing_stop();
            assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
            nn_affine_clear(&b);
            if (!hit)
                break;
        }
    }
    nn_affine_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),  cmocka_unit_test(test_makers),
        cmocka_unit_test(test_kinds),   cmocka_unit_test(test_sum),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
