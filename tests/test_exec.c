/* The walk over a plan: order, kinds, progress, stop. */
#include "nn/exec.h"

#include "tests/models.h"
#include "tests/testing.h"

typedef struct record {
    char calls[16];
    size_t count;
    nn_status answer;
} record;

static nn_status on_affine(void *state, size_t k)
{
    record *r = state;
    assert_int_equal(k, r->count);
    r->calls[r->count++] = 'M';
    return r->answer;
}

static nn_status on_activation(void *state, size_t k)
{
    record *r = state;
    assert_int_equal(k, r->count);
    r->calls[r->count++] = 'P';
    return r->answer;
}

static const nn_executor executor = {on_affine, on_activation};

static int stop_at(void *user, size_t step, size_t steps, const char *name)
{
    assert_int_equal(steps, 3);
    assert_true(strlen(name) > 0);
    return step == *(size_t *)user;
}

static void test_walk(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    record r = {.answer = NN_OK};
    size_t never = 99, second = 2;
    assert_int_equal(nn_plan_steps(p), 3);
    assert_string_equal(nn_plan_step_name(p, 99), "");
    assert_int_equal(nn_exec_walk(p, &executor, &r, stop_at, &never), NN_OK);
    assert_string_equal(r.calls, "MPM");
    r = (record){.answer = NN_OK};
    assert_int_equal(nn_exec_walk(p, &executor, &r, stop_at, &second), NN_ERR_STOPPED);
    assert_string_equal(r.calls, "MP");
    r = (record){.answer = NN_ERR_MEMORY};
    assert_int_equal(nn_exec_walk(p, &executor, &r, NULL, NULL), NN_ERR_MEMORY);
    assert_string_equal(r.calls, "M");
    nn_plan_free(p);
    nn_model_free(m);
}

/* The diagonals of a stage hold every entry of the matrix once per replica of the output. */
static void test_diagonals(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    for (size_t k = 0; k < 3; k += 2) {
        const nn_route *r = &p->arrangement.route[k];
        const nn_affine *a = &p->stages->stage[k].affine;
        double *value = NULL, sum = 0.0, want = 0.0;
        assert_int_equal(nn_exec_diagonals(&value, p, k), NN_OK);
        for (size_t i = 0; i < (size_t)r->count * r->slots; i++)
            sum += value[i];
        for (size_t i = 0; i < nn_affine_nonzeros(a); i++)
            want += a->value[i];
        size_t blocks = (size_t)1 << r->fold_count;
        want *= (double)(nn_layout_copies(&p->arrangement.layout[k + 1], 0) / blocks);
        assert_true(fabs(sum - want) < 1e-7 * (double)nn_affine_nonzeros(a));
        free(value);
    }
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_diagonals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
