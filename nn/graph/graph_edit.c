/* Changing a graph that is built, see nn/graph/graph_data.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph.h"
#include "nn/graph/graph_data.h"

static nn_status no_memory(nn_graph *g)
{
    return nn_graph_fail(g, NN_ERR_MEMORY, "out of memory while folding the graph");
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void nn_graph_unset(nn_node *node, const char *key)
{
    for (size_t k = 0; k < node->attr_count; k++) {
        if (strcmp(node->attr[k].key, key) != 0)
            continue;
        nn_attr_clear(&node->attr[k]);
        for (size_t i = k + 1; i < node->attr_count; i++)
            node->attr[i - 1] = node->attr[i];
        node->attr_count--;
        return;
    }
}

nn_status nn_graph_set(nn_graph *g, nn_node *node, const char *key, nn_attr attr)
{
    nn_attr *moved = NULL;

    attr.key = NULL;
    nn_graph_unset(node, key);
    if (g->status != NN_OK) {
        nn_attr_clear(&attr);
        return g->status;
    }
    if (node->attr_count >= NN_GRAPH_ATTRS_MAX) {
        nn_attr_clear(&attr);
        return nn_graph_fail(g, NN_ERR_ARG, "node '%.60s' has more than %d attributes", node->name,
                             NN_GRAPH_ATTRS_MAX);
    }
    attr.key = copy_text(key);
    moved = realloc(node->attr, (node->attr_count + 1) * sizeof *moved);
    if (moved != NULL)
        node->attr = moved;
    if (attr.key == NULL || moved == NULL) {
        nn_attr_clear(&attr);
        return no_memory(g);
    }
    node->attr[node->attr_count++] = attr;
    return NN_OK;
}

nn_status nn_graph_set_ints(nn_graph *g, nn_node *node, const char *key, const int64_t *numbers,
                            size_t count)
{
    nn_attr attr = {.type = NN_ATTR_INTS, .count = count};

    attr.numbers = malloc((count > 0 ? count : 1) * sizeof *attr.numbers);
    if (attr.numbers == NULL)
        return no_memory(g);
    if (count > 0)
        memcpy(attr.numbers, numbers, count * sizeof *numbers);
    return nn_graph_set(g, node, key, attr);
}

nn_status nn_graph_set_text(nn_graph *g, nn_node *node, const char *key, const char *text)
{
    nn_attr attr = {.type = NN_ATTR_TEXT, .text = copy_text(text)};

    return attr.text != NULL ? nn_graph_set(g, node, key, attr) : no_memory(g);
}

void nn_graph_fresh(char *name, const nn_graph *g)
{
    size_t k = g->value_count;

    do
        (void)snprintf(name, NN_GRAPH_FRESH_SIZE, "unseen.%zu", k++);
    while (nn_graph_find(g, name) != NN_VALUE_NONE);
}

size_t nn_graph_scalar(nn_graph *g, float value)
{
    char name[NN_GRAPH_FRESH_SIZE];

    nn_graph_fresh(name, g);
    return nn_graph_initializer(g, name, 0, NULL, &value) == NN_OK ? g->value_count - 1
                                                                   : NN_VALUE_NONE;
}

size_t nn_graph_list(nn_graph *g, const int64_t *numbers, size_t count)
{
    char name[NN_GRAPH_FRESH_SIZE];

    nn_graph_fresh(name, g);
    return nn_graph_initializer_ints(g, name, numbers, count) == NN_OK ? g->value_count - 1
                                                                       : NN_VALUE_NONE;
}

/* Mark the values that outputs need, from the end to the beginning, and the inputs. */
static void mark(char *needed, const nn_graph *g)
{
    for (size_t k = 0; k < g->input_count; k++)
        needed[g->input[k]] = 1;
    for (size_t k = 0; k < g->output_count; k++)
        needed[g->output[k]] = 1;
    for (size_t n = g->node_count; n-- > 0;) {
        const nn_node *node = &g->node[n];
        for (size_t k = 0; needed[node->output] && k < node->input_count; k++)
            if (node->input[k] != NN_VALUE_NONE)
                needed[node->input[k]] = 1;
    }
}

/* Close the gaps; place[v] becomes the new index of a value that stays. */
static void close_gaps(size_t *place, const char *needed, nn_graph *g)
{
    size_t count = 0, nodes = 0;

    for (size_t v = 0; v < g->value_count; v++) {
        if (needed[v]) {
            place[v] = count;
            g->value[count++] = g->value[v];
        } else {
            free(g->value[v].name);
            nn_tensor_clear(&g->value[v].constant);
        }
    }
    for (size_t n = 0; n < g->node_count; n++) {
        if (!needed[g->node[n].output]) {
            nn_node_clear(&g->node[n]);
            continue;
        }
        nn_node node = g->node[n];
        node.output = place[node.output];
        for (size_t k = 0; k < node.input_count; k++)
            if (node.input[k] != NN_VALUE_NONE)
                node.input[k] = place[node.input[k]];
        g->node[nodes++] = node;
    }
    for (size_t k = 0; k < g->input_count; k++)
        g->input[k] = place[g->input[k]];
    for (size_t k = 0; k < g->output_count; k++)
        g->output[k] = place[g->output[k]];
    g->value_count = count;
    g->node_count = nodes;
}

nn_status nn_graph_sweep(nn_graph *g)
{
    char *needed = calloc(g->value_count + 1, sizeof *needed);
    size_t *place = calloc(g->value_count + 1, sizeof *place);

    if (needed == NULL || place == NULL) {
        free(needed);
        free(place);
        return no_memory(g);
    }
    mark(needed, g);
    close_gaps(place, needed, g);
    nn_graph_rehash(g);
    free(needed);
    free(place);
    return NN_OK;
}
