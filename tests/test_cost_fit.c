/* Unit times from samples: what made the samples comes back, noise does little, nonsense is
 * refused. */
#include "nn/slots/cost.h"

#include "tests/testing.h"

static const nn_cost_sample kinds[] = {
    {NN_COST_ADD, 13, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_ENCODE, 13, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_RESCALE, 13, 6, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_RESCALE, 14, 2, 1, 1, 0, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 13, 4, 1, 1, 1, 0, 0, 0, 0.0},
    {NN_COST_ROTATE, 14, 3, 3, 3, 1, 0, 0, 0, 0.0},
    {NN_COST_SQUARE, 13, 3, 2, 2, 1, 0, 0, 0, 0.0},
    {NN_COST_SUMS, 13, 3, 1, 1, 0, 0, 0, 64, 0.0},
    {NN_COST_TRANSFORM, 13, 4, 1, 1, 0, 15, 0, 16, 0.0},
    {NN_COST_TRANSFORM, 14, 3, 2, 2, 0, 3, 5, 96, 0.0},
};
enum { COUNT = sizeof kinds / sizeof kinds[0] };

static double time_of(const nn_costs *c, const nn_cost_sample *s)
{
    nn_costs cached = *c;
    nn_cost_at at = {c, s->log_n, s->limbs, s->special, s->alpha, 0.0};
    cached.key_memory_ns = c->key_cached_ns;
    if (s->cached)
        at.costs = &cached;
    switch (s->operation) {
    case NN_COST_ADD:
        return nn_cost_add(&at);
    case NN_COST_ENCODE:
        return nn_cost_encode(&at);
    case NN_COST_RESCALE:
        return nn_cost_rescale(&at, s->limbs, 1);
    case NN_COST_ROTATE:
        return nn_cost_switch(&at, 0);
    case NN_COST_SQUARE:
        return nn_cost_square(&at, 1);
    case NN_COST_SUMS:
        return nn_cost_sums(&at, s->diagonals);
    default:
        return nn_cost_base(&at, s->babies, 0) + s->babies * nn_cost_baby(&at) +
               s->giants * nn_cost_giant(&at, 0) + s->diagonals * nn_cost_diagonal(&at);
    }
}

/* A table without a price, and what it foretells. */
static nn_costs make(nn_cost_sample *sample)
{
    nn_costs c = *nn_costs_builtin("avx2");
    c.key_ms_per_mib = 0.0;
    for (int i = 0; i < COUNT; i++) {
        sample[i] = kinds[i];
        sample[i].ms = time_of(&c, &kinds[i]);
    }
    return c;
}

static void assert_near(double a, double b, double relative)
{
    assert_true(fabs(a - b) <= relative * fabs(b));
}

static void assert_table(const nn_costs *a, const nn_costs *b, double relative)
{
    assert_near(a->forward_ns, b->forward_ns, relative);
    assert_near(a->inverse_ns, b->inverse_ns, relative);
    assert_near(a->key_cached_ns, b->key_cached_ns, relative);
    assert_near(a->key_memory_ns, b->key_memory_ns, relative);
    assert_near(a->pair_ns, b->pair_ns, relative);
    assert_near(a->scalar_ns, b->scalar_ns, relative);
    assert_near(a->convert_ns, b->convert_ns, relative);
    assert_near(a->pass_ns, b->pass_ns, relative);
}

static void test_exact(void **state)
{
    (void)state;
    nn_cost_sample sample[COUNT];
    nn_costs truth = make(sample), c = {.kernel = "mine", .key_ms_per_mib = 3.0};
    double misfit = -1.0;
    assert_int_equal(nn_costs_fit(&c, &misfit, sample, COUNT), NN_OK);
    assert_table(&c, &truth, 1e-6);
    assert_true(misfit >= 0.0 && misfit < 1e-6);
    assert_string_equal(c.kernel, "mine");
    assert_true(c.key_ms_per_mib == 3.0);
}

/* Times that are off by a percent foretell every sample to a few. */
static void test_noise(void **state)
{
    (void)state;
    testing_rng rng;
    nn_cost_sample sample[COUNT];
    nn_costs c = make(sample);
    double misfit = 0.0;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < COUNT; i++)
        sample[i].ms *= testing_uniform(&rng, 0.99, 1.01);
    assert_int_equal(nn_costs_fit(&c, &misfit, sample, COUNT), NN_OK);
    assert_true(misfit <= 0.01); /* the true table has that much, the best one no more */
    c.key_ms_per_mib = 0.0;
    for (int i = 0; i < COUNT; i++)
        assert_near(time_of(&c, &sample[i]), sample[i].ms, 0.01 * sqrt(COUNT));
}

/* A unit that the samples would make negative is held at its floor. */
static void test_floor(void **state)
{
    (void)state;
    nn_cost_sample sample[COUNT];
    nn_costs c = make(sample);
    for (int i = 0; i < COUNT; i++)
        if (sample[i].operation == NN_COST_ADD)
            sample[i].ms *= 1e-6;
    assert_int_equal(nn_costs_fit(&c, NULL, sample, COUNT), NN_OK);
    assert_true(c.forward_ns >= 0.01 && c.inverse_ns >= 0.01 && c.convert_ns >= 0.01);
    assert_true(c.pass_ns >= 0.01 && c.key_cached_ns >= 0.01 && c.key_memory_ns >= 0.01);
}

static void test_refusals(void **state)
{
    (void)state;
    nn_cost_sample sample[COUNT];
    nn_costs truth = make(sample), c = truth;
    assert_int_equal(nn_costs_fit(&c, NULL, sample, 5), NN_ERR_ARG);
    sample[3].ms = 0.0;
    assert_int_equal(nn_costs_fit(&c, NULL, sample, COUNT), NN_ERR_ARG);
    sample[3].ms = (double)NAN;
    assert_int_equal(nn_costs_fit(&c, NULL, sample, COUNT), NN_ERR_ARG);
    for (int i = 0; i < COUNT; i++) {
        sample[i] = kinds[0]; /* nothing but sums */
        sample[i].ms = 1.0;
    }
    assert_int_equal(nn_costs_fit(&c, NULL, sample, COUNT), NN_ERR_ARG);
    assert_memory_equal(&c, &truth, sizeof c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
