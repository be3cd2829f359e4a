/* What polynomials do to nominal primes: as ckks_poly_plan says, and the same when all is off a
 * bit.
 */
#include "nn/levels/powers.h"

#include "tests/testing.h"

static nn_stage polynomial(int basis, int degree)
{
    nn_stage s = {.kind = NN_STAGE_POLY, .input_count = 1, .basis = basis, .degree = degree};
    for (int k = 0; k <= degree; k++)
        s.coef[k] = 0.7 / (1.0 + k);
    return s;
}

/* The scale that comes out is at least the least scale, and the bits add up: what the products make
 * of the scale is what is dropped and what is left. */
static void test_plan(void **state)
{
    (void)state;
    nn_powers *p = NULL;
    int planned = 0;
    assert_int_equal(nn_powers_create(&p), NN_OK);
    for (int size = 0; size < NN_POWERS_SIZES; size++)
        for (int degree = 3; degree <= NN_DEGREE_MAX; degree += 4) {
            nn_stage s = polynomial(
                degree > NN_MONOMIAL_MAX ? CKKS_BASIS_CHEBYSHEV : CKKS_BASIS_MONOMIAL, degree);
            nn_power out;
            if (!nn_powers_plan(p, &out, &s, size, 40.0, 28.0))
                continue;
            planned++;
            double left = out.before_bits - out.dropped * nn_powers_bits(size);
            assert_true(out.min_scale_bits < 28.0 && out.min_scale_bits > 26.0);
            assert_true(left >= out.min_scale_bits - 1e-9);
            /* Another prime would have gone below. */
            assert_true(left - nn_powers_bits(size) < out.min_scale_bits);
            assert_int_equal(out.products, nn_powers_products(p, &s));
            assert_true(out.products >= (int)ceil(log2(degree)));
        }
    assert_true(planned > NN_POWERS_SIZES * 4);
    nn_powers_free(p);
    nn_powers_free(NULL);
}

/* A decision that hangs by a hair is made by another least scale, where it does not. */
static void test_hair(void **state)
{
    (void)state;
    nn_powers *p = NULL;
    nn_power out, near;
    assert_int_equal(nn_powers_create(&p), NN_OK);
    nn_stage s = polynomial(CKKS_BASIS_MONOMIAL, 4);
    for (double floor = 20.0; floor < 30.0; floor += 0.01) {
        if (!nn_powers_plan(p, &out, &s, 8, 35.0, floor))
            continue;
        assert_true(nn_powers_plan(p, &near, &s, 8, 35.04, floor));
        /* The first that is safe at 35.0 is at 35.04 as well, or another is; never one at an edge.
         */
        assert_true(fabs(near.before_bits - out.before_bits) < 40.0);
    }
    nn_powers_free(p);
}

static void test_impossible(void **state)
{
    (void)state;
    nn_powers *p = NULL;
    nn_power out;
    assert_int_equal(nn_powers_create(&p), NN_OK);
    nn_stage s = polynomial(CKKS_BASIS_CHEBYSHEV, 31);
    assert_int_equal(nn_powers_plan(p, &out, &s, 16, 200.0, 28.0), 0);
    s.degree = 0;
    assert_int_equal(nn_powers_products(p, &s), 0);
    nn_powers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_hair),
        cmocka_unit_test(test_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
