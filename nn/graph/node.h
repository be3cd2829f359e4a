/* One node of the graph: its operator, the values it takes and makes, its attributes. */

#ifndef UNSEEN_NN_GRAPH_NODE_H
#define UNSEEN_NN_GRAPH_NODE_H

#include "nn/tensor.h"

enum { NN_NODE_INPUTS_MAX = 64, NN_LABEL_SIZE = 96 };

#define NN_VALUE_NONE SIZE_MAX /* index of an optional input that is left out */

typedef enum nn_op {
    NN_OP_NONE,
    NN_OP_ADD,
    NN_OP_ARG_MAX,
    NN_OP_AVERAGE_POOL,
    NN_OP_BATCH_NORMALIZATION,
    NN_OP_CAST,
    NN_OP_CEIL,
    NN_OP_CLIP,
    NN_OP_CONCAT,
    NN_OP_CONSTANT_OF_SHAPE,
    NN_OP_CONV,
    NN_OP_DIV,
    NN_OP_DROPOUT,
    NN_OP_EQUAL,
    NN_OP_ERF,
    NN_OP_EXP,
    NN_OP_EXPAND,
    NN_OP_FLATTEN,
    NN_OP_FLOOR,
    NN_OP_GATHER,
    NN_OP_GELU,
    NN_OP_GEMM,
    NN_OP_GLOBAL_AVERAGE_POOL,
    NN_OP_GLOBAL_MAX_POOL,
    NN_OP_HARD_SIGMOID,
    NN_OP_HARD_SWISH,
    NN_OP_IDENTITY,
    NN_OP_LEAKY_RELU,
    NN_OP_LOG,
    NN_OP_LOG_SOFTMAX,
    NN_OP_MATMUL,
    NN_OP_MAX,
    NN_OP_MAX_POOL,
    NN_OP_MIN,
    NN_OP_MUL,
    NN_OP_NEG,
    NN_OP_PAD,
    NN_OP_POW,
    NN_OP_RANGE,
    NN_OP_RECIPROCAL,
    NN_OP_REDUCE_MEAN,
    NN_OP_REDUCE_PROD,
    NN_OP_RELU,
    NN_OP_RESHAPE,
    NN_OP_SHAPE,
    NN_OP_SIGMOID,
    NN_OP_SIZE,
    NN_OP_SLICE,
    NN_OP_SOFTMAX,
    NN_OP_SPLIT,
    NN_OP_SQRT,
    NN_OP_SQUEEZE,
    NN_OP_SUB,
    NN_OP_SUM,
    NN_OP_SWISH,
    NN_OP_TANH,
    NN_OP_TRANSPOSE,
    NN_OP_UNSQUEEZE,
    NN_OP_WHERE,
    NN_OP_COUNT
} nn_op;

typedef enum nn_attr_type { /* ONNX's own numbers */
                            NN_ATTR_FLOAT = 1,
                            NN_ATTR_INT = 2,
                            NN_ATTR_TEXT = 3,
                            NN_ATTR_TENSOR = 4,
                            NN_ATTR_INTS = 7
} nn_attr_type;

typedef struct nn_attr {
    nn_attr_type type;
    char *key;
    float real;       /* NN_ATTR_FLOAT */
    int64_t number;   /* NN_ATTR_INT */
    char *text;       /* NN_ATTR_TEXT, else NULL */
    int64_t *numbers; /* NN_ATTR_INTS, else NULL */
    size_t count;     /* of numbers */
    nn_tensor tensor; /* NN_ATTR_TENSOR, else empty */
} nn_attr;

typedef struct nn_node {
    nn_op op;
    char *name;                       /* "" when it has none */
    const char *makes;                /* name of the value it makes, owned by the graph */
    size_t input[NN_NODE_INPUTS_MAX]; /* indices of values, NN_VALUE_NONE for one left out */
    size_t input_count;
    size_t output; /* index of a value */
    nn_attr *attr;
    size_t attr_count;
} nn_node;

/** Free what a node owns. */
void nn_node_clear(nn_node *node);

/** Free what an attribute owns. */
void nn_attr_clear(nn_attr *attr);

/** The attribute of a name and type, or NULL. */
const nn_attr *nn_node_attr(const nn_node *node, const char *key, nn_attr_type type);

/** An integer attribute, or what stands for it when it is absent. */
int64_t nn_node_int(const nn_node *node, const char *key, int64_t absent);

/** A float attribute, or what stands for it when it is absent. */
float nn_node_float(const nn_node *node, const char *key, float absent);

/** A text attribute, or what stands for it when it is absent. */
const char *nn_node_text(const nn_node *node, const char *key, const char *absent);

/** How the node is called in a sentence: Conv 'name', or Conv making 'value' when it has no name.
 *
 *  Out:  text  NN_LABEL_SIZE bytes; long names are cut
 *  Returns text, so that the call can stand in an argument list.
 */
const char *nn_node_label(char text[NN_LABEL_SIZE], const nn_node *node);

/** The ONNX name of an operator, "Conv". */
const char *nn_node_op_name(nn_op op);

#endif
