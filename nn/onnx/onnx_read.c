/* ModelProto and GraphProto of ONNX into a graph, see nn/onnx_read.h. */

#include "nn/onnx_read.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/onnx/fold.h"
#include "nn/onnx/onnx_node.h"
#include "nn/onnx/onnx_proto.h"
#include "nn/onnx/onnx_tensor.h"

enum { MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_META = 14 };
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { META_KEY = 1, META_VALUE = 2 };
enum {
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE_INITIALIZER = 15
};
enum {
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1
};

enum { OPSET_LEAST = 7, OPSET_MOST = 99, META_TEXT_MAX = 1 << 16 };

typedef struct reader {
    nn_graph *graph;
    uint64_t opset; /* of the default operator set, 0 until it is seen */
    char *why;
    size_t why_size;
} reader;

static nn_status damaged(const reader *r, const char *what)
{
    return nn_why(r->why, r->why_size, NN_ERR_FORMAT, "this is no ONNX file or a damaged one (%s)",
                  what);
}

/* A failure while building: the graph has the sentence. */
static nn_status graph_failed(const reader *r)
{
    nn_status st = nn_graph_status(r->graph);

    return nn_why(r->why, r->why_size, st == NN_ERR_ARG ? NN_ERR_FORMAT : st, "%s",
                  nn_graph_error(r->graph));
}

/* Call visit for each field of a number that holds a message. */
typedef nn_status (*visitor)(const reader *r, nn_onnx_cursor bytes, void *user);

static nn_status visit(const reader *r, nn_onnx_cursor bytes, uint32_t number, visitor use,
                       void *user)
{
    nn_onnx_field f;
    int more;

    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        if (f.number != number)
            continue;
        if (f.wire != NN_ONNX_BYTES)
            return damaged(r, "a message is missing");
        nn_status st = use(r, f.bytes, user);
        if (st != NN_OK)
            return st;
    }
    return more == 0 ? NN_OK : damaged(r, "cut short");
}

/* The message in a field of a number; the last one counts. Returns 1, 0 when absent, -1 damaged. */
static int find_message(nn_onnx_cursor *found, nn_onnx_cursor bytes, uint32_t number)
{
    nn_onnx_field f;
    int more, seen = 0;

    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        if (f.number == number) {
            if (f.wire != NN_ONNX_BYTES)
                return -1;
            *found = f.bytes;
            seen = 1;
        }
    }
    return more < 0 ? -1 : seen;
}

/* user is the uint64_t version of the default operator set, 0 until it is seen. */
static nn_status read_opset(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_onnx_field f;
    uint64_t version = 0;
    int more, standard = 1;

    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        if (f.number == OPSET_VERSION)
            version = f.value;
        else if (f.number == OPSET_DOMAIN)
            standard =
                f.bytes.left == 0 || (f.bytes.left == 7 && memcmp(f.bytes.at, "ai.onnx", 7) == 0);
    }
    if (standard)
        *(uint64_t *)user = version;
    return more == 0 ? NN_OK : damaged(r, "its operator sets");
}

static nn_status read_meta(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_onnx_field f, key = {.number = 0}, value = {.number = 0};
    char *key_text = NULL, *value_text = NULL;
    int more;

    (void)user;
    while ((more = nn_onnx_next(&bytes, &f)) > 0) {
        if (f.number == META_KEY)
            key = f;
        else if (f.number == META_VALUE)
            value = f;
    }
    if (more < 0)
        return damaged(r, "its metadata");
    /* Metadata are free text: what cannot be one of ours is left out. */
    nn_status st = nn_onnx_text(&key_text, &key, NN_GRAPH_NAME_MAX);
    if (st == NN_OK)
        st = nn_onnx_text(&value_text, &value, META_TEXT_MAX);
    if (st == NN_OK && key_text[0] != '\0' &&
        nn_graph_meta(r->graph, key_text, value_text) != NN_OK)
        st = graph_failed(r);
    else if (st == NN_ERR_FORMAT)
        st = NN_OK;
    else if (st != NN_OK)
        (void)nn_why(r->why, r->why_size, st, "out of memory while reading metadata");
    free(key_text);
    free(value_text);
    return st;
}

static nn_status read_initializer(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_tensor t;
    nn_onnx_field name;
    char *text;

    (void)user;
    nn_status st = nn_onnx_tensor_read(&t, &name, bytes, r->why, r->why_size);
    if (st != NN_OK)
        return st;
    st = nn_onnx_text(&text, &name, NN_GRAPH_NAME_MAX);
    if (st != NN_OK) {
        nn_tensor_clear(&t);
        return st == NN_ERR_FORMAT
                   ? damaged(r, "a constant without a name")
                   : nn_why(r->why, r->why_size, st, "out of memory for a constant");
    }
    st = nn_graph_constant(r->graph, text, &t);
    free(text);
    return st == NN_OK ? NN_OK : graph_failed(r);
}

static nn_status refuse_sparse(const reader *r, nn_onnx_cursor bytes, void *user)
{
    (void)bytes;
    (void)user;
    return nn_why(r->why, r->why_size, NN_ERR_UNSUPPORTED,
                  "the file holds a sparse constant; export its constants as dense ones");
}

/* user is a nn_dims; a dimension without a fixed size is 0. */
static nn_status read_dim(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_dims *dims = user;
    nn_onnx_field f;
    uint64_t value = 0;
    int more;

    while ((more = nn_onnx_next(&bytes, &f)) > 0)
        if (f.number == DIM_VALUE)
            value = f.value;
    if (more < 0)
        return damaged(r, "an input's shape");
    if (value >> 63 != 0)
        value = 0; /* a negative size also means that it is open */
    if (dims->rank == NN_RANK_MAX || value > NN_ELEMENTS_MAX)
        return nn_why(r->why, r->why_size, NN_ERR_SHAPE, "an input has a shape that is too large");
    dims->dim[dims->rank++] = (size_t)value;
    return NN_OK;
}

static nn_status add_input(const reader *r, const char *name, nn_onnx_cursor type)
{
    nn_onnx_cursor tensor = {NULL, 0}, shape = {NULL, 0};
    nn_dims dims = {.rank = 0};
    int more = find_message(&tensor, type, TYPE_TENSOR);

    if (more > 0)
        more = find_message(&shape, tensor, TENSOR_SHAPE);
    if (more < 0)
        return damaged(r, "an input's type");
    if (more == 0)
        return nn_why(r->why, r->why_size, NN_ERR_UNSUPPORTED,
                      "input '%.100s' has no shape; export the model with a fixed input size",
                      name);
    nn_status st = visit(r, shape, SHAPE_DIM, read_dim, &dims);
    if (st != NN_OK)
        return st;
    for (size_t k = 1; k < dims.rank; k++)
        if (dims.dim[k] == 0)
            return nn_why(r->why, r->why_size, NN_ERR_UNSUPPORTED,
                          "input '%.100s' has no fixed size in dimension %zu; export the model "
                          "with a fixed input size",
                          name, k);
    return nn_graph_input_dims(r->graph, name, &dims) == NN_OK ? NN_OK : graph_failed(r);
}

static nn_status read_value_name(const reader *r, char **name, nn_onnx_cursor bytes)
{
    nn_onnx_field f, text = {.number = 0};
    int more;

    *name = NULL;
    while ((more = nn_onnx_next(&bytes, &f)) > 0)
        if (f.number == VALUE_NAME)
            text = f;
    nn_status st = more < 0 ? NN_ERR_FORMAT : nn_onnx_text(name, &text, NN_GRAPH_NAME_MAX);
    if (st == NN_ERR_MEMORY)
        return nn_why(r->why, r->why_size, st, "out of memory for a name");
    return st == NN_OK ? NN_OK : damaged(r, "the name of an input or output");
}

/* Files of IR version 3 list the constants among the inputs. */
static nn_status read_input(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_onnx_cursor type = {NULL, 0};
    char *name;

    (void)user;
    nn_status st = read_value_name(r, &name, bytes);
    if (st != NN_OK)
        return st;
    if (nn_graph_find(r->graph, name) == NN_VALUE_NONE ||
        r->graph->value[nn_graph_find(r->graph, name)].kind != NN_VALUE_CONSTANT)
        st = find_message(&type, bytes, VALUE_TYPE) < 0 ? damaged(r, "an input's type")
                                                        : add_input(r, name, type);
    free(name);
    return st;
}

static nn_status read_output(const reader *r, nn_onnx_cursor bytes, void *user)
{
    char *name;

    (void)user;
    nn_status st = read_value_name(r, &name, bytes);
    if (st == NN_OK && nn_graph_output(r->graph, name) != NN_OK)
        st = graph_failed(r);
    free(name);
    return st;
}

static nn_status check_node(const reader *r, nn_onnx_cursor bytes, void *user)
{
    nn_status st = nn_onnx_node_check(user, bytes);

    if (st == NN_ERR_MEMORY)
        return nn_why(r->why, r->why_size, st, "out of memory while reading a node");
    return st == NN_OK ? NN_OK : damaged(r, "a node");
}

static nn_status read_node(const reader *r, nn_onnx_cursor bytes, void *user)
{
    (void)user;
    return nn_onnx_node_read(r->graph, bytes, r->opset, r->why, r->why_size);
}

/* Look at all nodes before any is taken, so that the list is complete. */
static nn_status check_nodes(const reader *r, nn_onnx_cursor graph)
{
    nn_why_list list;

    nn_why_list_init(&list, r->why, r->why_size);
    nn_status st = visit(r, graph, GRAPH_NODE, check_node, &list);
    if (st != NN_OK || list.count == 0)
        return st;
    nn_why_list_finish(
        &list,
        list.count == 1 ? "one node cannot be taken:" : "%zu nodes cannot be taken:", list.count);
    return NN_ERR_UNSUPPORTED;
}

static nn_status read_graph(const reader *r, nn_onnx_cursor graph)
{
    nn_status st = check_nodes(r, graph);

    if (st == NN_OK)
        st = visit(r, graph, GRAPH_SPARSE_INITIALIZER, refuse_sparse, NULL);
    if (st == NN_OK)
        st = visit(r, graph, GRAPH_INITIALIZER, read_initializer, NULL);
    if (st == NN_OK)
        st = visit(r, graph, GRAPH_INPUT, read_input, NULL);
    if (st == NN_OK)
        st = visit(r, graph, GRAPH_NODE, read_node, NULL);
    if (st == NN_OK)
        st = visit(r, graph, GRAPH_OUTPUT, read_output, NULL);
    if (st == NN_OK && r->graph->output_count == 0)
        st = damaged(r, "no output");
    return st;
}

static nn_status read_model(reader *r, nn_onnx_cursor model)
{
    nn_onnx_cursor graph;
    int more = find_message(&graph, model, MODEL_GRAPH);

    if (more <= 0)
        return damaged(r, more < 0 ? "cut short" : "no graph");
    nn_status st = visit(r, model, MODEL_OPSET, read_opset, &r->opset);
    if (st == NN_OK && (r->opset < OPSET_LEAST || r->opset > OPSET_MOST))
        st = nn_why(r->why, r->why_size, NN_ERR_UNSUPPORTED,
                    "the model uses operator set %llu; export it with operator set 7 to 21 "
                    "(13 is a good choice)",
                    (unsigned long long)r->opset);
    if (st == NN_OK)
        st = visit(r, model, MODEL_META, read_meta, NULL);
    return st == NN_OK ? read_graph(r, graph) : st;
}

nn_status nn_onnx_read(nn_graph **g, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    if (g == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_onnx_read: no place for the graph");
    *g = NULL;
    if (bytes == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_onnx_read: no bytes");
    reader r = {.why = why, .why_size = why_size};
    nn_status st = nn_graph_create(&r.graph);
    if (st != NN_OK)
        return nn_why(why, why_size, st, "out of memory while reading the model");
    st = read_model(&r, (nn_onnx_cursor){bytes, size});
    if (st == NN_OK)
        st = nn_fold(r.graph, why, why_size);
    if (st != NN_OK) {
        nn_graph_free(r.graph);
        return st;
    }
    *g = r.graph;
    return NN_OK;
}
