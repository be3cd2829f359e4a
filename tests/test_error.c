/* Errors through a network: gains against errors that are really put in, sizes of slots. */
#include "nn/levels/error.h"

#include "tests/stages.h"
#include "tests/testing.h"

static nn_status points(nn_error_point *p, const nn_stages *s, const nn_arrangement *a)
{
    nn_status st = nn_error_gains(p, s);
    return st == NN_OK ? nn_error_slots(p, s, a) : st;
}

static void arrange(nn_arrangement *a, const nn_stages *s)
{
    const nn_arrange_job job = {.stages = s, .slots = 4096, .images = 1, .log_n = 13};
    assert_int_equal(nn_arrange(a, &job), NN_OK);
}

/* The network in double, with errors of deviation `tiny` added to one value; out gets its numbers.
 */
static void run(const nn_stages *s, double *out, const double *in, size_t value, double tiny,
                testing_rng *rng)
{
    double *x[8] = {NULL};
    for (size_t v = 0; v <= s->count; v++) {
        size_t width = nn_stages_width(s, v);
        x[v] = malloc(width * sizeof **x);
        assert_non_null(x[v]);
        if (v == 0) {
            memcpy(x[0], in, width * sizeof *in);
        } else {
            const double *inputs[NN_INPUTS_MAX] = {NULL};
            for (size_t i = 0; i < s->stage[v - 1].input_count; i++)
                inputs[i] = x[s->stage[v - 1].input[i]];
            nn_stage_apply(&s->stage[v - 1], x[v], inputs);
        }
        for (size_t i = 0; i < width && v == value; i++)
            x[v][i] += tiny * sqrt(3.0) * testing_uniform(rng, -1.0, 1.0);
    }
    memcpy(out, x[s->count], nn_stages_output_count(s) * sizeof *out);
    for (size_t v = 0; v <= s->count; v++)
        free(x[v]);
}

/* Root mean square output error of random errors in one value, over many draws. */
static double measure(const nn_stages *s, size_t value, testing_rng *rng)
{
    enum { DRAWS = 160 };
    const double tiny = 1e-6;
    size_t in = nn_shape_count(s->input), out = nn_stages_output_count(s);
    double *x = malloc((in + 2 * out) * sizeof *x), *y = x + in, *z = y + out, sum = 0.0;
    for (int d = 0; d < DRAWS; d++) {
        for (size_t i = 0; i < in; i++)
            x[i] = testing_uniform(rng, -1.0, 1.0);
        run(s, y, x, value, 0.0, rng);
        run(s, z, x, value, tiny, rng);
        for (size_t o = 0; o < out; o++)
            sum += (z[o] - y[o]) * (z[o] - y[o]) / (tiny * tiny * (double)out * DRAWS);
    }
    free(x);
    return sqrt(sum);
}

/* Of matrices alone the gain is exact but for the draws: 160 draws of 4 outputs are a chi-square of
 * 640, of 160 were the outputs one: its root is within a fifth (3.6 deviations then, else 7). */
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
    assert_int_equal(points(p, &s, &a), NN_OK);
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
    assert_int_equal(points(p, &s, &a), NN_OK);
    assert_true(fabs(p[1].size - 1.0) < 1e-12);
    assert_true(fabs(p[1].gain - 2.0) < 1e-12);
    assert_true(fabs(p[2].size - sqrt(3.0)) < 1e-12); /* of a normal value's square */
    s.stage[0].spread = 16.0;                         /* known: 1/4 of that */
    nn_error_sizes(p, &s);
    assert_true(fabs(p[1].size - 0.25) < 1e-12);
    assert_true(fabs(p[2].size - sqrt(3.0) / 16.0) < 1e-12);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* A value that goes two ways: its gain is that of both together, independent of each other. */
static void test_sum(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {24, 1, 1}, .input_lo = -1.0, .input_hi = 1.0};
    nn_arrangement a;
    nn_error_point p[4];
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 24, &rng);
    stages_sum(&s, (nn_shape){24, 1, 1}, 0, NULL, 1, NULL);
    stages_dense(&s, (nn_shape){24, 1, 1}, 6, &rng);
    arrange(&a, &s);
    assert_int_equal(points(p, &s, &a), NN_OK);
    /* The way around the matrix is the identity: more than without it. */
    for (size_t v = 0; v < 3; v++) {
        double real = measure(&s, v, &rng);
        assert_true(p[v].gain > 0.6 * real && p[v].gain < 1.6 * real);
    }
    assert_true(p[0].gain > p[2].gain && fabs(p[1].gain - p[2].gain) < 1e-9);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* An error in one factor counts as much as the other is large. */
static void test_product(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {16, 1, 1}, .input_lo = -1.0, .input_hi = 1.0};
    nn_arrangement a;
    nn_error_point p[4];
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 4, &rng);
    stages_dense(&s, s.input, 4, &rng);
    s.stage[1].input[0] = 0;
    stages_product(&s, (nn_shape){4, 1, 1}, 1, 2);
    s.stage[0].range = 8.0; /* typical values 2 and 1 */
    s.stage[1].range = 4.0;
    arrange(&a, &s);
    assert_int_equal(points(p, &s, &a), NN_OK);
    assert_true(fabs(p[1].gain - 1.0) < 1e-12 && fabs(p[2].gain - 2.0) < 1e-12);
    assert_true(fabs(p[3].size - 2.0) < 1e-12);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* Chebyshev's polynomials: the slope of T_3 = 4 x^3 - 3 x at small x is 3, of T_31 it is 31. */
static void test_chebyshev(void **state)
{
    (void)state;
    for (int degree = 3; degree <= 31; degree += 28) {
        testing_rng rng;
        nn_stages s = {.input = {16, 1, 1}, .input_lo = -1.0, .input_hi = 1.0};
        nn_arrangement a;
        nn_error_point p[3];
        testing_rng_init(&rng, testing_seed());
        stages_dense(&s, s.input, 4, &rng);
        stages_poly(&s, (nn_shape){4, 1, 1}, 2, 0.0);
        s.stage[0].range = 4e-3;
        s.stage[1].basis = CKKS_BASIS_CHEBYSHEV;
        s.stage[1].degree = degree;
        s.stage[1].coef[2] = 0.0;
        s.stage[1].coef[degree] = 1.0;
        arrange(&a, &s);
        assert_int_equal(points(p, &s, &a), NN_OK);
        assert_true(fabs(p[1].gain - degree) < 0.01 * degree);
        assert_true(fabs(p[2].size - degree * 1e-3) < 1e-5 * degree);
        nn_arrangement_clear(&a);
        nn_stages_clear(&s);
    }
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
    assert_int_equal(points(p, &s, &a), NN_OK);
    for (size_t k = 0; k <= s.count; k++) {
        assert_true(p[k].slot >= p[k].size && isfinite(p[k].slot));
        assert_true(p[k].gain > 0.0 && isfinite(p[k].gain));
    }
    free(p);
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

/* What a stage passes on: a matrix by the length of its rows, a square by twice the value, a
 * product by the other factor. */
static void test_growth(void **state)
{
    (void)state;
    const double m[4] = {3.0, 4.0, 0.0, 1.0};
    nn_stages s = {.input = {2, 1, 1}, .input_lo = -1.0, .input_hi = 1.0};
    nn_error_point p[4];
    stages_matrix(&s, 2, 2, m, (const double[2]){0.0, 0.0});
    s.stage[0].range = 6.0; /* a typical value is 1.5 */
    stages_poly(&s, (nn_shape){2, 1, 1}, 2, 0.0);
    stages_product(&s, (nn_shape){2, 1, 1}, 1, 2);
    assert_int_equal(nn_error_gains(p, &s), NN_OK);
    assert_true(fabs(nn_error_growth(&s, 0, 0, p) - sqrt(13.0)) < 1e-12); /* of 25 and 1 */
    assert_true(fabs(nn_error_growth(&s, 1, 0, p) - 3.0) < 1e-12);
    assert_true(fabs(nn_error_growth(&s, 2, 0, p) - p[2].size) < 1e-12);
    assert_true(fabs(nn_error_growth(&s, 2, 1, p) - 1.5) < 1e-12);
    nn_stages_clear(&s);
}

/* Elements keep their range under made-up inputs: what a polynomial would make of numbers that no
 * image gives is of no interest. */
static void test_range(void **state)
{
    (void)state;
    testing_rng rng;
    nn_stages s = {.input = {1, 8, 8}, .input_lo = 0.0, .input_hi = 1000.0};
    nn_arrangement a;
    nn_error_point p[3];
    testing_rng_init(&rng, testing_seed());
    stages_dense(&s, s.input, 4096, &rng); /* every slot holds an element */
    s.stage[0].range = 1.0;
    stages_poly(&s, (nn_shape){4096, 1, 1}, 4, 1.0);
    arrange(&a, &s);
    assert_int_equal(points(p, &s, &a), NN_OK);
    assert_true(p[1].slot <= 1.0 && p[2].slot <= 2.0); /* x^4 + x^2 */
    nn_arrangement_clear(&a);
    nn_stages_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices),  cmocka_unit_test(test_square),
        cmocka_unit_test(test_sum),       cmocka_unit_test(test_product),
        cmocka_unit_test(test_chebyshev), cmocka_unit_test(test_slots),
        cmocka_unit_test(test_growth),    cmocka_unit_test(test_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
