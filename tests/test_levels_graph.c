/* The graph of states: small however deep the network, refusals that name the stage. */
#include "nn/levels/levels_graph.h"

#include "tests/levels_world.h"

static void test_small(void **state)
{
    (void)state;
    testing_rng rng;
    nn_levels *l = NULL;
    size_t furthest = 0;
    double bits = 0.0;
    static world w;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    size_t v = 0;
    for (int k = 0; k < 12; k++)
        v = world_square(&w, world_affine(&w, v));
    world_end(&w, &rng, NULL, 2000.0);
    assert_int_equal(nn_levels_create(&l, &w.job, &furthest, &bits), NN_OK);
    assert_int_equal(furthest, 24);
    for (size_t k = 0; k <= l->count; k++)
        assert_in_range(l->layer[k].nodes, 1, 1500);
    /* 12 times a matrix and a square take 12 (20 + 20) bits at the least. */
    double least = nn_levels_least_bits(l);
    assert_true(least > 12 * 34.0 && least < 24 * 48.0);
    assert_int_equal(nn_levels_reach(l, least + 1.0), 24);
    assert_in_range(nn_levels_reach(l, least / 2.0), 6, 20);
    nn_levels_free(l);
    nn_levels_free(NULL);
}

/* Equal states are one: the number of ways is far above the number of states. */
static void test_merged(void **state)
{
    (void)state;
    testing_rng rng;
    nn_levels *l = NULL;
    size_t furthest = 0;
    double bits = 0.0;
    static world w;
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < 4; round++) {
        world_random(&w, &rng, 12, 0);
        world_end(&w, &rng, NULL, 2000.0);
        if (nn_levels_create(&l, &w.job, &furthest, &bits) != NN_OK)
            continue;
        for (size_t k = 0; k <= l->count; k++)
            for (size_t i = 0; i < l->layer[k].nodes; i++)
                for (size_t j = 0; j < i && i < 60; j++) {
                    const nn_level_state *p = &l->layer[k].node[i].state;
                    const nn_level_state *q = &l->layer[k].node[j].state;
                    int equal = p->top == q->top;
                    for (int n = 0; n < p->live; n++)
                        equal =
                            equal && p->dropped[n] == q->dropped[n] && p->scale[n] == q->scale[n];
                    for (int n = p->low; n < p->top; n++)
                        equal = equal && p->size[n] == q->size[n];
                    assert_false(equal);
                }
        nn_levels_free(l);
    }
}

static void test_refusal(void **state)
{
    (void)state;
    testing_rng rng;
    nn_levels *l = NULL;
    size_t furthest = 0;
    double bits = 0.0;
    static world w;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    (void)world_square(&w, world_affine(&w, world_affine(&w, 0)));
    world_end(&w, &rng, NULL, 400.0);
    w.floor[1].weight[0] = 60.0; /* no weights are that fine */
    assert_int_equal(nn_levels_create(&l, &w.job, &furthest, &bits), NN_ERR_PLAN);
    assert_null(l);
    assert_int_equal(furthest, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
