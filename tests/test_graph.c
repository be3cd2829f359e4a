/* Building graphs: what is built, every refusal, sticky failure. */

#include "nn/graph.h"

#include "nn/graph/graph_data.h"

#include "tests/failing.h"
#include "tests/testing.h"

static const float ones[4] = {1, 1, 1, 1};

static nn_graph *fresh(void)
{
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input(g, "x", (nn_shape){1, 2, 2});
    return g;
}

/* The graph has failed with a status and a text; frees it. */
static void failed(nn_graph *g, nn_status status, const char *text)
{
    assert_int_equal(nn_graph_status(g), status);
    if (strstr(nn_graph_error(g), text) == NULL)
        fail_msg("'%s' is not in '%s'", text, nn_graph_error(g));
    /* Sticky: later calls return the same and change nothing. */
    size_t values = g->value_count;
    char error[NN_GRAPH_ERROR_SIZE];
    memcpy(error, g->error, sizeof error);
    assert_int_equal(nn_graph_input(g, "later", (nn_shape){1, 1, 1}), status);
    assert_int_equal(nn_graph_initializer(g, "later", 1, (const size_t[]){4}, ones), status);
    assert_int_equal(nn_graph_initializer_ints(g, "later", NULL, 0), status);
    assert_int_equal(nn_graph_node(g, "Identity", "", (const char *const[]){"x"}, 1, "later"),
                     status);
    assert_int_equal(nn_graph_attr_int(g, "a", 1), status);
    assert_int_equal(nn_graph_attr_ints(g, "a", NULL, 0), status);
    assert_int_equal(nn_graph_attr_float(g, "a", 1), status);
    assert_int_equal(nn_graph_attr_text(g, "a", "b"), status);
    assert_int_equal(nn_graph_output(g, "x"), status);
    assert_int_equal(nn_graph_meta(g, "a", "b"), status);
    assert_int_equal(nn_graph_bind(g, "x", NULL), status);
    assert_int_equal(g->value_count, values);
    assert_memory_equal(g->error, error, sizeof error);
    nn_graph_free(g);
}

static void test_build(void **unused)
{
    nn_graph *g = fresh();

    (void)unused;
    nn_graph_initializer(g, "w", 2, (const size_t[]){1, 4}, ones);
    nn_graph_initializer_ints(g, "shape", (const int64_t[]){0, -1}, 2);
    nn_graph_node(g, "Reshape", "r", (const char *const[]){"x", "shape"}, 2, "flat");
    nn_graph_attr_int(g, "allowzero", 0);
    nn_graph_node(g, "Gemm", "", (const char *const[]){"flat", "w", ""}, 3, "y");
    nn_graph_attr_int(g, "transB", 1);
    nn_graph_attr_float(g, "alpha", 2);
    nn_graph_attr_text(g, "note", "none");
    nn_graph_attr_ints(g, "list", (const int64_t[]){1, 2, 3}, 3);
    nn_graph_output(g, "y");
    nn_graph_meta(g, "key", "first");
    nn_graph_meta(g, "key", "second");
    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_string_equal(nn_graph_error(g), "");
    assert_string_equal(nn_graph_meta_get(g, "key"), "second");
    assert_null(nn_graph_meta_get(g, "none"));
    assert_int_equal(g->node_count, 2);
    assert_int_equal(g->node[1].input_count, 2); /* the input left out at the end is gone */
    assert_int_equal(g->node[1].attr_count, 4);
    assert_string_equal(g->node[1].makes, "y");
    assert_int_equal(g->value[nn_graph_find(g, "x")].dims.dim[0], 0);
    assert_int_equal(nn_graph_find(g, "z"), NN_VALUE_NONE);
    nn_graph_free(g);
    nn_graph_free(NULL);
}

/* An optional input in the middle; many values, so that the table of names grows. */
static void test_many(void **unused)
{
    nn_graph *g = fresh();
    char before[32] = "x", name[32];

    (void)unused;
    nn_graph_initializer_ints(g, "training", (const int64_t[]){0}, 1);
    for (int k = 0; k < 1000; k++) {
        (void)snprintf(name, sizeof name, "v%d", k);
        nn_graph_node(g, "Dropout", "", (const char *const[]){before, "", "training"}, 3, name);
        memcpy(before, name, sizeof before);
    }
    assert_int_equal(nn_graph_status(g), NN_OK);
    assert_int_equal(g->node[999].input[1], NN_VALUE_NONE);
    assert_int_equal(g->node[999].input_count, 3);
    for (int k = 0; k < 1000; k++) {
        (void)snprintf(name, sizeof name, "v%d", k);
        assert_string_equal(g->value[nn_graph_find(g, name)].name, name);
    }
    nn_graph_free(g);
}

static void test_refused_values(void **unused)
{
    char longest[NN_GRAPH_NAME_MAX + 2];
    nn_graph *g = fresh();

    (void)unused;
    nn_graph_input(g, "x", (nn_shape){1, 1, 1});
    failed(g, NN_ERR_ARG, "two values have the name 'x'");
    g = fresh();
    nn_graph_input(g, "", (nn_shape){1, 1, 1});
    failed(g, NN_ERR_ARG, "needs a name");
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    g = fresh();
    nn_graph_input(g, longest, (nn_shape){1, 1, 1});
    failed(g, NN_ERR_ARG, "needs a name");
    g = fresh();
    nn_graph_input(g, NULL, (nn_shape){1, 1, 1});
    failed(g, NN_ERR_ARG, "needs a name");
    g = fresh();
    nn_graph_input(g, "z", (nn_shape){1, 0, 1});
    failed(g, NN_ERR_SHAPE, "empty or too large");
    g = fresh();
    nn_graph_input(g, "z", (nn_shape){1 << 20, 1 << 20, 1});
    failed(g, NN_ERR_SHAPE, "empty or too large");
    g = fresh();
    nn_graph_initializer(g, "w", 2, (const size_t[]){1 << 20, 1 << 20}, ones);
    failed(g, NN_ERR_SHAPE, "too many elements");
    g = fresh();
    nn_graph_initializer(g, "w", 1, (const size_t[]){4}, NULL);
    failed(g, NN_ERR_ARG, "needs a name, dimensions and data");
    g = fresh();
    nn_graph_initializer_ints(g, NULL, NULL, 0);
    failed(g, NN_ERR_ARG, "needs a name and data");
    g = fresh();
    nn_graph_output(g, "y");
    failed(g, NN_ERR_ARG, "no value 'y'");
    g = fresh();
    nn_graph_output(g, "x");
    nn_graph_output(g, "x");
    failed(g, NN_ERR_ARG, "an output already");
    g = fresh();
    nn_graph_meta(g, "", "b");
    failed(g, NN_ERR_ARG, "metadata");
}

static void test_refused_nodes(void **unused)
{
    nn_graph *g = fresh();

    (void)unused;
    nn_graph_node(g, "Elu", "r", (const char *const[]){"x"}, 1, "y");
    failed(g, NN_ERR_UNSUPPORTED, "Elu 'r': replace it by Relu or Swish");
    g = fresh();
    nn_graph_node(g, "Add", "a", (const char *const[]){"x"}, 1, "y");
    failed(g, NN_ERR_ARG, "Add 'a': 1 inputs");
    g = fresh();
    nn_graph_node(g, "Add", "a", (const char *const[]){"x", "later"}, 2, "y");
    failed(g, NN_ERR_ARG, "no value 'later' before it");
    g = fresh();
    nn_graph_node(g, "Conv", "a", (const char *const[]){"", "x"}, 2, "y");
    failed(g, NN_ERR_ARG, "no value ''");
    g = fresh();
    nn_graph_node(g, "Add", "a", (const char *const[]){"x", NULL}, 2, "y");
    failed(g, NN_ERR_ARG, "input 2 has no name");
    g = fresh();
    nn_graph_node(g, "Identity", "a", (const char *const[]){"x"}, 1, "x");
    failed(g, NN_ERR_ARG, "two values");
    g = fresh();
    nn_graph_node(g, "Identity", NULL, (const char *const[]){"x"}, 1, "y");
    failed(g, NN_ERR_ARG, "needs an operator");
    g = fresh();
    nn_graph_attr_int(g, "a", 1);
    failed(g, NN_ERR_ARG, "an attribute needs");
    g = fresh();
    nn_graph_node(g, "Identity", "i", (const char *const[]){"x"}, 1, "y");
    nn_graph_attr_ints(g, "a", (const int64_t[]){1}, 1);
    nn_graph_attr_int(g, "a", 1);
    failed(g, NN_ERR_ARG, "two attributes 'a'");
    g = fresh();
    nn_graph_node(g, "Identity", "i", (const char *const[]){"x"}, 1, "y");
    nn_graph_attr_text(g, "a", NULL);
    failed(g, NN_ERR_ARG, "its text");
    g = fresh();
    nn_graph_node(g, "Identity", "i", (const char *const[]){"x"}, 1, "y");
    nn_graph_attr_ints(g, "a", NULL, 2);
    failed(g, NN_ERR_ARG, "its numbers");
    g = fresh();
    nn_graph_node(g, "Identity", "i", (const char *const[]){"x"}, 1, "y");
    for (int k = 0; k <= NN_GRAPH_ATTRS_MAX; k++) {
        char key[2] = {(char)(' ' + 1 + k), '\0'};
        nn_graph_attr_int(g, key, 1);
    }
    failed(g, NN_ERR_ARG, "less than 64");
}

static void test_bind(void **unused)
{
    nn_graph *g = fresh();
    const nn_dims batch = {4, {3, 1, 2, 2}}, other = {4, {3, 1, 2, 3}};
    nn_tensor t;

    (void)unused;
    assert_int_equal(nn_tensor_init(&t, NN_TYPE_FLOAT, &batch), NN_OK);
    assert_int_equal(nn_graph_bind(g, "x", &t), NN_OK);
    assert_int_equal(g->input_count, 0);
    assert_int_equal(g->value[0].kind, NN_VALUE_CONSTANT);
    nn_graph_bind(g, "x", &t);
    failed(g, NN_ERR_ARG, "no input 'x'");
    nn_tensor_clear(&t);
    assert_int_equal(nn_tensor_init(&t, NN_TYPE_FLOAT, &other), NN_OK);
    g = fresh();
    nn_graph_bind(g, "x", &t);
    failed(g, NN_ERR_SHAPE, "other dimensions");
    g = fresh();
    nn_graph_bind(g, NULL, &t);
    failed(g, NN_ERR_ARG, "binding");
    nn_tensor_clear(&t);
}

static nn_status build_all(nn_graph *g)
{
    nn_tensor t;
    const nn_dims four = {1, {4}};

    nn_graph_input(g, "x", (nn_shape){1, 2, 2});
    nn_graph_input_dims(g, "b", &four);
    nn_graph_initializer_ints(g, "shape", (const int64_t[]){0, -1}, 2);
    nn_graph_node(g, "Reshape", "r", (const char *const[]){"x", "shape"}, 2, "flat");
    nn_graph_attr_ints(g, "list", (const int64_t[]){1, 2, 3}, 3);
    nn_graph_attr_text(g, "note", "none");
    nn_graph_node(g, "Add", "a", (const char *const[]){"flat", "b"}, 2, "y");
    nn_graph_output(g, "y");
    nn_graph_meta(g, "key", "first");
    nn_graph_meta(g, "key", "second");
    if (nn_tensor_init(&t, NN_TYPE_FLOAT, &four) != NN_OK)
        return NN_ERR_MEMORY;
    nn_graph_bind(g, "b", &t);
    nn_tensor_clear(&t);
    return nn_graph_status(g);
}

static void test_failing_allocations(void **unused)
{
    (void)unused;
    for (long k = 1;; k++) {
        nn_graph *g = NULL;
        failing_from(k);
        nn_status st = nn_graph_create(&g);
        if (st == NN_OK)
            st = build_all(g);
        int hit = failing_stop();
        assert_int_equal(st, hit ? NN_ERR_MEMORY : NN_OK);
        nn_graph_free(g);
        if (!hit)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),          cmocka_unit_test(test_many),
        cmocka_unit_test(test_refused_values), cmocka_unit_test(test_refused_nodes),
        cmocka_unit_test(test_bind),           cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
