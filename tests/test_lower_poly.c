/* Arithmetic of values: polynomials of one, sums and products of several. */

#include "nn/stages/lowering.h"

#include "tests/graphs_failing.h"

/* Lower, compare with the reference and count stages of each kind; frees the graph. */
static void check(nn_graph *g, size_t affine, size_t poly, size_t product)
{
    testing_rng rng;
    nn_stages s;
    size_t count[3] = {0};

    testing_rng_init(&rng, testing_seed());
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s", nn_graph_error(g));
    graphs_lower(&s, g);
    graphs_check(&s);
    graphs_compare(g, &s, GRAPHS_TOLERANCE, &rng);
    for (size_t k = 0; k < s.count; k++)
        count[s.stage[k].kind]++;
    assert_int_equal(count[NN_STAGE_AFFINE], affine);
    assert_int_equal(count[NN_STAGE_POLY], poly);
    assert_int_equal(count[NN_STAGE_PRODUCT], product);
    nn_stages_clear(&s);
    nn_graph_free(g);
}

/* y = op(a, b) of two dense layers of three numbers, which the op joins. */
static nn_graph *two(const char *op)
{
    testing_rng rng;
    nn_graph *g = graphs_vector(3);

    testing_rng_init(&rng, 7);
    graphs_dense(g, "x", "a", 3, 3, &rng);
    graphs_dense(g, "x", "b", 3, 3, &rng);
    graphs_node(g, op, "a", "b", "y");
    nn_graph_output(g, "y");
    return g;
}

static void test_joins(void **unused)
{
    (void)unused;
    check(two("Add"), 3, 0, 0);
    check(two("Sub"), 3, 0, 0);
    check(two("Mul"), 2, 0, 1);
}

/* A line of a value needs no stage of its own within a sum; a polynomial does. */
static void test_operands(void **unused)
{
    (void)unused;
    for (int k = 0; k < 2; k++) {
        testing_rng rng;
        nn_graph *g = graphs_vector(3);

        testing_rng_init(&rng, 7);
        graphs_number(g, "half", 0.5f);
        graphs_dense(g, "x", "a", 3, 3, &rng);
        graphs_node(g, "Mul", "a", k == 0 ? "half" : "a", "a2");
        graphs_node(g, "Add", "a2", "half", "a3");
        graphs_node(g, "Sub", "x", "a3", "y");
        nn_graph_output(g, "y");
        check(g, 2, (size_t)k, 0);
    }
}

/* Negation, powers, and sums over one value that cancel. */
static void test_one_value(void **unused)
{
    nn_graph *g = graphs_vector(3);

    (void)unused;
    graphs_number(g, "three", 3);
    graphs_node(g, "Neg", "x", NULL, "n");
    graphs_node(g, "Pow", "n", "three", "p");
    graphs_node(g, "Sub", "p", "x", "y");
    nn_graph_output(g, "y");
    check(g, 0, 1, 0);

    g = graphs_vector(3); /* x^2 - x^2 + x is x: a stage all the same */
    graphs_node(g, "Mul", "x", "x", "q");
    graphs_node(g, "Sub", "q", "q", "z");
    graphs_node(g, "Add", "z", "x", "y");
    nn_graph_output(g, "y");
    check(g, 1, 0, 0);
}

/* Products of one value above degree 8 multiply stages; the same polynomial is made once. */
static void test_high_degrees(void **unused)
{
    nn_graph *g = graphs_vector(2);

    (void)unused;
    graphs_number(g, "five", 5);
    graphs_node(g, "Pow", "x", "five", "p");
    graphs_node(g, "Mul", "p", "x", "q");
    graphs_node(g, "Mul", "p", "q", "y");
    nn_graph_output(g, "y");
    check(g, 0, 2, 1);

    g = graphs_vector(2); /* x^5 twice, one stage, and its square */
    graphs_number(g, "five", 5);
    graphs_node(g, "Pow", "x", "five", "p");
    graphs_node(g, "Pow", "x", "five", "q");
    graphs_node(g, "Mul", "p", "q", "y");
    nn_graph_output(g, "y");
    check(g, 0, 2, 0);

    g = graphs_vector(2); /* (x^5)^3 */
    graphs_number(g, "five", 5);
    graphs_number(g, "three", 3);
    graphs_node(g, "Pow", "x", "five", "p");
    graphs_node(g, "Pow", "p", "three", "y");
    nn_graph_output(g, "y");
    check(g, 0, 2, 0);
}

/* One number per channel times an image: squeeze and excite. */
static void test_broadcast(void **unused)
{
    nn_graph *g = graphs_image(3, 2, 4);

    (void)unused;
    graphs_node(g, "GlobalAveragePool", "x", NULL, "s");
    graphs_node(g, "Mul", "x", "s", "p");
    graphs_node(g, "Add", "s", "p", "y");
    nn_graph_output(g, "y");
    check(g, 1 + 1 + 2, 0, 1); /* the mean, spread twice; the sum */

    g = graphs_vector(1);
    nn_graph_initializer(g, "w", 1, (const size_t[]){3}, (const float[]){1, 2, 3});
    graphs_node(g, "Add", "x", "w", "y");
    nn_graph_output(g, "y");
    check(g, 2, 0, 0);
}

static void test_refusals(void **unused)
{
    nn_graph *g = graphs_vector(2);

    (void)unused;
    graphs_node(g, "Div", "x", "x", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "it divides by a value that depends on the input");

    g = graphs_vector(2);
    graphs_number(g, "one", 1);
    graphs_node(g, "Div", "one", "x", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "it divides by a value that depends on the input");

    g = graphs_vector(2);
    graphs_number(g, "e", 0.5f);
    graphs_node(g, "Pow", "x", "e", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED,
                  "one node cannot be taken:\n  Pow 'y': only constant whole");

    g = graphs_vector(2);
    graphs_number(g, "two", 2);
    graphs_node(g, "Pow", "two", "x", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "Pow 'y': only constant whole");

    g = graphs_vector(2);
    graphs_number(g, "zero", 0);
    graphs_node(g, "Div", "x", "zero", "y");
    nn_graph_output(g, "y");
    graphs_refuse(g, NN_ERR_UNSUPPORTED, "not finite");
}

static void test_failing_allocations(void **unused)
{
    static const char *const ops[3] = {"Add", "Mul", "Sub"};

    (void)unused;
    for (int n = 0; n < 3; n++) {
        nn_graph *g = two(ops[n]);
        graphs_failing_lower(g);
        nn_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joins),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_high_degrees),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
