/* A graph as the bytes of an ONNX file, see nn/onnx_write.h. */

#include "nn/onnx_write.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/infer.h"
#include "nn/graph/op_rule.h"
#include "nn/onnx/onnx_proto.h"
#include "nn/onnx/onnx_tensor.h"

enum { IR_VERSION = 8, IR_VERSION_19 = 9, OPSET = 13, TYPE_FLOAT = 1, TYPE_INT64 = 7 };

/* Field numbers, by message. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_META = 14
};
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { META_KEY = 1, META_VALUE = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum {
    ATTR_NAME = 1,
    ATTR_F = 2,
    ATTR_I = 3,
    ATTR_S = 4,
    ATTR_T = 5,
    ATTR_INTS = 8,
    ATTR_TYPE = 20
};
enum {
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_ELEM_TYPE = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_PARAM = 2
};

static void put_attr(nn_onnx_buffer *node, const nn_attr *attr)
{
    nn_onnx_buffer m = {.bytes = NULL};
    uint64_t bits = 0;
    uint32_t half;

    nn_onnx_put_text(&m, ATTR_NAME, attr->key);
    switch (attr->type) {
    case NN_ATTR_FLOAT:
        memcpy(&half, &attr->real, sizeof half);
        nn_onnx_put_fixed32(&m, ATTR_F, half);
        break;
    case NN_ATTR_INT:
        memcpy(&bits, &attr->number, sizeof bits);
        nn_onnx_put_varint(&m, ATTR_I, bits);
        break;
    case NN_ATTR_TEXT:
        nn_onnx_put_text(&m, ATTR_S, attr->text);
        break;
    case NN_ATTR_TENSOR:
        nn_onnx_tensor_write(&m, ATTR_T, "", &attr->tensor);
        break;
    case NN_ATTR_INTS:
        for (size_t k = 0; k < attr->count; k++) {
            memcpy(&bits, &attr->numbers[k], sizeof bits);
            nn_onnx_put_varint(&m, ATTR_INTS, bits);
        }
        break;
    }
    nn_onnx_put_varint(&m, ATTR_TYPE, (uint64_t)attr->type);
    nn_onnx_put_message(node, NODE_ATTRIBUTE, &m);
}

static void put_node(nn_onnx_buffer *graph, const nn_graph *g, const nn_node *node)
{
    nn_onnx_buffer m = {.bytes = NULL};

    for (size_t k = 0; k < node->input_count; k++)
        nn_onnx_put_text(&m, NODE_INPUT,
                         node->input[k] == NN_VALUE_NONE ? "" : g->value[node->input[k]].name);
    nn_onnx_put_text(&m, NODE_OUTPUT, node->makes);
    nn_onnx_put_text(&m, NODE_NAME, node->name);
    nn_onnx_put_text(&m, NODE_OP_TYPE, nn_node_op_name(node->op));
    for (size_t k = 0; k < node->attr_count; k++)
        put_attr(&m, &node->attr[k]);
    nn_onnx_put_message(graph, GRAPH_NODE, &m);
}

/* The first operator set from 13 on that has a node as it stands. */
static uint64_t opset_of(const nn_node *node)
{
    switch (node->op) {
    case NN_OP_AVERAGE_POOL:
        return nn_node_attr(node, "dilations", NN_ATTR_INTS) != NULL ? 19 : OPSET;
    case NN_OP_GELU:
        return 20;
    case NN_OP_HARD_SWISH:
        return 14;
    case NN_OP_PAD: /* axes */
        return node->input_count > 3 ? 18 : OPSET;
    case NN_OP_REDUCE_MEAN:
    case NN_OP_REDUCE_PROD: /* axes as an input */
        return node->input_count > 1 ? 18 : OPSET;
    case NN_OP_RESHAPE:
        return nn_node_int(node, "allowzero", 0) != 0 ? 14 : OPSET;
    case NN_OP_SWISH:
        return 24;
    default:
        return OPSET;
    }
}

/* A softmax of before operator set 13 over several axes has no form in a later one, and parts of a
 * Split whose sizes are not known have none at all. */
static nn_status check_nodes(const nn_graph *g, char *why, size_t why_size)
{
    char label[NN_LABEL_SIZE];

    for (size_t n = 0; n < g->node_count; n++)
        if (nn_node_int(&g->node[n], NN_OP_COERCED, 0) != 0 ||
            nn_node_attr(&g->node[n], NN_OP_PARTS, NN_ATTR_INT) != NULL)
            return nn_why(why, why_size, NN_ERR_UNSUPPORTED, "%s: it cannot be written",
                          nn_node_label(label, &g->node[n]));
    return NN_OK;
}

/* ValueInfoProto: a tensor; open_batch writes the first dimension as the parameter "N". */
static void put_value(nn_onnx_buffer *graph, uint32_t number, const char *name, uint64_t type_of,
                      const nn_dims *dims, int open_batch)
{
    nn_onnx_buffer value = {.bytes = NULL}, type = {.bytes = NULL}, tensor = {.bytes = NULL},
                   shape = {.bytes = NULL};

    for (size_t k = 0; k < dims->rank; k++) {
        nn_onnx_buffer dim = {.bytes = NULL};
        if (k == 0 && open_batch)
            nn_onnx_put_text(&dim, DIM_PARAM, "N");
        else
            nn_onnx_put_varint(&dim, DIM_VALUE, dims->dim[k]);
        nn_onnx_put_message(&shape, SHAPE_DIM, &dim);
    }
    nn_onnx_put_varint(&tensor, TENSOR_ELEM_TYPE, type_of);
    nn_onnx_put_message(&tensor, TENSOR_SHAPE, &shape);
    nn_onnx_put_message(&type, TYPE_TENSOR, &tensor);
    nn_onnx_put_text(&value, VALUE_NAME, name);
    nn_onnx_put_message(&value, VALUE_TYPE, &type);
    nn_onnx_put_message(graph, number, &value);
}

/* What computes in integers has been folded, but for ArgMax at the end. */
static uint64_t output_type(const nn_graph *g, size_t value)
{
    if (g->value[value].kind == NN_VALUE_CONSTANT)
        return (uint64_t)g->value[value].constant.type;
    for (size_t n = 0; n < g->node_count; n++)
        if (g->node[n].output == value && g->node[n].op == NN_OP_ARG_MAX)
            return TYPE_INT64;
    return TYPE_FLOAT;
}

static void put_graph(nn_onnx_buffer *model, const nn_graph *g, const nn_dims *dims)
{
    nn_onnx_buffer m = {.bytes = NULL};
    int open_batch = 0;

    for (size_t k = 0; k < g->node_count; k++)
        put_node(&m, g, &g->node[k]);
    nn_onnx_put_text(&m, GRAPH_NAME, "network");
    for (size_t k = 0; k < g->value_count; k++)
        if (g->value[k].kind == NN_VALUE_CONSTANT)
            nn_onnx_tensor_write(&m, GRAPH_INITIALIZER, g->value[k].name, &g->value[k].constant);
    for (size_t k = 0; k < g->input_count; k++) {
        const nn_value *v = &g->value[g->input[k]];
        int open = v->dims.rank > 0 && v->dims.dim[0] == 0;
        open_batch |= open;
        put_value(&m, GRAPH_INPUT, v->name, TYPE_FLOAT, &v->dims, open);
    }
    for (size_t k = 0; k < g->output_count; k++)
        put_value(&m, GRAPH_OUTPUT, g->value[g->output[k]].name, output_type(g, g->output[k]),
                  &dims[g->output[k]], open_batch);
    nn_onnx_put_message(model, MODEL_GRAPH, &m);
}

static void put_model(nn_onnx_buffer *model, const nn_graph *g, const nn_dims *dims)
{
    nn_onnx_buffer opset = {.bytes = NULL};

    uint64_t version = OPSET;

    for (size_t n = 0; n < g->node_count; n++)
        if (opset_of(&g->node[n]) > version)
            version = opset_of(&g->node[n]);
    nn_onnx_put_varint(model, MODEL_IR_VERSION, version < 19 ? IR_VERSION : IR_VERSION_19);
    nn_onnx_put_text(model, MODEL_PRODUCER, "unseen");
    put_graph(model, g, dims);
    nn_onnx_put_text(&opset, OPSET_DOMAIN, "");
    nn_onnx_put_varint(&opset, OPSET_VERSION, version);
    nn_onnx_put_message(model, MODEL_OPSET, &opset);
    for (size_t k = 0; k < g->meta_count; k++) {
        nn_onnx_buffer meta = {.bytes = NULL};
        nn_onnx_put_text(&meta, META_KEY, g->meta[k].key);
        nn_onnx_put_text(&meta, META_VALUE, g->meta[k].value);
        nn_onnx_put_message(model, MODEL_META, &meta);
    }
}

nn_status nn_onnx_write(const nn_graph *g, uint8_t **bytes, size_t *size, char *why,
                        size_t why_size)
{
    nn_onnx_buffer model = {.bytes = NULL};

    if (g == NULL || bytes == NULL || size == NULL)
        return nn_why(why, why_size, NN_ERR_ARG, "nn_onnx_write: an argument is missing");
    *bytes = NULL;
    *size = 0;
    if (nn_graph_status(g) != NN_OK)
        return nn_why(why, why_size, nn_graph_status(g), "%s", nn_graph_error(g));
    if (g->input_count == 0 || g->output_count == 0)
        return nn_why(why, why_size, NN_ERR_ARG, "the graph has no input or no output");
    nn_dims *dims = malloc(g->value_count * sizeof *dims);
    if (dims == NULL)
        return nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while writing the model");
    nn_status st = check_nodes(g, why, why_size);
    if (st == NN_OK)
        st = nn_infer_dims(dims, g, 1, why, why_size);
    if (st == NN_OK) {
        put_model(&model, g, dims);
        if (model.failed)
            st = nn_why(why, why_size, NN_ERR_MEMORY, "out of memory while writing the model");
    }
    free(dims);
    if (st != NN_OK) {
        nn_onnx_buffer_clear(&model);
        return st;
    }
    *bytes = model.bytes;
    *size = model.size;
    return NN_OK;
}
