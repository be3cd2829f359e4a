/* Memory of a plan: what is alive at a time, and what compact weights save. The forecast against
 * the objects themselves: test_plan_forecast. */
#include "nn/plan/plan_memory.h"

#include "tests/models.h"
#include "tests/stages.h"
#include "tests/testing.h"

/* Compact weights take less, and time; the whole bound is used before more become compact. */
static void test_fit(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    const nn_forecast before = *nn_plan_forecast(p);
    ckks_context *ctx = NULL;
    assert_int_equal(ckks_context_create(&ctx, &p->params, NULL, 0), CKKS_OK);
    const nn_costs *c = nn_costs_builtin(NULL);
    assert_int_equal(nn_plan_fit(p, ctx, c, before.server_memory), NN_OK);
    assert_int_equal(p->forecast.weight_memory, before.weight_memory);
    size_t some = before.server_memory - before.weight_memory / 10;
    assert_int_equal(nn_plan_fit(p, ctx, c, some), NN_OK);
    const nn_forecast middle = p->forecast;
    assert_true(middle.server_memory <= some);
    assert_true(middle.weight_memory < before.weight_memory);
    assert_true(middle.infer_ms > before.infer_ms);
    assert_int_equal(nn_plan_fit(p, ctx, c, 1), NN_OK); /* as far as it goes */
    assert_true(p->forecast.weight_memory < middle.weight_memory);
    for (size_t k = 0; k < p->stages->count; k += 2)
        assert_int_equal(p->step[k].shape.compact[0],
                         nn_arrangement_route(&p->arrangement, k, 0)->entries);
    ckks_context_free(ctx);
    nn_plan_free(p);
    nn_model_free(m);
}

/* x kept for a sum while two ciphertexts of another value are worked on. */
static void test_alive(void **state)
{
    (void)state;
    testing_rng rng;
    nn_layout layout[5] = {{.parts = 1}, {.parts = 2}, {.parts = 2}, {.parts = 1}, {.parts = 1}};
    nn_stages s = {.input = {4, 1, 1}, .input_lo = -1.0, .input_hi = 1.0};
    nn_plan p = {.stages = &s, .arrangement = {.layout = layout}};
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < 4; k++)
        stages_dense(&s, s.input, 4, &rng);
    assert_int_equal(nn_plan_alive(&p), 4); /* stage 2: two in, two out */
    s.stage[3].kind = NN_STAGE_PRODUCT;
    s.stage[3].input_count = 2;
    s.stage[3].input[0] = 1;
    assert_int_equal(nn_plan_alive(&p), 5); /* stage 3: 1 and 2 are alive, and 3 */
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
