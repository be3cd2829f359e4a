/* Layouts: positions and starts against the formulas of nn/layout.h, replicas that must not
 * overlap. */
#include "nn/layout.h"

#include "tests/testing.h"

enum { SLOTS = 256 };

static void test_pow2(void **state)
{
    (void)state;
    assert_int_equal(nn_layout_pow2(1), 1);
    assert_int_equal(nn_layout_pow2(2), 2);
    assert_int_equal(nn_layout_pow2(3), 4);
    assert_int_equal(nn_layout_pow2(1568), 2048);
}

static void test_dense(void **state)
{
    (void)state;
    nn_layout l;
    assert_int_equal(nn_layout_dense(&l, SLOTS, 10), NN_OK);
    assert_int_equal(l.period, 16);
    assert_int_equal(l.replicas, 16);
    for (size_t e = 0; e < 10; e++)
        assert_int_equal(l.position[e], e);
    nn_layout_clear(&l);
    assert_int_equal(nn_layout_dense(&l, SLOTS, SLOTS + 1), NN_ERR_SHAPE);
    assert_null(l.position);
    assert_int_equal(nn_layout_dense(&l, SLOTS, 0), NN_ERR_SHAPE);
}

/* Every element has a slot of its own, and the slot is the one that the formula of nn_grid gives.
 */
static void test_grid(void **state)
{
    (void)state;
    nn_layout l;
    nn_shape shape = {5, 3, 3};
    nn_grid grid = {.row = 8, .gap = 2, .block = 64};
    int seen[SLOTS] = {0};
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_OK);
    assert_int_equal(l.period, 128); /* 4 channels in the first block, the fifth in the second */
    assert_int_equal(l.position[0], 0);
    assert_int_equal(l.position[1], 2);   /* x = 1 */
    assert_int_equal(l.position[3], 16);  /* y = 1 */
    assert_int_equal(l.position[9], 1);   /* c = 1: right neighbour */
    assert_int_equal(l.position[18], 8);  /* c = 2: the row below */
    assert_int_equal(l.position[36], 64); /* c = 4: next block */
    assert_int_equal(l.extent, 64 + 2 * 16 + 4 + 1);
    for (size_t e = 0; e < l.count; e++)
        assert_int_equal(seen[l.position[e]]++, 0);
    nn_layout_clear(&l);
    grid.row = 5; /* 3 columns with gap 2 need 6 */
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
    grid = (nn_grid){.row = 8, .gap = 2, .block = 40};
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
    grid = (nn_grid){.row = 8, .gap = 1, .block = 64}; /* 5 blocks of 64 */
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
}

static void test_move(void **state)
{
    (void)state;
    nn_layout l, input;
    const int generator[2] = {5, 3}, wide[2] = {7, 3};
    assert_int_equal(nn_layout_dense(&l, 64, 10), NN_OK); /* 4 replicas, 6 slots to spare */
    assert_int_equal(nn_layout_move(&l, generator, 1), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_move(&l, generator, 2), NN_OK);
    /* Subset sums 8, 5, 3, 0, largest first. */
    assert_int_equal(l.start[0], 8);
    assert_int_equal(l.start[1], 16 + 5);
    assert_int_equal(l.start[2], 32 + 3);
    assert_int_equal(l.start[3], 48);
    /* Sums 10, 7, 3, 0: the gaps 3, 4, 3 are within 6. */
    assert_int_equal(nn_layout_move(&l, wide, 2), NN_OK);
    /* Sums 14, 7, 7, 0: gap 7 is not. */
    assert_int_equal(nn_layout_move(&l, (const int[]){7, 7}, 2), NN_ERR_SHAPE);
    assert_int_equal(l.start[0], 10);                        /* unchanged by the failure */
    assert_int_equal(nn_layout_dense(&input, 64, 7), NN_OK); /* period 8 */
    assert_int_equal(nn_layout_align(&l, &input), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_align(&input, &l), NN_ERR_SHAPE); /* 7 of 8 used: no slack */
    nn_layout_clear(&input);
    assert_int_equal(nn_layout_dense(&input, 64, 3), NN_OK); /* period 4: slack 1, gaps up to 4 */
    assert_int_equal(nn_layout_align(&input, &l), NN_ERR_SHAPE);
    nn_layout_clear(&input);
    assert_int_equal(nn_layout_dense(&input, 64, 10), NN_OK);
    assert_int_equal(nn_layout_align(&input, &l), NN_OK);
    assert_memory_equal(input.start, l.start, 4 * sizeof *l.start);
    assert_int_equal(nn_layout_move(&l, NULL, 0), NN_OK);
    assert_int_equal(l.generators, 0);
    assert_int_equal(l.start[1], 16);
    nn_layout_clear(&input);
    nn_layout_clear(&l);
}

static void test_spread_gather(void **state)
{
    (void)state;
    nn_layout l, copy;
    double value[10], back[10], slot[64];
    for (int e = 0; e < 10; e++)
        value[e] = e + 1;
    assert_int_equal(nn_layout_dense(&l, 64, 10), NN_OK);
    assert_int_equal(nn_layout_move(&l, (const int[]){5, 3}, 2), NN_OK);
    assert_int_equal(nn_layout_copy(&copy, &l), NN_OK);
    nn_layout_spread(&copy, slot, value);
    int filled = 0;
    for (int j = 0; j < 64; j++)
        filled += slot[j] != 0.0;
    assert_int_equal(filled, 40);
    assert_true(slot[21 + 9] == 10.0);
    nn_layout_gather(&copy, back, slot);
    assert_memory_equal(value, back, sizeof value);
    nn_layout_clear(&l);
    nn_layout_clear(&copy);
    nn_layout_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pow2),          cmocka_unit_test(test_dense),
        cmocka_unit_test(test_grid),          cmocka_unit_test(test_move),
        cmocka_unit_test(test_spread_gather),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
