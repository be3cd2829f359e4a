/* Schedules for batches: steps that add up, within the security table, grouped by cost, and clear
 * refusals. */
#include "nn/batch/batch_schedule.h"
#include "nn/levels/schedule.h"

#include "ckks/scheme/noise.h"
#include "tests/stages.h"

static const double special_bits = NN_BATCH_SPECIAL_BITS;

static double q_bits(const nn_batch_schedule *s, int limbs)
{
    return s->first_bits + (limbs - 1) * s->limb_bits;
}

/* The value of a stage at this scale stays below a half of the modulus. */
static void has_room(const nn_batch_schedule *s, const nn_stages *stages, size_t stage, int limbs,
                     double bits)
{
    assert_true(bits + log2(nn_stage_magnitude(&stages->stage[stage])) <= q_bits(s, limbs) - 1.0);
}

/* Replay a schedule: scales, limbs, room, modulus of every key. */
static void check_schedule(const nn_batch_schedule *s, const nn_stages *stages, double bound)
{
    double bits[NN_STAGES_MAX + 1] = {s->input_bits};

    assert_int_equal(s->count, stages->count);
    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        const nn_stage *stage = &stages->stage[k];
        double out = bits[stage->input[0]];
        int limbs = step->limbs - step->inner_rescale;

        for (size_t i = 0; i < stage->input_count; i++) {
            assert_true(step->limbs <= nn_batch_value_limbs(s, stage->input[i]));
            if (step->kind == NN_BATCH_SUMS) /* all summands meet */
                testing_assert_near(bits[stage->input[i]] + step->weight_bits[i],
                                    bits[stage->input[0]] + step->weight_bits[0], 1e-9);
        }
        assert_true(q_bits(s, step->limbs) + step->special * special_bits <= bound + 1e-9);
        assert_true(q_bits(s, limbs) + step->outer_special * special_bits <= bound + 1e-9);
        if (step->kind == NN_BATCH_SUMS) {
            int three = nn_batch_sums_parts(s, stages, k) == 3;
            assert_int_equal(step->special > 0, three);
            out += step->weight_bits[0];
        } else if (step->kind == NN_BATCH_PRODUCT) {
            out += bits[stage->input[1]];
        } else if (step->kind == NN_BATCH_QUARTIC) {
            out = 2.0 * (2.0 * out - step->inner_rescale * s->limb_bits);
        } else {
            assert_true(step->kind == NN_BATCH_SQUARE || step->kind == NN_BATCH_INSIDE);
            out *= 2.0;
        }
        has_room(s, stages, k, limbs, out);
        out -= step->rescale * s->limb_bits;
        assert_int_equal(step->limbs_out, limbs - step->rescale);
        assert_true(step->limbs_out >= 1 && step->ms > 0.0);
        testing_assert_near(out, step->scale_bits, 1e-9);
        assert_true(step->rescale == 0 || out >= s->floor_bits - 1e-9);
        bits[k + 1] = out;
    }
    assert_false(s->step[s->count - 1].lazy);
}

static void networks_have_schedules(void **state)
{
    static const int rings[2] = {CKKS_RING_COMPLEX, CKKS_RING_REAL};
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule s;
    char why[400] = "";

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int network = 0; network < 2; network++) {
        int log_n = network == 0 ? 13 : 14;
        (network == 0 ? stages_cryptonets : stages_cnn2)(&stages, &rng);
        for (int i = 0; i < 2; i++) {
            nn_batch_job job = {&stages, nn_costs_builtin("avx2"), rings[i], log_n, 128, 14.0};
            assert_int_equal(nn_batch_schedule_find(&s, &job, why, sizeof why), NN_OK);
            assert_int_equal(s.ring, rings[i]);
            check_schedule(&s, &stages, ckks_security_max_log2_qp(log_n, 128));
            assert_true(s.limbs <= (network == 0 ? 4 : 6));
            nn_batch_schedule_clear(&s);
        }
        nn_stages_clear(&stages);
    }
}

/* Where key switches are dear, 100 rows are relinearised and not 845 squares; where they are cheap
 * and products dear, squares are relinearised at once, two parts in the place of three. */
static void squares_are_relinearised_where_it_is_cheaper(void **state)
{
    nn_costs costs = *nn_costs_builtin("avx2");
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule s;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&stages, &rng);
    nn_batch_job job = {&stages, &costs, CKKS_RING_COMPLEX, 13, 128, 14.0};
    costs.scalar_ns = 1e-3;
    assert_int_equal(nn_batch_schedule_find(&s, &job, NULL, 0), NN_OK);
    for (size_t k = 0; k < s.count; k++)
        assert_true(s.step[k].kind == NN_BATCH_SUMS || s.step[k].kind == NN_BATCH_INSIDE);
    assert_true(s.step[2].squared && nn_batch_source(&s, &stages, 2, 0) == 1);
    nn_batch_schedule_clear(&s);
    costs.scalar_ns = 100.0;
    assert_int_equal(nn_batch_schedule_find(&s, &job, NULL, 0), NN_OK);
    assert_int_equal(s.step[1].kind, NN_BATCH_SQUARE);
    assert_true(!s.step[1].lazy && s.step[1].special > 0);
    check_schedule(&s, &stages, ckks_security_max_log2_qp(13, 128));
    nn_batch_schedule_clear(&s);
    nn_stages_clear(&stages);
}

/* A residual network of quartics: values of several takers, sums that meet, a product. */
static void graphs_have_schedules(void **state)
{
    nn_shape shape = {4, 4, 4};
    testing_rng rng;
    nn_stages stages = {.input = {1, 4, 4}, .input_lo = 0.0, .input_hi = 1.0};
    nn_batch_schedule s;
    nn_affine half = {0};
    double scale[64];
    char why[400] = "";

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (size_t i = 0; i < 64; i++)
        scale[i] = i % 2 == 0 ? 0.5 : 0.25;
    assert_int_equal(nn_affine_diagonal(&half, 64, scale, NULL), NN_OK);
    stages_convolution(&stages, stages.input, shape, 3, 1, 1, &rng);
    stages_poly(&stages, shape, 4, -1.0);
    stages.stage[1].coef[1] = 0.5;
    stages_sum(&stages, shape, 2, &half, 1, NULL);
    stages_product(&stages, shape, 3, 1);
    stages_dense(&stages, shape, 3, &rng);
    for (int log_n = 13; log_n <= 15; log_n++) {
        nn_batch_job job = {&stages, nn_costs_builtin("avx2"), CKKS_RING_REAL, log_n, 128, 14.0};
        assert_int_equal(nn_batch_schedule_find(&s, &job, why, sizeof why),
                         log_n == 13 ? NN_ERR_PLAN : NN_OK);
        if (log_n > 13) {
            check_schedule(&s, &stages, ckks_security_max_log2_qp(log_n, 128));
            assert_false(s.step[1].lazy); /* a sum of two takes it */
            assert_true(s.step[3].lazy);
            assert_true(s.step[2].limbs < s.step[1].limbs);
        }
        nn_batch_schedule_clear(&s);
    }
    nn_affine_clear(&half);
    nn_stages_clear(&stages);
}

/* The estimates in bits are those that the library keeps beside its ciphertexts. */
static void errors_are_those_of_the_library(void **state)
{
    static const int rings[2] = {CKKS_RING_COMPLEX, CKKS_RING_REAL};
    const double bits = 40.0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        ckks_params params;
        ckks_context *ctx = NULL;
        assert_int_equal(ckks_params_generate(&params, rings[i], 10, &bits, 1, NULL, 0, 0, NULL, 0),
                         CKKS_OK);
        assert_int_equal(ckks_context_create(&ctx, &params, NULL, 0), CKKS_OK);
        testing_assert_near(exp2(nn_batch_rounding_bits(rings[i], 10)),
                            ckks_noise_divide(ctx, 2, ckks_scale_from(1.0)), 1e-6);
        testing_assert_near(exp2(nn_batch_fresh_bits(rings[i], 10)),
                            ckks_noise_encrypt(ctx, ckks_scale_from(1.0)), 1e-6);
        ckks_context_free(ctx);
    }
}

static void what_has_no_schedule_is_told(void **state)
{
    testing_rng rng;
    nn_stages stages;
    nn_batch_schedule s;
    char why[400] = "";

    (void)state;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&stages, &rng);
    nn_batch_job job = {&stages, nn_costs_builtin("avx2"), CKKS_RING_COMPLEX, 12, 128, 14.0};
    assert_int_equal(nn_batch_schedule_find(&s, &job, why, sizeof why), NN_ERR_PLAN);
    assert_null(s.step);
    assert_non_null(strstr(why, "N = 4096"));
    assert_non_null(strstr(why, "106"));
    nn_batch_schedule_clear(&s);
    nn_batch_schedule_clear(NULL);
    nn_stages_clear(&stages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_schedules),
        cmocka_unit_test(graphs_have_schedules),
        cmocka_unit_test(squares_are_relinearised_where_it_is_cheaper),
        cmocka_unit_test(errors_are_those_of_the_library),
        cmocka_unit_test(what_has_no_schedule_is_told),
    };
    return cmocka_run_group_tests_name("batch_schedule", tests, NULL, NULL);
}
