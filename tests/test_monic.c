/* Monic polynomials: the same function with coefficients in the stages around. */

#include "nn/stages/monic.h"

#include "nn/stages/rewrite.h"

#include "tests/failing.h"
#include "tests/rewrites.h"

/* Give the polynomial coefficients per element: those of element 1 are coef1. */
static void per_element(nn_stage *stage, const double *coef1)
{
    stage->element = malloc((size_t)(stage->degree + 1) * 2 * sizeof(double));
    assert_non_null(stage->element);
    for (int k = 0; k <= stage->degree; k++) {
        stage->element[2 * k] = stage->coef[k];
        stage->element[2 * k + 1] = coef1[k];
    }
}

/* Merging keeps what a sequence computes. */
static void same_after_merge(nn_stages *s)
{
    const double x[2] = {0.75, -0.5};
    double a[2], b[2];

    assert_int_equal(nn_stages_apply(s, a, NULL, x), NN_OK);
    rewrites_all(s, NULL);
    assert_int_equal(nn_stages_apply(s, b, NULL, x), NN_OK);
    testing_assert_near(a[0], b[0], 1e-12 * (1 + fabs(a[0])));
    testing_assert_near(a[1], b[1], 1e-12 * (1 + fabs(a[1])));
}

/* -4 x^2 + 8 x + 1 = -(2 x - 2)^2 + 5 */
static void test_quadratic(void **unused)
{
    const double before[2] = {1, -1}, after[2] = {-1, 1}, coef[3] = {1, 8, -4};
    nn_stages s;

    (void)unused;
    rewrites_sequence(&s, before, 2, coef, after);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 2);
    rewrites_all(&s, NULL);
    assert_int_equal(s.count, 3);
    testing_assert_near(s.stage[0].affine[0].value[0], 2, 0);
    testing_assert_near(s.stage[0].affine[0].bias[0], -2, 0);
    testing_assert_near(s.stage[1].coef[2], 1, 0);
    testing_assert_near(s.stage[1].coef[1], 0, 0);
    testing_assert_near(s.stage[1].coef[0], 0, 0);
    testing_assert_near(s.stage[2].affine[0].value[1], -1, 0);
    testing_assert_near(s.stage[2].affine[0].bias[1], 5, 0);
    testing_assert_near(s.stage[0].range, 4, 1e-12);
    testing_assert_near(s.stage[1].range, 16, 1e-12);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 1);
    assert_int_equal(nn_rewrite_cost(&s).square_stages, 1);
    nn_stages_clear(&s);
}

/* Degree 4: t^4 with a coefficient of 1, two levels instead of three, four where nothing is folded.
 */
static void test_swish(void **unused)
{
    const double scale[2] = {2, 3}, coef[5] = {0.1198, 0.5, 0.1473, 0, -0.002012};
    nn_stages s;

    (void)unused;
    rewrites_sequence(&s, scale, 4, coef, scale);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 3);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[4], 1, 0);
    testing_assert_near(s.stage[1].coef[0], 0, 0);
    testing_assert_near(s.stage[1].coef[3], 0, 0);
    testing_assert_near(s.stage[1].coef[2], -0.1473 / sqrt(0.002012), 1e-12);
    assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 2);
    assert_int_equal(nn_rewrite_cost(&s).multiplications, 2 * 2);
    nn_stages_clear(&s);
}

/* At the borders of a network: no stage before, none after, neither. */
static void test_borders(void **unused)
{
    const double scale[2] = {2, 3}, coef[4] = {0.5, -0.25, 1.5, -8}, other[3] = {1, 2, 3};
    const double square[3] = {0.5, -0.25, 2};
    nn_stages s;

    (void)unused;
    rewrites_sequence(&s, NULL, 3, coef, scale);
    same_after_merge(&s);
    assert_int_equal(s.count, 2);
    testing_assert_near(s.stage[0].coef[3], 1, 0);
    testing_assert_near(s.stage[0].coef[0], 0, 0);
    nn_stages_clear(&s);

    rewrites_sequence(&s, scale, 3, coef, NULL);
    same_after_merge(&s);
    assert_int_equal(s.count, 2);
    testing_assert_near(s.stage[1].coef[3], -1, 0);
    testing_assert_near(s.stage[1].coef[2], 0, 0);
    nn_stages_clear(&s);

    rewrites_sequence(&s, NULL, 3, coef, NULL);
    same_after_merge(&s);
    assert_int_equal(s.count, 1);
    testing_assert_near(s.stage[0].coef[3], -8, 0);
    nn_stages_clear(&s);

    /* Coefficients per element: sums of powers, or constants behind. */
    rewrites_sequence(&s, NULL, 2, square, NULL);
    per_element(&s.stage[0], other);
    same_after_merge(&s);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.stage[1].input_count, 2);
    graphs_check(&s);
    nn_stages_clear(&s);
    rewrites_sequence(&s, scale, 2, square, NULL);
    per_element(&s.stage[1], other);
    same_after_merge(&s);
    assert_int_equal(s.count, 3);
    assert_null(s.stage[1].element);
    graphs_check(&s);
    nn_stages_clear(&s);
}

/* A shift far outside of the range would cost precision: the linear term stays. */
static void test_large_shift(void **unused)
{
    const double ends[2] = {1, -1}, coef[3] = {0, 1, 0.001};
    nn_stages s;

    (void)unused;
    rewrites_sequence(&s, ends, 2, coef, ends);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[2], 1, 0);
    testing_assert_near(s.stage[1].coef[1], 1 / sqrt(0.001), 1e-9);
    nn_stages_clear(&s);
}

/* Coefficients per element of one family a (s x)^3 + b (s x) + c fold away; a constant element as
 * well. */
static void test_per_element(void **unused)
{
    const double ends[2] = {1, -1}, coef[4] = {1, 2, 0, 8}, family[4] = {-3, -1, 0, -1};
    const double constant[4] = {7, 0, 0, 0}, wrong[4] = {0, 1, 0, 8}, linear[3] = {1, 2, 0};
    const double square[3] = {1, 2, 3};
    char why[NETWORKS_WHY] = "";
    nn_stages s;

    (void)unused;
    rewrites_sequence(&s, ends, 3, coef,
                      ends); /* 8 x^3 + 2 x + 1: t = 2 x, t^3 + t; -x^3 - x: -(t^3 + t) */
    per_element(&s.stage[1], family);
    same_after_merge(&s);
    testing_assert_near(s.stage[1].coef[1], 1, 1e-12);
    nn_stages_clear(&s);

    rewrites_sequence(&s, ends, 3, coef, ends);
    per_element(&s.stage[1], constant);
    same_after_merge(&s);
    nn_stages_clear(&s);

    rewrites_sequence(&s, ends, 3, coef, ends); /* of no one family */
    per_element(&s.stage[1], wrong);
    same_after_merge(&s);
    assert_int_equal(nn_rewrite_cost(&s).levels, 4); /* diagonal, x^3, diagonals */
    nn_stages_clear(&s);

    rewrites_sequence(&s, ends, 2, square, ends); /* x^2 here, a line there */
    per_element(&s.stage[1], linear);
    same_after_merge(&s);
    assert_int_equal(nn_rewrite_cost(&s).levels, 3);
    nn_stages_clear(&s);
    assert_int_equal(nn_rewrite_merge(&s, NULL, NULL, why, sizeof why), NN_ERR_ARG);
    assert_int_equal(nn_rewrite_merge(NULL, NULL, NULL, why, sizeof why), NN_ERR_ARG);
}

/* The value before a polynomial has another consumer, which undoes the map to t; the polynomial's
 * own have sign and constant. */
static void test_shared(void **unused)
{
    const nn_shape two = {2, 1, 1};
    const double scale[2] = {2, 3}, b[2] = {0.25, -0.5},
                 coef[5] = {0.1198, 0.5, 0.1473, 0.01, -0.002};
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int after = 0; after < 2; after++) {
        nn_stages s = {.input = two, .input_lo = -1, .input_hi = 1}, plain = s;
        for (int copy = 0; copy < 2; copy++) {
            nn_stages *to = copy ? &plain : &s;
            nn_stage dense = {.input_count = 1, .out = two, .name = "a"},
                     poly = {.kind = NN_STAGE_POLY, .input_count = 1, .input = {1}, .out = two},
                     join = {.input_count = 2, .input = {2, 1}, .out = two, .name = "j"};
            assert_int_equal(
                nn_affine_dense(&dense.affine[0], 2, 2, (const double[]){1, 0.5, -0.25, 1}, b),
                NN_OK);
            poly.degree = 4;
            memcpy(poly.coef, coef, sizeof coef);
            join.origin = NN_FROM_JOIN;
            assert_int_equal(nn_affine_diagonal(&join.affine[0], 2, NULL, b), NN_OK);
            assert_int_equal(nn_affine_diagonal(&join.affine[1], 2, scale, NULL), NN_OK);
            assert_int_equal(nn_stages_append(to, &dense), NN_OK);
            assert_int_equal(nn_stages_append(to, &poly), NN_OK);
            assert_int_equal(nn_stages_append(to, &join), NN_OK);
            if (after) { /* a product beside: neither neighbour can take anything */
                nn_stage product = {
                    .kind = NN_STAGE_PRODUCT, .input_count = 2, .input = {2, 3}, .out = two};
                assert_int_equal(nn_stages_append(to, &product), NN_OK);
            }
            assert_int_equal(nn_stages_bound(to, NULL, 0), NN_OK);
        }
        rewrites_all(&s, NULL);
        graphs_check(&s);
        graphs_equal(&plain, &s, 1e-13, &rng);
        testing_assert_near(s.stage[1].coef[4], after ? -1 : 1, 0);
        assert_true((s.stage[1].coef[0] == 0) == !after);
        testing_assert_near(s.stage[1].coef[3], 0, 0); /* by the shift */
        assert_int_equal(nn_rewrite_stage_levels(&s.stage[1]), 2);
        nn_stages_clear(&s);
        nn_stages_clear(&plain);
    }
}

/* What is in Chebyshev's basis stays, and so does everything when only coefficients per element are
 * asked for. */
static void test_untouched(void **unused)
{
    const double ones[2] = {1, 1}, coef[5] = {0.1198, 0.5, 0.1473, 0, -0.002012};

    (void)unused;
    for (int chebyshev = 0; chebyshev < 2; chebyshev++) {
        nn_stages s;
        rewrites_sequence(&s, ones, 4, coef, ones);
        s.stage[1].basis = chebyshev ? CKKS_BASIS_CHEBYSHEV : CKKS_BASIS_MONOMIAL;
        assert_int_equal(nn_monic_fold(&s, chebyshev, NULL, 0), NN_OK);
        for (int k = 0; k <= 4; k++)
            testing_assert_near(s.stage[1].coef[k], coef[k], 0);
        nn_stages_clear(&s);
    }
}

static void test_failing_allocations(void **unused)
{
    const double coef[4] = {1, 2, 0, 8}, family[4] = {-3, -1, 0, -1}, ends[2] = {1, -1};

    (void)unused;
    for (int before = 0; before < 2; before++) { /* powers, and an identity behind */
        for (long k = 1;; k++) {
            nn_stages s;
            rewrites_sequence(&s, before ? ends : NULL, 3, coef, NULL);
            per_element(&s.stage[before], family);
            failing_from(k);
            nn_status st = nn_monic_expand(&s);
            if (st == NN_OK)
                st = nn_monic_fold(&s, 1, NULL, 0);
            int hit = failing_stop();
            assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
            assert_true(hit || s.count == (before ? 3 : 2)); /* an identity behind; power and sum */
            nn_stages_clear(&s);
            if (!hit)
                break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quadratic),   cmocka_unit_test(test_swish),
        cmocka_unit_test(test_borders),     cmocka_unit_test(test_large_shift),
        cmocka_unit_test(test_per_element), cmocka_unit_test(test_shared),
        cmocka_unit_test(test_untouched),   cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
