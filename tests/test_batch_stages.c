/* Stages as batches take them: activations by squares, weights of even rows that move on. */
#include "nn/batch/batch_stages.h"

#include "tests/models.h"
#include "tests/stages.h"

/* The form computes what the coefficients say. */
static void check_form(const nn_stage *stage, int degree)
{
    nn_batch_form f = nn_batch_form_of(stage);

    assert_int_equal(f.degree, degree);
    for (double x = -1.5; degree > 0 && x <= 1.5; x += 0.25) {
        double want = 0.0, square = degree == 2 ? x + f.shift : x * x + f.inner;
        for (int d = stage->degree; d >= 0; d--)
            want = want * x + stage->coef[d];
        testing_assert_near(square * square + f.slope * x + f.constant, want, 1e-12);
    }
}

static void activations_have_forms(void **state)
{
    nn_stage s = {.kind = NN_STAGE_POLY, .basis = CKKS_BASIS_MONOMIAL, .degree = 2};

    (void)state;
    s.coef[0] = 0.75;
    s.coef[1] = -0.5;
    s.coef[2] = 1.0;
    check_form(&s, 2);
    s.coef[2] = 1.25;
    check_form(&s, 0);
    s.degree = 4;
    s.coef[4] = 1.0;
    check_form(&s, 4);
    s.coef[3] = 0.125;
    check_form(&s, 0);
    s.coef[3] = 0.0;
    s.basis = CKKS_BASIS_CHEBYSHEV;
    check_form(&s, 0);
}

/* value 1 = conv, 2 = square, 3 = selection with weights, 4 = dense of 3 */
static void make_stages(nn_stages *s, double even, double odd, testing_rng *rng)
{
    nn_shape shape = {2, 3, 3};
    double scale[18];
    nn_affine a = {0};

    *s = (nn_stages){.input = {1, 3, 3}, .input_lo = -1.0, .input_hi = 1.0};
    stages_convolution(s, s->input, shape, 3, 1, 1, rng);
    stages_poly(s, shape, 2, 0.0);
    for (int i = 0; i < 18; i++)
        scale[i] = i % 2 == 0 ? even : odd;
    assert_int_equal(nn_affine_diagonal(&a, 18, scale, scale), NN_OK);
    stages_sum(s, shape, 2, &a, 2, NULL);
    s->stage[2].input_count = 1;
    nn_affine_clear(&s->stage[2].affine[1]);
    nn_affine_clear(&a);
    stages_dense(s, shape, 3, rng);
}

static void even_weights_move_on(void **state)
{
    nn_stages s;
    testing_rng rng;
    double in[9], before[3], after[3], range;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    for (int i = 0; i < 9; i++)
        in[i] = testing_uniform(&rng, -1.0, 1.0);
    for (int wide = 0; wide < 2; wide++) {
        make_stages(&s, wide ? 100.0 : -0.25, 2.0, &rng);
        range = s.stage[2].range;
        assert_int_equal(nn_stages_apply(&s, before, NULL, in), NN_OK);
        assert_int_equal(nn_batch_even(&s), NN_OK);
        assert_int_equal(nn_stages_apply(&s, after, NULL, in), NN_OK);
        for (int r = 0; r < 3; r++)
            testing_assert_near(after[r], before[r], 1e-9 * (1.0 + fabs(before[r])));
        /* Weights that differ fifty times stay, those that differ eight times go. */
        assert_true(nn_batch_weight(&s.stage[2].affine[0]) == (wide ? 0.0 : 1.0));
        testing_assert_near(s.stage[2].range, wide ? range : 4.0 * range, 1e-9 * range);
        assert_true(nn_batch_weight(&s.stage[0].affine[0]) == 0.0); /* a square takes it */
        nn_stages_clear(&s);
    }
}

/* What more than affine stages take keeps its weights, and so does the output. */
static void others_keep_their_weights(void **state)
{
    nn_stages s;
    testing_rng rng;

    (void)state;
    testing_rng_init(&rng, testing_seed());
    make_stages(&s, 0.5, 0.5, &rng);
    stages_product(&s, (nn_shape){2, 3, 3}, 3, 3);
    assert_int_equal(nn_batch_even(&s), NN_OK);
    assert_true(nn_batch_weight(&s.stage[2].affine[0]) == 0.5);
    nn_stages_clear(&s);
    make_stages(&s, 0.5, 0.5, &rng);
    nn_stages_prune(&s, 3);
    assert_int_equal(nn_batch_even(&s), NN_OK);
    assert_true(nn_batch_weight(&s.stage[2].affine[0]) == 0.5);
    nn_stages_clear(&s);
}

static void stages_of_a_model(void **state)
{
    nn_model *m = models_small(2, 7);
    nn_stages s;
    char why[400] = "";

    (void)state;
    assert_int_equal(nn_batch_stages(&s, m, 0, why, sizeof why), NN_OK);
    assert_int_equal(nn_stages_output_count(&s), MODELS_OUTPUTS);
    nn_stages_clear(&s);
    nn_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_have_forms),
        cmocka_unit_test(even_weights_move_on),
        cmocka_unit_test(others_keep_their_weights),
        cmocka_unit_test(stages_of_a_model),
    };
    return cmocka_run_group_tests_name("batch_stages", tests, NULL, NULL);
}
