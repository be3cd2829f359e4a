/* Attributes that are replaced, constants that are added, nodes and values that are swept. */

#include "nn/graph.h"
#include "nn/graph/graph_data.h"

#include "tests/failing.h"
#include "tests/testing.h"

static nn_graph *chain(void)
{
    nn_graph *g = NULL;
    const float w[2] = {1, 2};

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 1, 2});
    nn_graph_initializer(g, "w", 1, (const size_t[]){2}, w);
    nn_graph_initializer(g, "idle", 1, (const size_t[]){2}, w);
    nn_graph_node(g, "Relu", "a", (const char *const[]){"x"}, 1, "a");
    nn_graph_node(g, "Add", "dead", (const char *const[]){"a", "idle"}, 2, "dead");
    nn_graph_node(g, "Clip", "b", (const char *const[]){"a", "", "w"}, 3, "b");
    nn_graph_attr_int(g, "old", 1);
    nn_graph_output(g, "b");
    assert_int_equal(nn_graph_status(g), NN_OK);
    return g;
}

static void test_attributes(void **unused)
{
    nn_graph *g = chain();
    nn_node *node = &g->node[2];
    const int64_t list[2] = {3, 4};

    (void)unused;
    assert_int_equal(nn_graph_set(g, node, "new", (nn_attr){.type = NN_ATTR_INT, .number = 5}),
                     NN_OK);
    assert_int_equal(nn_graph_set(g, node, "old", (nn_attr){.type = NN_ATTR_INT, .number = 6}),
                     NN_OK);
    assert_int_equal(node->attr_count, 2);
    assert_int_equal(nn_node_int(node, "new", 0), 5);
    assert_int_equal(nn_node_int(node, "old", 0), 6);
    assert_int_equal(nn_graph_set_ints(g, node, "old", list, 2), NN_OK);
    assert_int_equal(nn_graph_set_text(g, node, "new", "text"), NN_OK);
    assert_int_equal(nn_node_attr(node, "old", NN_ATTR_INTS)->numbers[1], 4);
    assert_string_equal(nn_node_text(node, "new", ""), "text");
    nn_graph_unset(node, "old");
    nn_graph_unset(node, "none");
    assert_int_equal(node->attr_count, 1);
    for (int k = 0; k < NN_GRAPH_ATTRS_MAX; k++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", k);
        nn_status st = nn_graph_set(g, node, key, (nn_attr){.type = NN_ATTR_INT});
        assert_int_equal(st, k < NN_GRAPH_ATTRS_MAX - 1 ? NN_OK : NN_ERR_ARG);
    }
    assert_int_equal(nn_graph_set_text(g, node, "k0", "text"), NN_ERR_ARG); /* sticky */
    nn_graph_free(g);
}

static void test_constants(void **unused)
{
    nn_graph *g = chain();
    const int64_t list[2] = {3, 4};
    char name[NN_GRAPH_FRESH_SIZE];

    (void)unused;
    nn_graph_fresh(name, g);
    nn_graph_initializer(g, name, 0, NULL, (const float[]){1}); /* the next name is taken */
    size_t a = nn_graph_scalar(g, 2.5f), b = nn_graph_list(g, list, 2);
    assert_true(a != NN_VALUE_NONE && b != NN_VALUE_NONE && a != b);
    testing_assert_near(g->value[a].constant.value[0], 2.5, 0);
    assert_int_equal(g->value[a].constant.dims.rank, 0);
    assert_int_equal(g->value[b].constant.number[1], 4);
    nn_graph_input(g, "x", (nn_shape){1, 1, 1}); /* fails */
    assert_true(nn_graph_scalar(g, 1) == NN_VALUE_NONE &&
                nn_graph_list(g, list, 1) == NN_VALUE_NONE);
    nn_graph_free(g);
}

static void test_sweep(void **unused)
{
    nn_graph *g = chain();

    (void)unused;
    nn_graph_initializer(g, "late", 1, (const size_t[]){1}, (const float[]){1});
    g->node[2].input[1] = nn_graph_find(g, "late");
    assert_int_equal(nn_graph_sweep(g), NN_OK);
    assert_int_equal(g->node_count, 2);
    assert_int_equal(g->value_count, 5);
    assert_true(nn_graph_find(g, "idle") == NN_VALUE_NONE);
    assert_true(nn_graph_find(g, "dead") == NN_VALUE_NONE);
    for (size_t v = 0; v < g->value_count; v++)
        assert_int_equal(nn_graph_find(g, g->value[v].name), v);
    assert_string_equal(g->value[g->node[1].input[0]].name, "a");
    assert_string_equal(g->value[g->node[1].input[1]].name, "late");
    assert_string_equal(g->value[g->node[1].input[2]].name, "w");
    assert_string_equal(g->value[g->output[0]].name, "b");
    assert_string_equal(g->node[1].makes, "b");
    /* It still is a graph that can be built on. */
    assert_int_equal(nn_graph_node(g, "Add", "n", (const char *const[]){"b", "late"}, 2, "more"),
                     NN_OK);
    nn_graph_free(g);
    assert_int_equal(nn_graph_create(&g), NN_OK);
    assert_int_equal(nn_graph_sweep(g), NN_OK);
    nn_graph_free(g);
}

static nn_status edit(nn_graph *g)
{
    const int64_t list[2] = {3, 4};

    (void)nn_graph_set_ints(g, &g->node[0], "ints", list, 2);
    (void)nn_graph_set_text(g, &g->node[0], "text", "text");
    (void)nn_graph_scalar(g, 1);
    return nn_graph_status(g) == NN_OK ? nn_graph_sweep(g) : nn_graph_status(g);
}

static void test_failing_allocations(void **unused)
{
    (void)unused;
    for (long k = 1;; k++) {
        nn_graph *g = chain();
        failing_from(k);
        nn_status st = edit(g);
        int hit = failing_stop();
        nn_graph_free(g);
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
