/* Accounts of steps add up to the forecast. */
#include "nn/plan/plan.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_sums(void **state)
{
    (void)state;
    nn_model *m = models_small(4, 1);
    nn_plan *p = models_plan(m);
    const nn_forecast *f = nn_plan_forecast(p);
    nn_plan_account a;
    double ms = 0.0;
    size_t diagonals = 0, products = 0, weights = 0;
    int limbs = f->limbs;
    for (size_t k = 0; k < nn_plan_steps(p); k++) {
        assert_int_equal(nn_plan_account_of(p, k, &a), NN_OK);
        assert_string_equal(a.name, nn_plan_step_name(p, k));
        assert_string_equal(a.kind, k % 2 == 0 ? "matrix" : "polynomial");
        assert_true(k > 0 ? a.inputs[0] == '0' + (int)k : strcmp(a.inputs, "input") == 0);
        assert_int_equal(a.limbs, limbs);
        limbs = a.limbs_out;
        ms += a.ms;
        diagonals += a.diagonals;
        products += a.products;
        weights += a.weight_bytes;
        /* One ciphertext of two polynomials. */
        assert_int_equal(a.value_bytes, (size_t)(2 * a.limbs_out) * ((size_t)8 << f->log_n));
        assert_true(a.error > 0.0 && a.range > 0.0);
        assert_non_null(strstr(a.layout, "numbers"));
    }
    assert_true(fabs(ms - f->infer_ms) < 1e-9 * ms);
    assert_int_equal(diagonals, f->plain_products);
    assert_int_equal(products, f->multiplications);
    assert_int_equal(weights, f->weight_memory);
    assert_int_equal(nn_plan_account_of(p, nn_plan_steps(p), &a), NN_ERR_ARG);
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
