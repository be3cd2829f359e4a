/* What a plan says of itself: shapes of its transforms, names, costs before and after the passes.
 */
#include "nn/plan/plan.h"

#include "nn/slots/cost.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_shape(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    for (size_t k = 0; k < 3; k += 2) {
        ckks_lintrans_shape s = nn_plan_shape(p, k, 0);
        const nn_route *r = nn_arrangement_route(&p->arrangement, k, 0);
        assert_int_equal(s.limbs, p->step[k].shape.limbs);
        assert_int_equal(s.step_count, r->count);
        assert_int_equal(s.diagonal_count, r->entries);
        assert_int_equal(s.in_count, 1);
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

/* A released matrix has its sides and its bias, and no entries. */
static void test_release(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    const nn_affine *a = &p->stages->stage[0].affine[0];
    size_t rows = a->rows;
    double bias = a->bias[0];
    assert_true(nn_affine_nonzeros(a) > 0);
    nn_plan_release_matrix(p, 0, 0);
    assert_int_equal(nn_affine_nonzeros(a), 0);
    assert_int_equal(a->rows, rows);
    assert_true(a->bias[0] == bias);
    assert_true(nn_affine_nonzeros(&p->stages->stage[2].affine[0]) > 0);
    assert_true(nn_plan_print(p, NULL, 0) > 200);
    nn_plan_free(p);
    nn_model_free(m);
}

/* Exactly one of the rings that were tried is taken, and none that fits is cheaper. */
static void test_tries(void **state)
{
    (void)state;
    nn_plan_options o = {.alternatives = 1};
    nn_model *m = models_small(2, 1);
    nn_plan *p = NULL;
    int taken = 0, larger = 0;
    assert_int_equal(nn_plan_create(&p, m, &o, NULL, 0), NN_OK);
    for (size_t k = 0; k < nn_plan_tries(p); k++) {
        const nn_plan_try *t = nn_plan_tried(p, k);
        taken += t->taken;
        larger += t->fits && t->log_n == p->schedule.log_n + 1;
        assert_true(t->fits ? t->why[0] == '\0' : t->why[0] != '\0');
        assert_true(!t->taken || (t->log_n == p->schedule.log_n && t->ring == p->schedule.ring));
        assert_true(!t->fits || t->cost >= p->schedule.cost - 1e-9);
    }
    assert_int_equal(taken, 1);
    assert_true(larger >= 1);
    assert_null(nn_plan_tried(p, nn_plan_tries(p)));
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
