/* Text in a buffer that may be too small; names of methods. */
#include "nn/plan/plan_text.h"

#include "tests/models.h"
#include "tests/testing.h"

static void test_add(void **state)
{
    (void)state;
    char small[8];
    nn_plan_text none = {NULL, 0, 0}, cut = {small, sizeof small, 0};
    nn_plan_add(&none, "%d %s", 12, "words");
    nn_plan_add(&cut, "%d %s", 12, "words");
    assert_int_equal(none.used, 8);
    assert_int_equal(cut.used, 8);
    assert_string_equal(small, "12 word");
    nn_plan_add(&cut, "more");
    assert_int_equal(cut.used, 12);
    assert_string_equal(small, "12 word");
}

static void test_methods(void **state)
{
    (void)state;
    nn_model *m = models_small(4, 1);
    nn_plan *p = models_plan(m);
    char text[400];
    for (size_t k = 0; k < p->stages->count; k++) {
        nn_plan_text t = {text, sizeof text, 0};
        nn_plan_add_method(&t, p, k);
        assert_non_null(strstr(text, k % 2 == 0 ? "diagonals" : "polynomial of degree 4"));
    }
    /* The identity between equal layouts. */
    nn_route *r = nn_arrangement_route(&p->arrangement, 0, 0);
    nn_route_kind kind = r->kind;
    nn_plan_text t = {text, sizeof text, 0};
    r->kind = NN_ROUTE_SAME;
    nn_plan_add_route(&t, p, 0, 0);
    assert_string_equal(text, "as it is, times 1");
    r->kind = kind;
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
