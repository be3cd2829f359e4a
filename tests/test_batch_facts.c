/* What the search for a batch's schedule goes by: times that add up, kinds of steps. */
#include "nn/batch/batch_facts.h"

#include "tests/stages.h"

static nn_batch_times times_of(const nn_costs *costs, double bound)
{
    nn_batch_times t = {.costs = costs, .log_n = 13, .bound = bound, .first_bits = 46.0};
    nn_batch_times_set(&t, 40.0);
    return t;
}

static void times_and_room(void **state)
{
    nn_batch_times t = times_of(nn_costs_builtin("avx2"), 218.0);
    int size = -1, other = -1;
    double three, two;

    (void)state;
    testing_assert_near(nn_batch_q_bits(&t, 3), 126.0, 1e-12);
    assert_false(nn_batch_wraps(&t, 16.0, 3, 119.9));
    assert_true(nn_batch_wraps(&t, 16.0, 3, 120.1));
    testing_assert_near(nn_batch_traffic_ms(&t, 4.0, 6), 2.0 * nn_batch_traffic_ms(&t, 2.0, 6),
                        1e-12);
    testing_assert_near(nn_batch_sums_ms(&t, 10.0, 3, 2), 1.5 * nn_batch_sums_ms(&t, 10.0, 2, 2),
                        1e-12);
    /* 126 bits leave room for one special prime, 166 too, 206 for none. */
    three = nn_batch_switch_ms(&t, 3, 1, &size);
    assert_int_equal(size, 1);
    assert_true(nn_batch_switch_ms(&t, 5, 1, &size) == HUGE_VAL);
    assert_int_equal(size, 0);
    two = nn_batch_switch_ms(&t, 2, 1, &other);
    assert_true(two < three && other > 0);
    assert_true(nn_batch_switch_ms(&t, 3, 1, &size) == three); /* and once more */
    testing_assert_near(nn_batch_relinearise_ms(&t, 7.0, 3, 1, &size), 7.0 * three, 1e-9);
    assert_true(nn_batch_relinearise_ms(&t, 7.0, 3, 2, &size) > 7.0 * three);
    assert_true(nn_batch_relinearise_ms(&t, 7.0, 5, 1, &size) == HUGE_VAL);
    assert_true(nn_batch_rescale_ms(&t, 7.0, 3, 0) == 0.0);
    /* Smaller primes make room for larger digits. */
    nn_batch_times_set(&t, 20.0);
    assert_true(nn_batch_switch_ms(&t, 5, 1, &size) < HUGE_VAL);
    /* Twice the bits for four times the entries. */
    testing_assert_near(nn_batch_scalar_bits(48, 14.0), nn_batch_scalar_bits(12, 14.0) + 1.0,
                        1e-12);
}

/* conv, quartic, pool-like dense of few rows, square, sum of two, product, dense */
static void kinds_of_steps(void **state)
{
    nn_shape shape = {4, 4, 4};
    nn_costs costs = *nn_costs_builtin("avx2");
    nn_stages s = {.input = {1, 4, 4}, .input_lo = 0.0, .input_hi = 1.0};
    nn_batch_facts fact[7];
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    stages_convolution(&s, s.input, shape, 3, 1, 1, &rng);
    stages_poly(&s, shape, 4, 0.5);
    stages_dense(&s, shape, 8, &rng);
    stages_poly(&s, (nn_shape){8, 1, 1}, 2, 0.0);
    stages_dense(&s, (nn_shape){8, 1, 1}, 2, &rng);
    stages_product(&s, (nn_shape){2, 1, 1}, 5, 5);
    stages_poly(&s, (nn_shape){2, 1, 1}, 3, 0.5);
    for (int dear = 0; dear < 2; dear++) {
        costs.scalar_ns = dear ? 1e4 : 0.01;
        nn_batch_job job = {&s, &costs, CKKS_RING_REAL, 13, 128, 14.0};
        nn_batch_times t = times_of(&costs, 218.0);
        memset(fact, 0, sizeof fact);
        s.stage[0].range = s.stage[3].range = 3.0;
        s.stage[0].affine[0].bias[1] = dear ? 0.0 : -77.0;
        s.stage[1].coef[0] = 9.0 * s.stage[1].coef[4];
        s.stage[1].range = 2.0;
        nn_batch_facts_find(fact, &job, &t);
        assert_int_equal(fact[0].form.kind, NN_BATCH_SUMS);
        assert_int_equal(fact[0].last_use, 1);
        testing_assert_near(fact[0].entries[0], (double)nn_stage_nonzeros(&s.stage[0]), 1e-9);
        assert_int_equal(fact[0].inputs, 16);
        assert_true(fact[0].magnitude == (dear ? 3.0 : 77.0)); /* the bias is added at that scale */
        assert_true(fact[1].magnitude == fmax(2.0, fabs(fact[1].poly.constant)));
        assert_true(fact[3].magnitude == 3.0);
        assert_true(fact[0].even_bits == HUGE_VAL);
        assert_int_equal(fact[1].form.kind, NN_BATCH_QUARTIC);
        assert_int_equal(fact[1].form.lazy, !dear);
        assert_int_equal(fact[3].form.kind, dear ? NN_BATCH_SQUARE : NN_BATCH_INSIDE);
        assert_int_equal(fact[4].form.squared, !dear);
        assert_int_equal(fact[5].form.kind, NN_BATCH_PRODUCT);
        assert_false(fact[5].form.lazy); /* a polynomial takes it */
        assert_int_equal(fact[6].form.kind, NN_BATCH_POLY);
    }
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_room),
        cmocka_unit_test(kinds_of_steps),
    };
    return cmocka_run_group_tests_name("batch_facts", tests, NULL, NULL);
}
