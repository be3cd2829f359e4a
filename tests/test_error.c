/* Errors through a network: gains against errors that are really put in, sizes of slots. */
#include "nn/error.h"

#include "tests/stages.h"
#include "tests/testing.h"

static void arrange(nn_arrangement *a, const nn_stages *s)
{
    const nn_arrange_job job = {.stages = s, .slots = 4096, .images = 1, .log_n = 13};
    assert_int_equal(nn_arrange(a, &job), NN_OK);
}

/* Mean square output error of random errors at the input of stage `from`, over many draws. */
static double measure(const nn_stages *s, size_t from, testing_rng *rng)
{
    enum { DRAWS = 40 };
    const double tiny = 1e-6;
    nn_stages rest = *s;
    rest.stage = s->stage + from;
    rest.count = s->count - from;
    rest.input = rest.count > 0 ? rest.stage[0].in : s->stage[s->count - 1].out;
    size_t in = nn_shape_count(rest.input), out = nn_stages_output_count(s);
    double *x = malloc((in + 2 * out) * sizeof *x), *y = x + in, *z = y + out, sum = 0.0;
    for (int d = 0; d < DRAWS; d++) {
        for (size_t i = 0; i < in; i++)
            x[i] = testing_uniform(rng, -1.0, 1.0);
        assert_int_equal(nn_stages_apply(&rest, y, NULL, x), NN_OK);
        for (size_t i = 0; i < in; i++)
            x[i] += tiny * sqrt(3.0) * testing_uniform(rng, -1.0, 1.0);
        assert_int_equal(nn_stages_apply(&rest, z, NULL, x), NN_OK);
        for (size_t o = 0; o < out; o++)
            sum += (z[o] - y[o]) * (z[o] - y[o]) / (tiny * tiny * (double)out * DRAWS);
    }
    free(x);
    return sqrt(sum);
}

/* Of matrices alone the gain is exact but for the draws: 40 draws of 4 outputs are a chi-square of
 * 160, whose root is within a fifth (3.6 deviations). */
static void test_matrices(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
    nn_arrangement a;
    nn_error_point p[3];
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 20, &rng);
    stages_dense(&s, (nn_shape){20, 1, 1}, 4, &rng);
    arrange(&a, &s);
    assert_int_equal(nn_error_points(p, &s, &a), NN_OK);
    assert_true(p[2].gain == 1.0);
    for (size_t k = 0; k < 2; k++) {
        double real = measure(&s, k, &rng);
        assert_true(p[k].gain > 0.8 * real && p[k].gain < 1.25 * real);
    }
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* A square doubles an error at a value of 1. */
static void test_square(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1.0};
    nn_arrangement a;
    nn_error_point p[3];
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 5, &rng);
    s.stage[0].range = 4.0; /* so a typical value is 1 */
    stages_poly(&s, (nn_shape){5, 1, 1}, 2, 0.0);
    arrange(&a, &s);
    assert_int_equal(nn_error_points(p, &s, &a), NN_OK);
    assert_true(fabs(p[1].size - 1.0) < 1e-12);
    assert_true(fabs(p[1].gain - 2.0) < 1e-12);
    assert_true(fabs(p[2].size - sqrt(3.0)) < 1e-12); /* of a normal value's square */
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* No slot is forgotten: their root mean square is at least that of the typical value. */
static void test_slots(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s;
    nn_arrangement a;
    nn_error_point *p;
    testing_rng_init(&rng, testing_seed());
    stages_cryptonets(&s, &rng);
    arrange(&a, &s);
    p = calloc(s.count + 1, sizeof *p);
    assert_int_equal(nn_error_points(p, &s, &a), NN_OK);
    for (size_t k = 0; k <= s.count; k++) {
        assert_true(p[k].slot >= p[k].size && isfinite(p[k].slot));
        assert_true(p[k].gain > 0.0 && isfinite(p[k].gain));
    }
    free(p);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_square),
        cmocka_unit_test(test_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
