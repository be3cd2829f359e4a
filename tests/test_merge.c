/* Merging affine stages of graphs: what joins what, and what stays. */

#include "nn/stages/merge.h"

#include "nn/stages/rewrite.h"

#include "tests/graphs_failing.h"
#include "tests/rewrites.h"

/* Two diagonals whose product is the identity leave one identity; next to a polynomial, none. */
static void test_identities(void **unused)
{
    const double twice[2] = {2, 2}, half[2] = {0.5, 0.5}, square[3] = {0, 0, 1};
    nn_stages s, t;

    (void)unused;
    rewrites_sequence(&s, twice, 2, square, half);
    rewrites_sequence(&t, half, 2, square, half);
    s.stage[1].kind = NN_STAGE_AFFINE; /* 2 x, x / 2 and x / 2 */
    s.stage[1].degree = 0;
    memset(s.stage[1].coef, 0, sizeof s.stage[1].coef);
    assert_int_equal(nn_affine_copy(&s.stage[1].affine[0], &t.stage[0].affine[0]), NN_OK);
    nn_stage_clear(&s.stage[2]);
    s.count = 2;
    rewrites_all(&s, NULL);
    assert_int_equal(s.count, 1);
    assert_true(nn_affine_is_identity(&s.stage[0].affine[0]));
    assert_string_equal(s.stage[0].name, "s+s");
    assert_int_equal(nn_rewrite_cost(&s).levels, 0);
    nn_stages_clear(&s);
    nn_stages_clear(&t);

    rewrites_sequence(&s, twice, 2, square, half);
    nn_affine_clear(&s.stage[0].affine[0]);
    assert_int_equal(nn_affine_diagonal(&s.stage[0].affine[0], 2, NULL, NULL), NN_OK);
    rewrites_all(&s, NULL);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.stage[0].kind, NN_STAGE_POLY);
    nn_stages_clear(&s);
}

/* Lower a graph twice and merge one of the two with given passes; compare, and free the graph. */
static void merged(nn_stages *s, nn_rewrite_report *report, nn_graph *g,
                   const nn_rewrite_options *options, testing_rng *rng)
{
    nn_stages plain;

    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    graphs_lower(&plain, g);
    graphs_lower(s, g);
    assert_int_equal(nn_rewrite_merge(s, options, report, NULL, 0), NN_OK);
    graphs_check(s);
    graphs_equal(&plain, s, 1e-10, rng);
    nn_stages_clear(&plain);
    nn_graph_free(g);
}

/* act(BN(conv(h)) + x): the convolution, the normalisation and the join are one stage with two
 * inputs, of which one is the identity. */
static void test_residual(void **unused)
{
    testing_rng rng;
    nn_stages s;
    nn_graph *g = graphs_image(2, 4, 4);

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    graphs_node(g, "Mul", "x", "x", "h");
    graphs_conv(g, "h", "c", 2, 2, 3, 1, 1, &rng);
    graphs_norm(g, "c", "b", 2, &rng);
    graphs_node(g, "Add", "b", "x", "r");
    graphs_node(g, "Mul", "r", "r", "y");
    nn_graph_output(g, "y");
    merged(&s, NULL, g, NULL, &rng);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.stage[1].input_count, 2);
    assert_string_equal(s.stage[1].name, "c+b+r");
    int skip = s.stage[1].input[0] == 0 ? 0 : 1;
    double factor = 0;
    assert_int_equal(s.stage[1].input[skip], 0);
    assert_true(nn_affine_is_scalar(&s.stage[1].affine[skip], &factor) && factor == 1.0);
    assert_int_equal(nn_rewrite_cost(&s).levels, 3);
    nn_stages_clear(&s);
}

/* A convolution behind a join of activations doubles its matrix: a candidate, that may be kept. */
static void test_candidate(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    uint64_t candidates = 0;
    for (int keep = 0; keep < 2; keep++) {
        nn_rewrite_options options = {.passes = NN_PASS_ALL, .keep = candidates};
        nn_rewrite_report report;
        nn_stages s;
        nn_graph *g = graphs_image(2, 4, 4);

        graphs_conv(g, "x", "c1", 2, 2, 3, 1, 1, &rng);
        graphs_conv(g, "x", "c2", 2, 2, 3, 1, 1, &rng);
        graphs_node(g, "Mul", "c1", "c1", "a1");
        graphs_node(g, "Mul", "c2", "c2", "a2");
        graphs_node(g, "Add", "a1", "a2", "r");
        graphs_conv(g, "r", "y", 2, 2, 3, 1, 1, &rng);
        nn_graph_output(g, "y");
        merged(&s, &report, g, &options, &rng);
        assert_int_equal(report.candidates, 4); /* c1, c2, r: the third affine stage */
        assert_string_equal(report.candidate[2].name, "r");
        assert_int_equal(report.candidate[2].apart, 2 * 32 + 2 * 2 * 100);
        assert_int_equal(report.candidate[2].merged, keep ? 0 : 2 * 2 * 2 * 100);
        assert_int_equal(report.after.levels, keep ? 4 : 3);
        assert_int_equal(s.count, keep ? 6 : 5);
        candidates = report.candidates;
        nn_stages_clear(&s);
    }
}

/* A normalisation taken by two convolutions joins both; one between a sum and a polynomial joins
 * the sum, and the skip connection undoes it; a sum is never computed twice. */
static void test_several_users(void **unused)
{
    testing_rng rng;
    nn_stages s;
    nn_graph *g = graphs_image(2, 4, 4);

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    graphs_node(g, "Mul", "x", "x", "h");
    graphs_norm(g, "h", "b", 2, &rng);
    graphs_conv(g, "b", "c1", 2, 2, 3, 1, 1, &rng);
    graphs_conv(g, "b", "c2", 2, 2, 1, 1, 0, &rng);
    graphs_node(g, "Mul", "c1", "c2", "y");
    nn_graph_output(g, "y");
    merged(&s, NULL, g, NULL, &rng);
    assert_int_equal(s.count, 4);
    assert_int_equal(nn_rewrite_cost(&s).levels, 3);
    nn_stages_clear(&s);

    g = graphs_image(2, 4, 4); /* pre-activation: r + conv(act(BN(r))) */
    graphs_conv(g, "x", "c0", 2, 2, 3, 1, 1, &rng);
    graphs_node(g, "Add", "c0", "x", "r");
    graphs_norm(g, "r", "b", 2, &rng);
    graphs_node(g, "Mul", "b", "b", "h");
    graphs_conv(g, "h", "c1", 2, 2, 3, 1, 1, &rng);
    graphs_node(g, "Add", "c1", "r", "y");
    nn_graph_output(g, "y");
    merged(&s, NULL, g, NULL, &rng);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.stage[0].name, "c0+r+b");
    assert_int_equal(nn_rewrite_cost(&s).levels, 3);
    nn_stages_clear(&s);

    g = graphs_image(2, 4, 4); /* two convolutions of one sum of convolutions: it stays */
    graphs_conv(g, "x", "c0", 2, 2, 3, 1, 1, &rng);
    graphs_conv(g, "c0", "c1", 2, 2, 3, 1, 1, &rng);
    graphs_conv(g, "c0", "c2", 2, 2, 1, 1, 0, &rng);
    graphs_node(g, "Mul", "c1", "c2", "y");
    nn_graph_output(g, "y");
    merged(&s, NULL, g, NULL, &rng);
    assert_int_equal(s.count, 4);
    nn_stages_clear(&s);

    g = graphs_image(2, 4, 4); /* a normalisation with a scale of nearly 0 cannot be undone */
    graphs_conv(g, "x", "c0", 2, 2, 3, 1, 1, &rng);
    nn_graph_initializer(g, "scale", 3, (const size_t[]){2, 1, 1}, (const float[]){1, 1e-5f});
    nn_graph_initializer(g, "shift", 3, (const size_t[]){2, 1, 1}, (const float[]){1, 2});
    graphs_node(g, "Mul", "c0", "scale", "m");
    graphs_node(g, "Add", "m", "shift", "b");
    graphs_swish_constants(g);
    graphs_swish(g, "b", "h");
    graphs_node(g, "Add", "h", "c0", "y");
    nn_graph_output(g, "y");
    merged(&s, NULL, g, NULL, &rng);
    nn_stages_clear(&s);
}

/* Each pass takes what belongs to it. */
static void test_passes(void **unused)
{
    static const struct {
        unsigned passes;
        size_t count;
    } table[] = {
        {0, 7}, {NN_PASS_NORM, 5}, {NN_PASS_POOL, 6}, {NN_PASS_LINEAR, 6}, {NN_PASS_ALL, 3},
    };
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const nn_rewrite_options options = {.passes = table[k].passes};
        nn_stages s;
        nn_graph *g = graphs_image(2, 4, 4);

        graphs_norm(g, "x", "b1", 2, &rng); /* joins what stands behind */
        graphs_conv(g, "b1", "c1", 2, 2, 3, 1, 1, &rng);
        graphs_norm(g, "c1", "b2", 2, &rng); /* joins what stands before */
        graphs_node(g, "Mul", "b2", "b2", "h");
        graphs_pool(g, "h", "p"); /* joins what stands behind */
        graphs_conv(g, "p", "c2", 2, 2, 1, 1, 0, &rng);
        graphs_conv(g, "c2", "y", 2, 2, 1, 1, 0, &rng);
        nn_graph_output(g, "y");
        merged(&s, NULL, g, &options, &rng);
        assert_int_equal(s.count, table[k].count);
        nn_stages_clear(&s);
    }
}

/* Sums of more values than a stage has inputs stay apart where they do not fit. */
static void test_many_inputs(void **unused)
{
    testing_rng rng;
    nn_stages s;
    char sum[16] = "";
    nn_graph *g = graphs_vector(2);

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    for (int k = 0; k < 12; k++) {
        char moved[16], square[16], next[16];
        (void)snprintf(moved, sizeof moved, "m%d", k);
        (void)snprintf(square, sizeof square, "q%d", k);
        (void)snprintf(next, sizeof next, "s%d", k);
        graphs_dense(g, "x", moved, 2, 2, &rng);
        graphs_node(g, "Mul", moved, moved, square);
        if (k > 0)
            graphs_node(g, "Add", sum, square, next);
        memcpy(sum, k > 0 ? next : square, sizeof sum);
    }
    nn_graph_output(g, sum);
    merged(&s, NULL, g, NULL, &rng);
    assert_int_equal(s.count, 12 + 12 + 2);
    nn_stages_clear(&s);
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;

    (void)unused;
    testing_rng_init(&rng, testing_seed());
    nn_graph *g = graphs_random(&rng);
    graphs_failing_merge(g);
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_candidate),
        cmocka_unit_test(test_several_users),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_many_inputs),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
