/* Candidate layouts: all different, all fit, and the ones that a convolution wants are among them.
 */
#include "nn/slots/candidates.h"

#include "tests/testing.h"

static int holds(const nn_candidate *c, int count, const nn_layout *l)
{
    int n = 0;
    for (int k = 0; k < count; k++)
        n += nn_layout_equal(&c[k].layout, l);
    return n;
}

static void check_candidates(const nn_candidate *c, int count, size_t elements, size_t slots)
{
    assert_true(count >= 1 && count <= NN_CANDIDATES_MAX);
    for (int k = 0; k < count; k++) {
        assert_int_equal(c[k].layout.count, elements);
        assert_int_equal(c[k].layout.slots, slots);
        assert_int_equal(holds(c, count, &c[k].layout), 1);
    }
}

static void test_strided(void **state)
{
    (void)state;
    nn_candidate from = {.grid = {8, 1, 64}}, c[NN_CANDIDATES_MAX + 1] = {0};
    nn_shape in = {1, 8, 8}, out = {5, 4, 4};
    nn_layout want;
    int count = 0, dense = 0, runs = 0, pieces = 0;
    assert_int_equal(nn_layout_grid(&from.layout, 256, in, from.grid), NN_OK);
    assert_int_equal(nn_candidates_find(c, &count, &from, in, out, 0), NN_OK);
    check_candidates(c, count, 80, 256);
    assert_int_equal(nn_layout_grid(&want, 256, out, (nn_grid){8, 2, 64}), NN_OK);
    assert_int_equal(holds(c, count, &want), 1);
    for (int k = 0; k < count; k++) {
        dense += c[k].grid.gap == 0 && c[k].layout.extent == 80;
        runs += c[k].grid.gap == 0 && c[k].layout.extent == 0;
        pieces += c[k].grid.gap == 2 && c[k].layout.extent == 0;
    }
    assert_int_equal(dense, 1);
    assert_true(runs >= 1 && pieces >= 1); /* 4 or 2 blocks, dense runs or pieces of the grid */
    nn_candidates_clear(c, count);
    nn_layout_clear(&want);
    nn_layout_clear(&from.layout);
}

/* An input that is not periodic: longer periods instead of runs. */
static void test_not_periodic(void **state)
{
    (void)state;
    nn_candidate from = {.grid = {0}}, c[NN_CANDIDATES_MAX + 1] = {0};
    const uint32_t start = 7;
    int count = 0;
    assert_int_equal(nn_layout_replicas(&from.layout, 256, 64, &start, 1), NN_OK);
    assert_int_equal(
        nn_candidates_find(c, &count, &from, (nn_shape){1, 8, 8}, (nn_shape){5, 4, 4}, 0), NN_OK);
    check_candidates(c, count, 80, 256);
    assert_int_equal(count, 2); /* periods 128 and 256 */
    for (int k = 0; k < count; k++)
        assert_true(c[k].layout.extent == 80);
    nn_candidates_clear(c, count);
    nn_layout_clear(&from.layout);
}

/* Full ciphertexts: 64 maps of 32x32, and 128 of 16x16 behind them on the same grid, in one part or
 * two. */
static void test_full(void **state)
{
    (void)state;
    for (size_t slots = 32768; slots <= 65536; slots *= 2) {
        nn_candidate from = {.grid = {32, 1, 1024}}, c[NN_CANDIDATES_MAX + 1] = {0};
        nn_shape in = {64, 32, 32}, out = {128, 16, 16};
        nn_layout want;
        int count = 0;
        assert_int_equal(nn_layout_grid(&from.layout, slots, in, from.grid), NN_OK);
        assert_int_equal(from.layout.parts, 65536 / slots);
        assert_int_equal(nn_candidates_find(c, &count, &from, in, in, 0), NN_OK);
        check_candidates(c, count, 65536, slots);
        assert_int_equal(holds(c, count, &from.layout), 1);
        nn_candidates_clear(c, count);
        assert_int_equal(nn_candidates_find(c, &count, &from, in, out, 0), NN_OK);
        check_candidates(c, count, 32768, slots);
        assert_int_equal(nn_layout_grid(&want, slots, out, (nn_grid){32, 2, 1024}), NN_OK);
        assert_int_equal(want.parts, 1);
        assert_int_equal(want.period, 32768);
        assert_int_equal(holds(c, count, &want), 1);
        nn_candidates_clear(c, count);
        nn_layout_clear(&want);
        nn_layout_clear(&from.layout);
    }
}

/* Behind a pool, replicas fill the places between the elements, and what is left is filled by
 * replicas of the whole, each set off. */
static void test_few(void **state)
{
    (void)state;
    for (size_t slots = 512; slots <= 2048; slots *= 2) {
        nn_candidate from = {.grid = {8, 1, 64}}, c[NN_CANDIDATES_MAX + 1] = {0};
        nn_shape in = {8, 8, 8}, out = {8, 4, 4};
        int count = 0, woven = 0;
        assert_int_equal(nn_layout_grid(&from.layout, slots, in, from.grid), NN_OK);
        assert_int_equal(nn_candidates_find(c, &count, &from, in, out, 1), NN_OK);
        check_candidates(c, count, 128, slots);
        for (int k = 0; k < count; k++) {
            if (c[k].layout.generators == 0)
                continue;
            woven++;
            assert_int_equal(c[k].grid.gap, 2);
            assert_int_equal(nn_layout_copies(&c[k].layout, 0), slots / 128);
        }
        assert_int_equal(woven, slots == 512 ? 1 : 2);
        nn_candidates_clear(c, count);
        /* At stride 1 only the whole can be turned. */
        assert_int_equal(nn_candidates_find(c, &count, &from, in, in, 1), NN_OK);
        woven = 0;
        for (int k = 0; k < count; k++)
            woven += c[k].layout.generators > 0;
        assert_int_equal(woven, slots == 512 ? 0 : 2);
        nn_candidates_clear(c, count);
        nn_layout_clear(&from.layout);
    }
    nn_affine pool, dense;
    double row[64];
    for (int k = 0; k < 64; k++)
        row[k] = 1.0;
    assert_int_equal(nn_affine_diagonal(&pool, 64, row, NULL), NN_OK);
    assert_int_equal(nn_affine_dense(&dense, 1, 64, row, NULL), NN_OK);
    assert_int_equal(nn_candidates_few(&pool), 1);
    assert_int_equal(nn_candidates_few(&dense), 0);
    nn_affine_clear(&pool);
    nn_affine_clear(&dense);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strided),
        cmocka_unit_test(test_not_periodic),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
