/* Vectors are changed chunk by chunk; chunks are tasks. */
#include "train/step.h"

#include <math.h>
#include <string.h>

#include "train/parallel.h"
#include "train/whiten.h"

enum { CHUNK = 8192 };

static const double pi = 3.14159265358979323846;

size_t train_step_sums(const train_net *net)
{
    return (net->param_count + CHUNK - 1) / CHUNK;
}

/* ---- schedules --------------------------------------------------------------------------------
 */

/* From `from` at t = 0 to `to` at t = 1, level at both ends. */
static double cosine(double from, double to, double t)
{
    return to + 0.5 * (from - to) * (1.0 + cos(pi * t));
}

/* Where in a schedule step `at` is: a share of the rise (then *rising is 1) or of the fall. */
static double phase(const train_recipe *r, uint64_t at, uint64_t total, int *rising)
{
    double warm = (double)r->warm * (double)total, t = (double)at;
    *rising = t < warm;
    return t < warm ? (t + 1.0) / (warm + 1.0) : (t - warm) / ((double)total - warm);
}

float train_step_rate(const train_recipe *r, uint64_t at, uint64_t total)
{
    double rate = (double)r->rate;
    int rising;
    double t = phase(r, at, total, &rising);
    if (r->schedule == TRAIN_ONECYCLE)
        rate *= rising ? cosine(0.04, 1.0, t) : cosine(1.0, 1e-4, t);
    else if (r->schedule == TRAIN_COSINE)
        rate *= rising ? t : cosine(1.0, 0.0, t);
    return (float)rate;
}

/* One cycle lowers the momentum by 0.1 while the rate is high. */
static float momentum_at(const train_recipe *r, uint64_t at, uint64_t total)
{
    if (r->schedule != TRAIN_ONECYCLE)
        return r->momentum;
    double high = (double)r->momentum, low = fmax(high - 0.1, 0.0);
    int rising;
    double t = phase(r, at, total, &rising);
    return (float)(rising ? cosine(high, low, t) : cosine(low, high, t));
}

/* ---- steps ------------------------------------------------------------------------------------
 */

typedef struct {
    train_net *net;
    train_moments *m;
    size_t from, to; /* parameters of one vector of an operation */
    float rate, decay, shrink, momentum;
    float first_fix, second_fix; /* Adam: 1 / (1 - beta^t) */
    float keep;                  /* of the average */
} job;

static void adam(const job *j, size_t first, size_t end)
{
    float b1 = j->momentum, b2 = j->net->recipe->beta2, epsilon = 1e-8f;
    float c1 = 1.0f - b1, c2 = 1.0f - b2, rate = j->rate, decay = j->decay, shrink = j->shrink;
    float fix1 = j->first_fix, fix2 = j->second_fix;
    float *restrict p = j->net->params, *restrict m = j->m->first, *restrict v = j->m->second;
    const float *restrict grads = j->net->grads;
    for (size_t i = first; i < end; i++) {
        float g = grads[i] * shrink;
        m[i] = b1 * m[i] + c1 * g;
        v[i] = b2 * v[i] + c2 * g * g;
        p[i] -= rate * (m[i] * fix1 / (sqrtf(v[i] * fix2) + epsilon) + decay * p[i]);
    }
}

static void descend(const job *j, size_t first, size_t end)
{
    float mu = j->momentum, rate = j->rate, decay = j->decay, shrink = j->shrink;
    float ahead = j->net->recipe->nesterov ? mu : 1.0f;
    float now = j->net->recipe->nesterov ? 1.0f : 0.0f;
    float *restrict p = j->net->params, *restrict m = j->m->first;
    const float *restrict grads = j->net->grads;
    for (size_t i = first; i < end; i++) {
        float g = grads[i] * shrink;
        m[i] = mu * m[i] + g;
        p[i] -= rate * (now * g + ahead * m[i] + decay * p[i]);
    }
}

static void step_chunk(void *arg, size_t chunk, int thread)
{
    const job *j = arg;
    size_t first = j->from + chunk * CHUNK;
    size_t end = first + CHUNK < j->to ? first + CHUNK : j->to;
    (void)thread;
    if (j->net->recipe->optimizer == TRAIN_ADAM)
        adam(j, first, end);
    else
        descend(j, first, end);
}

static void average_chunk(void *arg, size_t chunk, int thread)
{
    const job *j = arg;
    const float *restrict p = j->net->params;
    float *restrict a = j->m->average, part = 1.0f - j->keep;
    size_t end = (chunk + 1) * CHUNK;
    (void)thread;
    end = end < j->net->param_count ? end : j->net->param_count;
    for (size_t i = chunk * CHUNK; i < end; i++)
        a[i] += part * (p[i] - a[i]);
}

static void norm_chunk(void *arg, size_t chunk, int thread)
{
    const job *j = arg;
    const float *g = j->net->grads;
    size_t end = (chunk + 1) * CHUNK;
    double sum = 0.0;
    (void)thread;
    end = end < j->net->param_count ? end : j->net->param_count;
    for (size_t i = chunk * CHUNK; i < end; i++)
        sum += (double)g[i] * (double)g[i];
    j->m->sums[chunk] = sum;
}

static double gradient_norm(job *j)
{
    double sum = 0.0;
    size_t chunks = train_step_sums(j->net);
    train_parallel_for(j->net->threads, chunks, norm_chunk, j);
    for (size_t i = 0; i < chunks; i++)
        sum += j->m->sums[i];
    return sqrt(sum);
}

static void step_vector(job *j, size_t from, size_t count, float decay)
{
    j->from = from;
    j->to = from + count;
    j->decay = decay;
    train_parallel_for(j->net->threads, (count + CHUNK - 1) / CHUNK, step_chunk, j);
}

/* The first layer's weights W = A M: A takes the step, from zero as its value does not count, and W
 * gets what becomes of it. */
static void step_whitened(job *j, const train_op *op, float decay)
{
    size_t n = op->weight_count;
    float *w = j->net->params + op->weight, *kept = j->m->kept, keep = 1.0f - j->rate * decay;
    memcpy(kept, w, n * sizeof *w);
    memset(w, 0, n * sizeof *w);
    step_vector(j, op->weight, n, 0.0f);
    train_whiten_rows(w, op->out_c, j->m->whiten, n / op->out_c);
    for (size_t i = 0; i < n; i++)
        w[i] += keep * kept[i];
}

double train_step(train_net *net, train_moments *moments, uint64_t at, uint64_t total)
{
    const train_recipe *r = net->recipe;
    double t = (double)at, norm = 0.0;
    job j = {.net = net, .m = moments, .shrink = 1.0f};
    j.rate = train_step_rate(r, at, total);
    j.momentum = momentum_at(r, at, total);
    j.first_fix = (float)(1.0 / (1.0 - pow((double)r->momentum, t + 1.0)));
    j.second_fix = (float)(1.0 / (1.0 - pow((double)r->beta2, t + 1.0)));
    j.keep = (float)fmin((double)r->average, (1.0 + t) / (10.0 + t));
    if (moments->whiten != NULL)
        train_whiten_rows(net->grads + net->ops[0].weight, net->ops[0].out_c, moments->whiten,
                          net->ops[0].weight_count / net->ops[0].out_c);
    if (r->clip > 0.0f) {
        norm = gradient_norm(&j);
        if (norm > (double)r->clip)
            j.shrink = (float)((double)r->clip / norm);
    }
    /* Weights and normalisation's scales decay; biases, shifts and coefficients do not. */
    for (size_t i = 0; i < net->op_count; i++) {
        const train_op *op = &net->ops[i];
        if (i == 0 && moments->whiten != NULL)
            step_whitened(&j, op, r->decay);
        else
            step_vector(&j, op->weight, op->weight_count, r->decay);
        step_vector(&j, op->bias, op->bias_count, 0.0f);
        step_vector(&j, op->curve, op->curve_count, 0.0f);
    }
    if (moments->average != NULL)
        train_parallel_for(net->threads, train_step_sums(net), average_chunk, &j);
    return norm;
}
