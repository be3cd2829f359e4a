/* Layer i becomes nodes named after what it is and how many of its kind came before: conv1, norm1,
 * act1, dense1, ... A value has the name of the node that makes it.
 */
#include "train/export.h"

#include <stdio.h>
#include <string.h>

enum { NAME = 32 };

typedef struct {
    nn_graph *graph;
    const train_session *session;
    const train_recipe *r;
    const train_reach *reach;
    char value[TRAIN_MAX_LAYERS][NAME]; /* name of what each layer makes */
    int count[6];                       /* layers so far, per kind */
} exporter;

static void part(char to[NAME], const char *name, const char *what)
{
    snprintf(to, NAME, "%.16s.%.14s", name, what);
}

static const char *value_of(const exporter *e, int layer)
{
    return layer >= 0 ? e->value[layer] : "image";
}

static void node(exporter *e, const char *op, const char *name, const char *a, const char *b)
{
    const char *inputs[2] = {a, b};
    nn_graph_node(e->graph, op, name, inputs, b != NULL ? 2 : 1, name);
}

static void scalar(exporter *e, const char *op, const char *name, const char *x,
                   const char *constant, float value)
{
    nn_graph_initializer(e->graph, constant, 0, NULL, &value);
    node(e, op, name, x, constant);
}

/* The operation that makes layer i's value. */
static const train_op *op_of(const exporter *e, size_t i)
{
    const train_net *net = &e->session->net;
    const train_layer_spec *s = &e->r->layers[i];
    for (size_t k = 0; k < net->op_count; k++)
        if (net->ops[k].spec == s || net->ops[k].norm == s || net->ops[k].act == s)
            return &net->ops[k];
    return NULL;
}

static void put_conv(exporter *e, const train_layer_spec *s, const train_op *op, const char *name)
{
    char weight[NAME], bias[NAME];
    const size_t dims[4] = {s->out_c, s->in_c / s->groups, s->kernel_h, s->kernel_w};
    const char *inputs[3] = {value_of(e, s->source), weight, bias};
    part(weight, name, "weight");
    part(bias, name, "bias");
    nn_graph_initializer(e->graph, weight, 4, dims, e->session->net.params + op->weight);
    if (op->bias_count > 0)
        nn_graph_initializer(e->graph, bias, 1, dims, e->session->net.params + op->bias);
    nn_graph_node(e->graph, "Conv", name, inputs, op->bias_count > 0 ? 3 : 2, name);
    nn_graph_attr_ints(e->graph, "kernel_shape",
                       (const int64_t[]){(int64_t)s->kernel_h, (int64_t)s->kernel_w}, 2);
    nn_graph_attr_ints(e->graph, "pads",
                       (const int64_t[]){(int64_t)s->pad[0], (int64_t)s->pad[1], (int64_t)s->pad[2],
                                         (int64_t)s->pad[3]},
                       4);
    nn_graph_attr_ints(e->graph, "strides",
                       (const int64_t[]){(int64_t)s->stride, (int64_t)s->stride}, 2);
    if (s->groups > 1)
        nn_graph_attr_int(e->graph, "group", (int64_t)s->groups);
}

static void put_dense(exporter *e, const train_layer_spec *s, const train_op *op, const char *name)
{
    char weight[NAME], bias[NAME], flat[NAME];
    const size_t dims[2] = {s->out_c, s->in_c * s->in_h * s->in_w};
    const char *x = value_of(e, s->source);
    if (s->source < 0 || !e->r->layers[s->source].flat) {
        part(flat, name, "flat");
        node(e, "Flatten", flat, x, NULL);
        nn_graph_attr_int(e->graph, "axis", 1);
        x = flat;
    }
    part(weight, name, "weight");
    part(bias, name, "bias");
    nn_graph_initializer(e->graph, weight, 2, dims, e->session->net.params + op->weight);
    if (op->bias_count > 0)
        nn_graph_initializer(e->graph, bias, 1, dims, e->session->net.params + op->bias);
    const char *inputs[3] = {x, weight, bias};
    nn_graph_node(e->graph, "Gemm", name, inputs, op->bias_count > 0 ? 3 : 2, name);
    nn_graph_attr_int(e->graph, "transB", 1);
}

static void put_norm(exporter *e, const train_layer_spec *s, const train_op *op, const char *name)
{
    static const char *const what[4] = {"scale", "shift", "mean", "variance"};
    const train_net *net = &e->session->net;
    const float *const from[4] = {net->params + op->weight, net->params + op->bias,
                                  net->stats + op->stats, net->stats + op->stats + op->out_c};
    char names[4][NAME];
    const char *inputs[5] = {value_of(e, s->source)};
    for (int k = 0; k < 4; k++) {
        part(names[k], name, what[k]);
        nn_graph_initializer(e->graph, names[k], 1, &s->out_c, from[k]);
        inputs[k + 1] = names[k];
    }
    nn_graph_node(e->graph, "BatchNormalization", name, inputs, 5, name);
    nn_graph_attr_float(e->graph, "epsilon", TRAIN_NORM_EPSILON);
}

/* x^2 .. x^highest, as far as they are needed; power[k] is the name of x^k. The one that is alone
 * in the sum with factor 1 gets the layer's name. */
static void put_powers(exporter *e, const float c[5], const char *name, const char *x,
                       char power[5][NAME])
{
    int highest = c[4] != 0.0f ? 4 : c[3] != 0.0f ? 3 : c[2] != 0.0f ? 2 : 1;
    int lone = c[0] == 0.0f && c[1] == 0.0f && c[highest] == 1.0f;
    for (int k = 2; k < highest; k++)
        lone &= c[k] == 0.0f;
    snprintf(power[1], NAME, "%s", x);
    for (int k = 2; k <= highest; k++) {
        char what[16];
        snprintf(what, sizeof what, "power%d", k);
        part(power[k], name, what);
        if (lone && k == highest)
            snprintf(power[k], NAME, "%s", name);
        if (k == 2)
            node(e, "Mul", power[2], x, x);
        else if (k == 4)
            node(e, "Mul", power[4], power[2], power[2]);
        else if (c[3] != 0.0f)
            node(e, "Mul", power[3], power[2], x);
    }
}

static void put_poly(exporter *e, const train_op *op, const char *name, const char *x)
{
    char power[5][NAME], sum[NAME] = "", next[NAME], constant[NAME], what[16];
    float c[5];
    int left = 0;
    memcpy(c, op->act->coefficient, sizeof c);
    for (size_t k = 0; k < op->curve_count; k++)
        c[k + 1] = e->session->net.params[op->curve + k];
    put_powers(e, c, name, x, power);
    for (int k = 0; k <= 4; k++)
        left += c[k] != 0.0f;
    /* from the highest power down; the last node of the sum is the layer's */
    for (int k = 4; k >= 1; k--) {
        char term[NAME];
        if (c[k] == 0.0f)
            continue;
        left--;
        snprintf(term, NAME, "%s", power[k]);
        if (c[k] != 1.0f) {
            snprintf(what, sizeof what, "term%d", k);
            part(term, name, what);
            snprintf(what, sizeof what, "c%d", k);
            part(constant, name, what);
            if (sum[0] == '\0' && left == 0)
                snprintf(term, NAME, "%s", name);
            scalar(e, "Mul", term, power[k], constant, c[k]);
        }
        if (sum[0] == '\0') {
            snprintf(sum, NAME, "%s", term);
            continue;
        }
        snprintf(what, sizeof what, "sum%d", k);
        part(next, name, what);
        if (left == 0)
            snprintf(next, NAME, "%s", name);
        node(e, "Add", next, sum, term);
        snprintf(sum, NAME, "%s", next);
    }
    if (c[0] != 0.0f) {
        part(constant, name, "c0");
        scalar(e, "Add", name, sum, constant, c[0]);
    }
}

static void put_act(exporter *e, const train_layer_spec *s, const train_op *op, const char *name)
{
    const char *x = value_of(e, s->source);
    char gate[NAME];
    switch (s->curve) {
    case TRAIN_POLY:
        put_poly(e, op, name, x);
        break;
    case TRAIN_RELU:
        node(e, "Relu", name, x, NULL);
        break;
    case TRAIN_SWISH:
        part(gate, name, "gate");
        node(e, "Sigmoid", gate, x, NULL);
        node(e, "Mul", name, x, gate);
        break;
    }
}

static void put_pool(exporter *e, const train_layer_spec *s, const char *name)
{
    if (s->out_h == 1 && s->out_w == 1 && s->kernel_h == s->in_h && s->kernel_w == s->in_w) {
        node(e, "GlobalAveragePool", name, value_of(e, s->source), NULL);
        return;
    }
    node(e, "AveragePool", name, value_of(e, s->source), NULL);
    nn_graph_attr_ints(e->graph, "kernel_shape",
                       (const int64_t[]){(int64_t)s->kernel_h, (int64_t)s->kernel_w}, 2);
    nn_graph_attr_ints(e->graph, "strides",
                       (const int64_t[]){(int64_t)s->stride, (int64_t)s->stride}, 2);
}

static void put_range(exporter *e, const char *value, const train_reach *reach)
{
    char key[NAME + 16], text[64];
    snprintf(key, sizeof key, "unseen.range.%s", value);
    double most = (double)train_reach_largest(reach) * 1.1, size = train_reach_size(reach);
    int used = snprintf(text, sizeof text, "%.4g", most);
    if (size > 0.0 && size < most)
        snprintf(text + used, sizeof text - (size_t)used, " %.4g", size);
    nn_graph_meta(e->graph, key, text);
}

static void put_layer(exporter *e, size_t i)
{
    static const char *const kinds[6] = {"conv", "dense", "norm", "act", "pool", "add"};
    const train_layer_spec *s = &e->r->layers[i];
    const train_op *op = op_of(e, i);
    char *name = e->value[i];
    int last = i + 1 == e->r->layer_count;
    snprintf(name, NAME, "%s%d", kinds[s->kind], ++e->count[s->kind]);
    if (last)
        snprintf(name, NAME, "logits");
    switch (s->kind) {
    case TRAIN_CONV:
        put_conv(e, s, op, name);
        break;
    case TRAIN_DENSE:
        put_dense(e, s, op, name);
        break;
    case TRAIN_NORM:
        put_norm(e, s, op, name);
        break;
    case TRAIN_ACT:
        put_act(e, s, op, name);
        put_range(e, value_of(e, s->source), &e->reach[op - e->session->net.ops]);
        break;
    case TRAIN_POOL:
        put_pool(e, s, name);
        break;
    case TRAIN_ADD:
        node(e, "Add", name, value_of(e, s->source), value_of(e, s->other));
        break;
    }
    if (last)
        put_range(e, name, &e->reach[op - e->session->net.ops]);
}

int train_export_graph(nn_graph *graph, const train_session *session, const train_reach *reach,
                       const char *command, const char *accuracy, const char *text)
{
    const train_recipe *r = session->net.recipe;
    exporter e = {.graph = graph, .session = session, .r = r, .reach = reach};
    nn_graph_input(graph, "image", (nn_shape){r->c, r->h, r->w});
    for (size_t i = 0; i < r->layer_count; i++)
        put_layer(&e, i);
    nn_graph_output(graph, "logits");
    nn_graph_meta(graph, "unseen.input_range", "0 1");
    nn_graph_meta(graph, "unseen.command", command);
    nn_graph_meta(graph, "unseen.accuracy", accuracy);
    nn_graph_meta(graph, "unseen.description", text);
    return nn_graph_status(graph);
}
