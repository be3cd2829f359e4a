/* Routes: diagonals and folds between two layouts compute the matrix, for every kind of route. */
#include "nn/route.h"

#include "tests/testing.h"

static void random_matrix(nn_affine *a, size_t rows, size_t cols, testing_rng *rng)
{
    assert_int_equal(nn_affine_begin(a, rows, cols), NN_OK);
    for (size_t o = 0; o < rows; o++) {
        for (size_t i = 0; i < cols; i++)
            if (testing_below(rng, 3) != 0)
                assert_int_equal(nn_affine_push(a, i, testing_uniform(rng, -1.0, 1.0)), NN_OK);
        assert_int_equal(nn_affine_end_row(a, 0.0), NN_OK);
    }
}

/* A convolution of one channel, 3x3, stride 2, on side x side, with c output channels. */
static void convolution(nn_affine *a, size_t side, size_t channels, testing_rng *rng)
{
    size_t half = side / 2;
    double w[9];
    assert_int_equal(nn_affine_begin(a, channels * half * half, side * side), NN_OK);
    for (size_t c = 0; c < channels; c++) {
        for (int k = 0; k < 9; k++)
            w[k] = testing_uniform(rng, -1.0, 1.0);
        for (size_t y = 0; y < half; y++) {
            for (size_t x = 0; x < half; x++) {
                for (size_t k = 0; k < 9; k++) {
                    size_t iy = 2 * y + k / 3, ix = 2 * x + k % 3; /* padded by 1 at the left */
                    if (iy >= 1 && iy <= side && ix >= 1 && ix <= side)
                        assert_int_equal(nn_affine_push(a, (iy - 1) * side + ix - 1, w[k]), NN_OK);
                }
                assert_int_equal(nn_affine_end_row(a, 0.0), NN_OK);
            }
        }
    }
}

/* All slots of the output must hold M x, and, unless partial sums are allowed, all others 0. */
static void check_route(const nn_route *r, const nn_affine *a, const nn_layout *in,
                        const nn_layout *out, testing_rng *rng)
{
    size_t slots = r->slots, images = r->images;
    double *x = malloc(a->cols * sizeof *x), *y = malloc(a->rows * sizeof *y);
    double *slot = calloc(3 * slots, sizeof *slot), *sum = slot + slots, *want = sum + slots;
    double *value = malloc(((size_t)r->count * slots + 1) * sizeof *value);
    for (size_t m = 0; m < images; m++) {
        for (size_t i = 0; i < a->cols; i++)
            x[i] = testing_uniform(rng, -1.0, 1.0);
        nn_affine_apply(a, y, x);
        nn_layout_spread(in, slot, images, m, x);
        nn_layout_spread(out, want, images, m, y);
    }
    assert_int_equal(nn_route_diagonals(r, value, a, in, out), NN_OK);
    for (size_t j = 0; j < slots; j++) {
        sum[j] = 0.0;
        for (int d = 0; d < r->count; d++) {
            assert_int_equal((size_t)(r->baby[d] + r->giant[d]) % slots, r->step[d]);
            sum[j] += value[(size_t)d * slots + j] * slot[(j + (size_t)r->step[d]) % slots];
        }
    }
    for (int f = 0; f < r->fold_count; f++) {
        for (size_t j = 0; j < slots; j++)
            slot[j] = sum[j] + sum[(j + (size_t)r->fold[f]) % slots];
        memcpy(sum, slot, slots * sizeof *sum);
    }
    /* Sums of at most cols products of numbers below 1, in another order. */
    uint32_t *element = malloc(out->slots * sizeof *element);
    nn_layout_to_slots(out, element);
    for (size_t j = 0; j < slots; j++)
        if (r->kind != NN_ROUTE_SPREAD || element[j / images] != NN_LAYOUT_EMPTY)
            assert_true(fabs(sum[j] - want[j]) <= (double)a->cols * 1e-15 * (double)a->cols);
    free(element);
    free(x);
    free(y);
    free(slot);
    free(value);
}

static void test_periodic(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(60); k++) {
        size_t slots = (size_t)64 << testing_below(&rng, 3);
        size_t rows = 1 + testing_below(&rng, 60), cols = 1 + testing_below(&rng, 60);
        nn_affine a;
        nn_layout in, out;
        nn_route r, copy;
        random_matrix(&a, rows, cols, &rng);
        assert_int_equal(nn_layout_dense(&in, slots, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, slots, 0, rows), NN_OK);
        assert_int_equal(nn_route_find(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_OK);
        assert_int_equal(nn_route_copy(&copy, &r), NN_OK);
        size_t group = in.period < out.period ? in.period : out.period;
        assert_true((size_t)r.count <= group);
        check_route(&copy, &a, &in, &out, &rng);
        nn_route_clear(&r);
        nn_route_clear(&copy);
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
}

static int generators_of(const nn_layout *l)
{
    int n = 0;
    for (size_t m = l->period; m < l->slots; m *= 2)
        n++;
    return n;
}

static void test_split(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(40); k++) {
        size_t cols = 9 + testing_below(&rng, 50), rows = 1 + testing_below(&rng, 16);
        int generator[NN_GENERATORS_MAX];
        nn_affine a;
        nn_layout in, out;
        nn_route r, periodic;
        random_matrix(&a, rows, cols, &rng);
        assert_int_equal(nn_layout_dense(&in, 256, 0, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, 256, 0, rows), NN_OK);
        assert_int_equal(nn_route_find(&periodic, NN_ROUTE_PERIODIC, &a, &in, &out), NN_OK);
        assert_int_equal(nn_route_generators(generator, &a, &in, &out), NN_OK);
        assert_int_equal(nn_layout_move(&in, generator, generators_of(&in)), NN_OK);
        if (in.generators > 0) {
            assert_int_equal(nn_route_find(&r, NN_ROUTE_SPLIT, &a, &in, &out), NN_OK);
            assert_true(r.count <= periodic.count);
            check_route(&r, &a, &in, &out, &rng);
            nn_route_clear(&r);
            assert_int_equal(nn_route_find(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_ERR_SHAPE);
        }
        nn_route_clear(&periodic);
        nn_affine_clear(&a);
        nn_layout_clear(&in);
        nn_layout_clear(&out);
    }
}

/* The case that the search is made for: an image at the client, a strided convolution passed
 * through aligned, a dense matrix split over the replicas. */
static void test_aligned_then_split(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_affine conv, dense;
    nn_layout image, maps, out;
    nn_route first, second, whole;
    int generator[NN_GENERATORS_MAX];
    convolution(&conv, 8, 6, &rng);
    random_matrix(&dense, 12, conv.rows, &rng);
    nn_grid unit = {.row = 8, .gap = 1, .block = 64};
    nn_grid half = {.row = 8, .gap = 2, .block = 64};
    assert_int_equal(nn_layout_grid(&image, 1024, (nn_shape){1, 8, 8}, unit), NN_OK);
    assert_int_equal(nn_layout_grid(&maps, 1024, (nn_shape){6, 4, 4}, half), NN_OK);
    assert_int_equal(nn_layout_dense(&out, 1024, 0, 12), NN_OK);
    assert_int_equal(nn_route_find(&whole, NN_ROUTE_PERIODIC, &dense, &maps, &out), NN_OK);
    assert_int_equal(nn_route_generators(generator, &dense, &maps, &out), NN_OK);
    /* The image fills its period of 64: it has no slack, so it cannot follow. */
    assert_int_equal(nn_layout_move(&maps, generator, 3), NN_OK);
    if (nn_layout_place(&maps, 0) != 0)
        assert_int_equal(nn_layout_align(&image, &maps), NN_ERR_SHAPE);
    nn_layout_clear(&image);
    unit.block = 128;
    half.block = 128;
    nn_layout_clear(&maps);
    assert_int_equal(nn_layout_grid(&image, 1024, (nn_shape){1, 8, 8}, unit), NN_OK);
    assert_int_equal(nn_layout_grid(&maps, 1024, (nn_shape){6, 4, 4}, half), NN_OK);
    assert_int_equal(nn_route_generators(generator, &dense, &maps, &out), NN_OK);
    assert_int_equal(nn_layout_move(&maps, generator, 2), NN_OK);
    assert_int_equal(nn_layout_align(&image, &maps), NN_OK);
    assert_int_equal(nn_route_find(&first, NN_ROUTE_ALIGNED, &conv, &image, &maps), NN_OK);
    assert_int_equal(first.fold_count, 0);
    assert_true(first.count <= 16); /* 3x3 taps, 2x2 channels interleaved: offsets -2..1 each way */
    check_route(&first, &conv, &image, &maps, &rng);
    assert_int_equal(nn_route_find(&second, NN_ROUTE_SPLIT, &dense, &maps, &out), NN_OK);
    assert_true(second.count <= whole.count / 4 + 1);
    check_route(&second, &dense, &maps, &out, &rng);
    nn_route_clear(&first);
    nn_route_clear(&second);
    nn_route_clear(&whole);
    nn_affine_clear(&conv);
    nn_affine_clear(&dense);
    nn_layout_clear(&image);
    nn_layout_clear(&maps);
    nn_layout_clear(&out);
}

/* Every kind between every two of the layouts that elements and slots of small numbers have: what
 * fits computes the matrix, also with other numbers for the steps and with images side by side. */
static int all_layouts(nn_layout *l, size_t slots, size_t count)
{
    int n = 0;
    nn_shape shape = {count, 1, 1}, maps = {(count + 3) / 4, 2, 2};
    for (size_t p = nn_layout_pow2(count); p <= slots; p *= 2) {
        nn_layout run;
        assert_int_equal(nn_layout_dense(&l[n++], slots, p, count), NN_OK);
        assert_int_equal(nn_layout_dense(&run, slots, p, (count + 1) / 2), NN_OK);
        n += nn_layout_runs(&l[n], slots, count, p, &run) == NN_OK;
        nn_layout_clear(&run);
    }
    n += nn_layout_grid(&l[n], slots, shape, (nn_grid){2, 2, 4}) == NN_OK;
    if (nn_shape_count(maps) == count) {
        n += nn_layout_grid(&l[n], slots, maps, (nn_grid){3, 1, 8}) == NN_OK;
        n += nn_layout_weave(&l[n], slots, maps, (nn_weave){4, 2, 16, 1, 0}) == NN_OK;
    }
    n += nn_layout_weave(&l[n], slots, shape, (nn_weave){2, 2, 4, 1, 0}) == NN_OK;
    n += nn_layout_weave(&l[n], slots, shape, (nn_weave){1, 1, 4, 2, 1}) == NN_OK;
    assert_int_equal(nn_layout_dense(&l[n], slots, 0, count), NN_OK);
    n += 1;
    const int generator[NN_GENERATORS_MAX] = {1, 1, 1, 1, 1, 1};
    if (nn_layout_move(&l[n - 1], generator, generators_of(&l[n - 1])) != NN_OK)
        nn_layout_clear(&l[--n]);
    return n;
}

static void check_all_kinds(const nn_affine *a, const nn_layout *in, const nn_layout *out,
                            int *checked, testing_rng *rng)
{
    for (nn_route_kind kind = NN_ROUTE_PERIODIC; kind <= NN_ROUTE_SPREAD; kind++) {
        nn_route r;
        nn_status st = nn_route_find(&r, kind, a, in, out);
        assert_true(st == NN_OK || (st == NN_ERR_SHAPE && r.step == NULL));
        if (st != NN_OK)
            continue;
        check_route(&r, a, in, out, rng);
        if (r.group < r.slots) {
            nn_route_represent(&r, (long)testing_below(rng, r.group));
            check_route(&r, a, in, out, rng);
        }
        nn_route_widen(&r, 4);
        check_route(&r, a, in, out, rng);
        checked[kind]++;
        nn_route_clear(&r);
    }
}

static void test_all_layouts(void **state)
{
    (void)state;
    testing_rng rng;
    int checked[4] = {0};
    testing_rng_init(&rng, testing_seed());
    for (size_t rows = 1; rows <= 8; rows++)
        for (size_t cols = 1; cols <= 8; cols++) {
            nn_affine a;
            nn_layout in[24], out[24];
            random_matrix(&a, rows, cols, &rng);
            int ins = all_layouts(in, 32, cols), outs = all_layouts(out, 32, rows);
            for (int i = 0; i < ins; i++)
                for (int o = 0; o < outs; o++)
                    check_all_kinds(&a, &in[i], &out[o], checked, &rng);
            for (int i = 0; i < ins; i++)
                nn_layout_clear(&in[i]);
            for (int o = 0; o < outs; o++)
                nn_layout_clear(&out[o]);
            nn_affine_clear(&a);
        }
    for (int kind = 0; kind < 4; kind++)
        assert_true(checked[kind] > 200);
}

/* Each replica of a periodic input computes another part of the rows. */
static void test_spread(void **state)
{
    (void)state;
    testing_rng rng;
    nn_affine a;
    nn_layout in, out, run;
    nn_route r;
    testing_rng_init(&rng, testing_seed());
    random_matrix(&a, 100, 60, &rng);
    assert_int_equal(nn_layout_dense(&in, 512, 0, 60), NN_OK); /* 8 replicas */
    assert_int_equal(nn_layout_dense(&run, 64, 0, 13), NN_OK); /* ceil(100 / 8) */
    assert_int_equal(nn_layout_runs(&out, 512, 100, 64, &run), NN_OK);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_SPREAD, &a, &in, &out), NN_OK);
    assert_int_equal(r.count, 16);     /* 13 rows in a group of 16 */
    assert_int_equal(r.fold_count, 2); /* 64 slots are 4 groups */
    check_route(&r, &a, &in, &out, &rng);
    nn_route_clear(&r);
    nn_layout_clear(&run);
    nn_layout_clear(&out);
    nn_layout_clear(&in);
    nn_affine_clear(&a);
}

static void test_failures(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    int generator[NN_GENERATORS_MAX];
    nn_affine a;
    nn_layout in, out;
    nn_route r;
    random_matrix(&a, 5, 9, &rng);
    assert_int_equal(nn_layout_dense(&in, 16, 0, 9), NN_OK); /* one replica */
    assert_int_equal(nn_layout_dense(&out, 16, 0, 5), NN_OK);
    assert_int_equal(nn_route_generators(generator, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_SPLIT, &a, &in, &out), NN_ERR_SHAPE);
    assert_null(r.step);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_SPREAD, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_PERIODIC, &a, &out, &in), NN_ERR_SHAPE);
    /* Given steps that do not lead to every entry: found out when the entries are placed. */
    const int step[2] = {0, 1};
    double value[2 * 16];
    assert_int_equal(nn_route_given(&r, step, 2, &a, &in, &out), NN_OK);
    assert_int_equal(nn_route_diagonals(&r, value, &a, &in, &out), NN_ERR_SHAPE);
    nn_route_clear(&r);
    /* An element without a slot. */
    uint32_t element[16] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int j = 8; j < 16; j++)
        element[j] = NN_LAYOUT_EMPTY;
    nn_layout_clear(&in);
    assert_int_equal(nn_layout_from_slots(&in, 16, 9, element), NN_OK);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_PERIODIC, &a, &in, &out), NN_ERR_SHAPE);
    nn_affine_clear(&a);
    nn_layout_clear(&in);
    nn_layout_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periodic),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_aligned_then_split),
        cmocka_unit_test(test_all_layouts),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
