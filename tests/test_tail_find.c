/* What belongs to the tail, and what does not. */

#include "nn/onnx/tail_find.h"

#include "nn/graph/graph_data.h"

#include "tests/testing.h"

/* x -> Gemm "logits" -> the operators named, one after the other; Cast to int32, "Cast 9" to bool,
 * "Cast 1" to float; "ArgMax last" with select_last_index. */
static nn_graph *network(const char *const *ops, size_t count, int64_t axis)
{
    static const float w[12] = {0};
    nn_graph *g = NULL;
    nn_dims dims = {2, {0, 3}};
    char last[24] = "logits", next[24];

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &dims);
    nn_graph_initializer(g, "w", 2, (const size_t[]){3, 4}, w);
    nn_graph_node(g, "MatMul", "m", (const char *const[]){"x", "w"}, 2, last);
    for (size_t k = 0; k < count; k++) {
        (void)snprintf(next, sizeof next, "v%zu", k);
        char op[16];
        (void)snprintf(op, sizeof op, "%.*s", (int)strcspn(ops[k], " "), ops[k]);
        nn_graph_node(g, op, next, (const char *const[]){last}, 1, next);
        if (strstr(ops[k], "Max") != NULL || strstr(ops[k], "max") != NULL)
            nn_graph_attr_int(g, "axis", axis);
        if (strcmp(op, "Cast") == 0)
            nn_graph_attr_int(g, "to", strlen(ops[k]) > 5 ? ops[k][5] - '0' : 6);
        if (strcmp(ops[k], "ArgMax last") == 0)
            nn_graph_attr_int(g, "select_last_index", 1);
        memcpy(last, next, sizeof last);
    }
    nn_graph_output(g, last);
    assert_int_equal(nn_graph_status(g), NN_OK);
    return g;
}

static void check(const char *const *ops, size_t count, int64_t axis, nn_tail want,
                  const char *logits)
{
    nn_graph *g = network(ops, count, axis);
    size_t v = 99;

    assert_int_equal(nn_tail_find(g, &v), want);
    assert_string_equal(g->value[v].name, logits);
    nn_graph_free(g);
}

static void test_find(void **unused)
{
    (void)unused;
    check(NULL, 0, 1, NN_TAIL_NONE, "logits");
    check((const char *const[]){"Softmax"}, 1, 1, NN_TAIL_SOFTMAX, "logits");
    check((const char *const[]){"LogSoftmax"}, 1, -1, NN_TAIL_LOG_SOFTMAX, "logits");
    check((const char *const[]){"ArgMax"}, 1, 1, NN_TAIL_ARG_MAX, "logits");
    check((const char *const[]){"Softmax", "Identity", "ArgMax", "Cast", "Squeeze"}, 5, 1,
          NN_TAIL_ARG_MAX, "logits");
    check((const char *const[]){"Identity"}, 1, 1, NN_TAIL_NONE, "v0");
    check((const char *const[]){"Relu", "Softmax"}, 2, 1, NN_TAIL_SOFTMAX, "v0");
    check((const char *const[]){"Softmax", "Relu"}, 2, 1, NN_TAIL_NONE, "v1");
    check((const char *const[]){"ArgMax last"}, 1, 1, NN_TAIL_ARG_MAX_LAST, "logits");
    check((const char *const[]){"LogSoftmax", "ArgMax last"}, 2, 1, NN_TAIL_ARG_MAX_LAST, "logits");
    check((const char *const[]){"ArgMax"}, 1, 0, NN_TAIL_NONE, "v0"); /* over the batch */
}

/* What would be left before the cut must hold no other: it would be cut off in its turn. */
static void test_two_tails(void **unused)
{
    (void)unused;
    check((const char *const[]){"Softmax", "LogSoftmax"}, 2, 1, NN_TAIL_NONE, "v1");
    check((const char *const[]){"Softmax", "Identity", "Softmax"}, 3, 1, NN_TAIL_NONE, "v2");
    check((const char *const[]){"Softmax", "Softmax", "ArgMax"}, 3, 1, NN_TAIL_ARG_MAX, "logits");
    check((const char *const[]){"ArgMax", "ArgMax"}, 2, 1, NN_TAIL_NONE, "v1");
}

/* A class may become another kind of integer, a probability may not. */
static void test_casts(void **unused)
{
    (void)unused;
    check((const char *const[]){"ArgMax", "Cast"}, 2, 1, NN_TAIL_ARG_MAX, "logits");
    check((const char *const[]){"ArgMax", "Cast 9"}, 2, 1, NN_TAIL_NONE, "v1");
    check((const char *const[]){"Softmax", "Cast"}, 2, 1, NN_TAIL_NONE, "v1");
    check((const char *const[]){"Softmax", "Cast 1"}, 2, 1, NN_TAIL_SOFTMAX, "logits");
    check((const char *const[]){"Softmax", "Cast", "ArgMax"}, 3, 1, NN_TAIL_ARG_MAX, "v1");
    check((const char *const[]){"Softmax", "Cast 1", "ArgMax"}, 3, 1, NN_TAIL_ARG_MAX, "logits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_two_tails),
        cmocka_unit_test(test_casts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
