/* What a plan says of itself: shapes of its transforms, names, costs before and after the passes.
 */
#include "nn/plan.h"

#include "nn/cost.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_shape(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    for (size_t k = 0; k < 3; k += 2) {
        ckks_lintrans_shape s = nn_plan_shape(p, k);
        const nn_route *r = &p->arrangement.route[k];
        assert_int_equal(s.limbs, p->step[k].shape.limbs);
        assert_int_equal(s.diagonal_count, r->count);
        assert_ptr_equal(s.baby, r->baby);
        assert_ptr_equal(s.giant, r->giant);
        assert_int_equal(s.fold_count, r->fold_count);
        assert_in_range(s.special, 1, p->params.p_count);
    }
    nn_plan_free(p);
    nn_model_free(m);
}

static void test_costs(void **state)
{
    (void)state;
    /* Of one machine: which splits are cheapest, and so how many rotations, depends on it. */
    nn_plan_options o = {.costs = nn_costs_builtin("avx512ifma")};
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    char why[400] = "";
    nn_model_cost before, after;
    assert_int_equal(nn_plan_create(&p, m, &o, why, sizeof why), NN_OK);
    nn_plan_costs(p, &before, &after);
    assert_int_equal(after.levels, 3); /* matrix, square, matrix */
    assert_int_equal(after.linear_stages, 2);
    assert_int_equal(after.activation_stages, 1);
    assert_true(before.levels >= after.levels);
    assert_true(before.rotations >= after.rotations);
    assert_int_equal(after.rotations, nn_plan_forecast(p)->rotations);
    nn_plan_free(p);
    nn_model_free(m);
    nn_plan_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
