/* Activations and max pools by their fits: stages compute what the fits compute. */

#include "nn/fit/fit.h"
#include "nn/stages/lowering.h"
#include "nn/stages/merge.h"
#include "nn/stages/rewrite.h"

#include "tests/graphs_failing.h"

/* A fit of any function: random numbers, since only that they are followed is looked at. */
static nn_fit draw(nn_approx_function f, int degree, double lo, double hi, testing_rng *rng)
{
    nn_fit fit = {.kind = NN_FIT_POLY, .f = {.function = f}, .lo = lo, .hi = hi, .count = 1};

    fit.f.a = f == NN_APPROX_LEAKY_RELU ? 0.125 : f == NN_APPROX_HARD_SIGMOID ? 0.2 : 0;
    fit.f.b = f == NN_APPROX_HARD_SIGMOID ? 0.5 : f == NN_APPROX_CLIP ? 6 : 0;
    fit.poly[0].degree = degree;
    for (int k = 0; k <= degree; k++)
        fit.poly[0].coef[k] = testing_uniform(rng, 0.2, 1) / (k * k + 1);
    return fit;
}

/* Two odd polynomials, the first of which stays within [-1, 1]. */
static nn_fit draw_sign(nn_approx_function f, double reach)
{
    nn_fit fit = {.kind = NN_FIT_SIGN, .f = {.function = f}, .lo = -reach, .hi = reach, .count = 2};

    fit.f.a = f == NN_APPROX_LEAKY_RELU ? 0.125 : 0;
    fit.poly[0] = (nn_fit_poly){.degree = 3, .coef = {0, 0.8, 0, -0.2}};
    fit.poly[1] = (nn_fit_poly){.degree = 9, .coef = {0, 1.2, 0, -0.3, 0, 0.1, 0, -0.05, 0, 0.02}};
    return fit;
}

static void set(nn_graph *g, const char *value, const nn_fit *fit)
{
    assert_true(nn_fit_is_valid(fit));
    assert_int_equal(nn_fit_set(g, value, fit), NN_OK);
}

/* Stages of an activation of a dense layer, unmerged and merged, against the fit. */
static void check(nn_graph *g, const nn_fit *fit, size_t levels, testing_rng *rng)
{
    nn_stages s;
    double x[3], in[3], out[3];

    set(g, "y", fit);
    nn_graph_output(g, "y");
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    for (int merged = 0; merged < 2; merged++) {
        graphs_lower(&s, g);
        if (merged)
            assert_int_equal(nn_rewrite_merge(&s, NULL, NULL, NULL, 0), NN_OK);
        graphs_check(&s);
        for (int n = 0; n < 20; n++) {
            for (int i = 0; i < 3; i++) {
                in[i] = testing_uniform(rng, fit->lo, fit->hi);
                x[i] = in[i] / (1 << i); /* undone by the layer before */
            }
            assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
            for (int i = 0; i < 3; i++)
                testing_assert_near(out[i], nn_fit_value(fit, in[i]), 1e-12 * fabs(fit->hi));
        }
        if (merged)
            assert_int_equal(nn_rewrite_cost(&s).levels, levels);
        else
            assert_true(nn_stages_range(&s, 1) <= fmax(fabs(fit->lo), fabs(fit->hi)) * 1.0000001);
        nn_stages_clear(&s);
    }
    nn_graph_free(g);
}

/* y = activation of (x0, 2 x1, 4 x2). */
static nn_graph *activation(const char *op)
{
    nn_graph *g = graphs_vector(3);

    nn_graph_meta(g, "unseen.input_range", "-100 100");
    nn_graph_initializer(g, "w", 2, (const size_t[]){3, 3},
                         (const float[]){1, 0, 0, 0, 2, 0, 0, 0, 4});
    graphs_node(g, "MatMul", "x", "w", "a");
    if (strcmp(op, "Clip") == 0) {
        graphs_number(g, "zero", 0);
        graphs_number(g, "six", 6);
        nn_graph_node(g, op, "y", (const char *const[]){"a", "zero", "six"}, 3, "y");
    } else {
        graphs_node(g, op, "a", NULL, "y");
    }
    return g;
}

/* Every activation, of degrees that are best in powers (2, 3, 4, 8) and that are not. */
static void test_activations(void **unused)
{
    static const struct {
        const char *op;
        nn_approx_function function;
    } ops[] = {
        {"Relu", NN_APPROX_RELU},
        {"LeakyRelu", NN_APPROX_LEAKY_RELU},
        {"Sigmoid", NN_APPROX_SIGMOID},
        {"Tanh", NN_APPROX_TANH},
        {"Swish", NN_APPROX_SWISH},
        {"Gelu", NN_APPROX_GELU},
        {"HardSwish", NN_APPROX_HARD_SWISH},
        {"HardSigmoid", NN_APPROX_HARD_SIGMOID},
        {"Clip", NN_APPROX_CLIP},
    };
    /* The layer and the polynomial, then a layer for the constants that the output keeps, which a
     * polynomial in powers does without. */
    static const size_t levels[] = {0, 1, 1 + 1, 1 + 2, 1 + 2, 1 + 3, 1 + 3, 1 + 3, 1 + 3, 1 + 4};
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        for (int degree = 1; degree <= 9; degree++) {
            nn_fit fit = draw(ops[k].function, degree, -3, 5, &rng);
            if (degree == 8) /* the largest coefficient in powers is 128 times the last */
                fit.poly[0].coef[8] = 0.01;
            check(activation(ops[k].op), &fit, levels[degree], &rng);
        }
    }
}

static void test_signs(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_fit fit = draw_sign(NN_APPROX_RELU, 5);
    check(activation("Relu"), &fit, 1 + 2 + 4 + 1, &rng);
    fit = draw_sign(NN_APPROX_LEAKY_RELU, 5);
    check(activation("LeakyRelu"), &fit, 1 + 2 + 4 + 1, &rng);
    fit.poly[0] = (nn_fit_poly){.degree = 1, .coef = {0, 0.9}}; /* a line is no polynomial stage */
    check(activation("LeakyRelu"), &fit, 1 + 1 + 4 + 1, &rng);
}

/* The fit's range holds on either side of a shift that the graph writes as an Add. */
static void test_range(void **unused)
{
    testing_rng rng;
    nn_stages s;
    nn_graph *g = graphs_vector(2);

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_fit fit = draw(NN_APPROX_SIGMOID, 6, -2, 4, &rng);
    nn_graph_meta(g, "unseen.input_range", "-100 100");
    graphs_number(g, "one", 1);
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    graphs_node(g, "MatMul", "x", "w", "a");
    graphs_node(g, "Add", "a", "one", "b");
    graphs_node(g, "Sigmoid", "b", NULL, "y");
    nn_graph_output(g, "y");
    set(g, "y", &fit);
    graphs_lower(&s, g);
    assert_int_equal(s.count, 3); /* the layer, the map to [-1, 1], the polynomial */
    testing_assert_near(s.stage[0].range, 5, 1e-12);
    testing_assert_near(s.stage[1].range, 1, 0);
    assert_true(s.stage[0].measured && s.stage[1].measured);
    assert_int_equal(s.stage[2].basis, CKKS_BASIS_CHEBYSHEV);
    assert_true(s.stage[2].range < 4);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

/* x * sigmoid(x), which nothing has fused: one polynomial, or a product. */
static void test_product(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int degree = 4; degree <= 6; degree += 2) {
        nn_stages s;
        nn_graph *g = graphs_vector(1);
        nn_fit fit = draw(NN_APPROX_SIGMOID, degree, -2, 4, &rng);
        double x = testing_uniform(&rng, -2, 4), y;

        graphs_node(g, "Sigmoid", "x", NULL, "s");
        graphs_node(g, "Mul", "x", "s", "y");
        nn_graph_output(g, "y");
        set(g, "s", &fit);
        graphs_lower(&s, g);
        assert_int_equal(s.count, degree == 4 ? 1 : 3);
        assert_int_equal(nn_stages_apply(&s, &y, NULL, &x), NN_OK);
        testing_assert_near(y, x * nn_fit_value(&fit, x), 1e-12);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* The largest of what a window sees, by the fit of |d|: in rounds, as the stages do it. */
static double tournament(const double *v, int count, const nn_fit *fit)
{
    double next[64];

    if (count == 1)
        return v[0];
    for (int k = 0; k < count; k += 2) {
        double d = k + 1 < count ? v[k] - v[k + 1] : 0;
        next[k / 2] = k + 1 < count ? (v[k] + v[k + 1] + nn_fit_value(fit, d)) / 2 : v[k];
    }
    return tournament(next, (count + 1) / 2, fit);
}

/* Windows of 3 x 2 on a padded image, and one over the whole of it. */
static void test_max_pools(void **unused)
{
    enum { H = 5, W = 4 };
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = 0; n < 4; n++) {
        int global = n / 2, sign = n % 2;
        nn_graph *g = graphs_image(2, H, W);
        nn_fit fit = sign ? draw_sign(NN_APPROX_ABS, 1) : draw(NN_APPROX_ABS, 6, -1, 1, &rng);
        nn_stages s;
        double x[2 * H * W], out[2 * 3 * 2];

        graphs_node(g, global ? "GlobalMaxPool" : "MaxPool", "x", NULL, "y");
        if (!global) {
            nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){3, 2}, 2);
            nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 3}, 2);
            nn_graph_attr_ints(g, "pads", (const int64_t[]){1, 1, 1, 0}, 4);
        }
        nn_graph_output(g, "y");
        set(g, "y", &fit);
        graphs_lower(&s, g);
        graphs_check(&s);
        for (int i = 0; i < 2 * H * W; i++)
            x[i] = testing_uniform(&rng, 0, 1);
        assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
        int rows = global ? 1 : 3, cols = global ? 1 : 2;
        assert_int_equal(nn_stages_output_count(&s), 2 * rows * cols);
        for (int o = 0; o < 2 * rows * cols; o++) {
            double seen[64];
            int count = 0, c = o / (rows * cols), top = o / cols % rows * 2 - 1,
                left = o % cols * 3 - 1;
            for (int y = global ? 0 : top; y < (global ? H : top + 3); y++)
                for (int z = global ? 0 : left; z < (global ? W : left + 2); z++)
                    if (y >= 0 && y < H && z >= 0 && z < W)
                        seen[count++] = x[(c * H + y) * W + z];
            testing_assert_near(out[o], tournament(seen, count, &fit), 1e-12);
        }
        assert_int_equal(nn_rewrite_merge(&s, NULL, NULL, NULL, 0), NN_OK);
        graphs_check(&s);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* A window of one number only picks it. */
static void test_no_tournament(void **unused)
{
    nn_graph *g = graphs_image(1, 4, 4);
    testing_rng rng;
    nn_stages s;
    double x[16], out[4];

    (void)unused;
    testing_rng_init(&rng, 1);
    nn_fit fit = draw(NN_APPROX_ABS, 6, -1, 1, &rng);
    graphs_node(g, "MaxPool", "x", NULL, "y");
    nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){1, 1}, 2);
    nn_graph_attr_ints(g, "strides", (const int64_t[]){2, 2}, 2);
    nn_graph_output(g, "y");
    set(g, "y", &fit);
    graphs_lower(&s, g);
    for (int i = 0; i < 16; i++)
        x[i] = i;
    assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
    testing_assert_near(out[3], 10, 0);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

static void test_refusals(void **unused)
{
    testing_rng rng;
    nn_graph *g = graphs_image(1, 2, 2);

    (void)unused;
    testing_rng_init(&rng, 1);
    graphs_node(g, "Relu", "x", NULL, "a"); /* all that miss a fit, and how to make one */
    graphs_node(g, "MaxPool", "a", NULL, "b");
    nn_graph_attr_ints(g, "kernel_shape", (const int64_t[]){2, 2}, 2);
    graphs_node(g, "Add", "b", "a", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "run `unseen fit MODEL --images FILE -o NEW`");

    g = graphs_image(1, 2, 2);
    graphs_node(g, "Relu", "x", NULL, "a");
    graphs_node(g, "Sigmoid", "x", NULL, "b");
    graphs_node(g, "Add", "b", "a", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED,
                  "o NEW`:\n  Relu 'a': no polynomial is fitted to it\n  Sigmoid 'b': no poly");

    g = graphs_image(1, 2, 2);
    nn_fit fit = draw(NN_APPROX_RELU, 4, -1, 1, &rng);
    graphs_node(g, "GlobalMaxPool", "x", NULL, "y");
    nn_graph_output(g, "y");
    set(g, "y", &fit);
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "its fit is not one of |x|");

    g = graphs_image(1, 2, 2);
    graphs_node(g, "Relu", "x", NULL, "y");
    nn_graph_output(g, "y");
    nn_graph_meta(g, "unseen.fit.y", "nonsense");
    graphs_refuse(g, NN_ERR_FORMAT, "y");
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, 2);
    for (int pool = 0; pool < 3; pool++) {
        nn_graph *g = graphs_image(1, 3, 3);
        nn_fit fit = pool ? draw_sign(NN_APPROX_ABS, 1) : draw_sign(NN_APPROX_RELU, 1);

        if (pool == 2)
            fit = draw(NN_APPROX_ABS, 4, -1, 1, &rng);
        graphs_node(g, pool ? "GlobalMaxPool" : "Relu", "x", NULL, "y");
        nn_graph_output(g, "y");
        set(g, "y", &fit);
        graphs_failing_lower(g);
        nn_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations), cmocka_unit_test(test_signs),
        cmocka_unit_test(test_range),       cmocka_unit_test(test_product),
        cmocka_unit_test(test_max_pools),   cmocka_unit_test(test_no_tournament),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
