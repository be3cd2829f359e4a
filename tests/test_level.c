/* One choice at a time: summands meet, drops take what is above the floor, shared primes keep their
 * sizes. */
#include "tests/levels_world.h"

static nn_level_state start_at(double bits)
{
    nn_level_state s = {.live = 1};
    s.scale[0] = bits;
    return s;
}

static int apply(world *w, size_t k, const nn_level_state *from, nn_level_choice c,
                 nn_level_state *to, nn_step *step, double *bits)
{
    nn_level_live live[2];
    assert_int_equal(nn_level_alive(&live[0], &w->stages, k), 1);
    assert_int_equal(nn_level_alive(&live[1], &w->stages, k + 1), 1);
    return nn_level_apply(to, step, bits, &w->job, live, k, from, c, 10);
}

static void test_alive(void **state)
{
    (void)state;
    world w;
    nn_level_live live;
    world_begin(&w);
    size_t a = world_affine(&w, 0), b = world_affine(&w, a), c = world_sum(&w, a, b, 1);
    (void)world_affine(&w, c);
    const int counts[] = {1, 1, 2, 1, 1};
    for (size_t k = 0; k <= 4; k++) {
        assert_int_equal(nn_level_alive(&live, &w.stages, k), 1);
        assert_int_equal(live.count, counts[k]);
    }
    assert_int_equal(live.value[0], 4);
}

/* A matrix at scale 2^22 with weights of 2^20: nothing dropped, or what is above the floor. */
static void test_affine(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    nn_level_state from = start_at(22.0), to;
    nn_step step;
    double bits = -1.0;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    (void)world_affine(&w, 0);
    world_end(&w, &rng, NULL, 400.0);
    w.floor[0].out = 18.0;
    w.floor[0].weight[0] = 24.0;
    assert_int_equal(apply(&w, 0, &from, (nn_level_choice){0, 0, -1}, &to, &step, &bits), 1);
    assert_true(to.scale[0] == 46.0 && bits == 0.0 && step.limbs_out == 10);
    assert_int_equal(apply(&w, 0, &from, (nn_level_choice){0, 1, -1}, &to, &step, &bits), 1);
    assert_true(fabs(bits - 28.0) < 1e-12 && fabs(to.scale[0] - 18.0) < 1e-12);
    assert_int_equal(step.limbs_out, 9);
    /* A prime has 24 bits at least, so the weights become finer: 22 + 20 - 24. */
    w.floor[0].weight[0] = 17.0;
    assert_int_equal(apply(&w, 0, &from, (nn_level_choice){0, 1, -1}, &to, &step, &bits), 1);
    assert_true(bits == 24.0 && fabs(step.weight_bits[0] - 20.0) < 1e-12);
    /* Two primes where one suffices are none. */
    assert_int_equal(apply(&w, 0, &from, (nn_level_choice){0, 2, -1}, &to, &step, &bits), 0);
}

/* Summands of unequal scales and limbs: at the lower limbs and at one scale, the larger of them as
 * it is when the other can be brought to it. */
static void test_sum(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    nn_level_state from = start_at(50.0), to;
    nn_step step;
    double bits = -1.0;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    size_t a = world_affine(&w, 0);
    (void)world_sum(&w, 0, a, 1);
    world_end(&w, &rng, NULL, 400.0);
    from.live = 2;
    from.top = 1;
    from.dropped[1] = 1;
    from.scale[1] = 25.0;
    from.size[0] = 30.0;
    w.floor[1].out = 22.0;
    w.floor[1].weight[0] = 5.0;
    w.floor[1].weight[1] = 20.0;
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){1, 0, -1}, &to, &step, &bits), 1);
    assert_int_equal(step.limbs, 9);
    assert_true(step.weight_bits[0] == 0.0 && fabs(step.weight_bits[1] - 25.0) < 1e-12);
    assert_true(to.scale[0] == 50.0);
    /* 25 + 20 is below 50, but 25 + 28 is not: both are multiplied. */
    w.floor[1].weight[1] = 28.0;
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){1, 0, -1}, &to, &step, &bits), 1);
    assert_true(step.weight_bits[0] == 5.0 && step.weight_bits[1] == 30.0);
    /* Its drop is the one prime of 30 bits and a new one. */
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){1, 1, -1}, &to, &step, &bits), 1);
    assert_true(fabs(bits - 33.0) < 1e-12 && to.top == 2);
}

/* A value that still has a prime that another has lost drops that very prime. */
static void test_shared(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    nn_level_state from = start_at(22.0), to;
    nn_step step;
    double bits = -1.0;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    size_t a = world_affine(&w, 0), b = world_affine(&w, 0);
    (void)world_sum(&w, a, b, 1);
    world_end(&w, &rng, NULL, 400.0);
    from.live = 2;
    from.top = 1;
    from.dropped[1] = 1;
    from.scale[1] = 22.0;
    from.size[0] = 31.0;
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){0, 1, -1}, &to, &step, &bits), 1);
    assert_true(bits == 0.0 && step.drop_bits == 31.0 && to.top == 1);
    assert_true(fabs(step.weight_bits[0] + 22.0 - 31.0 - to.scale[1]) < 1e-12);
    nn_level_choice list[NN_LEVEL_CHOICES];
    nn_level_live live;
    assert_int_equal(nn_level_alive(&live, &w.stages, 1), 1);
    assert_int_equal(nn_level_choices(list, &w.job, &live, 1, &from), 8);
}

static void test_product(void **state)
{
    (void)state;
    testing_rng rng;
    world w;
    nn_level_state from = start_at(28.0), to;
    double bits = -1.0;
    testing_rng_init(&rng, testing_seed());
    world_begin(&w);
    size_t a = world_affine(&w, 0);
    (void)world_product(&w, 0, a);
    world_end(&w, &rng, NULL, 400.0);
    from.live = 2;
    from.scale[1] = 25.0;
    w.floor[1].out = 23.0;
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){0, 1, -1}, &to, NULL, &bits), 1);
    assert_true(fabs(bits - 30.0) < 1e-12 && fabs(to.scale[0] - 23.0) < 1e-12);
    w.floor[1].out = 30.0; /* 23 bits make no prime */
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){0, 1, -1}, &to, NULL, &bits), 0);
    assert_int_equal(apply(&w, 1, &from, (nn_level_choice){0, 0, -1}, &to, NULL, &bits), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alive),  cmocka_unit_test(test_affine),  cmocka_unit_test(test_sum),
        cmocka_unit_test(test_shared), cmocka_unit_test(test_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
