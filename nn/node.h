/* One node of the graph: its operator, the values it takes and makes, its attributes. */

#ifndef UNSEEN_NN_NODE_H
#define UNSEEN_NN_NODE_H

#include "nn/tensor.h"

enum { NN_NODE_INPUTS_MAX = 8, NN_LABEL_SIZE = 96 };

#define NN_VALUE_NONE SIZE_MAX /* index of an optional input that is left out */

typedef enum nn_op {
    NN_OP_NONE,
    NN_OP_ADD,
    NN_OP_AVERAGE_POOL,
    NN_OP_BATCH_NORMALIZATION,
    NN_OP_CONV,
    NN_OP_DIV,
    NN_OP_DROPOUT,
    NN_OP_FLATTEN,
    NN_OP_GEMM,
    NN_OP_GLOBAL_AVERAGE_POOL,
    NN_OP_IDENTITY,
    NN_OP_MATMUL,
    NN_OP_MUL,
    NN_OP_POW,
    NN_OP_RESHAPE,
    NN_OP_SUB,
    NN_OP_TRANSPOSE,
    NN_OP_COUNT
} nn_op;

typedef enum nn_attr_type { /* ONNX's own numbers */
                            NN_ATTR_FLOAT = 1,
                            NN_ATTR_INT = 2,
                            NN_ATTR_TEXT = 3,
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
