/* Matrices and moved numbers: origins, joins of many values, names, refusals. */

#include "nn/stages/lowering.h"

#include "tests/graphs_failing.h"

/* Lower and compare with the reference; frees the graph. */
static void lowered(nn_stages *s, nn_graph *g)
{
    testing_rng rng;

    testing_rng_init(&rng, testing_seed());
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    graphs_lower(s, g);
    graphs_check(s);
    graphs_compare(g, s, GRAPHS_TOLERANCE, &rng);
    nn_graph_free(g);
}

static void test_origins(void **unused)
{
    static const nn_origin origins[] = {NN_FROM_LINEAR, NN_FROM_NORM, NN_FROM_JOIN,  NN_FROM_POOL,
                                        NN_FROM_POOL,   NN_FROM_JOIN, NN_FROM_LINEAR};
    testing_rng rng;
    nn_stages s;
    nn_graph *g = graphs_image(2, 4, 4);

    (void)unused;
    testing_rng_init(&rng, 3);
    graphs_conv(g, "x", "c", 2, 2, 3, 1, 1, &rng);
    graphs_norm(g, "c", "n", 2, &rng);
    graphs_node(g, "Add", "n", "x", "a");
    graphs_pool(g, "a", "p");
    nn_graph_initializer_ints(g, "axes", (const int64_t[]){2, 3}, 2);
    graphs_node(g, "ReduceMean", "p", "axes", "m");
    graphs_node(g, "Concat", "m", "m", "k"); /* one value twice: one map */
    nn_graph_attr_int(g, "axis", 1);
    graphs_node(g, "Flatten", "k", NULL, "f");
    graphs_dense(g, "f", "y", 4, 3, &rng);
    nn_graph_output(g, "y");
    lowered(&s, g);
    assert_int_equal(s.count, sizeof origins / sizeof *origins);
    for (size_t k = 0; k < s.count; k++)
        assert_int_equal(s.stage[k].origin, origins[k]);
    assert_int_equal(s.stage[2].input_count, 2);
    assert_int_equal(s.stage[5].input_count, 1);
    assert_string_equal(s.stage[6].name, "y");
    assert_int_equal(nn_stages_shape(&s, 4).c, 2);
    assert_int_equal(nn_stages_shape(&s, 4).h, 2);
    nn_stages_clear(&s);
}

/* A concatenation of more values than a stage has inputs, with a constant among them, and of lines
 * of a value. */
static void test_many_values(void **unused)
{
    enum { PARTS = 19 };
    testing_rng rng;
    nn_stages s;
    char name[PARTS + 1][16];
    const char *inputs[PARTS + 1];
    nn_graph *g = graphs_vector(2);

    (void)unused;
    testing_rng_init(&rng, 3);
    graphs_number(g, "half", 0.5f);
    for (int k = 0; k < PARTS; k++) {
        char dense[16];
        (void)snprintf(name[k], sizeof name[k], "p%d", k);
        (void)snprintf(dense, sizeof dense, "d%d", k);
        graphs_dense(g, "x", dense, 2, 1 + (size_t)k % 3, &rng);
        graphs_node(g, k % 2 == 0 ? "Mul" : "Sub", dense, "half", name[k]);
        inputs[k] = name[k];
    }
    nn_graph_initializer(g, "c", 2, (const size_t[]){1, 2}, (const float[]){7, 8});
    inputs[PARTS] = inputs[4];
    inputs[4] = "c";
    nn_graph_node(g, "Concat", "y", inputs, PARTS + 1, "y");
    nn_graph_attr_int(g, "axis", 1);
    nn_graph_output(g, "y");
    lowered(&s, g);
    assert_int_equal(s.count,
                     PARTS + 1 + 2); /* 8 values, and twice 7 at most with the sum so far */
    nn_stages_clear(&s);
}

/* Moves: out of order, cut, padded with a number, repeated; no stage where nothing moves. */
static void test_moves(void **unused)
{
    nn_stages s;
    nn_graph *g = graphs_image(2, 3, 4);

    (void)unused;
    graphs_node(g, "Transpose", "x", NULL, "t");
    nn_graph_attr_ints(g, "perm", (const int64_t[]){0, 2, 3, 1}, 4);
    nn_graph_initializer_ints(g, "starts", (const int64_t[]){1, -1}, 2);
    nn_graph_initializer_ints(g, "ends", (const int64_t[]){3, -4}, 2);
    nn_graph_initializer_ints(g, "axes", (const int64_t[]){1, 2}, 2);
    nn_graph_initializer_ints(g, "steps", (const int64_t[]){1, -2}, 2);
    nn_graph_node(g, "Slice", "cut", (const char *const[]){"t", "starts", "ends", "axes", "steps"},
                  5, "cut");
    nn_graph_initializer_ints(g, "pads", (const int64_t[]){0, 0, 1, 0, 0, 1, 0, 2}, 8);
    graphs_number(g, "fill", 2.5f);
    nn_graph_node(g, "Pad", "padded", (const char *const[]){"cut", "pads", "fill"}, 3, "padded");
    nn_graph_output(g, "padded");
    lowered(&s, g);
    assert_int_equal(s.count, 3);
    nn_stages_clear(&s);

    g = graphs_vector(3); /* nothing moves, but a constant is added before */
    graphs_number(g, "half", 0.5f);
    graphs_node(g, "Add", "x", "half", "s");
    nn_graph_initializer_ints(g, "to", (const int64_t[]){1, 1, 3, 1}, 4);
    graphs_node(g, "Reshape", "s", "to", "r");
    graphs_node(g, "Transpose", "r", NULL, "t");
    nn_graph_attr_ints(g, "perm", (const int64_t[]){1, 0, 2, 3}, 4);
    graphs_node(g, "Flatten", "t", NULL, "y");
    nn_graph_output(g, "y");
    lowered(&s, g);
    assert_int_equal(s.count, 1);
    nn_stages_clear(&s);

    g = graphs_vector(3); /* nothing moves */
    graphs_node(g, "Mul", "x", "x", "q");
    nn_graph_initializer_ints(g, "to", (const int64_t[]){1, 1, 3, 1}, 4);
    graphs_node(g, "Reshape", "q", "to", "r");
    graphs_node(g, "Transpose", "r", NULL, "t");
    nn_graph_attr_ints(g, "perm", (const int64_t[]){1, 0, 2, 3}, 4);
    graphs_node(g, "Flatten", "t", NULL, "f");
    graphs_node(g, "Mul", "f", "f", "y");
    nn_graph_output(g, "y");
    lowered(&s, g);
    assert_int_equal(s.count, 2); /* the square is settled for the move, and squared */
    nn_stages_clear(&s);
}

static void test_refusals(void **unused)
{
    nn_graph *g = graphs_vector(2);

    (void)unused;
    graphs_node(g, "Gemm", "x", "x", "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "Gemm 'y': more than one of its inputs");

    g = graphs_image(1, 2, 2);
    nn_graph_initializer(g, "w", 4, (const size_t[]){1, 1, 1, 1}, (const float[]){INFINITY});
    graphs_node(g, "Conv", "x", "w", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_RANGE, "Conv 'y': a weight is not a finite number");
}

static void test_failing_allocations(void **unused)
{
    testing_rng rng;
    nn_graph *g = graphs_image(2, 2, 2);

    (void)unused;
    testing_rng_init(&rng, 3);
    graphs_conv(g, "x", "c", 2, 2, 1, 1, 0, &rng);
    graphs_node(g, "Concat", "x", "c", "k");
    nn_graph_attr_int(g, "axis", 1);
    graphs_node(g, "GlobalAveragePool", "k", NULL, "m");
    graphs_node(g, "Mul", "k", "m", "y");
    nn_graph_output(g, "y");
    graphs_failing_lower(g);
    nn_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
