/* NodeProto and AttributeProto, see nn/onnx_node.h. */

#include "nn/onnx_node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph_data.h"
#include "nn/onnx_tensor.h"
#include "nn/op.h"

enum {
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7
};

enum {
    ATTR_NAME = 1,
    ATTR_F = 2,
    ATTR_I = 3,
    ATTR_S = 4,
    ATTR_T = 5,
    ATTR_G = 6,
    ATTR_FLOATS = 7,
    ATTR_INTS = 8,
    ATTR_STRINGS = 9,
    ATTR_TYPE = 20
};

enum {
    TYPE_NONE = 0,
    TYPE_FLOAT = 1,
    TYPE_INT = 2,
    TYPE_STRING = 3,
    TYPE_TENSOR = 4,
    TYPE_FLOATS = 6,
    TYPE_INTS = 7
};

/* An attribute as it stands in the file. */
typedef struct attribute {
    char *name;
    uint64_t type;
    nn_onnx_field f, i, s, t; /* number 0 when absent */
    size_t floats, ints;      /* how many */
    nn_onnx_cursor bytes;     /* the whole message, for a second pass over the lists */
} attribute;

/* The parts of a node that are names. */
typedef struct names {
    char *op, *name, *domain, *output;
    char *input[NN_NODE_INPUTS_MAX];
    size_t inputs;
} names;

static void clear_names(names *n)
{
    free(n->op);
    free(n->name);
    free(n->domain);
    free(n->output);
    for (size_t k = 0; k < NN_NODE_INPUTS_MAX; k++)
        free(n->input[k]);
}

/* A text field that occurs once; a repeated one replaces what was there, as protocol buffers say.
 */
static nn_status set_text(char **text, const nn_onnx_field *f)
{
    free(*text);
    return nn_onnx_text(text, f, NN_GRAPH_NAME_MAX);
}

static nn_status read_names(names *n, nn_onnx_cursor bytes)
{
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more;

    *n = (names){.inputs = 0};
    while (st == NN_OK && (more = nn_onnx_next(&bytes, &f)) != 0) {
        if (more < 0)
            st = NN_ERR_FORMAT;
        else if (f.number == NODE_OP_TYPE)
            st = set_text(&n->op, &f);
        else if (f.number == NODE_NAME)
            st = set_text(&n->name, &f);
        else if (f.number == NODE_DOMAIN)
            st = set_text(&n->domain, &f);
        else if (f.number == NODE_OUTPUT && n->output == NULL)
            st = set_text(&n->output, &f);
        else if (f.number == NODE_INPUT && n->inputs < NN_NODE_INPUTS_MAX)
            st = set_text(&n->input[n->inputs++], &f);
        else if (f.number == NODE_INPUT)
            n->inputs++; /* counted; no operator that is taken has so many */
    }
    if (st == NN_OK && n->op == NULL)
        st = NN_ERR_FORMAT;
    if (st != NN_OK) {
        clear_names(n);
        *n = (names){.inputs = 0};
    }
    return st;
}

static nn_status count_numbers(size_t *count, const nn_onnx_field *f, nn_onnx_wire wire)
{
    nn_onnx_list list = {.started = 0};
    uint64_t bits;
    int more;

    while ((more = nn_onnx_number(&list, &bits, f, wire)) > 0)
        ++*count;
    return more == 0 ? NN_OK : NN_ERR_FORMAT;
}

static nn_status read_attribute(attribute *a, nn_onnx_cursor bytes)
{
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more;

    *a = (attribute){.bytes = bytes};
    while (st == NN_OK && (more = nn_onnx_next(&bytes, &f)) != 0) {
        if (more < 0)
            st = NN_ERR_FORMAT;
        else if (f.number == ATTR_NAME)
            st = set_text(&a->name, &f);
        else if (f.number == ATTR_TYPE)
            a->type = f.value;
        else if (f.number == ATTR_F)
            a->f = f;
        else if (f.number == ATTR_I)
            a->i = f;
        else if (f.number == ATTR_S)
            a->s = f;
        else if (f.number == ATTR_T)
            a->t = f;
        else if (f.number == ATTR_FLOATS)
            st = count_numbers(&a->floats, &f, NN_ONNX_FIXED32);
        else if (f.number == ATTR_INTS)
            st = count_numbers(&a->ints, &f, NN_ONNX_VARINT);
    }
    if (st == NN_OK && a->name == NULL)
        st = NN_ERR_FORMAT;
    if (st != NN_OK) {
        free(a->name);
        return st;
    }
    if (a->type == TYPE_NONE) /* files before IR version 3 do not say it */
        a->type = a->f.number != 0   ? TYPE_FLOAT
                  : a->i.number != 0 ? TYPE_INT
                  : a->s.number != 0 ? TYPE_STRING
                  : a->t.number != 0 ? TYPE_TENSOR
                  : a->floats != 0   ? TYPE_FLOATS
                                     : TYPE_INTS;
    return NN_OK;
}

/* The numbers of a list attribute, as bits; count of them are there. */
static nn_status list_numbers(uint64_t **bits, size_t count, const attribute *a, uint32_t number,
                              nn_onnx_wire wire)
{
    nn_onnx_cursor c = a->bytes;
    nn_onnx_field f;
    size_t k = 0;

    *bits = malloc((count > 0 ? count : 1) * sizeof **bits);
    if (*bits == NULL)
        return NN_ERR_MEMORY;
    while (nn_onnx_next(&c, &f) > 0) {
        nn_onnx_list list = {.started = 0};
        if (f.number != number)
            continue;
        while (k < count && nn_onnx_number(&list, &(*bits)[k], &f, wire) > 0)
            k++;
    }
    return NN_OK;
}

static float float_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof f);
    return f;
}

static int64_t int_of(uint64_t bits)
{
    int64_t n;

    memcpy(&n, &bits, sizeof n);
    return n;
}

/* Calls use for each attribute of a node until one fails. */
typedef nn_status (*attribute_use)(void *user, const attribute *a);

static nn_status walk_attributes(nn_onnx_cursor bytes, attribute_use use, void *user)
{
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more;

    while (st == NN_OK && (more = nn_onnx_next(&bytes, &f)) != 0) {
        attribute a;
        if (more < 0)
            return NN_ERR_FORMAT;
        if (f.number != NODE_ATTRIBUTE)
            continue;
        st = f.wire == NN_ONNX_BYTES ? read_attribute(&a, f.bytes) : NN_ERR_FORMAT;
        if (st != NN_OK)
            return st;
        st = use(user, &a);
        free(a.name);
    }
    return st;
}

/* ---- checking ---- */

typedef struct checking {
    nn_why_list *list;
    const names *names;
    int constant;
} checking;

static nn_status check_attribute(void *user, const attribute *a)
{
    const checking *c = user;
    int taken = a->type == TYPE_FLOAT || a->type == TYPE_INT || a->type == TYPE_STRING ||
                a->type == TYPE_INTS;

    if (c->constant)
        taken = strcmp(a->name, "value") == 0 || strcmp(a->name, "value_float") == 0 ||
                strcmp(a->name, "value_floats") == 0 || strcmp(a->name, "value_int") == 0 ||
                strcmp(a->name, "value_ints") == 0;
    if (!taken)
        nn_why_list_add(c->list, "%.40s '%.60s': its attribute '%.40s' is not taken", c->names->op,
                        c->names->name != NULL ? c->names->name : "", a->name);
    return NN_OK;
}

nn_status nn_onnx_node_check(nn_why_list *list, nn_onnx_cursor bytes)
{
    names n;
    nn_status st = read_names(&n, bytes);

    if (st != NN_OK)
        return st;
    int foreign = n.domain != NULL && n.domain[0] != '\0' && strcmp(n.domain, "ai.onnx") != 0;
    checking c = {list, &n, strcmp(n.op, "Constant") == 0};
    const char *name = n.name != NULL && n.name[0] != '\0' ? n.name
                       : n.output != NULL                  ? n.output
                                                           : "";
    if (foreign)
        nn_why_list_add(list,
                        "%.40s '%.60s': it is of the operator set '%.60s'; only standard "
                        "ONNX operators are taken",
                        n.op, name, n.domain);
    else if (!c.constant && nn_op_find(n.op) == NN_OP_NONE)
        nn_why_list_add(list, "%.40s '%.60s': %s", n.op, name, nn_op_advice(n.op));
    else
        st = walk_attributes(bytes, check_attribute, &c);
    clear_names(&n);
    return st;
}

/* ---- reading ---- */

typedef struct reading {
    nn_graph *graph;
    const names *names;
    nn_tensor constant; /* what a Constant node holds */
    int found;          /* 1 when it was seen */
    char *why;
    size_t why_size;
} reading;

static nn_status add_attribute(void *user, const attribute *a)
{
    const reading *r = user;
    uint64_t *bits;
    char *text;
    nn_status st;

    switch (a->type) {
    case TYPE_FLOAT:
        return nn_graph_attr_float(r->graph, a->name, float_of(a->f.value));
    case TYPE_INT:
        return nn_graph_attr_int(r->graph, a->name, int_of(a->i.value));
    case TYPE_STRING:
        st = nn_onnx_text(&text, &a->s, NN_GRAPH_NAME_MAX);
        if (st == NN_OK)
            st = nn_graph_attr_text(r->graph, a->name, text);
        free(text);
        return st;
    default: /* TYPE_INTS: the check has refused all others */
        st = list_numbers(&bits, a->ints, a, ATTR_INTS, NN_ONNX_VARINT);
        if (st == NN_OK) {
            /* An int64_t may be read where an uint64_t was stored (C11 6.5 p7). */
            st = nn_graph_attr_ints(r->graph, a->name, (const int64_t *)bits, a->ints);
        }
        free(bits);
        return st;
    }
}

static nn_status constant_list(nn_tensor *t, const attribute *a, int real)
{
    uint64_t *bits = NULL;
    size_t count = real ? a->floats : a->ints;
    nn_dims d = nn_dims_make(1, &count);

    nn_status st = list_numbers(&bits, count, a, real ? ATTR_FLOATS : ATTR_INTS,
                                real ? NN_ONNX_FIXED32 : NN_ONNX_VARINT);
    if (st == NN_OK)
        st = nn_tensor_init(t, real ? NN_TYPE_FLOAT : NN_TYPE_INT64, &d);
    for (size_t k = 0; k < count && st == NN_OK; k++) {
        if (real)
            t->value[k] = float_of(bits[k]);
        else
            t->number[k] = int_of(bits[k]);
    }
    free(bits);
    return st;
}

static nn_status constant_scalar(nn_tensor *t, const attribute *a, int real)
{
    nn_dims d = {.rank = 0};
    nn_status st = nn_tensor_init(t, real ? NN_TYPE_FLOAT : NN_TYPE_INT64, &d);

    if (st == NN_OK && real)
        t->value[0] = float_of(a->f.value);
    else if (st == NN_OK)
        t->number[0] = int_of(a->i.value);
    return st;
}

static nn_status add_constant(void *user, const attribute *a)
{
    reading *r = user;
    nn_status st;

    if (r->found)
        return NN_ERR_FORMAT;
    r->found = 1;
    if (strcmp(a->name, "value") == 0) {
        if (a->t.wire != NN_ONNX_BYTES)
            return NN_ERR_FORMAT;
        return nn_onnx_tensor_read(&r->constant, NULL, a->t.bytes, r->why, r->why_size);
    }
    if (strcmp(a->name, "value_floats") == 0 || strcmp(a->name, "value_ints") == 0)
        st = constant_list(&r->constant, a, strcmp(a->name, "value_floats") == 0);
    else
        st = constant_scalar(&r->constant, a, strcmp(a->name, "value_float") == 0);
    for (size_t k = 0; st == NN_OK && k < r->constant.count; k++)
        if (r->constant.value != NULL && !isfinite(r->constant.value[k]))
            st = nn_why(r->why, r->why_size, NN_ERR_RANGE,
                        "Constant '%.60s': number %zu is not finite",
                        r->names->name != NULL ? r->names->name : "", k);
    return st;
}

static nn_status read_constant(reading *r, nn_onnx_cursor bytes)
{
    nn_status st = walk_attributes(bytes, add_constant, r);

    if (st == NN_OK && !r->found)
        st = nn_why(r->why, r->why_size, NN_ERR_FORMAT, "Constant '%.60s' holds no value",
                    r->names->name != NULL ? r->names->name : "");
    if (st == NN_OK)
        return nn_graph_constant(r->graph, r->names->output, &r->constant);
    nn_tensor_clear(&r->constant);
    return st;
}

nn_status nn_onnx_node_read(nn_graph *g, nn_onnx_cursor bytes, char *why, size_t why_size)
{
    names n;
    nn_status st = read_names(&n, bytes);

    if (st != NN_OK)
        return nn_why(why, why_size, st,
                      st == NN_ERR_MEMORY ? "out of memory while reading a node"
                                          : "a node is damaged");
    reading r = {.graph = g,
                 .names = &n,
                 .constant = {.type = NN_TYPE_FLOAT},
                 .why = why,
                 .why_size = why_size};
    (void)nn_why(why, why_size, NN_OK, "%.40s '%.60s' is damaged", n.op,
                 n.name != NULL ? n.name : "");
    if (n.output == NULL || n.inputs > NN_NODE_INPUTS_MAX) {
        st = NN_ERR_FORMAT;
    } else if (strcmp(n.op, "Constant") == 0) {
        st = read_constant(&r, bytes);
    } else {
        st = nn_graph_node(g, n.op, n.name != NULL ? n.name : "", (const char *const *)n.input,
                           n.inputs, n.output);
        if (st == NN_OK)
            st = walk_attributes(bytes, add_attribute, &r);
    }
    if (nn_graph_status(g) != NN_OK) {
        /* To a file's reader a bad name or count is a damaged file, not a mistake of the caller. */
        st = nn_graph_status(g) == NN_ERR_ARG ? NN_ERR_FORMAT : nn_graph_status(g);
        st = nn_why(why, why_size, st, "%s", nn_graph_error(g));
    } else if (st == NN_ERR_MEMORY) {
        st = nn_why(why, why_size, st, "out of memory while reading a node");
    }
    clear_names(&n);
    return st;
}
