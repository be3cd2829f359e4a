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

/* Every replica of the output must hold M x, and all other slots 0. */
static void check_route(const nn_route *r, const nn_affine *a, const nn_layout *in,
                        const nn_layout *out, testing_rng *rng)
{
    size_t slots = r->slots;
    double *x = malloc(a->cols * sizeof *x), *y = malloc(a->rows * sizeof *y);
    double *slot = malloc(3 * slots * sizeof *slot), *sum = slot + slots, *want = sum + slots;
    double *value = malloc(((size_t)r->count * slots + 1) * sizeof *value);
    for (size_t i = 0; i < a->cols; i++)
        x[i] = testing_uniform(rng, -1.0, 1.0);
    nn_affine_apply(a, y, x);
    nn_layout_spread(in, slot, x);
    nn_layout_spread(out, want, y);
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
    for (size_t j = 0; j < slots; j++)
        assert_true(fabs(sum[j] - want[j]) <= (double)a->cols * 1e-15 * (double)a->cols);
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
        assert_int_equal(nn_layout_dense(&in, slots, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, slots, rows), NN_OK);
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
    for (size_t m = 1; m < l->replicas; m *= 2)
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
        assert_int_equal(nn_layout_dense(&in, 256, cols), NN_OK);
        assert_int_equal(nn_layout_dense(&out, 256, rows), NN_OK);
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
    assert_int_equal(nn_layout_dense(&out, 1024, 12), NN_OK);
    assert_int_equal(nn_route_find(&whole, NN_ROUTE_PERIODIC, &dense, &maps, &out), NN_OK);
    assert_int_equal(nn_route_generators(generator, &dense, &maps, &out), NN_OK);
    /* The image fills its period of 64: it has no slack, so it cannot follow. */
    assert_int_equal(nn_layout_move(&maps, generator, 3), NN_OK);
    if (maps.start[0] != 0)
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
    assert_int_equal(nn_layout_dense(&in, 16, 9), NN_OK); /* one replica */
    assert_int_equal(nn_layout_dense(&out, 16, 5), NN_OK);
    assert_int_equal(nn_route_generators(generator, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_SPLIT, &a, &in, &out), NN_ERR_SHAPE);
    assert_null(r.step);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_ALIGNED, &a, &in, &out), NN_ERR_SHAPE);
    assert_int_equal(nn_route_find(&r, NN_ROUTE_PERIODIC, &a, &out, &in), NN_ERR_SHAPE);
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
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
