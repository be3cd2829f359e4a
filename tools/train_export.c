/* Layer i becomes nodes named after what it is and how many of its kind came before: conv1, norm1,
 * act1, dense1, ... A value has the name of the node that makes it.
 */
#include "tools/train_export.h"

#include <stdio.h>
#include <stdlib.h>

#include "nn/nn.h"
#include "tools/cli.h"
#include "tools/file.h"

enum { NAME = 32 };

typedef struct {
    nn_graph *graph;
    const train_run *run;
    const float *range;
    char value[NAME]; /* the value that the next node takes */
    int conv, dense, norm, act;
    int flat; /* nonzero once flattened */
} exporter;

static void name_part(char *to, const char *name, const char *part)
{
    snprintf(to, NAME, "%.16s.%.14s", name, part);
}

static void unary(exporter *e, const char *op, const char *name, const char *other)
{
    const char *inputs[2] = {e->value, other};
    nn_graph_node(e->graph, op, name, inputs, other != NULL ? 2 : 1, name);
    snprintf(e->value, NAME, "%s", name);
}

static void scalar(exporter *e, const char *op, const char *name, const char *constant, float value)
{
    nn_graph_initializer(e->graph, constant, 0, NULL, &value);
    unary(e, op, name, constant);
}

static void put_conv(exporter *e, const train_layer *l, const char *name)
{
    char weight[NAME];
    const int64_t side = (int64_t)l->spec.kernel;
    const int64_t stride = (int64_t)l->spec.stride;
    const int64_t before = (int64_t)l->spec.pad_begin, after = (int64_t)l->spec.pad_end;
    const size_t dims[4] = {l->out_c, l->in_c, l->spec.kernel, l->spec.kernel};
    name_part(weight, name, "weight");
    nn_graph_initializer(e->graph, weight, 4, dims, e->run->net.params + l->weight);
    unary(e, "Conv", name, weight);
    nn_graph_attr_ints(e->graph, "kernel_shape", (const int64_t[]){side, side}, 2);
    nn_graph_attr_ints(e->graph, "pads", (const int64_t[]){before, before, after, after}, 4);
    nn_graph_attr_ints(e->graph, "strides", (const int64_t[]){stride, stride}, 2);
}

static void put_dense(exporter *e, const train_layer *l, const char *name)
{
    char weight[NAME], bias[NAME];
    const size_t dims[2] = {l->out_c, l->in_c * l->in_h * l->in_w};
    if (!e->flat) {
        unary(e, "Flatten", "flat", NULL);
        nn_graph_attr_int(e->graph, "axis", 1);
        e->flat = 1;
    }
    name_part(weight, name, "weight");
    name_part(bias, name, "bias");
    nn_graph_initializer(e->graph, weight, 2, dims, e->run->net.params + l->weight);
    if (l->bias_count > 0)
        nn_graph_initializer(e->graph, bias, 1, dims, e->run->net.params + l->bias);
    const char *inputs[3] = {e->value, weight, bias};
    nn_graph_node(e->graph, "Gemm", name, inputs, l->bias_count > 0 ? 3 : 2, name);
    nn_graph_attr_int(e->graph, "transB", 1);
    snprintf(e->value, NAME, "%s", name);
}

static void put_norm(exporter *e, const train_layer *l, const char *name)
{
    static const char *const part[4] = {"scale", "shift", "mean", "variance"};
    const float *const from[4] = {e->run->net.params + l->weight, e->run->net.params + l->bias,
                                  e->run->net.stats + l->stats,
                                  e->run->net.stats + l->stats + l->out_c};
    char names[4][NAME];
    const char *inputs[5] = {e->value};
    for (int k = 0; k < 4; k++) {
        name_part(names[k], name, part[k]);
        nn_graph_initializer(e->graph, names[k], 1, &l->out_c, from[k]);
        inputs[k + 1] = names[k];
    }
    nn_graph_node(e->graph, "BatchNormalization", name, inputs, 5, name);
    nn_graph_attr_float(e->graph, "epsilon", TRAIN_NORM_EPSILON);
    snprintf(e->value, NAME, "%s", name);
}

/* square x^2 + linear x as Mul and Add; a plain square is one Mul. */
static void put_poly(exporter *e, const train_layer *l, const char *name)
{
    char x[NAME], power[NAME], curved[NAME], straight[NAME], a[NAME], b[NAME];
    snprintf(x, NAME, "%s", e->value);
    if (l->spec.square == 1.0f && l->spec.linear == 0.0f) {
        unary(e, "Mul", name, x);
        return;
    }
    name_part(power, name, "power");
    name_part(curved, name, "curved");
    name_part(straight, name, "straight");
    name_part(a, name, "a");
    name_part(b, name, "b");
    unary(e, "Mul", power, x);
    if (l->spec.linear == 0.0f) {
        scalar(e, "Mul", name, a, l->spec.square);
        return;
    }
    scalar(e, "Mul", curved, a, l->spec.square);
    snprintf(e->value, NAME, "%s", x);
    scalar(e, "Mul", straight, b, l->spec.linear);
    snprintf(e->value, NAME, "%s", curved);
    unary(e, "Add", name, straight);
}

static void put_range(exporter *e, float largest)
{
    char key[NAME + 16];
    char text[32];
    snprintf(key, sizeof key, "unseen.range.%s", e->value);
    snprintf(text, sizeof text, "%.4g", (double)largest * 1.1);
    nn_graph_meta(e->graph, key, text);
}

static void put_layer(exporter *e, size_t i)
{
    const train_layer *l = &e->run->net.layers[i];
    size_t count = e->run->net.layer_count;
    char name[NAME];
    switch (l->spec.kind) {
    case TRAIN_CONV:
        snprintf(name, NAME, "conv%d", ++e->conv);
        put_conv(e, l, name);
        break;
    case TRAIN_DENSE:
        snprintf(name, NAME, "dense%d", ++e->dense);
        put_dense(e, l, i + 1 == count ? "logits" : name);
        break;
    case TRAIN_NORM:
        snprintf(name, NAME, "norm%d", ++e->norm);
        put_norm(e, l, name);
        break;
    case TRAIN_POLY:
        snprintf(name, NAME, "act%d", ++e->act);
        put_poly(e, l, name);
        break;
    }
    if (i + 1 == count || e->run->net.layers[i + 1].spec.kind == TRAIN_POLY)
        put_range(e, e->range[i]);
}

static void put_graph(exporter *e, const char *command, const char *accuracy)
{
    const train_net *net = &e->run->net;
    nn_graph_input(e->graph, "image", (nn_shape){1, net->in_h, net->in_w});
    snprintf(e->value, NAME, "image");
    scalar(e, "Sub", "centred", "pixel.mean", e->run->data->mean);
    scalar(e, "Div", "scaled", "pixel.deviation", e->run->data->deviation);
    for (size_t i = 0; i < net->layer_count; i++)
        put_layer(e, i);
    nn_graph_output(e->graph, e->value);
    nn_graph_meta(e->graph, "unseen.input_range", "0 1");
    nn_graph_meta(e->graph, "unseen.command", command);
    nn_graph_meta(e->graph, "unseen.accuracy", accuracy);
}

int train_export_write(const train_run *run, const char *path, const float *range,
                       const char *command, const char *accuracy)
{
    exporter e = {.run = run, .range = range};
    char why[256] = "";
    uint8_t *bytes = NULL;
    size_t size = 0;
    int st = nn_graph_create(&e.graph);
    if (st == NN_OK) {
        put_graph(&e, command, accuracy);
        st = nn_graph_status(e.graph);
        if (st != NN_OK)
            snprintf(why, sizeof why, "the model cannot be built: %s", nn_graph_error(e.graph));
        else
            st = nn_onnx_write(e.graph, &bytes, &size, why, sizeof why);
    }
    int code = st == NN_OK ? output_whole(path, OUTPUT_BINARY, bytes, size)
                           : cli_fail_status(st, path, why);
    nn_graph_free(e.graph);
    free(bytes);
    return code;
}
