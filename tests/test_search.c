/* Ways and candidates: what is kept, what is offered. */
#include "nn/search.h"

#include "tests/stages.h"
#include "tests/testing.h"

static void search_init(nn_search *s, const nn_stages *stages, nn_ways *ways)
{
    static const nn_turn_price price[4] = {{1.0, 4.0, 3.0, 0.5, 2.0, 1.5},
                                           {1.0, 4.0, 3.0, 0.5, 2.0, 1.5},
                                           {1.0, 4.0, 3.0, 0.5, 2.0, 1.5},
                                           {1.0, 4.0, 3.0, 0.5, 2.0, 1.5}};
    memset(ways, 0, 4 * sizeof *ways);
    *s = (nn_search){.stages = stages, .slots = 256, .price = price, .ways = ways};
}

static void search_clear(nn_search *s, size_t count)
{
    for (size_t k = 0; k < count; k++)
        for (size_t n = 0; n < s->ways[k].count; n++)
            nn_way_clear(&s->ways[k].way[n]);
}

static void offer_dense(nn_search *s, size_t period, double cost)
{
    nn_way w = {.cost = cost};
    assert_int_equal(nn_layout_dense(&w.at.layout, 256, period, 3), NN_OK);
    assert_int_equal(nn_search_offer(s, 0, &w), NN_OK);
    assert_null(w.at.layout.first); /* taken over or released */
}

/* Of one layout the two cheapest ways stay, of all the cheapest. */
static void test_offer(void **state)
{
    (void)state;
    nn_search s;
    nn_ways *ways = malloc(4 * sizeof *ways);
    search_init(&s, NULL, ways);
    const double costs[] = {5.0, 7.0, 6.0, 9.0, 1.0};
    for (int k = 0; k < 5; k++)
        offer_dense(&s, 4, costs[k]);
    assert_int_equal(ways[0].count, NN_SEARCH_SAME);
    double sum = 0.0;
    for (size_t n = 0; n < ways[0].count; n++)
        sum += ways[0].way[n].cost;
    assert_true(sum == 6.0); /* 1 and 5 */
    search_clear(&s, 1);
    memset(ways, 0, sizeof *ways);
    /* More layouts than there is room for: sparse ones at every place. */
    for (uint32_t k = 0; k < 2 * NN_SEARCH_WIDTH; k++) {
        nn_way w = {.cost = (double)(k * 37 % (2 * NN_SEARCH_WIDTH))};
        assert_int_equal(nn_layout_replicas(&w.at.layout, 256, 3, &k, 1), NN_OK);
        assert_int_equal(nn_search_offer(&s, 0, &w), NN_OK);
    }
    assert_int_equal(ways[0].count, NN_SEARCH_WIDTH);
    for (size_t n = 0; n < ways[0].count; n++)
        assert_true(ways[0].way[n].cost < NN_SEARCH_WIDTH);
    search_clear(&s, 1);
    free(ways);
}

/* The route of a way is split and paid for. */
static void test_cost(void **state)
{
    (void)state;
    testing_rng rng;
    nn_search s;
    nn_stages stages = {.input = {16, 1, 1}};
    nn_ways *ways = malloc(4 * sizeof *ways);
    testing_rng_init(&rng, testing_seed());
    stages_dense(&stages, stages.input, 16, &rng);
    search_init(&s, &stages, ways);
    nn_way w = {.cost = 100.0};
    nn_layout in;
    assert_int_equal(nn_layout_dense(&in, 256, 0, 16), NN_OK);
    assert_int_equal(nn_layout_dense(&w.at.layout, 256, 0, 16), NN_OK);
    assert_int_equal(
        nn_route_find(&w.route, NN_ROUTE_PERIODIC, &stages.stage[0].affine, &in, &w.at.layout),
        NN_OK);
    assert_int_equal(nn_search_offer(&s, 1, &w), NN_OK);
    /* 16 diagonals at 0.5 and rotations at 27, see test_turns.c. */
    assert_true(fabs(ways[1].way[0].cost - 135.0) < 1e-12);
    search_clear(&s, 2);
    nn_layout_clear(&in);
    nn_stages_clear(&stages);
    free(ways);
}

static void test_candidates(void **state)
{
    (void)state;
    nn_candidate from = {.grid = {8, 1, 64}}, c[NN_SEARCH_CANDIDATES + 1] = {0};
    nn_stage stage = {.in = {1, 8, 8}, .out = {5, 4, 4}};
    int count = 0, grids = 0, dense = 0, runs = 0;
    assert_int_equal(nn_layout_grid(&from.layout, 256, stage.in, from.grid), NN_OK);
    assert_int_equal(nn_candidates_find(c, &count, &from, &stage), NN_OK);
    for (int k = 0; k < count; k++) {
        assert_int_equal(c[k].layout.count, 80);
        assert_int_equal(c[k].layout.slots, 256);
        grids += c[k].grid.gap == 2;
        dense += c[k].grid.gap == 0 && c[k].layout.period < 256;
        runs += c[k].layout.extent == 0;
        for (int i = 0; i < k; i++) /* no two alike */
            assert_true(c[i].layout.first[80] != c[k].layout.first[80] ||
                        memcmp(c[i].layout.slot, c[k].layout.slot,
                               c[k].layout.first[80] * sizeof(uint32_t)) != 0);
    }
    assert_int_equal(grids, 1); /* both gaps are 2 */
    assert_int_equal(dense, 1);
    assert_true(runs >= 2); /* 4 or 2 blocks, dense runs or pieces of the grid */
    nn_candidates_clear(c, count);
    /* An input that is not periodic: longer periods instead of runs. */
    nn_layout_clear(&from.layout);
    const uint32_t start = 7;
    assert_int_equal(nn_layout_replicas(&from.layout, 256, 64, &start, 1), NN_OK);
    from.grid = (nn_grid){0};
    assert_int_equal(nn_candidates_find(c, &count, &from, &stage), NN_OK);
    assert_int_equal(count, 2); /* periods 128 and 256 */
    for (int k = 0; k < count; k++)
        assert_true(c[k].layout.extent == 80);
    nn_candidates_clear(c, count);
    nn_layout_clear(&from.layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
