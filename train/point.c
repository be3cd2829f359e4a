/* Sums go in LANES lanes that are added at the end, so that vectors of any width up to that give
 * the same result.
 */
#include "train/point.h"

#include <math.h>
#include <string.h>

#include "train/parallel.h"

enum { LANES = 16, BLOCK = 1024, CHUNK = 1 << 16 };

typedef struct {
    train_net *net;
    train_op *op;
    const float *x;
    float *dx;
    int training;
} job;

/* ---- sums -------------------------------------------------------------------------------------
 */

static double lanes_total(const float *lane)
{
    double total = 0.0;
    for (int i = 0; i < LANES; i++)
        total += (double)lane[i];
    return total;
}

/* Defines name(x, y, n, centre) = the sum of TERM(x[i], y[i]). A lane holds at most 64 terms before
 * it moves into the double. */
#define DEFINE_SUM(name, TERM)                                                                     \
    static double name(const float *x, const float *y, size_t n, float centre)                     \
    {                                                                                              \
        double total = 0.0;                                                                        \
        size_t i = 0;                                                                              \
        (void)y;                                                                                   \
        (void)centre;                                                                              \
        while (i + LANES <= n) {                                                                   \
            float lane[LANES] = {0};                                                               \
            size_t end = i + BLOCK < n - n % LANES ? i + BLOCK : n - n % LANES;                    \
            for (; i < end; i += LANES)                                                            \
                for (size_t k = 0; k < LANES; k++)                                                 \
                    lane[k] += TERM(x[i + k], y[i + k]);                                           \
            total += lanes_total(lane);                                                            \
        }                                                                                          \
        for (; i < n; i++)                                                                         \
            total += (double)(TERM(x[i], y[i]));                                                   \
        return total;                                                                              \
    }

#define PLAIN(a, b) (a)
#define SQUARED(a, b) (((a)-centre) * ((a)-centre))
#define CROSSED(a, b) (((a)-centre) * (b))

DEFINE_SUM(sum_plain, PLAIN)
DEFINE_SUM(sum_squared, SQUARED)
DEFINE_SUM(sum_crossed, CROSSED)

/* ---- activations ------------------------------------------------------------------------------
 */

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

/* The coefficients at hand: two of them may be trained. */
static void coefficients(const train_net *net, const train_op *op, float c[5])
{
    memcpy(c, op->act->coefficient, 5 * sizeof *c);
    for (size_t k = 0; k < op->curve_count; k++)
        c[k + 1] = net->params[op->curve + k];
}

static int is_quadratic(const float c[5])
{
    return c[0] == 0.0f && c[3] == 0.0f && c[4] == 0.0f;
}

/* y = act(x scale + shift) */
static void curve(const train_net *net, const train_op *op, float *restrict y,
                  const float *restrict x, size_t n, float scale, float shift)
{
    float c[5] = {0};
    if (op->act != NULL)
        coefficients(net, op, c);
    if (op->act == NULL) {
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] * scale + shift;
    } else if (op->act->curve == TRAIN_RELU) {
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift;
            y[i] = h > 0.0f ? h : 0.0f;
        }
    } else if (op->act->curve == TRAIN_SWISH) {
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift;
            y[i] = h * sigmoid(h);
        }
    } else if (is_quadratic(c)) {
        float a = c[2], b = c[1];
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift;
            y[i] = h * (b + h * a);
        }
    } else {
        float c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3], c4 = c[4];
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift;
            y[i] = c0 + h * (c1 + h * (c2 + h * (c3 + h * c4)));
        }
    }
}

/* dh = dy act'(h), h = x scale + shift */
static void curve_slope(const train_net *net, const train_op *op, float *restrict dh,
                        const float *restrict x, const float *restrict dy, size_t n, float scale,
                        float shift)
{
    float c[5] = {0};
    if (op->act != NULL)
        coefficients(net, op, c);
    if (op->act == NULL) {
        memcpy(dh, dy, n * sizeof *dh);
    } else if (op->act->curve == TRAIN_RELU) {
        for (size_t i = 0; i < n; i++)
            dh[i] = x[i] * scale + shift > 0.0f ? dy[i] : 0.0f;
    } else if (op->act->curve == TRAIN_SWISH) {
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift, s = sigmoid(h);
            dh[i] = dy[i] * s * (1.0f + h * (1.0f - s));
        }
    } else if (is_quadratic(c)) {
        float a = 2.0f * c[2], b = c[1];
        for (size_t i = 0; i < n; i++)
            dh[i] = dy[i] * (b + (x[i] * scale + shift) * a);
    } else {
        float c1 = c[1], c2 = 2.0f * c[2], c3 = 3.0f * c[3], c4 = 4.0f * c[4];
        for (size_t i = 0; i < n; i++) {
            float h = x[i] * scale + shift;
            dh[i] = dy[i] * (c1 + h * (c2 + h * (c3 + h * c4)));
        }
    }
}

/* dh += the slope of weight (|h| - range)+^2 */
static void penalise(float *restrict dh, const float *restrict x, size_t n, float scale,
                     float shift, float range, float weight)
{
    for (size_t i = 0; i < n; i++) {
        float h = x[i] * scale + shift;
        float over = h - range > 0.0f ? h - range : 0.0f;
        float under = h + range < 0.0f ? h + range : 0.0f;
        dh[i] += 2.0f * weight * (over + under);
    }
}

static float largest(const float *x, size_t n, float scale, float shift)
{
    float top = 0.0f;
    for (size_t i = 0; i < n; i++) {
        float h = fabsf(x[i] * scale + shift);
        top = h > top ? h : top;
    }
    return top;
}

double train_point_squares(const float *x, size_t n)
{
    return sum_squared(x, x, n, 0.0f);
}

static float mean_square(const float *x, size_t n, float scale, float shift)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double h = (double)(x[i] * scale + shift);
        sum += h * h;
    }
    return (float)(sum / (double)n);
}

/* ---- normalisation and activation -------------------------------------------------------------
 */

/* The line that normalisation is, from mean and variance; the identity without one. */
static void line_of(const train_net *net, const train_op *op, size_t c, float mean, float variance,
                    float *scale, float *shift)
{
    *scale = 1.0f;
    *shift = 0.0f;
    if (op->norm != NULL) {
        *scale = net->params[op->weight + c] / sqrtf(variance + TRAIN_NORM_EPSILON);
        *shift = net->params[op->bias + c] - mean * *scale;
    }
}

static void forward_channel(void *arg, size_t c, int thread)
{
    const job *j = arg;
    train_op *op = j->op;
    size_t n = j->net->used * op->places;
    const float *x = j->x + c * n;
    float mean = 0.0f, variance = 1.0f, scale, shift;
    (void)thread;
    if (op->norm != NULL && j->training) {
        mean = (float)(sum_plain(x, x, n, 0.0f) / (double)n);
        variance = (float)(sum_squared(x, x, n, mean) / (double)n);
        op->mean[c] = mean;
        op->variance[c] = variance;
    } else if (op->norm != NULL) {
        mean = j->net->stats[op->stats + c];
        variance = j->net->stats[op->stats + op->out_c + c];
    }
    line_of(j->net, op, c, mean, variance, &scale, &shift);
    curve(j->net, op, op->value + c * n, x, n, scale, shift);
    for (size_t b = 0; j->net->measure && op->act != NULL && b < j->net->used; b++) {
        size_t i = c * j->net->used + b;
        op->reach[i] = largest(x + b * op->places, op->places, scale, shift);
        op->power[i] = mean_square(x + b * op->places, op->places, scale, shift);
    }
}

void train_point_forward(train_net *net, train_op *op, const float *x, int training)
{
    job j = {net, op, x, NULL, training};
    train_parallel_for(net->threads, op->out_c, forward_channel, &j);
}

/* The gradients of the trained coefficients: of x, the sum of h dy; of x^2, of h^2 dy. */
static void curve_gradient(const job *j, size_t c, const float *x, const float *dy, size_t n,
                           float scale, float shift)
{
    double first = 0.0, second = 0.0;
    for (size_t i = 0; i < n; i++) {
        float h = x[i] * scale + shift;
        first += (double)(h * dy[i]);
        second += (double)(h * h * dy[i]);
    }
    j->op->curve_grad[2 * c] = (float)first;
    j->op->curve_grad[2 * c + 1] = (float)second;
}

/* With u = (x - mean) / deviation and dh the slope of the normalised value: dx = scale / deviation
 * (dh - mean(dh) - u mean(dh u)). */
static void norm_slope(const job *j, size_t c, const float *restrict x, float *restrict dx,
                       size_t n)
{
    const train_op *op = j->op;
    float mean = op->mean[c], inverse = 1.0f / sqrtf(op->variance[c] + TRAIN_NORM_EPSILON);
    double sum = sum_plain(dx, dx, n, 0.0f);
    double dot = sum_crossed(x, dx, n, mean) * (double)inverse;
    j->net->grads[op->bias + c] = (float)sum;
    j->net->grads[op->weight + c] = (float)dot;
    float k = j->net->params[op->weight + c] * inverse;
    float flat = (float)(sum / (double)n);
    float tilt = (float)(dot / (double)n) * inverse;
    for (size_t i = 0; i < n; i++)
        dx[i] = k * (dx[i] - flat - (x[i] - mean) * tilt);
}

static void backward_channel(void *arg, size_t c, int thread)
{
    const job *j = arg;
    const train_op *op = j->op;
    const train_recipe *r = j->net->recipe;
    size_t n = j->net->used * op->places;
    const float *x = j->x + c * n, *dy = op->slope + c * n;
    float *dx = j->dx + c * n, scale, shift;
    (void)thread;
    line_of(j->net, op, c, op->mean[c], op->variance[c], &scale, &shift);
    curve_slope(j->net, op, dx, x, dy, n, scale, shift);
    if (op->curve_count > 0)
        curve_gradient(j, c, x, dy, n, scale, shift);
    if (r->penalty > 0.0f && op->act != NULL) {
        float range = r->penalty_range > 0.0f ? r->penalty_range : op->act->range;
        if (range > 0.0f)
            penalise(dx, x, n, scale, shift, range, r->penalty / (float)(n * op->out_c));
    }
    if (op->norm != NULL)
        norm_slope(j, c, x, dx, n);
}

void train_point_backward(train_net *net, train_op *op, const float *x, float *dx)
{
    job j = {net, op, x, dx != NULL ? dx : net->spare, 1};
    train_parallel_for(net->threads, op->out_c, backward_channel, &j);
    for (size_t k = 0; k < op->curve_count; k++) {
        double sum = 0.0;
        for (size_t c = 0; c < op->out_c; c++)
            sum += (double)op->curve_grad[2 * c + k];
        net->grads[op->curve + k] = (float)sum;
    }
}

/* ---- pools ------------------------------------------------------------------------------------
 */

/* The usual pool: rows in pairs, then places in pairs. */
static void mean_two(float *restrict y, const float *restrict x, size_t in_w, size_t out_h,
                     size_t out_w)
{
    for (size_t oy = 0; oy < out_h; oy++, y += out_w, x += 2 * in_w)
        for (size_t ox = 0; ox < out_w; ox++)
            y[ox] = 0.25f * (x[2 * ox] + x[2 * ox + 1] + x[in_w + 2 * ox] + x[in_w + 2 * ox + 1]);
}

static void mean_channel(void *arg, size_t c, int thread)
{
    const job *j = arg;
    const train_layer_spec *s = j->op->spec;
    size_t kh = s->kernel_h, kw = s->kernel_w;
    float share = 1.0f / (float)(kh * kw);
    (void)thread;
    for (size_t b = 0; b < j->net->used; b++) {
        const float *x = j->x + (c * j->net->used + b) * j->op->in_places;
        float *y = j->op->value + (c * j->net->used + b) * j->op->places;
        if (kh == 2 && kw == 2 && s->stride == 2) {
            mean_two(y, x, s->in_w, s->out_h, s->out_w);
            continue;
        }
        for (size_t oy = 0; oy < s->out_h; oy++)
            for (size_t ox = 0; ox < s->out_w; ox++) {
                const float *from = x + oy * s->stride * s->in_w + ox * s->stride;
                float sum = 0.0f;
                for (size_t ky = 0; ky < kh; ky++)
                    for (size_t kx = 0; kx < kw; kx++)
                        sum += from[ky * s->in_w + kx];
                y[oy * s->out_w + ox] = sum * share;
            }
    }
}

void train_mean_forward(train_net *net, train_op *op, const float *x)
{
    job j = {net, op, x, NULL, 0};
    train_parallel_for(net->threads, op->out_c, mean_channel, &j);
}

static void mean_slope_channel(void *arg, size_t c, int thread)
{
    const job *j = arg;
    const train_layer_spec *s = j->op->spec;
    float share = 1.0f / (float)(s->kernel_h * s->kernel_w);
    (void)thread;
    memset(j->dx + c * j->net->used * j->op->in_places, 0,
           j->net->used * j->op->in_places * sizeof(float));
    for (size_t b = 0; b < j->net->used; b++) {
        float *dx = j->dx + (c * j->net->used + b) * j->op->in_places;
        const float *dy = j->op->slope + (c * j->net->used + b) * j->op->places;
        for (size_t oy = 0; oy < s->out_h; oy++)
            for (size_t ky = 0; ky < s->kernel_h; ky++) {
                float *to = dx + (oy * s->stride + ky) * s->in_w;
                for (size_t kx = 0; kx < s->kernel_w; kx++)
                    for (size_t ox = 0; ox < s->out_w; ox++)
                        to[ox * s->stride + kx] += share * dy[oy * s->out_w + ox];
            }
    }
}

void train_mean_backward(train_net *net, train_op *op, float *dx)
{
    job j = {net, op, NULL, dx, 1};
    train_parallel_for(net->threads, op->out_c, mean_slope_channel, &j);
}

/* ---- sums -------------------------------------------------------------------------------------
 */

typedef struct {
    float *to;
    const float *a, *b;
    size_t n;
} sum_job;

static void sum_chunk(void *arg, size_t chunk, int thread)
{
    const sum_job *j = arg;
    size_t end = (chunk + 1) * CHUNK < j->n ? (chunk + 1) * CHUNK : j->n;
    (void)thread;
    for (size_t i = chunk * CHUNK; i < end; i++)
        j->to[i] = j->a[i] + j->b[i];
}

void train_sum(const train_net *net, float *to, const float *a, const float *b, size_t n)
{
    sum_job j = {to, a, b, n};
    train_parallel_for(net->threads, (n + CHUNK - 1) / CHUNK, sum_chunk, &j);
}
