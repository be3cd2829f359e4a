/* Encoding the diagonals of linear transforms: sums, integers of 32 bits, threads, failures. */
#include "tests/lintrans_world.h"

#include "ckks/circuits/lintrans.h"

enum { LOG_N = 10, COUNT = 17 };

static int window[COUNT];

static ckks_lintrans_shape blocks(void)
{
    return (ckks_lintrans_shape){
        .limbs = 2, .rescale = 1, .special = 1, .alpha = 1, .in_count = 2, .out_count = 2};
}

/* Diagonals around 0. */
static void start(lintrans_world *v, ckks_lintrans_shape shape)
{
    ckks_params params = scheme_params(LOG_N, 2, 45, 1);
    int slots = scheme_ring == CKKS_RING_REAL ? 1 << LOG_N : 1 << (LOG_N - 1);

    for (int i = 0; i < COUNT; i++)
        window[i] = (i + slots - 7) % slots;
    lintrans_start(v, &params, shape, window, COUNT, 1, 2, 0x1p30);
}

static ckks_status make(lintrans_world *v, ckks_worker *w, ckks_lintrans **t,
                        const ckks_lintrans_shape *shape)
{
    return ckks_lintrans_create(w, t, shape, lintrans_fill, v, ckks_scale_from(0x1p30));
}

/* The largest over an output's slots, each output by itself. */
static void sums_over_slots(void **state)
{
    lintrans_world v;

    (void)state;
    start(&v, blocks());
    for (int k = 0; k < v.diagonals; k++) /* output 1 has the larger ones */
        for (size_t j = 0; j < v.s.slots; j++)
            v.value[k][j] *= 1 + v.out[k];
    ckks_lintrans_free(v.t);
    scheme_ok(v.s.w, make(&v, v.s.w, &v.t, &v.shape));
    for (int o = 0; o < 2; o++) {
        double sum = 0.0;
        double square = 0.0;
        for (size_t j = 0; j < v.s.slots; j++) {
            double a = 0.0;
            double b = 0.0;
            for (int k = 0; k < v.diagonals; k++) {
                a += v.out[k] == o ? fabs(v.value[k][j]) : 0.0;
                b += v.out[k] == o ? v.value[k][j] * v.value[k][j] : 0.0;
            }
            sum = fmax(sum, a);
            square = fmax(square, b);
        }
        testing_assert_near(v.t->row_sum[o], sum, 1e-9);
        testing_assert_near(v.t->row_square[o], square, 1e-9);
    }
    lintrans_stop(&v);
}

static void assert_same(const ckks_lintrans *a, const ckks_lintrans *b)
{
    assert_int_equal(a->rows_bytes, b->rows_bytes);
    assert_int_equal(a->coefs_bytes, b->coefs_bytes);
    assert_memory_equal(a->rows, b->rows, a->rows_bytes - CKKS_PACKED_SLACK);
    assert_memory_equal(a->coefs, b->coefs, a->coefs_bytes);
    assert_memory_equal(a->row_sum, b->row_sum, (size_t)a->count.outs * sizeof(double));
    assert_memory_equal(a->row_square, b->row_square, (size_t)a->count.outs * sizeof(double));
}

/* The same bytes whatever the number of threads. */
static void threads_make_the_same(void **state)
{
    ckks_lintrans_shape shape = blocks();
    lintrans_world v;

    (void)state;
    shape.compact = 20;
    start(&v, shape);
    for (int threads = 2; threads <= 7; threads++) {
        ckks_lintrans *t = NULL;
        ckks_worker *team = NULL;
        scheme_ok(NULL, ckks_worker_create_team(&team, v.s.ctx, 0, threads));
        scheme_ok(team, make(&v, team, &t, &v.shape));
        assert_same(v.t, t);
        ckks_lintrans_free(t);
        ckks_worker_free(team);
    }
    lintrans_stop(&v);
}

/* Narrow coefficients are those of 64 bits, and refused where they are not. */
static void narrow_coefficients(void **state)
{
    ckks_lintrans_shape shape = blocks();
    ckks_lintrans *t = NULL;
    lintrans_world v;

    (void)state;
    shape.compact = 1000;
    start(&v, shape);
    shape = v.shape;
    shape.narrow = 1;
    scheme_ok(v.s.w, make(&v, v.s.w, &t, &shape));
    assert_int_equal(2 * t->coefs_bytes, v.t->coefs_bytes);
    for (size_t i = 0; i < t->coefs_bytes / sizeof(int32_t); i++)
        assert_true(((const int32_t *)t->coefs)[i] == ((const int64_t *)v.t->coefs)[i]);
    ckks_lintrans_free(t);
    /* a constant slot vector has its value times the scale in one coefficient */
    for (size_t j = 0; j < v.s.slots; j++)
        v.value[9][j] = -2.0;
    scheme_ok(v.s.w, make(&v, v.s.w, &t, &shape));
    ckks_lintrans_free(t);
    for (size_t j = 0; j < v.s.slots; j++)
        v.value[9][j] = 2.0;
    assert_int_equal(make(&v, v.s.w, &t, &shape), CKKS_ERR_RANGE);
    assert_null(t);
    assert_non_null(strstr(ckks_worker_error(v.s.w), "32 bits"));
    lintrans_stop(&v);
}

/* Fails at diagonals 11 and 23. */
static ckks_status failing(void *user, int k, double *value)
{
    return k == 11 ? -777 : k == 23 ? -778 : lintrans_fill(user, k, value);
}

/* What the filling fails with comes back, of the first term that failed. */
static void fill_fails(void **state)
{
    lintrans_world v;
    ckks_lintrans *t = NULL;
    ckks_status first = CKKS_OK;

    (void)state;
    start(&v, blocks());
    assert_true(v.diagonals > 23);
    for (int threads = 1; threads <= 7; threads += 3) {
        ckks_worker *team = NULL;
        ckks_status st;
        scheme_ok(NULL, ckks_worker_create_team(&team, v.s.ctx, 0, threads));
        st = ckks_lintrans_create(team, &t, &v.shape, failing, &v, ckks_scale_from(0x1p30));
        assert_true(st == -777 || st == -778);
        assert_true(threads == 1 || st == first);
        assert_null(t);
        first = st;
        ckks_worker_free(team);
    }
    lintrans_stop(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_slots),
        cmocka_unit_test(threads_make_the_same),
        cmocka_unit_test(narrow_coefficients),
        cmocka_unit_test(fill_fails),
    };

    return scheme_run(tests);
}
