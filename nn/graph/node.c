/* One node of the graph, see nn/graph/node.h. */

#include "nn/graph/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const op_names[NN_OP_COUNT] = {
    [NN_OP_NONE] = "?",
    [NN_OP_ADD] = "Add",
    [NN_OP_ARG_MAX] = "ArgMax",
    [NN_OP_AVERAGE_POOL] = "AveragePool",
    [NN_OP_BATCH_NORMALIZATION] = "BatchNormalization",
    [NN_OP_CAST] = "Cast",
    [NN_OP_CEIL] = "Ceil",
    [NN_OP_CLIP] = "Clip",
    [NN_OP_CONCAT] = "Concat",
    [NN_OP_CONSTANT_OF_SHAPE] = "ConstantOfShape",
    [NN_OP_CONV] = "Conv",
    [NN_OP_DIV] = "Div",
    [NN_OP_DROPOUT] = "Dropout",
    [NN_OP_EQUAL] = "Equal",
    [NN_OP_ERF] = "Erf",
    [NN_OP_EXP] = "Exp",
    [NN_OP_EXPAND] = "Expand",
    [NN_OP_FLATTEN] = "Flatten",
    [NN_OP_FLOOR] = "Floor",
    [NN_OP_GATHER] = "Gather",
    [NN_OP_GELU] = "Gelu",
    [NN_OP_GEMM] = "Gemm",
    [NN_OP_GLOBAL_AVERAGE_POOL] = "GlobalAveragePool",
    [NN_OP_GLOBAL_MAX_POOL] = "GlobalMaxPool",
    [NN_OP_HARD_SIGMOID] = "HardSigmoid",
    [NN_OP_HARD_SWISH] = "HardSwish",
    [NN_OP_IDENTITY] = "Identity",
    [NN_OP_LEAKY_RELU] = "LeakyRelu",
    [NN_OP_LOG] = "Log",
    [NN_OP_LOG_SOFTMAX] = "LogSoftmax",
    [NN_OP_MATMUL] = "MatMul",
    [NN_OP_MAX] = "Max",
    [NN_OP_MAX_POOL] = "MaxPool",
    [NN_OP_MIN] = "Min",
    [NN_OP_MUL] = "Mul",
    [NN_OP_NEG] = "Neg",
    [NN_OP_PAD] = "Pad",
    [NN_OP_POW] = "Pow",
    [NN_OP_RANGE] = "Range",
    [NN_OP_RECIPROCAL] = "Reciprocal",
    [NN_OP_REDUCE_MEAN] = "ReduceMean",
    [NN_OP_REDUCE_PROD] = "ReduceProd",
    [NN_OP_RELU] = "Relu",
    [NN_OP_RESHAPE] = "Reshape",
    [NN_OP_SHAPE] = "Shape",
    [NN_OP_SIGMOID] = "Sigmoid",
    [NN_OP_SIZE] = "Size",
    [NN_OP_SLICE] = "Slice",
    [NN_OP_SOFTMAX] = "Softmax",
    [NN_OP_SPLIT] = "Split",
    [NN_OP_SQRT] = "Sqrt",
    [NN_OP_SQUEEZE] = "Squeeze",
    [NN_OP_SUB] = "Sub",
    [NN_OP_SUM] = "Sum",
    [NN_OP_SWISH] = "Swish",
    [NN_OP_TANH] = "Tanh",
    [NN_OP_TRANSPOSE] = "Transpose",
    [NN_OP_UNSQUEEZE] = "Unsqueeze",
    [NN_OP_WHERE] = "Where",
};

const char *nn_node_op_name(nn_op op)
{
    return op_names[op];
}

void nn_attr_clear(nn_attr *attr)
{
    free(attr->key);
    free(attr->text);
    free(attr->numbers);
    nn_tensor_clear(&attr->tensor);
    *attr = (nn_attr){.key = NULL};
}

void nn_node_clear(nn_node *node)
{
    for (size_t k = 0; k < node->attr_count; k++)
        nn_attr_clear(&node->attr[k]);
    free(node->attr);
    free(node->name);
    *node = (nn_node){.op = NN_OP_NONE};
}

const nn_attr *nn_node_attr(const nn_node *node, const char *key, nn_attr_type type)
{
    for (size_t k = 0; k < node->attr_count; k++)
        if (node->attr[k].type == type && strcmp(node->attr[k].key, key) == 0)
            return &node->attr[k];
    return NULL;
}

int64_t nn_node_int(const nn_node *node, const char *key, int64_t absent)
{
    const nn_attr *attr = nn_node_attr(node, key, NN_ATTR_INT);

    return attr != NULL ? attr->number : absent;
}

float nn_node_float(const nn_node *node, const char *key, float absent)
{
    const nn_attr *attr = nn_node_attr(node, key, NN_ATTR_FLOAT);

    return attr != NULL ? attr->real : absent;
}

const char *nn_node_text(const nn_node *node, const char *key, const char *absent)
{
    const nn_attr *attr = nn_node_attr(node, key, NN_ATTR_TEXT);

    return attr != NULL ? attr->text : absent;
}

const char *nn_node_label(char text[NN_LABEL_SIZE], const nn_node *node)
{
    int named = node->name != NULL && node->name[0] != '\0';

    (void)snprintf(text, NN_LABEL_SIZE, named ? "%s '%.60s'" : "%s making '%.60s'",
                   op_names[node->op],
                   named                 ? node->name
                   : node->makes != NULL ? node->makes
                                         : "");
    return text;
}
