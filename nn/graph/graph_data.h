/* Inside of a graph: for the files that walk one, not for those that build one. */

#ifndef UNSEEN_NN_GRAPH_GRAPH_DATA_H
#define UNSEEN_NN_GRAPH_GRAPH_DATA_H

#include "nn/graph/node.h"

typedef struct nn_graph nn_graph; /* as in nn/graph.h, which stands above this file */

enum {
    NN_GRAPH_VALUES_MAX = 1 << 16,
    NN_GRAPH_LIST_MAX = 1 << 12, /* outputs, and metadata */
    NN_GRAPH_ATTRS_MAX = 64,     /* of one node */
    NN_GRAPH_NAME_MAX = 1024,    /* characters of a name */
    NN_GRAPH_FRESH_SIZE = 40,
    NN_GRAPH_ERROR_SIZE = 512
};

typedef enum nn_value_kind { NN_VALUE_INPUT, NN_VALUE_CONSTANT, NN_VALUE_NODE } nn_value_kind;

typedef struct nn_value {
    char *name;
    nn_value_kind kind;
    nn_dims dims;       /* NN_VALUE_INPUT; dim[0] of 0 is any batch size */
    nn_tensor constant; /* NN_VALUE_CONSTANT, else empty */
} nn_value;

typedef struct nn_meta {
    char *key, *value;
} nn_meta;

struct nn_graph {
    nn_status status; /* of the first call that failed */
    char error[NN_GRAPH_ERROR_SIZE];

    nn_value *value;
    size_t value_count, value_room;
    size_t *slot;      /* hash table over value names: index + 1, 0 for an empty slot */
    size_t slot_count; /* a power of two, or 0 */

    nn_node *node; /* in execution order: inputs of a node stand before it */
    size_t node_count, node_room;

    size_t *input; /* indices of values of kind NN_VALUE_INPUT, in order of declaration */
    size_t input_count, input_room;
    size_t *output;
    size_t output_count, output_room;

    nn_meta *meta;
    size_t meta_count, meta_room;
};

/** Index of the value of a name, or NN_VALUE_NONE. */
size_t nn_graph_find(const nn_graph *g, const char *name);

/** Give the node added last a tensor attribute, copied. Fails as nn_graph_attr_int. */
nn_status nn_graph_attr_tensor(nn_graph *g, const char *key, const nn_tensor *value);

/** Enter all values into the hash table anew, after their indices have changed. */
void nn_graph_rehash(nn_graph *g);

/** Add a constant, taking over the tensor's data; on failure the tensor is cleared.
 *
 *  Fails:  NN_ERR_ARG (name empty or used), NN_ERR_MEMORY
 */
nn_status nn_graph_constant(nn_graph *g, const char *name, nn_tensor *moved);

/* ---- changing a graph that is built: nn/graph/graph_edit.c ---- */

/** Give a node an attribute, in place of one of that name. Takes over what attr owns; its key is a
 *  copy. Fails with NN_ERR_MEMORY, NN_ERR_ARG (too many attributes), or the graph's status. */
nn_status nn_graph_set(nn_graph *g, nn_node *node, const char *key, nn_attr attr);

/** The same with a list of integers that is copied. */
nn_status nn_graph_set_ints(nn_graph *g, nn_node *node, const char *key, const int64_t *numbers,
                            size_t count);

/** The same with a text that is copied. */
nn_status nn_graph_set_text(nn_graph *g, nn_node *node, const char *key, const char *text);

/** Take an attribute away from a node, if it has one of that name. */
void nn_graph_unset(nn_node *node, const char *key);

/** A name that no value has, NN_GRAPH_FRESH_SIZE characters. */
void nn_graph_fresh(char *name, const nn_graph *g);

/** A new constant of no dimensions; its index, or NN_VALUE_NONE with the graph failed. */
size_t nn_graph_scalar(nn_graph *g, float value);

/** A new constant list of integers; its index, or NN_VALUE_NONE with the graph failed. */
size_t nn_graph_list(nn_graph *g, const int64_t *numbers, size_t count);

/** Remove the nodes and constants that no output needs. Inputs stay. The order of what stays is
 *  kept, indices of values change.
 *
 *  Fails:  NN_ERR_MEMORY with the graph as it was, but failed
 */
nn_status nn_graph_sweep(nn_graph *g);

/** Record a failure in the graph, unless there is one; returns the graph's status. */
nn_status nn_graph_fail(nn_graph *g, nn_status status, const char *format, ...) NN_PRINTF(3, 4);

#endif
