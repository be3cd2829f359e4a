/* Ways through the first matrix: every one of them computes it, and all manners are offered. */
#include "nn/search.h"

#include "tests/stages.h"
#include "tests/testing.h"

typedef struct world {
    nn_stages stages;
    nn_search s;
    nn_turn_price price[8];
    nn_ways *ways;
} world;

static void world_open(world *w, size_t slots, testing_rng *rng)
{
    nn_shape maps = {3, 4, 4};
    *w = (world){.stages = {.input = {1, 8, 8}}};
    stages_convolution(&w->stages, w->stages.input, maps, 3, 2, 1, rng);
    stages_poly(&w->stages, maps, 2, 0.0);
    stages_dense(&w->stages, maps, 10, rng);
    for (int k = 0; k < 8; k++)
        w->price[k] = (nn_turn_price){1.0, 4.0, 3.0, 0.5, 2.0, 1.5};
    w->ways = calloc(4, sizeof *w->ways);
    w->s = (nn_search){.stages = &w->stages, .slots = slots, .price = w->price, .ways = w->ways};
}

static void world_close(world *w)
{
    for (size_t k = 0; k < 4; k++)
        for (size_t n = 0; n < w->ways[k].count; n++)
            nn_way_clear(&w->ways[k].way[n]);
    free(w->ways);
    nn_stages_clear(&w->stages);
}

/* The image laid out as a way says, the route applied: the maps where the way says. */
static void check_way(const world *w, const nn_way *way, testing_rng *rng)
{
    const nn_affine *a = &w->stages.stage[0].affine;
    const nn_route *r = &way->route;
    size_t slots = w->s.slots;
    double x[64], y[48];
    double *slot = calloc(3 * slots, sizeof *slot), *sum = slot + slots, *want = sum + slots;
    double *value = malloc((size_t)r->count * slots * sizeof *value);
    for (size_t i = 0; i < 64; i++)
        x[i] = testing_uniform(rng, -1.0, 1.0);
    nn_affine_apply(a, y, x);
    for (size_t o = 0; o < 48; o++)
        y[o] -= a->bias[o];
    assert_non_null(way->image.first);
    nn_layout_spread(&way->image, slot, 1, 0, x);
    nn_layout_spread(&way->at.layout, want, 1, 0, y);
    assert_int_equal(nn_route_diagonals(r, value, a, &way->image, &way->at.layout), NN_OK);
    for (size_t j = 0; j < slots; j++)
        for (int d = 0; d < r->count; d++)
            sum[j] += value[(size_t)d * slots + j] * slot[(j + (size_t)r->step[d]) % slots];
    for (int f = 0; f < r->fold_count; f++) {
        for (size_t j = 0; j < slots; j++)
            slot[j] = sum[j] + sum[(j + (size_t)r->fold[f]) % slots];
        memcpy(sum, slot, slots * sizeof *sum);
    }
    for (size_t j = 0; j < slots; j++)
        assert_true(fabs(sum[j] - want[j]) < 1e-12);
    free(slot);
    free(value);
}

/* Gathered for few steps, and woven so that the dense matrix is split. */
static void test_packed(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    int gathered = 0, woven = 0;
    testing_rng_init(&rng, testing_seed());
    world_open(&w, 512, &rng);
    assert_int_equal(nn_search_packed(&w.s), NN_OK);
    for (size_t n = 0; n < w.ways[1].count; n++) {
        const nn_way *way = &w.ways[1].way[n];
        check_way(&w, way, &rng);
        /* 9 taps in 8 blocks of 64 slots, or 4 of 128: two or three steps, four where the phases
         * ask for it. */
        if (way->route.kind == NN_ROUTE_SPLIT) {
            assert_true(way->route.count <= 4);
            gathered++;
        }
        if (way->route.kind == NN_ROUTE_ALIGNED) {
            assert_true(way->at.layout.generators >= 2);
            assert_true(way->route.count <= 16); /* 3x3 taps from 2x2 places */
            woven++;
        }
    }
    assert_true(gathered > 0 && woven > 0);
    world_close(&w);
}

/* Replicas of the image with offsets, for the first matrix or the second. */
static void test_moved(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    int split = 0, aligned = 0;
    testing_rng_init(&rng, testing_seed());
    world_open(&w, 1024, &rng);
    nn_way plain = {.at.grid = {8, 1, 128}};
    assert_int_equal(nn_layout_grid(&plain.at.layout, 1024, w.stages.input, plain.at.grid), NN_OK);
    assert_int_equal(nn_search_offer(&w.s, 0, &plain), NN_OK);
    assert_int_equal(nn_search_moved(&w.s, 0), NN_OK);
    for (size_t n = 0; n < w.ways[1].count; n++) {
        const nn_way *way = &w.ways[1].way[n];
        check_way(&w, way, &rng);
        assert_true(way->image.generators > 0);
        split += way->route.kind == NN_ROUTE_SPLIT;
        aligned += way->route.kind == NN_ROUTE_ALIGNED;
    }
    assert_true(split > 0 && aligned > 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
