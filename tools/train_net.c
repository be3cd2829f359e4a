/* Recipes, shapes and storage; the arithmetic of the layers is in train_layer.c. */
#include "tools/train_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/result.h"
#include "tools/train_random.h"

static const train_recipe recipes[] = {
    {.name = "cryptonets",
     .epochs = 120,
     .batch = 128,
     .rate = 0.004f,
     .decay = 0.01f,
     .smoothing = 0.05f,
     .rotation = 0.2f,
     .scaling = 0.15f,
     .shear = 0.2f,
     .shift = 2.0f,
     .layer_count = 7,
     .layers = {{.kind = TRAIN_CONV, .outputs = 5, .kernel = 5, .stride = 2, .pad_begin = 1},
                {.kind = TRAIN_NORM},
                {.kind = TRAIN_POLY, .square = 1.0f},
                {.kind = TRAIN_DENSE, .outputs = 100},
                {.kind = TRAIN_NORM},
                {.kind = TRAIN_POLY, .square = 1.0f},
                {.kind = TRAIN_DENSE, .outputs = 10}}},
    {.name = "cnn2",
     .epochs = 50,
     .batch = 128,
     .rate = 0.003f,
     .decay = 0.02f,
     .smoothing = 0.05f,
     .rotation = 0.2f,
     .scaling = 0.15f,
     .shear = 0.2f,
     .shift = 2.0f,
     .layer_count = 10,
     .layers = {{.kind = TRAIN_CONV,
                 .outputs = 8,
                 .kernel = 5,
                 .stride = 2,
                 .pad_begin = 2,
                 .pad_end = 2},
                {.kind = TRAIN_NORM},
                {.kind = TRAIN_POLY, .square = 0.125f, .linear = 0.5f},
                {.kind = TRAIN_CONV,
                 .outputs = 32,
                 .kernel = 5,
                 .stride = 2,
                 .pad_begin = 2,
                 .pad_end = 2},
                {.kind = TRAIN_NORM},
                {.kind = TRAIN_POLY, .square = 0.125f, .linear = 0.5f},
                {.kind = TRAIN_DENSE, .outputs = 128},
                {.kind = TRAIN_NORM},
                {.kind = TRAIN_POLY, .square = 0.125f, .linear = 0.5f},
                {.kind = TRAIN_DENSE, .outputs = 10}}},
};

const train_recipe *train_recipe_find(const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return &recipes[i];
    return NULL;
}

static size_t conv_size(size_t in, const train_layer_spec *s)
{
    size_t padded = in + s->pad_begin + s->pad_end;
    return padded < s->kernel ? 0 : (padded - s->kernel) / s->stride + 1;
}

/* The layer's shapes and its place in the flat vectors; 0 when the image is too small for it. */
static int shape_layer(train_net *net, size_t i, size_t c, size_t h, size_t w)
{
    train_layer *l = &net->layers[i];
    const train_recipe *r = net->recipe;
    *l = (train_layer){.spec = r->layers[i], .in_c = c, .in_h = h, .in_w = w};
    l->out_c = c;
    l->out_h = h;
    l->out_w = w;
    if (l->spec.kind == TRAIN_CONV) {
        l->out_c = l->spec.outputs;
        l->out_h = conv_size(h, &l->spec);
        l->out_w = conv_size(w, &l->spec);
        l->weight_count = l->out_c * c * l->spec.kernel * l->spec.kernel;
    } else if (l->spec.kind == TRAIN_DENSE) {
        l->out_c = l->spec.outputs;
        l->out_h = l->out_w = 1;
        l->weight_count = l->out_c * c * h * w;
        int normalised = i + 1 < r->layer_count && r->layers[i + 1].kind == TRAIN_NORM;
        l->bias_count = normalised ? 0 : l->out_c;
    } else if (l->spec.kind == TRAIN_NORM) {
        l->weight_count = l->bias_count = c;
        l->stats = net->stat_count;
        net->stat_count += 2 * c;
    }
    l->weight = net->param_count;
    l->bias = l->weight + l->weight_count;
    net->param_count += l->weight_count + l->bias_count;
    return l->out_h > 0 && l->out_w > 0;
}

/* Give a vector its place in the block; with no block yet, only count. Sizes round up to 16. */
static void take(float **field, float *block, size_t *used, size_t count)
{
    if (block != NULL)
        *field = block + *used;
    *used += (count + 15) / 16 * 16;
}

/* Everything lies in one block. Returns how many floats that is. */
static size_t place(train_net *net, float *block, size_t partial)
{
    size_t used = 0;
    take(&net->params, block, &used, net->param_count);
    take(&net->grads, block, &used, net->param_count);
    take(&net->stats, block, &used, net->stat_count);
    take(&net->input, block, &used, net->batch * net->in_h * net->in_w);
    take(&net->scratch, block, &used, net->scratch_each * (size_t)net->threads);
    take(&net->partial, block, &used, partial);
    for (size_t i = 0; i < net->layer_count; i++) {
        train_layer *l = &net->layers[i];
        size_t n = l->out_c * net->batch * l->out_h * l->out_w;
        take(&l->value, block, &used, n);
        take(&l->slope, block, &used, n);
        take(&l->inverse, block, &used, l->out_c);
        take(&l->mean, block, &used, l->out_c);
    }
    return used;
}

int train_net_create(train_net *net, const train_recipe *recipe, size_t in_h, size_t in_w,
                     size_t batch, int threads, char *why, size_t why_size)
{
    memset(net, 0, sizeof *net);
    net->recipe = recipe;
    net->batch = batch;
    net->in_h = in_h;
    net->in_w = in_w;
    net->threads = threads;
    net->layer_count = recipe->layer_count;
    size_t partial = 0;
    size_t c = 1, h = in_h, w = in_w;
    for (size_t i = 0; i < net->layer_count; i++) {
        if (!shape_layer(net, i, c, h, w)) {
            snprintf(why, why_size, "images of %zux%zu are too small for the network %s", in_h,
                     in_w, recipe->name);
            return TOOL_ERR_FORMAT;
        }
        const train_layer *l = &net->layers[i];
        size_t need = train_layer_scratch(l);
        size_t need_partial = train_layer_partial(l, batch);
        net->scratch_each = need > net->scratch_each ? need : net->scratch_each;
        partial = need_partial > partial ? need_partial : partial;
        c = l->out_c;
        h = l->out_h;
        w = l->out_w;
    }
    size_t total = place(net, NULL, partial);
    net->block = calloc(total, sizeof(float));
    if (net->block == NULL) {
        snprintf(why, why_size, "no memory for training (%zu MiB)", total * sizeof(float) >> 20);
        return TOOL_ERR_MEMORY;
    }
    place(net, net->block, partial);
    net->logits = net->layers[net->layer_count - 1].value;
    return TOOL_OK;
}

void train_net_free(train_net *net)
{
    free(net->block);
    memset(net, 0, sizeof *net);
}

void train_net_init(train_net *net, uint64_t seed)
{
    for (size_t i = 0; i < net->layer_count; i++) {
        const train_layer *l = &net->layers[i];
        float *w = net->params + l->weight;
        float *b = net->params + l->bias;
        train_random r = train_random_stream(seed, 1, i);
        /* uniform on [-s, s] has variance s^2 / 3 */
        float s =
            sqrtf(3.0f * (float)l->out_c / (float)(l->weight_count > 0 ? l->weight_count : 1));
        for (size_t k = 0; k < l->weight_count; k++)
            w[k] = l->spec.kind == TRAIN_NORM ? 1.0f : train_random_uniform(&r, -s, s);
        for (size_t k = 0; k < l->bias_count; k++)
            b[k] = 0.0f;
        for (size_t k = 0; l->spec.kind == TRAIN_NORM && k < l->out_c; k++) {
            net->stats[l->stats + k] = 0.0f;
            net->stats[l->stats + l->out_c + k] = 1.0f;
        }
    }
}

static void forward(train_net *net, size_t end, int training)
{
    const float *x = net->input;
    for (size_t i = 0; i < end; i++) {
        train_layer_forward(net, &net->layers[i], x, training);
        x = net->layers[i].value;
    }
}

void train_net_forward(train_net *net, int training)
{
    forward(net, net->layer_count, training);
}

void train_net_forward_to(train_net *net, size_t end)
{
    forward(net, end, 0);
}

void train_net_backward(train_net *net)
{
    for (size_t i = net->layer_count; i-- > 0;) {
        train_layer *before = i > 0 ? &net->layers[i - 1] : NULL;
        train_layer_backward(net, &net->layers[i], before ? before->value : net->input,
                             before ? before->slope : NULL);
    }
}

double train_net_loss(train_net *net, const uint8_t *labels, float smoothing)
{
    float *slope = net->layers[net->layer_count - 1].slope;
    size_t n = net->used;
    float low = smoothing / (float)TRAIN_CLASSES;
    float share = 1.0f / (float)n;
    double total = 0.0;
    for (size_t b = 0; b < n; b++) {
        float top = net->logits[b];
        float sum = 0.0f;
        for (size_t c = 1; c < TRAIN_CLASSES; c++)
            top = fmaxf(top, net->logits[c * n + b]);
        for (size_t c = 0; c < TRAIN_CLASSES; c++)
            sum += expf(net->logits[c * n + b] - top);
        float log_sum = top + logf(sum);
        for (size_t c = 0; c < TRAIN_CLASSES; c++) {
            float log_p = net->logits[c * n + b] - log_sum;
            float target = low + (c == labels[b] ? 1.0f - smoothing : 0.0f);
            slope[c * n + b] = (expf(log_p) - target) * share;
            total -= (double)(target * log_p);
        }
    }
    return total / (double)n;
}

size_t train_net_correct(const train_net *net, const uint8_t *labels)
{
    size_t right = 0;
    size_t n = net->used;
    for (size_t b = 0; b < n; b++) {
        size_t best = 0;
        for (size_t c = 1; c < TRAIN_CLASSES; c++)
            if (net->logits[c * n + b] > net->logits[best * n + b])
                best = c;
        right += best == labels[b];
    }
    return right;
}
