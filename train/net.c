/* Operations out of layers, and their storage. */
#include "train/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/random.h"
#include "train/status.h"

/* ---- from layers to operations ----------------------------------------------------------------
 */

static size_t takers(const train_recipe *r, int layer)
{
    size_t count = 0;
    for (size_t i = 0; i < r->layer_count; i++)
        count += (size_t)(r->layers[i].source == layer) +
                 (size_t)(r->layers[i].kind == TRAIN_ADD && r->layers[i].other == layer);
    return count;
}

/* Whether layer i is taken by normalisations alone, so that a bias before them is of no use. */
static int normalised(const train_recipe *r, int layer)
{
    int all = 1;
    for (size_t i = 0; i < r->layer_count; i++)
        if (r->layers[i].source == layer ||
            (r->layers[i].kind == TRAIN_ADD && r->layers[i].other == layer))
            all &= r->layers[i].kind == TRAIN_NORM;
    return all && takers(r, layer) > 0;
}

static void set_conv(train_op *op, const train_layer_spec *s)
{
    op->conv = (train_conv){.in_c = s->in_c,
                            .in_h = s->in_h,
                            .in_w = s->in_w,
                            .out_c = s->out_c,
                            .out_h = s->out_h,
                            .out_w = s->out_w,
                            .kernel_h = s->kernel_h,
                            .kernel_w = s->kernel_w,
                            .stride = s->stride,
                            .pad_top = s->pad[0],
                            .pad_left = s->pad[1],
                            .groups = s->groups};
    if (s->kind == TRAIN_DENSE) {
        op->conv.kernel_h = s->in_h;
        op->conv.kernel_w = s->in_w;
    }
}

/* The flat vectors' parts of an operation. */
static void place_params(train_net *net, train_op *op, int biased)
{
    if (op->kind == TRAIN_LINEAR) {
        const train_conv *c = &op->conv;
        op->weight_count = c->out_c * (c->in_c / c->groups) * c->kernel_h * c->kernel_w;
        op->bias_count = biased ? c->out_c : 0;
    } else if (op->norm != NULL) {
        op->weight_count = op->bias_count = op->out_c;
        op->stats = net->stat_count;
        net->stat_count += 2 * op->out_c;
    }
    if (op->act != NULL && op->act->learn)
        op->curve_count = 2;
    op->weight = net->param_count;
    op->bias = op->weight + op->weight_count;
    op->curve = op->bias + op->bias_count;
    net->param_count = op->curve + op->curve_count;
}

/* made[i] becomes the operation that makes layer i's value. */
static void add_op(train_net *net, int *made, size_t i)
{
    const train_recipe *r = net->recipe;
    const train_layer_spec *s = &r->layers[i];
    train_op *before = s->source >= 0 ? &net->ops[made[s->source]] : NULL;

    if (s->kind == TRAIN_ACT && before != NULL && before->kind == TRAIN_POINT &&
        before->act == NULL && takers(r, s->source) == 1) {
        before->act = s;
        made[i] = made[s->source];
        return;
    }
    train_op *op = &net->ops[net->op_count];
    *op = (train_op){.spec = s, .source = s->source >= 0 ? made[s->source] : -1, .other = -1};
    op->in_c = s->in_c;
    op->in_places = s->in_h * s->in_w;
    op->out_c = s->out_c;
    op->places = s->out_h * s->out_w;
    switch (s->kind) {
    case TRAIN_CONV:
    case TRAIN_DENSE:
        op->kind = TRAIN_LINEAR;
        set_conv(op, s);
        break;
    case TRAIN_NORM:
        op->kind = TRAIN_POINT;
        op->norm = s;
        break;
    case TRAIN_ACT:
        op->kind = TRAIN_POINT;
        op->act = s;
        break;
    case TRAIN_POOL:
        op->kind = TRAIN_MEAN;
        break;
    case TRAIN_ADD:
        op->kind = TRAIN_SUM;
        op->other = s->other >= 0 ? made[s->other] : -1;
        break;
    }
    made[i] = (int)net->op_count++;
}

static void make_ops(train_net *net)
{
    const train_recipe *r = net->recipe;
    int made[TRAIN_MAX_LAYERS];
    for (size_t i = 0; i < r->layer_count; i++)
        add_op(net, made, i);
    for (size_t k = 0; k < net->op_count; k++) {
        train_op *op = &net->ops[k];
        place_params(net, op, !normalised(r, (int)(op->spec - r->layers)));
    }
}

/* ---- storage ----------------------------------------------------------------------------------
 */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Give a vector its place in the block; with no block yet, only count. Sizes round up to 16. */
static void take(float **field, float *block, size_t *used, size_t count)
{
    if (block != NULL)
        *field = block + *used;
    *used += (count + 15) / 16 * 16;
}

/* Everything lies in one block. Returns how many floats that is. */
static size_t place(train_net *net, float *block, int learn)
{
    const train_recipe *r = net->recipe;
    size_t used = 0, scratch = 0, widest = net->batch * r->c * r->h * r->w;
    take(&net->params, block, &used, net->param_count);
    take(&net->stats, block, &used, net->stat_count);
    take(&net->input, block, &used, widest);
    for (size_t i = 0; i < net->op_count; i++) {
        train_op *op = &net->ops[i];
        size_t n = op->out_c * net->batch * op->places;
        widest = larger(widest, n);
        if (op->kind == TRAIN_LINEAR)
            scratch = larger(scratch, train_conv_scratch(&op->conv, net->batch, net->threads));
        take(&op->value, block, &used, n);
        take(&op->mean, block, &used, op->out_c);
        take(&op->variance, block, &used, op->out_c);
        take(&op->reach, block, &used, op->out_c * net->batch);
        take(&op->power, block, &used, op->out_c * net->batch);
        if (learn)
            take(&op->slope, block, &used, n);
        if (learn)
            take(&op->curve_grad, block, &used, 2 * op->out_c);
    }
    take(&net->scratch, block, &used, scratch);
    if (learn) {
        take(&net->grads, block, &used, net->param_count);
        take(&net->spare, block, &used, widest);
    }
    return used;
}

int train_net_create(train_net *net, const train_recipe *recipe, size_t batch, int threads,
                     int learn, char *why, size_t why_size)
{
    memset(net, 0, sizeof *net);
    net->recipe = recipe;
    net->batch = batch;
    net->threads = threads;
    make_ops(net);
    size_t total = place(net, NULL, learn);
    net->block = calloc(total + 16, sizeof(float));
    if (net->block == NULL) {
        snprintf(why, why_size, "no memory for training (%zu MiB)", total * sizeof(float) >> 20);
        return TRAIN_ERR_MEMORY;
    }
    /* 64 bytes: whole lines of the cache, and whole vectors */
    uintptr_t off = (uintptr_t)net->block % 64 / sizeof(float);
    place(net, (float *)net->block + (16 - off) % 16, learn);
    net->logits = net->ops[net->op_count - 1].value;
    return TRAIN_OK;
}

void train_net_free(train_net *net)
{
    free(net->block);
    memset(net, 0, sizeof *net);
}

void train_net_init(train_net *net, uint64_t seed)
{
    for (size_t i = 0; i < net->op_count; i++) {
        const train_op *op = &net->ops[i];
        train_random r = train_random_stream(seed, 1, i);
        /* uniform on [-s, s] has variance s^2 / 3 */
        float fan = op->kind == TRAIN_LINEAR ? (float)(op->weight_count / op->out_c) : 1.0f;
        float s = sqrtf(3.0f / fan);
        for (size_t k = 0; k < op->weight_count; k++)
            net->params[op->weight + k] =
                op->kind == TRAIN_LINEAR ? train_random_uniform(&r, -s, s) : 1.0f;
        memset(net->params + op->bias, 0, op->bias_count * sizeof(float));
        for (size_t k = 0; k < op->curve_count; k++)
            net->params[op->curve + k] = op->act->coefficient[k + 1];
        for (size_t k = 0; op->norm != NULL && k < op->out_c; k++) {
            net->stats[op->stats + k] = 0.0f;
            net->stats[op->stats + op->out_c + k] = 1.0f;
        }
    }
}
