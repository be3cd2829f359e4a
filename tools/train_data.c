/* Reading and distorting images. The distortion maps each output pixel back to a place in the
 * source and interpolates between its four neighbours; outside the image there is background (0).
 */
#include "tools/train_data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/inflate.h"
#include "tools/parallel.h"
#include "tools/result.h"
#include "tools/train_random.h"

enum { PURPOSE_SHUFFLE = 2, PURPOSE_DISTORT = 3 };

/* folder/name if there is such a file, else folder/name.gz. */
static int find(char *path, size_t size, const char *folder, const char *name, char *why,
                size_t why_size)
{
    static const char *const suffix[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path, size, "%s/%s%s", folder, name, suffix[i]);
        FILE *f = n > 0 && (size_t)n < size ? fopen(path, "rb") : NULL;
        if (f != NULL) {
            fclose(f);
            return TOOL_OK;
        }
    }
    snprintf(why, why_size, "%s has neither %s nor %s.gz", folder, name, name);
    return TOOL_ERR_IO;
}

static int read_half(idx_array *images, idx_array *labels, const char *folder, const char *prefix,
                     char *why, size_t why_size)
{
    char name[64];
    char image_path[4096];
    char label_path[4096];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    int st = find(image_path, sizeof image_path, folder, name, why, why_size);
    if (st != TOOL_OK)
        return st;
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    st = find(label_path, sizeof label_path, folder, name, why, why_size);
    if (st != TOOL_OK)
        return st;
    return idx_read_pair(images, labels, image_path, label_path, TRAIN_CLASSES, why, why_size);
}

/* Exact sums of integers, then one rounding: the same on every machine. */
static void measure(train_data *data)
{
    uint64_t sum = 0;
    uint64_t squares = 0;
    size_t n = data->images.count * data->images.rows * data->images.cols;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = data->images.data[i];
        sum += v;
        squares += v * v;
    }
    double mean = (double)sum / (double)n / 255.0;
    double var = (double)squares / (double)n / (255.0 * 255.0) - mean * mean;
    data->mean = (float)mean;
    data->deviation = var > 1e-6 ? (float)sqrt(var) : 1.0f;
    data->crc = inflate_crc32(0, data->images.data, n);
    data->crc = inflate_crc32(data->crc, data->labels.data, data->labels.count);
}

int train_data_read(train_data *data, const char *folder, char *why, size_t why_size)
{
    memset(data, 0, sizeof *data);
    int st = read_half(&data->images, &data->labels, folder, "train", why, why_size);
    if (st == TOOL_OK)
        st = read_half(&data->test_images, &data->test_labels, folder, "t10k", why, why_size);
    if (st == TOOL_OK && (data->images.rows != data->test_images.rows ||
                          data->images.cols != data->test_images.cols)) {
        snprintf(why, why_size, "%s: training images are %zux%zu and test images %zux%zu", folder,
                 data->images.rows, data->images.cols, data->test_images.rows,
                 data->test_images.cols);
        st = TOOL_ERR_FORMAT;
    }
    if (st == TOOL_OK)
        measure(data);
    else
        train_data_free(data);
    return st;
}

void train_data_free(train_data *data)
{
    idx_free(&data->images);
    idx_free(&data->labels);
    idx_free(&data->test_images);
    idx_free(&data->test_labels);
    memset(data, 0, sizeof *data);
}

typedef struct {
    train_net *net;
    const train_data *data;
    const idx_array *images;
    const uint32_t *order;
    size_t first;
    uint64_t seed, epoch;
    int distort;
} fill_job;

static float pixel(const uint8_t *image, int rows, int cols, int y, int x)
{
    return y >= 0 && y < rows && x >= 0 && x < cols ? (float)image[y * cols + x] : 0.0f;
}

static float between(const uint8_t *image, int rows, int cols, float y, float x)
{
    float fy = floorf(y), fx = floorf(x);
    /* far outside is background; the test also keeps the conversions in range */
    if (!(fy >= -1.0f && fy < (float)rows && fx >= -1.0f && fx < (float)cols))
        return 0.0f;
    int iy = (int)fy, ix = (int)fx;
    float ty = y - fy, tx = x - fx;
    float top =
        pixel(image, rows, cols, iy, ix) * (1.0f - tx) + pixel(image, rows, cols, iy, ix + 1) * tx;
    float low = pixel(image, rows, cols, iy + 1, ix) * (1.0f - tx) +
                pixel(image, rows, cols, iy + 1, ix + 1) * tx;
    return top * (1.0f - ty) + low * ty;
}

/* (x, y) of the output comes from centre + M (x - centre, y - centre) + shift, where M turns, then
 * shears, then scales each axis.
 */
static void distorted(float *out, const uint8_t *image, int rows, int cols, const fill_job *j,
                      uint64_t index)
{
    const train_recipe *r = j->net->recipe;
    train_random random = train_random_stream(j->seed, PURPOSE_DISTORT + (j->epoch << 8), index);
    float angle = train_random_uniform(&random, -r->rotation, r->rotation);
    float shear = train_random_uniform(&random, -r->shear, r->shear);
    float zoom_x = 1.0f / train_random_uniform(&random, 1.0f - r->scaling, 1.0f + r->scaling);
    float zoom_y = 1.0f / train_random_uniform(&random, 1.0f - r->scaling, 1.0f + r->scaling);
    float shift_x = train_random_uniform(&random, -r->shift, r->shift);
    float shift_y = train_random_uniform(&random, -r->shift, r->shift);
    float c = cosf(angle), s = sinf(angle);
    float mxx = zoom_x * (c + shear * s), mxy = zoom_x * (shear * c - s);
    float myx = zoom_y * s, myy = zoom_y * c;
    float centre_x = 0.5f * (float)(cols - 1), centre_y = 0.5f * (float)(rows - 1);
    for (int y = 0; y < rows; y++) {
        float v = (float)y - centre_y;
        for (int x = 0; x < cols; x++) {
            float u = (float)x - centre_x;
            out[y * cols + x] = between(image, rows, cols, centre_y + shift_y + myx * u + myy * v,
                                        centre_x + shift_x + mxx * u + mxy * v);
        }
    }
}

static void fill_one(void *arg, size_t b, int thread)
{
    (void)thread;
    fill_job *j = arg;
    size_t area = j->images->rows * j->images->cols;
    size_t index = j->order != NULL ? j->order[j->first + b] : j->first + b;
    const uint8_t *image = j->images->data + index * area;
    float *out = j->net->input + b * area;
    if (j->distort)
        distorted(out, image, (int)j->images->rows, (int)j->images->cols, j, index);
    else
        for (size_t i = 0; i < area; i++)
            out[i] = (float)image[i];
    for (size_t i = 0; i < area; i++)
        out[i] = (out[i] / 255.0f - j->data->mean) / j->data->deviation;
}

void train_data_fill(train_net *net, uint8_t *labels, const train_data *data,
                     const idx_array *images, const idx_array *image_labels, const uint32_t *order,
                     size_t first, size_t count, uint64_t seed, uint64_t epoch, int distort)
{
    fill_job j = {net, data, images, order, first, seed, epoch, distort};
    net->used = count;
    parallel_for(net->threads, count, fill_one, &j);
    for (size_t b = 0; b < count; b++)
        labels[b] = image_labels->data[order != NULL ? order[first + b] : first + b];
}

void train_data_shuffle(uint32_t *order, size_t count, uint64_t seed, uint64_t epoch)
{
    train_random r = train_random_stream(seed, PURPOSE_SHUFFLE, epoch);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (size_t i = count; i > 1; i--) {
        size_t k = (size_t)train_random_below(&r, i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[k];
        order[k] = t;
    }
}
