/* Elementwise polynomials against evaluating them. */

#include "nn/stages/symbol.h"

#include "tests/failing.h"
#include "tests/testing.h"

enum { COUNT = 5 };

/* A random polynomial of a degree, some coefficients per element. */
static void draw(nn_symbol *s, int degree, testing_rng *rng)
{
    *s = (nn_symbol){.count = COUNT, .degree = degree};
    for (int k = 0; k <= degree; k++) {
        s->uniform[k] = testing_uniform(rng, 0.1, 1);
        if (testing_below(rng, 2) == 0)
            continue;
        s->element[k] = malloc(COUNT * sizeof *s->element[k]);
        assert_non_null(s->element[k]);
        for (size_t i = 0; i < COUNT; i++)
            s->element[k][i] = testing_uniform(rng, -1, 1);
    }
}

static double value(const nn_symbol *s, size_t i, double x)
{
    double v = 0;

    for (int k = s->degree; k >= 0; k--)
        v = v * x + nn_symbol_at(s, k, i);
    return v;
}

static void test_arithmetic(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(200); n > 0; n--) {
        nn_symbol a, b, sum, product, copy;

        draw(&a, (int)testing_below(&rng, 5), &rng);
        draw(&b, (int)testing_below(&rng, 5), &rng);
        assert_int_equal(nn_symbol_add(&sum, &a, -3, &b), NN_OK);
        assert_int_equal(nn_symbol_multiply(&product, &a, &b), NN_OK);
        assert_int_equal(nn_symbol_copy(&copy, &product), NN_OK);
        for (size_t i = 0; i < COUNT; i++) {
            double x = testing_uniform(&rng, -1, 1), u = value(&a, i, x), v = value(&b, i, x);

            testing_assert_near(value(&sum, i, x), u - 3 * v, 1e-13);
            testing_assert_near(value(&product, i, x), u * v, 1e-13);
            testing_assert_near(value(&copy, i, x), value(&product, i, x), 0);
        }
        nn_symbol_clear(&a);
        nn_symbol_clear(&b);
        nn_symbol_clear(&sum);
        nn_symbol_clear(&product);
        nn_symbol_clear(&copy);
    }
}

static void test_normal_form(void **unused)
{
    nn_symbol x, a, b;

    (void)unused;
    nn_symbol_identity(&x, 3);
    assert_true(nn_symbol_is_identity(&x));
    assert_int_equal(nn_symbol_add(&a, &x, -1, &x), NN_OK); /* x - x = 0, a constant */
    assert_int_equal(a.degree, 0);
    assert_true(nn_symbol_is_uniform(&a));
    assert_int_equal(nn_symbol_multiply(&b, &x, &x), NN_OK);
    assert_int_equal(b.degree, 2);
    assert_false(nn_symbol_is_identity(&b));
    testing_assert_near(nn_symbol_at(&b, 2, 1), 1, 0);
    testing_assert_near(nn_symbol_at(&b, 5, 1), 0, 0);
    b.degree = 5;
    b.uniform[5] = 1;
    assert_int_equal(nn_symbol_multiply(&a, &b, &b), NN_ERR_UNSUPPORTED);
    nn_symbol_clear(&b);
}

static void test_constants(void **unused)
{
    float numbers[3] = {1, 2, 4};
    const nn_dims channels = {3, {3, 1, 1}}, image = {4, {1, 3, 1, 2}}, other = {2, {2, 2}};
    nn_tensor t, ints;
    nn_symbol c, inverse, x;

    (void)unused;
    assert_int_equal(nn_tensor_borrow(&t, &channels, numbers), NN_OK);
    assert_int_equal(nn_symbol_constant(&c, &t, &image), NN_OK);
    assert_int_equal(c.count, 6);
    for (size_t i = 0; i < 6; i++)
        testing_assert_near(nn_symbol_at(&c, 0, i), numbers[i / 2], 0);
    assert_int_equal(nn_symbol_invert(&inverse, &c), NN_OK);
    testing_assert_near(nn_symbol_at(&inverse, 0, 5), 0.25, 0);
    nn_symbol_clear(&inverse);
    nn_symbol_clear(&c);
    assert_int_equal(nn_symbol_constant(&c, &t, &other), NN_ERR_SHAPE);
    assert_int_equal(nn_symbol_constant(&c, &t, &(nn_dims){1, {3}}),
                     NN_ERR_SHAPE); /* larger than that */
    numbers[1] = 0;
    assert_int_equal(nn_symbol_constant(&c, &t, &channels), NN_OK);
    assert_int_equal(nn_symbol_invert(&inverse, &c), NN_ERR_RANGE);
    nn_symbol_clear(&c);
    numbers[1] = INFINITY;
    assert_int_equal(nn_symbol_constant(&c, &t, &channels), NN_ERR_RANGE);
    nn_symbol_identity(&x, 3);
    assert_int_equal(nn_symbol_invert(&inverse, &x), NN_ERR_UNSUPPORTED);
    assert_int_equal(nn_tensor_init(&ints, NN_TYPE_INT64, &(nn_dims){0, {0}}), NN_OK);
    ints.number[0] = 7;
    assert_int_equal(nn_symbol_constant(&c, &ints, &image), NN_OK);
    assert_true(nn_symbol_is_uniform(&c)); /* equal numbers become one */
    testing_assert_near(nn_symbol_at(&c, 0, 3), 7, 0);
    nn_symbol_clear(&c);
    nn_tensor_clear(&ints);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;
    nn_symbol a, b;

    (void)unused;
    testing_rng_init(&rng, 3);
    draw(&a, 4, &rng);
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_symbol_multiply(&b, &a, &a);
        int hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        nn_symbol_clear(&b);
        if (!hit)
            break;
    }
    nn_symbol_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
