/* Lowering: stages compute what the reference computes, and what cannot be taken is listed. */

#include "nn/stages/lower.h"

#include "tests/graphs_failing.h"

static void test_random_networks(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(150); n > 0; n--) {
        char why[NETWORKS_WHY] = "";
        nn_stages s;
        nn_graph *g = networks_random(&rng);

        if (nn_lower(&s, g, why, sizeof why) != NN_OK)
            fail_msg("%s", why);
        graphs_check(&s);
        graphs_compare(g, &s, GRAPHS_TOLERANCE, &rng);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* The degree-4 Swish fit in three shapes of tree gives one and the same polynomial stage. */
static void test_polynomial_trees(void **unused)
{
    const float c[5] = {0.03347f, 0.5f, 0.19566f, 0, -0.005075f};

    (void)unused;
    for (int shape = 0; shape < 3; shape++) {
        nn_stages s;
        nn_graph *g = graphs_vector(3);

        graphs_number(g, "c0", c[0]);
        graphs_number(g, "c1", c[1]);
        graphs_number(g, "c2", c[2]);
        graphs_number(g, "c4", c[4]);
        graphs_number(g, "two", 2);
        graphs_number(g, "four", 4);
        if (shape == 0) { /* powers by Mul */
            graphs_node(g, "Mul", "x", "x", "x2");
            graphs_node(g, "Mul", "x2", "x2", "x4");
        } else { /* by Pow */
            graphs_node(g, "Pow", "x", "two", "x2");
            graphs_node(g, "Pow", "x", "four", "x4");
        }
        if (shape < 2) {
            graphs_node(g, "Mul", "x4", "c4", "t4");
            graphs_node(g, "Mul", "c2", "x2", "t2");
            graphs_node(g, "Add", "t4", "t2", "s2");
            graphs_node(g, "Mul", "x", "c1", "t1");
            graphs_node(g, "Add", "s2", "t1", "s1");
            graphs_node(g, "Add", "c0", "s1", "y");
        } else { /* ((c4 x^2 + c2) x + c1) x + c0 */
            graphs_node(g, "Mul", "x2", "c4", "h3");
            graphs_node(g, "Add", "h3", "c2", "h2");
            graphs_node(g, "Mul", "x", "h2", "h1");
            graphs_node(g, "Add", "h1", "c1", "h0");
            graphs_node(g, "Mul", "h0", "x", "h");
            graphs_node(g, "Add", "h", "c0", "y");
        }
        nn_graph_output(g, "y");
        graphs_lower(&s, g);
        assert_int_equal(s.count, 1);
        assert_int_equal(s.stage[0].kind, NN_STAGE_POLY);
        assert_int_equal(s.stage[0].degree, 4);
        assert_null(s.stage[0].element);
        for (int k = 0; k <= 4; k++)
            testing_assert_near(s.stage[0].coef[k], c[k], 0);
        assert_string_equal(s.stage[0].name, "y");
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* x^16 is more than one stage: x^8, and its square. */
static void test_high_power(void **unused)
{
    nn_stages s;
    nn_graph *g = graphs_vector(2);
    double out[2];

    (void)unused;
    graphs_node(g, "Mul", "x", "x", "x2");
    graphs_node(g, "Mul", "x2", "x2", "x4");
    graphs_node(g, "Mul", "x4", "x4", "x8");
    graphs_node(g, "Mul", "x8", "x8", "x16");
    nn_graph_output(g, "x16");
    graphs_lower(&s, g);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.stage[0].degree, 8);
    assert_int_equal(s.stage[1].degree, 2);
    assert_int_equal(nn_stages_apply(&s, out, NULL, (const double[]){0.5, -2}), NN_OK);
    testing_assert_near(out[0], ldexp(1, -16), 0);
    testing_assert_near(out[1], 65536, 0);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

static void test_constants_and_dead_nodes(void **unused)
{
    nn_stages s;
    nn_graph *g = graphs_vector(2);
    double out[2];

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    graphs_node(g, "Transpose", "w", NULL, "wt");
    graphs_node(g, "Add", "wt", "wt", "w2"); /* computed from constants */
    graphs_node(g, "MatMul", "x", "w", "dead");
    graphs_node(g, "Identity", "x", NULL, "alias");
    graphs_node(g, "MatMul", "alias", "w2", "y");
    nn_graph_output(g, "y");
    graphs_lower(&s, g);
    assert_int_equal(s.count, 1);
    assert_int_equal(nn_stages_apply(&s, out, NULL, (const double[]){1, 10}), NN_OK);
    testing_assert_near(out[0], 2 * (1 * 1 + 10 * 2), 0); /* x (2 w^T) */
    testing_assert_near(out[1], 2 * (1 * 3 + 10 * 4), 0);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

/* A network without any stage gets the identity. */
static void test_identity_network(void **unused)
{
    nn_stages s;
    nn_graph *g = graphs_vector(3);

    (void)unused;
    graphs_node(g, "Identity", "x", NULL, "y");
    nn_graph_output(g, "y");
    graphs_lower(&s, g);
    assert_int_equal(s.count, 1);
    assert_true(nn_stage_is_identity(&s.stage[0]));
    nn_stages_clear(&s);
    nn_graph_free(g);
}

static void test_ranges(void **unused)
{
    nn_stages s;
    nn_graph *g = graphs_vector(2);

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, -1, 2, 2});
    graphs_number(g, "half", 0.5f);
    graphs_node(g, "MatMul", "x", "w", "a"); /* (x0 + 2 x1, -x0 + 2 x1) */
    graphs_node(g, "Mul", "a", "half", "b");
    graphs_node(g, "Mul", "b", "b", "c");
    nn_graph_output(g, "c");
    nn_graph_meta(g, "unseen.input_range", "-1 1");
    graphs_lower(&s, g);
    testing_assert_near(s.input_lo, -1, 0);
    testing_assert_near(s.stage[0].range, 3, 1e-12);
    testing_assert_near(s.stage[1].range, 2.25, 1e-12);
    assert_int_equal(s.stage[0].measured, 0);
    nn_stages_clear(&s);
    /* |b| <= 0.5 says that |a| <= 1; |c| <= 0.2 is measured as well. */
    nn_graph_meta(g, "unseen.range.b", "0.5");
    nn_graph_meta(g, "unseen.range.c", "2e-1");
    graphs_lower(&s, g);
    testing_assert_near(s.stage[0].range, 1, 1e-12);
    testing_assert_near(s.stage[1].range, 0.2, 1e-12);
    assert_int_equal(s.stage[0].measured + s.stage[1].measured, 2);
    assert_true(s.stage[0].spread == 0 && s.stage[1].spread == 0);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

/* The root mean square goes the way of the range: of 2 x + 0.3 it is 0.5, so of x it is about
 * sqrt(0.5^2 + 0.3^2) / 2. */
static void test_sizes(void **unused)
{
    nn_graph *g = graphs_vector(2);
    nn_stages s;

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    graphs_number(g, "two", 2);
    graphs_number(g, "more", 0.3f);
    graphs_node(g, "MatMul", "x", "w", "a");
    graphs_node(g, "Mul", "a", "two", "b");
    graphs_node(g, "Add", "b", "more", "c");
    graphs_node(g, "Mul", "c", "c", "y");
    nn_graph_output(g, "y");
    nn_graph_meta(g, "unseen.range.c", "3.7 0.5");
    graphs_lower(&s, g);
    testing_assert_near(s.stage[0].range, 2, 1e-6);
    testing_assert_near(s.stage[0].spread, 2 / (sqrt(0.25 + 0.09) / 2), 1e-5);
    nn_stages_clear(&s);
    /* A smaller bound leaves the size; a smaller size is taken. */
    nn_graph_meta(g, "unseen.range.b", "3");
    nn_graph_meta(g, "unseen.range.a", "1.8 0.25");
    graphs_lower(&s, g);
    testing_assert_near(s.stage[0].range, 1.5, 1e-6);
    testing_assert_near(s.stage[0].spread, 1.5 / 0.25, 1e-5);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

static void test_refusals(void **unused)
{
    nn_graph *g = graphs_vector(2);

    (void)unused;
    graphs_number(g, "e", 0.5f);
    graphs_node(g, "Div", "x", "x", "ratio");
    graphs_node(g, "Pow", "x", "e", "root");
    graphs_node(g, "Mul", "root", "ratio", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "2 nodes cannot be taken:\n  Div 'ratio': it divides");

    g = graphs_vector(2);
    graphs_node(g, "Exp", "x", NULL, "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED,
                  "one node cannot be taken:\n  Exp 'y': it depends on the input; ");

    g = graphs_vector(2);
    graphs_node(g, "Softmax", "x", NULL, "p");
    graphs_node(g, "Mul", "p", "x", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "Softmax 'p': it is taken at the end");

    g = graphs_image(2, 2, 2);
    graphs_node(g, "Softmax", "x", NULL, "y");
    nn_graph_attr_int(g, "axis", 1);
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "Softmax 'y': it is taken at the end of the network only");

    g = graphs_vector(2);
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, (const float[]){1, 2});
    nn_graph_node(g, "BatchNormalization", "bn", (const char *const[]){"w", "w", "w", "w", "w"}, 5,
                  "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_SHAPE, "no channels");

    g = graphs_vector(2);
    graphs_node(g, "Identity", "x", NULL, "z");
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, (const float[]){1, 2});
    graphs_node(g, "Identity", "w", NULL, "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "does not depend on the input");

    static const char *const bad[] = {"1 0", "-1", "2 3", "2 0", "2 x", "2 1 1", ""};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) { /* metadata */
        g = graphs_vector(2);
        graphs_node(g, "Mul", "x", "x", "y");
        nn_graph_output(g, "y");
        nn_graph_meta(g, k > 0 ? "unseen.range.y" : "unseen.input_range", bad[k]);
        graphs_refuse(g, NN_ERR_RANGE, "unseen.");
    }
}

static void test_more_refusals(void **unused)
{
    nn_graph *g = graphs_vector(2);
    nn_stages s;

    (void)unused;
    nn_graph_initializer(g, "w", 1, (const size_t[]){3}, (const float[]){1, 2, 3});
    graphs_node(g, "MatMul", "x", "w", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_SHAPE, "MatMul 'y': operands (1,2) and (3)");

    g = graphs_vector(2);
    nn_graph_initializer(g, "w", 4, (const size_t[]){1, 1, 1, 1}, (const float[]){1});
    nn_graph_initializer_ints(g, "to", (const int64_t[]){1, 1, 1, 2}, 4);
    graphs_node(g, "Reshape", "x", "to", "image");
    graphs_node(g, "Conv", "w", "image", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_SHAPE, "Conv 'y'");

    g = graphs_vector(2);
    nn_graph_input_dims(g, "x2", &(nn_dims){2, {0, 2}});
    graphs_node(g, "Add", "x", "x2", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "2 inputs and 1 outputs");

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &(nn_dims){1, {4}});
    nn_graph_output(g, "x");
    graphs_refuse(g, NN_ERR_SHAPE, "no batch of images");

    g = graphs_vector(2);
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 1}, (const float[]){3e38f, 3e38f});
    graphs_node(g, "MatMul", "x", "w", "a");
    graphs_number(g, "e", 8);
    graphs_node(g, "Pow", "a", "e", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_RANGE, "no finite bound");

    assert_int_equal(nn_lower(&s, NULL, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_lower(NULL, NULL, NULL, 0), NN_ERR_ARG);
}

/* Softmax, LogSoftmax and ArgMax at the end are left to the client. */
static void test_tail(void **unused)
{
    const double x[3] = {1, -2, 3};

    (void)unused;
    for (int k = 0; k < 3; k++) {
        const char *const tails[3] = {"Softmax", "LogSoftmax", "ArgMax"};
        nn_graph *g = graphs_vector(3);
        nn_stages s;
        double out[3];

        graphs_node(g, "Mul", "x", "x", "logits");
        graphs_node(g, tails[k], "logits", NULL, "p");
        if (k == 2)
            nn_graph_attr_int(g, "axis", 1);
        graphs_node(g, "Identity", "p", NULL, "y");
        nn_graph_output(g, "y");
        graphs_lower(&s, g);
        assert_int_equal(s.count, 1);
        assert_int_equal(nn_stages_apply(&s, out, NULL, x), NN_OK);
        testing_assert_near(out[2], 9, 0);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* Joins, products, concatenations and moves in any order. */
static void test_random_graphs(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int n = testing_iters(150); n > 0; n--) {
        nn_stages s;
        nn_graph *g = graphs_random(&rng);

        graphs_lower(&s, g);
        graphs_check(&s);
        graphs_compare(g, &s, GRAPHS_TOLERANCE, &rng);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

static void test_broken_graph(void **unused)
{
    nn_graph *g = graphs_vector(2);
    nn_stages s;
    char why[NETWORKS_WHY];

    (void)unused;
    nn_graph_output(g, "nothing");
    assert_int_equal(nn_lower(&s, g, why, sizeof why), NN_ERR_ARG);
    assert_non_null(strstr(why, "nothing"));
    nn_graph_free(g);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = networks_random(&rng);
    graphs_failing_lower(g);
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_polynomial_trees),
        cmocka_unit_test(test_high_power),
        cmocka_unit_test(test_constants_and_dead_nodes),
        cmocka_unit_test(test_identity_network),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_more_refusals),
        cmocka_unit_test(test_broken_graph),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
