/* Layouts: slots against the formulas of nn/slots/layout.h, elements that must not meet. */
#include "nn/slots/layout.h"

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

/* Every slot holds one element at most, and the list agrees with nn_layout_to_slots. */
static void check_slots(const nn_layout *l)
{
    uint32_t *element = malloc(l->parts * l->slots * sizeof *element);
    size_t filled = 0;
    nn_layout_to_slots(l, element);
    for (size_t j = 0; j < l->parts * l->slots; j++)
        filled += element[j] != NN_LAYOUT_EMPTY;
    assert_int_equal(filled, l->first[l->count]);
    for (size_t e = 0; e < l->count; e++)
        for (size_t k = l->first[e]; k < l->first[e + 1]; k++)
            assert_int_equal(element[l->slot[k]], e);
    free(element);
}

static void test_dense(void **state)
{
    (void)state;
    nn_layout l;
    for (size_t period = 0; period <= 64; period += 64) {
        assert_int_equal(nn_layout_dense(&l, SLOTS, period, 10), NN_OK);
        assert_int_equal(l.period, period == 0 ? 16 : 64);
        assert_int_equal(nn_layout_copies(&l, 0), SLOTS / l.period);
        for (size_t e = 0; e < 10; e++)
            for (size_t c = 0; c < SLOTS / l.period; c++)
                assert_int_equal(l.slot[l.first[e] + c], c * l.period + e);
        check_slots(&l);
        nn_layout_clear(&l);
    }
    assert_int_equal(nn_layout_dense(&l, SLOTS, 2 * SLOTS, 1), NN_ERR_SHAPE);
    assert_null(l.first);
    assert_int_equal(nn_layout_dense(&l, SLOTS, 8, 10), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_dense(&l, SLOTS, 0, 0), NN_ERR_SHAPE);
}

/* Every element has a slot of its own, and the slot is the one that the formula of nn_grid gives.
 */
static void test_grid(void **state)
{
    (void)state;
    nn_layout l;
    nn_shape shape = {5, 3, 3};
    nn_grid grid = {.row = 8, .gap = 2, .block = 64};
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_OK);
    assert_int_equal(l.period, 128); /* 4 channels in the first block, the fifth in the second */
    assert_int_equal(nn_layout_place(&l, 0), 0);
    assert_int_equal(nn_layout_place(&l, 1), 2);   /* x = 1 */
    assert_int_equal(nn_layout_place(&l, 3), 16);  /* y = 1 */
    assert_int_equal(nn_layout_place(&l, 9), 1);   /* c = 1: right neighbour */
    assert_int_equal(nn_layout_place(&l, 18), 8);  /* c = 2: the row below */
    assert_int_equal(nn_layout_place(&l, 36), 64); /* c = 4: next block */
    assert_int_equal(l.extent, 64 + 2 * 16 + 4 + 1);
    check_slots(&l);
    nn_layout_clear(&l);
    grid.row = 5; /* 3 columns with gap 2 need 6 */
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
    grid = (nn_grid){.row = 8, .gap = 2, .block = 40};
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
    grid = (nn_grid){.row = 8, .gap = 1, .block = 2 * SLOTS};
    assert_int_equal(nn_layout_grid(&l, SLOTS, shape, grid), NN_ERR_SHAPE);
}

/* Blocks need not be powers of two: they follow each other without a gap. */
static void test_blocks(void **state)
{
    (void)state;
    nn_layout l;
    nn_grid grid = {.row = 6, .gap = 1, .block = 36};
    assert_int_equal(nn_layout_grid(&l, SLOTS, (nn_shape){7, 6, 6}, grid), NN_OK);
    assert_int_equal(l.parts, 1);
    assert_int_equal(l.period, SLOTS);
    for (size_t e = 0; e < 7 * 36; e++)
        assert_int_equal(nn_layout_place(&l, e), e);
    check_slots(&l);
    nn_layout_clear(&l);
}

/* Tensors that do not fit are cut by channels, or by elements, into parts that look alike. */
static void test_parts(void **state)
{
    (void)state;
    nn_layout l, copy;
    nn_grid grid = {.row = 8, .gap = 1, .block = 64};
    assert_int_equal(nn_layout_grid(&l, SLOTS, (nn_shape){9, 8, 8}, grid), NN_OK);
    assert_int_equal(l.parts, 3); /* 4 blocks a part would do, 3 each are equal */
    for (size_t e = 0; e < 9 * 64; e++)
        assert_int_equal(nn_layout_place(&l, e), e / 192 * SLOTS + e % 192);
    check_slots(&l);
    assert_int_equal(nn_layout_copy(&copy, &l), NN_OK);
    assert_true(nn_layout_equal(&copy, &l));
    nn_layout_clear(&copy);
    assert_int_equal(nn_layout_move(&l, NULL, 0), NN_ERR_SHAPE);
    nn_layout_clear(&l);
    assert_int_equal(nn_layout_dense(&l, SLOTS, 0, SLOTS + 1), NN_OK);
    assert_int_equal(l.parts, 2);
    assert_int_equal(l.period, SLOTS);
    assert_int_equal(nn_layout_place(&l, 128), 128); /* 129 and 128 elements */
    assert_int_equal(nn_layout_place(&l, 129), SLOTS);
    check_slots(&l);
    double value[SLOTS + 1], back[SLOTS + 1], slot[2 * 4 * SLOTS] = {0};
    for (size_t e = 0; e <= SLOTS; e++)
        value[e] = (double)e + 1.0;
    nn_layout_spread(&l, slot, 4, 3, value);
    assert_true(slot[4 * SLOTS + 3] == 130.0); /* the second part stands behind all of the first */
    nn_layout_gather(&l, back, slot, 4, 3);
    assert_memory_equal(value, back, sizeof value);
    nn_layout_clear(&l);
    assert_int_equal(nn_layout_dense(&l, 16, 0, 16 * NN_PARTS_MAX + 1), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_grid(&l, 64, (nn_shape){NN_PARTS_MAX + 1, 8, 8}, grid),
                     NN_ERR_SHAPE);
}

/* Layouts are equal when every element has the same slots. */
static void test_equal(void **state)
{
    (void)state;
    nn_layout p, q;
    assert_int_equal(nn_layout_dense(&p, SLOTS, 0, 64), NN_OK);
    assert_int_equal(nn_layout_grid(&q, SLOTS, (nn_shape){1, 8, 8}, (nn_grid){8, 1, 64}), NN_OK);
    assert_true(nn_layout_equal(&p, &q));
    nn_layout_clear(&q);
    assert_int_equal(nn_layout_grid(&q, SLOTS, (nn_shape){1, 8, 8}, (nn_grid){9, 1, 128}), NN_OK);
    assert_false(nn_layout_equal(&p, &q));
    nn_layout_clear(&q);
    assert_int_equal(nn_layout_dense(&q, SLOTS, 0, 63), NN_OK);
    assert_false(nn_layout_equal(&p, &q));
    nn_layout_clear(&p);
    nn_layout_clear(&q);
}

static void test_weave(void **state)
{
    (void)state;
    nn_layout l;
    nn_shape shape = {2, 3, 3};
    nn_weave weave = {.row = 6, .gap = 2, .step = 128, .copies = 2, .shift = 5};
    assert_int_equal(nn_layout_weave(&l, SLOTS, shape, weave), NN_OK);
    /* Replicas right, below, below right; then those of the second copy, 64 + 5 slots on. */
    const uint32_t first[8] = {0, 1, 6, 7, 69, 70, 75, 76};
    assert_int_equal(nn_layout_copies(&l, 0), 8);
    for (size_t e = 0; e < l.count; e++) {
        size_t at = e / 9 * 128 + e % 9 / 3 * 12 + e % 3 * 2;
        for (size_t r = 0; r < 8; r++)
            assert_int_equal(l.slot[l.first[e] + r], at + first[r]);
    }
    /* The replicas' distances are all sums of generators. */
    assert_int_equal(l.generators, 3);
    assert_int_equal(l.generator[0] + l.generator[1] + l.generator[2], 1 + 6 + 69);
    check_slots(&l);
    nn_layout_clear(&l);
    weave.shift = 64; /* the second copy of map 0 lies on map 1 */
    assert_int_equal(nn_layout_weave(&l, SLOTS, shape, weave), NN_ERR_SHAPE);
    assert_null(l.first);
    weave = (nn_weave){.row = 5, .gap = 2, .step = 128, .copies = 1};
    assert_int_equal(nn_layout_weave(&l, SLOTS, shape, weave), NN_ERR_SHAPE);
    weave = (nn_weave){.row = 6, .gap = 2, .step = SLOTS, .copies = 1};
    assert_int_equal(nn_layout_weave(&l, SLOTS, shape, weave), NN_ERR_SHAPE);
}

/* Channels that share a grid, with replicas between them, and the whole again, turned. */
static void test_turned(void **state)
{
    (void)state;
    nn_layout l;
    nn_shape shape = {6, 2, 2};
    nn_weave weave = {
        .row = 8, .gap = 2, .step = 64, .copies = 1, .inner = 2, .turn = 32}; /* 2 blocks */
    assert_int_equal(nn_layout_weave(&l, SLOTS, shape, weave), NN_OK);
    assert_int_equal(l.period, 128);
    assert_int_equal(nn_layout_copies(&l, 0), 8);
    for (size_t e = 0; e < l.count; e++) {
        size_t c = e / 4, y = e / 2 % 2, x = e % 2;
        for (size_t r = 0; r < 8; r++) {
            size_t row = (2 * y + r / 2 % 2) * 2 + c % 4 / 2, column = (2 * x + r % 2) * 2 + c % 2;
            size_t at = c / 4 * 64 + row * 8 + column;
            assert_int_equal(l.slot[l.first[e] + r], r / 4 * 128 + (at + r / 4 * 32) % 128);
        }
    }
    const int generators[3] = {2, 16, 32};
    assert_int_equal(l.generators, 3);
    assert_memory_equal(l.generator, generators, sizeof generators);
    check_slots(&l);
    nn_layout_clear(&l);
    /* Turned alone: replicas of a grid. */
    weave = (nn_weave){.row = 8, .gap = 1, .step = 64, .copies = 1, .turn = 16};
    assert_int_equal(nn_layout_weave(&l, SLOTS, (nn_shape){1, 8, 8}, weave), NN_OK);
    assert_int_equal(nn_layout_copies(&l, 5), 4);
    for (size_t q = 0; q < 4; q++)
        assert_int_equal(l.slot[l.first[60] + q], 64 * q + (60 + 16 * q) % 64);
    check_slots(&l);
    nn_layout_clear(&l);
}

static void test_runs(void **state)
{
    (void)state;
    nn_layout l, run;
    assert_int_equal(nn_layout_dense(&run, 64, 0, 3), NN_OK);
    assert_int_equal(nn_layout_runs(&l, SLOTS, 10, 64, &run), NN_OK);
    for (size_t e = 0; e < 10; e++) {
        assert_int_equal(nn_layout_copies(&l, e), 1);
        assert_int_equal(nn_layout_place(&l, e), e / 3 * 64 + e % 3);
    }
    assert_int_equal(l.period, SLOTS);
    nn_layout_clear(&l);
    assert_int_equal(nn_layout_runs(&l, SLOTS, 13, 64, &run), NN_ERR_SHAPE); /* 5 runs, 4 blocks */
    assert_int_equal(nn_layout_runs(&l, SLOTS, 10, 2, &run), NN_ERR_SHAPE);
    nn_layout_clear(&run);
}

static void test_replicas(void **state)
{
    (void)state;
    nn_layout l;
    const uint32_t start[3] = {250, 10, 40}, close[2] = {0, 9};
    assert_int_equal(nn_layout_replicas(&l, SLOTS, 10, start, 3), NN_OK);
    for (size_t e = 0; e < 10; e++)
        for (size_t r = 0; r < 3; r++)
            assert_int_equal(l.slot[l.first[e] + r], (start[r] + e) % SLOTS);
    check_slots(&l);
    nn_layout_clear(&l);
    assert_int_equal(nn_layout_replicas(&l, SLOTS, 10, close, 2), NN_ERR_SHAPE);
    assert_null(l.first);
    assert_int_equal(nn_layout_replicas(&l, SLOTS, 10, close, 0), NN_ERR_SHAPE);
}

/* Any contents go into a layout and come out again. */
static void test_from_slots(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(50); k++) {
        uint32_t element[64], back[64];
        size_t count = 1 + testing_below(&rng, 20);
        nn_layout l;
        for (int j = 0; j < 64; j++)
            element[j] = testing_below(&rng, 3) == 0 ? NN_LAYOUT_EMPTY
                                                     : (uint32_t)testing_below(&rng, count);
        assert_int_equal(nn_layout_from_slots(&l, 64, count, element), NN_OK);
        check_slots(&l);
        nn_layout_to_slots(&l, back);
        assert_memory_equal(element, back, sizeof back);
        nn_layout_clear(&l);
        element[testing_below(&rng, 64)] = (uint32_t)count;
        assert_int_equal(nn_layout_from_slots(&l, 64, count, element), NN_ERR_SHAPE);
        assert_null(l.first);
    }
}

static void test_move(void **state)
{
    (void)state;
    nn_layout l, input;
    const int generator[2] = {5, 3}, wide[2] = {7, 3};
    assert_int_equal(nn_layout_dense(&l, 64, 0, 10), NN_OK); /* 4 replicas, 6 slots to spare */
    assert_int_equal(nn_layout_move(&l, generator, 1), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_move(&l, generator, 2), NN_OK);
    /* Subset sums 8, 5, 3, 0, largest first. */
    const uint32_t moved[4] = {8, 16 + 5, 32 + 3, 48};
    for (size_t e = 0; e < 10; e++)
        for (size_t c = 0; c < 4; c++)
            assert_int_equal(l.slot[l.first[e] + c], moved[c] + e);
    assert_int_equal(l.base, 8);
    /* Sums 10, 7, 3, 0: the gaps 3, 4, 3 are within 6. */
    assert_int_equal(nn_layout_move(&l, wide, 2), NN_OK);
    /* Sums 14, 7, 7, 0: gap 7 is not. */
    assert_int_equal(nn_layout_move(&l, (const int[]){7, 7}, 2), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_place(&l, 0), 10);               /* unchanged by the failure */
    assert_int_equal(nn_layout_dense(&input, 64, 0, 7), NN_OK); /* period 8 */
    assert_int_equal(nn_layout_align(&l, &input), NN_ERR_SHAPE);
    assert_int_equal(nn_layout_align(&input, &l), NN_ERR_SHAPE); /* 7 of 8 used: no slack */
    nn_layout_clear(&input);
    assert_int_equal(nn_layout_dense(&input, 64, 0, 3), NN_OK); /* slack 1, gaps up to 4 */
    assert_int_equal(nn_layout_align(&input, &l), NN_ERR_SHAPE);
    nn_layout_clear(&input);
    assert_int_equal(nn_layout_dense(&input, 64, 0, 10), NN_OK);
    assert_int_equal(nn_layout_align(&input, &l), NN_OK);
    assert_memory_equal(input.slot, l.slot, 40 * sizeof *l.slot);
    assert_int_equal(nn_layout_move(&l, NULL, 0), NN_OK);
    assert_int_equal(l.generators, 0);
    assert_int_equal(l.slot[l.first[2] + 1], 18);
    nn_layout_clear(&input);
    nn_layout_clear(&l);
}

/* Images side by side: image m of slot j is slot 4 j + m, and others stay as they are. */
static void test_spread_gather(void **state)
{
    (void)state;
    nn_layout l, copy;
    double value[10], back[10], slot[4 * 64] = {0};
    for (int e = 0; e < 10; e++)
        value[e] = e + 1;
    assert_int_equal(nn_layout_dense(&l, 64, 0, 10), NN_OK);
    assert_int_equal(nn_layout_move(&l, (const int[]){5, 3}, 2), NN_OK);
    assert_int_equal(nn_layout_copy(&copy, &l), NN_OK);
    nn_layout_spread(&copy, slot, 4, 2, value);
    for (int j = 0; j < 4 * 64; j++)
        assert_true(j % 4 == 2 || slot[j] == 0.0);
    int filled = 0;
    for (int j = 0; j < 4 * 64; j++)
        filled += slot[j] != 0.0;
    assert_int_equal(filled, 40);
    assert_true(slot[4 * (21 + 9) + 2] == 10.0);
    nn_layout_gather(&copy, back, slot, 4, 2);
    assert_memory_equal(value, back, sizeof value);
    nn_layout_clear(&l);
    nn_layout_clear(&copy);
    nn_layout_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pow2),          cmocka_unit_test(test_dense),
        cmocka_unit_test(test_grid),          cmocka_unit_test(test_weave),
        cmocka_unit_test(test_runs),          cmocka_unit_test(test_replicas),
        cmocka_unit_test(test_from_slots),    cmocka_unit_test(test_move),
        cmocka_unit_test(test_spread_gather), cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_equal),
        cmocka_unit_test(test_turned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
