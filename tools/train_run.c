/* Adam with decoupled weight decay, a rate that rises for the first twentieth and then falls with a
 * cosine to zero, batches without the incomplete last one.
 *
 * Sources: Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019 (decoupled decay, cosine).
 */
#include "tools/train_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/parallel.h"
#include "tools/result.h"

enum { CHUNK = 8192 };

int train_run_create(train_run *run, const train_recipe *recipe, const train_data *data,
                     uint64_t seed, uint32_t epochs, size_t held, int threads, char *why,
                     size_t why_size)
{
    memset(run, 0, sizeof *run);
    size_t count = data->images.count;
    if (held >= count || count > UINT32_MAX) {
        snprintf(why, why_size, "%zu of %zu images are to be held back: none is left to train on",
                 held, count);
        return TOOL_ERR_FORMAT;
    }
    run->data = data;
    run->seed = seed;
    run->epochs = epochs;
    run->train_count = count - held;
    size_t batch = recipe->batch < run->train_count ? recipe->batch : run->train_count;
    int st = train_net_create(&run->net, recipe, data->images.rows, data->images.cols, batch,
                              threads, why, why_size);
    if (st != TOOL_OK)
        return st;
    run->momentum = calloc(run->net.param_count, sizeof(float));
    run->energy = calloc(run->net.param_count, sizeof(float));
    run->order = malloc(run->train_count * sizeof *run->order);
    run->labels = malloc(batch);
    run->moments = malloc((run->net.stat_count + 1) * sizeof *run->moments);
    if (!run->momentum || !run->energy || !run->order || !run->labels || !run->moments) {
        train_run_free(run);
        snprintf(why, why_size, "no memory for training");
        return TOOL_ERR_MEMORY;
    }
    train_net_init(&run->net, seed);
    return TOOL_OK;
}

void train_run_free(train_run *run)
{
    train_net_free(&run->net);
    free(run->momentum);
    free(run->energy);
    free(run->order);
    free(run->labels);
    free(run->moments);
    memset(run, 0, sizeof *run);
}

typedef struct {
    train_run *run;
    size_t from, to; /* parameters of one vector of a layer */
    float rate, decay;
    float momentum_fix, energy_fix; /* 1 / (1 - beta^t) */
} step_job;

static void step_chunk(void *arg, size_t chunk, int thread)
{
    (void)thread;
    step_job *j = arg;
    const float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
    float *p = j->run->net.params, *m = j->run->momentum, *v = j->run->energy;
    const float *g = j->run->net.grads;
    size_t first = j->from + chunk * CHUNK;
    size_t end = first + CHUNK < j->to ? first + CHUNK : j->to;
    for (size_t i = first; i < end; i++) {
        m[i] = beta1 * m[i] + (1.0f - beta1) * g[i];
        v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
        float step = m[i] * j->momentum_fix / (sqrtf(v[i] * j->energy_fix) + epsilon);
        p[i] -= j->rate * (step + j->decay * p[i]);
    }
}

/* Weights and normalisation scales decay, biases and shifts do not. */
static void step(train_run *run, size_t at, size_t total)
{
    double warm = (double)total / 20.0;
    double t = (double)at;
    double pi = 3.14159265358979323846;
    double share = t < warm ? (t + 1.0) / (warm + 1.0)
                            : 0.5 * (1.0 + cos(pi * (t - warm) / ((double)total - warm)));
    step_job j = {.run = run, .rate = (float)(share * (double)run->net.recipe->rate)};
    j.momentum_fix = (float)(1.0 / (1.0 - pow(0.9, t + 1.0)));
    j.energy_fix = (float)(1.0 / (1.0 - pow(0.999, t + 1.0)));
    for (size_t i = 0; i < run->net.layer_count; i++) {
        const train_layer *l = &run->net.layers[i];
        for (int part = 0; part < 2; part++) {
            j.from = part == 0 ? l->weight : l->bias;
            j.to = j.from + (part == 0 ? l->weight_count : l->bias_count);
            j.decay = part == 0 ? run->net.recipe->decay : 0.0f;
            parallel_for(run->net.threads, (j.to - j.from + CHUNK - 1) / CHUNK, step_chunk, &j);
        }
    }
}

void train_run_epoch(train_run *run, train_tick *tick, void *arg)
{
    train_net *net = &run->net;
    size_t each = run->train_count / net->batch;
    size_t total = each * run->epochs;
    double loss = 0.0;
    train_data_shuffle(run->order, run->train_count, run->seed, run->done);
    for (size_t i = 0; i < each; i++) {
        size_t at = run->done * each + i;
        train_data_fill(net, run->labels, run->data, &run->data->images, &run->data->labels,
                        run->order, i * net->batch, net->batch, run->seed, run->done, 1);
        train_net_forward(net, 1);
        loss += train_net_loss(net, run->labels, net->recipe->smoothing);
        train_net_backward(net);
        step(run, at, total);
        run->loss = loss / (double)(i + 1);
        if (tick != NULL)
            tick(arg, run, at + 1, total);
    }
    run->done++;
}

/* Adds each channel's sum and sum of squares of the batch's values x. */
static void add_moments(double *sum, double *squares, const float *x, size_t channels, size_t n)
{
    for (size_t c = 0; c < channels; c++, x += n)
        for (size_t i = 0; i < n; i++) {
            sum[c] += (double)x[i];
            squares[c] += (double)x[i] * (double)x[i];
        }
}

static void calibrate_layer(train_run *run, size_t layer, size_t count)
{
    train_net *net = &run->net;
    const train_layer *l = &net->layers[layer];
    float *stats = net->stats + l->stats;
    double *sum = run->moments, *squares = run->moments + l->out_c;
    double n = (double)(count * l->out_h * l->out_w);
    memset(run->moments, 0, 2 * l->out_c * sizeof *run->moments);
    for (size_t at = 0; at < count; at += net->batch) {
        size_t used = count - at < net->batch ? count - at : net->batch;
        train_data_fill(net, run->labels, run->data, &run->data->images, &run->data->labels, NULL,
                        at, used, 0, 0, 0);
        train_net_forward_to(net, layer);
        add_moments(sum, squares, layer > 0 ? net->layers[layer - 1].value : net->input, l->out_c,
                    used * l->out_h * l->out_w);
    }
    for (size_t c = 0; c < l->out_c; c++) {
        double mean = sum[c] / n;
        stats[c] = (float)mean;
        stats[l->out_c + c] = (float)fmax(squares[c] / n - mean * mean, 0.0);
    }
}

void train_run_calibrate(train_run *run, size_t count)
{
    for (size_t i = 0; i < run->net.layer_count; i++)
        if (run->net.layers[i].spec.kind == TRAIN_NORM)
            calibrate_layer(run, i, count);
}

static float largest(const float *x, size_t n)
{
    float top = 0.0f;
    for (size_t i = 0; i < n; i++)
        top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    return top;
}

size_t train_run_correct(train_run *run, const idx_array *images, const idx_array *labels,
                         size_t first, size_t count, float *range)
{
    train_net *net = &run->net;
    size_t right = 0;
    for (size_t at = first; at < first + count; at += net->batch) {
        size_t n = first + count - at < net->batch ? first + count - at : net->batch;
        train_data_fill(net, run->labels, run->data, images, labels, NULL, at, n, 0, 0, 0);
        train_net_forward(net, 0);
        right += train_net_correct(net, run->labels);
        for (size_t i = 0; range != NULL && i < net->layer_count; i++) {
            const train_layer *l = &net->layers[i];
            range[i] = fmaxf(range[i], largest(l->value, l->out_c * n * l->out_h * l->out_w));
        }
    }
    return right;
}
