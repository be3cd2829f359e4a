/* The list of families: which there are, in which order, and that tiles fit what callers reserve.
 */
#include "tests/testing.h"

#include "train/tile.h"

static void test_list(void **state)
{
    int count = 0;
    (void)state;
    while (train_tile_list(count) != NULL)
        count++;
    assert_true(count >= 1);
    assert_ptr_equal(train_tile_list(count - 1), train_tile_portable());
    assert_null(train_tile_list(count + 1));
    for (int i = 0; i < count; i++) {
        const train_tile *t = train_tile_list(i);
        assert_true(t->rows >= 1 && t->rows <= TRAIN_TILE_MOST_ROWS);
        assert_true(t->lanes >= 1 && t->lanes <= TRAIN_TILE_MOST_LANES);
        assert_int_equal(t->fused, i < count - 1);
        if (i > 0)
            assert_true(t->rows * t->lanes <=
                        train_tile_list(i - 1)->rows * train_tile_list(i - 1)->lanes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
