/* Schedules: levels and scales that add up, within the security table, and clear refusals. */
#include "nn/schedule.h"

#include "tests/stages.h"
#include "tests/testing.h"

/* Replay a schedule: scales, limbs, room above the message, modulus of every key. */
static void check_schedule(const nn_schedule *s, const nn_stages *stages, double bound)
{
    int limbs = s->limbs;
    double bits = s->input_bits;
    for (size_t k = 0; k < stages->count; k++) {
        const nn_stage *stage = &stages->stage[k];
        const nn_step *step = &s->step[k];
        double q = s->first_bits + (limbs - 1) * s->limb_bits;
        assert_int_equal(step->limbs, limbs);
        /* Other polynomials choose their keys limb by limb, when the plan is made exact. */
        if (stage->kind == NN_STAGE_AFFINE || nn_stage_is_square(stage))
            assert_true(step->special >= 1 && step->alpha >= 1);
        assert_true(q + step->special * s->special_bits <= bound + 1e-9);
        if (stage->kind == NN_STAGE_AFFINE)
            bits += step->weight_bits;
        else if (nn_stage_is_square(stage))
            bits *= 2;
        else
            bits = step->scale_bits + step->rescale * s->limb_bits;
        assert_true(bits + log2(stage->range) <= q - 1.0);
        bits -= step->rescale * s->limb_bits;
        limbs -= step->rescale;
        assert_int_equal(step->limbs_out, limbs);
        assert_true(limbs >= 1);
        assert_true(fabs(bits - step->scale_bits) < 1e-9);
        assert_true(step->rescale == 0 || bits >= s->floor_bits - 1e-9);
    }
}

static void check_network(void (*make)(nn_stages *, testing_rng *), int log_n, int limbs_at_most)
{
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule s;
    char why[400] = "";
    testing_rng_init(&rng, testing_seed());
    make(&stages, &rng);
    assert_int_equal(nn_arrange(&a, &stages, (size_t)1 << (log_n - 1)), NN_OK);
    assert_int_equal(nn_schedule_find(&s, &stages, &a, log_n, 128, 14.0, why, sizeof why), NN_OK);
    check_schedule(&s, &stages, ckks_security_max_log2_qp(log_n, 128));
    /* Levels are not limbs: these networks have 5 and 7 multiplications in a row. */
    assert_true(s.limbs <= limbs_at_most);
    nn_schedule_clear(&s);
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

static void test_networks(void **state)
{
    (void)state;
    check_network(stages_cryptonets, 13, 4);
    check_network(stages_cnn2, 14, 5);
}

/* Deeper than the table allows: the message names the stage and the bound. */
static void test_refusal(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    nn_arrangement a;
    nn_schedule s;
    char why[400] = "";
    testing_rng_init(&rng, testing_seed());
    stages_cnn2(&stages, &rng);
    assert_int_equal(nn_arrange(&a, &stages, 4096), NN_OK);
    assert_int_equal(nn_schedule_find(&s, &stages, &a, 13, 128, 14.0, why, sizeof why),
                     NN_ERR_PLAN);
    assert_null(s.step);
    assert_non_null(strstr(why, "214"));
    assert_non_null(strstr(why, "'"));
    /* 256-bit security leaves 114 bits at this degree. */
    assert_int_equal(nn_schedule_find(&s, &stages, &a, 13, 256, 14.0, why, sizeof why),
                     NN_ERR_PLAN);
    assert_non_null(strstr(why, "114"));
    nn_arrangement_clear(&a);
    nn_stages_clear(&stages);
}

static void test_polynomials(void **state)
{
    (void)state;
    testing_rng rng;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 2; degree <= NN_DEGREE_MAX; degree++) {
        nn_stages stages = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_schedule s;
        stages_dense(&stages, stages.input, 16, &rng);
        stages_poly(&stages, (nn_shape){16, 1, 1}, degree, -0.5);
        stages_dense(&stages, (nn_shape){16, 1, 1}, 4, &rng);
        assert_int_equal(nn_arrange(&a, &stages, 8192), NN_OK);
        assert_int_equal(nn_schedule_find(&s, &stages, &a, 14, 128, 14.0, NULL, 0), NN_OK);
        check_schedule(&s, &stages, ckks_security_max_log2_qp(14, 128));
        nn_schedule_clear(&s);
        nn_arrangement_clear(&a);
        nn_stages_clear(&stages);
    }
}

static void test_rounding(void **state)
{
    (void)state;
    /* ckks: log2 of sqrt(N/18) sqrt(N/2) is 10.4 at N = 2^13 and grows by 1 a doubling. */
    assert_true(fabs(nn_schedule_rounding_bits(13) - 10.4) < 0.05);
    assert_true(fabs(nn_schedule_rounding_bits(16) - 13.4) < 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_polynomials),
        cmocka_unit_test(test_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
