/* Ways through the first matrix: every one of them computes it, and all manners are offered. */
#include "nn/slots/search.h"

#include "tests/routes.h"
#include "tests/stages.h"

typedef struct world {
    nn_stages stages;
    nn_search s;
    nn_turn_price price[4];
} world;

static void world_open(world *w, size_t slots, testing_rng *rng)
{
    nn_shape maps = {3, 4, 4};
    *w = (world){.stages = {.input = {1, 8, 8}}};
    stages_convolution(&w->stages, w->stages.input, maps, 3, 2, 1, rng);
    stages_poly(&w->stages, maps, 2, 0.0);
    stages_dense(&w->stages, maps, 10, rng);
    for (int k = 0; k < 4; k++)
        w->price[k] = (nn_turn_price){
            .baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5};
    assert_int_equal(nn_search_open(&w->s, &w->stages, slots, w->price), NN_OK);
}

static void world_close(world *w)
{
    nn_search_close(&w->s);
    nn_stages_clear(&w->stages);
}

/* The image laid out as a way says, the route applied: the maps where the way says. */
static const nn_route *check_way(const world *w, const nn_way *way, testing_rng *rng)
{
    const nn_route *r = &w->s.edges[0].edge[way->edge[0]].route;
    assert_int_equal(w->s.edges[0].edge[way->edge[0]].given, 1);
    routes_check(r, &w->stages.stage[0].affine[0], &w->s.layout[way->at[0]]->layout,
                 &w->s.layout[way->at[1]]->layout, rng);
    return r;
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
    for (size_t n = 0; n < w.s.next->count; n++) {
        const nn_way *way = &w.s.next->way[n];
        const nn_route *r = check_way(&w, way, &rng);
        /* 9 taps in 8 blocks of 64 slots, or 4 of 128: two or three steps, four where the phases
         * ask for it. */
        if (r->kind == NN_ROUTE_SPLIT) {
            assert_true(r->count <= 4);
            gathered++;
        }
        if (r->kind == NN_ROUTE_ALIGNED) {
            assert_true(w.s.layout[way->at[1]]->layout.generators >= 2);
            assert_true(r->count <= 16); /* 3x3 taps from 2x2 places */
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
    uint32_t image = 0;
    testing_rng_init(&rng, testing_seed());
    world_open(&w, 1024, &rng);
    nn_candidate plain = {.grid = {8, 1, 128}};
    assert_int_equal(nn_layout_grid(&plain.layout, 1024, w.stages.input, plain.grid), NN_OK);
    assert_int_equal(nn_search_layout(&w.s, &image, &plain), NN_OK);
    nn_search_begin(&w.s, image);
    assert_int_equal(nn_search_moved(&w.s, &w.s.now->way[0]), NN_OK);
    for (size_t n = 0; n < w.s.next->count; n++) {
        const nn_way *way = &w.s.next->way[n];
        const nn_route *r = check_way(&w, way, &rng);
        assert_true(w.s.layout[way->at[0]]->layout.generators > 0);
        split += r->kind == NN_ROUTE_SPLIT;
        aligned += r->kind == NN_ROUTE_ALIGNED;
    }
    assert_true(split > 0 && aligned > 0);
    world_close(&w);
}

/* An image in several parts has no replicas to move. */
static void test_parts(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    nn_candidate plain = {0};
    uint32_t image = 0;
    testing_rng_init(&rng, testing_seed());
    world_open(&w, 32, &rng);
    assert_int_equal(nn_layout_dense(&plain.layout, 32, 0, 64), NN_OK);
    assert_int_equal(nn_search_layout(&w.s, &image, &plain), NN_OK);
    nn_search_begin(&w.s, image);
    assert_int_equal(nn_search_moved(&w.s, &w.s.now->way[0]), NN_OK);
    assert_int_equal(nn_search_packed(&w.s), NN_OK);
    assert_int_equal(w.s.next->count, 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
