/* Graphs of one node, for the tests of operators: what it makes of an input and constants. */
#ifndef UNSEEN_TESTS_NODES_H
#define UNSEEN_TESTS_NODES_H

#include "nn/graph.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"
#include "nn/ref/ref.h"

#include "tests/testing.h"

/** A constant input: a list of integers (kind 'i'), floats ('f') of dimensions dims, or one that is
 *  left out ('-'). Integers of rank 0 are given as 's'. */
typedef struct nodes_constant {
    char kind;
    nn_dims dims;
    double number[16];
} nodes_constant;

/** One node: the dimensions of its input x, further inputs, attributes with one integer or several,
 *  a text attribute. */
typedef struct nodes_case {
    const char *op;
    nn_dims x;
    nodes_constant constant[4];
    struct {
        const char *key;
        int64_t number;
    } attr[4];
    struct {
        const char *key;
        size_t count;
        int64_t number[8];
    } list[2];
    const char *text[2]; /* key, value */
} nodes_case;

static inline void nodes_add_constant(nn_graph *g, const nodes_constant *c, const char *name)
{
    size_t count = 0;

    assert_int_equal(nn_dims_count(&c->dims, &count), NN_OK);
    assert_true(count <= 16);
    if (c->kind == 'f') {
        float value[16];
        for (size_t i = 0; i < 16; i++)
            value[i] = (float)c->number[i];
        nn_graph_initializer(g, name, c->dims.rank, c->dims.dim, value);
        return;
    }
    nn_tensor t;
    assert_int_equal(nn_tensor_init(&t, NN_TYPE_INT64, &c->dims), NN_OK);
    for (size_t i = 0; i < count; i++)
        t.number[i] = (int64_t)c->number[i];
    assert_int_equal(nn_graph_constant(g, name, &t), NN_OK);
}

/** The graph of a case: input "x", constants "c0" to "c3", node "n", output "y". */
static inline nn_graph *nodes_graph(const nodes_case *e)
{
    static const char *const names[4] = {"c0", "c1", "c2", "c3"};
    const char *inputs[5] = {"x"};
    size_t count = 1;
    nn_graph *g = NULL;

    assert_int_equal(nn_graph_create(&g), NN_OK);
    nn_graph_input_dims(g, "x", &e->x);
    for (size_t k = 0; k < 4 && e->constant[k].kind != 0; k++) {
        inputs[count++] = e->constant[k].kind == '-' ? "" : names[k];
        if (e->constant[k].kind != '-')
            nodes_add_constant(g, &e->constant[k], names[k]);
    }
    nn_graph_node(g, e->op, "n", inputs, count, "y");
    for (size_t k = 0; k < 4 && e->attr[k].key != NULL; k++)
        nn_graph_attr_int(g, e->attr[k].key, e->attr[k].number);
    for (size_t k = 0; k < 2 && e->list[k].key != NULL; k++)
        nn_graph_attr_ints(g, e->list[k].key, e->list[k].number, e->list[k].count);
    if (e->text[0] != NULL)
        nn_graph_attr_text(g, e->text[0], e->text[1]);
    nn_graph_output(g, "y");
    if (nn_graph_status(g) != NN_OK)
        fail_msg("%s: %s", e->op, nn_graph_error(g));
    return g;
}

/** Dimensions of what the node makes. */
static inline nn_status nodes_shape(nn_dims *out, const nodes_case *e, char *why, size_t why_size)
{
    nn_graph *g = nodes_graph(e);
    nn_dims dims[8];

    assert_true(g->value_count <= 8);
    nn_status st = nn_infer_dims(dims, g, 1, why, why_size);
    if (st == NN_OK)
        *out = dims[g->output[0]];
    nn_graph_free(g);
    return st;
}

/** Run the node on numbers; the result is to be cleared. */
static inline nn_status nodes_run(nn_tensor *out, const nodes_case *e, const float *x, char *why,
                                  size_t why_size)
{
    nn_graph *g = nodes_graph(e);
    nn_tensor in;
    float copy[64];
    size_t count = 0;

    assert_int_equal(nn_dims_count(&e->x, &count), NN_OK);
    assert_true(count <= 64);
    memcpy(copy, x, count * sizeof *x);
    assert_int_equal(nn_tensor_borrow(&in, &e->x, copy), NN_OK);
    nn_status st = nn_ref_run(g, &in, out, why, why_size);
    nn_graph_free(g);
    return st;
}

/** A case whose shape is known, or that is refused with a status and words. */
typedef struct nodes_expectation {
    nodes_case e;
    nn_dims want;
    nn_status status;
    const char *words;
} nodes_expectation;

/** Check a table of expectations. */
static inline void nodes_check_shapes(const nodes_expectation *table, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        nn_dims out = {.rank = 7};
        char why[400] = "";
        nn_status st = nodes_shape(&out, &table[k].e, why, sizeof why);

        if (st != table[k].status)
            fail_msg("%zu %s: status %d: %s", k, table[k].e.op, st, why);
        if (st == NN_OK && !nn_dims_equal(&out, &table[k].want))
            fail_msg("%zu %s: %s", k, table[k].e.op, nn_dims_print(why, sizeof why, &out));
        if (st != NN_OK && strstr(why, table[k].words) == NULL)
            fail_msg("%zu: '%s' is not in '%s'", k, table[k].words, why);
    }
}

/** A case with numbers. */
typedef struct nodes_answer {
    nodes_case e;
    float x[24];
    nn_type type;
    size_t count;
    double want[24];
} nodes_answer;

/** Check a table of answers, to a rounding of float. */
static inline void nodes_check_answers(const nodes_answer *table, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        nn_tensor out;
        char why[400] = "";

        if (nodes_run(&out, &table[k].e, table[k].x, why, sizeof why) != NN_OK)
            fail_msg("%zu %s: %s", k, table[k].e.op, why);
        assert_int_equal(out.type, table[k].type);
        assert_int_equal(out.count, table[k].count);
        for (size_t i = 0; i < out.count; i++) {
            double got = out.value != NULL ? (double)out.value[i] : (double)out.number[i];
            if (!(fabs(got - table[k].want[i]) <= 2.4e-7 * (1 + fabs(table[k].want[i]))))
                fail_msg("%zu %s: number %zu is %.9g, not %.9g", k, table[k].e.op, i, got,
                         table[k].want[i]);
        }
        nn_tensor_clear(&out);
    }
}

#endif
