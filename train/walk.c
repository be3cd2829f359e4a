/* Forward through the operations in their order, backward in the other. */
#include "train/walk.h"

#include <string.h>

#include "train/parallel.h"
#include "train/point.h"

typedef struct {
    const train_net *net;
    train_op *op;
} bias_job;

static void add_bias(void *arg, size_t c, int thread)
{
    const bias_job *j = arg;
    size_t n = j->net->used * j->op->places;
    float *y = j->op->value + c * n, b = j->net->params[j->op->bias + c];
    (void)thread;
    for (size_t i = 0; i < n; i++)
        y[i] += b;
}

static void bias_gradient(void *arg, size_t c, int thread)
{
    const bias_job *j = arg;
    size_t n = j->net->used * j->op->places;
    const float *dy = j->op->slope + c * n;
    double sum = 0.0;
    (void)thread;
    for (size_t i = 0; i < n; i++)
        sum += (double)dy[i];
    j->net->grads[j->op->bias + c] = (float)sum;
}

static const float *value_of(const train_net *net, int op)
{
    return op >= 0 ? net->ops[op].value : net->input;
}

static void linear_forward(train_net *net, train_op *op, const float *x)
{
    bias_job j = {net, op};
    train_conv_forward(&op->conv, op->value, net->params + op->weight, x, net->used, net->threads,
                       net->scratch);
    if (op->bias_count > 0)
        train_parallel_for(net->threads, op->out_c, add_bias, &j);
}

static void op_forward(train_net *net, train_op *op, int training)
{
    const float *x = value_of(net, op->source);
    switch (op->kind) {
    case TRAIN_LINEAR:
        linear_forward(net, op, x);
        break;
    case TRAIN_POINT:
        train_point_forward(net, op, x, training);
        break;
    case TRAIN_MEAN:
        train_mean_forward(net, op, x);
        break;
    case TRAIN_SUM:
        train_sum(net, op->value, x, value_of(net, op->other), op->out_c * net->used * op->places);
        break;
    }
}

void train_walk_forward(train_net *net, int training)
{
    for (size_t i = 0; i < net->op_count; i++)
        op_forward(net, &net->ops[i], training);
}

void train_walk_measure(train_net *net, size_t last)
{
    for (size_t i = 0; i <= last; i++)
        op_forward(net, &net->ops[i], i == last);
}

/* Where an operation writes the slope of value `to`: straight there for the first that does. */
static float *slope_of(train_net *net, int to, const unsigned char *begun)
{
    return to < 0 ? NULL : begun[to] ? net->spare : net->ops[to].slope;
}

static void slope_done(train_net *net, int to, unsigned char *begun)
{
    if (to < 0)
        return;
    train_op *op = &net->ops[to];
    if (begun[to])
        train_sum(net, op->slope, op->slope, net->spare, op->out_c * net->used * op->places);
    begun[to] = 1;
}

static void linear_backward(train_net *net, train_op *op, float *dx)
{
    bias_job j = {net, op};
    train_conv_weights(&op->conv, net->grads + op->weight, value_of(net, op->source), op->slope,
                       net->used, net->threads, net->scratch);
    if (op->bias_count > 0)
        train_parallel_for(net->threads, op->out_c, bias_gradient, &j);
    if (dx != NULL)
        train_conv_slopes(&op->conv, dx, net->params + op->weight, op->slope, net->used,
                          net->threads, net->scratch);
}

static void sum_backward(train_net *net, const train_op *op, unsigned char *begun)
{
    const int to[2] = {op->source, op->other};
    for (int k = 0; k < 2; k++) {
        float *dx = slope_of(net, to[k], begun);
        if (dx != NULL)
            memcpy(dx, op->slope, op->out_c * net->used * op->places * sizeof *dx);
        slope_done(net, to[k], begun);
    }
}

void train_walk_backward(train_net *net)
{
    unsigned char begun[TRAIN_MAX_LAYERS] = {0};
    for (size_t i = net->op_count; i-- > 0;) {
        train_op *op = &net->ops[i];
        if (op->kind == TRAIN_SUM) {
            sum_backward(net, op, begun);
            continue;
        }
        float *dx = slope_of(net, op->source, begun);
        if (op->kind == TRAIN_LINEAR)
            linear_backward(net, op, dx);
        else if (op->kind == TRAIN_POINT)
            train_point_backward(net, op, value_of(net, op->source), dx);
        else if (dx != NULL)
            train_mean_backward(net, op, dx);
        slope_done(net, op->source, begun);
    }
}
