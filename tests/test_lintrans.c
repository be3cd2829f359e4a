/* Making linear transforms: sizes that are kept, every refusal. */
#include "tests/lintrans_world.h"

#include "ckks/keygen.h"
#include "ckks/lintrans.h"
#include "ckks/worker.h"

enum { LOG_N = 10, SLOTS = 512 };

static const int window[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 505, 506, 507, 508, 509, 510, 511};
enum { WINDOW = sizeof window / sizeof window[0] };

static void memory_is_what_was_said(void **state)
{
    testing_alloc a = {0};
    ckks_params params = scheme_params(LOG_N, 3, 45, 2);
    lintrans_world v;
    ckks_lintrans *t = NULL;
    int folds[] = {16, 32};
    ckks_lintrans_shape shape = {
        .limbs = 3, .rescale = 1, .special = 2, .alpha = 2, .fold_count = 2, .fold_step = folds};

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &a};
    for (shape.compact = 0; shape.compact <= WINDOW; shape.compact++) {
        int compact = 0;
        lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
        t = v.t;
        assert_int_equal(ckks_lintrans_memory(v.s.ctx, &v.shape),
                         sizeof *t + t->lists_bytes + t->rows_bytes + t->coefs_bytes +
                             t->tables_bytes);
        assert_int_equal(t->term_count, WINDOW);
        compact = t->term_count - t->ready_terms;
        assert_int_equal(t->rows_bytes, t->ready_terms * 5 * 1024 * 6 + CKKS_PACKED_SLACK);
        assert_int_equal(t->coefs_bytes, compact * 1024 * 8);
        /* as many as asked for, and no whole giant more */
        assert_true(compact >= shape.compact);
        assert_true(compact == 0 || t->term_count - t->first[t->ready + 1] < shape.compact);
        assert_int_equal(ckks_lintrans_count(&v.shape, SLOTS).compact, compact);
        lintrans_stop(&v);
    }
    assert_int_equal(a.live, 0);
}

static void zero_diagonals_are_skipped(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape shape = {.limbs = 2, .rescale = 1, .special = 1, .alpha = 1};
    double *zero = calloc(SLOTS, sizeof *zero);
    const double *kept = NULL;
    ckks_lintrans *t = NULL;
    lintrans_world v;

    (void)state;
    lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
    for (int i = 0; i < WINDOW; i++) {
        if (i != 4)
            memset((void *)(uintptr_t)v.diagonal[i].value, 0, SLOTS * sizeof(double));
    }
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &v.shape, v.diagonal, ckks_scale_from(0x1p30)),
                     CKKS_OK);
    assert_int_equal(t->term_count, 1);
    assert_int_equal(t->giant_count, 1);
    assert_int_equal(t->baby_count, 1);
    ckks_lintrans_free(t);
    kept = v.diagonal[4].value;
    v.diagonal[4].value = zero;
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &v.shape, v.diagonal, ckks_scale_from(0x1p30)),
                     CKKS_ERR_ARG);
    assert_null(t);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "zero"));
    v.diagonal[4].value = kept;
    free(zero);
    lintrans_stop(&v);
}

static void sums_over_slots(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape shape = {.limbs = 2, .rescale = 1, .special = 1, .alpha = 1};
    double sum = 0.0;
    double square = 0.0;
    lintrans_world v;

    (void)state;
    lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
    for (size_t j = 0; j < SLOTS; j++) {
        double a = 0.0;
        double b = 0.0;
        for (int i = 0; i < WINDOW; i++) {
            a += fabs(v.diagonal[i].value[j]);
            b += v.diagonal[i].value[j] * v.diagonal[i].value[j];
        }
        sum = fmax(sum, a);
        square = fmax(square, b);
    }
    testing_assert_near(v.t->row_sum, sum, 1e-9);
    testing_assert_near(v.t->row_square, square, 1e-9);
    lintrans_stop(&v);
}

static void refuse(lintrans_world *v, ckks_lintrans_shape shape)
{
    ckks_lintrans *t = v->t;

    assert_int_equal(ckks_lintrans_create(v->s.w, &t, &shape, v->diagonal, ckks_scale_from(0x1p30)),
                     CKKS_ERR_ARG);
    assert_null(t);
}

static void refusals(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape good = {.limbs = 2, .rescale = 1, .special = 1, .alpha = 1};
    ckks_lintrans_shape bad;
    ckks_lintrans *t = NULL;
    double *values = NULL;
    int far = 512;
    lintrans_world v;

    (void)state;
    lintrans_start(&v, &params, good, window, WINDOW, 1, 2, 0x1p30);
    good = v.shape;
    bad = good;
    bad.limbs = 3;
    refuse(&v, bad);
    bad = good;
    bad.rescale = 2;
    refuse(&v, bad);
    bad.rescale = -1;
    refuse(&v, bad);
    bad = good;
    bad.special = 2;
    refuse(&v, bad);
    bad.special = 0;
    refuse(&v, bad);
    bad = good;
    bad.alpha = 3;
    refuse(&v, bad);
    bad = good;
    bad.diagonal_count = 0;
    refuse(&v, bad);
    bad = good;
    bad.baby = NULL;
    refuse(&v, bad);
    bad = good;
    bad.fold_count = 1;
    refuse(&v, bad);
    bad.fold_step = &far;
    refuse(&v, bad);
    v.baby[3]++;
    refuse(&v, good);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "diagonal 3"));
    v.baby[3] += SLOTS - 1;
    refuse(&v, good);
    v.baby[3] -= SLOTS;
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &good, v.diagonal, ckks_scale_from(-1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &good, v.diagonal, ckks_scale_from(0x1p63)),
                     CKKS_ERR_RANGE);
    assert_int_equal(ckks_lintrans_create(v.s.w, NULL, &good, v.diagonal, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, NULL, v.diagonal, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &good, NULL, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(NULL, &t, &good, v.diagonal, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    values = (double *)(uintptr_t)v.diagonal[2].value;
    values[7] = NAN;
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &good, v.diagonal, ckks_scale_from(0x1p30)),
                     CKKS_ERR_RANGE);
    assert_null(t);
    ckks_lintrans_free(NULL);
    lintrans_stop(&v);
}

static void too_many_terms(void **state)
{
    enum { SUM = CKKS_KERNEL_MAX_TERMS + 1 };
    static ckks_diagonal diagonal[SUM];
    static int baby[SUM], giant[SUM];
    static const double value[1 << 13] = {1.0};
    ckks_params params = scheme_params(14, 1, 45, 1);
    ckks_lintrans_shape shape = {
        .limbs = 1, .special = 1, .alpha = 1, .diagonal_count = SUM, .baby = baby, .giant = giant};
    ckks_lintrans *t = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int i = 0; i < SUM; i++) {
        baby[i] = i;
        diagonal[i] = (ckks_diagonal){i, value};
    }
    assert_int_equal(ckks_lintrans_create(s.w, &t, &shape, diagonal, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_non_null(strstr(ckks_worker_error(s.w), "4096"));
    scheme_stop(&s);
}

static void no_memory(void **state)
{
    testing_alloc a = {0};
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape shape = {.limbs = 2, .rescale = 1, .special = 1, .alpha = 1};
    ckks_lintrans *t = NULL;
    lintrans_world v;

    (void)state;
    params.allocator = (ckks_allocator){testing_alloc_get, testing_alloc_put, &a};
    lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
    for (int k = 1; k <= 6; k++) {
        int live = a.live;
        a.calls = 0;
        a.fail_at = k;
        assert_int_equal(
            ckks_lintrans_create(v.s.w, &t, &v.shape, v.diagonal, ckks_scale_from(0x1p30)),
            CKKS_ERR_MEMORY);
        assert_null(t);
        assert_non_null(strstr(ckks_worker_error(v.s.w), "memory"));
        assert_int_equal(a.live, live);
    }
    a.fail_at = 0;
    lintrans_stop(&v);
    assert_int_equal(a.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_what_was_said), cmocka_unit_test(zero_diagonals_are_skipped),
        cmocka_unit_test(sums_over_slots),         cmocka_unit_test(refusals),
        cmocka_unit_test(too_many_terms),          cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
