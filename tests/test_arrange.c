/* The search for layouts: routes that fit their layouts, no more diagonals than counting allows. */
#include "nn/arrange.h"

#include "tests/stages.h"
#include "tests/testing.h"

/* Walk the arrangement on clear slots and compare with the stages themselves. */
static void check_arrangement(const nn_arrangement *a, const nn_stages *s, testing_rng *rng)
{
    size_t in = nn_shape_count(s->input), out = nn_stages_output_count(s), slots = a->slots;
    double *x = malloc(in * sizeof *x), *y = malloc(out * sizeof *y),
           *got = malloc(out * sizeof *y);
    double *slot = malloc(2 * slots * sizeof *slot), *sum = slot + slots;
    for (size_t i = 0; i < in; i++)
        x[i] = testing_uniform(rng, 0.0, 1.0);
    assert_int_equal(nn_stages_apply(s, y, NULL, x), NN_OK);
    nn_layout_spread(&a->layout[0], slot, x);
    for (size_t k = 0; k < s->count; k++) {
        const nn_stage *stage = &s->stage[k];
        const nn_route *r = &a->route[k];
        if (stage->kind == NN_STAGE_POLY) {
            for (size_t j = 0; j < slots; j++)
                slot[j] *= slot[j];
            continue;
        }
        double *value = malloc((size_t)r->count * slots * sizeof *value);
        assert_int_equal(
            nn_route_diagonals(r, value, &stage->affine, &a->layout[k], &a->layout[k + 1]), NN_OK);
        nn_layout_spread(&a->layout[k + 1], sum, stage->affine.bias);
        /* Folds multiply what is there by 2, so the bias goes in behind them: start from zero. */
        double *bias = malloc(slots * sizeof *bias);
        memcpy(bias, sum, slots * sizeof *bias);
        for (size_t j = 0; j < slots; j++) {
            sum[j] = 0.0;
            for (int d = 0; d < r->count; d++)
                sum[j] += value[(size_t)d * slots + j] * slot[(j + (size_t)r->step[d]) % slots];
        }
        for (int f = 0; f < r->fold_count; f++) {
            for (size_t j = 0; j < slots; j++)
                slot[j] = sum[j] + sum[(j + (size_t)r->fold[f]) % slots];
            memcpy(sum, slot, slots * sizeof *sum);
        }
        for (size_t j = 0; j < slots; j++)
            slot[j] = sum[j] + bias[j];
        free(bias);
        free(value);
    }
    nn_layout_gather(&a->layout[s->count], got, slot);
    for (size_t o = 0; o < out; o++)
        assert_true(fabs(got[o] - y[o]) <= 1e-10 * (1.0 + fabs(y[o])));
    free(x);
    free(y);
    free(got);
    free(slot);
}

static void test_cryptonets(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    assert_int_equal(nn_arrange(&a, &s, 4096), NN_OK);
    /* 5x5 taps with 2x2 channels interleaved have 6x6 offsets; 845 inputs lie in two replicas of
     * 2048 slots, so half of the 128 diagonals of the dense matrix remain; 10 outputs in 16. */
    assert_int_equal(a.route[0].count, 36);
    assert_true(a.route[2].count <= 64);
    assert_true(a.route[4].count <= 16);
    check_arrangement(&a, &s, &rng);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

static void test_cnn2(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    testing_rng_init(&rng, testing_seed());
    stages_cnn2(&s, &rng);
    assert_int_equal(nn_arrange(&a, &s, 8192), NN_OK);
    /* The second convolution has 13x13x2 offsets; four replicas share them. */
    assert_int_equal(a.route[0].count, 36);
    assert_true(a.route[2].count < 13 * 13 * 2 / 3);
    assert_true(a.route[4].count <= 128);
    check_arrangement(&a, &s, &rng);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

static void test_small(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < testing_iters(10); k++) {
        size_t side = 4 + testing_below(&rng, 5), c = 1 + testing_below(&rng, 3);
        nn_shape maps = {1 + testing_below(&rng, 4), side / 2, side / 2};
        nn_stages s = {.input = {c, side, side}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        stages_convolution(&s, s.input, maps, 3, 2, 1, &rng);
        stages_poly(&s, maps, 2, 0.0);
        stages_dense(&s, maps, 1 + testing_below(&rng, 20), &rng);
        assert_int_equal(nn_arrange(&a, &s, 1024), NN_OK);
        check_arrangement(&a, &s, &rng);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    assert_int_equal(nn_arrange(&a, &s, 512), NN_ERR_SHAPE);
    assert_null(a.layout);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cryptonets),
        cmocka_unit_test(test_cnn2),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
