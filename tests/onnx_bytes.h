/* ONNX files written field by field, for the tests of readers: what no builder would write. */
#ifndef UNSEEN_TESTS_ONNX_BYTES_H
#define UNSEEN_TESTS_ONNX_BYTES_H

#include "nn/onnx/onnx_proto.h"

#include "tests/testing.h"

/** Append an empty attribute of a type to a node; value is put by the caller into *a, then
 *  onnx_bytes_attr_end. */
static inline nn_onnx_buffer onnx_bytes_attr(const char *name, uint64_t type)
{
    nn_onnx_buffer a = {.bytes = NULL};

    nn_onnx_put_text(&a, 1, name);
    if (type != 0)
        nn_onnx_put_varint(&a, 20, type);
    return a;
}

/** A NodeProto with an operator, a name, up to three inputs (NULL ends them) and an output. */
static inline nn_onnx_buffer onnx_bytes_node(const char *op, const char *name, const char *in0,
                                             const char *in1, const char *in2, const char *out)
{
    const char *const in[3] = {in0, in1, in2};
    nn_onnx_buffer n = {.bytes = NULL};

    for (int k = 0; k < 3 && in[k] != NULL; k++)
        nn_onnx_put_text(&n, 1, in[k]);
    if (out != NULL)
        nn_onnx_put_text(&n, 2, out);
    if (name != NULL)
        nn_onnx_put_text(&n, 3, name);
    if (op != NULL)
        nn_onnx_put_text(&n, 4, op);
    return n;
}

/** Append a float constant of rank 1 to a graph. */
static inline void onnx_bytes_constant(nn_onnx_buffer *graph, const char *name, const float *v,
                                       size_t count)
{
    nn_onnx_buffer t = {.bytes = NULL};
    uint32_t bits;

    nn_onnx_put_varint(&t, 1, count);
    nn_onnx_put_varint(&t, 2, 1);
    nn_onnx_put_text(&t, 8, name);
    for (size_t k = 0; k < count; k++) {
        memcpy(&bits, &v[k], sizeof bits);
        nn_onnx_put_fixed32(&t, 4, bits);
    }
    nn_onnx_put_message(graph, 5, &t);
}

/** Append a float value of given dimensions as input (11) or output (12); a dimension of 0 is open.
 */
static inline void onnx_bytes_value(nn_onnx_buffer *graph, uint32_t number, const char *name,
                                    size_t rank, const uint64_t *dims)
{
    nn_onnx_buffer value = {.bytes = NULL}, type = {.bytes = NULL}, tensor = {.bytes = NULL},
                   shape = {.bytes = NULL};

    for (size_t k = 0; k < rank; k++) {
        nn_onnx_buffer dim = {.bytes = NULL};
        if (dims[k] == 0)
            nn_onnx_put_text(&dim, 2, "batch");
        else
            nn_onnx_put_varint(&dim, 1, dims[k]);
        nn_onnx_put_message(&shape, 1, &dim);
    }
    nn_onnx_put_varint(&tensor, 1, 1);
    nn_onnx_put_message(&tensor, 2, &shape);
    nn_onnx_put_message(&type, 1, &tensor);
    nn_onnx_put_text(&value, 1, name);
    nn_onnx_put_message(&value, 2, &type);
    nn_onnx_put_message(graph, number, &value);
}

/** A ModelProto around a graph, with an operator set (0 leaves it out); clears the graph. */
static inline nn_onnx_buffer onnx_bytes_model(nn_onnx_buffer *graph, uint64_t opset)
{
    nn_onnx_buffer model = {.bytes = NULL}, set = {.bytes = NULL};

    nn_onnx_put_varint(&model, 1, 8);
    nn_onnx_put_text(&model, 2, "test");
    nn_onnx_put_message(&model, 7, graph);
    if (opset != 0) {
        nn_onnx_put_text(&set, 1, "");
        nn_onnx_put_varint(&set, 2, opset);
        nn_onnx_put_message(&model, 8, &set);
    }
    return model;
}

#endif
