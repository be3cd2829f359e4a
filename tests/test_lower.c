/* Lowering: stages compute what the reference computes, and what cannot be taken is listed. */

#include "nn/lower.h"

#include "nn/ref.h"

#include "tests/failing.h"
#include "tests/networks.h"

/* Largest difference between stages and reference allowed, in parts of the largest value on the
 * way: the reference rounds each of at most 20 nodes to float (2^-24), and at most 4 activations of
 * degree at most 4 make a relative error at most 4 times larger each: 20 * 4^4 * 2^-24 < 4e-4. Sums
 * of random signs stay far below; 1e-4 is asserted. */
#define TOLERANCE 1e-4

/* Run both and compare. */
static void compare(const nn_graph *g, const nn_stages *s, testing_rng *rng)
{
    char why[NETWORKS_WHY] = "";
    nn_tensor in, want;
    size_t count = nn_stages_output_count(s);
    double *x, *out = malloc(count * sizeof *out), *peak = calloc(s->count, sizeof *peak), most = 1;

    networks_image(&in, g, rng);
    assert_int_equal(nn_ref_run(g, &in, &want, why, sizeof why), NN_OK);
    assert_int_equal(want.count, count);
    x = malloc(in.count * sizeof *x);
    for (size_t i = 0; i < in.count; i++)
        x[i] = (double)in.value[i];
    assert_int_equal(nn_stages_apply(s, out, peak, x), NN_OK);
    for (size_t k = 0; k < s->count; k++) {
        most = fmax(most, peak[k]);
        assert_true(peak[k] <= s->stage[k].range * (1 + 1e-9)); /* the interval holds */
    }
    for (size_t i = 0; i < count; i++)
        testing_assert_near(out[i], want.value[i], TOLERANCE * most);
    free(x);
    free(out);
    free(peak);
    nn_tensor_clear(&in);
    nn_tensor_clear(&want);
}

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
        for (size_t k = 0; k + 1 < s.count; k++)
            assert_int_equal(nn_shape_count(s.stage[k].out), nn_shape_count(s.stage[k + 1].in));
        compare(g, &s, &rng);
        nn_stages_clear(&s);
        nn_graph_free(g);
    }
}

/* A graph with an input x of n values (n,1,1). */
static nn_graph *vector_graph(size_t n)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &(nn_dims){2, {0, n}});
    return g;
}

static void number(nn_graph *g, const char *name, float v)
{
    nn_graph_initializer(g, name, 0, NULL, &v);
}

static void node(nn_graph *g, const char *op, const char *a, const char *b, const char *out)
{
    nn_graph_node(g, op, out, (const char *const[]){a, b}, b != NULL ? 2 : 1, out);
}

static void lower_ok(nn_stages *s, const nn_graph *g)
{
    char why[NETWORKS_WHY] = "";

    if (nn_lower(s, g, why, sizeof why) != NN_OK)
        fail_msg("%s", why);
}

/* The degree-4 Swish fit in three shapes of tree gives one and the same polynomial stage. */
static void test_polynomial_trees(void **unused)
{
    const float c[5] = {0.03347f, 0.5f, 0.19566f, 0, -0.005075f};

    (void)unused;
    for (int shape = 0; shape < 3; shape++) {
        nn_stages s;
        nn_graph *g = vector_graph(3);

        number(g, "c0", c[0]);
        number(g, "c1", c[1]);
        number(g, "c2", c[2]);
        number(g, "c4", c[4]);
        number(g, "two", 2);
        number(g, "four", 4);
        if (shape == 0) { /* powers by Mul */
            node(g, "Mul", "x", "x", "x2");
            node(g, "Mul", "x2", "x2", "x4");
        } else { /* by Pow */
            node(g, "Pow", "x", "two", "x2");
            node(g, "Pow", "x", "four", "x4");
        }
        if (shape < 2) {
            node(g, "Mul", "x4", "c4", "t4");
            node(g, "Mul", "c2", "x2", "t2");
            node(g, "Add", "t4", "t2", "s2");
            node(g, "Mul", "x", "c1", "t1");
            node(g, "Add", "s2", "t1", "s1");
            node(g, "Add", "c0", "s1", "y");
        } else { /* ((c4 x^2 + c2) x + c1) x + c0 */
            node(g, "Mul", "x2", "c4", "h3");
            node(g, "Add", "h3", "c2", "h2");
            node(g, "Mul", "x", "h2", "h1");
            node(g, "Add", "h1", "c1", "h0");
            node(g, "Mul", "h0", "x", "h");
            node(g, "Add", "h", "c0", "y");
        }
        nn_graph_output(g, "y");
        lower_ok(&s, g);
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
    nn_graph *g = vector_graph(2);
    double out[2];

    (void)unused;
    node(g, "Mul", "x", "x", "x2");
    node(g, "Mul", "x2", "x2", "x4");
    node(g, "Mul", "x4", "x4", "x8");
    node(g, "Mul", "x8", "x8", "x16");
    nn_graph_output(g, "x16");
    lower_ok(&s, g);
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
    nn_graph *g = vector_graph(2);
    double out[2];

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    node(g, "Transpose", "w", NULL, "wt");
    node(g, "Add", "wt", "wt", "w2"); /* computed from constants */
    node(g, "MatMul", "x", "w", "dead");
    node(g, "Identity", "x", NULL, "alias");
    node(g, "MatMul", "alias", "w2", "y");
    nn_graph_output(g, "y");
    lower_ok(&s, g);
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
    nn_graph *g = vector_graph(3);

    (void)unused;
    node(g, "Identity", "x", NULL, "y");
    nn_graph_output(g, "y");
    lower_ok(&s, g);
    assert_int_equal(s.count, 1);
    assert_true(nn_affine_is_identity(&s.stage[0].affine));
    nn_stages_clear(&s);
    nn_graph_free(g);
}

static void test_ranges(void **unused)
{
    nn_stages s;
    nn_graph *g = vector_graph(2);

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, -1, 2, 2});
    number(g, "half", 0.5f);
    node(g, "MatMul", "x", "w", "a"); /* (x0 + 2 x1, -x0 + 2 x1) */
    node(g, "Mul", "a", "half", "b");
    node(g, "Mul", "b", "b", "c");
    nn_graph_output(g, "c");
    nn_graph_meta(g, "unseen.input_range", "-1 1");
    lower_ok(&s, g);
    testing_assert_near(s.input_lo, -1, 0);
    testing_assert_near(s.stage[0].range, 3, 1e-12);
    testing_assert_near(s.stage[1].range, 2.25, 1e-12);
    assert_int_equal(s.stage[0].measured, 0);
    nn_stages_clear(&s);
    /* |b| <= 0.5 says that |a| <= 1; |c| <= 0.2 is measured as well. */
    nn_graph_meta(g, "unseen.range.b", "0.5");
    nn_graph_meta(g, "unseen.range.c", "2e-1");
    lower_ok(&s, g);
    testing_assert_near(s.stage[0].range, 1, 1e-12);
    testing_assert_near(s.stage[1].range, 0.2, 1e-12);
    assert_int_equal(s.stage[0].measured + s.stage[1].measured, 2);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

/* nn_lower refuses the graph with a status, and why holds a text. Frees the graph. */
static void refuse(nn_graph *g, nn_status status, const char *text)
{
    char why[NETWORKS_WHY] = "";
    nn_stages s;

    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(nn_lower(&s, g, why, sizeof why), status);
    assert_int_equal(s.count, 0);
    assert_null(s.stage);
    if (strstr(why, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, why);
    assert_int_equal(nn_lower(&s, g, NULL, 0), status);
    nn_graph_free(g);
}

static void test_refusals(void **unused)
{
    nn_graph *g = vector_graph(2);

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    node(g, "MatMul", "x", "w", "a");
    node(g, "Add", "a", "x", "skip");
    node(g, "Div", "x", "x", "ratio");
    node(g, "Mul", "skip", "ratio", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "2 nodes cannot be taken:\n  Add 'skip': it joins");

    g = vector_graph(2);
    number(g, "e", 0.5f);
    node(g, "Pow", "x", "e", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "one node cannot be taken:\n  Pow 'y': only constant whole");

    g = vector_graph(2);
    number(g, "e", 5);
    node(g, "Pow", "x", "e", "p");
    node(g, "Mul", "p", "x", "q");
    node(g, "Mul", "p", "q", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "degree above 8");

    g = vector_graph(1);
    nn_graph_initializer(g, "w", 1, (const size_t[]){3}, (const float[]){1, 2, 3});
    node(g, "Add", "x", "w", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "broadcasting");

    g = vector_graph(2);
    number(g, "zero", 0);
    node(g, "Div", "x", "zero", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "not finite");

    g = vector_graph(2);
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, (const float[]){1, 2});
    nn_graph_node(g, "BatchNormalization", "bn", (const char *const[]){"w", "w", "w", "w", "w"}, 5,
                  "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_SHAPE, "no channels");

    g = vector_graph(2);
    node(g, "Identity", "x", NULL, "z");
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, (const float[]){1, 2});
    node(g, "Identity", "w", NULL, "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "does not depend on the input");
}

static void test_more_refusals(void **unused)
{
    nn_graph *g = vector_graph(2);
    nn_stages s;

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    node(g, "MatMul", "x", "w", "a");
    node(g, "MatMul", "x", "w",
         "y"); /* only one of the two is needed, but x is stale for neither */
    nn_graph_output(g, "y");
    lower_ok(&s, g);
    nn_stages_clear(&s);
    nn_graph_free(g);

    g = vector_graph(2);
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 2}, (const float[]){1, 2, 3, 4});
    node(g, "MatMul", "x", "w", "a");
    node(g, "MatMul", "x", "w", "b");
    node(g, "Add", "a", "b", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "MatMul 'b': it joins or follows two branches");

    g = vector_graph(2);
    nn_graph_initializer(g, "w", 1, (const size_t[]){3}, (const float[]){1, 2, 3});
    node(g, "MatMul", "x", "w", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_SHAPE, "MatMul 'y': operands (1,2) and (3)");

    g = vector_graph(2);
    node(g, "Gemm", "x", "x", "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "more than one of its inputs");

    g = vector_graph(2);
    nn_graph_initializer(g, "w", 4, (const size_t[]){1, 1, 1, 1}, (const float[]){1});
    nn_graph_initializer(g, "s", 1, (const size_t[]){1}, (const float[]){1});
    nn_graph_initializer_ints(g, "to", (const int64_t[]){1, 1, 1, 2}, 4);
    nn_graph_initializer_ints(g, "flat", (const int64_t[]){2}, 1);
    node(g, "Reshape", "x", "to", "image");
    node(g, "Conv", "w", "image", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_SHAPE, "Conv 'y'");

    for (int k = 0; k < 2; k++) { /* bad metadata */
        g = vector_graph(2);
        node(g, "Mul", "x", "x", "y");
        nn_graph_output(g, "y");
        nn_graph_meta(g, k == 0 ? "unseen.range.y" : "unseen.input_range", k == 0 ? "-1" : "1 0");
        refuse(g, NN_ERR_RANGE, "unseen.");
    }
    g = vector_graph(2);
    nn_graph_input_dims(g, "x2", &(nn_dims){2, {0, 2}});
    node(g, "Add", "x", "x2", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_UNSUPPORTED, "2 inputs and 1 outputs");

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &(nn_dims){1, {4}});
    nn_graph_output(g, "x");
    refuse(g, NN_ERR_SHAPE, "no batch of images");

    g = vector_graph(2);
    nn_graph_initializer(g, "w", 2, (const size_t[]){2, 1}, (const float[]){3e38f, 3e38f});
    node(g, "MatMul", "x", "w", "a");
    number(g, "e", 8);
    node(g, "Pow", "a", "e", "y");
    nn_graph_output(g, "y");
    refuse(g, NN_ERR_RANGE, "no finite bound");

    assert_int_equal(nn_lower(&s, NULL, NULL, 0), NN_ERR_ARG);
    assert_int_equal(nn_lower(NULL, NULL, NULL, 0), NN_ERR_ARG);
}

static void test_broken_graph(void **unused)
{
    nn_graph *g = vector_graph(2);
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
    for (long k = 1;; k++) {
        nn_stages s;
        failing_from(k);
        nn_status st = nn_lower(&s, g, NULL, 0);
        if (!failing_stop()) {
            assert_int_equal(st, NN_OK);
            nn_stages_clear(&s);
            break;
        }
        assert_int_equal(st, NN_ERR_MEMORY);
        assert_null(s.stage);
    }
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),  cmocka_unit_test(test_polynomial_trees),
        cmocka_unit_test(test_high_power),       cmocka_unit_test(test_constants_and_dead_nodes),
        cmocka_unit_test(test_identity_network), cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_more_refusals),
        cmocka_unit_test(test_broken_graph),     cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
