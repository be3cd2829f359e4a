/* The walk over a plan: order, kinds, progress, probe, stop, release; diagonals and bias. */
#include "nn/run/exec.h"

#include "tests/stage_plans.h"

typedef struct record {
    char calls[64];
    size_t count, seen;
    nn_status answer;
} record;

static nn_status note(record *r, char c)
{
    r->calls[r->count++] = c;
    return r->answer;
}

static nn_status on_affine(void *state, size_t k)
{
    (void)k;
    return note(state, 'M');
}

static nn_status on_polynomial(void *state, size_t k)
{
    (void)k;
    return note(state, 'P');
}

static nn_status on_product(void *state, size_t k)
{
    (void)k;
    return note(state, 'X');
}

static void on_release(void *state, size_t value)
{
    (void)note(state, (char)('0' + value));
}

static const double slots[1] = {0.0};

static void on_show(void *state, size_t value, nn_view *v)
{
    ((record *)state)->seen = value;
    v->slots = slots;
}

static const nn_executor executor = {on_affine, on_polynomial, on_product, on_release, on_show};

typedef struct stopper {
    size_t progress, probe; /* steps to stop at, from 1; 0: none */
    size_t calls, views;
} stopper;

static int on_progress(void *user, size_t step, size_t steps, const char *name)
{
    stopper *s = user;
    assert_int_equal(steps, 5);
    assert_int_equal(step, ++s->calls);
    assert_true(strlen(name) > 0);
    return step == s->progress;
}

static int on_probe(void *user, const nn_view *v)
{
    stopper *s = user;
    assert_int_equal(v->step, s->views++);
    assert_ptr_equal(v->slots, slots);
    assert_int_equal(v->images, 1);
    assert_int_equal(v->parts, 1);
    assert_int_equal(v->numbers, v->step == 4 ? 3 : 8);
    return v->step + 1 == s->probe;
}

/* x -> conv (1) -> square (2); (1) + (2) (3); (3) (1) (4); dense. */
static void diamond(nn_stages *s, testing_rng *rng)
{
    nn_shape shape = {2, 2, 2};
    *s = (nn_stages){.input = shape, .input_lo = -1.0, .input_hi = 1.0};
    stage_plans_conv(s, 0, 2, rng);
    stages_poly(s, shape, 2, 0.0);
    stages_sum(s, shape, 1, NULL, 2, NULL);
    stages_product(s, shape, 3, 1);
    stage_plans_dense(s, 4, 3, rng);
}

static void test_walk(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages stages;
    record r = {.answer = NN_OK};
    stopper s = {0};
    const nn_watch watch = {on_progress, on_probe, &s};
    testing_rng_init(&rng, testing_seed());
    diamond(&stages, &rng);
    nn_model *m = stage_plans_model(&stages);
    nn_plan *p = stage_plans_make(&stages, m, &(nn_plan_options){.log_n = 14}, &rng);
    assert_int_equal(nn_plan_steps(p), 5);
    assert_string_equal(nn_plan_step_name(p, 99), "");
    assert_int_equal(nn_exec_walk(p, &executor, &r, &watch), NN_OK);
    /* a value goes with its last use, the output never */
    assert_string_equal(r.calls, "M0PM2X13M4");
    assert_int_equal(r.seen, 5);
    assert_int_equal(s.calls, 5);
    assert_int_equal(s.views, 5);
    r = (record){.answer = NN_OK};
    s = (stopper){.progress = 2};
    assert_int_equal(nn_exec_walk(p, &executor, &r, &watch), NN_ERR_STOPPED);
    assert_string_equal(r.calls, "M0P");
    r = (record){.answer = NN_OK};
    s = (stopper){.probe = 3};
    assert_int_equal(nn_exec_walk(p, &executor, &r, &watch), NN_ERR_STOPPED);
    assert_string_equal(r.calls, "M0PM");
    r = (record){.answer = NN_ERR_MEMORY};
    assert_int_equal(nn_exec_walk(p, &executor, &r, NULL), NN_ERR_MEMORY);
    assert_string_equal(r.calls, "M");
    assert_int_equal(nn_exec_takes_over(p, 2, 1), 0);
    assert_int_equal(nn_exec_takes_over(p, 3, 1), 1);
    assert_int_equal(nn_exec_takes_over(p, 0, 0), 0); /* the input is never taken over */
    nn_plan_free(p);
    nn_model_free(m);
}

/* The diagonals of a stage hold every entry of the matrix once per replica of the output. */
static void test_diagonals(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    double *value = malloc(p->arrangement.slots * sizeof *value);
    for (size_t k = 0; k < 3; k += 2) {
        const nn_route *r = nn_exec_route(p, k, 0);
        const nn_affine *a = &p->stages->stage[k].affine[0];
        nn_route_index x;
        double sum = 0.0, want = 0.0;
        assert_int_equal(nn_exec_index(&x, p, k, 0), NN_OK);
        for (int e = 0; e < r->entries; e++) {
            nn_route_diagonal(&x, e, value);
            for (size_t i = 0; i < r->slots; i++)
                sum += value[i];
        }
        for (size_t i = 0; i < nn_affine_nonzeros(a); i++)
            want += a->value[i];
        size_t blocks = (size_t)1 << r->fold_count;
        want *= (double)nn_layout_copies(&p->arrangement.layout[k + 1], 0) / (double)blocks;
        assert_true(fabs(sum - want) < 1e-7 * (double)nn_affine_nonzeros(a));
        nn_route_index_clear(&x);
        nn_plan_release_matrix(p, k, 0);
        assert_int_equal(nn_exec_index(&x, p, k, 0), NN_ERR_ARG);
    }
    free(value);
    nn_plan_free(p);
    nn_model_free(m);
}

static void test_bias(void **state)
{
    (void)state;
    nn_model *m = models_small(2, 1);
    nn_plan *p = models_plan(m);
    const nn_layout *out = &p->arrangement.layout[3];
    const double *bias = p->stages->stage[2].affine[0].bias;
    double *slot = nn_exec_bias(p, 2);
    assert_non_null(slot);
    for (size_t e = 0; e < MODELS_OUTPUTS; e++)
        for (size_t c = 0; c < nn_layout_copies(out, e); c++)
            assert_true(slot[out->slot[out->first[e] + c]] == bias[e]);
    free(slot);
    nn_plan_free(p);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_diagonals),
        cmocka_unit_test(test_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
