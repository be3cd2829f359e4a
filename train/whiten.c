/* Sums in double, eigenvalues by Jacobi's rotations: sizes are a few dozen. */
#include "train/whiten.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/status.h"

enum { IMAGES = 2000, SWEEPS = 30 };

/* What is added to every eigenvalue, in parts of their mean. */
static const double ridge = 1e-3;

size_t train_whiten_size(const train_layer_spec *conv)
{
    return conv->in_c * conv->kernel_h * conv->kernel_w;
}

static void patch_at(double *patch, const uint8_t *image, const train_layer_spec *s, size_t y,
                     size_t x)
{
    for (size_t c = 0; c < s->in_c; c++)
        for (size_t i = 0; i < s->kernel_h; i++)
            for (size_t k = 0; k < s->kernel_w; k++)
                *patch++ = (double)image[(c * s->in_h + y + i) * s->in_w + x + k] / 255.0;
}

/* Sums of an image's patches and of their products (upper triangle), added to sum and a. */
static void add_image(double *a, double *sum, const uint8_t *image, const train_layer_spec *s)
{
    size_t n = train_whiten_size(s);
    double patch[TRAIN_WHITEN_MOST];
    for (size_t y = 0; y + s->kernel_h <= s->in_h; y++)
        for (size_t x = 0; x + s->kernel_w <= s->in_w; x++) {
            patch_at(patch, image, s, y, x);
            for (size_t i = 0; i < n; i++) {
                for (size_t k = i; k < n; k++)
                    a[i * n + k] += patch[i] * patch[k];
                sum[i] += patch[i];
            }
        }
}

static void covariance(double *a, double *sum, const train_images *images,
                       const train_layer_spec *s)
{
    size_t n = train_whiten_size(s), used = images->count < IMAGES ? images->count : IMAGES;
    double patches = (double)(used * (s->in_h - s->kernel_h + 1) * (s->in_w - s->kernel_w + 1));
    memset(a, 0, n * n * sizeof *a);
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = 0; i < used; i++)
        add_image(a, sum, images->pixels + i * s->in_c * s->in_h * s->in_w, s);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++)
            a[i * n + k] = a[k * n + i] =
                a[i * n + k] / patches - sum[i] / patches * sum[k] / patches;
}

/* The angle that makes a[p][q] zero: rotates rows and columns p, q of a, and columns of v. */
static void rotate(double *a, double *v, size_t n, size_t p, size_t q)
{
    double off = a[p * n + q];
    if (off == 0.0)
        return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
    double t = (theta >= 0.0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
    double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
    for (size_t k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        x = v[k * n + p];
        y = v[k * n + q];
        v[k * n + p] = c * x - s * y;
        v[k * n + q] = s * x + c * y;
    }
}

/* a becomes its eigenvalues on the diagonal, v their vectors in columns. */
static void diagonalise(double *a, double *v, size_t n)
{
    memset(v, 0, n * n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i * n + i] = 1.0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t p = 0; p + 1 < n; p++)
            for (size_t q = p + 1; q < n; q++)
                rotate(a, v, n, p, q);
}

/* M = V (D + ridge)^(-1/2) V^T. A set of one colour has no variance: M is then the identity. */
static void inverse_root(float *m, const double *a, const double *v, size_t n)
{
    double mean = 0.0;
    for (size_t i = 0; i < n; i++)
        mean += a[i * n + i] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            double sum = 0.0;
            for (size_t e = 0; e < n; e++) {
                double value = mean > 0.0 ? fmax(a[e * n + e], 0.0) + ridge * mean : 1.0;
                sum += v[i * n + e] * v[k * n + e] / sqrt(value);
            }
            m[i * n + k] = (float)sum;
        }
}

int train_whiten_matrix(float *m, const train_images *images, const train_layer_spec *conv)
{
    size_t n = train_whiten_size(conv);
    double *a = malloc((2 * n * n + n) * sizeof *a);
    if (a == NULL)
        return TRAIN_ERR_MEMORY;
    double *v = a + n * n;
    covariance(a, v + n * n, images, conv);
    diagonalise(a, v, n);
    inverse_root(m, a, v, n);
    free(a);
    return TRAIN_OK;
}

void train_whiten_rows(float *rows, size_t count, const float *m, size_t size)
{
    for (size_t r = 0; r < count; r++, rows += size) {
        float old[TRAIN_WHITEN_MOST];
        memcpy(old, rows, size * sizeof *old);
        for (size_t i = 0; i < size; i++) {
            float sum = 0.0f;
            for (size_t k = 0; k < size; k++)
                sum += old[k] * m[i * size + k];
            rows[i] = sum;
        }
    }
}
