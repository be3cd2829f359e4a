/* Which nodes are activations, with which function. */

#include "nn/fit/fit_site.h"

#include "tests/failing.h"
#include "tests/fits.h"

static void test_operators(void **unused)
{
    static const struct {
        const char *op;
        nn_activation f;
    } known[] = {
        {"Relu", {NN_APPROX_RELU, 0, 0}},
        {"Sigmoid", {NN_APPROX_SIGMOID, 0, 0}},
        {"Tanh", {NN_APPROX_TANH, 0, 0}},
        {"Gelu", {NN_APPROX_GELU, 0, 0}},
        {"HardSwish", {NN_APPROX_HARD_SWISH, 0, 0}},
        {"Swish", {NN_APPROX_SWISH, 0, 0}},
        {"LeakyRelu", {NN_APPROX_LEAKY_RELU, (double)(float)0.01f, 0}},
        {"HardSigmoid", {NN_APPROX_HARD_SIGMOID, (double)(float)0.2f, 0.5}},
        {"Clip", {NN_APPROX_CLIP, 0, 0.5}},
    };

    (void)unused;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        nn_graph *g = fits_graph(known[k].op, 1, 5);
        nn_fit_sites s;
        char why[300] = "";

        if (nn_fit_sites_find(&s, g, why, sizeof why) != NN_OK)
            fail_msg("%s: %s", known[k].op, why);
        assert_int_equal(s.count, 2);
        assert_int_equal(s.site[0].f.function, known[k].f.function);
        testing_assert_near(s.site[0].f.a, known[k].f.a, 0);
        testing_assert_near(s.site[0].f.b, known[k].f.b, 0);
        assert_int_equal(s.site[0].is_pool, 0);
        assert_string_equal(g->value[s.site[0].input].name, "x");
        assert_string_equal(g->node[s.site[0].node].makes, "a");
        assert_int_equal(s.site[1].is_pool, 1);
        assert_int_equal(s.site[1].f.function, NN_APPROX_ABS);
        assert_string_equal(g->node[s.site[1].node].makes, "p");
        assert_string_equal(g->value[s.logits].name, "y");
        nn_fit_sites_clear(&s);
        nn_graph_free(g);
    }
}

/* One node on the input; found is as said, or a refusal that names the node. */
static void one_node(const char *op, const char *low, const char *high, float alpha, int found,
                     nn_approx_function function)
{
    const float zero = 0, six = 6;
    nn_graph *g = NULL;
    nn_fit_site site;
    char why[300] = "";
    int got = 7;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 4, 4});
    nn_graph_initializer(g, "0", 0, NULL, &zero);
    nn_graph_initializer(g, "6", 0, NULL, &six);
    nn_graph_node(g, op, "the node", (const char *const[]){"x", low, high}, low == NULL ? 1 : 3,
                  "y");
    if (alpha != 0.0f)
        nn_graph_attr_float(g, "alpha", alpha);
    nn_graph_output(g, "y");
    assert_string_equal(nn_graph_error(g), "");
    nn_status st = nn_fit_site_of(&site, &got, g, 0, why, sizeof why);
    if (found < 0) {
        assert_int_equal(st, NN_ERR_UNSUPPORTED);
        assert_non_null(strstr(why, "the node"));
    } else {
        assert_int_equal(st, NN_OK);
        assert_int_equal(got != 0, found);
    }
    if (found > 0)
        assert_int_equal(site.f.function, function);
    nn_graph_free(g);
}

static void test_one(void **unused)
{
    (void)unused;
    one_node("Clip", "0", "", 0, 1, NN_APPROX_RELU);
    one_node("Clip", "0", "6", 0, 1, NN_APPROX_CLIP);
    one_node("Clip", "", "6", 0, -1, NN_APPROX_CLIP);
    one_node("Clip", "6", "", 0, -1, NN_APPROX_CLIP);
    one_node("Clip", "6", "0", 0, -1, NN_APPROX_CLIP);
    one_node("Swish", NULL, NULL, 1.702f, -1, NN_APPROX_SWISH);
    one_node("HardSigmoid", NULL, NULL, -1.0f, -1, NN_APPROX_HARD_SIGMOID);
    one_node("Exp", NULL, NULL, 0, -1, NN_APPROX_RELU);
    one_node("Erf", NULL, NULL, 0, -1, NN_APPROX_RELU);
    one_node("Identity", NULL, NULL, 0, 0, NN_APPROX_RELU);
    one_node("Neg", NULL, NULL, 0, 0, NN_APPROX_RELU);
    one_node("GlobalMaxPool", NULL, NULL, 0, 1, NN_APPROX_ABS);
}

/* A softmax at the end is the client's, and what the output does not need is no site. */
static void test_needed(void **unused)
{
    nn_graph *g = fits_graph("Relu", 0, 5);
    nn_fit_sites s;

    (void)unused;
    nn_graph_node(g, "Exp", "unused", (const char *const[]){"y"}, 1, "nowhere");
    assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_OK);
    assert_int_equal(s.count, 1);
    nn_fit_sites_clear(&s);
    assert_null(s.site);
    nn_graph_free(g);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){4, 1, 1});
    nn_graph_node(g, "Flatten", "", (const char *const[]){"x"}, 1, "flat");
    nn_graph_node(g, "Relu", "", (const char *const[]){"flat"}, 1, "r");
    assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_ERR_ARG); /* no output */
    nn_graph_node(g, "Softmax", "", (const char *const[]){"r"}, 1, "y");
    nn_graph_output(g, "y");
    assert_int_equal(nn_fit_sites_find(&s, g, NULL, 0), NN_OK);
    assert_int_equal(s.count, 1);
    assert_string_equal(g->value[s.logits].name, "r");
    nn_fit_sites_clear(&s);
    nn_graph_free(g);
}

static void test_no_memory(void **unused)
{
    nn_graph *g = fits_graph("Relu", 1, 5);
    nn_fit_sites s;

    (void)unused;
    for (long k = 1;; k++) {
        failing_from(k);
        nn_status st = nn_fit_sites_find(&s, g, NULL, 0);
        int hit = failing_stop();
        /* Without memory the tail of a graph is taken to be none (nn/onnx/tail.c). */
        assert_true(st == NN_ERR_MEMORY || st == NN_OK);
        assert_true((s.site == NULL) == (st != NN_OK));
        nn_fit_sites_clear(&s);
        if (!hit) {
            assert_int_equal(st, NN_OK);
            break;
        }
    }
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_needed),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
