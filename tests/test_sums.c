/* Sparse matrices of scalars: what rounding makes of them, their size, every refusal. */
#include "tests/scheme.h"

#include "ckks/circuits/sums.h"

static const size_t start_of[4] = {0, 2, 2, 5};
static const uint32_t columns[5] = {0, 3, 1, 2, 3};
static const double values[5] = {0.3, -1.75, 2.0, 1e-9, -0.2};
static const double biases[3] = {0.5, -0.25, 0.0};

static ckks_scalars small(void)
{
    return (ckks_scalars){3, 4, start_of, columns, values, biases, 0.0};
}

static void scalars_are_rounded(void **state)
{
    ckks_params params = scheme_params(6, 1, 40, 0);
    ckks_scalars m = small();
    ckks_sums *sums = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    scheme_ok(s.w, ckks_sums_create(s.w, &sums, &m, ckks_scale_from(64.0)));
    assert_int_equal(sums->rows, 3);
    assert_int_equal(sums->cols, 4);
    assert_int_equal(sums->nonzeros, 5);
    assert_int_equal(sums->widest, 3);
    for (size_t k = 0; k < 5; k++) {
        assert_int_equal(sums->value[k], llrint(values[k] * 64.0));
        assert_int_equal(sums->col[k], columns[k]);
    }
    for (size_t r = 0; r < 3; r++)
        assert_true(sums->bias[r] == biases[r] && sums->row_start[r] == start_of[r]);
    /* The row without entries first, then the one with two. */
    assert_true(sums->order[0] == 1 && sums->order[1] == 0 && sums->order[2] == 2);
    /* 0.3 * 64 = 19.2 is 0.2 off, 1.75 * 64 exact. */
    testing_assert_near(sums->rounding[0], 0.2 / 64.0, 1e-12);
    assert_true(sums->rounding[1] == 0.0);
    testing_assert_near(sums->rounding[2], hypot(0.2 / 64.0, 1e-9), 1e-12);
    assert_int_equal(sizeof *sums + sums->bytes, ckks_sums_memory(3, 5));
    ckks_sums_free(sums);
    m.bias = NULL;
    scheme_ok(s.w, ckks_sums_create(s.w, &sums, &m, ckks_scale_from(64.0)));
    assert_true(sums->bias[0] == 0.0 && sums->bias[1] == 0.0);
    ckks_sums_free(sums);
    ckks_sums_free(NULL);
    scheme_stop(&s);
}

static void refuse(scheme *s, const ckks_scalars *m, double scale, ckks_status expected)
{
    ckks_sums *sums = (ckks_sums *)(void *)s;

    assert_int_equal(ckks_sums_create(s->w, &sums, m, ckks_scale_from(scale)), expected);
    assert_null(sums);
    assert_int_not_equal(strlen(ckks_worker_error(s->w)), 0);
}

static void what_is_no_matrix_is_refused(void **state)
{
    static const size_t falls[4] = {0, 3, 2, 5}, late[4] = {1, 2, 3, 5};
    static const uint32_t outside[5] = {0, 4, 1, 2, 3};
    static const double bad[5] = {0.3, NAN, 2.0, 0.0, 0.0}, endless[3] = {0.0, HUGE_VAL, 0.0};
    ckks_params params = scheme_params(6, 1, 40, 0);
    ckks_scalars m = small();
    ckks_sums *sums = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    refuse(&s, NULL, 64.0, CKKS_ERR_ARG);
    refuse(&s, &m, 0.0, CKKS_ERR_ARG);
    refuse(&s, &m, NAN, CKKS_ERR_ARG);
    refuse(&s, &m, 0x1p61, CKKS_ERR_RANGE); /* 2 * 2^61 */
    m.rows = 0;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m = small();
    m.cols = 0;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m = small();
    m.row_start = falls;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m.row_start = late;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m.row_start = NULL;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m = small();
    m.col = outside;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m.col = NULL;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m = small();
    m.value = NULL;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m.value = bad;
    refuse(&s, &m, 64.0, CKKS_ERR_RANGE);
    m = small();
    m.bias = endless;
    refuse(&s, &m, 64.0, CKKS_ERR_RANGE);
    m = small();
    m.magnitude = -1.0;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m.magnitude = NAN;
    refuse(&s, &m, 64.0, CKKS_ERR_ARG);
    m = small();
    assert_int_equal(ckks_sums_create(NULL, &sums, &m, ckks_scale_from(64.0)), CKKS_ERR_ARG);
    assert_int_equal(ckks_sums_create(s.w, NULL, &m, ckks_scale_from(64.0)), CKKS_ERR_ARG);
    scheme_stop(&s);
}

static void every_allocation_may_fail(void **state)
{
    ckks_params params = scheme_params(6, 1, 40, 0);
    testing_alloc heap = {.fail_at = 0};
    ckks_scalars m = small();
    scheme s;

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &heap};
    scheme_start(&s, &params, 0);
    for (int k = 1;; k++) {
        ckks_sums *sums = NULL;
        int live = heap.live;
        heap.calls = 0;
        heap.fail_at = k;
        ckks_status st = ckks_sums_create(s.w, &sums, &m, ckks_scale_from(64.0));
        heap.fail_at = 0;
        if (st == CKKS_OK) {
            assert_true(k > 3);
            ckks_sums_free(sums);
            assert_int_equal(heap.live, live);
            break;
        }
        assert_int_equal(st, CKKS_ERR_MEMORY);
        assert_null(sums);
        assert_int_equal(heap.live, live);
    }
    scheme_stop(&s);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_rounded),
        cmocka_unit_test(what_is_no_matrix_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sums", tests, NULL, NULL);
}
