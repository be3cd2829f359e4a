/* Schedules for batches: steps that add up, within the security table, grouped by cost, and clear
 * refusals. */
#include "nn/batch_schedule.h"
#include "nn/schedule.h"

#include "ckks/noise.h"
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
    assert_true(bits + log2(stages->stage[stage].range) <= q_bits(s, limbs) - 1.0);
}

/* Replay a schedule: every stage once, scales, limbs, room, modulus of every key. */
static void check_schedule(const nn_batch_schedule *s, const nn_stages *stages, double bound)
{
    size_t stage = 0;
    int limbs = s->limbs;
    double bits = s->input_bits;

    for (size_t k = 0; k < s->count; k++) {
        const nn_batch_step *step = &s->step[k];
        assert_int_equal(step->stage, stage);
        assert_int_equal(step->limbs, limbs);
        assert_true((step->kind == NN_BATCH_SUMS) == (step->special == 0));
        assert_true(q_bits(s, limbs) + step->special * special_bits <= bound + 1e-9);
        for (size_t i = 0; i < step->stages; i++, stage++) {
            const nn_affine *a = &stages->stage[stage].affine;
            if (stages->stage[stage].kind == NN_STAGE_POLY) {
                assert_true(nn_stage_is_square(&stages->stage[stage]));
                bits *= 2.0;
            } else if (a == nn_batch_inner(step, stages)) {
                assert_true(step->inner_bits > 0.0);
                bits += step->inner_bits;
            } else {
                assert_ptr_equal(a, nn_batch_outer(step, stages));
                bits += step->outer_bits;
            }
            has_room(s, stages, stage, limbs, bits);
        }
        bits -= step->rescale * s->limb_bits;
        limbs -= step->rescale;
        assert_int_equal(step->limbs_out, limbs);
        assert_true(limbs >= 1 && step->ms > 0.0);
        testing_assert_near(bits, step->scale_bits, 1e-9);
        assert_true(step->rescale == 0 || bits >= s->floor_bits - 1e-9);
    }
    assert_int_equal(stage, stages->count);
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
        assert_true(s.step[k].kind != NN_BATCH_SQUARE);
    nn_batch_schedule_clear(&s);
    costs.scalar_ns = 100.0;
    assert_int_equal(nn_batch_schedule_find(&s, &job, NULL, 0), NN_OK);
    assert_int_equal(s.step[1].kind, NN_BATCH_SQUARE);
    check_schedule(&s, &stages, ckks_security_max_log2_qp(13, 128));
    nn_batch_schedule_clear(&s);
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
        cmocka_unit_test(squares_are_relinearised_where_it_is_cheaper),
        cmocka_unit_test(errors_are_those_of_the_library),
        cmocka_unit_test(what_has_no_schedule_is_told),
    };
    return cmocka_run_group_tests_name("batch_schedule", tests, NULL, NULL);
}
