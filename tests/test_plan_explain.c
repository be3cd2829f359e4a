/* The account of a toy network: every step, the rings that were tried, the second best. */
#include "nn/plan/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_explain(void **state)
{
    (void)state;
    nn_plan_options o = {.alternatives = 1};
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char text[16384], cut[40], number[64];
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    size_t need = nn_plan_explain(p, NULL, 0);
    assert_in_range(need, 500, sizeof text - 1);
    assert_int_equal(nn_plan_explain(p, text, sizeof text), need);
    assert_int_equal(strlen(text), need);
    assert_int_equal(nn_plan_explain(p, cut, sizeof cut), need);
    assert_memory_equal(cut, text, sizeof cut - 1);
    for (size_t k = 0; k < nn_plan_steps(p); k++)
        assert_non_null(strstr(text, nn_plan_step_name(p, k)));
    assert_non_null(strstr(text, "<- taken"));
    assert_non_null(strstr(text, "does not fit: "));
    assert_non_null(strstr(text, "second best: "));
    assert_non_null(strstr(text, "proved"));
    (void)snprintf(number, sizeof number, "keys: %zu, ", nn_plan_forecast(p)->keys);
    assert_non_null(strstr(text, number));
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
