/* The printed plan: like snprintf in length, and true to the forecast. */
#include "nn/plan/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_print(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    char text[8192], cut[20], number[40];
    size_t need = nn_plan_print(p, NULL, 0);
    assert_in_range(need, 200, sizeof text - 1);
    assert_int_equal(nn_plan_print(p, text, sizeof text), need);
    assert_int_equal(strlen(text), need);
    assert_int_equal(nn_plan_print(p, cut, sizeof cut), need);
    assert_int_equal(strlen(cut), sizeof cut - 1);
    assert_memory_equal(cut, text, sizeof cut - 1);
    (void)snprintf(number, sizeof number, "request     %zu bytes",
                   nn_plan_forecast(p)->request_bytes);
    assert_non_null(strstr(text, number));
    assert_non_null(strstr(text, "128 bits"));
    assert_non_null(strstr(text, "square"));
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
