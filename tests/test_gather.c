/* Packing for the first convolution: every entry finds its slot, with the fewest copies. */
#include "nn/slots/gather.h"

#include "tests/routes.h"
#include "tests/stages.h"

/* A convolution on a grid of its own; returns the number of steps, 0 when there is no packing. */
static int gather_count(nn_shape image, nn_shape maps, size_t kernel, size_t stride, size_t pad,
                        size_t slots, nn_grid grid, testing_rng *rng)
{
    nn_stages s = {.input = image};
    nn_layout in, out;
    nn_route r;
    int count = 0;
    stages_convolution(&s, image, maps, kernel, stride, pad, rng);
    const nn_affine *a = &s.stage[0].affine[0];
    assert_int_equal(nn_layout_grid(&out, slots, maps, grid), NN_OK);
    nn_status st = nn_gather_find(&in, &r, a, image, maps, &out, grid);
    if (st == NN_OK) {
        count = r.count;
        routes_check(&r, a, &in, &out, rng);
    } else {
        assert_int_equal(st, NN_ERR_SHAPE);
        assert_null(in.first);
        assert_null(r.step);
    }
    nn_layout_clear(&in);
    nn_layout_clear(&out);
    nn_route_clear(&r);
    nn_stages_clear(&s);
    return count;
}

static void test_networks(void **state)
{
    (void)state;
    testing_rng rng;
    nn_shape image = {1, 28, 28}, five = {5, 13, 13}, eight = {8, 14, 14};
    nn_grid grid13 = {14, 1, 14 * 14}, grid14 = {16, 1, 256};
    testing_rng_init(&rng, testing_seed());
    /* 25 taps of stride 2 are four phases of 3 x 3, 3 x 2, 2 x 3 and 2 x 2: nine steps in four
     * blocks, where 7 are the fewest that counting allows; in eight blocks, five where it is 4. */
    assert_int_equal(gather_count(image, five, 5, 2, 1, 4096, grid13, &rng), 9);
    assert_int_equal(gather_count(image, five, 5, 2, 1, 8192, grid13, &rng), 5);
    assert_int_equal(gather_count(image, eight, 5, 2, 2, 8192, grid14, &rng), 9);
    assert_int_equal(gather_count(image, eight, 5, 2, 2, 16384, grid14, &rng), 5);
}

static void test_random(void **state)
{
    (void)state;
    testing_rng rng;
    int found = 0;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(40); k++) {
        size_t side = 4 + testing_below(&rng, 6), stride = 1 + testing_below(&rng, 2);
        size_t kernel = 1 + testing_below(&rng, 4), room = testing_below(&rng, 3);
        nn_shape image = {1 + testing_below(&rng, 3), side, side};
        nn_shape maps = {1 + testing_below(&rng, 4), side / stride, side / stride};
        size_t row = maps.w + room;
        nn_grid grid = {row, 1, row * (maps.h + testing_below(&rng, 3))};
        found += gather_count(image, maps, kernel, stride, testing_below(&rng, kernel), 4096, grid,
                              &rng) > 0;
    }
    assert_true(found > testing_iters(40) / 2);
}

static void test_refusals(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    nn_stages s = {.input = {1, 8, 8}};
    nn_layout in, out;
    nn_route r;
    nn_shape maps = {2, 4, 4}, image = {1, 8, 8};
    nn_grid grid = {4, 1, 16}, wide = {8, 2, 64};
    stages_convolution(&s, image, maps, 3, 2, 1, &rng);
    const nn_affine *a = &s.stage[0].affine[0];
    assert_int_equal(nn_layout_grid(&out, 256, maps, grid), NN_OK);
    assert_int_equal(nn_gather_find(&in, &r, a, image, maps, &out, wide), NN_ERR_SHAPE);
    assert_int_equal(nn_gather_find(&in, &r, a, image, (nn_shape){32, 1, 1}, &out, grid),
                     NN_ERR_SHAPE);
    assert_int_equal(nn_gather_find(&in, &r, a, (nn_shape){1, 8, 9}, maps, &out, grid),
                     NN_ERR_SHAPE);
    nn_layout_clear(&out);
    /* A dense matrix has more taps than a convolution. */
    nn_stages_clear(&s);
    stages_dense(&s, (nn_shape){1, 40, 40}, 16, &rng);
    assert_int_equal(nn_layout_grid(&out, 256, (nn_shape){1, 4, 4}, grid), NN_OK);
    assert_int_equal(nn_gather_find(&in, &r, &s.stage[0].affine[0], (nn_shape){1, 40, 40},
                                    (nn_shape){1, 4, 4}, &out, grid),
                     NN_ERR_SHAPE);
    nn_layout_clear(&out);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
