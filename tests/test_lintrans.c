/* Making linear transforms: sizes that are kept, every refusal. */
#include "tests/lintrans_world.h"

#include "ckks/circuits/lintrans.h"
#include "ckks/scheme/keygen.h"
#include "ckks/scheme/worker.h"

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
        shape.narrow = shape.compact % 2;
        lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
        t = v.t;
        assert_int_equal(ckks_lintrans_memory(v.s.ctx, &v.shape),
                         sizeof *t + t->lists_bytes + t->rows_bytes + t->coefs_bytes +
                             t->tables_bytes);
        assert_int_equal(t->count.terms, WINDOW);
        compact = t->count.terms - t->ready_terms;
        assert_int_equal(t->rows_bytes, t->ready_terms * 5 * 1024 * 6 + CKKS_PACKED_SLACK);
        assert_int_equal(t->coefs_bytes, compact * 1024 * (shape.narrow ? 4 : 8));
        /* as many as asked for, and no whole giant more */
        assert_true(compact >= shape.compact);
        assert_true(compact == 0 || t->count.terms - t->first[t->ready + 1] < shape.compact);
        assert_int_equal(ckks_lintrans_count(&v.shape, SLOTS).compact, compact);
        lintrans_stop(&v);
    }
    assert_int_equal(a.live, 0);
}

static void refuse(lintrans_world *v, ckks_lintrans_shape shape)
{
    ckks_lintrans *t = v->t;

    assert_int_equal(
        ckks_lintrans_create(v->s.w, &t, &shape, lintrans_fill, v, ckks_scale_from(0x1p30)),
        CKKS_ERR_ARG);
    assert_null(t);
}

static void refusals(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape good = {.limbs = 2, .rescale = 1, .special = 1, .alpha = 1};
    ckks_lintrans_shape bad;
    ckks_lintrans *t = NULL;
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
    bad.step_count = 0;
    refuse(&v, bad);
    bad = good;
    bad.baby = NULL;
    refuse(&v, bad);
    bad = good;
    bad.fold_count = 1;
    refuse(&v, bad);
    bad.fold_step = &far;
    refuse(&v, bad);
    v.baby[3] += SLOTS;
    refuse(&v, good);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "step 3"));
    v.baby[3] -= SLOTS;
    assert_int_equal(
        ckks_lintrans_create(v.s.w, &t, &good, lintrans_fill, &v, ckks_scale_from(-1.0)),
        CKKS_ERR_ARG);
    assert_int_equal(
        ckks_lintrans_create(v.s.w, &t, &good, lintrans_fill, &v, ckks_scale_from(0x1p63)),
        CKKS_ERR_RANGE);
    assert_int_equal(
        ckks_lintrans_create(v.s.w, NULL, &good, lintrans_fill, &v, ckks_scale_from(1.0)),
        CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, NULL, lintrans_fill, &v, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(v.s.w, &t, &good, NULL, &v, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    assert_int_equal(ckks_lintrans_create(NULL, &t, &good, lintrans_fill, &v, ckks_scale_from(1.0)),
                     CKKS_ERR_ARG);
    v.value[2][7] = NAN;
    assert_int_equal(
        ckks_lintrans_create(v.s.w, &t, &good, lintrans_fill, &v, ckks_scale_from(0x1p30)),
        CKKS_ERR_RANGE);
    assert_null(t);
    ckks_lintrans_free(NULL);
    lintrans_stop(&v);
}

/* Every place of a diagonal is checked before anything is made. */
static void refusals_of_blocks(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape shape = {
        .limbs = 2, .special = 1, .alpha = 1, .in_count = 2, .out_count = 3};
    ckks_lintrans_shape bad;
    lintrans_world v;
    uint16_t *list[3];

    (void)state;
    lintrans_start(&v, &params, shape, window, 4, 1, 2, 0x1p30);
    shape = v.shape;
    list[0] = v.step;
    list[1] = v.in;
    list[2] = v.out;
    for (int i = 0; i < 3; i++) {
        uint16_t was = list[i][5];
        list[i][5] = i == 0 ? 4 : i == 1 ? 2 : 3;
        refuse(&v, shape);
        assert_non_null(strstr(ckks_worker_error(v.s.w), "diagonal 5"));
        list[i][5] = was;
    }
    bad = shape;
    bad.in_count = CKKS_LINTRANS_MAX_BLOCKS + 1;
    refuse(&v, bad);
    bad.in_count = -1;
    refuse(&v, bad);
    bad = shape;
    bad.out_count = 2;
    refuse(&v, bad);
    bad = shape;
    bad.diagonal_in = NULL;
    refuse(&v, bad);
    bad = shape;
    bad.diagonal_count = -1;
    refuse(&v, bad);
    /* one diagonal, again and again: more than a giant step has pairs of an input and a baby */
    for (int k = 0; k < v.diagonals; k++)
        v.step[k] = v.in[k] = v.out[k] = 0;
    refuse(&v, shape);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "baby steps"));
    lintrans_stop(&v);
}

/* Units output by output, giants by value around 0; terms in the given order within a unit. */
static void terms_are_ordered_by_unit(void **state)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    ckks_lintrans_shape shape = {
        .limbs = 2, .special = 1, .alpha = 1, .in_count = 3, .out_count = 2};
    const ckks_lintrans *t = NULL;
    lintrans_world v;
    int seen = 0;

    (void)state;
    lintrans_start(&v, &params, shape, window, WINDOW, 1, 2, 0x1p30);
    t = v.t;
    assert_true(t->count.giants > 2);
    for (int o = 0; o < 2; o++) {
        for (int g = 0; g < t->count.giants; g++) {
            int u = o * t->count.giants + g, at = t->first[u];
            assert_true(g == 0 || ckks_lintrans_centre(t->giant[g].steps, SLOTS) >
                                      ckks_lintrans_centre(t->giant[g - 1].steps, SLOTS));
            for (int k = 0; k < v.diagonals; k++) {
                if (v.out[k] != o || v.giant[v.step[k]] != t->giant[g].steps)
                    continue;
                assert_int_equal(t->pick[at] / t->count.babies, v.in[k]);
                assert_int_equal(t->baby[t->pick[at] % t->count.babies].steps, v.baby[v.step[k]]);
                at++;
                seen++;
            }
            assert_int_equal(at, t->first[u + 1]);
        }
    }
    assert_int_equal(seen, v.diagonals);
    lintrans_stop(&v);
}

static ckks_status no_values(void *user, int k, double *value)
{
    (void)user;
    (void)k;
    (void)value;
    return CKKS_OK;
}

static void too_many_terms(void **state)
{
    enum { SUM = CKKS_KERNEL_MAX_TERMS + 1 };
    static int baby[SUM], giant[SUM];
    ckks_params params = scheme_params(14, 1, 45, 1);
    ckks_lintrans_shape shape = {
        .limbs = 1, .special = 1, .alpha = 1, .step_count = SUM, .baby = baby, .giant = giant};
    ckks_lintrans *t = NULL;
    scheme s;

    (void)state;
    scheme_start(&s, &params, 0);
    for (int i = 0; i < SUM; i++)
        baby[i] = i;
    assert_int_equal(ckks_lintrans_create(s.w, &t, &shape, no_values, NULL, ckks_scale_from(1.0)),
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
    for (int k = 1; k <= 9; k++) {
        int live = a.live;
        a.calls = 0;
        a.fail_at = k;
        assert_int_equal(
            ckks_lintrans_create(v.s.w, &t, &v.shape, lintrans_fill, &v, ckks_scale_from(0x1p30)),
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
        cmocka_unit_test(memory_is_what_was_said),   cmocka_unit_test(refusals),
        cmocka_unit_test(refusals_of_blocks),        cmocka_unit_test(too_many_terms),
        cmocka_unit_test(terms_are_ordered_by_unit), cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
