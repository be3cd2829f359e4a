/* Batches. */
#include "train/data.h"

#include "train/distort.h"
#include "train/parallel.h"
#include "train/random.h"

enum { PURPOSE_SHUFFLE = 2, PURPOSE_DISTORT = 3 };

/* FNV-1a. */
void train_data_digest(train_data *data)
{
    const train_images *t = &data->train;
    uint64_t digest = 0xcbf29ce484222325u;
    size_t n = t->count * t->c * t->h * t->w;
    for (size_t i = 0; i < n; i++)
        digest = (digest ^ t->pixels[i]) * 0x100000001b3u;
    for (size_t i = 0; i < t->count; i++)
        digest = (digest ^ t->labels[i]) * 0x100000001b3u;
    data->digest = digest;
}

typedef struct {
    train_net *net;
    const train_images *images;
    const uint32_t *order;
    size_t first;
    uint64_t seed, epoch;
    int distort;
} job;

static void fill_one(void *arg, size_t b, int thread)
{
    const job *j = arg;
    const train_images *from = j->images;
    size_t area = from->h * from->w, step = j->net->used * area, hole[4] = {0};
    size_t index = j->order != NULL ? j->order[j->first + b] : j->first + b;
    const uint8_t *image = from->pixels + index * from->c * area;
    float *out = j->net->input + b * area;
    (void)thread;
    if (j->distort)
        train_distort(out, step, hole, image, j->net->recipe,
                      train_random_stream(j->seed, PURPOSE_DISTORT + (j->epoch << 8), index));
    for (size_t c = 0; c < from->c; c++, out += step, image += area) {
        if (j->distort)
            for (size_t i = 0; i < area; i++)
                out[i] /= 255.0f;
        else
            for (size_t i = 0; i < area; i++)
                out[i] = (float)image[i] / 255.0f;
        for (size_t y = hole[0]; y < hole[2]; y++)
            for (size_t x = hole[1]; x < hole[3]; x++)
                out[y * from->w + x] = 0.5f;
    }
}

void train_data_fill(train_net *net, uint8_t *labels, const train_images *images,
                     const uint32_t *order, size_t first, size_t count, uint64_t seed,
                     uint64_t epoch, int distort)
{
    job j = {net, images, order, first, seed, epoch, distort};
    net->used = count;
    train_parallel_for(net->threads, count, fill_one, &j);
    for (size_t b = 0; b < count; b++)
        labels[b] = images->labels[order != NULL ? order[first + b] : first + b];
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
