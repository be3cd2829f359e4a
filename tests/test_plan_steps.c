/* Exact scales: what the real primes give, and all summands at exactly one scale. */
#include "nn/plan/plan_steps.h"

#include "tests/models.h"
#include "tests/stages.h"
#include "tests/testing.h"

static void check(const nn_plan *p)
{
    for (size_t k = 0; k < p->stages->count; k++) {
        const nn_stage *stage = &p->stages->stage[k];
        const nn_plan_step *s = &p->step[k];
        ckks_scale want = s->scale_in[0];
        for (size_t i = 0; i < stage->input_count; i++) {
            size_t v = stage->input[i];
            int limbs = v > 0 ? p->step[v - 1].shape.limbs_out : p->params.q_count;
            assert_true(s->shape.limbs <= limbs);
            if (v > 0)
                assert_true(ckks_scale_equal(s->scale_in[i], p->step[v - 1].scale_out));
            if (stage->kind == NN_STAGE_AFFINE && i > 0)
                assert_true(ckks_scale_equal(ckks_scale_mul(s->scale_in[i], s->weight[i]),
                                             ckks_scale_mul(s->scale_in[0], s->weight[0])));
        }
        if (stage->kind == NN_STAGE_AFFINE)
            want = ckks_scale_mul(want, s->weight[0]);
        else if (stage->kind == NN_STAGE_PRODUCT || nn_stage_is_square(stage))
            want = ckks_scale_mul(want, s->scale_in[stage->input_count - 1]);
        else
            continue; /* as ckks_poly_plan says */
        for (int l = s->shape.limbs; l > s->shape.limbs_out; l--)
            want = ckks_scale_div_prime(want, p->params.q[l - 1]);
        assert_true(ckks_scale_equal(s->scale_out, want));
        int free = stage->kind == NN_STAGE_AFFINE;
        for (size_t i = 0; i < stage->input_count; i++)
            free &= s->shape.weight_bits[i] > 0.0;
        if (free) /* whatever the primes made of the scales before */
            testing_assert_near(ckks_scale_log2(s->scale_out), p->schedule.step[k].scale_bits,
                                1e-9);
        double room = ckks_params_log2_qp(&p->params, s->shape.limbs_out, 0);
        assert_true(ckks_scale_log2(s->scale_out) + log2(stage->range) + 1.0 < room);
    }
}

static void test_models(void **state)
{
    (void)state;
    for (int degree = 2; degree <= 8; degree += 2) {
        nn_model *m = models_small(degree, 1);
        nn_plan *p = models_plan(m);
        check(p);
        nn_plan_free(p);
        nn_model_free(m);
    }
}

/* Arrange, schedule and make the steps of stages whose ranges are set; to be closed with close. */
static ckks_context *open_steps(nn_plan *p, nn_stages *stages)
{
    ckks_context *ctx = NULL;
    *p = (nn_plan){.stages = stages};
    const nn_arrange_job arrange = {.stages = stages, .slots = 8192, .log_n = 14};
    assert_int_equal(nn_arrange(&p->arrangement, &arrange), NN_OK);
    const nn_schedule_job job = {.stages = stages,
                                 .arrangement = &p->arrangement,
                                 .costs = nn_costs_builtin("avx512ifma"),
                                 .ring = CKKS_RING_COMPLEX,
                                 .log_n = 14,
                                 .security_bits = 128,
                                 .precision_bits = 11.0};
    assert_int_equal(nn_schedule_find(&p->schedule, &job, NULL, 0), NN_OK);
    p->step = calloc(stages->count, sizeof *p->step);
    assert_int_equal(nn_plan_make_params(p, 128, NULL, 0), NN_OK);
    assert_int_equal(ckks_context_create(&ctx, &p->params, NULL, 0), CKKS_OK);
    assert_int_equal(nn_plan_make_steps(p, ctx, NULL, 0), NN_OK);
    check(p);
    return ctx;
}

static void close_steps(nn_plan *p, ckks_context *ctx)
{
    ckks_context_free(ctx);
    free(p->step);
    nn_arrangement_clear(&p->arrangement);
    nn_schedule_clear(&p->schedule);
    nn_stages_clear(p->stages);
}

/* Every square doubles how far a scale is off: five in a row, and the room still holds. */
static void test_chain(void **state)
{
    (void)state;
    testing_rng rng;
    const nn_shape shape = {12, 1, 1};
    nn_stages stages = {.input = shape, .input_lo = -1.0, .input_hi = 1.0};
    nn_plan p;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < 5; k++) {
        stages_dense(&stages, shape, 12, &rng);
        stages_poly(&stages, shape, 2, 0.0);
    }
    stages_dense(&stages, shape, 4, &rng);
    for (size_t k = 0; k < stages.count; k++)
        stages.stage[k].range = 2.0;
    close_steps(&p, open_steps(&p, &stages));
}

/* x (A x)^2 + B x and the like: two ways that meet, at scales that differ. */
static void test_joins(void **state)
{
    (void)state;
    testing_rng rng;
    const nn_shape shape = {12, 1, 1};
    testing_rng_init(&rng, testing_seed());
    for (int round = 0; round < 4; round++) {
        nn_stages stages = {.input = shape, .input_lo = -1.0, .input_hi = 1.0};
        nn_plan p;
        stages_dense(&stages, shape, 12, &rng);
        stages_poly(&stages, shape, round % 2 == 0 ? 2 : 4, 0.5);
        stages_sum(&stages, shape, 0, NULL, 2, round < 2 ? NULL : &stages.stage[0].affine[0]);
        stages_product(&stages, shape, 3, 1);
        stages_dense(&stages, shape, 4, &rng);
        for (size_t k = 0; k < stages.count; k++)
            stages.stage[k].range = 2.0;
        ckks_context *ctx = open_steps(&p, &stages);
        /* With other primes a polynomial decides otherwise, or scales are others. */
        if (round % 2 == 1) {
            p.schedule.step[1].limbs_out--;
            assert_int_equal(nn_plan_make_steps(&p, ctx, NULL, 0), NN_ERR_MISMATCH);
        }
        close_steps(&p, ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
