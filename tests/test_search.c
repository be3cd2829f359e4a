/* Ways, layouts and routes: what is kept, what is found once. */
#include "nn/slots/search.h"

#include "tests/stages.h"
#include "tests/testing.h"

static const nn_turn_price prices[4] = {
    {.baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5},
    {.baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5},
    {.baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5},
    {.baby = 1.0, .giant = 4.0, .fold = 3.0, .diagonal = 0.5, .key = 2.0, .fold_key = 1.5}};

static uint32_t dense_of(nn_search *s, size_t period, size_t count)
{
    nn_candidate c = {0};
    uint32_t number = NN_SEARCH_NONE;
    assert_int_equal(nn_layout_dense(&c.layout, s->slots, period, count), NN_OK);
    assert_int_equal(nn_search_layout(s, &number, &c), NN_OK);
    assert_null(c.layout.first); /* taken over or released */
    return number;
}

/* A tensor of one element at some place. */
static uint32_t place_of(nn_search *s, uint32_t place)
{
    nn_candidate c = {0};
    uint32_t number = NN_SEARCH_NONE;
    assert_int_equal(nn_layout_replicas(&c.layout, s->slots, 16, &place, 1), NN_OK);
    assert_int_equal(nn_search_layout(s, &number, &c), NN_OK);
    return number;
}

static void test_layouts(void **state)
{
    (void)state;
    testing_rng rng;
    nn_search s;
    nn_stages stages = {.input = {16, 1, 1}};
    testing_rng_init(&rng, testing_seed());
    stages_dense(&stages, stages.input, 16, &rng);
    assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
    uint32_t a = dense_of(&s, 16, 16), b = dense_of(&s, 32, 16), c = dense_of(&s, 16, 15);
    assert_true(a != b && a != c && b != c);
    assert_int_equal(dense_of(&s, 16, 16), a);
    assert_int_equal(dense_of(&s, 32, 16), b);
    for (uint32_t k = 0; k < 100; k++)
        assert_int_equal(place_of(&s, k), 3 + k);
    assert_int_equal(s.layouts, 103);
    nn_search_close(&s);
    nn_stages_clear(&stages);
}

/* Of ways that lay out what is needed alike the two cheapest stay, of all the cheapest. */
static void test_offer(void **state)
{
    (void)state;
    nn_search s;
    nn_stages stages = {.input = {16, 1, 1}};
    stages_poly(&stages, stages.input, 2, 0.0);
    stages_poly(&stages, stages.input, 2, 0.0);
    assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
    const double costs[] = {5.0, 7.0, 6.0, 9.0, 1.0};
    uint32_t one = dense_of(&s, 16, 16);
    for (int k = 0; k < 5; k++) {
        /* Other histories: value 0 is not needed behind stage 0. */
        nn_search_begin(&s, place_of(&s, (uint32_t)k));
        s.now->way[k].cost = costs[k];
    }
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(nn_search_offer(&s, 0, &s.now->way[k], NN_SEARCH_NONE, one, NULL), NN_OK);
    assert_int_equal(s.next->count, NN_SEARCH_SAME);
    nn_search_advance(&s, 0);
    assert_int_equal(s.now->count, NN_SEARCH_SAME);
    assert_int_equal(s.next->count, 0);
    assert_true(s.now->way[0].cost == 1.0);
    assert_true(s.now->way[1].cost == 5.0);
    assert_int_equal(s.now->way[0].at[1], one);
    assert_int_equal(s.now->way[0].at[0], place_of(&s, 4));
    assert_int_equal(s.now->way[0].at[2], NN_SEARCH_NONE);
    /* More layouts than there is room for. */
    for (uint32_t k = 0; k < 2 * NN_SEARCH_WIDTH; k++) {
        s.now->way[0].cost = (double)(k * 37 % (2 * NN_SEARCH_WIDTH));
        assert_int_equal(
            nn_search_offer(&s, 1, &s.now->way[0], NN_SEARCH_NONE, place_of(&s, k), NULL), NN_OK);
    }
    nn_search_advance(&s, 1);
    assert_int_equal(s.now->count, NN_SEARCH_WIDTH);
    for (size_t n = 0; n < NN_SEARCH_WIDTH; n++)
        assert_true(s.now->way[n].cost == (double)n);
    nn_search_close(&s);
    nn_stages_clear(&stages);
}

/* A value that a later stage takes tells ways apart until that stage is done. */
static void test_live(void **state)
{
    (void)state;
    nn_search s;
    nn_stages stages = {.input = {16, 1, 1}};
    stages_poly(&stages, stages.input, 2, 0.0);
    stages_product(&stages, stages.input, 0, 1);
    assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
    uint32_t one = dense_of(&s, 16, 16);
    for (uint32_t k = 0; k < 5; k++)
        nn_search_begin(&s, place_of(&s, k));
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(nn_search_offer(&s, 0, &s.now->way[k], NN_SEARCH_NONE, one, NULL), NN_OK);
    nn_search_advance(&s, 0);
    assert_int_equal(s.now->count, 5);
    for (size_t k = 0; k < 5; k++)
        assert_int_equal(nn_search_offer(&s, 1, &s.now->way[k], NN_SEARCH_NONE, one, NULL), NN_OK);
    assert_int_equal(s.next->count, NN_SEARCH_SAME);
    nn_search_close(&s);
    nn_stages_clear(&stages);
}

/* A route is found once, split when a way takes it, paid for, and released when none does. */
static void test_edges(void **state)
{
    (void)state;
    testing_rng rng;
    nn_search s;
    nn_stages stages = {.input = {16, 1, 1}};
    testing_rng_init(&rng, testing_seed());
    stages_dense(&stages, stages.input, 16, &rng);
    stages_dense(&stages, stages.input, 16, &rng);
    assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
    uint32_t in = dense_of(&s, 16, 16), out = dense_of(&s, 16, 16), wide = dense_of(&s, 256, 16);
    uint32_t edge = NN_SEARCH_NONE, again = NN_SEARCH_NONE, other = NN_SEARCH_NONE;
    assert_int_equal(nn_search_edge(&s, &edge, 0, 0, in, out), NN_OK);
    assert_int_equal(nn_search_edge(&s, &other, 0, 0, in, wide), NN_OK);
    assert_int_equal(nn_search_edge(&s, &again, 0, 0, in, out), NN_OK);
    assert_int_equal(edge, again);
    assert_int_not_equal(edge, other);
    assert_int_equal(s.edges[0].count, 2);
    assert_int_equal(s.edges[0].edge[edge].split, 0);
    nn_search_begin(&s, in);
    s.now->way[0].cost = 100.0;
    assert_int_equal(nn_search_offer(&s, 0, &s.now->way[0], NN_SEARCH_NONE, out, &edge), NN_OK);
    assert_int_equal(s.edges[0].edge[edge].split, 1);
    /* 16 diagonals at 0.5 and rotations at 27, see test_turns.c. */
    assert_true(fabs(s.next->way[0].cost - 135.0) < 1e-12);
    nn_search_advance(&s, 0);
    assert_int_equal(s.now->way[0].edge[0], edge);
    assert_int_equal(s.edges[0].edge[edge].route.count, 16);
    assert_int_equal(s.edges[0].edge[other].route.count, 0);
    /* Layouts that do not fit have no route, and that is known the second time. */
    for (int k = 0; k < 2; k++) {
        assert_int_equal(nn_search_edge(&s, &edge, 1, 0, out, dense_of(&s, 16, 15)), NN_OK);
        assert_int_equal(edge, NN_SEARCH_NONE);
        assert_int_equal(s.edges[NN_INPUTS_MAX].count, 1);
    }
    nn_search_close(&s);
    nn_stages_clear(&stages);
}

/* Kinds: the identity stays where it is, and sums without meaning keep away from the client and
 * from polynomials of high degree. */
static void test_kinds(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= 8; degree += 3) {
        nn_search s;
        nn_candidate runs = {0};
        nn_layout run;
        nn_stages stages = {.input = {16, 1, 1}};
        uint32_t spread = 0, edge = NN_SEARCH_NONE;
        stages_dense(&stages, stages.input, 16, &rng);
        stages_poly(&stages, stages.input, degree, 0.0);
        stages_dense(&stages, stages.input, 16, &rng);
        stages_sum(&stages, stages.input, 1, NULL, 3, &stages.stage[0].affine[0]);
        assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
        uint32_t dense = dense_of(&s, 16, 16);
        assert_int_equal(nn_layout_dense(&run, 16, 0, 1), NN_OK);
        assert_int_equal(nn_layout_runs(&runs.layout, 256, 16, 16, &run), NN_OK);
        nn_layout_clear(&run);
        assert_int_equal(nn_search_layout(&s, &spread, &runs), NN_OK);
        /* The sum passes value 1 on to the client. */
        assert_int_equal(nn_search_edge(&s, &edge, 0, 0, dense, spread), NN_OK);
        assert_int_equal(s.edges[0].edge[edge].kind, NN_ROUTE_PERIODIC);
        assert_int_equal(nn_search_edge(&s, &edge, 2, 0, dense, spread), NN_OK);
        assert_int_equal(s.edges[2 * NN_INPUTS_MAX].edge[edge].kind, NN_ROUTE_SPREAD);
        assert_int_equal(nn_search_edge(&s, &edge, 3, 0, dense, dense), NN_OK);
        assert_int_equal(s.edges[3 * NN_INPUTS_MAX].edge[edge].kind, NN_ROUTE_SAME);
        assert_int_equal(nn_search_edge(&s, &edge, 3, 0, dense, dense_of(&s, 32, 16)), NN_OK);
        assert_int_equal(s.edges[3 * NN_INPUTS_MAX].edge[edge].kind, NN_ROUTE_PERIODIC);
        nn_search_close(&s);
        /* Without the sum the degree decides. */
        nn_stage_clear(&stages.stage[--stages.count]);
        assert_int_equal(nn_search_open(&s, &stages, 256, prices), NN_OK);
        assert_int_equal(s.quiet[1], degree > 4);
        assert_int_equal(s.quiet[2], 0);
        assert_int_equal(s.quiet[3], 1);
        nn_search_close(&s);
        nn_stages_clear(&stages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts), cmocka_unit_test(test_offer), cmocka_unit_test(test_live),
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
