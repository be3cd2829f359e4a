/* The layers' arithmetic. Tensors are [C][B][P] (train_net.h); B is the number of images in use, so
 * that rows stay contiguous for a batch that is not full.
 *
 * Every parallel loop runs over tasks with results of their own: groups of TRAIN_GROUP images for
 * convolutions, channels for normalisation, bands of rows for dense layers.
 *
 * Index legend: o output channel, c input channel, b image, p place, g group.
 */
#include <math.h>
#include <string.h>

#include "tools/parallel.h"
#include "tools/train_gemm.h"
#include "tools/train_net.h"

enum { GROUP = 8, BAND = 32 };

typedef struct {
    train_net *net;
    train_layer *layer;
    const float *x;
    float *x_slope;
    int training;
} job;

static size_t places(const train_layer *l)
{
    return l->out_h * l->out_w;
}

static size_t taps(const train_layer *l)
{
    return l->in_c * l->spec.kernel * l->spec.kernel;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t train_layer_scratch(const train_layer *l)
{
    size_t columns = l->spec.kind == TRAIN_CONV ? taps(l) * GROUP * places(l) : 0;
    return TRAIN_GEMM_SCRATCH + columns;
}

size_t train_layer_partial(const train_layer *l, size_t batch)
{
    if (l->spec.kind == TRAIN_CONV)
        return (batch + GROUP - 1) / GROUP * l->weight_count;
    /* dense: the input and its slope with the image as the fastest index */
    return l->spec.kind == TRAIN_DENSE ? 2 * batch * l->in_c * l->in_h * l->in_w : 0;
}

/* ---- convolution as a product with gathered columns -------------------------------------------
 */

/* Visit one row of the column matrix: tap (c, ky, kx) of every output place of the group's images.
 * gather nonzero copies x into columns, zero adds columns into x (their transpose).
 */
static void tap_row(const train_layer *l, size_t batch, size_t first, size_t count, size_t tap,
                    const float *x_in, float *x_out, float *columns)
{
    const train_layer_spec *s = &l->spec;
    size_t kk = s->kernel * s->kernel;
    size_t c = tap / kk, ky = tap % kk / s->kernel, kx = tap % s->kernel;
    size_t area = l->in_h * l->in_w;
    for (size_t b = first; b < first + count; b++) {
        size_t image = (c * batch + b) * area;
        for (size_t oy = 0; oy < l->out_h; oy++, columns += l->out_w) {
            size_t y = oy * s->stride + ky - s->pad_begin; /* wraps when negative: then >= in_h */
            if (y >= l->in_h) {
                if (x_in != NULL)
                    memset(columns, 0, l->out_w * sizeof *columns);
                continue;
            }
            size_t row = image + y * l->in_w;
            for (size_t ox = 0; ox < l->out_w; ox++) {
                size_t px = ox * s->stride + kx - s->pad_begin;
                if (x_in != NULL)
                    columns[ox] = px < l->in_w ? x_in[row + px] : 0.0f;
                else if (px < l->in_w)
                    x_out[row + px] += columns[ox];
            }
        }
    }
}

static void conv_forward_group(void *arg, size_t g, int thread)
{
    job *j = arg;
    train_layer *l = j->layer;
    float *scratch = j->net->scratch + (size_t)thread * j->net->scratch_each;
    float *columns = scratch + TRAIN_GEMM_SCRATCH;
    size_t batch = j->net->used;
    size_t first = g * GROUP;
    size_t width = smaller(GROUP, batch - first) * places(l);
    for (size_t t = 0; t < taps(l); t++)
        tap_row(l, batch, first, smaller(GROUP, batch - first), t, j->x, NULL, columns + t * width);
    train_matrix w = {j->net->params + l->weight, taps(l), 1};
    train_matrix col = {columns, width, 1};
    train_gemm(l->value + first * places(l), batch * places(l), w, col, l->out_c, width, taps(l), 0,
               scratch);
}

static void conv_backward_group(void *arg, size_t g, int thread)
{
    job *j = arg;
    train_layer *l = j->layer;
    float *scratch = j->net->scratch + (size_t)thread * j->net->scratch_each;
    float *columns = scratch + TRAIN_GEMM_SCRATCH;
    size_t batch = j->net->used;
    size_t first = g * GROUP;
    size_t count = smaller(GROUP, batch - first);
    size_t width = count * places(l);
    const float *slope = l->slope + first * places(l);
    for (size_t t = 0; t < taps(l); t++)
        tap_row(l, batch, first, count, t, j->x, NULL, columns + t * width);
    train_matrix dy = {slope, batch * places(l), 1};
    train_matrix col_turned = {columns, 1, width};
    train_gemm(j->net->partial + g * l->weight_count, taps(l), dy, col_turned, l->out_c, taps(l),
               width, 0, scratch);
    if (j->x_slope == NULL)
        return;
    train_matrix w_turned = {j->net->params + l->weight, 1, taps(l)};
    train_gemm(columns, width, w_turned, dy, taps(l), width, l->out_c, 0, scratch);
    for (size_t c = 0; c < l->in_c; c++)
        memset(j->x_slope + (c * batch + first) * l->in_h * l->in_w, 0,
               count * l->in_h * l->in_w * sizeof(float));
    for (size_t t = 0; t < taps(l); t++)
        tap_row(l, batch, first, count, t, NULL, j->x_slope, columns + t * width);
}

static void conv_backward(job *j)
{
    train_net *net = j->net;
    train_layer *l = j->layer;
    size_t groups = (net->used + GROUP - 1) / GROUP;
    parallel_for(net->threads, groups, conv_backward_group, j);
    float *dw = net->grads + l->weight;
    memcpy(dw, net->partial, l->weight_count * sizeof *dw);
    for (size_t g = 1; g < groups; g++)
        for (size_t k = 0; k < l->weight_count; k++)
            dw[k] += net->partial[g * l->weight_count + k];
}

/* ---- dense -------------------------------------------------------------------------------------
 */

static size_t features(const train_layer *l)
{
    return l->in_c * l->in_h * l->in_w;
}

/* to[c][p][b] = from[c][b][p], or back when `back`. */
static void turn(float *to, const float *from, const train_layer *l, size_t batch, int back)
{
    size_t area = l->in_h * l->in_w;
    for (size_t c = 0; c < l->in_c; c++, to += area * batch, from += area * batch)
        for (size_t p = 0; p < area; p++)
            for (size_t b = 0; b < batch; b++) {
                if (back)
                    to[b * area + p] = from[p * batch + b];
                else
                    to[p * batch + b] = from[b * area + p];
            }
}

static size_t bands(size_t rows)
{
    return (rows + BAND - 1) / BAND;
}

/* value[o][b] = sum over f of w[o][f] x[f][b], then the bias. */
static void dense_forward_band(void *arg, size_t band, int thread)
{
    job *j = arg;
    train_layer *l = j->layer;
    size_t batch = j->net->used, n = features(l), first = band * BAND;
    size_t rows = smaller(BAND, l->out_c - first);
    train_matrix w = {j->net->params + l->weight + first * n, n, 1};
    train_matrix x = {j->net->partial, batch, 1};
    train_gemm(l->value + first * batch, batch, w, x, rows, batch, n, 0,
               j->net->scratch + (size_t)thread * j->net->scratch_each);
    if (l->bias_count == 0)
        return;
    for (size_t o = first; o < first + rows; o++)
        for (size_t b = 0; b < batch; b++)
            l->value[o * batch + b] += j->net->params[l->bias + o];
}

/* The weights' gradient: dw[o][f] = sum over b of dy[o][b] x[f][b]. */
static void dense_weight_band(void *arg, size_t band, int thread)
{
    job *j = arg;
    train_layer *l = j->layer;
    size_t batch = j->net->used, n = features(l), first = band * BAND;
    size_t rows = smaller(BAND, l->out_c - first);
    train_matrix dy = {l->slope + first * batch, batch, 1};
    train_matrix x_turned = {j->net->partial, 1, batch};
    train_gemm(j->net->grads + l->weight + first * n, n, dy, x_turned, rows, n, batch, 0,
               j->net->scratch + (size_t)thread * j->net->scratch_each);
    for (size_t o = first; o < first + (l->bias_count > 0 ? rows : 0); o++) {
        float sum = 0.0f;
        for (size_t b = 0; b < batch; b++)
            sum += l->slope[o * batch + b];
        j->net->grads[l->bias + o] = sum;
    }
}

/* The input's gradient: dx[f][b] = sum over o of w[o][f] dy[o][b]. */
static void dense_input_band(void *arg, size_t band, int thread)
{
    job *j = arg;
    train_layer *l = j->layer;
    size_t batch = j->net->used, n = features(l), first = band * BAND;
    train_matrix w_turned = {j->net->params + l->weight + first, 1, n};
    train_matrix dy = {l->slope, batch, 1};
    train_gemm(j->net->partial + n * batch + first * batch, batch, w_turned, dy,
               smaller(BAND, n - first), batch, l->out_c, 0,
               j->net->scratch + (size_t)thread * j->net->scratch_each);
}

static void dense_backward(job *j)
{
    train_net *net = j->net;
    train_layer *l = j->layer;
    turn(net->partial, j->x, l, net->used, 0);
    parallel_for(net->threads, bands(l->out_c), dense_weight_band, j);
    if (j->x_slope == NULL)
        return;
    parallel_for(net->threads, bands(features(l)), dense_input_band, j);
    turn(j->x_slope, net->partial + features(l) * net->used, l, net->used, 1);
}

/* ---- batch normalisation -----------------------------------------------------------------------
 */

/* Sums in eight lanes that are added at the end: vectors of any width give the same result. */
static double lanes_total(const float *lane)
{
    double total = 0.0;
    for (int i = 0; i < 8; i++)
        total += (double)lane[i];
    return total;
}

/* The sum over i of (x[i] - centre) y[i], of (x[i] - centre)^2 when y is x, of x[i] - centre when y
 * is NULL. Lanes hold at most 64 terms each before they move into the double.
 */
static double sum_of(const float *x, const float *y, size_t n, float centre)
{
    double total = 0.0;
    size_t i = 0;
    while (i + 8 <= n) {
        float lane[8] = {0};
        size_t end = smaller(i + 512, n - n % 8);
        for (; i < end; i += 8) {
            if (y == NULL)
                for (size_t k = 0; k < 8; k++)
                    lane[k] += x[i + k] - centre;
            else if (y == x)
                for (size_t k = 0; k < 8; k++)
                    lane[k] += (x[i + k] - centre) * (x[i + k] - centre);
            else
                for (size_t k = 0; k < 8; k++)
                    lane[k] += (x[i + k] - centre) * y[i + k];
        }
        total += lanes_total(lane);
    }
    for (; i < n; i++) {
        float d = x[i] - centre;
        total += (double)(y == NULL ? d : y == x ? d * d : d * y[i]);
    }
    return total;
}

static void norm_forward_channel(void *arg, size_t c, int thread)
{
    (void)thread;
    job *j = arg;
    train_layer *l = j->layer;
    size_t n = j->net->used * places(l);
    const float *x = j->x + c * n;
    float *y = l->value + c * n;
    float mean = j->net->stats[l->stats + c];
    float var = j->net->stats[l->stats + l->out_c + c];
    if (j->training) {
        mean = (float)(sum_of(x, NULL, n, 0.0f) / (double)n);
        var = (float)(sum_of(x, x, n, mean) / (double)n);
    }
    l->mean[c] = mean;
    l->inverse[c] = 1.0f / sqrtf(var + TRAIN_NORM_EPSILON);
    float scale = j->net->params[l->weight + c] * l->inverse[c];
    float shift = j->net->params[l->bias + c] - mean * scale;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * scale + shift;
}

/* With h = (x - mean) inverse: dx = scale inverse (dy - mean(dy) - h mean(dy h)). */
static void norm_backward_channel(void *arg, size_t c, int thread)
{
    (void)thread;
    job *j = arg;
    train_layer *l = j->layer;
    size_t n = j->net->used * places(l);
    const float *x = j->x + c * n;
    const float *dy = l->slope + c * n;
    double sum = sum_of(dy, NULL, n, 0.0f);
    double dot = sum_of(x, dy, n, l->mean[c]) * (double)l->inverse[c];
    j->net->grads[l->bias + c] = (float)sum;
    j->net->grads[l->weight + c] = (float)dot;
    float k = j->net->params[l->weight + c] * l->inverse[c];
    float flat = (float)(sum / (double)n);
    float tilt = (float)(dot / (double)n) * l->inverse[c];
    float *dx = j->x_slope + c * n;
    for (size_t i = 0; i < n; i++)
        dx[i] = k * (dy[i] - flat - (x[i] - l->mean[c]) * tilt);
}

/* ---- activation --------------------------------------------------------------------------------
 */

static void poly_forward_channel(void *arg, size_t c, int thread)
{
    (void)thread;
    job *j = arg;
    train_layer *l = j->layer;
    size_t n = j->net->used * places(l);
    const float *x = j->x + c * n;
    float *y = l->value + c * n;
    float a = l->spec.square, b = l->spec.linear;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * (a * x[i] + b);
}

static void poly_backward_channel(void *arg, size_t c, int thread)
{
    (void)thread;
    job *j = arg;
    train_layer *l = j->layer;
    size_t n = j->net->used * places(l);
    const float *x = j->x + c * n;
    const float *dy = l->slope + c * n;
    float *dx = j->x_slope + c * n;
    float a = 2.0f * l->spec.square, b = l->spec.linear;
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * (a * x[i] + b);
}

void train_layer_forward(train_net *net, train_layer *layer, const float *x, int training)
{
    job j = {net, layer, x, NULL, training};
    switch (layer->spec.kind) {
    case TRAIN_CONV:
        parallel_for(net->threads, (net->used + GROUP - 1) / GROUP, conv_forward_group, &j);
        break;
    case TRAIN_DENSE:
        turn(net->partial, x, layer, net->used, 0);
        parallel_for(net->threads, bands(layer->out_c), dense_forward_band, &j);
        break;
    case TRAIN_NORM:
        parallel_for(net->threads, layer->out_c, norm_forward_channel, &j);
        break;
    case TRAIN_POLY:
        parallel_for(net->threads, layer->out_c, poly_forward_channel, &j);
        break;
    }
}

void train_layer_backward(train_net *net, train_layer *layer, const float *x, float *x_slope)
{
    job j = {net, layer, x, x_slope, 1};
    switch (layer->spec.kind) {
    case TRAIN_CONV:
        conv_backward(&j);
        break;
    case TRAIN_DENSE:
        dense_backward(&j);
        break;
    case TRAIN_NORM:
        parallel_for(net->threads, layer->out_c, norm_backward_channel, &j);
        break;
    case TRAIN_POLY:
        parallel_for(net->threads, layer->out_c, poly_backward_channel, &j);
        break;
    }
}
