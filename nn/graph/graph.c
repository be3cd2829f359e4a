/* Building a graph, see nn/graph.h. */

#include "nn/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/why.h"
#include "nn/graph/graph_data.h"
#include "nn/graph/op.h"

nn_status nn_graph_fail(nn_graph *g, nn_status status, const char *format, ...)
{
    if (g->status == NN_OK) {
        va_list args;

        g->status = status;
        va_start(args, format);
        if (vsnprintf(g->error, sizeof g->error, format, args) < 0)
            g->error[0] = '\0';
        va_end(args);
    }
    return g->status;
}

static nn_status no_memory(nn_graph *g)
{
    return nn_graph_fail(g, NN_ERR_MEMORY, "out of memory while building the graph");
}

/* The array with room for one more element at its end, or NULL and the array as it was. */
static void *grow(void *array, size_t *room, size_t count, size_t element)
{
    if (count < *room)
        return array;
    size_t more = *room == 0 ? 16 : *room * 2;
    if (more > SIZE_MAX / element)
        return NULL;
    void *moved = realloc(array, more * element);
    if (moved != NULL)
        *room = more;
    return moved;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

/* FNV-1a. */
static size_t hash(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

size_t nn_graph_find(const nn_graph *g, const char *name)
{
    if (g->slot_count == 0)
        return NN_VALUE_NONE;
    for (size_t k = hash(name);; k++) {
        size_t entry = g->slot[k & (g->slot_count - 1)];
        if (entry == 0)
            return NN_VALUE_NONE;
        if (strcmp(g->value[entry - 1].name, name) == 0)
            return entry - 1;
    }
}

static void insert_slot(nn_graph *g, size_t index)
{
    size_t k = hash(g->value[index].name);

    while (g->slot[k & (g->slot_count - 1)] != 0)
        k++;
    g->slot[k & (g->slot_count - 1)] = index + 1;
}

void nn_graph_rehash(nn_graph *g)
{
    if (g->slot_count > 0)
        memset(g->slot, 0, g->slot_count * sizeof *g->slot);
    for (size_t k = 0; k < g->value_count; k++)
        insert_slot(g, k);
}

/* The table stays at most half full. */
static int grow_slots(nn_graph *g)
{
    if (2 * (g->value_count + 1) <= g->slot_count)
        return 1;
    size_t count = g->slot_count == 0 ? 64 : 2 * g->slot_count;
    size_t *slot = calloc(count, sizeof *slot);
    if (slot == NULL)
        return 0;
    free(g->slot);
    g->slot = slot;
    g->slot_count = count;
    nn_graph_rehash(g);
    return 1;
}

static nn_status add_value(nn_graph *g, const char *name, nn_value_kind kind)
{
    if (name[0] == '\0' || strlen(name) > NN_GRAPH_NAME_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "a value needs a name of 1 to %d characters",
                             NN_GRAPH_NAME_MAX);
    if (nn_graph_find(g, name) != NN_VALUE_NONE)
        return nn_graph_fail(g, NN_ERR_ARG, "two values have the name '%.100s'", name);
    if (g->value_count >= NN_GRAPH_VALUES_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "more than %d values", NN_GRAPH_VALUES_MAX);
    nn_value *array = grow(g->value, &g->value_room, g->value_count, sizeof *array);
    if (array == NULL)
        return no_memory(g);
    g->value = array;
    if (!grow_slots(g))
        return no_memory(g);
    nn_value v = {.name = copy_text(name), .kind = kind};
    if (v.name == NULL)
        return no_memory(g);
    g->value[g->value_count] = v;
    insert_slot(g, g->value_count++);
    return NN_OK;
}

nn_status nn_graph_create(nn_graph **g)
{
    *g = calloc(1, sizeof **g);
    return *g != NULL ? NN_OK : NN_ERR_MEMORY;
}

void nn_graph_free(nn_graph *g)
{
    if (g == NULL)
        return;
    for (size_t k = 0; k < g->node_count; k++)
        nn_node_clear(&g->node[k]);
    for (size_t k = 0; k < g->value_count; k++) {
        free(g->value[k].name);
        nn_tensor_clear(&g->value[k].constant);
    }
    for (size_t k = 0; k < g->meta_count; k++) {
        free(g->meta[k].key);
        free(g->meta[k].value);
    }
    free(g->value);
    free(g->slot);
    free(g->node);
    free(g->input);
    free(g->output);
    free(g->meta);
    free(g);
}

nn_status nn_graph_input(nn_graph *g, const char *name, nn_shape shape)
{
    nn_dims dims = nn_dims_make(4, (const size_t[]){0, shape.c, shape.h, shape.w});

    return nn_graph_input_dims(g, name, &dims);
}

nn_status nn_graph_input_dims(nn_graph *g, const char *name, const nn_dims *dims)
{
    size_t count;
    nn_dims image;

    if (g->status != NN_OK)
        return g->status;
    if (name == NULL || dims == NULL)
        return nn_graph_fail(g, NN_ERR_ARG, "an input needs a name and dimensions");
    image = *dims;
    if (image.rank > 0 && image.dim[0] == 0)
        image.dim[0] = 1;
    if (nn_dims_count(&image, &count) != NN_OK || count == 0)
        return nn_graph_fail(g, NN_ERR_SHAPE, "input '%.100s' is empty or too large", name);
    size_t *array = grow(g->input, &g->input_room, g->input_count, sizeof *array);
    if (array == NULL)
        return no_memory(g);
    g->input = array;
    if (add_value(g, name, NN_VALUE_INPUT) != NN_OK)
        return g->status;
    g->value[g->value_count - 1].dims = *dims;
    g->input[g->input_count++] = g->value_count - 1;
    return NN_OK;
}

nn_status nn_graph_constant(nn_graph *g, const char *name, nn_tensor *moved)
{
    if (g->status == NN_OK && add_value(g, name, NN_VALUE_CONSTANT) == NN_OK) {
        g->value[g->value_count - 1].constant = *moved;
        *moved = (nn_tensor){.type = NN_TYPE_FLOAT};
    }
    nn_tensor_clear(moved);
    return g->status;
}

static nn_status add_data(nn_graph *g, const char *name, nn_type type, const nn_dims *dims,
                          const void *data)
{
    nn_tensor t;

    nn_status st = nn_tensor_init(&t, type, dims);
    if (st == NN_ERR_MEMORY)
        return no_memory(g);
    if (st != NN_OK)
        return nn_graph_fail(g, st, "constant '%.100s' has too many elements", name);
    if (type == NN_TYPE_FLOAT && t.count > 0)
        memcpy(t.value, data, t.count * sizeof *t.value);
    else if (t.count > 0)
        memcpy(t.number, data, t.count * sizeof *t.number);
    return nn_graph_constant(g, name, &t);
}

nn_status nn_graph_initializer(nn_graph *g, const char *name, size_t rank, const size_t *dims,
                               const float *data)
{
    if (g->status != NN_OK)
        return g->status;
    if (name == NULL || (rank > 0 && dims == NULL) || data == NULL || rank > NN_RANK_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "a constant needs a name, dimensions and data");
    nn_dims d = nn_dims_make(rank, dims);
    return add_data(g, name, NN_TYPE_FLOAT, &d, data);
}

nn_status nn_graph_initializer_ints(nn_graph *g, const char *name, const int64_t *data,
                                    size_t count)
{
    if (g->status != NN_OK)
        return g->status;
    if (name == NULL || (data == NULL && count > 0))
        return nn_graph_fail(g, NN_ERR_ARG, "a constant needs a name and data");
    nn_dims d = nn_dims_make(1, &count);
    return add_data(g, name, NN_TYPE_INT64, &d, data);
}

/* Look up the inputs of a node; the node then refers to them by index. */
static nn_status find_inputs(nn_graph *g, nn_node *node, const char *const *inputs, size_t count)
{
    char label[NN_LABEL_SIZE];
    size_t least, most;

    while (count > 0 && inputs[count - 1] != NULL && inputs[count - 1][0] == '\0')
        count--; /* optional inputs left out at the end */
    nn_op_arity(node->op, &least, &most);
    if (count < least || count > most)
        return nn_graph_fail(g, NN_ERR_ARG, "%s: %zu inputs, %zu to %zu are wanted",
                             nn_node_label(label, node), count, least, most);
    for (size_t k = 0; k < count; k++) {
        if (inputs[k] == NULL)
            return nn_graph_fail(g, NN_ERR_ARG, "%s: input %zu has no name",
                                 nn_node_label(label, node), k + 1);
        node->input[k] = inputs[k][0] == '\0' ? NN_VALUE_NONE : nn_graph_find(g, inputs[k]);
        if (node->input[k] == NN_VALUE_NONE && (inputs[k][0] != '\0' || k < least))
            return nn_graph_fail(g, NN_ERR_ARG, "%s: there is no value '%.100s' before it",
                                 nn_node_label(label, node), inputs[k]);
    }
    node->input_count = count;
    return NN_OK;
}

nn_status nn_graph_node(nn_graph *g, const char *op, const char *name, const char *const *inputs,
                        size_t count, const char *output)
{
    if (g->status != NN_OK)
        return g->status;
    if (op == NULL || name == NULL || (inputs == NULL && count > 0) || output == NULL)
        return nn_graph_fail(g, NN_ERR_ARG, "a node needs an operator, a name and an output");
    nn_node node = {.op = nn_op_find(op), .makes = output};
    if (node.op == NN_OP_NONE)
        return nn_graph_fail(g, NN_ERR_UNSUPPORTED, "%.40s '%.60s': %s", op, name,
                             nn_op_advice(op));
    node.name = copy_text(name);
    if (node.name == NULL)
        return no_memory(g);
    if (find_inputs(g, &node, inputs, count) == NN_OK &&
        add_value(g, output, NN_VALUE_NODE) == NN_OK) {
        node.output = g->value_count - 1;
        node.makes = g->value[node.output].name;
        nn_node *array = grow(g->node, &g->node_room, g->node_count, sizeof *array);
        if (array != NULL) {
            g->node = array;
            g->node[g->node_count++] = node;
            return NN_OK;
        }
        no_memory(g);
    }
    free(node.name);
    return g->status;
}

/* Add an attribute to the last node, taking over what attr owns. */
static nn_status add_attr(nn_graph *g, const char *key, nn_attr attr)
{
    nn_node *node = g->node_count > 0 ? &g->node[g->node_count - 1] : NULL;
    nn_attr *moved = NULL;

    if (node == NULL || key == NULL || key[0] == '\0' || node->attr_count >= NN_GRAPH_ATTRS_MAX) {
        nn_graph_fail(g, NN_ERR_ARG, "an attribute needs a name and a node with less than %d",
                      NN_GRAPH_ATTRS_MAX);
        goto fail;
    }
    for (size_t k = 0; k < node->attr_count; k++) {
        if (strcmp(node->attr[k].key, key) == 0) {
            nn_graph_fail(g, NN_ERR_ARG, "node '%.60s' has two attributes '%.60s'", node->name,
                          key);
            goto fail;
        }
    }
    attr.key = copy_text(key);
    moved = realloc(node->attr, (node->attr_count + 1) * sizeof *moved);
    if (moved != NULL)
        node->attr = moved;
    if (attr.key == NULL || moved == NULL) {
        no_memory(g);
        goto fail;
    }
    node->attr[node->attr_count++] = attr;
    return NN_OK;
fail:
    nn_attr_clear(&attr);
    return g->status;
}

nn_status nn_graph_attr_int(nn_graph *g, const char *key, int64_t number)
{
    if (g->status != NN_OK)
        return g->status;
    return add_attr(g, key, (nn_attr){.type = NN_ATTR_INT, .number = number});
}

nn_status nn_graph_attr_float(nn_graph *g, const char *key, float value)
{
    if (g->status != NN_OK)
        return g->status;
    return add_attr(g, key, (nn_attr){.type = NN_ATTR_FLOAT, .real = value});
}

nn_status nn_graph_attr_text(nn_graph *g, const char *key, const char *text)
{
    if (g->status != NN_OK)
        return g->status;
    if (text == NULL)
        return nn_graph_fail(g, NN_ERR_ARG, "a text attribute needs its text");
    nn_attr attr = {.type = NN_ATTR_TEXT, .text = copy_text(text)};
    return attr.text != NULL ? add_attr(g, key, attr) : no_memory(g);
}

nn_status nn_graph_attr_ints(nn_graph *g, const char *key, const int64_t *numbers, size_t count)
{
    if (g->status != NN_OK)
        return g->status;
    if ((numbers == NULL && count > 0) || count > NN_ELEMENTS_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "a list attribute needs its numbers");
    nn_attr attr = {.type = NN_ATTR_INTS, .count = count};
    attr.numbers = malloc((count > 0 ? count : 1) * sizeof *attr.numbers);
    if (attr.numbers == NULL)
        return no_memory(g);
    if (count > 0)
        memcpy(attr.numbers, numbers, count * sizeof *attr.numbers);
    return add_attr(g, key, attr);
}

nn_status nn_graph_attr_tensor(nn_graph *g, const char *key, const nn_tensor *value)
{
    nn_attr attr = {.type = NN_ATTR_TENSOR};

    if (g->status != NN_OK)
        return g->status;
    if (nn_tensor_copy(&attr.tensor, value) != NN_OK)
        return no_memory(g);
    return add_attr(g, key, attr);
}

nn_status nn_graph_bind(nn_graph *g, const char *name, const nn_tensor *value)
{
    size_t place = 0;

    if (g->status != NN_OK)
        return g->status;
    if (name == NULL || value == NULL)
        return nn_graph_fail(g, NN_ERR_ARG, "binding needs a name and a value");
    while (place < g->input_count && strcmp(g->value[g->input[place]].name, name) != 0)
        place++;
    if (place == g->input_count)
        return nn_graph_fail(g, NN_ERR_ARG, "there is no input '%.100s'", name);
    nn_value *v = &g->value[g->input[place]];
    nn_dims want = v->dims;
    if (want.rank > 0 && want.dim[0] == 0 && value->dims.rank > 0)
        want.dim[0] = value->dims.dim[0];
    if (!nn_dims_equal(&want, &value->dims))
        return nn_graph_fail(g, NN_ERR_SHAPE, "input '%.100s' has other dimensions", name);
    if (nn_tensor_copy(&v->constant, value) != NN_OK)
        return no_memory(g);
    v->kind = NN_VALUE_CONSTANT;
    for (size_t k = place + 1; k < g->input_count; k++)
        g->input[k - 1] = g->input[k];
    g->input_count--;
    return NN_OK;
}

nn_status nn_graph_output(nn_graph *g, const char *name)
{
    if (g->status != NN_OK)
        return g->status;
    size_t index = name != NULL ? nn_graph_find(g, name) : NN_VALUE_NONE;
    if (index == NN_VALUE_NONE)
        return nn_graph_fail(g, NN_ERR_ARG, "there is no value '%.100s' to be the output",
                             name != NULL ? name : "");
    if (g->output_count >= NN_GRAPH_LIST_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "more than %d outputs", NN_GRAPH_LIST_MAX);
    for (size_t k = 0; k < g->output_count; k++)
        if (g->output[k] == index)
            return nn_graph_fail(g, NN_ERR_ARG, "'%.100s' is an output already", name);
    size_t *array = grow(g->output, &g->output_room, g->output_count, sizeof *array);
    if (array == NULL)
        return no_memory(g);
    g->output = array;
    g->output[g->output_count++] = index;
    return NN_OK;
}

nn_status nn_graph_meta(nn_graph *g, const char *key, const char *value)
{
    if (g->status != NN_OK)
        return g->status;
    if (key == NULL || key[0] == '\0' || value == NULL || g->meta_count >= NN_GRAPH_LIST_MAX)
        return nn_graph_fail(g, NN_ERR_ARG, "metadata need a key and a value, and are at most %d",
                             NN_GRAPH_LIST_MAX);
    char *text = copy_text(value);
    if (text == NULL)
        return no_memory(g);
    for (size_t k = 0; k < g->meta_count; k++) {
        if (strcmp(g->meta[k].key, key) == 0) {
            free(g->meta[k].value);
            g->meta[k].value = text;
            return NN_OK;
        }
    }
    nn_meta *array = grow(g->meta, &g->meta_room, g->meta_count, sizeof *array);
    if (array != NULL)
        g->meta = array;
    char *name = copy_text(key);
    if (name == NULL || array == NULL) {
        free(name);
        free(text);
        return no_memory(g);
    }
    g->meta[g->meta_count++] = (nn_meta){name, text};
    return NN_OK;
}

const char *nn_graph_meta_get(const nn_graph *g, const char *key)
{
    for (size_t k = 0; k < g->meta_count; k++)
        if (strcmp(g->meta[k].key, key) == 0)
            return g->meta[k].value;
    return NULL;
}

nn_status nn_graph_status(const nn_graph *g)
{
    return g->status;
}

const char *nn_graph_error(const nn_graph *g)
{
    return g->error;
}
