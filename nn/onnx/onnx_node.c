/* NodeProto and AttributeProto, see nn/onnx/onnx_node.h. */

#include "nn/onnx/onnx_node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph/graph_data.h"
#include "nn/graph/op.h"
#include "nn/onnx/onnx_form.h"
#include "nn/onnx/onnx_tensor.h"

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

/* A text field that occurs once; a repeated one replaces what was there, as protocol buffers say.
 */
static nn_status set_text(char **text, const nn_onnx_field *f)
{
    free(*text);
    return nn_onnx_text(text, f, NN_GRAPH_NAME_MAX);
}

/* The names of a node; inputs and outputs beyond the arrays are counted only. */
static nn_status read_names(nn_onnx_draft *d, nn_onnx_cursor bytes)
{
    nn_onnx_field f;
    nn_status st = NN_OK;
    int more;

    *d = (nn_onnx_draft){.op = NULL};
    while (st == NN_OK && (more = nn_onnx_next(&bytes, &f)) != 0) {
        if (more < 0)
            st = NN_ERR_FORMAT;
        else if (f.number == NODE_OP_TYPE)
            st = set_text(&d->op, &f);
        else if (f.number == NODE_NAME)
            st = set_text(&d->name, &f);
        else if (f.number == NODE_DOMAIN)
            st = set_text(&d->domain, &f);
        else if (f.number == NODE_OUTPUT && d->outputs++ < NN_ONNX_OUTPUTS_MAX)
            st = set_text(&d->output[d->outputs - 1], &f);
        else if (f.number == NODE_INPUT && d->inputs++ < NN_NODE_INPUTS_MAX)
            st = set_text(&d->input[d->inputs - 1], &f);
    }
    if (st == NN_OK && d->op == NULL)
        st = NN_ERR_FORMAT;
    if (st != NN_OK)
        nn_onnx_draft_clear(d);
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
    const nn_onnx_draft *draft;
} checking;

static int takes_attribute(const char *op, const attribute *a)
{
    if (strcmp(op, "Constant") == 0)
        return strcmp(a->name, "value") == 0 || strcmp(a->name, "value_float") == 0 ||
               strcmp(a->name, "value_floats") == 0 || strcmp(a->name, "value_int") == 0 ||
               strcmp(a->name, "value_ints") == 0;
    return a->type == TYPE_FLOAT || a->type == TYPE_INT || a->type == TYPE_STRING ||
           a->type == TYPE_INTS ||
           (strcmp(op, "ConstantOfShape") == 0 && a->type == TYPE_TENSOR &&
            strcmp(a->name, "value") == 0);
}

static nn_status check_attribute(void *user, const attribute *a)
{
    const checking *c = user;

    if (!takes_attribute(c->draft->op, a))
        nn_why_list_add(c->list, "%.40s '%.60s': its attribute '%.40s' is not taken", c->draft->op,
                        nn_onnx_draft_name(c->draft), a->name);
    return NN_OK;
}

/* All but the attributes. Returns 1 when the draft can be taken. */
static int check_draft(nn_why_list *list, const nn_onnx_draft *d)
{
    const char *name = nn_onnx_draft_name(d);

    if (d->domain != NULL && d->domain[0] != '\0' && strcmp(d->domain, "ai.onnx") != 0)
        nn_why_list_add(list,
                        "%.40s '%.60s': it is of the operator set '%.60s'; only standard "
                        "ONNX operators are taken",
                        d->op, name, d->domain);
    else if (strcmp(d->op, "Constant") != 0 && nn_op_find(d->op) == NN_OP_NONE)
        nn_why_list_add(list, "%.40s '%.60s': %s", d->op, name, nn_op_advice(d->op));
    else if (d->inputs > NN_NODE_INPUTS_MAX || d->outputs > NN_ONNX_OUTPUTS_MAX)
        nn_why_list_add(list, "%.40s '%.60s': %zu inputs and %zu outputs, at most %d are taken",
                        d->op, name, d->inputs, d->outputs, NN_NODE_INPUTS_MAX);
    else
        return 1;
    return 0;
}

nn_status nn_onnx_node_check(nn_why_list *list, nn_onnx_cursor bytes)
{
    nn_onnx_draft d;
    nn_status st = read_names(&d, bytes);

    if (st != NN_OK)
        return st;
    checking c = {list, &d};
    if (check_draft(list, &d))
        st = walk_attributes(bytes, check_attribute, &c);
    nn_onnx_draft_clear(&d);
    return st;
}

/* ---- reading ---- */

typedef struct reading {
    nn_onnx_draft *draft;
    nn_tensor constant; /* what a Constant node holds */
    int found;          /* 1 when it was seen */
    char *why;
    size_t why_size;
} reading;

static nn_status read_ints(nn_attr *to, const attribute *a)
{
    uint64_t *bits;
    nn_status st = list_numbers(&bits, a->ints, a, ATTR_INTS, NN_ONNX_VARINT);

    if (st != NN_OK)
        return st;
    to->type = NN_ATTR_INTS;
    /* An int64_t may be read where an uint64_t was stored (C11 6.5 p7). */
    to->numbers = (int64_t *)bits;
    to->count = a->ints;
    return NN_OK;
}

/* The value of an attribute that the check has let through. */
static nn_status read_value(nn_attr *to, const attribute *a, const reading *r)
{
    switch (a->type) {
    case TYPE_FLOAT:
        to->type = NN_ATTR_FLOAT;
        to->real = float_of(a->f.value);
        return NN_OK;
    case TYPE_INT:
        to->type = NN_ATTR_INT;
        to->number = int_of(a->i.value);
        return NN_OK;
    case TYPE_STRING:
        to->type = NN_ATTR_TEXT;
        return nn_onnx_text(&to->text, &a->s, NN_GRAPH_NAME_MAX);
    case TYPE_TENSOR:
        to->type = NN_ATTR_TENSOR;
        return a->t.wire == NN_ONNX_BYTES
                   ? nn_onnx_tensor_read(&to->tensor, NULL, a->t.bytes, r->why, r->why_size)
                   : NN_ERR_FORMAT;
    default: /* TYPE_INTS */
        return read_ints(to, a);
    }
}

static nn_status add_attribute(void *user, const attribute *a)
{
    const reading *r = user;
    nn_onnx_draft *d = r->draft;
    nn_attr attr = {.type = NN_ATTR_INT};

    if (d->attrs == NN_GRAPH_ATTRS_MAX)
        return NN_ERR_FORMAT;
    nn_status st = read_value(&attr, a, r);
    if (st == NN_OK) {
        attr.key = malloc(strlen(a->name) + 1);
        st = attr.key != NULL ? NN_OK : NN_ERR_MEMORY;
    }
    if (st != NN_OK) {
        nn_attr_clear(&attr);
        return st;
    }
    memcpy(attr.key, a->name, strlen(a->name) + 1);
    d->attr[d->attrs++] = attr;
    return NN_OK;
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
                        "Constant '%.60s': number %zu is not finite", nn_onnx_draft_name(r->draft),
                        k);
    return st;
}

static nn_status read_constant(nn_graph *g, reading *r, nn_onnx_cursor bytes)
{
    nn_status st = walk_attributes(bytes, add_constant, r);

    if (st == NN_OK && !r->found)
        st = nn_why(r->why, r->why_size, NN_ERR_FORMAT, "Constant '%.60s' holds no value",
                    nn_onnx_draft_name(r->draft));
    if (st == NN_OK)
        return nn_graph_constant(g, r->draft->output[0], &r->constant);
    nn_tensor_clear(&r->constant);
    return st;
}

nn_status nn_onnx_node_read(nn_graph *g, nn_onnx_cursor bytes, uint64_t opset, char *why,
                            size_t why_size)
{
    nn_onnx_draft d;
    nn_status st = read_names(&d, bytes);

    if (st != NN_OK)
        return nn_why(why, why_size, st,
                      st == NN_ERR_MEMORY ? "out of memory while reading a node"
                                          : "a node is damaged");
    reading r = {
        .draft = &d, .constant = {.type = NN_TYPE_FLOAT}, .why = why, .why_size = why_size};
    (void)nn_why(why, why_size, NN_OK, "%.40s '%.60s' is damaged", d.op, nn_onnx_draft_name(&d));
    if (d.outputs == 0 || d.outputs > NN_ONNX_OUTPUTS_MAX || d.inputs > NN_NODE_INPUTS_MAX) {
        st = NN_ERR_FORMAT;
    } else if (strcmp(d.op, "Constant") == 0) {
        st = read_constant(g, &r, bytes);
    } else {
        st = walk_attributes(bytes, add_attribute, &r);
        if (st == NN_OK)
            st = nn_onnx_form(g, &d, opset);
    }
    if (nn_graph_status(g) != NN_OK) {
        /* To a file's reader a bad name or count is a damaged file, not a mistake of the caller. */
        st = nn_graph_status(g) == NN_ERR_ARG ? NN_ERR_FORMAT : nn_graph_status(g);
        st = nn_why(why, why_size, st, "%s", nn_graph_error(g));
    } else if (st == NN_ERR_MEMORY) {
        st = nn_why(why, why_size, st, "out of memory while reading a node");
    }
    nn_onnx_draft_clear(&d);
    return st;
}
