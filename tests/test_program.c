/* Making programs: threads, releasing matrices, sizes. */
#include "nn/run/program.h"

#include "nn/plan/plan_memory.h"

#include "tests/stage_plans.h"

/* x -> conv (1) -> square (2) -> conv of it and the input as it is (3) -> dense. */
static void residual(nn_stages *s, testing_rng *rng)
{
    nn_shape shape = {2, 4, 4};
    *s = (nn_stages){.input = shape, .input_lo = -1.0, .input_hi = 1.0};
    stage_plans_conv(s, 0, 2, rng);
    stages_poly(s, shape, 2, 0.0);
    stages_sum(s, shape, 2, &s->stage[0].affine[0], 0, NULL);
    stage_plans_dense(s, 3, 3, rng);
}

static void test_encodes_what_is_there(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    session s;
    size_t bytes = 0;
    testing_rng_init(&rng, testing_seed());
    residual(&stages, &rng);
    stage_plans_open(&s, &stages, &(nn_plan_options){0}, 1, &rng);
    for (size_t k = 0; k < nn_plan_steps(s.plan); k++) {
        const nn_stage *stage = &s.plan->stages->stage[k];
        for (size_t i = 0; i < NN_INPUTS_MAX; i++) {
            int has = stage->kind == NN_STAGE_AFFINE && i < stage->input_count &&
                      nn_exec_route(s.plan, k, i)->kind != NN_ROUTE_SAME;
            assert_int_equal(nn_program_matrix(s.program, k, i) != NULL, has);
            if (has) {
                ckks_lintrans_shape shape = nn_plan_shape(s.plan, k, i);
                bytes += ckks_lintrans_memory(s.ctx, &shape);
            }
        }
        assert_int_equal(nn_program_bias(s.program, k, 0) != NULL, stage->kind == NN_STAGE_AFFINE);
        assert_null(nn_program_bias(s.program, k, 1));
        bytes += stage->kind == NN_STAGE_AFFINE ? nn_plan_bias_bytes(s.plan) : 0;
    }
    assert_int_equal(nn_program_matrix(s.program, 2, 0) != NULL, 1);
    assert_int_equal(nn_program_bytes(s.program), bytes);
    assert_int_equal(nn_plan_forecast(s.plan)->weight_memory, bytes);
    for (int threads = 1; threads <= 3; threads += 2)
        assert_int_equal(nn_program_scratch_bytes(s.program, threads),
                         nn_plan_scratch(s.plan, s.ctx, threads));
    session_close(&s);
}

/* A bias of zeros takes nothing. */
static void test_no_bias(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    session s;
    testing_rng_init(&rng, testing_seed());
    residual(&stages, &rng);
    for (size_t o = 0; o < stages.stage[3].affine[0].rows; o++)
        stages.stage[3].affine[0].bias[o] = 0.0;
    stage_plans_open(&s, &stages, &(nn_plan_options){0}, 1, &rng);
    assert_null(nn_program_bias(s.program, 3, 0));
    assert_non_null(nn_program_bias(s.program, 0, 0));
    session_close(&s);
}

/* Made by several threads, and by a plan that gives its matrices up: the same encrypted answer. */
/* Told of the steps in order; stops at the second. */
static int stop_at_two(void *user, size_t step, size_t steps, const char *name)
{
    size_t *told = user;
    assert_int_equal(step, ++*told);
    assert_true(steps >= 2 && name != NULL);
    return step == 2;
}

static void test_threads_and_release(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    session s;
    nn_program *other = NULL;
    float image[32], logits[3], again[3];
    const nn_program_options o = {.threads = 3, .release = 1};
    testing_rng_init(&rng, testing_seed());
    residual(&stages, &rng);
    stage_plans_open(&s, &stages, &(nn_plan_options){0}, 1, &rng);
    for (int i = 0; i < 32; i++)
        image[i] = (float)testing_uniform(&rng, -1.0, 1.0);
    session_infer(&s, logits, image);
    size_t told = 0;
    const nn_watch watch = {.progress = stop_at_two, .user = &told};
    assert_int_equal(nn_program_create(&other, s.plan, s.ctx,
                                       &(nn_program_options){.watch = &watch}, s.why, SESSION_WHY),
                     NN_ERR_STOPPED);
    assert_null(other);
    assert_string_equal(s.why, "stopped");
    assert_int_equal(told, 2);
    session_ok(&s, nn_program_create(&other, s.plan, s.ctx, &o, s.why, SESSION_WHY));
    assert_int_equal(nn_program_bytes(other), nn_program_bytes(s.program));
    nn_program_free(s.program);
    s.program = other;
    session_ok(&s, session_run(&s, NULL));
    session_ok(&s, session_decrypt(&s, again, 1));
    assert_memory_equal(logits, again, sizeof logits);
    /* what is released is gone */
    for (size_t k = 0; k < 4; k++)
        assert_null(s.plan->stages->stage[k].affine[0].value);
    assert_int_equal(nn_program_create(&other, s.plan, s.ctx, NULL, s.why, SESSION_WHY),
                     NN_ERR_ARG);
    assert_null(other);
    assert_non_null(strstr(s.why, "released"));
    nn_program_free(NULL);
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodes_what_is_there),
        cmocka_unit_test(test_no_bias),
        cmocka_unit_test(test_threads_and_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
